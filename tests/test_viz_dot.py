"""The DOT text: what is written, how it looks, and that it never changes by chance."""

import re

import pytest

from micrograd_bp import MLP, Neuron, Value, quadratic, total, weighted_sum
from micrograd_bp.notation import Symbol
from viz import draw, draw_dot
from viz.graph import topological_order
from viz.legend import legend
from viz.scene import scene_of
from viz.style import RED, SHADES, fills

GOLDEN = """\
digraph {
	graph [bgcolor="#ffffff" fontcolor="#555555" fontname="Courier" fontsize="9" labeljust="l" \
labelloc="b" margin="0.06,0.03" newrank="true" nodesep="0.12" ranksep="0.3" rankdir="LR" \
label="fill: |grad| 1 to 3, white if 0\\ledge: local derivative (not the ones of sums), \
dashed if negative\\lborder: root round, parameters bold\\l"]
	node [fillcolor="#ffffff" fontcolor="#1a1a1a" fontname="Courier" fontsize="10" \
shape="record" style="filled"]
	edge [arrowsize="0.6" color="#555555" fontname="Courier" fontsize="8" \
labelfontname="Courier" labelfontsize="8"]
	v0 [id="v0" class="value parameter" label="w₁|data\\ -2|grad\\ 3" penwidth="1.8" \
fillcolor="#fdae61"]
	v1 [id="v1" class="value input" label="x|data\\ 3|grad\\ -2" penwidth="0.6" \
fillcolor="#fec084"]
	v2 [id="v2" class="value inner" label="*|data\\ -6|grad\\ 1" fillcolor="#ffe3c7"]
	v3 [id="v3" class="value constant" label="0.5" color="#aaaaaa" fontcolor="#666666" \
fontsize="8" height="0.2" margin="0.04,0.02" penwidth="0.6" width="0.2"]
	v4 [id="v4" class="value root" label="y\\ =\\ +|data\\ -5.5|grad\\ 1" penwidth="1.8" \
style="filled,rounded" fillcolor="#ffe3c7"]
	v0 -> v2 [id="e0_2_0" class="positive" label="3"]
	v1 -> v2 [id="e1_2_1" class="negative" style="dashed" label="-2"]
	v2 -> v4 [id="e2_4_0" class="positive"]
	v3 -> v4 [id="e3_4_1" class="constant" color="#aaaaaa"]
}
"""

SAME_GRAPH_AGAIN = """
import sys
from micrograd_bp import MLP, quadratic
from viz import draw
cost = quadratic(MLP(2, [4, 3], activation="tanh", rng=0)([1.0, -2.0]), [1.0, 0.0, -1.0])
cost.backward()
sys.stdout.reconfigure(encoding="utf-8")
print(draw(cost).source)
"""


def small_graph():
    w, x = Value(-2.0, Symbol("w", None, (1,))), Value(3.0, "x")
    y = w * x + 0.5
    y.label = "y"
    y.backward()
    return y


def network_cost(nouts=(4, 1), activation="tanh"):
    net = MLP(2, list(nouts), activation=activation, rng=0)
    cost = quadratic(net([1.0, -2.0]), [1.0] * nouts[-1])
    cost.backward()
    return cost


def chain(size):
    y = Value(1.0, "x")
    for _ in range(size - 1):
        y = y.tanh()
    return y


def node_lines(root, **options):
    """Name of the node to its attributes."""
    found = re.findall(r"^\t(v\d+) \[(.*)\]$", draw(root, **options).source, re.M)
    return {name: dict(re.findall(r'(\w+)="((?:[^"\\]|\\.)*)"', line)) for name, line in found}


def edge_lines(root, **options):
    """Id of the edge to its attributes; of an edge in two halves, those of the second."""
    found = re.findall(r"^\t\w+ -> v\d+ \[(.*)\]$", draw(root, **options).source, re.M)
    attributes = [dict(re.findall(r'(\w+)="([^"]*)"', line)) for line in found]
    return {line["id"]: line for line in attributes}


def test_golden():
    assert draw(small_graph()).source == GOLDEN


def test_same_bytes_in_every_process(run_python):
    sources = {run_python(SAME_GRAPH_AGAIN, PYTHONHASHSEED=seed) for seed in ("0", "1", "4711")}
    assert len(sources) == 1
    assert sources.pop().startswith("digraph {")


def test_drawing_twice_is_the_same_and_changes_nothing():
    cost = network_cost()
    before = [(node.data, node.grad, node.label) for node in topological_order(cost)]
    assert draw(cost).source == draw_dot(cost).source
    assert [(node.data, node.grad, node.label) for node in topological_order(cost)] == before


