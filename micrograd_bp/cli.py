"""The command micrograd-bp."""

import argparse
import sys
from collections.abc import Sequence
from pathlib import Path

import viz
from micrograd_bp.engine import Value
from micrograd_bp.expression import expression

INTERRUPTED = 130  # the exit status that shells expect after Ctrl-C
NEURON = '"tanh(w1*x1 + w2*x2 + b)" w1=-3 x1=2 w2=1 x2=0 b=6.88'


class Refused(Exception):
    """What was asked for cannot be done as it was written."""


def main(arguments: Sequence[str] | None = None) -> int:
    """Run the command; the exit status is 0, 1 after an error, 2 after a wrong use; both print."""
    parser = argparse.ArgumentParser(prog="micrograd-bp", description=__doc__)
    commands = parser.add_subparsers(dest="command", required=True)
    add_demo(commands)
    add_draw(commands)
    add_explore(commands)
    options, rest = parser.parse_known_args(arguments)
    if options.command == "demo" or any(text.startswith("-") for text in rest):
        require_nothing(parser, rest)
    options.rest = rest  # numbers of variables that stand behind an option
    try:
        options.run(options)
    except KeyboardInterrupt:
        return INTERRUPTED
    except Refused as refused:
        return _failed(refused, 2)
    except (OSError, viz.RendererNotFound) as error:
        return _failed(error, 1)
    return 0


def require_nothing(parser: argparse.ArgumentParser, rest: Sequence[str]) -> None:
    if rest:
        is_expression = rest[0].startswith("-") and not rest[0].startswith("--")
        hint = "; write an expression like -x as '(-x)'" if is_expression else ""
        parser.error(f"unrecognized arguments: {' '.join(rest)}{hint}")


def _failed(error: Exception, status: int) -> int:
    print(f"micrograd-bp: {error}", file=sys.stderr)
    return status


# Their options.


def add_demo(commands: "argparse._SubParsersAction[argparse.ArgumentParser]") -> None:
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
    demo.set_defaults(run=run_demo)


def add_draw(commands: "argparse._SubParsersAction[argparse.ArgumentParser]") -> None:
    draw = commands.add_parser(
        "draw",
        help="draw the graph of an expression",
        description="Records an expression as a graph, runs its backward pass, and draws it:\n"
        "as a picture, or without -o as a tree of text.",
        epilog=f"example:\n  micrograd-bp draw {NEURON} -o neuron.svg",
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    add_expression(draw)
    draw.add_argument(
        "-o", "--output", type=Path, metavar="FILE", help="a name with .svg .png .dot .txt or .html"
    )
    draw.add_argument("--view", help="auto, scalar, neuron, layer or text (default: auto)")
    draw.set_defaults(run=run_draw)


def add_explore(commands: "argparse._SubParsersAction[argparse.ArgumentParser]") -> None:
    explore = commands.add_parser(
        "explore",
        help="write an interactive page on which to step through an expression",
        description="Records an expression as a graph, and writes a page on which to step through\n"
        "its forward and backward pass, number by number.",
        epilog=f"example:\n  micrograd-bp explore {NEURON} -o neuron.html",
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    add_expression(explore)
    explore.add_argument(
        "-o", "--output", type=Path, metavar="FILE", required=True, help="a name with .html"
    )
    explore.set_defaults(run=run_explore)


def add_expression(command: argparse.ArgumentParser) -> None:
    command.add_argument(
        "expression", help="in quotes: numbers, variables, + - * / ** and functions such as tanh"
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


# What they do.


def run_demo(options: argparse.Namespace) -> None:
    from micrograd_bp.demo import demo

    demo(options.directory)


def run_draw(options: argparse.Namespace) -> None:
    path, view = options.output, options.view
    root = recorded(options)
    if path is None and view not in (None, "text"):
        raise Refused(f"--view {view} needs a file to draw to: -o FILE")
    try:
        picture = viz.draw(root, view=view or ("auto" if path else "text"))
        if path is None:
            print(picture)
        elif isinstance(picture, str):
            print(written(path, picture))
        else:
            print(picture.save(path))
    except ValueError as error:
        raise Refused(error) from None


def run_explore(options: argparse.Namespace) -> None:
    root = recorded(options)
    try:
        print(viz.explore(root, options.output))
    except ValueError as error:
        raise Refused(error) from None


def recorded(options: argparse.Namespace) -> Value:
    """The graph of the expression, after its backward pass; nothing is in the way of its file."""
    try:
        root = expression(options.expression, **numbers_of([*options.numbers, *options.rest]))
    except ValueError as error:
        raise Refused(error) from None
    if options.output and options.output.exists() and not options.force:
        raise Refused(f"{options.output} is there already; --force overwrites it")
    if options.backward:
        root.backward()
    return root


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


def written(path: Path, text: str) -> Path:
    """Write a text view; the suffix says what a file is."""
    if path.suffix != ".txt":
        raise Refused(f"a text is saved as .txt, not as {str(path)!r}")
    path.write_text(text + "\n", encoding="utf-8")
    return path
