"""The three views of one graph, chosen by size; networks; graphs of gradients."""

import re
import xml.etree.ElementTree as ET
from itertools import pairwise
from types import SimpleNamespace

import pytest

from micrograd_bp import (
    MLP,
    Layer,
    Neuron,
    Value,
    gradients,
    log_likelihood,
    quadratic,
    sigmoid_cross_entropy,
    total,
)
from micrograd_bp.notation import Symbol
from viz import draw
from viz.contents import GraphTooLarge
from viz.graph import topological_order
from viz.network_graph import NoNetwork, network_in
from viz.scene import scene_of
from viz.style import RED, SHADES
from viz.weights import NEGATIVE, POSITIVE

SVG = "{http://www.w3.org/2000/svg}"

ALL_VIEWS = """
import sys
from micrograd_bp import MLP, gradients, quadratic
from viz import draw
net = MLP(2, [4, 3], activation="tanh", rng=0)
cost = quadratic(net([1.0, -2.0]), [1.0, 0.0, -1.0])
cost.backward()
sys.stdout.reconfigure(encoding="utf-8")
for view in ("scalar", "neuron", "layer"):
    print(draw(cost, view=view).source)
print(draw(net).source, draw(gradients(cost, net.parameters()), forward=cost).source)
"""


def network(nin=2, nouts=(4, 1), **options):
    """A network and its cost, after a backward pass."""
    net = MLP(nin, list(nouts), **{"activation": "tanh", "rng": 0} | options)
    cost = quadratic(net([0.5] * nin), [1.0] * nouts[-1])
    cost.label = "C"
    cost.backward()
    return net, cost


def chain(size):
    y = Value(1.0, "x")
    for _ in range(size - 1):
        y = y.tanh()
    return y


def attributes(graph):
    """Id to attributes, of all nodes and edges."""
    found = re.findall(r"^\t\S.*?\[(id=.*)\]$", graph.source, re.M)
    lines = [dict(re.findall(r'(\w+)="((?:[^"\\]|\\.)*)"', line)) for line in found]
    return {line["id"]: line for line in lines}


def rows(graph, id):
    return attributes(graph)[id]["label"].split(r"\n")


def kind(graph):
    """Which view it is, by the ids in it."""
    ids = attributes(graph)
    return "scalar" if "v0" in ids else "neuron" if "layer1_neuron1" in ids else "layer"


# Choosing.


@pytest.mark.parametrize(
    ("nin", "nouts", "view"),
    [
        (2, (4, 1), "scalar"),
        (2, (8, 8, 1), "neuron"),
        (32, (32, 1), "neuron"),
        (33, (4, 1), "layer"),
    ],
)
def test_the_view_goes_by_size(nin, nouts, view):
    net, cost = network(nin, nouts)
    assert kind(draw(cost)) == view
    assert kind(draw(net)) == ("layer" if view == "layer" else "neuron")


@pytest.mark.parametrize(("size", "view"), [(110, "scalar"), (111, "neuron")])
def test_the_limit_of_the_scalar_view_is_110_values(size, view):
    cost = MLP(1, [16, 1], rng=0)([1.0])
    while len(topological_order(cost)) < size:
        cost = cost.tanh()
    assert len(topological_order(cost)) == size
    assert kind(draw(cost)) == view


def test_a_graph_without_symbols_stays_scalar():
    assert kind(draw(chain(500))) == "scalar"


def test_a_graph_that_is_mostly_something_else_stays_scalar():
    y = Neuron(2, rng=0)([1.0, 2.0])
    for _ in range(200):
        y = y.tanh()
    assert kind(draw(y)) == "scalar"
    assert kind(draw(y, view="neuron")) == "neuron"


def test_two_networks_in_one_graph_stay_scalar():
    one, other = (MLP(2, [16, 16, 1], rng=seed)([1.0, 2.0]) for seed in (0, 1))
    assert kind(draw(one - other)) == "scalar"
    with pytest.raises(NoNetwork, match=r'is the name of two values, two networks .*"scalar"'):
        draw(one - other, view="neuron")


@pytest.mark.parametrize("view", ["neuron", "layer"])
def test_without_symbols_the_error_says_what_is_missing_and_what_to_do(view):
    with pytest.raises(ValueError, match="none of the 4 values has a label") as error:
        draw(chain(4), view=view)
    for way_out in ('view="scalar"', 'view="text"', 'Symbol("z", 1, (2,))'):
        assert way_out in str(error.value)


