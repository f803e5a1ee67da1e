"""The page as text: what is in it, what cannot be in it, and the numbers that it gets."""

import json
import math
import re
import tomllib
import xml.etree.ElementTree as ET
from base64 import b64encode
from hashlib import sha256
from html import unescape
from html.parser import HTMLParser
from importlib.metadata import PackageNotFoundError
from pathlib import Path

import pytest
from test_viz_hostile import HOSTILE

import viz.page.document
import viz.renderer
from micrograd_bp import MLP, Primitive, Value, log_likelihood, quadratic, sigmoid_cross_entropy
from micrograd_bp import primitives as rows
from micrograd_bp.notation import Symbol
from viz import explore, trace
from viz.escape import title
from viz.page import frame, page
from viz.page.layout import sanitised
from viz.page.rules import rule
from viz.page.snapshot import snapshots

PARTS = Path(viz.page.__file__).parent
VOID = {"meta", "link", "input", "br", "hr", "img"}


class Parsed(HTMLParser):
    """Tags with their attributes, and the text of each script and style element."""

    def __init__(self, html):
        super().__init__()
        self.tags, self.scripts, self.styles, self.path = [], [], [], []
        self.feed(html)
        self.close()

    def handle_starttag(self, tag, attributes):
        self.tags.append((tag, dict(attributes)))
        if tag not in VOID:
            self.path.append(tag)
        if tag in ("script", "style"):
            getattr(self, tag + "s").append([dict(attributes), ""])

    def handle_startendtag(self, tag, attributes):
        self.tags.append((tag, dict(attributes)))

    def handle_endtag(self, tag):
        assert self.path.pop() == tag

    def handle_data(self, text):
        if self.path and self.path[-1] in ("script", "style"):
            getattr(self, self.path[-1] + "s")[-1][1] += text


def network_cost(activation="tanh", output="linear", cost=quadratic, target=(1.0, 0.0)):
    net = MLP(2, [3, 2], activation=activation, output=output, rng=0)
    C = cost(net([1.0, -2.0]), list(target))
    C.backward()
    return net, C


def product():
    y = Value(3.0, "x") * Value(2.0, "w")
    y.backward()
    return y


def data_of(root):
    scripts = Parsed(page(root)).scripts
    (text,) = [text for attributes, text in scripts if attributes.get("id") == "graph"]
    return json.loads(text)


def entry(root, name):
    (found,) = [node for node in data_of(root)["nodes"] if node["name"] == name]
    return found


# One file that needs nothing else and runs nothing else.


def test_it_is_one_document():
    html = page(network_cost()[1])
    assert html.startswith("<!doctype html>\n")
    parsed = Parsed(html)
    assert parsed.path == []
    for tag in ("html", "head", "body", "main", "svg"):
        assert [name for name, _ in parsed.tags].count(tag) == 1


def test_it_asks_for_nothing():
    html = page(network_cost()[1])
    names = {name for _, attributes in Parsed(html).tags for name in attributes}
    assert not names & {"src", "href", "xlink:href", "action", "srcset", "data", "style"}
    assert not [name for name in names if name.startswith("on")]
    assert set(re.findall(r"\w+://[^\"'\s]*", html)) == {"http://www.w3.org/1998/Math/MathML"}
    for word in ("url(", "@import", "fetch(", "XMLHttpRequest", "eval(", "import(", "innerHTML"):
        assert word not in html


def test_the_policy_names_each_script_and_the_style():
    parsed = Parsed(page(product()))
    (policy,) = [a["content"] for t, a in parsed.tags if "http-equiv" in a]
    rules = dict(part.strip().split(" ", 1) for part in policy.split(";"))
    assert rules["default-src"] == rules["base-uri"] == rules["form-action"] == "'none'"

    def hashes(elements):
        texts = [text for attributes, text in elements if "type" not in attributes]
        return [f"'sha256-{b64encode(sha256(t.encode()).digest()).decode()}'" for t in texts]

    assert rules["script-src"].split() == hashes(parsed.scripts)
    assert rules["style-src"].split() == hashes(parsed.styles)
    assert len(parsed.scripts) == 9 and len(parsed.styles) == 1


@pytest.mark.parametrize("path", sorted(PARTS.glob("*.js")), ids=lambda path: path.name)
def test_scripts_are_short_and_strict(path):
    text = path.read_text("utf-8")
    assert text.startswith('"use strict";\n')
    assert "</" not in text and "<!--" not in text
    assert len(text.splitlines()) < 250
    assert max(map(len, text.splitlines())) <= 100


