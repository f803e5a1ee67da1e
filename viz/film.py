"""The pictures of all steps of a graph: one layout, restyled for each step."""

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from functools import cached_property
from math import isfinite

from viz.caption import heading, number
from viz.contents import Contents
from viz.dot import EDGE, GRAPH, NODE, label_lines, scalar_statements
from viz.escape import statement
from viz.graph import Node, is_constant
from viz.records import Records, record_label, records
from viz.render import Graph
from viz.restyle import Drawing, drawing_of
from viz.scalar import ScalarView
from viz.scene import Scene
from viz.steps import Step
from viz.style import RED, WHITE, fills

BLUE, FAINT, GREY = "#1c5fa8", "#cccccc", "#999999"
OUTLINES = "path", "polygon", "polyline"
AREAS = "path", "polygon"


@dataclass(frozen=True)
class Film:
    """`steps` of the forward and backward pass of `scene`."""

    scene: Scene
    steps: Sequence[Step]

    def pictures(self) -> Iterator[str]:
        """An SVG for each step."""
        drawing = drawing_of(self._layout())
        for step in self.steps:
            picture = drawing.copy()
            picture.write("graph0", [*step.lines, *[""] * (self._line_count - len(step.lines))])
            for k, node in enumerate(self.scene.nodes):
                self._draw_node(picture, step, k, node)
                self._draw_edges(picture, step, k, node)
            yield str(picture)

    def _layout(self) -> str:
        """The picture with the longest text that any step has, in every place."""
        widest = max(len(line) for step in self.steps for line in step.lines)
        title = {
            "fontcolor": "#1a1a1a",
            "fontsize": "12",
            "label": label_lines(["x" * widest] * self._line_count),
        }
        graph = Graph(
            body=[
                statement("graph", GRAPH | title | {"labelloc": "t", "rankdir": "LR"}),
                statement("node", NODE),
                statement("edge", EDGE),
                *scalar_statements(self.scene, "LR", self._attributes),
            ]
        )
        view = ScalarView(self.scene)
        graph.contents = Contents(view.description, view.titles())
        return str(graph.pipe("svg", encoding="utf-8"))

    @property
    def _line_count(self) -> int:
        return max(len(step.lines) for step in self.steps)

    @cached_property
    def _positions(self) -> dict[int, int]:
        return {id(node): k for k, node in enumerate(self.scene.nodes)}

    def _attributes(self, node: Node) -> dict[str, str]:
        look = self._records.attributes(node)
        if is_constant(node):
            return look
        k = self._positions[id(node)]
        longest = max((step.gradient(k) for step in self.steps), key=len)
        rows = [heading(node), *_rows(node, True, longest)]
        return look | {"label": record_label(list(filter(None, rows)), "LR")}

    def _draw_node(self, picture: Drawing, step: Step, k: int, node: Node) -> None:
        is_computed = k in step.computed
        if not is_constant(node):
            picture.write(f"v{k}", _rows(node, is_computed, step.gradient(k)))
        if not is_computed:
            picture.look(f"v{k}", OUTLINES, {"stroke": FAINT})
            picture.look(f"v{k}", AREAS, {"fill": WHITE})
            picture.look(f"v{k}", ["text"], {"fill": GREY})
        elif k in step.finished:
            picture.look(f"v{k}", AREAS, {"fill": self._fill(node, step.grads[k])})
        if k == step.current:
            picture.look(f"v{k}", OUTLINES, {"stroke": BLUE, "stroke-width": "3"})

    def _draw_edges(self, picture: Drawing, step: Step, head: int, node: Node) -> None:
        """The edges into a node: faint before it is computed, blue when it is its turn."""
        if head == step.current:
            line, arrow = {"stroke": BLUE, "stroke-width": "2"}, {"fill": BLUE}
            text = {"fill": BLUE, "font-weight": "bold"}
        elif head not in step.computed:
            line, arrow, text = {"stroke": FAINT}, {"fill": FAINT}, {"fill": WHITE}
        else:
            return
        for edge in self._edges(picture, step, head, node):
            picture.look(edge, AREAS, line)
            picture.look(edge, ["polygon"], arrow)
            picture.look(edge, ["text"], text)

    def _edges(self, picture: Drawing, step: Step, head: int, node: Node) -> Iterator[str]:
        """The edges that take part: no gradient goes to plain numbers."""
        for k, operand in enumerate(node.operands):
            if step.grads and self.scene.is_fixed(operand):
                continue
            name = f"e{self._positions[id(operand)]}_{head}_{k}"
            yield name
            if f"{name}_in" in picture:
                yield f"{name}_in"

    def _fill(self, node: Node, gradient: float) -> str:
        is_finite = isfinite(node.data) and isfinite(gradient)
        return self._shade(gradient) if is_finite else RED

    @cached_property
    def _records(self) -> Records:
        return records(self.scene, "LR")

    @cached_property
    def _shade(self) -> Callable[[float], str]:
        return fills(self.steps[-1].grads.values())


def _rows(node: Node, is_computed: bool, gradient: str) -> list[str]:
    return [f"data {number(node.data) if is_computed else '–'}", f"grad {gradient}"]
