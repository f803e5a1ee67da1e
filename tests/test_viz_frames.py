"""A picture for each step of forward and backward: what is known when, and what moves."""

import re
import sys
import xml.etree.ElementTree as ET
from itertools import pairwise
from pathlib import Path

import pytest

from micrograd_bp import MLP, Neuron, Value, quadratic, total
from micrograd_bp.demo import one_neuron, small_network
from viz import RendererNotFound, draw, frames
from viz.contents import GraphTooLarge
from viz.film import BLUE
from viz.graph import topological_order
from viz.scene import scene_of
from viz.steps import steps
from viz.style import RED, WHITE

SVG = "{http://www.w3.org/2000/svg}"

TWICE = """
from pathlib import Path
from micrograd_bp.demo import small_network
from viz import frames
for path in frames(small_network(), {folder!r}):
    print(Path(path).read_text("utf-8"))
"""


def taken(cost):
    return list(steps(scene_of([cost], grads=False)))


def pictures(cost, folder):
    return [ET.parse(path).getroot() for path in frames(cost, folder)]


def group(svg, id):
    return svg.find(f".//*[@id='{id}']")


def texts(svg, id):
    return [text.text for text in group(svg, id).findall(f"{SVG}text")]


def shape(svg, id):
    return next(
        element for element in group(svg, id) if element.tag in (f"{SVG}polygon", f"{SVG}path")
    )


def current(svg):
    """The ids of the nodes with the border of the node whose turn it is."""
    nodes = [g.get("id") for g in svg.iter(f"{SVG}g") if "node value" in g.get("class", "")]
    return [id for id in nodes if shape(svg, id).get("stroke") == BLUE]


def reused():
    """C = a * a + a, with a = tanh(x): three ways back to a."""
    x = Value(0.5, "x")
    a = x.tanh()
    a.label = "a"
    C = a * a + a
    C.label = "C"
    return C


# The steps.


@pytest.mark.parametrize("cost", [one_neuron(), small_network(), reused()], ids=["1", "2-4-1", "a"])
def test_the_last_step_has_the_gradients_of_backward(cost):
    cost.zero_grad()
    cost.backward()
    nodes, last = topological_order(cost), taken(cost)[-1]
    for k, node in enumerate(nodes):
        if not node.is_constant:
            assert last.grads[k] == pytest.approx(node.grad, rel=1e-14)
    assert last.finished == last.grads.keys()


def test_forward_goes_in_topological_order():
    cost = small_network()
    nodes = topological_order(cost)
    inner = [k for k, node in enumerate(nodes) if node.operands]
    forward = [step for step in taken(cost) if not step.grads]
    assert [step.current for step in forward] == [None, *inner]
    position = {node: k for k, node in enumerate(nodes)}
    for before, step in pairwise(forward):
        operands = {position[operand] for operand in nodes[step.current].operands}
        assert operands <= before.computed
        assert step.computed - before.computed == {step.current}
    assert len(forward[-1].computed) == len(nodes)


def test_backward_waits_for_all_consumers():
    cost = small_network()
    nodes = topological_order(cost)
    backward = [step for step in taken(cost) if step.grads]
    assert backward[0].grads == {len(nodes) - 1: 1.0}
    for before, step in pairwise(backward):
        assert step.current in before.finished
        assert before.finished <= step.finished
        assert all(step.grads[k] == before.grads[k] for k in before.finished)
    assert len({step.current for step in backward}) == len(backward) - 1


def test_a_sum_over_consumers_grows_term_by_term():
    cost = reused()
    steps_ = taken(cost)
    a = [node.label for node in topological_order(cost)].index("a")
    seen = [step.gradient(a) for step in steps_ if step.grads]
    t = cost.operands[1].data
    assert seen == ["–", "1 + …", f"{1 + 2 * t:.4g}", f"{1 + 2 * t:.4g}"]
    assert steps_[-2].lines == [
        "backward 2 of 3: from * to its operands",
        f"grad a += 1 · {t:.4g} = {t:.4g}",
        f"grad a += 1 · {t:.4g} = {t:.4g}",
    ]


