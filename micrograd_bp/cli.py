"""The command micrograd-bp: its parser, and its manners. What it does is in commands/."""

import argparse
import json
import os
import re
import sys
import traceback
from collections.abc import Sequence
from contextlib import suppress
from typing import NoReturn

from micrograd_bp import __version__
from micrograd_bp.commands import check, demonstrate, pictures, repl, train
from micrograd_bp.commands.answer import Answer, Failed, Refused, plain
from micrograd_bp.expression import ExpressionError
from micrograd_bp.interrupt import INTERRUPTED
from micrograd_bp.paths import printable

CLOSED_PIPE = 141  # the exit status that shells expect where nobody reads on
TAKE_NUMBERS = "--input", "--target"
NUMBERS = re.compile(r"-[\d.]")
OF_ONE_LINE = Refused, Failed, OSError
EXPECTED = Refused, Failed, OSError, ValueError, ArithmeticError, ImportError


class Parser(argparse.ArgumentParser):
    """A wrong use is told in one line."""

    def error(self, message: str) -> NoReturn:
        line = printable(f"micrograd-bp: {message}; {self.prog} --help shows how it is written")
        self.exit(2, f"{line}\n")


def main(arguments: Sequence[str] | None = None) -> int:
    """Run the command: 0; 1 after an error, or where a check disagrees; 130 after Ctrl-C.

    Raises SystemExit: 0 after --help and --version, 2 for options that are none.
    """
    options = parsed(sys.argv[1:] if arguments is None else arguments)
    try:
        answer = options.run(options)
        tell(answer, options.json)
    except Refused as error:
        return failed(error, 2, options)
    except KeyboardInterrupt:
        return INTERRUPTED
    except BrokenPipeError:
        silence()
        return CLOSED_PIPE
    except Exception as error:
        return failed(error, 1, options)
    return int(answer.status)


# What is asked for.


def parsed(arguments: Sequence[str]) -> argparse.Namespace:
    parser = Parser(
        prog="micrograd-bp",
        description="Scalar graphs and networks of scalars: checked, trained, drawn, explored.",
        epilog="micrograd-bp COMMAND --help shows the options of a command, and an example.",
    )
    parser.add_argument("--version", action="version", version=f"%(prog)s {__version__}")
    add_debug(parser, default=False)
    commands = parser.add_subparsers(dest="command", metavar="COMMAND", title="commands")
    for add in (
        demonstrate.add,
        train.add,
        check.add,
        pictures.add_draw,
        pictures.add_explore,
        repl.add,
    ):
        add(commands)
    for command in commands.choices.values():
        add_debug(command, default=argparse.SUPPRESS)  # keeps what stands before the command
        command.set_defaults(json=False)
    options, rest = parser.parse_known_args(joined(arguments))
    if options.command is None:
        parser.exit(2, parser.format_help())
    takes_numbers = options.command in ("draw", "explore")
    if not takes_numbers or any(text.startswith("-") for text in rest):
        require_nothing(commands.choices[options.command], rest)
    options.rest = rest  # numbers of variables that stand behind an option
    return options


def add_debug(parser: argparse.ArgumentParser, default: object) -> None:
    parser.add_argument(
        "--debug", action="store_true", default=default, help="show the traceback of an error"
    )


def joined(arguments: Sequence[str]) -> list[str]:
    """--input -1,2 as --input=-1,2, for argparse takes -1,2 for an option."""
    together: list[str] = []
    for text in arguments:
        if together and together[-1] in TAKE_NUMBERS and NUMBERS.match(text):
            together[-1] += f"={text}"
        else:
            together.append(text)
    return together


def require_nothing(parser: argparse.ArgumentParser, rest: Sequence[str]) -> None:
    if rest:
        is_expression = rest[0].startswith("-") and not rest[0].startswith("--")
        hint = "; write an expression like -x as '(-x)'" if is_expression else ""
        parser.error(f"unrecognized arguments: {' '.join(rest)}{hint}")


# What is told.


def tell(answer: Answer, as_json: bool) -> None:
    """The answer on stdout, its remark on stderr; a closed pipe is no error."""
    text = json.dumps(plain(answer.facts), allow_nan=False) if as_json else answer.text
    encoding = sys.stdout.encoding or "utf-8"
    text = text.encode(encoding, "backslashreplace").decode(encoding)
    try:
        if text:
            print(text, flush=True)
    except BrokenPipeError:
        silence()
    except OSError:
        silence()
        raise
    if answer.remark:
        print(f"micrograd-bp: {answer.remark}", file=sys.stderr)


def failed(error: Exception, status: int, options: argparse.Namespace) -> int:
    """One line on stderr; a mistake in an expression is marked on two more, but for machines."""
    if options.debug:
        traceback.print_exception(error)
    text = str(error) or type(error).__name__
    if isinstance(error, OSError) and error.filename is not None and error.strerror:
        text = f"{error.filename}: {error.strerror}"
    if not isinstance(error, EXPECTED):
        text = f"{type(error).__name__}: {text}; --debug shows where"
    is_marked = isinstance(error, Refused) and isinstance(error.args[0], ExpressionError)
    if not isinstance(error, OF_ONE_LINE) or (is_marked and options.json):
        text = text.partition("\n")[0]
    text = "; ".join([text, *getattr(error, "__notes__", ())])
    lines = text.split("\n") if is_marked else [text]
    print("micrograd-bp:", "\n".join(map(printable, lines)), file=sys.stderr)
    return status


def silence() -> None:
    """What is still to be written goes nowhere: Python writes it at its end, and would complain."""
    with suppress(OSError, ValueError):
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
