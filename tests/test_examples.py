"""The course in the order of the post: each example runs, shows what it says, draws its picture."""

import re
from pathlib import Path
from xml.etree import ElementTree

import numpy as np
import pytest

EXAMPLES = Path(__file__).parent.parent / "examples"
COURSE = sorted(path.name for path in EXAMPLES.glob("[0-9][0-9]_*.py"))
PICTURES = sorted((EXAMPLES / "pictures").iterdir())
README = (EXAMPLES.parent / "README.md").read_text(encoding="utf-8")
ABOUT = r'"""[A-Z][^\n]+\?\n\n(?:[^\n]+\n|\n)+"""\n'


def test_the_course_has_no_gap():
    numbers = sorted(int(path.name[:2]) for path in EXAMPLES.glob("[0-9][0-9]_*"))
    assert numbers == list(range(1, len(numbers) + 1))


def test_the_readme_lists_the_course_with_its_questions():
    rows = re.findall(r"^\| \[(\d\d)\]\(examples/(\S+)\) \| (.+) \|$", README, re.MULTILINE)
    for number, path, question in rows:
        assert path.startswith(f"{number}_")
        file = EXAMPLES / path
        text = (file / "backpropagation.py" if file.is_dir() else file).read_text(encoding="utf-8")
        assert text.startswith(f'"""{question}\n')
    assert [path for _, path, _ in rows] == sorted(path.name for path in EXAMPLES.glob("[0-9]*_*"))


@pytest.mark.parametrize("name", COURSE)
def test_each_begins_with_its_question(name):
    assert re.match(ABOUT, (EXAMPLES / name).read_text(encoding="utf-8"))


@pytest.mark.parametrize("name", COURSE[:12])
def test_each_writes_its_picture(example, name):
    ran = example(name)
    picture = ran.folder / name.replace(".py", ".svg")
    assert list(ran.folder.iterdir()) == [picture]
    assert f"wrote {picture.name}" in ran.printed
    drawn = ElementTree.parse(picture).getroot()
    assert drawn.tag == "{http://www.w3.org/2000/svg}svg"
    assert len(list(drawn.iter())) > 30


def texts(picture):
    """The texts of a picture, in its order: they do not depend on the version of Graphviz."""
    svg = ElementTree.parse(picture)
    return [text.text for text in svg.iter("{http://www.w3.org/2000/svg}text")]


@pytest.mark.parametrize("picture", PICTURES, ids=lambda picture: picture.name)
def test_the_pictures_of_the_readme_are_what_the_examples_draw(example, picture):
    drawn = example(f"{picture.stem}.py").folder / picture.name
    assert len(texts(picture)) > 10
    assert texts(picture) == texts(drawn)


def test_the_script_makes_the_pictures_of_the_readme():
    shown = re.findall(r"\(examples/pictures/(\w+)\.svg\)", README)
    script = (EXAMPLES / "pictures.py").read_text(encoding="utf-8")
    assert shown == re.findall(r'"(\d\d_\w+)"', script)
    assert sorted(shown) == [picture.stem for picture in PICTURES]


def test_gradient_descent(example):
    names = example("01_gradient_descent.py").names
    assert names["ratios"] == sorted(names["ratios"])  # nearer to 1 as eta shrinks
    assert names["ratios"][-1] == pytest.approx(1.0, abs=0.01)
    assert names["largest_eta"] == pytest.approx(2 / (4 + 5**0.5))
    reasons = {eta: course.reason for eta, course in names["courses"].items()}
    assert reasons == {0.1: "converged", 0.3: "converged", 0.31: "converged", 0.33: "diverged"}
    assert names["descent"].v == pytest.approx((15 / 11, -8 / 11))
    assert names["valley"].v == pytest.approx((1.0, 1.0), abs=0.03)
    assert names["in_the_valley"] < 10 < 1000 < names["valley"].steps


