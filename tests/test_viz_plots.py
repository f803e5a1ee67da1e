"""Plots; nothing here opens a window."""

import math
import sys
from types import SimpleNamespace

import numpy as np
import pytest
from matplotlib.axes import Axes
from matplotlib.colors import to_hex
from matplotlib.figure import Figure

import viz
from micrograd_bp import MLP, Value, gradient_descent, predict, quadratic
from viz import plot_activations, plot_decision_boundary, plot_descent, plot_history
from viz.plots import BLUE, ORANGE

COST, ACCURACY = [2.0, 1.0, 0.5], [0.25, 0.5, 1.0]
X = np.array([[0.0, 0.0], [1.0, 1.0], [0.0, 2.0], [3.0, 0.0]])
PNG = b"\x89PNG"


def bowl(v1, v2):
    return (v1 - 1.0) ** 2 + 3.0 * v2**2


def passed(net, backward=True):
    cost = quadratic(net([1.0, -2.0]), [0.5] * net.sizes[-1])
    if backward:
        cost.backward()
    return net


def lines(ax):
    return {line.get_label(): line.get_xydata().tolist() for line in ax.get_lines()}


def legend(ax):
    return [text.get_text() for text in ax.get_legend().get_texts()]


def below_the_first_entry(xy):
    return (xy[:, 1] > xy[:, 0]).astype(float)


DESCENT = gradient_descent(bowl, (-1.0, 2.0))
PLOTS = {
    "plot_history": lambda ax=None: plot_history({"cost": COST, "accuracy": ACCURACY}, ax),
    "plot_descent": lambda ax=None: plot_descent(DESCENT, bowl, ax),
    "plot_decision_boundary": lambda ax=None: plot_decision_boundary(
        below_the_first_entry, X, [0, 1, 1, 0], ax
    ),
    "plot_activations": lambda ax=None: plot_activations(passed(MLP(2, [3, 1], rng=0)), ax),
}
each_plot = pytest.mark.parametrize("name", PLOTS)


def test_every_plot_of_viz_is_tested_here():
    assert set(PLOTS) == {name for name in viz.__all__ if name.startswith("plot_")}


# What all plots share.


@each_plot
def test_it_gives_the_axes_that_it_is_told(name):
    ax = Figure().subplots()
    assert PLOTS[name](ax) is ax
    assert ax.has_data()


@each_plot
@pytest.mark.parametrize("suffix", ["png", "svg"])
def test_it_can_be_saved_without_a_display(tmp_path, name, suffix):
    ax = PLOTS[name]()
    assert isinstance(ax, Axes)
    path = tmp_path / f"plot.{suffix}"
    ax.figure.savefig(path)
    assert path.stat().st_size > 1_000


@each_plot
def test_a_notebook_shows_the_axes_and_their_figure(name):
    ax = PLOTS[name]()
    for shown in (ax, ax.figure):
        assert shown._repr_png_().startswith(PNG)


@each_plot
def test_no_figure_stays_open(name):
    import matplotlib.pyplot as plt

    open_before = plt.get_fignums()
    PLOTS[name]()
    assert plt.get_fignums() == open_before


@each_plot
def test_one_figure_can_hold_several(name):
    for ax in Figure().subplots(1, 2):
        PLOTS[name](ax)
        assert not hasattr(ax, "_repr_png_")


def test_pyplot_is_never_loaded_nor_is_matplotlib_before_the_first_plot(run_python):
    script = """
import sys, viz
print([name for name in sys.modules if name.startswith("matplotlib")])
viz.plot_history({'cost': [1.0]})._repr_png_()
print('matplotlib.pyplot' in sys.modules)"""
    assert run_python(script) == "[]\nFalse\n"


@each_plot
def test_without_matplotlib_the_error_says_what_to_install(monkeypatch, name):
    monkeypatch.setitem(sys.modules, "viz.plot_axes", None)
    with pytest.raises(ImportError) as missing:
        PLOTS[name]()
    assert str(missing.value) == f"{name}() needs matplotlib: pip install 'micrograd-bp[plot]'"


