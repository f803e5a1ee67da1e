"""micrograd-bp check."""

import argparse
from dataclasses import asdict
from pathlib import Path

from micrograd_bp.checkpoint import load
from micrograd_bp.commands.answer import Answer, Commands, add_command, add_json
from micrograd_bp.commands.example import add_example, described, example_for, hint_at
from micrograd_bp.equations import check_equations

DISAGREE = 1  # the exit status


def add(commands: Commands) -> None:
    check = add_command(
        commands,
        "check",
        "check BP1 to BP4 on a saved network",
        "Checks the four equations of backpropagation on a saved network and one example, in\n"
        "every form and at every index. The exit status is 1 where they disagree.",
        "model.npz",
        "model.npz --input 1,-2 --target 1,0",
    )
    check.add_argument("model", type=Path, metavar="MODEL", help="a saved network")
    add_example(check)
    add_json(check)
    check.set_defaults(run=run)


def run(options: argparse.Namespace) -> Answer:
    net = load(options.model)
    example = example_for(net, options)
    with hint_at("another --seed, --example or --cost may do"):
        report = check_equations(net, example.x, example.y, example.cost)
    rows = [asdict(row) | {"ok": row.ok} for row in report.rows]
    facts = described(net) | example.facts | {"C": report.seen.cost, "ok": report.ok, "rows": rows}
    return Answer(str(report), facts, 0 if report.ok else DISAGREE)
