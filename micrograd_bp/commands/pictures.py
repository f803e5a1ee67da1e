"""micrograd-bp draw and explore."""

import argparse
from pathlib import Path

from micrograd_bp.commands.answer import Answer, Commands, Failed, Refused, add_command, add_json
from micrograd_bp.commands.recording import add_recorded, recorded

NEURON = '"tanh(w1*x1 + w2*x2 + b)" w1=-3 x1=2 w2=1 x2=0 b=6.88'
PAGES = ".html", ".htm"


def add_draw(commands: Commands) -> None:
    draw = add_command(
        commands,
        "draw",
        "draw the graph of an expression, or a saved network",
        "Records an expression as a graph, runs its backward pass, and draws it:\n"
        "as a picture, or without -o as a tree of text. Of a saved network it draws the weights,\n"
        "or with an input, a target or an example the cost.",
        f"{NEURON} -o neuron.svg",
        "model.npz --input 1,-2 -o network.svg",
    )
    add_recorded(draw)
    draw.add_argument(
        "-o", "--output", type=Path, metavar="FILE", help="a name with .svg .png .dot .txt or .html"
    )
    draw.add_argument("--view", help="auto, scalar, neuron, layer or text (default: auto)")
    add_json(draw)
    draw.set_defaults(run=run_draw)


def add_explore(commands: Commands) -> None:
    explore = add_command(
        commands,
        "explore",
        "write an interactive page on which to step through an expression or a network",
        "Records an expression, or the cost of a saved network, as a graph, and writes a page on\n"
        "which to step through its forward and backward pass, number by number.",
        f"{NEURON} -o neuron.html",
        "model.npz --input 1,-2 -o network.html",
    )
    add_recorded(explore)
    explore.add_argument(
        "-o", "--output", type=Path, metavar="FILE", required=True, help="a name with .html"
    )
    add_json(explore)
    explore.set_defaults(run=run_explore)


def run_draw(options: argparse.Namespace) -> Answer:
    import viz

    path, view = options.output, options.view
    is_page = path is not None and path.suffix.lower() in PAGES
    found = recorded(options, needs_cost=is_page or view == "scalar")
    if path is None and view not in (None, "text"):
        raise Refused(f"--view {view} needs a file to draw to: -o FILE")
    try:
        picture = viz.draw(found.root, view=view or ("auto" if path else "text"))
        if path is None:
            return Answer(str(picture), found.facts | {"text": str(picture)})
        saved = written(path, picture) if isinstance(picture, str) else picture.save(path)
    except ValueError as error:
        raise Refused(error) from error
    except viz.RendererNotFound as error:
        raise Failed(error) from error
    return Answer(str(saved), found.facts | {"file": path})


def run_explore(options: argparse.Namespace) -> Answer:
    import viz
    from viz.contents import GraphTooLarge

    found = recorded(options, needs_cost=True)
    try:
        page = viz.explore(found.root, options.output)
    except GraphTooLarge as error:
        why = str(error).partition(":")[0]
        raise Refused(f"{why}: micrograd-bp draw MODEL -o FILE shows it by layer") from error
    except ValueError as error:
        raise Refused(error) from error
    return Answer(page, found.facts | {"file": page})


def written(path: Path, text: str) -> Path:
    """Write a text view; the suffix says what a file is."""
    if path.suffix != ".txt":
        raise Refused(f"a text is saved as .txt, not as {str(path)!r}")
    path.write_text(text + "\n", encoding="utf-8")
    return path