def test_the_package_is_there_without_matplotlib(run_python):
    script = """
import sys
sys.modules["matplotlib"] = None
import viz
try: viz.plot_history({"cost": [1.0]})
except ImportError as missing: print(missing)"""
    assert run_python(script) == (
        "plot_history() needs matplotlib: pip install 'micrograd-bp[plot]'\n"
    )


@each_plot
def test_what_is_no_axes_is_named(name):
    with pytest.raises(TypeError, match=rf"{name}\(\): ax is the axes to plot on, got <Figure"):
        PLOTS[name](Figure())


# The learning curve.


@pytest.mark.parametrize("kind", [dict, SimpleNamespace], ids=["mapping", "object"])
def test_cost_on_the_left_accuracy_in_percent_on_the_right(kind):
    left = plot_history(kind(cost=COST, accuracy=ACCURACY))
    left_, right = left.figure.axes
    assert left_ is left
    assert lines(left) == {"cost": [[1.0, 2.0], [2.0, 1.0], [3.0, 0.5]]}
    assert lines(right) == {"accuracy": [[1.0, 25.0], [2.0, 50.0], [3.0, 100.0]]}
    labels = left.get_xlabel(), left.get_ylabel(), right.get_ylabel()
    assert labels == ("epoch", "cost", "accuracy")
    assert legend(left) == ["cost", "accuracy"]


def test_cost_alone_has_one_axis():
    assert len(plot_history({"cost": COST, "accuracy": None}).figure.axes) == 1


def test_validation_is_dashed_in_the_same_colour():
    history = {name: COST for name in ("cost", "validation_cost")}
    history |= {name: ACCURACY for name in ("accuracy", "validation_accuracy")}
    for ax in plot_history(history).figure.axes:
        training, validation = ax.get_lines()
        assert validation.get_label() == "validation " + training.get_label()
        assert (training.get_linestyle(), validation.get_linestyle()) == ("-", "--")
        assert training.get_color() == validation.get_color()


def test_a_history_without_a_cost_is_named():
    with pytest.raises(ValueError, match=r"a history with a list `cost`, got \{'accuracy'"):
        plot_history({"accuracy": ACCURACY})


# The path of a descent.


def as_list(v):
    return bowl(*v)


def as_array(v):
    return np.sum(np.array([1.0, 3.0]) * (v - np.array([1.0, 0.0])) ** 2)


@pytest.mark.parametrize(
    ("f", "v0"),
    [(bowl, (-1.0, 2.0)), (as_list, [-1.0, 2.0]), (as_array, np.array([-1.0, 2.0]))],
    ids=["tuple", "list", "array"],
)
def test_the_path_with_its_ends_over_contours(f, v0):
    descent = gradient_descent(f, v0)
    ax = plot_descent(descent, f)
    path, start, end = [line.get_xydata() for line in ax.get_lines()]
    assert np.allclose(path, np.array([np.ravel(v) for v in descent.path]), rtol=1e-12)
    assert np.array_equal(start, [[-1.0, 2.0]])
    assert np.array_equal(end, path[-1:])
    assert legend(ax) == [
        "start: $C$ = 16",
        f"after {descent.steps} steps: $C$ = {descent.cost:.4g}",
    ]
    assert len(ax.collections) == 2  # contours, filled and drawn
    assert ax.get_aspect() == 1.0


def test_contours_are_values_of_f():
    """The grid holds f itself: contour lines of v1 + 10 v2 are straight, at its values."""

    def f(v1, v2):
        return v1 + 10.0 * v2

    ax = plot_descent(SimpleNamespace(path=[(0.0, 0.0), (1.0, 1.0)], costs=[0.0, 11.0]), f)
    drawn = ax.collections[1]
    for level, path in zip(drawn.levels, drawn.get_paths(), strict=True):
        assert np.allclose([f(*v) for v in path.vertices], level)


def test_the_whole_path_is_in_view_with_a_margin():
    ax = plot_descent(gradient_descent(bowl, (5.0, 0.0), max_steps=3), bowl)
    (left, right), (bottom, top) = ax.get_xlim(), ax.get_ylim()
    x = ax.get_lines()[0].get_xdata()
    assert left < x.min()
    assert right > x.max()
    assert top - bottom > 0.5 * (right - left)  # though the path has no height


