"""The page as one HTML text: its parts put together, and the policy that lets nothing else run."""

import re
from base64 import b64encode
from collections.abc import Sequence
from dataclasses import dataclass
from functools import cache
from hashlib import sha256
from html import escape
from importlib.resources import files

from viz.contents import GraphTooLarge
from viz.escape import title
from viz.graph import Node, require_node, topological_order
from viz.page.data import data
from viz.page.layout import picture
from viz.page.snapshot import snapshots

LARGEST = 1_000  # values; above, a hover takes noticeably long
SCRIPTS = (
    *("numbers.js", "graph.js", "formulas.js", "panel.js", "equations.js", "picture.js"),
    "page.js",
)
HEIGHT = 680  # pixels of the frame in a notebook


@dataclass(frozen=True)
class Frame:
    """The page in a frame of a notebook, without access to the notebook around it."""

    html: str
    size: int

    def _repr_html_(self) -> str:
        return (
            f'<iframe sandbox="allow-scripts" width="100%" height="{HEIGHT}" style="border: 0"'
            f' title="computation graph of {self.size} values" srcdoc="{escape(self.html)}">'
            "</iframe>"
        )

    def __repr__(self) -> str:
        return f"<page of {self.size} values, for a notebook>"


def frame(root: Node) -> Frame:
    """The page of the graph of `root` for a notebook; raises what `page` raises."""
    return Frame(page(root), len(topological_order(root)))


def page(root: Node) -> str:
    """The page of the graph of `root`: HTML that needs nothing else.

    Raises TypeError if `root` is no node, GraphTooLarge (a ValueError) above 1,000 values.
    """
    require_node(root, "a page")
    _require_size(len(topological_order(root)))
    nodes = snapshots(root)
    style, start = _part("page.css"), _part("start.js")
    scripts = [_part(name) for name in SCRIPTS]
    parts = {
        "policy": _policy(style, [start, *scripts]),
        "title": escape(title(nodes[-1].label).replace("\n", " ")),
        "size": f"{len(nodes):,}",
        "style": style,
        "start": start,
        "picture": picture(nodes),
        "data": data(root, nodes),
        "scripts": "\n".join(f"<script>{script}</script>" for script in scripts),
    }
    # In one go: what is put in is not read again.
    return re.sub(r"\{\{(\w+)\}\}", lambda match: parts[match[1]], _part("page.html"))


def _require_size(size: int) -> None:
    if size > LARGEST:
        raise GraphTooLarge(
            f"{size:,} values are more than the {LARGEST:,} that a page can show:"
            ' draw(root, view="neuron") or view="layer" is a smaller picture of the same graph'
        )


def _policy(style: str, scripts: Sequence[str]) -> str:
    """The Content-Security-Policy: the script and style of the page, by hash, and nothing else."""
    allowed = " ".join(map(_hash, scripts))
    return (
        f"default-src 'none'; script-src {allowed}; style-src {_hash(style)};"
        " base-uri 'none'; form-action 'none'"
    )


def _hash(text: str) -> str:
    return f"'sha256-{b64encode(sha256(text.encode()).digest()).decode()}'"


@cache
def _part(name: str) -> str:
    return files("viz.page").joinpath(name).read_text("utf-8")
