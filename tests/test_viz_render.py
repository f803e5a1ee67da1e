"""Drawing: which program is found, what it is told, and what happens without one."""

import inspect
import os
import pickle
import stat
import subprocess
import xml.etree.ElementTree as ET
from concurrent.futures import ThreadPoolExecutor
from importlib.metadata import PackageNotFoundError, distribution
from pathlib import Path

import graphviz
import pytest
from graphviz.backend import dot_command

import viz.contents
import viz.renderer
from micrograd_bp import MLP, Value, quadratic
from viz import RendererNotFound, draw, draw_dot
from viz.contents import GraphTooLarge
from viz.svg import described

SVG = "{http://www.w3.org/2000/svg}"


@pytest.fixture(autouse=True)
def no_dot_on_path(monkeypatch, tmp_path):
    """Whatever the machine has, the tests start without `dot` and without the variable."""
    folder = tmp_path / "path"
    folder.mkdir()
    monkeypatch.setenv("PATH", str(folder))
    monkeypatch.delenv("MICROGRAD_BP_DOT", raising=False)
    return folder


@pytest.fixture
def no_package(monkeypatch):
    def missing(name):
        raise PackageNotFoundError(name)

    monkeypatch.setattr(viz.renderer, "distribution", missing)


def program(folder, name, output="<svg>drawn</svg>"):
    path = folder / name
    path.write_text(f"#!/bin/sh\n/bin/cat >/dev/null\necho '{output}'\n")
    path.chmod(path.stat().st_mode | stat.S_IXUSR)
    return path


def product():
    y = Value(3.0, "x") * Value(2.0, "w")
    y.backward()
    return y


def network_cost():
    cost = quadratic(MLP(2, [4, 1], activation="tanh", rng=0)([1.0, -2.0]), 1.0)
    cost.label = "C"
    cost.backward()
    return cost


def test_nothing_but_the_package_is_needed():
    graph = draw(product())
    assert graph.drawn_by == "graphviz-pure"
    assert graph.pipe().startswith(b"<?xml")
    assert b"graphviz-pure" in graph.pipe()


def test_the_name_that_is_swapped_exists_and_is_read_at_each_call(monkeypatch):
    assert str(dot_command.DOT_BINARY) == "dot"
    monkeypatch.setattr(dot_command, "DOT_BINARY", "another")
    assert dot_command.command("dot", "svg") == ["another", "-Kdot", "-Tsvg"]


def test_the_swap_lasts_for_one_call():
    draw(product()).pipe()
    assert str(dot_command.DOT_BINARY) == "dot"
    with pytest.raises(graphviz.ExecutableNotFound):
        graphviz.Digraph().pipe("svg")
    with pytest.raises(ValueError, match="unknown engine"):
        draw(product()).pipe(engine="compass")
    assert str(dot_command.DOT_BINARY) == "dot"


def test_the_variable_comes_first(monkeypatch, no_dot_on_path):
    mine = program(no_dot_on_path, "my-dot", "<svg>mine</svg>")
    program(no_dot_on_path, "dot")
    for value in ("my-dot", str(mine)):
        monkeypatch.setenv("MICROGRAD_BP_DOT", value)
        graph = draw(product())
        assert graph.drawn_by == value
        assert "mine" in graph.pipe(encoding="utf-8")


def test_the_package_comes_before_dot(no_dot_on_path):
    program(no_dot_on_path, "dot")
    assert draw(product()).drawn_by == "graphviz-pure"


def test_an_empty_variable_is_none(monkeypatch):
    monkeypatch.setenv("MICROGRAD_BP_DOT", "")
    assert draw(product()).drawn_by == "graphviz-pure"


def test_dot_on_path_is_the_third(no_package, no_dot_on_path):
    program(no_dot_on_path, "dot", "<svg>dot</svg>")
    graph = draw(product())
    assert graph.drawn_by == "dot"
    assert "dot</svg>" in graph.pipe(encoding="utf-8")


def test_the_package_is_found_where_pip_target_put_it(monkeypatch, tmp_path):
    class Moved:
        files = ()

        def locate_file(self, path):
            return tmp_path / path

    (tmp_path / "bin").mkdir()
    moved = program(tmp_path / "bin", "graphviz-pure")
    monkeypatch.setattr(viz.renderer, "distribution", lambda name: Moved())
    assert viz.renderer.find_renderer().path == str(moved)


