"""The page, used as a person would: Debian's chromium through Playwright.

Skipped, with the reason, where one of them is missing; an error where BROWSER_TESTS=required, which
`.ci/run` says after installing both.
"""

import os
import random
import shutil
import struct
from contextlib import contextmanager
from statistics import median
from unicodedata import normalize

import pytest

from micrograd_bp import MLP, Value, log_likelihood, quadratic
from micrograd_bp.notation import Symbol
from viz import explore, trace
from viz.caption import number
from viz.page import frame
from viz.page.snapshot import snapshots

PROGRAMS = "chromium", "chromium-browser", "google-chrome"
OPTIONS = [
    *("--no-sandbox", "--disable-gpu", "--disable-quic", "--no-first-run"),
    *("--disable-background-networking", "--disable-component-update", "--disable-sync"),
]
DESK, PHONE = {"width": 1280, "height": 800}, {"width": 390, "height": 844}


def absent(reason):
    if os.environ.get("BROWSER_TESTS") == "required":
        pytest.fail(f"{reason}, and BROWSER_TESTS=required")
    pytest.skip(reason)


@pytest.fixture(scope="module")
def chromium():
    try:
        from playwright.sync_api import sync_playwright
    except ImportError:
        absent("playwright is not installed")
    path = next(filter(None, map(shutil.which, PROGRAMS)), None)
    if path is None:
        absent(f"there is none of {', '.join(PROGRAMS)} on PATH")
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=path, args=OPTIONS)
        yield browser
        browser.close()


class Visit:
    """A page that is open, and all that it asked for or complained of."""

    def __init__(self, page, path):
        self.page, self.requests, self.complaints = page, [], []
        page.on("request", lambda request: self.requests.append(request.url))
        page.on("console", lambda message: self.complaints.append(message.text))
        page.on("pageerror", lambda error: self.complaints.append(str(error)))
        page.on("dialog", lambda dialog: self.complaints.append(dialog.message))
        page.goto(f"file://{path}")

    def text(self, selector):
        return self.page.text_content(selector)

    def numbers(self):
        """data and grad in the panel."""
        return self.page.locator("#panel .numbers dd").all_text_contents()

    def press(self, *keys):
        for key in keys:
            self.page.keyboard.press(key)

    def run(self, script):
        return self.page.evaluate(script)


@pytest.fixture
def visit(chromium, tmp_path):
    """Write the page of a root, open it, and see at the end that it was quiet."""
    visits, contexts = [], []

    def open_page(root, viewport=DESK, **options):
        contexts.append(chromium.new_context(viewport=viewport, **options))
        path = explore(root, tmp_path / f"page{len(contexts)}.html")
        visits.append(Visit(contexts[-1].new_page(), path))
        return visits[-1]

    yield open_page
    for found in visits:
        assert found.complaints == []
        assert len(found.requests) == 1 and found.requests[0].startswith("file://")
    for context in contexts:
        context.close()


def network_cost(nouts=(2, 1), target=(1.0,), cost=quadratic, output="sigmoid"):
    net = MLP(2, list(nouts), activation="tanh", output=output, rng=0)
    C = cost(net([1.0, -2.0]), list(target))
    C.label = "C"
    C.backward()
    return net, C


def neuron_by_hand():
    """A value with several consumers, a repeated operand, and a branch of every kind."""
    x, y = Value(2.0, "x"), Value(-3.0, "y")
    v = (x * y + x.exp()) / (1 + y * y) + abs(x) * x.sqrt() - y
    v.backward()
    return v


def network_of_985():
    """2-16-16-1 with relu, its sums written as chains of + and *."""
    draw = random.Random(0)
    a = [Value(1.0, Symbol("a", 0, (1,))), Value(-2.0, Symbol("a", 0, (2,)))]
    for l, size in enumerate((16, 16, 1), 1):
        layer = []
        for j in range(1, size + 1):
            z = Value(0.0, Symbol("b", l, (j,)))
            for i, a_i in enumerate(a, 1):
                z = z + Value(draw.uniform(-1.0, 1.0), Symbol("w", l, (i, j))) * a_i
            z.label = Symbol("z", l, (j,))
            layer.append(z if l == 3 else z.relu())
            if l < 3:
                layer[-1].label = Symbol("a", l, (j,))
        a = layer
    C = 0.5 * (a[0] - 1.0) ** 2
    C.backward()
    return C


