"""The command micrograd-bp."""

import argparse
import sys
from collections.abc import Sequence
from pathlib import Path


def main(arguments: Sequence[str] | None = None) -> int:
    """Run the command; the exit status is 0, or 1 after an error that was printed."""
    parser = argparse.ArgumentParser(prog="micrograd-bp", description=__doc__)
    commands = parser.add_subparsers(dest="command", required=True)
    demo = commands.add_parser(
        "demo",
        help="check, train and draw a network of scalars on handwritten digits",
        description="Builds an MLP 64-30-10 from scalars, checks BP1 to BP4 on a handwritten digit,"
        " trains it, and writes pictures.",
        epilog="example: micrograd-bp demo --directory pictures",
    )
    demo.add_argument(
        "--directory",
        type=Path,
        default=Path("micrograd-bp-demo"),
        help="where to write (default: %(default)s)",
    )
    options = parser.parse_args(arguments)
    try:
        run_demo(options.directory)
    except OSError as error:
        print(f"micrograd-bp: {error}", file=sys.stderr)
        return 1
    return 0


def run_demo(directory: Path) -> None:
    from micrograd_bp.demo import demo

    demo(directory)
