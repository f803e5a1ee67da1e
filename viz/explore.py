"""explore: the interactive page of a graph, written to a file."""

from os import PathLike
from pathlib import Path

from viz.graph import Node
from viz.page import page

SUFFIXES = ".html", ".htm"


def explore(root: Node, path: str | PathLike[str]) -> str:
    """Write a page on which to walk through the graph of `root`, and return its path.

    The file needs nothing else and works from a disk: every number of every node, the order of
    forward and backward step by step, the sum over the consumers written out, and BP1 to BP4 at
    each neuron of a network.

    root: the node whose graph is shown, for instance a cost.
    path: a file name that ends with .html.

    Raises TypeError if `root` is no node, ValueError for another suffix or above 1,000 values,
    FileNotFoundError if the folder does not exist.
    """
    path = Path(path)
    if path.suffix.lower() not in SUFFIXES:
        raise ValueError(f"a page is saved as {' or '.join(SUFFIXES)}, not as {str(path)!r}")
    if not path.parent.is_dir():
        raise FileNotFoundError(f"cannot save {path.name}: there is no folder {path.parent}")
    text = page(root)
    path.write_text(text, "utf-8", newline="\n")
    return str(path)