def test_a_package_without_its_program_is_passed_over(monkeypatch, tmp_path, no_dot_on_path):
    class Empty:
        files = None

        def locate_file(self, path):
            return tmp_path / path

    program(no_dot_on_path, "dot")
    monkeypatch.setattr(viz.renderer, "distribution", lambda name: Empty())
    monkeypatch.setattr(viz.renderer.sysconfig, "get_path", lambda name: str(tmp_path))
    monkeypatch.setattr(viz.renderer.sys, "executable", str(tmp_path / "python"))
    assert viz.renderer.find_renderer().name == "dot"


@pytest.mark.parametrize("ask", ["pipe", "render", "save"])
def test_with_nothing_found_the_error_says_what_to_do(no_package, tmp_path, ask):
    graph = draw(product())
    assert graph.drawn_by == "text"
    calls = {
        "pipe": graph.pipe,
        "render": lambda: graph.render(tmp_path / "graph"),
        "save": lambda: graph.save(tmp_path / "graph.svg"),
    }
    with pytest.raises(RendererNotFound) as error:
        calls[ask]()
    for hint in (
        "graphviz-pure",
        "dot on PATH",
        "MICROGRAD_BP_DOT",
        "pip install 'micrograd-bp[plot]'",
        'view="text"',
    ):
        assert hint in str(error.value)


def test_a_wrong_variable_is_named_with_its_value(monkeypatch):
    monkeypatch.setenv("MICROGRAD_BP_DOT", "/no/such/dot")
    with pytest.raises(
        RendererNotFound, match="MICROGRAD_BP_DOT is '/no/such/dot', and there is no"
    ):
        draw(product()).pipe()


def test_a_notebook_gets_svg():
    bundle = draw(product())._repr_mimebundle_()
    assert list(bundle) == ["image/svg+xml"]
    assert 'role="img"' in bundle["image/svg+xml"]
    assert list(draw(product())._repr_mimebundle_(include=["image/png"])) == ["image/png"]


def test_a_notebook_without_a_renderer_gets_text_and_a_line_of_help(no_package):
    y = product()
    bundle = draw(y)._repr_mimebundle_()
    assert list(bundle) == ["text/plain"]
    tree, help = bundle["text/plain"].split("\n\n")
    assert tree == str(draw(y, view="text"))
    assert "pip install 'micrograd-bp[plot]'" in help
    assert "\n" not in help


def test_a_notebook_gets_the_start_of_a_long_tree(no_package):
    y = Value(1.0)
    for _ in range(500):
        y = y + 1.0
    text = draw(y)._repr_mimebundle_()["text/plain"]
    assert len(text.split("\n")) == 60 + 1 + 2
    assert "\n... 941 more lines\n" in text


def test_too_many_values_are_laid_out_only_by_force(monkeypatch):
    monkeypatch.setattr(viz.contents, "LARGEST", 2)
    graph = draw(product())
    with pytest.raises(
        GraphTooLarge, match=r'^3 values are more than the 2 .* view="text" .*force'
    ):
        graph.pipe()
    assert "force=True" in graph._repr_mimebundle_()["text/plain"]
    assert "v0 -> v2" in graph.source
    assert draw(product(), force=True).pipe().startswith(b"<?xml")
    assert draw_dot(product(), force=True).pipe().startswith(b"<?xml")


def test_the_largest_layout_has_titles(monkeypatch):
    monkeypatch.setattr(viz.contents, "MOST", 3)
    assert "title>x</title" in draw(product()).pipe(encoding="utf-8")


def test_the_limit():
    y = Value(1.0)
    for _ in range(viz.contents.LARGEST):
        y = -y
    with pytest.raises(ValueError, match="3,501 values are more than the 3,500"):
        draw(y).pipe()