def test_stochastic_gradient_descent(example):
    names = example("02_stochastic_gradient_descent.py").names
    assert names["apart"] < 1e-14
    assert np.array(names["noise"]) * np.sqrt(names["sizes"]) == pytest.approx(
        [names["noise"][0]] * 4, rel=0.1
    )
    work = names["work"]
    assert work[200] == pytest.approx(20 * work[10], rel=0.01)
    assert names["curves"][10][-1] < 0.5 * names["curves"][200][-1]


def test_one_neuron(example):
    ran = example("03_one_neuron.py")
    for name, by_hand in ran.names["by_hand"].items():
        assert ran.names[name].grad == pytest.approx(by_hand, rel=1e-15)
    assert "0.5 · -2.49 · 1 · 0.94 · 1 · 1 · 2" in ran.printed


def test_topological_order(example):
    names = example("04_topological_order.py").names
    assert names["naive_grad"] == 162.0
    assert names["v"].grad == 108.0
    assert names["paths"] == 2**40
    assert len(names["edges"]) == 80


def test_notation(example):
    names = example("05_notation.py").names
    net = names["net"]
    assert names["z_by_hand"] == pytest.approx(net.z(1, 3).data)
    assert names["a_by_hand"] == pytest.approx(net.a(1, 3).data)
    assert names["output_by_hand"] == pytest.approx(net.a(2, 1).data)
    assert names["slope"] == pytest.approx(net.delta(1, 3), rel=1e-6)
    printed = example("05_notation.py").printed
    for symbol in ("w₂₃¹", "b₃¹", "z₂²", "a₁¹"):
        assert symbol in printed


@pytest.mark.parametrize("name", ["06_bp1.py", "07_bp2.py", "08_bp3.py", "09_bp4.py"])
def test_each_equation_in_both_forms(example, name):
    ran = example(name)
    graph = ran.names["graph"]
    assert graph.size >= 2 and np.all(graph != 0.0)
    np.testing.assert_allclose(ran.names["by_component"], graph, rtol=1e-14)
    np.testing.assert_allclose(ran.names["by_matrix"], graph, rtol=1e-14)
    assert ran.names["report"].ok
    equation = name[3:6].upper()
    assert re.search(rf"^{equation}   .+\n      = .+\n      = .+graph: ", ran.printed, re.MULTILINE)


def test_the_proofs_are_read_off_the_graph(example):
    bp1, bp2 = example("06_bp1.py").printed, example("07_bp2.py").names
    assert "d(a₂²)/d(z₁²) = 0: there is no path" in bp1
    assert sum(bp2["shares"]) == pytest.approx(bp2["net"].delta(1, 2))
    assert bp2["z"].grad == pytest.approx(bp2["net"].delta(1, 2))  # of the neuron that is drawn
    assert "d(z₁¹)/d(b₂¹) = 0: there is no path" in example("08_bp3.py").printed
    bp4 = example("09_bp4.py")
    assert "d(z₂²)/d(w₃₁²) = 0: there is no path" in bp4.printed
    assert [w.grad for w in bp4.names["w"]] == pytest.approx(bp4.names["graph"][:, 0])


def test_softmax(example):
    names = example("10_softmax.py").names
    assert names["error"] > 0.1
    np.testing.assert_allclose(names["repaired"], names["broken"].delta, atol=1e-15)
    assert not any(names["broken"].elementwise_right)
    assert names["likely"].elementwise_right == [True, False, False]
    np.testing.assert_allclose(names["short"], names["likely"].delta, atol=1e-15)
    np.testing.assert_allclose(names["on_z"], names["short"], atol=1e-4)


def test_two_passes(example):
    """Counts, not seconds, which the example measures and prints."""
    names = example("11_two_passes.py").names
    assert names["parameters"] == [15, 37, 105, 337, 697]
    assert max(names["apart"]) < 1e-5
    edges_per_parameter = np.divide(names["edges"], names["parameters"])
    assert np.ptp(edges_per_parameter) < 0.5


def test_matrix_form(example):
    ran = example("12_matrix_form.py")
    assert ran.names["apart"] < 1e-14
    lines = ran.printed.splitlines()
    for equation, count in {"BP1": 1, "BP2": 1, "BP3": 2, "BP4": 2}.items():
        assert sum(line.endswith(f" {equation}") for line in lines) == count