# Loading and hovering.


@pytest.mark.parametrize("make", [neuron_by_hand, lambda: network_cost()[1], lambda: Value(1.0)])
def test_it_loads_without_requests_and_complaints(visit, make):
    found = visit(make())
    assert found.run("document.documentElement.className") == "ready"
    assert found.run("performance.getEntriesByName('ready').length") == 1


def test_hovering_shows_python_s_numbers(visit):
    _, C = network_cost()
    found = visit(C)
    for k, node in enumerate(trace(C)[0]):
        found.page.hover(f"#v{k}")
        expected = [repr(node.data)] + [repr(node.grad)] * (not node.is_constant)
        assert found.numbers() == expected
    found.page.hover("#why")
    assert found.numbers() == [repr(C.data), "1.0"]


def test_the_panel_writes_the_equation_and_the_sum_over_the_consumers(visit):
    net, C = network_cost()
    nodes = trace(C)[0]
    found = visit(C)
    x = nodes.index(net.a(0, 1))
    found.page.hover(f"#v{x}")
    text = found.text("#panel").replace("\u2212", "-")
    terms = []
    for j in (1, 2):
        z, w = net.z(1, j), net.weight(1, 1, j)
        row = [number(z.grad), number(w.data), number(z.grad * w.data)]
        assert "".join(row) in text
        terms.append(row)
    assert f"={number(net.a(0, 1).grad)}" in text.replace(" ", "")
    found.page.hover(f"#v{nodes.index(net.a(1, 1))}")
    text = found.text("#panel").replace("\u2212", "-")
    assert f"=tanh({number(net.z(1, 1).data)})" in text.replace("((", "(").replace("))", ")")
    assert number(net.a(1, 1).local_derivatives[0]) in text


def test_numbers_are_written_as_python_does(visit):
    found = visit(Value(1.0, "x"))
    draw = random.Random(0)
    numbers = [struct.unpack("<d", draw.randbytes(8))[0] for _ in range(2_000)]
    numbers += [draw.gauss(0.0, 10.0 ** draw.randint(-8, 20)) for _ in range(2_000)]
    numbers += [0.0, -0.0, 1.0, -1.0, 0.1, 1e16, 1e15, 9999999999999998.0, 1e-4, 1e-5, 5e-324]
    numbers += [123456.0, 99995.0, 9999.5, 0.00099995, 1.7976931348623157e308, 100.0, 1e22]
    numbers = [x for x in numbers if x == x and abs(x) != float("inf")]
    texts = found.page.evaluate("numbers => numbers.map((x) => [repr(x), short(x)])", numbers)
    assert texts == [[repr(x), format(x, ".4g")] for x in numbers]
    special = "[NaN, Infinity, -Infinity, -0].map((x) => [repr(x), short(x)])"
    assert found.run(special) == [["nan"] * 2, ["inf"] * 2, ["-inf"] * 2, ["-0.0", "-0"]]


def test_inf_and_nan_are_shown(visit):
    x, y = Value(float("inf"), "x"), Value(float("nan"), "y")
    z = x * y
    z.backward()
    found = visit(z)
    found.page.hover("#v0")
    assert found.numbers() == ["inf", "nan"]
    found.page.hover("#v1")
    assert found.numbers() == ["nan", "inf"]


# Stepping.


@pytest.mark.parametrize("make", [neuron_by_hand, lambda: network_cost()[1]])
def test_stepping_visits_every_value_once_each_way_and_ends_at_grad(visit, make):
    root = make()
    nodes = trace(root)[0]
    position = {id(node): k for k, node in enumerate(nodes)}
    found = visit(root)
    found.press("Home")
    assert found.text("#position") == "start"
    assert found.text("#v0 .data" if not nodes[0].is_constant else "#v1 .data") == "data"
    forward, backward = [], []
    for visited in (forward, backward):
        for _ in nodes:
            found.press("ArrowRight")
            k = found.run("current()")
            visited.append(k)
            if visited is forward:
                assert all(position[id(x)] in forward[:-1] for x in nodes[k].operands)
            else:
                consumers = [n for n in range(len(nodes)) if nodes[k] in nodes[n].operands]
                assert set(consumers) <= set(backward[:-1])
            assert found.run("selection.selected") == k
    assert sorted(forward) == sorted(backward) == list(range(len(nodes)))
    found.press("ArrowRight")
    assert found.text("#position") == "finished"
    for k, node in enumerate(nodes):
        if not node.is_constant:
            assert found.text(f"#v{k} .grad") == f"grad {number(node.grad)}"
    found.press("ArrowRight")
    assert found.text("#position") == "finished"
    found.press("ArrowLeft")
    assert found.text("#position") == f"backward {len(nodes)} of {len(nodes)}"