@pytest.mark.parametrize(
    "f",
    [
        lambda v1, v2: v2 + math.log(v1),
        lambda v1, v2: v2 + np.log(v1),
        lambda v1, v2: v2 + v1**0.5,
        lambda v1, v2: v2 + v1 / (v1 > 0.0),
    ],
    ids=["ValueError", "nan", "complex", "ZeroDivisionError"],
)
def test_where_f_is_not_defined_nothing_is_drawn(f):
    ax = plot_descent(SimpleNamespace(path=[(0.1, 1.0), (2.0, 0.0)], costs=[1.0, 0.0]), f)
    vertices = np.concatenate([path.vertices for path in ax.collections[1].get_paths()])
    assert ax.get_xlim()[0] < -0.1
    assert -0.001 < vertices[:, 0].min() < 0.1


@pytest.mark.parametrize(
    "f", [lambda v1, v2: 1.0, lambda v1, v2: float("nan")], ids=["flat", "nan"]
)
def test_without_height_there_are_no_contours(f):
    ax = plot_descent(SimpleNamespace(path=[(0.0, 0.0)], costs=[1.0]), f)
    assert not ax.collections
    assert legend(ax) == ["start: $C$ = 1", "after 0 steps: $C$ = 1"]


def test_a_diverged_descent_has_a_plot():
    descent = gradient_descent(bowl, (1.5, 1.0), learning_rate=0.5)
    assert descent.reason == "diverged"
    assert plot_descent(descent, bowl)._repr_png_().startswith(PNG)


def test_an_f_of_values_is_told_how_to_take_numbers():
    def f(v1, v2):
        return (v1.exp() - 1.0) ** 2 + v2**2

    descent = gradient_descent(f, (0.5, 1.0))
    with pytest.raises(TypeError, match=r"calls f on plain numbers.*no attribute 'exp'"):
        plot_descent(descent, f)
    ax = plot_descent(descent, lambda v1, v2: f(Value(v1), Value(v2)))
    assert ax.collections


@pytest.mark.parametrize(
    ("descent", "got"),
    [
        (gradient_descent(lambda v: v * v, 1.0, max_steps=1), "the point 1.0"),
        (gradient_descent(lambda a, b, c: a * b + c * c, (1.0, 1.0, 1.0), max_steps=1), "1.0, 1.0"),
        (3.0, "got 3.0"),
        (SimpleNamespace(path=[], costs=[]), "namespace"),
        (SimpleNamespace(path=[("a", "b")], costs=[1.0]), "'a', 'b'"),
    ],
    ids=["one", "three", "number", "empty", "text"],
)
def test_a_descent_of_other_than_two_variables_is_named(descent, got):
    with pytest.raises(ValueError, match=r"takes a descent of two variables") as refusal:
        plot_descent(descent, bowl)
    assert got in str(refusal.value)


# The decision boundary.


def boundary(ax):
    """The vertices of the lines between regions."""
    drawn = [c for c in ax.collections if c.get_linewidth().size and not c.filled]
    return np.concatenate([path.vertices for c in drawn for path in c.get_paths()])


def difference(xy):
    return xy[:, :1] - xy[:, 1:]


@pytest.mark.parametrize(
    ("labels", "crossing"),
    [([0, 1, 1, 0], 0.5), ([-1, 1, 1, -1], 0.0), ([False, True, True, False], 0.5), ([0] * 4, 0.5)],
    ids=["0 and 1", "-1 and 1", "bool", "one class only"],
)
def test_one_output_crosses_midway_between_the_labels(labels, crossing):
    ax = plot_decision_boundary(difference, X, labels)
    x, y = boundary(ax).T
    assert np.allclose(x - y, crossing)


def test_the_region_of_a_class_has_its_colour():
    ax = plot_decision_boundary(difference, X, [0, 1, 1, 0])
    regions = {to_hex(c.get_facecolor()[0]): c for c in ax.collections if c.filled}
    for colour, inside in ((BLUE, (0.0, 1.0)), (ORANGE, (2.0, 0.0))):
        holds = [
            any(path.contains_point(inside) for path in c.get_paths()) for c in regions.values()
        ]
        assert dict(zip(regions, holds, strict=True)) == {hue: hue == colour for hue in regions}


