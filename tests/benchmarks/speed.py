"""The README's table of times: one training step of ours against each peer, as a pair.

python tests/benchmarks/speed.py             all peers that are installed
python tests/benchmarks/speed.py --only numpy
python tests/benchmarks/speed.py --growth    recording and lifting against the number of nodes
python tests/benchmarks/speed.py --lift      recording and lifting of 784-30-10

One thread each. A library's idle threads slow whoever runs after it: NumPy and ours are timed
before any other library is imported.
"""

import os

os.environ.update(
    OMP_NUM_THREADS="1",
    OPENBLAS_NUM_THREADS="1",
    MKL_NUM_THREADS="1",
    NPROC="1",
    XLA_FLAGS="--xla_cpu_multi_thread_eigen=false intra_op_parallelism_threads=1",
)

import argparse
import json
import platform
import subprocess
import sys
from collections.abc import Callable, Iterable, Sequence
from importlib.metadata import version
from pathlib import Path
from statistics import median
from time import perf_counter

from networks import NETWORKS, Network, Trainer
from peers import MODULES, NUMPY, OURS, TRAINERS, is_installed, takes

BUDGET = 0.025  # seconds a side and round
WRITINGS = ("weighted_sum", "separate")  # of lifting.py
WIDTHS = (100, 200, 400, 800, 1600)
SHORT = {"numpy": NUMPY, **{module: peer for peer, module in MODULES.items()}}


def seconds(step: Callable[[], float], repetitions: int) -> float:
    """Of one step, the mean over the repetitions."""
    start = perf_counter()
    for _ in range(repetitions):
        step()
    return (perf_counter() - start) / repetitions


def repetitions(step: Callable[[], float]) -> int:
    """As many as fill the budget; the first steps warm up."""
    seconds(step, 3)
    return max(1, round(BUDGET / seconds(step, max(1, round(0.1 * BUDGET / seconds(step, 1))))))


def race(ours: Trainer, theirs: Trainer, rounds: int) -> tuple[float, float, float]:
    """The median of their time over ours in the same round, and the two median times."""
    sides = [(trainer.step, repetitions(trainer.step)) for trainer in (ours, theirs)]
    times = []
    for k in range(rounds):
        turn = [seconds(*side) for side in sides[:: 1 if k % 2 else -1]]
        times.append(turn if k % 2 else turn[::-1])
    return (
        median(theirs / ours for ours, theirs in times),
        median(ours for ours, _ in times),
        median(theirs for _, theirs in times),
    )


def table(head: Sequence[str], rows: Iterable[Sequence[str]]) -> str:
    """Markdown, the first column to the left."""
    lines = [head, ["---", *["---:"] * (len(head) - 1)], *rows]
    return "\n".join("| " + " | ".join(line) + " |" for line in lines)


def compare(peers: Sequence[str], rounds: int) -> dict[tuple[Network, str], float]:
    """Their time over ours; peer after peer, so that NumPy comes before other libraries."""
    ours = {network: TRAINERS[OURS](network) for network in NETWORKS}
    ratios = {}
    for peer in peers:
        for network in NETWORKS:
            if takes(peer, network):
                ratio, mine, theirs = race(ours[network], TRAINERS[peer](network), rounds)
                ratios[network, peer] = ratio
                note(f"{network}: {1e6 * mine:,.1f} us, {peer} {1e6 * theirs:,.1f} us")
    return ratios


def speed(peers: Sequence[str], rounds: int) -> str:
    """The table of all networks."""
    ratios = compare(peers, rounds)
    rows = [
        [str(network), *[cell(peer, ratios.get((network, peer))) for peer in peers]]
        for network in NETWORKS
    ]
    return table(["network, batch", *[f"of {p}" if p == NUMPY else p for p in peers]], rows)


def cell(peer: str, ratio: float | None) -> str:
    """Our time as a part of NumPy's; how many times faster than another peer ours is."""
    if ratio is None:
        return "–"
    if peer == NUMPY:
        return f"{1.0 / ratio:.2f}"
    return f"{ratio:,.0f}×" if ratio >= 10.0 else f"{ratio:.1f}×"


def lifted(sizes: str, writing: str, repeats: int) -> dict[str, float]:
    """Medians of what lifting.py measures, each time in a new process."""
    command = [sys.executable, str(Path(__file__).with_name("lifting.py")), sizes, writing]
    runs = [json.loads(subprocess.check_output(command)) for _ in range(repeats)]
    return {name: median(run[name] for run in runs) for name in runs[0]}


def growth(repeats: int) -> str:
    """Per scalar node, for networks of growing width: level columns are linear growth."""
    rows = []
    for writing in WRITINGS:
        for width in WIDTHS:
            m = lifted(f"{width}-30-10", writing, repeats)
            micro = [f"{1e6 * m[name] / m['nodes']:.1f}" for name in ("record", "lift")]
            byte = f"{m['peak'] / m['nodes']:,.0f}"
            rows.append([f"{width}-30-10, {writing}", f"{m['nodes']:,.0f}", *micro, byte])
            note(", ".join(rows[-1]))
    per_node = ["recording, µs a node", "lifting, µs a node", "peak, bytes a node"]
    return table(["network, written with", "nodes", *per_node], rows)


def lift(repeats: int) -> str:
    """Recording and lifting of 784-30-10, and the call that plans the memory."""
    rows = []
    for writing in WRITINGS:
        m = lifted("784-30-10", writing, repeats)
        times = f"{m['record']:.2f}", f"{m['lift']:.2f}", f"{1e3 * m['first']:.1f}"
        rows.append([writing, f"{m['nodes']:,.0f}", *times, f"{m['peak'] / 1e6:.0f}"])
    parts = ["nodes", "recording, s", "lifting, s", "first call, ms", "peak, MB"]
    return table(["784-30-10, written with", *parts], rows)


def note(text: str) -> None:
    """Progress, apart from the table."""
    print(text, file=sys.stderr, flush=True)


def versions(peers: Sequence[str]) -> str:
    """What was measured, and what was left out."""
    names = ["numpy", *[MODULES[peer] for peer in peers if peer in MODULES]]
    text = ", ".join([f"Python {platform.python_version()}", *[f"{n} {version(n)}" for n in names]])
    absent = [peer for peer in MODULES if not is_installed(peer)]
    return text + (f"; not installed: {', '.join(absent)}" if absent else "")


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--rounds", type=int, default=31, help="of each pair (default 31)")
    parser.add_argument("--repeats", type=int, default=3, help="processes for --growth and --lift")
    parser.add_argument("--only", choices=SHORT, action="append", help="this peer; may be repeated")
    parser.add_argument("--growth", action="store_true", help="time and memory per scalar node")
    parser.add_argument("--lift", action="store_true", help="seconds and MB to lift 784-30-10")
    options = parser.parse_args()
    if options.growth:
        print(growth(options.repeats))
    if options.lift:
        print(lift(options.repeats))
    if options.growth or options.lift:
        return
    peers = [peer for short, peer in SHORT.items() if short in (options.only or SHORT)]
    peers = [peer for peer in peers if is_installed(peer)]
    print(speed(peers, options.rounds))
    print(f"\n{versions(peers)}")


if __name__ == "__main__":
    main()