def test_the_last_sum_is_the_gradient(visit):
    root = neuron_by_hand()
    found = visit(root)
    sums = found.run("nodes.map((node) => sum(node.consumers.map(contribution)))")
    for node, total in list(zip(trace(root)[0], sums, strict=True))[:-1]:
        assert total == pytest.approx(node.grad, rel=1e-12)


def test_backward_says_what_waits_and_the_part_of_its_sum(visit):
    root = neuron_by_hand()
    nodes = trace(root)[0]
    x = next(k for k, node in enumerate(nodes) if node.label == "x")
    found = visit(root)
    found.page.click("#turn")
    assert found.text("#position") == f"forward {len(nodes)} of {len(nodes)}"
    waited, parts = [], []
    while found.text("#position") != "finished":
        found.press("ArrowRight")
        row = found.text(f"#v{x} .grad")
        if row.startswith("waits for"):
            waited.append(int(row.split()[-1]))
            found.page.hover("#why")
            found.page.hover(f"#v{x}")
            panel = found.text("#panel").replace("\u2212", "-")
            assert f"waits for {waited[-1]} of 4 consumers" in panel
            parts.append(found.run(f"sum(arrived({x}).map(contribution))"))
            assert number(parts[-1]) + "so far" in panel.replace(" ", "").replace("sofar", "so far")
            assert "Waiting:" in found.text("#queue")
    assert sorted(set(waited), reverse=True) == [3, 2, 1]


def test_a_step_passes_its_gradient_on_at_once(visit):
    root = neuron_by_hand()
    nodes = trace(root)[0]
    position = {id(node): k for k, node in enumerate(nodes)}
    found = visit(root)
    found.page.click("#turn")
    assert found.text(f"#v{len(nodes) - 1} .grad") == "grad"
    found.press("ArrowRight")
    first, second = (position[id(x)] for x in root.operands)
    assert found.text(f"#v{first} .grad") == f"grad {number(nodes[first].grad)}"
    assert found.text(f"#v{second} .grad") == "waits for 3"
    cells = found.page.locator("#panel h3:text('Passed on') + table td").all_text_contents()
    assert [cell.replace("\u2212", "-").strip() for cell in cells] == [
        *(f"v{first}", "1", number(nodes[first].grad), "complete"),
        *("y", "-1", "-1", "3 of 4"),
    ]


def test_the_reason_for_the_order(visit):
    x = Value(2.0, "x")
    y = x * 3.0 + x.exp()
    y.label = "y"
    y.backward()
    found = visit(y)
    reasons = []
    found.press("Home")
    for _ in range(2 * len(trace(y)[0])):
        found.press("ArrowRight")
        reasons.append(found.text("#why"))
    assert "x is given: a leaf has no operands." in reasons
    assert "v₂ can be computed: x and 3 are known." in reasons
    assert "y comes first: it has no consumers, and ∂y/∂y = 1. It passes" in " ".join(reasons)
    assert reasons[-1].startswith("x is next: both its consumers are done")
    assert any("its only consumer y is done" in reason for reason in reasons)
    found.press("ArrowLeft")
    assert "Ready, next first:" in found.text("#queue")


def test_the_slider_steps_too(visit):
    found = visit(neuron_by_hand())
    found.page.focus("#slider")
    found.press("Home", "ArrowRight", "ArrowRight")
    assert found.text("#position").startswith("forward 2 of")
    found.press("End")
    assert found.text("#position") == "finished"
    found.page.fill("#slider", "1")
    assert found.text("#position").startswith("forward 1 of")


# The equations.


def equations(found, nodes, node):
    found.page.hover(f"#v{nodes.index(node)}")
    names = found.page.locator("#panel .equations dt").all_text_contents()
    texts = found.page.locator("#panel .equations dd").all_text_contents()
    plain = [text.replace("\u2212", "-").replace(" ", "") for text in texts]
    return dict(zip(names, plain, strict=True))


