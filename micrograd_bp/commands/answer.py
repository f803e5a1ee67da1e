"""What a command gives back, and what the commands share: refusals, --json, --force."""

import argparse
from collections.abc import Mapping
from dataclasses import dataclass, field
from math import isfinite
from pathlib import Path
from typing import Any

Commands = Any  # of argparse, whose class of subparsers is private


class Refused(Exception):
    """What was asked for cannot be done as it was written."""


class Failed(Exception):
    """What was asked for went wrong on the way."""


@dataclass(frozen=True)
class Answer:
    """text: for people, facts: for machines (--json); remark: a line on stderr for both."""

    text: str = ""
    facts: Mapping[str, Any] = field(default_factory=dict)
    status: int = 0
    remark: str = ""


def add_command(commands: Commands, name: str, help: str, about: str, *examples: str) -> Any:
    """A parser whose help ends with the examples."""
    shown = "\n".join(f"  micrograd-bp {name} {example}".rstrip() for example in examples)
    return commands.add_parser(
        name,
        help=help,
        description=about,
        epilog=f"example{'s' * (len(examples) > 1)}:\n{shown}",
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )


def add_json(command: argparse.ArgumentParser) -> None:
    command.add_argument(
        "--json", action="store_true", help="print one JSON object instead of text"
    )


def require_free(path: Path, force: bool) -> None:
    """Raise Refused where a file is in the way."""
    if path.exists() and not force:
        raise Refused(f"{path} is there already; --force overwrites it")


def plain(thing: Any) -> Any:
    """What JSON can hold: null for a number that is not finite, a text for a path."""
    match thing:
        case Mapping():
            return {key: plain(value) for key, value in thing.items()}
        case list() | tuple():
            return [plain(item) for item in thing]
        case float():
            return float(thing) if isfinite(thing) else None
        case Path():
            return str(thing)
    return thing