# Limits.


def test_a_large_graph_is_never_laid_out():
    graph = draw(chain(100_000))
    for call in (graph.pipe, lambda: graph.save("never.svg")):
        with pytest.raises(GraphTooLarge, match=r'^100,000 values .* the 10,000 .*view="text"'):
            call()
    shown = graph._repr_mimebundle_()["text/plain"]
    assert "over 10,000 more lines" in shown and "10,000 of the largest layout" in shown
    with pytest.raises(GraphTooLarge):
        draw(chain(10_001), force=True).pipe()
    with pytest.raises(GraphTooLarge, match=r"3,501 values .* 3,500 .* force=True"):
        draw(chain(3_501)).pipe()


def test_what_is_too_large_to_be_laid_out_is_still_written(tmp_path):
    graph = draw(chain(20_000))
    assert graph.source.count(" -> ") == 19_999
    assert graph.save(tmp_path / "graph.dot") == str(tmp_path / "graph.dot")
    graph.save(tmp_path / "graph.txt")
    assert len((tmp_path / "graph.txt").read_text("utf-8").split("\n")) == 20_000 + 1


def test_a_picture_is_a_snapshot():
    y = chain(3)
    graph = draw(y)
    y.backward()
    y.label = "later"
    assert "later" not in graph.source + graph.contents.text() + graph.pipe(encoding="utf-8")


def test_a_large_network_is_collapsed():
    net = MLP(784, [20, 10], activation="tanh", output="sigmoid", rng=0)
    cost = quadratic(net([0.1] * 784), [0.0] * 10)
    assert kind(draw(cost)) == kind(draw(net)) == "layer"
    assert draw(cost).pipe().startswith(b"<?xml")
    with pytest.raises(GraphTooLarge, match=r'16,\d+ neurons and weights .* 10,000 .*view="layer"'):
        draw(cost, view="neuron").pipe()
    with pytest.raises(GraphTooLarge, match=r'16,\d+ values .* 10,000 .*view="neuron" or "layer"'):
        draw(cost, view="scalar").pipe()


# The neuron view.


def test_a_neuron_has_z_a_and_delta():
    net, cost = network(nouts=(3, 2))
    graph = draw(cost, view="neuron")
    for j in (1, 2, 3):
        assert rows(graph, f"layer1_neuron{j}") == [
            f"neuron {j}",
            f"z {net.z(1, j).data:.4g}",
            f"a {net.a(1, j).data:.4g}",
            f"δ {net.delta(1, j):.4g}",
        ]
    assert rows(graph, "layer0_neuron2") == ["a₂⁰", "0.5"]
    assert rows(graph, "layer1_heading") == ["layer 1", "tanh"]
    assert rows(graph, "cost") == ["C", f"{cost.data:.4g}"]


def test_a_line_has_the_weight_and_its_gradient():
    net, cost = network(nouts=(3, 2))
    lines = attributes(draw(cost, view="neuron"))
    largest = max(abs(p.data) for p in net.parameters())
    for l, (n_in, n_out) in enumerate(pairwise(net.sizes), 1):
        for i in range(1, n_in + 1):
            for j in range(1, n_out + 1):
                w, line = net.weight(l, i, j), lines[f"w{l}_{i}_{j}"]
                assert (line.get("style") == "dashed") == (w.data < 0.0)
                assert line["color"] in (POSITIVE if w.grad > 0.0 else NEGATIVE)
                assert float(line["penwidth"]) == pytest.approx(
                    0.4 + 3.6 * abs(w.data) / largest, abs=0.01
                )
                numbers = lines[f"w{l}_{i}_{j}_numbers"]["label"]
                assert numbers == f"{w.data:.3g} ({w.grad:.3g})"


def test_colours_deepen_with_the_gradient():
    net, cost = network(nouts=(5, 5, 1))
    lines = attributes(draw(cost, view="neuron"))
    depths = []
    for w, name in sorted(
        (abs(net.weight(2, i, j).grad), f"w2_{i}_{j}") for i in range(1, 6) for j in range(1, 6)
    ):
        shades = POSITIVE if lines[name]["color"] in POSITIVE else NEGATIVE
        depths.append(shades.index(lines[name]["color"]))
        assert w > 0.0
    assert depths == sorted(depths)
    fills = [lines[f"layer1_neuron{j}"]["fillcolor"] for j in range(1, 6)]
    by_size = sorted(range(5), key=lambda k: abs(net.delta(1, k + 1)))
    assert [SHADES.index(fills[k]) for k in by_size] == sorted(map(SHADES.index, fills))


