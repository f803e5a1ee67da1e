"""DOT text of boxes in columns, a column for each layer, and of lines between them.

The places are pinned, so that Graphviz has only to draw: columns are straight and in order, and
thousands of lines take a second.
"""

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass

from viz.boxes import Box, Column, Point, positions
from viz.caption import line, number
from viz.dot import EDGE, GRAPH, NODE, label_lines
from viz.escape import plain_label, statement
from viz.network import Network, data, is_finite
from viz.style import BORDERS, NOT_FINITE

PINNED = {"inputscale": "72", "layout": "neato", "outputorder": "edgesfirst", "splines": "line"}
SIDES = {"LR": ("e", "w"), "TB": ("s", "n")}  # where a line leaves a box, and where it arrives
HEADING = {"color": "#ffffff", "fontcolor": "#555555"}
NUMBERS = {"color": "#ffffff", "margin": "0"}
COSTS_UP_TO = 5  # roots that are written out


@dataclass(frozen=True)
class Line:
    """A line from one box to another, maybe with rows of numbers on it."""

    name: str
    tail: str
    head: str
    look: dict[str, str]
    rows: Sequence[str] = ()

    @property
    def numbers(self) -> Box:
        """The box of the numbers."""
        return Box(f"{self.name}_numbers", "numbers", self.rows, NUMBERS, font=8.0, padding=6.0)

    def statements(self) -> str:
        """The DOT line, or the two lines of its halves."""
        look = {"id": self.name} | self.look
        if not self.rows:
            return statement(f"{self.tail} -> {self.head}", look)
        half = look | {"id": f"{self.name}_in", "arrowhead": "none"}
        numbers = self.numbers.name
        first, second = f"{self.tail} -> {numbers}", f"{numbers} -> {self.head}"
        return statement(first, half) + statement(second, look)


def columns_body(
    columns: Sequence[Column], lines: Sequence[Line], legend: Iterable[str], rankdir: str
) -> Iterator[str]:
    """The lines between the braces of `digraph { }`."""
    leaves, arrives = SIDES[rankdir]
    graph = {key: text for key, text in GRAPH.items() if key not in ("newrank", "ranksep")}
    yield statement("graph", graph | PINNED | {"label": label_lines(["", *legend])})
    yield statement("node", NODE | {"margin": "0.05,0.03", "shape": "box"})
    yield statement("edge", EDGE | {"headport": arrives, "tailport": leaves})
    for box, centre, size in positions(list(_with_numbers(columns, lines)), rankdir):
        yield _box(box, centre, size)
    for arrow in lines:
        yield arrow.statements()


def heading(network: Network, layer: int) -> Box:
    """What stands above the column of a layer."""
    return Box(f"layer{layer}_heading", "heading", network.title(layer), HEADING)


def costs(network: Network) -> list[Column]:
    """The column of the roots that are no neurons, if there are any."""
    roots = network.costs
    rows = [row for root in roots for row in (line(root.label) or "cost", number(root.data))]
    if len(roots) > COSTS_UP_TO:
        rows = [f"{len(roots):,} roots"]
    look = BORDERS["root"] if is_finite(data(roots)) else NOT_FINITE
    return [Column([Box("cost", "root", rows, look)])] if roots else []


def _with_numbers(columns: Sequence[Column], lines: Sequence[Line]) -> Iterator[Column]:
    into: dict[str, list[Box]] = {}
    for arrow in lines:
        if arrow.rows:
            into.setdefault(arrow.head, []).append(arrow.numbers)
    for column in columns:
        numbers = [box for head in column.boxes for box in into.get(head.name, [])]
        if numbers:
            yield Column(numbers, is_numbers=True)
        yield column


def _box(box: Box, centre: Point, size: Point) -> str:
    x, y = centre
    width, height = (format(length / 72.0, ".3f") for length in size)
    font = {} if box.font == 10.0 else {"fontsize": format(box.font, "g")}
    return statement(
        box.name,
        {
            "id": box.name,
            "class": box.kind,
            "label": r"\n".join(map(plain_label, box.rows)),
            "pos": f"{x:.1f},{y:.1f}!",
            "width": width,
            "height": height,
        }
        | font
        | box.look,
    )
