"""micrograd-bp train."""

import argparse
import shlex
from dataclasses import asdict
from pathlib import Path

import numpy as np

from micrograd_bp.checkpoint import save
from micrograd_bp.commands.answer import Answer, Commands, Refused, add_command, add_json
from micrograd_bp.commands.example import described, hint_at
from micrograd_bp.commands.sets import COSTS, SETS, Data, data_named, targets_of
from micrograd_bp.commands.settings import (
    OPTIMIZERS,
    Settings,
    add_settings,
    save_settings,
    settings_of,
)
from micrograd_bp.data import Array
from micrograd_bp.files import place_in
from micrograd_bp.history import History
from micrograd_bp.interrupt import INTERRUPTED
from micrograd_bp.nn import MLP
from micrograd_bp.training import train

DIRECTORY = Path("micrograd-bp-train")
MODEL, CHECKPOINT, SETTINGS = "model.npz", "checkpoint.npz", "settings.json"
TABLE, PLOT = "history.csv", "history.svg"


def add(commands: Commands) -> None:
    command = add_command(
        commands,
        "train",
        "train a network on a shipped set or on arrays of your own",
        f"Trains a network on a shipped set ({', '.join(SETS)}),\n"
        "or on X, a row for each example, and y of an .npz: y is labels 0, 1, 2 ..., numbers, or\n"
        f"rows of targets. Writes {MODEL}, {CHECKPOINT}, {SETTINGS}, {TABLE}\n"
        f"and {PLOT} to a folder. Ctrl-C ends it so that --resume goes on.",
        "moons --epochs 50 --out runs/moons",
        "digits --layers 30,10 --optimizer adam --out runs/digits",
        "digits --out runs/digits --resume --epochs 20",
    )
    command.add_argument("data", metavar="NAME_OR_NPZ", help="a shipped set, or an .npz")
    add_settings(command)
    command.add_argument(
        "--out",
        type=Path,
        default=DIRECTORY,
        metavar="DIR",
        help="where to write (default: %(default)s)",
    )
    again = command.add_mutually_exclusive_group()
    again.add_argument("--resume", action="store_true", help="go on from the checkpoint in DIR")
    again.add_argument("--force", action="store_true", help="start afresh in DIR, and overwrite")
    add_json(command)
    command.set_defaults(run=run)


def run(options: argparse.Namespace) -> Answer:
    directory = options.out
    data = data_named(options.data)
    settings = settings_of(options, data, directory / SETTINGS if options.resume else None)
    targets = targets_of(data, settings.layers[-1], settings.cost)
    learn, held_out = split(len(data.X), settings.validation, settings.seed)
    require_room(directory, options.resume, options.force)
    directory.mkdir(parents=True, exist_ok=True)
    if options.force:
        for name in (MODEL, CHECKPOINT, SETTINGS, TABLE, PLOT):
            (directory / name).unlink(missing_ok=True)
    save_settings(settings, place_in(directory, SETTINGS))
    net = network(data.X.shape[1], settings)
    history = learned(
        net,
        settings,
        (data.X[learn], targets[learn]),
        (data.X[held_out], targets[held_out]) if len(held_out) else None,
        directory / CHECKPOINT,
        options.resume,
    )
    if history.stopped == "interrupted":
        return interrupted(directory, net, settings, history)
    return finished(directory, net, settings, history, data, len(held_out))


def network(inputs: int, settings: Settings) -> MLP:
    return MLP(
        inputs,
        settings.layers,
        activation=settings.activation,
        output=settings.output,
        rng=settings.seed,
        init="scaled",
    )


def learned(
    net: MLP,
    settings: Settings,
    examples: tuple[Array, Array],
    held_out: tuple[Array, Array] | None,
    checkpoint: Path,
    resume: bool,
) -> History:
    optimizer = OPTIMIZERS[settings.optimizer][0](net.parameters(), settings.learning_rate)
    with hint_at(f"a smaller --learning-rate than {settings.learning_rate:g} may do"):
        return train(
            net,
            *examples,
            COSTS[settings.cost],
            optimizer,
            settings.epochs,
            settings.batch_size,
            validation=held_out,
            seed=settings.seed,
            l2=settings.l2,
            patience=settings.patience,
            checkpoint=checkpoint,
            resume=resume,
        )