def test_every_part_is_used_and_packaged():
    used = {"page.html", "page.css", "start.js", *viz.page.document.SCRIPTS}
    assert {
        path.name for path in PARTS.iterdir() if path.suffix in (".js", ".css", ".html")
    } == used
    setup = tomllib.loads((Path(__file__).parents[1] / "pyproject.toml").read_text("utf-8"))
    setup = setup["tool"]["setuptools"]
    assert "viz.page" in setup["packages"]
    assert set(setup["package-data"]["viz.page"]) == {"*.html", "*.css", "*.js"}


def test_what_is_put_in_is_not_read_again():
    html = page(Value(1.0, "{{data}} {{nothing}} \\1").tanh())
    assert "{{data}} {{nothing}} \\\\1" in html  # in JSON


def test_the_same_graph_gives_the_same_page(run_python):
    script = """
import sys
from micrograd_bp import MLP, quadratic
from viz.page import page
cost = quadratic(MLP(2, [3, 2], activation="tanh", rng=0)([1.0, -2.0]), [1.0, 0.0])
cost.backward()
sys.stdout.reconfigure(encoding="utf-8")
print(page(cost))
"""
    assert len({run_python(script, PYTHONHASHSEED=seed) for seed in ("0", "1", "4711")}) == 1


def test_nothing_is_changed():
    _, C = network_cost()
    before = [(node.data, node.grad, node.label) for node in trace(C)[0]]
    page(C)
    assert [(node.data, node.grad, node.label) for node in trace(C)[0]] == before


# The numbers.


def test_every_value_is_there_with_its_numbers():
    _, C = network_cost()
    nodes, found = trace(C)[0], data_of(C)["nodes"]
    position = {id(node): k for k, node in enumerate(nodes)}
    assert [node["data"] for node in found] == [node.data for node in nodes]
    assert [node["grad"] for node in found] == [node.grad for node in nodes]
    for node, entry in zip(nodes, found, strict=True):
        assert entry.get("op", "") == node._op
        assert entry.get("operands", []) == [position[id(x)] for x in node.operands]
        assert entry.get("local", []) == list(node.local_derivatives)
        assert "stored" not in entry and "stale" not in entry


def test_inf_and_nan_are_text():
    x, y = Value(math.inf, "x"), Value(math.nan, "y")
    z = x * y - x
    z.backward()
    assert entry(z, "x")["data"] == "inf"
    assert entry(z, "y")["data"] == "nan"
    assert entry(z, "y")["grad"] == "inf"
    assert entry(-x, "C")["data"] == "-inf"


def test_before_backward_the_page_has_the_gradients_that_it_will_give():
    x = Value(3.0, "x")
    y = x * x
    known = data_of(y)
    assert (known["hasRun"], known["seed"]) == (False, 1.0)
    assert [node["grad"] for node in known["nodes"]] == [6.0, 1.0]
    assert not any("stored" in node for node in known["nodes"])


def test_after_two_passes_the_page_has_one_and_what_the_leaf_holds():
    y = product()
    y.backward()
    assert entry(y, "x")["grad"] == 2.0
    assert entry(y, "x")["stored"] == 4.0
    assert "stored" not in entry(y, "C")
    y.zero_grad()
    y.backward()
    assert "stored" not in entry(y, "x")


def test_rounding_is_no_earlier_pass():
    x = Value(0.1, "x")
    y = x * 0.1 + x * 0.7 + x * -0.8 + x.exp() * 1e-20
    y.backward()
    assert "stored" not in entry(y, "x")
    assert entry(y, "x")["grad"] == x.grad


def test_the_pass_starts_with_what_the_root_holds():
    y = Value(3.0, "x") * 2.0
    y.backward(5.0)
    assert data_of(y)["seed"] == 5.0
    assert entry(y, "x")["grad"] == 10.0


def test_a_value_with_consumers_outside_says_what_it_holds():
    x = Value(2.0, "x")
    y = x * 3.0
    (y + x * 5.0).backward()
    found = entry(y, "x")
    assert (found["grad"], found["stored"]) == (3.0, 8.0)


def test_data_assigned_after_recording_is_noticed():
    w = Value(2.0, "w")
    y = w * w
    y.backward()
    w.data -= 0.1
    assert entry(y, "w")["stale"] is True


def test_names():
    x = Value(1.0)
    y = (x * 2.0).tanh()
    assert [node["name"] for node in data_of(y)["nodes"]] == ["v₀", "", "v₂", "C"]
    C = Value(1.0, "C")
    assert data_of(C.tanh())["nodes"][1]["name"] == "v₁"
    _, cost = network_cost()
    symbols = [tuple(map(str, node.get("symbol", ()))) for node in data_of(cost)["nodes"]]
    assert ("w", "1", "[2, 3]") in symbols and ("v", "None", "[33]") in symbols
    assert data_of(Value(1.0, Symbol("delta", 1, (2,))).exp())["nodes"][0]["symbol"] == [
        "δ",
        1,
        [2],
    ]


