"""What a picture holds besides its DOT text, and how large a graph may be to be laid out."""

from collections.abc import Mapping
from dataclasses import dataclass, field

from viz.svg import described

LARGEST = 3_500  # values; layout takes seconds there, and minutes soon after
HEAD = 60  # lines of the tree where it stands in for a picture


class GraphTooLarge(ValueError):
    """Layout would take very long, and nobody could read the picture."""


@dataclass(frozen=True)
class Contents:
    """What a Graph knows besides its DOT text.

    size: number of values.
    titles: DOT name to title, for nodes and clusters.
    tree: the same graph as text.
    force: whether to lay it out at any size.
    """

    size: int = 0
    titles: Mapping[str, str] = field(default_factory=dict)
    tree: str = ""
    force: bool = False

    def require_size(self) -> None:
        """Raise GraphTooLarge above the limit, unless forced."""
        if self.size > LARGEST and not self.force:
            raise GraphTooLarge(
                f'{self.size:,} values are more than the {LARGEST:,} that are laid out: view="text"'
                " gives a tree, .source the DOT text, and force=True lays them out all the same"
            )

    def head(self) -> str:
        """The first lines of the tree."""
        lines = self.tree.split("\n", HEAD)
        rest = lines[HEAD:] and [f"... {self.tree.count(chr(10)) + 1 - HEAD:,} more lines"]
        return "\n".join([*lines[:HEAD], *rest])

    def described(self, svg: str) -> str:
        return described(svg, self.titles, f"computation graph of {self.size} values")