def test_many_lines_have_no_numbers():
    graph = draw(network(nouts=(7, 3))[1], view="neuron")
    numbered = {id for id in attributes(graph) if id.endswith("_numbers")}
    assert len(numbered) == 2 * 7 and all(id.startswith("w1_") for id in numbered)
    assert "w (dC/dw)" in graph.source


def test_before_backward_gradients_are_a_dash_and_lines_grey():
    net = MLP(2, [2, 1], rng=0)
    graph = draw(quadratic(net([1.0, 2.0]), 1.0), view="neuron")
    assert rows(graph, "layer1_neuron1")[-1] == "δ –"
    assert "δ –: backward() has not run" in graph.source and "dC/dw" not in graph.source
    assert attributes(graph)["w1_1_1_numbers"]["label"] == f"{net.weight(1, 1, 1).data:.3g}"


def test_gradients_can_be_left_out():
    for view in ("neuron", "layer"):
        source = draw(network()[1], view=view, grads=False).source
        assert "δ" not in source and "dC" not in source


def test_what_is_not_finite_is_red():
    net = MLP(2, [2, 1], activation="tanh", rng=0)
    net.weight(1, 1, 1).data = float("nan")
    cost = quadratic(net([1.0, 2.0]), 1.0)
    cost.backward()
    lines = attributes(draw(cost, view="neuron"))
    assert lines["layer1_neuron1"]["fillcolor"] == lines["cost"]["fillcolor"] == RED
    assert lines["w1_1_1"]["style"] == "dotted"
    assert attributes(draw(cost, view="layer"))["layer1"]["fillcolor"] == RED


def test_one_line_per_box_in_a_wide_layer():
    graph = draw(network(nouts=(17, 1))[1], view="neuron")
    (row,) = rows(graph, "layer1_neuron17")
    assert row.startswith("neuron 17  z ")
    assert rows(draw(network(nouts=(16, 1))[1], view="neuron"), "layer1_neuron16")[0] == "neuron 16"
    assert rows(graph, "layer0_neuron1") == ["a₁⁰", "0.5"]


@pytest.mark.parametrize("rankdir", ["LR", "TB"])
@pytest.mark.parametrize("nouts", [(4, 1), (8, 8, 1), (20, 10)], ids=str)
def test_boxes_stand_in_order_and_apart(nouts, rankdir):
    net, cost = network(nouts=nouts)
    svg = ET.fromstring(draw(cost, view="neuron", rankdir=rankdir).pipe())
    edges = {}
    for group in svg.iter(f"{SVG}g"):
        if "neuron" in group.get("id", "") and "node" in group.get("class"):
            points = group.find(f"{SVG}polygon").get("points").split()
            x, y = zip(*(map(float, point.split(",")) for point in points), strict=True)
            edges[group.get("id")] = (min(y), max(y)) if rankdir == "LR" else (min(x), max(x))
    for l, n in enumerate(net.sizes):
        column = [edges[f"layer{l}_neuron{j}"] for j in range(1, n + 1)]
        assert all(end <= start for (_, end), (start, _) in pairwise(column))


@pytest.mark.parametrize("rankdir", ["LR", "TB"])
def test_a_heading_stands_before_its_boxes(rankdir):
    lines = attributes(draw(network()[1], view="neuron", rankdir=rankdir))

    def place(id):
        x, y = map(float, lines[id]["pos"].removesuffix("!").split(","))
        return (-y, lines[id]["height"]) if rankdir == "LR" else (x, lines[id]["width"])

    (heading, extent), (first, size) = place("layer1_heading"), place("layer1_neuron1")
    assert heading + 36.0 * (float(extent) + float(size)) <= first < place("layer1_neuron2")[0]


@pytest.mark.parametrize(("rankdir", "tail", "head"), [("LR", "e", "w"), ("TB", "s", "n")])
def test_lines_lead_from_layer_to_layer(rankdir, tail, head):
    source = draw(network()[1], view="neuron", rankdir=rankdir).source
    assert f'headport="{head}" tailport="{tail}"' in source


# The layer view.


