"""How long imports take: new processes by turns, each less one that imports nothing.

python tests/benchmarks/imports.py [rounds]
"""

import subprocess
import sys
from statistics import median
from time import perf_counter

LINES = (
    "pass",
    "import micrograd_bp",
    "from micrograd_bp import Value, MLP, quadratic",
    "from micrograd_bp import *",
    "import viz",
    "import numpy",
)


def seconds(line):
    started = perf_counter()
    subprocess.run([sys.executable, "-c", line], check=True)
    return perf_counter() - started


def main(rounds=15):
    times = {line: [] for line in LINES}
    for _ in range(rounds):
        for line in LINES:
            times[line].append(seconds(line))
    alone, numpy = median(times["pass"]), median(times["import numpy"])
    print(f"{'process':>8}  {'import':>8}  {'of pass':>7}  of import numpy")
    for line in LINES:
        whole = median(times[line])
        part = (whole - alone) / (numpy - alone)
        print(f"{whole:6.3f} s  {whole - alone:6.3f} s  {whole / alone:7.2f}  {part:5.2f}  {line}")


if __name__ == "__main__":
    main(*map(int, sys.argv[1:]))