@pytest.mark.parametrize(
    ("suffix", "start"),
    [
        (".svg", b"<?xml"),
        (".png", b"\x89PNG"),
        (".dot", b"digraph {"),
        (".gv", b"digraph {"),
        (".txt", b"*  data 6"),
    ],
)
def test_save_goes_by_the_suffix(tmp_path, suffix, start):
    path = tmp_path / f"graph{suffix}"
    assert draw(product()).save(path) == str(path)
    assert path.read_bytes().startswith(start)
    assert draw(product()).save(path.name, tmp_path) == str(path)
    assert list(tmp_path.glob("graph*")) == [path]


@pytest.mark.parametrize("name", ["graph.pdf", "graph", "graph.svg.zip"])
def test_save_refuses_other_suffixes(tmp_path, name):
    suffixes = r"\.svg, \.png, \.html, \.txt, \.dot, \.gv"
    with pytest.raises(ValueError, match=rf"{suffixes}, not as '.*{name}'"):
        draw(product()).save(tmp_path / name)


def test_save_says_which_folder_is_missing(tmp_path):
    with pytest.raises(
        FileNotFoundError, match=r"cannot save graph\.svg: there is no folder .*nowhere"
    ):
        draw(product()).save(tmp_path / "nowhere" / "graph.svg")


def test_save_leaves_an_existing_file_if_asked(tmp_path):
    path = tmp_path / "graph.svg"
    path.write_text("mine")
    draw(product()).save(path, skip_existing=True)
    assert path.read_text() == "mine"
    draw(product()).save(path)
    assert path.read_bytes().startswith(b"<?xml")


def test_render_is_graphvizs(tmp_path):
    rendered = Path(draw_dot(product()).render(tmp_path / "gout"))
    assert rendered == tmp_path / "gout.svg"
    assert 'role="img"' in rendered.read_text("utf-8")
    assert (tmp_path / "gout").read_text("utf-8") == draw(product()).source
    png = draw_dot(product(), format="png").render("deep/gout", tmp_path, cleanup=True)
    assert Path(png).read_bytes().startswith(b"\x89PNG")
    assert sorted(path.name for path in (tmp_path / "deep").iterdir()) == ["gout.png"]
    assert Path(draw(product()).render(outfile=tmp_path / "other.png")).exists()


def test_render_shows_the_finished_picture(tmp_path, monkeypatch):
    seen = []
    monkeypatch.setattr(graphviz, "view", lambda path, quiet: seen.append(path.read_text("utf-8")))
    draw(product()).render(tmp_path / "gout", view=True)
    draw(product()).view(tmp_path / "gout")
    assert len(seen) == 2 and all('role="img"' in svg for svg in seen)


def test_a_format_may_be_written_in_capitals(tmp_path):
    assert Path(draw(product()).render(tmp_path / "gout", format="PNG")).exists()
    assert Path(draw(product()).render(outfile=tmp_path / "other.SVG")).exists()
    assert draw(product()).pipe("SVG") == draw(product()).pipe()


def test_an_unknown_format_is_named():
    with pytest.raises(ValueError, match=r"graphviz-pure writes svg and png, not pdf; .*=dot"):
        draw_dot(product()).pipe("pdf")
    with pytest.raises(ValueError, match="'gif-ish'"):
        draw_dot(product(), format="gif-ish")


def test_a_copy_knows_what_the_graph_knows():
    graph = draw(product())
    assert graph.copy().pipe() == graph.pipe() == pickle.loads(pickle.dumps(graph)).pipe()


def test_a_graph_can_be_added_to():
    graph = draw(product())
    graph.node("note", "a note")
    graph.edge("note", "v2")
    assert b"a note" in graph.pipe()
    assert b"<title>note</title>" in graph.pipe()


def test_repr_says_how_to_see_it():
    help = '.save("graph.svg") or .source shows it'
    assert repr(draw(product())) == f"<computation graph of 3 values; {help}>"


def test_nothing_is_printed(capfd, tmp_path):
    graph = draw(network_cost())
    graph.pipe()
    graph.pipe("png")
    graph.render(tmp_path / "graph")
    graph._repr_mimebundle_()
    assert capfd.readouterr() == ("", "")


def test_threads_draw_the_same():
    graph = draw(network_cost())
    with ThreadPoolExecutor(8) as pool:
        pictures = set(pool.map(lambda _: graph.pipe(), range(24)))
    assert len(pictures) == 1