# The neurons.


def neurons_of(root):
    nodes = trace(root)[0]
    return nodes, {nodes[neuron["z"]].label: neuron for neuron in data_of(root)["neurons"]}


def test_a_network_s_neurons():
    net, C = network_cost()
    nodes, found = neurons_of(C)
    assert sorted(found) == sorted(
        net.z(l, j).label for l, j in [(1, 1), (1, 2), (1, 3), (2, 1), (2, 2)]
    )
    neuron = found[net.z(1, 2).label]
    assert (neuron["layer"], neuron["neuron"], neuron["isCoupled"]) == (1, 2, False)
    assert [(nodes[w], nodes[a]) for w, a in neuron["inputs"]] == [
        (net.weight(1, i, 2), net.a(0, i)) for i in (1, 2)
    ]
    assert [nodes[b] for b in neuron["biases"]] == [net.bias(1, 2)]
    assert [(nodes[a], slope) for a, slope in neuron["moves"]] == [
        (net.a(1, 2), net.a(1, 2).local_derivatives[0])
    ]
    assert found[net.z(2, 1).label]["moves"] == []


def test_sums_written_by_hand_make_a_neuron_too():
    w = [Value(0.5, Symbol("w", 1, (i, 1))) for i in (1, 2)]
    x = [Value(2.0, "x1"), Value(3.0, "x2")]
    b = Value(0.1, Symbol("b", 1, (1,)))
    z = w[0] * x[0] + x[1] * w[1] + b
    z.label = Symbol("z", 1, (1,))
    a = z * z.sigmoid()  # an activation of several nodes
    a.label = Symbol("a", 1, (1,))
    a.backward()
    nodes, found = neurons_of(a)
    neuron = found[z.label]
    assert sorted((nodes[w].label, nodes[a].label) for w, a in neuron["inputs"]) == [
        ("w₁₁¹", "x1"),
        ("w₂₁¹", "x2"),
    ]
    assert [nodes[b] for b in neuron["biases"]] == [b]
    assert [(nodes[k], slope) for k, slope in neuron["moves"]] == [(a, pytest.approx(z.grad))]
    assert not neuron["isCoupled"]


def test_softmax_couples_neurons():
    net, C = network_cost(output="softmax", cost=log_likelihood)
    nodes, found = neurons_of(C)
    for j in (1, 2):
        neuron = found[net.z(2, j).label]
        assert neuron["isCoupled"]
        total = sum(nodes[a].grad * slope for a, slope in neuron["moves"])
        assert total == pytest.approx(net.delta(2, j), rel=1e-12)
    assert not found[net.z(1, 1).label]["isCoupled"]


def test_a_neuron_that_moves_another_activation_is_coupled():
    z1, z2 = (Value(0.5, Symbol("z", 1, (j,))) for j in (1, 2))
    a2, a1 = z1.tanh(), z2.tanh()
    a1.label, a2.label = Symbol("a", 1, (1,)), Symbol("a", 1, (2,))
    _, found = neurons_of(a1 + a2)
    assert found[z1.label]["isCoupled"] and found[z2.label]["isCoupled"]
    a1, a2 = z1.tanh(), z1 * z2  # z1 moves both
    a1.label, a2.label = Symbol("a", 1, (1,)), Symbol("a", 1, (2,))
    nodes, found = neurons_of(a1 + a2)
    assert [nodes[a] for a, _ in found[z1.label]["moves"]] == [a1, a2]
    assert found[z1.label]["isCoupled"] and found[z2.label]["isCoupled"]


def test_a_cost_that_takes_z_has_no_activation():
    net = MLP(2, [3, 1], activation="tanh", rng=0)
    C = sigmoid_cross_entropy(net([1.0, -2.0]), 1.0)
    C.backward()
    _, found = neurons_of(C)
    assert found[net.z(2, 1).label]["moves"] == []


def test_examples_of_a_batch_are_neurons_of_their_own():
    net = MLP(2, [2, 1], activation="tanh", rng=0)
    C = quadratic(net([1.0, -2.0]), 1.0) + quadratic(net([0.5, 3.0]), 0.0)
    C.backward()
    neurons = data_of(C)["neurons"]
    assert len(neurons) == 6 and not any(neuron["isCoupled"] for neuron in neurons)


# The rules: what they say is what is recorded.