def test_a_layer_has_its_size_ranges_and_norms():
    net, cost = network(nouts=(3, 2))
    graph = draw(cost, view="layer")
    z, a = ([x(1, j).data for j in (1, 2, 3)] for x in (net.z, net.a))
    delta = [net.delta(1, j) for j in (1, 2, 3)]
    assert rows(graph, "layer1") == [
        "3 neurons",
        f"z {min(z):.4g}..{max(z):.4g}",
        f"a {min(a):.4g}..{max(a):.4g}",
        f"δ {min(delta):.4g}..{max(delta):.4g}",
        f"‖δ‖ {sum(d * d for d in delta) ** 0.5:.4g}",
    ]
    w = [net.weight(2, i, j) for i in (1, 2, 3) for j in (1, 2)]
    assert rows(graph, "layer1_layer2_numbers") == [
        "3 × 2 weights",
        f"‖w‖ {sum(x.data**2 for x in w) ** 0.5:.4g}",
        f"‖dC/dw‖ {sum(x.grad**2 for x in w) ** 0.5:.4g}",
    ]
    assert rows(graph, "layer0") == ["2 inputs", "a 0.5"]


# Where the network comes from.


def test_a_network_is_drawn_itself():
    net, cost = network(nouts=(3, 2))
    of_net, of_cost = attributes(draw(net)), attributes(draw(cost, view="neuron"))
    assert of_cost.keys() - of_net.keys() == {"cost", "layer2_neuron1_cost", "layer2_neuron2_cost"}
    assert of_net["layer1_neuron1"] == of_cost["layer1_neuron1"]
    assert rows(draw(net), "layer2_heading") == ["layer 2", "linear"]
    assert rows(draw(net), "layer2_neuron1")[1] == f"z = a {net.z(2, 1).data:.4g}"


def test_one_neuron_and_one_weight_are_no_plurals():
    assert repr(draw(MLP(1, [1]))).startswith("<network of 1 neuron, 1 weight;")
    assert repr(draw(MLP(2, [1]))).startswith("<network of 1 neuron, 2 weights;")


def test_before_a_forward_pass_there_are_weights_alone():
    net = MLP(2, [2, 1], activation="tanh", rng=0)
    assert rows(draw(net), "layer1_neuron1") == ["neuron 1", "b 0"]
    assert rows(draw(net), "layer0_neuron1") == ["input 1"]
    assert "δ" not in draw(net).source
    assert rows(draw(net, view="layer"), "layer1") == ["2 neurons", "b 0"]


def test_any_module_with_layers_of_neurons_is_a_network():
    neurons = [SimpleNamespace(w=[Value(0.5), Value(-1.0)], b=Value(0.1)) for _ in range(3)]
    last = SimpleNamespace(w=[Value(1.0)] * 3, b=Value(0.0))
    net = SimpleNamespace(
        layers=[SimpleNamespace(neurons=neurons), SimpleNamespace(neurons=[last])]
    )
    assert draw(net).contents.description == "network of 4 neurons, 9 weights"
    assert draw(net).pipe().startswith(b"<?xml")


def test_a_network_has_no_scalar_view_and_no_page(tmp_path):
    net, _ = network()
    with pytest.raises(ValueError, match=r'"scalar" shows .* draw its cost, or view="neuron"'):
        draw(net, view="scalar")
    with pytest.raises(ValueError, match="a page shows the graph of one value"):
        draw(net).save(tmp_path / "page.html")


@pytest.mark.parametrize("wrong", [3.0, None, "C", [], [1.0], MLP, SimpleNamespace(layers=[])])
def test_what_cannot_be_drawn_is_named(wrong):
    with pytest.raises(TypeError, match=r"^draw\(\) takes a node .* or a network .*, got "):
        draw(wrong)


def test_a_neuron_and_a_layer_alone():
    graph = draw(Neuron(2, activation="tanh", rng=0)([1.0, 2.0]), view="neuron")
    assert {"layer0_neuron2", "layer1_neuron1", "w1_2_1"} <= attributes(graph).keys()
    first, second = Layer(2, 3, rng=0), Layer(3, 1, rng=0)
    graph = draw(first([1.0, 2.0]), view="neuron")
    assert {"layer0_neuron2", "layer1_neuron3", "w1_2_3"} <= attributes(graph).keys()
    with pytest.raises(NoNetwork, match="two values, its label has no layer"):
        draw(second(first([1.0, 2.0])), view="neuron")


