"""What a picture holds besides its DOT text, and how large a graph may be to be laid out."""

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from functools import partial
from itertools import islice
from typing import Any, Protocol

from viz.graph import Node
from viz.svg import described

LARGEST = 3_500  # values; layout takes seconds there, and minutes soon after
MOST = 10_000  # boxes or lines; no layout is larger, whatever is forced
HEAD = 60  # lines of the text where it stands in for a picture


class GraphTooLarge(ValueError):
    """Layout would take very long, and nobody could read the picture."""


class View(Protocol):
    """One way to show a graph or a network, as a picture and as text.

    description: what the picture is of. size: what the time of a layout depends on.
    roots: what a page would show, none where there is no graph. engine: dot, or neato, which leaves
    places as they are.
    """

    @property
    def engine(self) -> str: ...
    @property
    def description(self) -> str: ...
    @property
    def size(self) -> int: ...
    @property
    def roots(self) -> Sequence[Node]: ...

    def body(self) -> Iterator[str]:
        """The lines between the braces of `digraph { }`."""

    def titles(self) -> Mapping[str, str]:
        """Id in the SVG to title, of nodes, edges and clusters."""

    def lines(self) -> Iterator[str]:
        """The lines of the text."""

    def refusal(self, force: bool) -> str:
        """Why this is not laid out, with the size, the limit and a way out; empty if it is."""


@dataclass(frozen=True)
class Contents:
    """What a Graph knows besides its DOT text; see View."""

    description: str = "empty picture"
    titles: Mapping[str, str] = field(default_factory=dict)
    lines: Callable[[], Iterable[str]] = tuple
    refusal: str = ""
    roots: Sequence[Node] = ()

    def require_size(self) -> None:
        """Raise GraphTooLarge above the limit, unless forced."""
        if self.refusal:
            raise GraphTooLarge(self.refusal)

    def only_root(self) -> Node:
        """The value whose graph an interactive page shows."""
        if len(self.roots) != 1:
            raise ValueError(
                f"a page shows the graph of one value, and this picture has {len(self.roots)}"
                " roots: draw the cost alone, or call explore(cost, path)"
            )
        return self.roots[0]

    def text(self) -> str:
        return "\n".join(self.lines())

    def head(self) -> str:
        """The first lines of the text."""
        lines = iter(self.lines())
        first = list(islice(lines, HEAD))
        more = sum(1 for _ in islice(lines, MOST))
        count = f"{more:,}" if more < MOST else f"over {MOST:,}"
        return "\n".join(first + [f"... {count} more lines"] * bool(more))

    def described(self, svg: str) -> str:
        return described(svg, self.titles, self.description)

    def __getstate__(self) -> dict[str, Any]:
        return self.__dict__ | {"roots": ()}


def contents_of(view: View, force: bool) -> Contents:
    """A snapshot of `view`; of what is never laid out, lines that are written when asked for."""
    refusal = view.refusal(force)
    if view.size > MOST:
        return Contents(view.description, {}, view.lines, refusal, view.roots)
    lines = partial(iter, list(view.lines()))
    return Contents(view.description, view.titles(), lines, refusal, view.roots)
