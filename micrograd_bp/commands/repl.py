"""micrograd-bp repl."""

import argparse

from micrograd_bp.commands.answer import Answer, Commands, add_command


def add(commands: Commands) -> None:
    repl = add_command(
        commands,
        "repl",
        "a Python prompt with the names of the library ready",
        "Opens a Python prompt with the names of the library ready: that of IPython, where it is\n"
        "installed. python -m micrograd_bp opens the same.",
        "",
    )
    repl.set_defaults(run=run)


def run(options: argparse.Namespace) -> Answer:
    from micrograd_bp.prompt import prompt

    prompt()
    return Answer()