def test_inputs_of_one_s_own_keep_their_names():
    net = MLP(2, [2, 1], rng=0)
    cost = quadratic(net([Value(1.8, "height"), Value(70.0)]), 1.0)
    graph = draw(cost, view="neuron")
    assert rows(graph, "layer0_neuron1") == ["height", "1.8"]
    assert rows(graph, "layer0_neuron2") == ["input 2", "70"]
    cost = quadratic(net([Value(1.8, "height of the person in metres"), Value(70.0)]), 1.0)
    assert rows(draw(cost, view="neuron"), "layer0_neuron1") == ["height of the person…", "1.8"]
    assert "height of the person in metres  1.8" in draw(net, view="text")


def own_network():
    """Two layers by hand, with a connection that skips the first."""
    x = [Value(float(i), Symbol("x", None, (i,))) for i in (1, 2)]
    u = {(i, j): Value(0.1 * i - 0.2 * j, Symbol("w", 1, (i, j))) for i in (1, 2) for j in (1, 2)}
    z = [u[1, j] * x[0] + u[2, j] * x[1] for j in (1, 2)]
    a = [z_j.sigmoid() for z_j in z]
    w = [Value(0.7, Symbol("w", 2, (i, 1))) for i in (1, 2)]
    out = w[0] * a[0] + w[1] * a[1] + x[0]
    for j in (1, 2):
        z[j - 1].label, a[j - 1].label = Symbol("z", 1, (j,)), Symbol("a", 1, (j,))
    out.label = Symbol("z", 2, (1,))
    return (out - 1.0) ** 2


def test_a_graph_of_one_s_own_with_symbols():
    cost = own_network()
    cost.backward()
    lines = attributes(draw(cost, view="neuron"))
    assert {"w1_2_1", "w2_2_1", "layer0_neuron1_layer2_neuron1", "layer2_neuron1_cost"} <= set(
        lines
    )
    assert "layer1_neuron1_layer2_neuron1" not in lines
    assert lines["layer1_heading"]["label"] == r"layer 1\nsigmoid"
    assert "layer0_layer2" in attributes(draw(cost, view="layer"))


def test_z_is_a_only_where_the_graph_says_so():
    net = MLP(2, [2, 2], activation="linear", rng=0)
    graph = draw(quadratic(net([1.0, 2.0]), [0.0, 1.0]), view="neuron")
    assert rows(graph, "layer1_neuron1")[1].startswith("z = a ")
    assert rows(graph, "layer2_neuron1")[1].startswith("z ")
    net = MLP(2, [2, 2], activation="tanh", output="sigmoid", rng=0)
    net([1.0, 2.0])
    cost = sigmoid_cross_entropy([net.z(2, 1), net.z(2, 2)], [1.0, 0.0])
    assert [row[:2] for row in rows(draw(cost, view="neuron"), "layer2_neuron1")] == [
        "ne",
        "z ",
        "δ ",
    ]


def test_softmax_couples_neurons_of_a_layer_without_lines_between_them():
    net = MLP(2, [2, 3], activation=["tanh", "softmax"], rng=0)
    cost = log_likelihood(net([1.0, 2.0]), [1.0, 0.0, 0.0])
    graph = draw(cost, view="neuron")
    between = [id for id in attributes(graph) if re.match(r"layer2_neuron\d_layer2", id)]
    assert not between and "z = a" not in graph.source
    assert rows(draw(net), "layer2_heading") == ["layer 2", "softmax"]


def test_a_penalty_reads_weights_and_not_their_neurons():
    net, cost = network()
    with_penalty = cost + 0.1 * total(w * w for w in net.parameters())
    plain, drawn = (attributes(draw(C, view="neuron")) for C in (cost, with_penalty))
    assert drawn.keys() == plain.keys()


def test_several_passes_are_ranges():
    net = MLP(2, [2, 1], activation="tanh", rng=0)
    costs = [quadratic(net(x), 1.0) for x in ([1.0, 2.0], [-1.0, 3.0])]
    cost = total(costs)
    graph = draw(cost, view="neuron")
    assert rows(graph, "layer0_neuron1") == ["a₁⁰", "-1..1"]
    assert "several passes" in graph.source
    cost.backward()
    for z, delta in zip(network_in(scene_of([cost])).neurons[2, 1].z, (-3.0, 2.0), strict=True):
        z.grad = delta
    assert re.search(r"fill: \|δ\| \S+ to 3, white", draw(cost, view="neuron").source)


