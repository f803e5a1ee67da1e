"""What is drawn and explored: the graph of an expression, or a saved network."""

import argparse
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from micrograd_bp.checkpoint import load
from micrograd_bp.commands.answer import Refused, require_free
from micrograd_bp.commands.example import (
    add_example,
    described,
    example_for,
    hint_at,
    is_asked_for,
)
from micrograd_bp.engine import topological_order
from micrograd_bp.expression import expression

SUFFIXES = ".npz", ".safetensors"


@dataclass(frozen=True)
class Recorded:
    """A graph or a network, and what machines are told of it."""

    root: Any
    facts: dict[str, Any]


def add_recorded(command: argparse.ArgumentParser) -> None:
    command.add_argument(
        "expression",
        metavar="EXPRESSION_OR_MODEL",
        help="in quotes: numbers, variables, + - * / ** and functions such as tanh;"
        " or a saved network, .npz or .safetensors",
    )
    command.add_argument(
        "numbers", nargs="*", metavar="name=value", help="a number for each variable"
    )
    command.add_argument(
        "--backward",
        action=argparse.BooleanOptionalAction,
        default=True,
        help="whether to fill in the gradients (default: yes)",
    )
    command.add_argument("--force", action="store_true", help="overwrite FILE")
    add_example(command)


def recorded(options: argparse.Namespace, needs_cost: bool) -> Recorded:
    """The graph after its backward pass, or a network; nothing is in the way of its file.

    needs_cost: of a network its cost is recorded, though no option asks for it.
    """
    assignments = [*options.numbers, *options.rest]
    text = options.expression
    is_model = Path(text).suffix.lower() in SUFFIXES or (not assignments and _is_file(text))
    if is_model and assignments:
        raise Refused(f"a network takes --input 1,-2, not {assignments[0]!r}")
    if not is_model and (option := is_asked_for(options)):
        raise Refused(f"{option} is for saved networks; a variable takes its number as name=value")
    found = _network(options, needs_cost) if is_model else _expression(options, assignments)
    if options.output:
        require_free(options.output, options.force)
    return found


def _is_file(text: str) -> bool:
    try:
        return Path(text).is_file()
    except (OSError, ValueError):  # too long for a path, or a null character: an expression then
        return False


def _expression(options: argparse.Namespace, assignments: Sequence[str]) -> Recorded:
    try:
        root = expression(options.expression, **numbers_of(assignments))
    except ValueError as error:
        raise Refused(error) from None
    if options.backward:
        root.backward()
    leaves = [v for v in topological_order(root) if v.label and not v.operands]
    facts: dict[str, Any] = {"value": root.data}
    if options.backward:
        facts["gradients"] = {str(leaf.label): leaf.grad for leaf in leaves}
    return Recorded(root, facts)


def _network(options: argparse.Namespace, needs_cost: bool) -> Recorded:
    net = load(options.expression)
    if not needs_cost and not is_asked_for(options):
        return Recorded(net, described(net))
    example = example_for(net, options)
    with hint_at("another --seed, --input or --cost may do"):
        cost = example.cost(net(example.x), example.y)
    cost.label = "C"
    if options.backward:
        cost.backward()
    return Recorded(cost, described(net) | example.facts | {"C": cost.data})


def numbers_of(assignments: Sequence[str]) -> dict[str, float]:
    """The numbers of `name=value` texts."""
    numbers: dict[str, float] = {}
    for assignment in assignments:
        name, equals, value = assignment.partition("=")
        if not (name and equals):
            raise Refused(f"numbers are given as name=value, got {assignment!r}")
        if name in numbers:
            raise Refused(f"{name!r} is given twice")
        try:
            numbers[name] = float(value)
        except ValueError:
            raise Refused(f"{name!r} takes a number, got {value!r}") from None
    return numbers
