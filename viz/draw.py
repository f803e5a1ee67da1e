"""draw and draw_dot: from the root of a graph, or from a network, to a picture."""

from collections.abc import Sequence
from contextlib import suppress
from reprlib import repr as short
from typing import Literal, overload

from viz.contents import View
from viz.graph import Node, is_node, require_node
from viz.layers import LayerView
from viz.network import Network
from viz.network_graph import NoNetwork, network_in
from viz.network_module import Module, is_module, network_of
from viz.neurons import NeuronView
from viz.render import Graph
from viz.scalar import ScalarView
from viz.scene import Scene, scene_of
from viz.text import Text

VIEWS = "auto", "scalar", "neuron", "layer", "text"
RANKDIRS = "LR", "TB"
SCALAR_UP_TO = 110  # values; above, the text of a whole picture is too small to read
NEURON_UP_TO = 32  # neurons in a layer, for the same reason

Drawable = Node | Sequence[Node] | Module


def draw_dot(
    root: Node, format: str = "svg", rankdir: str = "LR", grads: bool = True, *, force: bool = False
) -> Graph:
    """A picture with one box per value: label and operation, data, gradient.

    root: the node whose graph is drawn, for instance a cost.
    format: what `.render()` and `.pipe()` write, svg or png.
    rankdir: LR, from left to right, or TB, from top to bottom.
    grads: whether to show gradients; they read – until `root.backward()` has run.
    force: lay out more than 3,500 values, which takes a while; 10,000 are the most.

    Raises TypeError if `root` is no node, ValueError for another format or rankdir.
    """
    require_node(root, "draw_dot()")
    _require_one_of("rankdir", rankdir, RANKDIRS)
    return Graph.of(ScalarView(scene_of([root], None, grads), rankdir), format, force)


@overload
def draw(
    root: Drawable,
    view: Literal["text"],
    *,
    rankdir: str = ...,
    grads: bool = ...,
    force: bool = ...,
    forward: Node | None = ...,
) -> Text: ...
@overload
def draw(
    root: Drawable,
    view: Literal["auto", "scalar", "neuron", "layer"] = ...,
    *,
    rankdir: str = ...,
    grads: bool = ...,
    force: bool = ...,
    forward: Node | None = ...,
) -> Graph: ...
def draw(
    root: Drawable,
    view: str = "auto",
    *,
    rankdir: str = "LR",
    grads: bool = True,
    force: bool = False,
    forward: Node | None = None,
) -> Graph | Text:
    """A graph or a network as a picture, or as text, which needs no program to draw.

    root: a node such as a cost, a list of nodes, or a network such as an MLP, of which the latest
        forward pass is drawn, and before the first one the weights.
    view: scalar, one box per value; neuron, one per neuron with z, a, delta, and a line per weight;
        layer, one per layer with ranges and norms; text; auto, the first of scalar, neuron and
        layer that can be read: up to 110 values, up to 32 neurons in a layer.
    rankdir, grads, force: as for `draw_dot`.
    forward: where `root` is the result of `gradients(C, wrt)`, this is C. It is drawn as well, and
        what it does not depend on, the backward half, is told apart by colour.

    The neuron and layer views of a graph go by its labels, which are Symbols in a network: one w
    per weight, z and a per neuron. Raises TypeError for what cannot be drawn; ValueError for
    another view or rankdir, and for a view of neurons where no labels say which they are.
    """
    _require_one_of("view", view, VIEWS)
    _require_one_of("rankdir", rankdir, RANKDIRS)
    if is_module(root):
        found = _view_of_module(root, view, rankdir, grads)
    else:
        found = _view_of_graph(scene_of(_roots(root), _root(forward), grads), view, rankdir)
    if view == "text":
        return Text("\n".join(found.lines()))
    return Graph.of(found, force=force)


def _view_of_module(net: Module, view: str, rankdir: str, grads: bool) -> View:
    if view == "scalar":
        raise ValueError(
            'view="scalar" shows the values of a graph, and a network has none: draw its cost, or'
            ' view="neuron"'
        )
    network = network_of(net)
    is_drawn_by_layer = view == "layer" or (view == "auto" and not _is_readable(network))
    kind = LayerView if is_drawn_by_layer else NeuronView
    return kind(network, (), rankdir, grads)


def _view_of_graph(scene: Scene, view: str, rankdir: str) -> View:
    if view in ("neuron", "layer") and scene.forward is not None:
        raise ValueError('forward= tells the halves of a graph apart in view="scalar" and "text"')
    if view == "auto":
        return _readable_view(scene, rankdir)
    if view == "neuron":
        return NeuronView(network_in(scene), scene.roots, rankdir, scene.grads)
    if view == "layer":
        return LayerView(network_in(scene), scene.roots, rankdir, scene.grads)
    return ScalarView(scene, rankdir)


def _readable_view(scene: Scene, rankdir: str) -> View:
    if len(scene.nodes) > SCALAR_UP_TO and scene.forward is None:
        with suppress(NoNetwork):
            network = network_in(scene)
            if network.share > 0.5:
                kind = NeuronView if _is_readable(network) else LayerView
                return kind(network, scene.roots, rankdir, scene.grads)
    return ScalarView(scene, rankdir)


def _is_readable(network: Network) -> bool:
    """Whether the neuron view of `network` can be read."""
    return max(map(len, network.layers.values())) <= NEURON_UP_TO


def _roots(root: object) -> list[Node]:
    given = list(root) if isinstance(root, list | tuple) else [root]
    roots = [thing for thing in given if is_node(thing)]
    if roots and len(roots) == len(given):
        return roots
    wrong = next((thing for thing in given if not is_node(thing)), root)
    raise TypeError(
        "draw() takes a node such as a Value, a list of them, or a network such as an MLP,"
        f" got {short(wrong)} ({type(wrong).__name__})"
    )


def _root(forward: Node | None) -> Node | None:
    if forward is not None:
        require_node(forward, "forward=")
    return forward


def _require_one_of(what: str, given: str, known: Sequence[str]) -> None:
    if given not in known:
        raise ValueError(f"{what} is one of {', '.join(known)}, got {given!r}")