def test_the_legend_explains_only_what_occurs():
    x = Value(2.0, "x")
    y = x * x
    y.backward()
    lines = "fill: |grad| 1 to 4, white if 0", "edge: local derivative (not the ones of sums)"
    assert list(legend(scene_of([y]))) == [*lines, "border: root round"]
    assert list(legend(scene_of([y], grads=False))) == [lines[1], "border: root round"]
    x.grad = 0.0
    assert next(legend(scene_of([y]))) == "fill: |grad| 1, white if 0"
    assert next(legend(scene_of([Value(1.0)]))) == "grad –: backward() has not run"
    assert "negative" not in "".join(legend(scene_of([Value(-1.0).relu()])))  # the derivative is 0


def test_a_repeated_operand_has_two_edges():
    a = Value(3.0, "a")
    assert list(edge_lines(a * a)) == ["e0_1_0", "e0_1_1"]
    assert [edge["label"] for edge in edge_lines(a * a).values()] == ["3", "3"]


def test_gradients_are_a_dash_and_white_before_backward():
    y = Value(3.0, "x") * Value(2.0, "w")
    y.operands[0].grad = 5.0  # of an earlier pass
    rows = [line["label"] for line in node_lines(y).values()]
    assert all(row.endswith(r"grad\ –") for row in rows)
    assert not any("fillcolor" in line for line in node_lines(y).values())
    assert "grad –: backward() has not run" in draw(y).source


def test_gradients_can_be_left_out():
    assert "grad" not in draw(small_graph(), grads=False).source
    assert not any("fillcolor" in line for line in node_lines(small_graph(), grads=False).values())


@pytest.mark.parametrize(
    ("gradients", "shades"),
    [
        ([0.3], [4]),
        ([1.0, -2.0], [2, 4]),
        ([1.0, -2.0, 3.0, -4.0, 5.0], [0, 1, 2, 3, 4]),
        ([-5.0, 1.0, 3.0, -2.0, 4.0], [4, 0, 2, 1, 3]),
        ([1e-300, 1e-200, 1.0, 1e200, 1e300], [0, 1, 2, 3, 4]),
    ],
)
def test_the_fill_deepens_with_the_magnitude(gradients, shades):
    assert list(map(fills(gradients), gradients)) == [SHADES[shade] for shade in shades]


def test_the_fill_compares_the_gradients_that_are_shown():
    y = Value(2.0, "x") * 3.0  # the gradient of 3.0 is not shown
    y.backward(2.0)
    assert node_lines(y)["v2"]["fillcolor"] == SHADES[2]
    assert node_lines(y)["v0"]["fillcolor"] == SHADES[4]


@pytest.mark.parametrize("grad", [0.0, -0.0])
def test_a_gradient_of_zero_is_white(grad):
    assert fills([1.0, grad])(grad) == "#ffffff"
    assert fills([1.0, 2.0, 3.0, 4.0, 5.0, grad])(1.0) == SHADES[0]


@pytest.mark.parametrize("number", [float("nan"), float("inf"), float("-inf")])
def test_what_is_not_finite_is_red_and_dashed(number):
    x = Value(number, "x")
    y = x + 1.0
    y.backward()
    line = node_lines(y)["v0"]
    assert line["fillcolor"] == RED
    assert "dashed" in line["style"]
    assert f"data\\ {number}" in line["label"]
    x.data, x.grad = 1.0, number
    assert node_lines(y)["v0"]["fillcolor"] == RED


def test_roles():
    y = small_graph()
    roles = {name: line["class"] for name, line in node_lines(y).items()}
    assert roles == {
        "v0": "value parameter",
        "v1": "value input",
        "v2": "value inner",
        "v3": "value constant",
        "v4": "value root",
    }


def test_a_constant_is_its_number_and_its_edge_says_nothing():
    y = 2.0 * Value(3.0, "x")
    y.backward()
    assert node_lines(y)["v0"]["label"] == "2"
    assert "label" not in edge_lines(y)["e0_2_0"]


@pytest.mark.parametrize(
    ("build", "labels"),
    [
        (lambda x, y: x + y, [None, None]),
        (lambda x, y: x - y, [None, "-1"]),
        (lambda x, y: x * y, ["2", "1"]),
        (lambda x, y: total([x, y, x]), [None, None, None]),
        (lambda x, y: x.relu() * y, ["1", "2", "1"]),
        (lambda x, y: weighted_sum([x], [y]), ["2", "1"]),
        (lambda x, y: weighted_sum([y], [x]), ["1", "2"]),
        (lambda x, y: weighted_sum([x], [y], x), ["2", "1", None]),
    ],
)
def test_only_the_ones_of_sums_are_left_out(build, labels):
    edges = edge_lines(build(Value(1.0, "x"), Value(2.0, "y")))
    assert [edge.get("label") for edge in edges.values()] == labels


@pytest.mark.parametrize(("x", "style"), [(-1.0, "dashed"), (0.0, None), (1.0, None)])
def test_edges_are_dashed_only_where_the_derivative_is_negative(x, style):
    assert edge_lines(abs(Value(x, "x")))["e0_1_0"].get("style") == style