def test_what_is_between_two_layers_is_no_cost():
    net = MLP(2, [2, 2], activation="tanh", rng=0)
    halved = [0.5 * a for a in net.layers[0]([1.0, 2.0])]
    cost = quadratic(net.layers[1](halved), [1.0, 0.0])
    read = [id for id in attributes(draw(cost, view="neuron")) if id.endswith("_cost")]
    assert read == ["layer2_neuron1_cost", "layer2_neuron2_cost"]


@pytest.mark.parametrize(("nin", "thickest"), [(20, "4.00"), (21, "2.00")])
def test_many_lines_are_thinner(nin, thickest):
    lines = attributes(draw(MLP(nin, [10], rng=0))).values()
    assert max(line["penwidth"] for line in lines if line["class"].startswith("weight")) == thickest


def test_several_roots():
    net = MLP(2, [3, 2], activation="tanh", output="tanh", rng=0)
    outputs = net([1.0, 2.0])
    assert draw(outputs).source.count("value root") == 2
    assert "cost" not in attributes(draw(outputs, view="neuron"))
    costs = [a**2 for a in outputs]
    assert rows(draw(costs, view="neuron"), "cost")[::2] == ["cost", "cost"]
    assert len(rows(draw([*costs * 2, costs[0]], view="neuron"), "cost")) == 10
    assert rows(draw(costs * 3, view="neuron"), "cost") == ["6 roots"]


def test_text_of_several_roots_shows_shared_nodes_once():
    x = Value(2.0, "x")
    assert draw([x.tanh(), x + 1.0, x], "text", grads=False).split("\n") == [
        "tanh  data 0.964",
        "└─(0.07065)─ v0: x  data 2",
        "+  data 3",
        "├─ x (see v0)",
        "└─ 1",
        "x (see v0)",
    ]


def test_a_network_as_text():
    net, cost = network(nouts=(2, 1))
    lines = draw(net, view="text").split("\n")
    assert lines[0] == "network of 3 neurons, 6 weights"
    assert f"  neuron 1  z {net.z(1, 1).data:.4g}" in lines[5]
    assert f"{net.weight(1, 2, 1).data:.3g} ({net.weight(1, 2, 1).grad:.3g})" in lines[6]
    assert draw(cost, view="layer").contents.text().endswith(f"C  {cost.data:.4g}")
    wide = draw(MLP(20, [1], rng=0), view="text")
    assert wide.endswith(", and 12 more")
    assert "more" not in draw(MLP(8, [1], rng=0), view="text")


# A graph of gradients.


def gradient_graph():
    net = MLP(1, [1], activation=["tanh"], rng=0)
    cost = quadratic(net([2.0]), 1.0)
    cost.label = "C"
    found = gradients(cost, net.parameters())
    for w, g in zip(net.parameters(), found, strict=True):
        g.label = f"dC/d{w.label}"
    return cost, found


def test_the_halves_are_told_apart():
    cost, found = gradient_graph()
    graph = draw(found, forward=cost)
    lines = attributes(graph)
    nodes = topological_order(cost, *found)
    forward = set(topological_order(cost))
    assert len(nodes) > len(forward)
    for k, node in enumerate(scene_of(found, cost).nodes):
        assert ("backward" in lines[f"v{k}"]["class"]) == (node not in forward)
    blue = {line["label"].split("|")[0] for line in lines.values() if "#1c5fa8" in line.values()}
    assert r"dC/dw₁₁¹\ =\ *" in blue and not any(name.startswith("z") for name in blue)
    assert "blue, and ∂: backward pass" in graph.source
    assert graph.pipe().startswith(b"<?xml")


def test_each_half_shows_the_gradients_that_it_has():
    cost, found = gradient_graph()
    cost.backward()
    lines = attributes(draw(found, forward=cost))
    for line in lines.values():
        if "value" in line["class"] and "constant" not in line["class"]:
            assert line["label"].endswith(r"grad\ –") == ("backward" in line["class"])
    total(found).backward()
    assert r"grad\ –" not in draw(found, forward=cost).source


def test_the_backward_pass_of_the_gradients_reaches_the_forward_half():
    cost, found = gradient_graph()
    total(found).backward()
    assert cost.grad == 0.0
    assert r"grad\ –" not in draw(found, forward=cost).source


