"""micrograd-bp demo."""

import argparse
import io
from contextlib import redirect_stdout
from pathlib import Path

from micrograd_bp.commands.answer import Answer, Commands, Refused, add_command, add_json

DIRECTORY = Path("micrograd-bp-demo")


def add(commands: Commands) -> None:
    demo = add_command(
        commands,
        "demo",
        "check, train and draw a network of scalars on handwritten digits",
        "Builds an MLP 64-30-10 from scalars, checks BP1 to BP4 on a handwritten digit,\n"
        "trains it, and writes pictures.",
        "--directory pictures",
    )
    demo.add_argument(
        "--directory",
        type=Path,
        default=DIRECTORY,
        metavar="DIR",
        help="where to write (default: %(default)s)",
    )
    demo.add_argument("--force", action="store_true", help="write to DIR though it has files")
    add_json(demo)
    demo.set_defaults(run=run)


def run(options: argparse.Namespace) -> Answer:
    from micrograd_bp.demo import demo

    directory = options.directory
    if directory.is_dir() and any(directory.iterdir()) and not options.force:
        raise Refused(
            f"{directory} has files already; --force overwrites those of the demo,"
            " --directory DIR writes elsewhere"
        )
    if not options.json:
        demo(directory)
        return Answer()
    with redirect_stdout(io.StringIO()) as told:
        demo(directory)
    files = sorted(path for path in directory.iterdir() if path.is_file())
    return Answer(facts={"directory": directory, "files": files, "text": told.getvalue()})
