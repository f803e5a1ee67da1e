"""An SVG by Graphviz, laid out once, with other texts and looks in each copy."""

import xml.etree.ElementTree as ET
from collections.abc import Mapping, Sequence
from copy import deepcopy

NAMESPACE = "http://www.w3.org/2000/svg"


class Drawing:
    """The groups of an SVG by their ids: nodes, edges, and `graph0`, which is all of it."""

    def __init__(self, root: ET.Element) -> None:
        self._root = root
        self._groups = {group.get("id", ""): group for group in root.iter("g")}

    def copy(self) -> "Drawing":
        return Drawing(deepcopy(self._root))

    def __str__(self) -> str:
        return ET.tostring(self._root, encoding="unicode") + "\n"

    def __contains__(self, id: str) -> bool:
        return id in self._groups

    def write(self, id: str, lines: Sequence[str]) -> None:
        """Put `lines` into the last lines of text of a group."""
        texts = self._groups[id].findall("text")
        for element, line in zip(texts[len(texts) - len(lines) :], lines, strict=True):
            element.text = line

    def look(self, id: str, tags: Sequence[str], attributes: Mapping[str, str]) -> None:
        """Set attributes of the shapes or texts of a group."""
        for element in self._groups[id]:
            if element.tag in tags:
                element.attrib.update(attributes)


def drawing_of(svg: str) -> Drawing:
    root = ET.fromstring(svg)
    for element in root.iter():
        element.tag = element.tag.removeprefix(f"{{{NAMESPACE}}}")
    root.set("xmlns", NAMESPACE)
    return Drawing(root)