def test_bp1_to_bp4_with_their_numbers(visit):
    net, C = network_cost()
    nodes = trace(C)[0]
    found = visit(C)
    last = equations(found, nodes, net.z(2, 1))
    assert list(last) == ["BP1", "BP3", "BP4"]
    slope = net.a(2, 1).local_derivatives[0]
    assert f"=({number(net.a(2, 1).grad)})·{number(slope)}={number(net.delta(2, 1))}" in last["BP1"]
    assert last["BP3"].endswith(f"={number(net.bias(2, 1).grad)}")
    for i in (1, 2):
        assert f"={number(net.weight(2, i, 1).grad)}" in last["BP4"]
    for node in (net.z(1, 2), net.a(1, 2), net.bias(1, 2), net.weight(1, 1, 2)):
        hidden = equations(found, nodes, node)
        assert list(hidden) == ["BP2", "BP3", "BP4"]
        assert hidden["BP2"].endswith(f"={number(net.delta(1, 2))}")
    assert "neuron 2 of layer 1" in found.text("#panel")


def test_softmax_has_the_general_form(visit):
    net, C = network_cost((2, 3), (1.0, 0.0, 0.0), log_likelihood, "softmax")
    found = visit(C)
    known = equations(found, trace(C)[0], net.z(2, 2))
    assert list(known) == ["BP1*", "BP3", "BP4"]
    assert "doesnothold" in known["BP1*"]
    assert known["BP1*"].endswith(f"={number(net.delta(2, 2))}")


def test_a_second_pass_without_zero_grad_is_visible(visit):
    net, C = network_cost()
    C.backward()
    nodes = trace(C)[0]
    w = net.weight(1, 1, 1)
    found = visit(C)
    assert "grad holds earlier passes at 11 leaves" in found.text("#summary")
    found.page.hover(f"#v{nodes.index(w)}")
    assert found.numbers()[1] == repr(snapshots(C)[nodes.index(w)].grad)
    note = found.text("#panel .note")
    assert "grad holds earlier passes" in note and repr(w.grad) in note and "zero_grad()" in note
    found.page.hover(f"#v{nodes.index(net.z(1, 1))}")
    assert found.page.locator("#panel .note").count() == 0
    net.zero_grad()
    for x in net.latest_inputs():
        x.grad = 0.0
    C.backward()
    assert visit(C).text("#summary") == ""


def test_before_backward_the_page_says_so(visit):
    x = Value(3.0, "x")
    found = visit(x * x)
    found.page.hover("#v0")
    assert found.numbers() == ["3.0", "6.0"]
    assert "backward() has not run" in found.text("#panel .note")


# Keyboard, search, zoom.


def focused(found):
    return found.run("document.activeElement.id || document.activeElement.tagName")


def test_the_keyboard_alone_reaches_everything(visit):
    _, C = network_cost()
    found = visit(C)
    root = len(trace(C)[0]) - 1
    reached = []
    for _ in range(40):
        found.press("Tab")
        reached.append(focused(found))
    order = ["search", "farther", "whole", "closer", "theme", "keys", f"v{root}", "panel"]
    order += ["start", "back", "turn", "slider"]
    assert [name for name in reached if name in order][: len(order)] == order


def test_keys(visit):
    _, C = network_cost()
    count = len(trace(C)[0])
    found = visit(C)
    found.press("ArrowUp")
    assert focused(found) == f"v{count - 2}"
    found.press("ArrowDown", "ArrowDown")
    assert focused(found) == f"v{count - 1}"
    found.press("Home")
    assert found.text("#position") == "start"
    found.press("ArrowRight", "ArrowRight", "ArrowLeft")
    assert found.text("#position") == f"forward 1 of {count}"
    found.press("End")
    assert found.text("#position") == "finished"
    scale = found.run("view.scale")
    found.press("+")
    assert found.run("view.scale") == pytest.approx(1.25 * scale)
    found.press("-", "-")
    assert found.run("view.scale") == pytest.approx(0.8 * scale)
    found.press("0")
    assert found.run("view.scale") == pytest.approx(scale)
    found.press("?")
    assert found.run("byId('help').open")
    found.press("ArrowLeft", "Escape")
    assert not found.run("byId('help').open")
    assert found.text("#position") == "finished"
    found.press("?", "Enter")
    assert not found.run("byId('help').open")


