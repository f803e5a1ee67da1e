"""frames: the forward and the backward pass as a series of pictures, one for each step."""

from os import PathLike
from pathlib import Path

from viz.contents import GraphTooLarge
from viz.film import Film
from viz.graph import Node, require_node
from viz.scene import scene_of
from viz.steps import steps

LARGEST = 110  # values: as many as can be read on a slide


def frames(cost: Node, directory: str | PathLike[str]) -> list[str]:
    """Write an SVG for each step of forward and backward; return their paths in order.

    All have the same layout: first the leaves have numbers, then one operation after the other,
    then gradients go from each consumer to its operands; `+ …` says that other consumers are still
    to come. The node whose turn it is has a blue border. The gradients are those of one pass from
    1, whatever `backward()` left in the nodes.

    cost: the node where the backward pass starts.
    directory: where frame-001.svg and so on are written, over files of these names; it is made if
        need be.

    Raises TypeError if `cost` is no node, GraphTooLarge (a ValueError) above 110 values,
    RendererNotFound if there is no program to draw with.
    """
    require_node(cost, "frames()")
    scene = scene_of([cost], grads=False)
    if len(scene.nodes) > LARGEST:
        raise GraphTooLarge(
            f"{len(scene.nodes):,} values are more than the {LARGEST} that frames show:"
            ' explore(cost, "page.html") steps through up to 1,000 on one page'
        )
    pictures = list(Film(scene, list(steps(scene))).pictures())
    folder = Path(directory)
    folder.mkdir(parents=True, exist_ok=True)
    paths = [folder / f"frame-{k:03}.svg" for k in range(1, len(pictures) + 1)]
    for path, picture in zip(paths, pictures, strict=True):
        _write_here(path, picture)
    return [str(path) for path in paths]


def _write_here(path: Path, text: str) -> None:
    """Write a new file, even where a link of this name leads elsewhere."""
    path.unlink(missing_ok=True)
    with path.open("x", encoding="utf-8", newline="\n") as file:
        file.write(text)
