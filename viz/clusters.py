"""Boxes around what belongs together: a cluster per layer and, inside, per neuron."""

from collections.abc import Iterable, Iterator, Sequence

from viz.escape import statement
from viz.symbols import Place

UP_TO = 1_000  # values; above, clusters take most of the layout's time

LOOK = {
    "color": "#bbbbbb",
    "fontcolor": "#555555",
    "fontsize": "9",
    "labeljust": "l",
    "labelloc": "t",
    "margin": "6",
}


def clustered(
    statements: Sequence[str], places: Sequence[Place], rankdir: str = "LR"
) -> Iterator[str]:
    """The statements of the nodes, each inside the clusters of its place.

    Graphviz stacks by order of appearance, but not always from above: this order, the last layer
    first, makes all indices grow downwards, or with rankdir TB from left to right.
    """
    members = _members(statements, places)
    if rankdir == "LR":
        members = {place: _from_below(place, lines) for place, lines in members.items()}
    for layer in sorted({place[:1] for place in members}, reverse=True):
        inside = (
            line
            for place, lines in members.items()
            if place[:1] == layer
            for line in _cluster(place[1:] and place, lines)
        )
        yield from _cluster(layer, inside)


def cluster_titles(places: Iterable[Place]) -> dict[str, str]:
    """Id to title, of all clusters."""
    found = {place[:depth] for place in places for depth in (1, 2)} - {()}
    return {_name(place): _title(place) for place in sorted(found)}


def _members(statements: Sequence[str], places: Sequence[Place]) -> dict[Place, list[str]]:
    members: dict[Place, list[str]] = {place: [] for place in sorted(set(places))}
    for line, place in zip(statements, places, strict=True):
        members[place].append(line)
    return members


def _from_below(place: Place, lines: list[str]) -> list[str]:
    return lines[::-1] if len(place) == 2 else lines


def _cluster(place: Place, lines: Iterable[str]) -> Iterator[str]:
    if not place:
        yield from lines
        return
    kind = "neuron" if len(place) == 2 else "layer"
    named = {"id": _name(place), "class": kind, "label": _title(place)}
    yield f"\tsubgraph cluster_{_name(place)} {{\n"
    yield statement("graph", named | LOOK)
    yield from lines
    yield "\t}\n"


def _name(place: Place) -> str:
    return "_".join(f"{kind}{k}" for kind, k in zip(("layer", "neuron"), place, strict=False))


def _title(place: Place) -> str:
    if len(place) == 2:
        return f"neuron {place[1]}"
    return f"layer {place[0]}" if place[0] else "input"