def test_lines_say_how_each_number_comes_about():
    lines = [step.lines for step in taken(one_neuron())]
    assert lines[1] == [
        "forward 1 of 5: z = weighted_sum",
        "z = (-0.5) · 2 + 0.25 · 1 + 0.5 = -0.25",
    ]
    assert lines[2][1] == "a = tanh(-0.25) = -0.2449"
    assert lines[3][1] == "(-0.2449) - 1 = -1.245"
    assert lines[-1][3] == "grad x₁ += -1.17 · (-0.5) = 0.5851"


def test_long_steps_are_shortened():
    many = taken(total([Value(1.0, f"x{k}") for k in range(30)]))
    assert many[1].lines[1] == "total(1, 1, 1, 1, 1, 1, …) = 30"
    assert many[-1].lines[-1] == "and 26 more like these"
    assert max(len(step.lines) for step in many) == 6
    five, six = (taken(total([Value(1.0) for _ in range(k)]))[-1].lines for k in (5, 6))
    assert len(five) == len(six) == 6
    assert five[-1].startswith("grad ") and six[-1] == "and 2 more like these"


def test_steps_do_not_need_backward_and_change_nothing():
    cost = reused()
    before = [(node.data, node.grad) for node in topological_order(cost)]
    first = taken(cost)[-1].grads
    assert [(node.data, node.grad) for node in topological_order(cost)] == before
    cost.backward()
    cost.backward()
    assert taken(cost)[-1].grads == first


# The pictures.


def test_one_numbered_file_for_each_step(tmp_path):
    paths = frames(one_neuron(), tmp_path / "deep" / "slides")
    assert paths == [str(tmp_path / "deep" / "slides" / f"frame-{k:03}.svg") for k in range(1, 13)]
    assert sorted((tmp_path / "deep" / "slides").iterdir()) == list(map(Path, paths))
    assert frames(one_neuron(), str(tmp_path / "deep" / "slides")) == paths


def test_all_frames_have_the_same_layout(tmp_path):
    def places(svg):
        shapes = [e.get("points") or e.get("d") for e in svg.iter() if e.tag != f"{SVG}text"]
        return (
            svg.get("viewBox"),
            shapes,
            [(e.get("x"), e.get("y")) for e in svg.iter(f"{SVG}text")],
        )

    found = [places(svg) for svg in pictures(small_network(), tmp_path)]
    assert all(place == found[0] for place in found)


def test_the_first_frame_has_the_leaves_alone(tmp_path):
    cost = one_neuron()
    first = pictures(cost, tmp_path)[0]
    for k, node in enumerate(topological_order(cost)):
        if node.is_constant:
            assert texts(first, f"v{k}") == [f"{node.data:.4g}"]
        else:
            data = "–" if node.operands else f"{node.data:.4g}"
            assert texts(first, f"v{k}")[1:] == [f"data {data}", "grad –"]
    assert current(first) == []


def test_the_last_frame_has_what_draw_shows(tmp_path):
    cost = small_network()
    last = pictures(cost, tmp_path)[-1]
    still = ET.fromstring(draw(cost).pipe())
    for k in range(len(topological_order(cost))):
        assert texts(last, f"v{k}") == texts(still, f"v{k}")
        assert shape(last, f"v{k}").get("fill") == shape(still, f"v{k}").get("fill")


def test_each_frame_shows_its_step(tmp_path):
    cost = reused()
    nodes = topological_order(cost)
    for svg, step in zip(pictures(cost, tmp_path), taken(cost), strict=True):
        assert [line for line in texts(svg, "graph0") if line] == list(step.lines)
        assert current(svg) == ([] if step.current is None else [f"v{step.current}"])
        for k, node in enumerate(nodes):
            data = f"{node.data:.4g}" if k in step.computed else "–"
            assert texts(svg, f"v{k}")[-2:] == [f"data {data}", f"grad {step.gradient(k)}"]
            assert (shape(svg, f"v{k}").get("fill") == WHITE) == (k not in step.finished)


def test_the_edges_of_the_step_are_marked(tmp_path):
    cost = one_neuron()
    for svg, step in zip(pictures(cost, tmp_path), taken(cost), strict=True):
        marked = {
            g.get("id")
            for g in svg.iter(f"{SVG}g")
            if g.get("class", "").startswith("edge")
            and shape(svg, g.get("id")).get("stroke") == BLUE
        }
        assert {id.split("_")[1] for id in marked} <= {str(step.current)}
        constants = {id for id in marked if group(svg, id).get("class") == "edge constant"}
        assert not (step.grads and constants)