def test_a_neuron_shows_the_factors_of_its_equations():
    neuron = Neuron(2, activation="tanh")
    neuron.load_state_dict({"w_1": 0.5, "w_2": 1.0, "b": 0.25})
    z = neuron([1.0, -2.0]).operands[0]
    edges = list(edge_lines(z).values())
    assert [edge.get("label") for edge in edges] == ["1", "-2", "0.5", "1", None]
    assert [edge.get("style") for edge in edges] == [None, "dashed", None, None, None]


@pytest.mark.parametrize(
    ("size", "caption"), [(110, "label"), (111, "headlabel"), (1000, "headlabel"), (1001, None)]
)
def test_edge_labels_give_way_as_the_graph_grows(size, caption):
    y = chain(size)
    captions = {key for edge in edge_lines(y).values() for key in edge if "label" in key}
    assert captions == ({caption} if caption else set())


def test_clusters_by_layer_and_neuron():
    source = draw(network_cost((2, 1))).source
    opened = re.findall(r"subgraph (\w+) \{", source)
    assert sorted(opened) == [
        "cluster_layer0",
        "cluster_layer1",
        "cluster_layer1_neuron1",
        "cluster_layer1_neuron2",
        "cluster_layer2",
        "cluster_layer2_neuron1",
    ]
    assert source.count("{") == source.count("}")
    neuron = source.split("cluster_layer1_neuron2 {")[1].split("}")[0]
    labels = re.findall(r'label="(\S+?)[\\|]', neuron)
    assert labels == ["a₂¹", "z₂¹", "b₂¹", "w₂₂¹", "w₁₂¹"]


def test_unlabelled_nodes_stand_where_their_consumers_are():
    source = draw(network_cost((3,), ["softmax"])).source
    layer = source.split("cluster_layer1 {")[1]
    neuron = layer.split("cluster_layer1_neuron2 {")[1].split("}")[0]
    assert 'label="logsumexp|' in layer.split("subgraph")[0]
    assert 'label="-|' in neuron


def test_no_clusters_without_layers_or_above_a_thousand_values():
    assert "subgraph" not in draw(small_graph()).source
    assert "subgraph" in draw(network_cost((26, 26, 1)), view="scalar").source
    assert "subgraph" not in draw(network_cost((28, 28, 1)), view="scalar").source


@pytest.mark.parametrize(("rankdir", "reached", "left"), [("LR", "w", "e"), ("TB", "n", "s")])
def test_an_edge_enters_a_neuron_through_a_waypoint(rankdir, reached, left):
    source = draw(network_cost((1,)), rankdir=rankdir).source
    head = re.search(r'(v\d+) \[[^]]*label="{?z₁¹', source)[1]
    tail = re.search(r'(v\d+) \[[^]]*label="{?a₁⁰', source)[1]
    name = f"e{tail[1:]}_{head[1:]}_2"
    assert f"\t{name} [" in source.split("neuron1 {")[1].split("\t}")[0]
    first, second = re.findall(rf"^\t.*(?:-> {name} |{name} ->).*$", source, re.M)
    assert first.startswith(f'\t{tail} -> {name} [id="{name}_in"')
    assert first.endswith(f'arrowhead="none" headport="{reached}"]')
    assert second.startswith(f'\t{name} -> {head} [id="{name}"')
    assert second.endswith(f'tailport="{left}"]')


def test_only_edges_past_leaves_of_a_neuron_need_a_waypoint():
    cost = network_cost((3,), ["softmax"])
    nodes = topological_order(cost)
    edges = re.findall(r'id="e(\d+)_(\d+)_\d+_in"', draw(cost).source)
    tails, heads = ({nodes[int(k)].label for k in ends} for ends in zip(*edges, strict=True))
    assert tails == {x.label for x in nodes if str(x.label).endswith("⁰")}
    assert heads == {"z₁¹", "z₂¹", "z₃¹"}


def test_from_top_to_bottom_fields_are_turned():
    lines = node_lines(small_graph(), rankdir="TB")
    assert lines["v1"]["label"] == r"{x|data\ 3|grad\ -2}"
    with pytest.raises(ValueError, match="rankdir is one of LR, TB, got 'diagonal'"):
        draw_dot(small_graph(), rankdir="diagonal")
    with pytest.raises(ValueError, match="rankdir is one of LR, TB, got 'diagonal'"):
        draw(small_graph(), rankdir="diagonal")


def test_an_unknown_view_is_named():
    with pytest.raises(
        ValueError, match="view is one of auto, scalar, neuron, layer, text, got 'net'"
    ):
        draw(small_graph(), view="net")


def test_ten_thousand_nodes():
    source = draw(chain(10_000)).source
    assert source.count(" -> ") == 9_999
    assert "v9999 [" in source


def test_an_unlabelled_leaf_has_no_empty_row():
    assert node_lines(Value(1.0))["v0"]["label"] == r"data\ 1|grad\ –"