OPERATIONS = {
    "+": lambda x, y: x + y,
    "-": lambda x, y: x - y,
    "*": lambda x, y: x * y,
    "neg": lambda x: -x,
    "abs": abs,
}


def value_of(tree, z, operands):
    if isinstance(tree, float):
        return tree
    if isinstance(tree, str):
        return z if tree == "z" else operands[int(tree)]
    name, *trees = tree
    values = [value_of(operand, z, operands) for operand in trees]
    if name in OPERATIONS:
        return OPERATIONS[name](*values)
    row = rows.TABLE.get(name) or rows.log_monomial(int(name.removeprefix("monomial_log")))
    return row.floats(*values)


@pytest.mark.parametrize("name", rows.TABLE)
def test_a_rule_says_the_derivative(name):
    row = rows.TABLE[name]
    for count in (1, 2, 3, 5):
        operands = [0.25 * k + 0.5 for k in range(count)]
        try:
            z = row.floats(*operands)
            derivatives = row.derivatives(z, *operands)
        except TypeError:
            continue
        if len(derivatives) == count:
            for tree, derivative in zip(rule(row, count), derivatives, strict=True):
                assert tree is None or value_of(tree, z, operands) == pytest.approx(derivative)


def test_rules_in_the_page():
    x, y = Value(2.0, "x"), Value(3.0, "y")
    rules = data_of((x.tanh() * y) ** 2.0)["rules"]
    assert rules["tanh/1"] == [["-", 1.0, ["*", "z", "z"]]]
    assert rules["*/2"] == ["1", "0"]
    assert rules["**/2"][0] == ["monomial", "1", "0", ["-", "1", 1.0]]


def test_rules_that_cannot_be_written_are_left_out():
    def fussy(z, x):
        return (1.0 if x > 0.0 else 0.0,)

    for derivatives in (fussy, lambda z, x: (math.inf * x,), lambda z, x: (x,) * 2):
        op = Primitive("op", lambda x: x, lambda x: x, derivatives)
        assert rule(op, 1) in ([None], ["0", "0"])

    class Bare:
        name = "bare"

    assert rule(Bare(), 2) == [None, None]


# The picture.


def test_the_picture_is_well_formed_and_marked():
    _, C = network_cost()
    (svg,) = re.findall(r"<svg.*</svg>", page(C), re.S)
    root = ET.fromstring(svg)
    assert root.get("role") == "img"
    nodes = trace(C)[0]
    for k, node in enumerate(nodes):
        group = root.find(f".//g[@id='v{k}']")
        texts = {text.get("class"): text.text for text in group.iter("text")}
        if not node.is_constant:
            assert texts["data"] == f"data {node.data:.4g}"
            assert texts["grad"] == f"grad {node.grad:.4g}"
        assert repr(node.data) in group.find("title").text
        assert repr(node.grad) in group.find("title").text


def test_nothing_but_shapes_and_text_is_taken_from_a_renderer():
    nodes = snapshots(product())
    evil = """<svg xmlns="http://www.w3.org/2000/svg" xmlns:xlink="http://www.w3.org/1999/xlink"
    viewBox="0 0 10 10" onload="alert(1)" style="x"><script>alert(1)</script><!-- c --><?x y?>
    <g id="v0" class="node" onclick="alert(1)"><a xlink:href="javascript:alert(1)"><text/></a>
    <text x="1">1 &lt; 2</text><text>d</text><text>g</text><image href="x"/><foreignObject/>
    <style>*{}</style><use href="#v0"/><set attributeName="x"/></g></svg>"""
    html = sanitised(evil, nodes)
    assert {tag for tag, _ in Parsed(html).tags} == {"svg", "g", "text", "title"}
    for word in ("alert", "href", "onclick", "onload", "style", "xmlns"):
        assert word not in html
    assert "1 &lt; 2" in html


def without_renderer(monkeypatch, folder):
    def missing(name):
        raise PackageNotFoundError(name)

    monkeypatch.setattr(viz.renderer, "distribution", missing)
    monkeypatch.setenv("PATH", str(folder))
    monkeypatch.delenv("MICROGRAD_BP_DOT", raising=False)


def test_without_a_renderer_there_is_a_list_and_a_line_of_help(monkeypatch, tmp_path):
    without_renderer(monkeypatch, tmp_path)
    html = page(product())
    assert "<svg" not in html
    assert "pip install 'micrograd-bp[plot]'" in unescape(html)
    (row,) = re.findall(r'<div id="v0".*</div>', html)
    assert row == (
        '<div id="v0" class="value input"><b>x</b><span class="data">data 3</span>'
        '<span class="grad">grad 2</span></div>'
    )


