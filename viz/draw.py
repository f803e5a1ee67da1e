"""draw and draw_dot: from the root of a graph to its picture."""

from collections.abc import Sequence
from typing import Literal, overload

from viz.caption import heading
from viz.clusters import cluster_titles
from viz.contents import Contents
from viz.dot import body
from viz.graph import Node, require_node, topological_order
from viz.render import Graph
from viz.symbols import places
from viz.text import Text, text_tree

VIEWS = "auto", "scalar", "text"
RANKDIRS = "LR", "TB"


def draw_dot(
    root: Node, format: str = "svg", rankdir: str = "LR", grads: bool = True, *, force: bool = False
) -> Graph:
    """A picture with one box per value: label and operation, data, gradient.

    root: the node whose graph is drawn, for instance a cost.
    format: what `.render()` and `.pipe()` write, svg or png.
    rankdir: LR, from left to right, or TB, from top to bottom.
    grads: whether to show gradients; they read – until `root.backward()` has run.
    force: lay out more than 3,500 values, however long it takes.

    Raises TypeError if `root` is no node, ValueError for another format or rankdir.
    """
    require_node(root, "draw_dot()")
    if rankdir not in RANKDIRS:
        raise ValueError(f"rankdir is one of {', '.join(RANKDIRS)}, got {rankdir!r}")
    nodes = topological_order(root)
    graph = Graph(format=format, body=body(nodes, rankdir, grads))
    graph.contents = Contents(len(nodes), _titles(nodes), text_tree(root, grads), force)
    return graph


@overload
def draw(
    root: Node, view: Literal["text"], *, rankdir: str = ..., grads: bool = ..., force: bool = ...
) -> Text: ...
@overload
def draw(
    root: Node,
    view: Literal["auto", "scalar"] = ...,
    *,
    rankdir: str = ...,
    grads: bool = ...,
    force: bool = ...,
) -> Graph: ...
def draw(
    root: Node,
    view: str = "auto",
    *,
    rankdir: str = "LR",
    grads: bool = True,
    force: bool = False,
) -> Graph | Text:
    """The graph of `root` as a picture, or as a tree of text, which needs no program to draw.

    view: scalar, one box per value; text; auto, which is scalar.
    rankdir, grads, force: as for `draw_dot`.

    Raises TypeError if `root` is no node, ValueError for another view or rankdir.
    """
    require_node(root, "draw()")
    if view not in VIEWS:
        raise ValueError(f"view is one of {', '.join(VIEWS)}, got {view!r}")
    if view == "text":
        return text_tree(root, grads)
    return draw_dot(root, rankdir=rankdir, grads=grads, force=force)


def _titles(nodes: Sequence[Node]) -> dict[str, str]:
    titles = {f"v{k}": heading(node) for k, node in enumerate(nodes)}
    return titles | cluster_titles(places(nodes))