def test_the_program_that_is_found_is_graphviz_pure():
    version = subprocess.run(
        [viz.renderer.find_renderer().path, "-V"], capture_output=True, text=True
    ).stderr
    assert distribution("graphviz-pure").version in version


def test_the_svg_has_the_ids_and_classes_of_the_dot():
    svg = ET.fromstring(draw(network_cost()).pipe())
    groups = {group.get("id"): group.get("class") for group in svg.iter(f"{SVG}g")}
    assert {f"v{k}" for k in range(34)} <= groups.keys()
    assert groups["v33"] == "node value root"
    assert groups["layer0"] == "cluster layer"
    assert groups["layer1_neuron4"] == "cluster neuron"
    edges = {name for name in groups if name[:1] == "e" and name[-3:] != "_in"}
    assert len(edges) == 4 * 5 + 4 + 9 + 6
    assert svg.get("role") == "img"
    assert svg.get("aria-label") == "computation graph of 34 values"


def test_titles_are_the_notation():
    svg = ET.fromstring(draw(network_cost()).pipe())
    titles = [title.text for title in svg.iter(f"{SVG}title")]
    assert {"w₁₂¹", "z₂¹ = weighted_sum", "layer 1", "neuron 2", "input", "C = *"} <= set(titles)
    assert not [title for title in titles if title.startswith(("v", "e", "cluster"))]


@pytest.mark.parametrize("nouts", [[4, 1], [3, 3, 2], [8, 8, 1]], ids=str)
def test_indices_grow_downwards(nouts):
    net = MLP(2, nouts, activation="tanh", rng=0)
    cost = quadratic(net([1.0, -2.0]), [1.0] * nouts[-1])
    svg = ET.fromstring(draw(cost, view="scalar").pipe())
    heights = {}
    for group in svg.iter(f"{SVG}g"):
        title, text = group.find(f"{SVG}title"), group.find(f"{SVG}text")
        if title is not None and text is not None:
            heights.setdefault(title.text.split(" =")[0], float(text.get("y")))
    columns = [[str(net.a(0, i).label) for i in (1, 2)]]
    for l, layer in enumerate(net.layers, 1):
        columns.append([str(value.label) for value in layer.parameters()])
        columns.append([str(net.z(l, j).label) for j in range(1, len(layer.neurons) + 1)])
    for column in columns:
        assert [heights[name] for name in column] == sorted(heights[name] for name in column)


def test_a_path_may_leave_a_neuron_and_come_back():
    net = MLP(2, [3], activation=["softmax"], rng=0)
    cost = quadratic(net([1.0, -2.0]), [1.0, 0.0, 0.0])
    for rankdir in ("LR", "TB"):
        assert draw(cost, rankdir=rankdir).pipe().startswith(b"<?xml")


def test_described_is_escaped():
    group = '<g id="{}" class="node">\n<title>{}</title>\n'
    names = [("v0", "v0"), ("e0_1_0", "v0&#45;&gt;v1"), ("node1", "mine &amp; yours")]
    svg = '<?xml?><svg width="1">' + "".join(group.format(*pair) for pair in names)
    assert described(svg, {"v0": "<a> & 'b'"}, 'say "hi"') == (
        '<?xml?><svg role="img" aria-label="say &quot;hi&quot;" width="1">'
        '<g id="v0" class="node">\n<title>&lt;a&gt; &amp; &#x27;b&#x27;</title>\n'
        '<g id="e0_1_0" class="node">\n'
        '<g id="node1" class="node">\n<title>mine &amp; yours</title>\n'
    )


def test_draw_dot_has_micrograds_signature():
    parameters = inspect.signature(draw_dot).parameters
    assert list(parameters)[:4] == ["root", "format", "rankdir", "grads"]
    assert isinstance(draw_dot(product()), graphviz.Digraph)


def test_the_variable_may_hold_a_relative_path_with_spaces(monkeypatch, tmp_path):
    folder = tmp_path / "with a space"
    folder.mkdir()
    (folder / "my-dot").symlink_to(viz.renderer.find_renderer().path)
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("MICROGRAD_BP_DOT", os.path.join("with a space", "my-dot"))
    assert Path(draw(product()).render("gout", "elsewhere")).exists()