def test_the_threshold_can_be_given():
    x, y = boundary(plot_decision_boundary(difference, X, [0, 1, 1, 0], threshold=-0.25)).T
    assert np.allclose(x - y, -0.25)


def test_of_several_outputs_the_largest_decides():
    centres = np.array([[0.0, 0.0], [2.0, 0.0], [0.0, 2.0]])

    def nearness(xy):
        return -((xy[:, None, :] - centres) ** 2).sum(axis=2)

    ax = plot_decision_boundary(nearness, np.array([[0.0, 0.0], [2.0, 0.0], [0.0, 2.0]]), [0, 1, 2])
    for point in boundary(ax):
        second, first = np.sort(nearness(point[None])[0])[-2:]
        assert first - second < 0.1  # of a grid cell
    assert legend(ax) == ["0", "1", "2"]


def test_labels_may_be_rows_with_a_one():
    rows = np.eye(2)[[0, 1, 1, 0]]
    for labels in (rows, [0, 1, 1, 0], [[0], [1], [1], [0]]):
        ax = plot_decision_boundary(lambda xy: np.hstack([xy, -xy])[:, :2], X, labels)
        assert lines(ax) == {"0": X[[0, 3]].tolist(), "1": X[[1, 2]].tolist()}


def test_each_class_has_its_colour_and_its_marker():
    many = plot_decision_boundary(
        lambda xy: np.repeat(xy, 5, axis=1),
        np.random.default_rng(0).normal(size=(30, 2)),
        np.arange(30) % 10,
    ).get_lines()
    assert len(many) == 10
    assert len({(line.get_marker(), line.get_color()) for line in many[:8]}) == 8
    two = plot_decision_boundary(difference, X, [0, 1, 1, 0]).get_lines()
    assert [to_hex(line.get_color()) for line in two] == [BLUE, ORANGE]


@pytest.mark.parametrize("sizes", [[3, 1], [3, 2], [4, 3]], ids=str)
def test_a_network_and_its_matrix_form_have_the_same_boundary(sizes):
    net = MLP(2, sizes, activation="tanh", output="sigmoid", rng=3)
    labels = np.array([0, 1, 1, 0])
    by_rows = boundary(plot_decision_boundary(net, X, labels, threshold=0.6))
    by_matrices = boundary(
        plot_decision_boundary(lambda xy: predict(net, xy), X, labels, threshold=0.6)
    )
    assert np.min(np.linalg.norm(by_rows[:, None] - by_matrices, axis=2), axis=1).max() < 0.1


def test_examples_on_a_line_have_room_on_both_sides():
    ax = plot_decision_boundary(lambda xy: xy[:, 1], [[2.0, 0.0], [2.0, 1.0]], [0, 1])
    assert ax.get_xlim() == pytest.approx((1.85, 2.15))


def test_a_network_of_one_s_own_may_give_numbers():
    class Line:
        def parameters(self):
            return []

        def __call__(self, x):
            return x[0] - x[1]

    x, y = boundary(plot_decision_boundary(Line(), X, [0, 1, 1, 0])).T
    assert np.allclose(x - y, 0.5)


def test_a_network_may_give_values_that_know_data_and_grad_only():
    """As those of micrograd are."""

    class Line:
        def parameters(self):
            return []

        def __call__(self, x):
            return SimpleNamespace(data=x[0] - x[1], grad=0)

    x, y = boundary(plot_decision_boundary(Line(), X, [0, 1, 1, 0])).T
    assert np.allclose(x - y, 0.5)


def test_outputs_that_are_nan_leave_white():
    ax = plot_decision_boundary(
        lambda xy: np.where(xy[:, :1] < 1.0, np.nan, xy[:, 1:]), X, [0, 1, 1, 0]
    )
    assert boundary(ax)[:, 0].min() >= 1.0


