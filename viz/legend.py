"""The lines under the picture that say how to read it: only what occurs in it."""

from collections.abc import Iterable, Iterator
from math import isfinite

from viz.caption import number
from viz.scene import Scene


def legend(scene: Scene) -> Iterator[str]:
    """What fills, edges, borders and boxes mean in a picture of `scene`."""
    if scene.grads:
        yield _fill(scene)
    edge = "edge: local derivative (not the ones of sums)"
    yield edge + ", dashed if negative" * _has_negative(scene)
    yield "border: root round" + ", parameters bold" * _has_parameters(scene)
    if scene.forward is not None:
        yield "black: forward pass; blue, and ∂: backward pass, made by differentiating"


def magnitudes(what: str, numbers: Iterable[float]) -> str:
    """`what`, and the range of the magnitudes of `numbers`."""
    sizes = {abs(x) for x in numbers if x != 0.0 and isfinite(x)}
    ends = dict.fromkeys(number(size) for size in (min(sizes), max(sizes))) if sizes else []
    return " ".join(filter(None, [what, " to ".join(ends)]))


def _fill(scene: Scene) -> str:
    shown = [node.grad for node in scene.nodes if scene.has_gradient(node)]
    if not shown:
        return "grad –: backward() has not run"
    return magnitudes("fill: |grad|", shown) + ", white if 0"


def _has_negative(scene: Scene) -> bool:
    return any(slope < 0.0 for node in scene.nodes for slope in node.local_derivatives)


def _has_parameters(scene: Scene) -> bool:
    return any(scene.role(node) == "parameter" for node in scene.nodes)