def test_search(visit):
    net, C = network_cost()
    nodes = trace(C)[0]
    found = visit(C)
    for wanted, node in [("w12", net.weight(1, 1, 2)), ("w_21^2", net.weight(2, 2, 1))]:
        found.press("/")
        found.page.fill("#search", "")
        found.page.keyboard.type(wanted)
        assert found.run("nodes[selection.selected].name") == node.label
        assert found.numbers() == [repr(node.data), repr(node.grad)]
        found.press("Escape")
        assert focused(found) == f"v{nodes.index(node)}"
    found.press("/")
    found.page.fill("#search", "z")
    names = [found.run("nodes[selection.selected].name")]
    assert found.text("#found") == "1 of 3"
    found.press("Enter")
    names.append(found.run("nodes[selection.selected].name"))
    found.press("Enter")
    names.append(found.run("nodes[selection.selected].name"))
    assert sorted(names) == sorted(net.z(l, j).label for l, j in [(1, 1), (1, 2), (2, 1)])
    found.press("Shift+Enter")
    assert found.run("nodes[selection.selected].name") == names[1]
    found.page.fill("#search", "nothing")
    assert found.text("#found") == "not found"


def test_a_click_keeps_a_value_in_the_panel(visit):
    net, C = network_cost()
    nodes = trace(C)[0]
    found = visit(C)
    z = net.z(1, 1)
    found.page.click(f"#v{nodes.index(z)}")
    found.page.hover("#why")
    assert found.numbers() == [repr(z.data), repr(z.grad)]
    found.page.click(f'#panel td [data-node="{nodes.index(net.a(1, 1))}"]')
    assert found.numbers()[0] == repr(net.a(1, 1).data)
    assert focused(found) == "panel"
    found.press("Tab", "Enter")
    assert focused(found) == "panel"
    assert found.numbers()[0] == repr(z.data)
    found.page.focus(f"#v{nodes.index(net.a(1, 1))}")
    assert found.numbers()[0] == repr(net.a(1, 1).data)


def test_wheel_and_drag(visit):
    _, C = network_cost()
    found = visit(C)
    scale = found.run("view.scale")
    box = found.page.locator("#picture").bounding_box()
    x, y = box["x"] + box["width"] / 2, box["y"] + box["height"] / 2
    found.page.mouse.move(x, y)
    found.page.mouse.wheel(0, -600)
    found.page.wait_for_function(f"view.scale > {1.5 * scale}")
    box = "drawing.getBoundingClientRect()"
    under = f"[({x} - {box}.left) / {box}.width, ({y} - {box}.top) / {box}.height]"
    point = found.run(under)
    found.page.mouse.wheel(0, -300)
    found.page.wait_for_function(f"view.scale > {3 * scale}")
    assert found.run(under) == pytest.approx(point, abs=0.005)
    before = found.run("[picture.scrollLeft, picture.scrollTop]")
    found.page.mouse.down()
    found.page.mouse.move(x - 60, y - 30, steps=4)
    found.page.mouse.up()
    after = found.run("[picture.scrollLeft, picture.scrollTop]")
    assert after == [pytest.approx(before[0] + 60, abs=1), pytest.approx(before[1] + 30, abs=1)]
    found.page.click("#whole")
    assert found.run("view.scale") == pytest.approx(scale)


# Screen readers, themes, sizes, no scripts.


def test_everything_to_press_has_a_name(visit):
    _, C = network_cost()
    found = visit(C)
    found.press("Home", "ArrowRight")
    nameless = """[...document.querySelectorAll("button, input, [role=button], [role=group]")]
        .filter((e) => !(e.getAttribute("aria-label") || e.textContent.trim() || e.labels?.length))
        .map((e) => e.outerHTML)"""
    assert found.run(nameless) == []
    assert found.run("document.documentElement.lang") == "en"
    z = [node.label for node in trace(C)[0]].index("z₁¹")
    assert found.page.get_attribute(f"#v{z}", "aria-label") == "z₁¹ = weighted_sum, data, grad"
    found.press("End")
    label = found.page.get_attribute(f"#v{z}", "aria-label")
    node = trace(C)[0][z]
    assert label == f"z₁¹ = weighted_sum, data {number(node.data)}, grad {number(node.grad)}"
    assert found.page.get_attribute("#why", "aria-live") == "polite"
    tabbable = "document.querySelectorAll('#picture [tabindex=\"0\"]').length"
    assert found.run(tabbable) == 1


