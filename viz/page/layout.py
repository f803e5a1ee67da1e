"""The picture inside the page: an SVG by the program that draws, or a list where there is none."""

import subprocess
import xml.etree.ElementTree as ET
from collections.abc import Sequence
from html import escape

from viz.caption import heading, number
from viz.dot import body
from viz.page.snapshot import Snapshot
from viz.renderer import Renderer, RendererNotFound, find_renderer
from viz.style import role

SECONDS = 120
NAMESPACE = "{http://www.w3.org/2000/svg}"
ELEMENTS = {"svg", "g", "path", "polygon", "polyline", "ellipse", "text"}
ATTRIBUTES = {
    *("class", "cx", "cy", "d", "fill", "font-family", "font-size", "height", "id", "points"),
    *("rx", "ry", "stroke", "stroke-dasharray", "stroke-width", "text-anchor", "transform"),
    *("viewBox", "width", "x", "y"),
}


def picture(nodes: Sequence[Snapshot]) -> str:
    """HTML with an element `v3` for the fourth node, in which `.data` and `.grad` have its numbers.

    Raises RuntimeError if the program that draws fails.
    """
    try:
        renderer = find_renderer()
    except RendererNotFound as error:
        return _list(nodes, str(error))
    return sanitised(_drawn(renderer, nodes), nodes)


def sanitised(svg: str, nodes: Sequence[Snapshot]) -> str:
    """The SVG with nothing but shapes and text, and with titles that have all digits."""
    root = ET.fromstring(svg)
    titles = {f"v{k}": _title(node) for k, node in enumerate(nodes)}
    kept = _kept(root)
    for group in kept.iter("g"):
        if text := titles.get(group.get("id", "")):
            _mark_rows(group)
            group.insert(0, _element("title", text))
    # Points would be four thirds of the pixels in which the script measures.
    _, _, width, height = kept.get("viewBox", "0 0 0 0").split()
    kept.attrib |= {"width": width, "height": height}
    kept.set("role", "img")
    kept.set("aria-label", f"computation graph of {len(nodes)} values")
    return ET.tostring(kept, encoding="unicode")


def _drawn(renderer: Renderer, nodes: Sequence[Snapshot]) -> str:
    source = "digraph {\n" + "".join(body(nodes)) + "}\n"
    command = [renderer.path, "-Kdot", "-Tsvg"]
    done = subprocess.run(command, input=source.encode(), capture_output=True, timeout=SECONDS)
    if done.returncode != 0:
        message = done.stderr.decode(errors="replace").strip()
        raise RuntimeError(f"{renderer.name} could not draw the page: {message}")
    return done.stdout.decode()


def _kept(element: ET.Element) -> ET.Element:
    """A copy of what is allowed; no namespaces, so that it can stand in HTML."""
    kept = ET.Element(element.tag.removeprefix(NAMESPACE))
    kept.attrib.update({key: x for key, x in element.attrib.items() if key in ATTRIBUTES})
    kept.text = element.text if kept.tag == "text" else None
    kept.extend(_kept(child) for child in element if _is_allowed(child))
    return kept


def _is_allowed(element: ET.Element) -> bool:
    return isinstance(element.tag, str) and element.tag.removeprefix(NAMESPACE) in ELEMENTS


def _mark_rows(group: ET.Element) -> None:
    """Say by class which lines of text are data and gradient: the last two; constants have none."""
    lines = group.findall("text")
    if "constant" not in group.get("class", ""):
        for line, name in zip(lines[-2:], ("data", "grad"), strict=True):
            line.set("class", name)


def _title(node: Snapshot) -> str:
    return f"{heading(node)}\ndata {node.data!r}\ngrad {node.grad!r}"


def _element(tag: str, text: str, **attributes: str) -> ET.Element:
    element = ET.Element(tag, attributes)
    element.text = text
    return element


def _list(nodes: Sequence[Snapshot], help: str) -> str:
    rows = "\n".join(_row(f"v{k}", node, nodes[-1]) for k, node in enumerate(nodes))
    return f'<p class="help">{escape(help)}</p>\n<div class="list">\n{rows}\n</div>'


def _row(name: str, node: Snapshot, root: Snapshot) -> str:
    row = ET.Element("div", {"id": name, "class": f"value {role(node, root)}"})
    row.append(_element("b", heading(node).replace("\n", " ")))
    if not node.is_constant:
        row.append(_element("span", f"data {number(node.data)}", **{"class": "data"}))
        row.append(_element("span", f"grad {number(node.grad)}", **{"class": "grad"}))
    return ET.tostring(row, encoding="unicode")