@pytest.mark.parametrize(
    ("predict", "X", "labels", "message"),
    [
        (difference, np.zeros((4, 3)), [0] * 4, r"examples X \(n, 2\), got \(4, 3\)"),
        (difference, np.zeros((0, 2)), [], r"examples X \(n, 2\), got \(0, 2\)"),
        (difference, X, [0, 1], r"4 examples need as many labels, got \(2,\)"),
        (difference, X, [0, 1, 2, 0], r"one output tells two labels apart, got \[0.0, 1.0, 2.0\]"),
        (lambda xy: xy, X, [1, 2, 1, 2], r"2 outputs need labels from 0 to 1, got \[1.0, 2.0\]"),
        (lambda xy: xy[:3], X, [0, 1, 1, 0], r"predict gave \(3, 2\) for 6561 points"),
    ],
    ids=["three inputs", "none", "too few", "three labels", "labels from 1", "outputs"],
)
def test_what_does_not_fit_is_named(predict, X, labels, message):
    with pytest.raises(ValueError, match=message):
        plot_decision_boundary(predict, X, labels)


# The activations.


def test_a_box_for_each_layer_holds_a_and_delta():
    net = passed(MLP(2, [3, 2], activation="tanh", output="sigmoid", rng=0))
    left = plot_activations(net)
    right = left.figure.axes[1]
    for ax, value in (
        (left, lambda l, j: net.a(l, j).data),
        (right, lambda l, j: abs(net.delta(l, j))),
    ):
        dots = [line.get_ydata() for line in ax.get_lines() if line.get_marker() == "."]
        expected = [[value(l, j) for j in range(1, n + 1)] for l, n in ((1, 3), (2, 2))]
        assert [numbers.tolist() for numbers in dots] == expected
    assert right.get_yscale() == "log"
    assert [t.get_text() for t in left.get_xticklabels()] == ["1\n3 neurons", "2\n2 neurons"]


def test_neurons_at_rest_are_counted():
    net = MLP(2, [3, 1], activation="relu", rng=0)
    for neuron in net.layers[0].neurons[:2]:
        neuron.b.data = -100.0
    ticks = plot_activations(passed(net)).get_xticklabels()
    assert ticks[0].get_text() == "1\n3 neurons\n2 with $\\delta$ = 0"
    net.layers[0].neurons[2].b.data = -100.0
    ticks = plot_activations(passed(net)).get_xticklabels()
    assert ticks[0].get_text() == "1\n3 neurons\n3 with $\\delta$ = 0"


def test_whiskers_reach_to_the_extremes():
    net = passed(MLP(2, [9], activation="tanh", rng=0))
    for j in range(1, 10):
        net.a(1, j).data = 1.0 if j == 9 else 0.01 * j
    caps = [line.get_ydata().tolist() for line in plot_activations(net).get_lines()]
    assert [0.01, 0.01] in caps and [1.0, 1.0] in caps


def test_an_error_that_is_not_finite_is_left_out():
    net = passed(MLP(2, [3, 1], activation="tanh", rng=0))
    net.z(1, 2).grad, net.z(1, 3).grad = math.nan, math.inf
    right = plot_activations(net).figure.axes[1]
    dots = next(line.get_ydata() for line in right.get_lines() if line.get_marker() == ".")
    assert dots.tolist() == [abs(net.delta(1, 1))]


def test_many_layers_have_short_ticks():
    net = passed(MLP(2, [3] * 8 + [1], activation="sigmoid", rng=0))
    ax = plot_activations(net)
    assert [t.get_text() for t in ax.get_xticklabels()] == [f"{l}\n3" for l in range(1, 9)] + [
        "9\n1"
    ]
    assert ax.get_xlabel() == "layer, and its number of neurons"


def test_before_the_backward_pass_the_axis_says_so():
    ax = plot_activations(passed(MLP(2, [3, 1], rng=0), backward=False))
    assert ax.figure.axes[1].get_ylabel() == "no errors yet: call cost.backward()"
    assert [t.get_text() for t in ax.get_xticklabels()] == ["1\n3 neurons", "2\n1 neuron"]


def test_before_a_forward_pass_there_is_nothing_to_plot():
    with pytest.raises(ValueError, match=r"there was none yet: call net\(x\)"):
        plot_activations(MLP(2, [3, 1]))


@pytest.mark.parametrize("net", [3, "net", SimpleNamespace(layers=[3])], ids=repr)
def test_what_is_no_network_is_named(net):
    with pytest.raises(TypeError, match="a network with layers of neurons, such as an MLP, got"):
        plot_activations(net)
