"""The scalar view: one box per value."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from viz import contents
from viz.caption import counted, heading
from viz.clusters import cluster_titles
from viz.dot import scene_body
from viz.graph import Node
from viz.scene import Scene
from viz.symbols import letter, places
from viz.text import tree_lines


@dataclass(frozen=True)
class ScalarView:
    """Every value of `scene`, with its data, its gradient and the local derivatives."""

    scene: Scene
    rankdir: str = "LR"

    engine = "dot"

    @property
    def size(self) -> int:
        return len(self.scene.nodes)

    @property
    def description(self) -> str:
        return f"computation graph of {counted(self.size, 'value')}"

    @property
    def roots(self) -> Sequence[Node]:
        return self.scene.starts

    def body(self) -> Iterator[str]:
        return scene_body(self.scene, self.rankdir)

    def titles(self) -> dict[str, str]:
        nodes = self.scene.nodes
        titles = {f"v{k}": heading(node) for k, node in enumerate(nodes)}
        return titles | cluster_titles(places(nodes))

    def lines(self) -> Iterator[str]:
        return tree_lines(self.scene)

    def refusal(self, force: bool) -> str:
        if self.size <= (contents.MOST if force else contents.LARGEST):
            return ""
        way_out = self._smaller_view() + ", .source is the DOT text"
        if self.size > contents.MOST:
            return f"{self._more_than(contents.MOST)} of the largest layout: {way_out}"
        return (
            f"{self._more_than(contents.LARGEST)} that are laid out: {way_out},"
            " and force=True lays them out all the same"
        )

    def _more_than(self, limit: int) -> str:
        return f"{self.size:,} values are more than the {limit:,}"

    def _smaller_view(self) -> str:
        text = 'view="text" gives a tree'
        has_neurons = any(letter(node) in ("z", "a") for node in self.scene.nodes)
        return 'view="neuron" or "layer" draws the network, ' * has_neurons + text