def luminance(found, selector, what):
    style = f"getComputedStyle(document.querySelector('{selector}')).{what}"
    red, green, blue = map(float, found.run(f"{style}.match(/[\\d.]+/g).slice(0, 3)"))
    return (0.2126 * red + 0.7152 * green + 0.0722 * blue) / 255


@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_light_and_dark(visit, scheme):
    found = visit(neuron_by_hand(), color_scheme=scheme)
    for _ in range(2):
        ground, ink = (luminance(found, "body", what) for what in ("backgroundColor", "color"))
        assert (ground < 0.2 and ink > 0.7) if scheme == "dark" else (ground > 0.9 and ink < 0.2)
        found.page.click("#theme")
        scheme = "light" if scheme == "dark" else "dark"


def test_on_a_phone_nothing_is_cut_off(visit):
    found = visit(network_cost()[1], viewport=PHONE, has_touch=True)
    assert found.run("document.documentElement.scrollWidth") <= PHONE["width"]
    found.page.tap("#back")
    assert found.page.locator("#panel").bounding_box()["height"] > 80
    assert found.page.locator("#forth").bounding_box()["y"] < PHONE["height"]
    found.page.tap("#v8")
    assert found.run("selection.selected") == 8


def test_without_scripts_there_is_a_still_picture(visit):
    _, C = network_cost()
    found = visit(C, java_script_enabled=False)
    assert found.page.locator("#picture svg").bounding_box()["width"] > 500
    assert "A still picture" in found.page.inner_text("header")
    assert not found.page.is_visible("#slider") and not found.page.is_visible("#panel")
    assert repr(C.data) in found.text("#v22 title")


def test_printed_it_is_picture_and_panel(visit):
    found = visit(network_cost()[1], color_scheme="dark")
    found.page.emulate_media(media="print")
    assert not found.page.is_visible("#slider") and found.page.is_visible("#panel")
    box = found.page.locator("#picture svg").first.bounding_box()
    assert box["width"] <= DESK["width"] and box["height"] > 100
    assert luminance(found, "body", "backgroundColor") > 0.9


def test_without_a_renderer_the_list_steps_too(visit, monkeypatch, tmp_path):
    monkeypatch.setattr("viz.renderer._embedded", lambda: None)
    with monkeypatch.context() as context:
        context.setenv("PATH", str(tmp_path))
        context.delenv("MICROGRAD_BP_DOT", raising=False)
        root = neuron_by_hand()
        found = visit(root)
    assert "pip install" in found.text("#picture .help")
    assert not found.page.is_visible("#zoom")
    nodes = trace(root)[0]
    x = next(k for k, node in enumerate(nodes) if node.label == "x")
    found.page.hover(f"#v{x}")
    assert found.numbers() == [repr(nodes[x].data), repr(nodes[x].grad)]
    found.press("Home")
    assert found.text(f"#v{x} .data") == "data"
    found.press("End", "ArrowUp")
    assert focused(found) == f"v{len(nodes) - 2}"


def test_the_frame_of_a_notebook(chromium, tmp_path):
    path = tmp_path / "notebook.html"
    _, C = network_cost()
    path.write_text(f"<!doctype html><body>{frame(C)._repr_html_()}", "utf-8")
    found = Visit(chromium.new_page(), path)
    inside = found.page.frame_locator("iframe")
    inside.locator("#start").click()
    inside.locator("#forth").click()
    assert inside.locator("#position").text_content() == f"forward 1 of {len(trace(C)[0])}"
    inside.locator("#keys").click()
    inside.locator("#close").click()
    assert not inside.locator("#help").is_visible()
    inside.locator("#end").click()
    inside.locator("#v8").hover()
    assert inside.locator("#panel dd").first.text_content() == repr(trace(C)[0][8].data)
    assert found.complaints == []
    assert {url for url in found.requests if not url.startswith(("file://", "about:"))} == set()
    found.page.close()