def require_room(directory: Path, resume: bool, force: bool) -> None:
    """Raise Refused where a training is in the folder already, unless it is to go on or to go."""
    there = [name for name in (CHECKPOINT, MODEL) if (directory / name).exists()]
    if not there or force or (resume and CHECKPOINT in there):
        return
    if resume:
        raise Refused(f"{directory} has {MODEL} but no {CHECKPOINT}; --force starts afresh")
    ways_out = "--resume goes on, --force starts afresh, --out DIR writes elsewhere"
    if CHECKPOINT not in there:
        ways_out = "--force starts afresh, --out DIR writes elsewhere"
    raise Refused(f"{directory} has {there[0]} already; {ways_out}")


def split(n: int, part: float, seed: int) -> tuple[Array, Array]:
    """The rows to learn from and those held out, at least one where `part` is above 0."""
    count = max(1, round(part * n)) if part else 0
    if count >= n:
        raise Refused(f"--validation {part:g} of {n} examples leaves none to learn from")
    order = np.random.default_rng(seed).permutation(n)
    return order[count:], order[:count]


def interrupted(directory: Path, net: MLP, settings: Settings, history: History) -> Answer:
    again = f"micrograd-bp train {shlex.quote(settings.data)} --out {shlex.quote(str(directory))}"
    return Answer(
        facts=facts_of(net, settings, history, [directory / CHECKPOINT, directory / SETTINGS]),
        status=INTERRUPTED,
        remark=f"interrupted after {history.epochs} of {settings.epochs} epochs;"
        f" go on with: {again} --resume",
    )


def finished(
    directory: Path, net: MLP, settings: Settings, history: History, data: Data, held_out: int
) -> Answer:
    """Write the files; what was learned, in a few lines."""
    save(net, directory / MODEL)
    history.to_csv(place_in(directory, TABLE))
    files = [directory / name for name in (MODEL, CHECKPOINT, SETTINGS, TABLE)]
    remark = plotted(history, place_in(directory, PLOT))
    if not remark:
        files.append(directory / PLOT)
    files = [path for path in files if path.exists()]
    sizes, examples = "-".join(map(str, net.sizes)), len(data.X) - held_out
    lines = [
        f"MLP {sizes} on {data.name}: {history.epochs} epochs of {examples:,} examples,"
        f" {held_out:,} held out{', stopped by patience' * (history.stopped == 'patience')}",
        *last_of("cost", history.cost, history.validation_cost, "{:.4g}"),
        *last_of("accuracy", history.accuracy, history.validation_accuracy, "{:.2%}"),
        *(f"  {path}" for path in files),
    ]
    return Answer("\n".join(lines), facts_of(net, settings, history, files), remark=remark)


def last_of(name: str, seen: list[float], held_out: list[float], form: str) -> list[str]:
    """The last numbers of both lists, in a line, if there are any."""
    parts = [form.format(seen[-1])] if seen else []
    parts += [f"held out {form.format(held_out[-1])}"] if held_out else []
    return [f"  {name:8}  {', '.join(parts)}"] if parts else []


def facts_of(
    net: MLP, settings: Settings, history: History, files: list[Path]
) -> dict[str, object]:
    names = "cost", "accuracy", "validation_cost", "validation_accuracy"
    last = {name: next(reversed(getattr(history, name)), None) for name in names}
    return (
        described(net)
        | {"settings": asdict(settings), "epochs": history.epochs, "stopped": history.stopped}
        | last
        | {"seconds": sum(history.seconds), "files": files}
    )


def plotted(history: History, path: Path) -> str:
    """Write the learning curve; without matplotlib, the line that says how to get it."""
    if not history.epochs:
        return f"{path.name} is not written: there was no epoch"
    try:
        history.plot().figure.savefig(path)
    except ImportError as missing:
        return str(missing)
    return ""