def test_frames_are_well_formed_and_keep_ids_classes_and_titles(tmp_path):
    svg = pictures(small_network(), tmp_path)[7]
    still = ET.fromstring(draw(small_network()).pipe())
    named = [[(g.get("id"), g.get("class")) for g in x.iter(f"{SVG}g")] for x in (svg, still)]
    assert named[0] == named[1]
    assert svg.get("role") == "img"
    titles = {title.text for title in svg.iter(f"{SVG}title")}
    assert {"w₁₁¹", "layer 1", "C = *"} <= titles


def test_what_is_not_finite_is_red_once_it_is_known(tmp_path):
    cost = Value(float("inf"), "x") * Value(0.0, "y")
    svgs = pictures(cost, tmp_path)
    assert shape(svgs[0], "v2").get("fill") == WHITE
    assert shape(svgs[-1], "v0").get("fill") == shape(svgs[-1], "v1").get("fill") == RED


def test_a_leaf_alone_has_two_frames(tmp_path):
    assert len(frames(Value(1.0, "x"), tmp_path)) == 2


@pytest.mark.parametrize(
    "label", ["</text><script>alert(1)</script>", "a\nb", "\\l {x|y}", "\0\ud800", "x" * 300, ""]
)
def test_hostile_labels(tmp_path, label):
    cost = Value(1.0, label).tanh()
    cost.label = label
    for svg in pictures(cost, tmp_path):
        assert {e.tag.removeprefix(SVG) for e in svg.iter()} <= {
            *("svg", "g", "title", "text", "path", "polygon", "polyline")
        }


def test_the_same_frames_in_every_process(run_python, tmp_path):
    script = TWICE.format(folder=str(tmp_path))
    printed = {run_python(script, PYTHONHASHSEED=seed, PYTHONIOENCODING="utf-8") for seed in "012"}
    assert len(printed) == 1


# Refusals, and nothing outside of the folder.


def test_too_many_values_are_refused_before_anything_is_written(tmp_path):
    cost = quadratic(MLP(2, [8, 8, 1], rng=0)([1.0, 2.0]), 1.0)
    size = len(topological_order(cost))
    with pytest.raises(GraphTooLarge, match=rf"^{size} values .* the 110 .*explore\(cost"):
        frames(cost, tmp_path / "slides")
    assert list(tmp_path.iterdir()) == []


def test_the_most_values(tmp_path, monkeypatch):
    cost = reused()
    monkeypatch.setattr(sys.modules["viz.frames"], "LARGEST", len(topological_order(cost)))
    assert len(frames(cost, tmp_path)) == len(taken(cost))


def test_without_a_renderer_nothing_is_written(tmp_path, monkeypatch):
    monkeypatch.setenv("MICROGRAD_BP_DOT", "/no/such/dot")
    with pytest.raises(RendererNotFound):
        frames(one_neuron(), tmp_path / "slides")
    assert list(tmp_path.iterdir()) == []


def test_a_link_does_not_lead_out_of_the_folder(tmp_path):
    outside = tmp_path / "outside.svg"
    outside.write_text("mine")
    folder = tmp_path / "slides"
    folder.mkdir()
    (folder / "frame-001.svg").symlink_to(outside)
    (folder / "other.txt").write_text("mine too")
    frames(reused(), folder)
    assert outside.read_text() == "mine"
    assert (folder / "other.txt").read_text() == "mine too"
    assert not (folder / "frame-001.svg").is_symlink()


def test_a_file_in_place_of_the_folder_is_an_error(tmp_path):
    (tmp_path / "slides").write_text("a file")
    with pytest.raises(FileExistsError):
        frames(reused(), tmp_path / "slides")


def test_labels_stay_out_of_file_names(tmp_path):
    neuron = Neuron(1, rng=0)([Value(1.0, "../../x")])
    neuron.label = "../../escape"
    paths = frames(neuron, tmp_path)
    assert all(re.fullmatch(r"frame-\d{3}\.svg", Path(path).name) for path in paths)
    assert {Path(path).parent for path in paths} == {tmp_path}