# Labels that want to be more than labels.

HOSTILE = [
    "</script><script>alert(1)</script>",
    "</title></svg><img src=x onerror=alert(1)>",
    "\"'`{}[]$\\ ${alert(1)} {{data}}",
    "control \x00\x07\x1b[31m\x7f and lone \ud800",
    "right \u202eto\u202c left \u200f mark",
    "שלום עולם",
    "__proto__",
    "constructor",
    "x" * 10_000,
]


def test_hostile_labels_do_nothing(visit):
    x = [Value(float(k + 1), label) for k, label in enumerate(HOSTILE)]
    y = x[0]
    for x_k in x[1:]:
        y = y * x_k
    y.label = HOSTILE[0]
    y.backward()
    found = visit(y)
    assert found.page.title().startswith("</script><script>alert(1)</script>: 17 values")
    assert found.run("document.scripts.length") == 9
    assert found.run("document.images.length") == 0
    for snapshot, k in zip(snapshots(y), range(17), strict=True):
        found.page.hover(f"#v{k}")
        assert found.numbers() == [repr(snapshot.data), repr(snapshot.grad)]
        words = found.text("#panel .words")
        name = found.run(f"nodes[{k}].name")
        assert len(name) <= 201
        shown = normalize("NFKC", words + found.text("#panel h2"))
        assert normalize("NFKC", name) in shown
    found.press("Home")
    for _ in range(2 * 17):
        found.press("ArrowRight")
    found.press("/")
    found.page.keyboard.type("__proto__")
    assert found.run("nodes[selection.selected].name") == "__proto__"
    assert found.run("document.scripts.length") == 9
    assert found.page.locator("#panel img, #picture img, #panel script").count() == 0


def test_hostile_operations_do_nothing(visit):
    from micrograd_bp import Primitive

    y = Value(2.0, "x")
    for name in ["__proto__", "constructor", "</script><script>alert(1)</script>", "toString"]:
        y = Primitive(name, lambda x: x, lambda x: x, lambda z, x: (2.0 * x,))(y)
    y.backward()
    found = visit(y)
    found.press("Home")
    for _ in range(2 * len(trace(y)[0])):
        found.press("ArrowRight")
    found.page.hover("#v0")
    assert found.numbers() == ["2.0", "256.0"]


# Speed, in processor time of the page's own thread, which other programs do not slow down.


HOVER_OVER_60 = """async () => {
    const frame = () => new Promise((done) => requestAnimationFrame(() => setTimeout(done)));
    const times = [];
    for (let i = 0; i < 60; i++) {
        const start = performance.now();
        const event = new PointerEvent("pointerover", { bubbles: true, pointerType: "mouse" });
        groups[(i * 37) % count].dispatchEvent(event);
        await frame();
        times.push(performance.now() - start);
    }
    return times;
}"""


@contextmanager
def processor_time(page, record, name):
    session = page.context.new_cdp_session(page)
    session.send("Performance.enable", {"timeDomain": "threadTicks"})

    def spent():
        metrics = session.send("Performance.getMetrics")["metrics"]
        return next(entry["value"] for entry in metrics if entry["name"] == "TaskDuration")

    before = spent()
    yield
    record[name] = spent() - before


def test_985_values_are_ready_and_follow_the_pointer_in_time(chromium, tmp_path):
    root = network_of_985()
    assert len(trace(root)[0]) == 985
    path = explore(root, tmp_path / "large.html")
    page = chromium.new_page(viewport=DESK)
    spent = {}
    with processor_time(page, spent, "ready"):
        found = Visit(page, path)
    ready = found.run("performance.getEntriesByName('ready')[0].startTime") / 1000
    with processor_time(page, spent, "hover"):
        times = found.run(HOVER_OVER_60)
    with processor_time(page, spent, "step"):
        for _ in range(20):
            found.press("ArrowLeft")
    page.close()
    print(
        f"\n985 values: {os.path.getsize(path) / 1e6:.2f} MB; ready after {ready:.2f} s,"
        f" {spent['ready']:.2f} s of processor time; a hover {median(times):.0f} ms,"
        f" {spent['hover'] / 60 * 1000:.0f} ms of processor time; a step"
        f" {spent['step'] / 20 * 1000:.0f} ms of processor time"
    )
    assert found.complaints == []
