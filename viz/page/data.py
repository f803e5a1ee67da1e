"""What the script of the page knows about the graph, as JSON."""

import json
from collections.abc import Sequence
from math import isfinite
from typing import Any

from viz.escape import title
from viz.graph import Node
from viz.page.neurons import neurons
from viz.page.rules import rule
from viz.page.snapshot import Name, Snapshot, seed
from viz.style import role
from viz.symbols import letter

GREEK = {"delta": "δ", "eta": "η"}
IN_HTML = {ord(c): f"\\u{ord(c):04x}" for c in "<>&"}


def data(root: Node, nodes: Sequence[Snapshot]) -> str:
    """JSON that may stand in a script element; `nodes` are the snapshots of the graph of `root`."""
    position = {id(node): k for k, node in enumerate(nodes)}
    known = {
        "hasRun": root.grad != 0.0,
        "seed": seed(root),
        "nodes": [_node(node, nodes[-1], position) for node in nodes],
        "neurons": neurons(nodes),
        "rules": _rules(nodes),
    }
    text = json.dumps(_finite(known), allow_nan=False, separators=(",", ":"), ensure_ascii=False)
    return text.translate(IN_HTML)


def _node(node: Snapshot, root: Snapshot, position: dict[int, int]) -> dict[str, Any]:
    found: dict[str, Any] = {
        "name": title(str(node.label)).replace("\n", " "),
        "role": role(node, root),
        "data": node.data,
        "grad": node.grad,
    }
    if symbol := _symbol(node, position):
        found["symbol"] = symbol
    if node.op is not None:
        found["op"] = title(node.op.name).replace("\n", " ")
        found["operands"] = [position[id(operand)] for operand in node.operands]
        found["local"] = list(node.local_derivatives)
    if node.stored is not None:
        found["stored"] = node.stored
    if node.is_stale:
        found["stale"] = True
    return found


def _symbol(node: Snapshot, position: dict[int, int]) -> list[Any] | None:
    """Letter, layer and indices, to be typeset; None for any other label."""
    label: Any = node.label
    if isinstance(label, Name):
        return ["v", None, [position[id(node)]]] if label.startswith("v") else None
    if not letter(node):
        return None
    return [title(GREEK.get(label.letter, label.letter)), label.layer, list(label.indices)]


def _rules(nodes: Sequence[Snapshot]) -> dict[str, list[Any]]:
    """`tanh/1`: the formulas of its derivatives; one for each operation and number of operands."""
    rules: dict[str, list[Any]] = {}
    for node in nodes:
        if node.op is not None:
            name = f"{title(node.op.name)}/{len(node.operands)}".replace("\n", " ")
            if name not in rules:
                rules[name] = rule(node.op, len(node.operands))
    return {name: formulas for name, formulas in rules.items() if any(formulas)}


def _finite(x: Any) -> Any:
    """`x` with inf and nan, which JSON lacks, as text."""
    if isinstance(x, float):
        return x if isfinite(x) else repr(x)
    if isinstance(x, dict):
        return {key: _finite(value) for key, value in x.items()}
    return [_finite(entry) for entry in x] if isinstance(x, list | tuple) else x