def test_the_text_has_both_halves():
    cost, found = gradient_graph()
    lines = draw(found, "text", forward=cost).split("\n")
    assert lines[0] == "forward pass" and lines[1].startswith("C = *")
    backward = lines[lines.index("backward pass") :]
    assert backward[1].startswith("dC/dw₁₁¹ = *")
    assert any("a₁¹ = tanh (see v" in line for line in backward)


def test_a_gradient_alone_is_a_graph_like_any_other():
    _, found = gradient_graph()
    assert "blue" not in draw(found[0]).source
    assert draw(found[0]).pipe().startswith(b"<?xml")
    net, cost = network(nouts=(8, 1))
    found = gradients(cost, net.parameters())
    assert len(scene_of(found).nodes) > 110
    assert kind(draw(found)) == kind(draw(found, forward=cost)) == "scalar"


def test_derivatives_by_plain_numbers_are_left_out():
    cost, found = gradient_graph()
    assert "nan" not in draw(found, forward=cost).source + draw(found, "text", forward=cost)


@pytest.mark.parametrize("view", ["neuron", "layer"])
def test_forward_belongs_to_values(view):
    cost, found = gradient_graph()
    with pytest.raises(ValueError, match=r'forward= .* view="scalar"'):
        draw(found, view=view, forward=cost)
    with pytest.raises(TypeError, match=r"^forward= takes a node .*, got 3 \(int\)"):
        draw(found, forward=3)


# What holds for all of them.


def test_same_bytes_in_every_process(run_python):
    sources = {run_python(ALL_VIEWS, PYTHONHASHSEED=seed) for seed in ("0", "1", "4711")}
    assert len(sources) == 1


@pytest.mark.parametrize("view", ["scalar", "neuron", "layer"])
def test_svg_is_well_formed_with_ids_and_classes(view):
    graph = draw(network(nouts=(3, 2))[1], view=view)
    svg = ET.fromstring(graph.pipe())
    groups = [g for g in svg.iter(f"{SVG}g") if g.get("id") != "graph0"]
    assert len({group.get("id") for group in groups}) == len(groups)
    assert attributes(graph).keys() <= {group.get("id") for group in groups}
    assert all(re.match(r"(node|edge|cluster) \S", group.get("class")) for group in groups)
    titles = [title.text for title in svg.iter(f"{SVG}title")]
    assert not [title for title in titles if re.match(r"layer\d_|w\d|v\d|cluster", title)]


def test_titles_of_neurons_and_weights():
    net, cost = network(nouts=(3, 2))
    svg = ET.fromstring(draw(cost, view="neuron").pipe())
    titles = {g.get("id"): g.findtext(f"{SVG}title") for g in svg.iter(f"{SVG}g")}
    w = net.weight(1, 2, 3)
    assert titles["w1_2_3"] == f"w₂₃¹ {w.data:.4g}  dC/dw {w.grad:.4g}"
    assert titles["layer1_neuron3"].startswith("neuron 3  z ")


@pytest.mark.parametrize("label", ['</script>"', "\\N{a|b}", "two\nlines", "x" * 500, "\0\ud800"])
def test_hostile_names(label):
    net = MLP(1, [1], rng=0)
    cost = quadratic(net([Value(1.0, label)]), 1.0)
    cost.label = label
    for view, height in (("neuron", 7), ("layer", 5)):
        graph = draw(cost, view=view)
        assert ET.fromstring(graph.pipe()) is not None
        assert len(graph.contents.text().split("\n")) == height
    assert len(rows(draw(cost, view="neuron"), "layer0_neuron1")[0]) < 30


def test_saving_a_page_hands_over_the_root(tmp_path):
    _, cost = network(nouts=(2, 1))
    for view in ("scalar", "neuron", "layer"):
        path = draw(cost, view=view).save(tmp_path / f"{view}.html")
        assert "<svg" in (tmp_path / path).read_text("utf-8")
    with pytest.raises(ValueError, match="2 roots"):
        draw([cost, cost.operands[1]]).save(tmp_path / "two.html")


def test_suffixes_in_capitals(tmp_path):
    path = draw(chain(2)).save(tmp_path / "GRAPH.SVG")
    assert (tmp_path / path).read_bytes().startswith(b"<?xml")


def test_a_network_is_found_once_for_all():
    _, cost = network(nouts=(3, 2))
    found = network_in(scene_of([cost]))
    assert len(found.neurons) == 2 + 3 + 2 and len(found.weights) == 12
    assert found.links == [] and found.read == [(2, 1), (2, 2)]