def test_the_line_of_help_is_text(monkeypatch):
    monkeypatch.setenv("MICROGRAD_BP_DOT", "<i>dot</i>")
    html = page(product())
    assert "&lt;i&gt;dot&lt;/i&gt;" in html and "<i>dot" not in html


def test_a_renderer_that_fails_is_named(monkeypatch, tmp_path):
    broken = tmp_path / "broken"
    broken.write_text("#!/bin/sh\n/bin/cat >/dev/null\necho it is broken >&2\nexit 3\n")
    broken.chmod(0o755)
    monkeypatch.setenv("MICROGRAD_BP_DOT", str(broken))
    with pytest.raises(RuntimeError, match="broken could not draw the page: it is broken"):
        page(product())


# Labels.


@pytest.mark.parametrize("label", HOSTILE, ids=ascii)
def test_a_label_adds_nothing_but_text(label):
    def tags(root):
        return [(tag, sorted(attributes)) for tag, attributes in Parsed(page(root)).tags]

    y = Value(1.0, label).tanh()
    y.label = label
    plain = Value(1.0, "x").tanh()
    plain.label = "y"
    usual = tags(plain)
    found = tags(y)
    if "\n" not in title(label) and title(label):
        assert found == usual
    assert {tag for tag, _ in found} <= {tag for tag, _ in usual}
    assert [tag for tag, _ in found].count("script") == 9


@pytest.mark.parametrize("label", HOSTILE, ids=ascii)
def test_a_label_arrives_as_it_is(label):
    found = data_of(Value(1.0, label).tanh())["nodes"][0]["name"]
    assert found == (title(label).replace("\n", " ") if label else "v₀")


@pytest.mark.parametrize("name", HOSTILE, ids=ascii)
def test_the_name_of_an_operation_arrives_as_it_is(name):
    op = Primitive(name, lambda x: x, lambda x: x, lambda z, x: (1.0,))
    known = data_of(op(Value(2.0, "x")))
    assert known["nodes"][1]["op"] == title(name).replace("\n", " ")


# Files, frames, limits.


@pytest.mark.parametrize("kind", [str, Path])
@pytest.mark.parametrize("name", ["page.html", "page.htm", "PAGE.HTML"])
def test_explore_writes_the_page_and_says_where(tmp_path, kind, name):
    y = product()
    path = tmp_path / name
    assert explore(y, kind(path)) == str(path)
    assert path.read_bytes() == page(y).encode()


@pytest.mark.parametrize("name", ["page.svg", "page", "page.html.txt"])
def test_explore_refuses_other_suffixes(tmp_path, name):
    with pytest.raises(ValueError, match=rf"a page is saved as \.html or \.htm, not as '.*{name}'"):
        explore(product(), tmp_path / name)
    assert not list(tmp_path.iterdir())


def test_explore_says_which_folder_is_missing(tmp_path):
    with pytest.raises(FileNotFoundError, match=r"cannot save page\.html: .*nowhere"):
        explore(product(), tmp_path / "nowhere" / "page.html")


@pytest.mark.parametrize("thing", [1.0, "x", None, [Value(1.0)], Value])
def test_what_is_no_node_is_refused(tmp_path, thing):
    with pytest.raises(TypeError, match="takes a node such as a Value"):
        explore(thing, tmp_path / "page.html")
    assert not list(tmp_path.iterdir())


def test_above_the_limit_the_error_says_size_limit_and_the_smaller_view(tmp_path):
    y = Value(1.0)
    for _ in range(1_000):
        y = -y
    with pytest.raises(ValueError, match=r'1,001 values are more than the 1,000 .* view="neuron"'):
        explore(y, tmp_path / "page.html")
    assert not list(tmp_path.iterdir())
    assert data_of(y.operands[0])["nodes"][-1]["data"] == -1.0


def test_a_large_graph_is_refused_at_once(tmp_path):
    y = Value(1.0)
    for _ in range(100_000):
        y = -y
    with pytest.raises(ValueError, match="100,001 values"):
        explore(y, tmp_path / "page.html")


def test_a_single_leaf_has_a_page():
    assert [node["name"] for node in data_of(Value(1.0, "x"))["nodes"]] == ["x"]


def test_a_frame_holds_the_page_in_a_sandbox():
    y = product()
    html = frame(y)._repr_html_()
    ((tag, attributes),) = Parsed(html).tags
    assert tag == "iframe"
    assert attributes["sandbox"] == "allow-scripts"
    assert attributes["srcdoc"] == page(y)
    assert attributes["title"] == "computation graph of 3 values"
    assert repr(frame(y)) == "<page of 3 values, for a notebook>"
