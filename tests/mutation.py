"""Apply small faults to the library, one at a time, and see that the tests notice each.

    python tests/mutation.py            all faults; exit status 1 if one survives unexplained
    python tests/mutation.py power bp2  only faults whose file or text contains one of the words
    python tests/mutation.py --part 2/4 every fourth fault, from the second on

A fault is a text of a file that occurs once, and what it is replaced by; tests/faults has them all.
It is applied to a copy of the project; the tests named beside the file are run there until the
first failure. A fault that no test can notice carries its reason in `survives`.
"""

import os
import shutil
import subprocess
import sys
import tempfile
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path

from faults import commands, engine, equations, files, matrix_form, networks, training, viz

ROOMS = engine, networks, equations, matrix_form, training, files, commands, viz
ROOT = Path(__file__).parent.parent
COPIED = ("micrograd_bp", "viz", "tests", "examples", "pyproject.toml", "README.md", ".ci")
SECONDS = 300  # a fault that makes the tests hang is noticed too


@dataclass(frozen=True)
class Fault:
    file: str
    tests: str
    right: str
    wrong: str
    survives: str = ""

    def __str__(self) -> str:
        return f"{self.file}: {self.right.strip()!r} -> {self.wrong.strip()!r}"


FAULTS = [
    Fault(file, room.TESTS[file], *fault)
    for room in ROOMS
    for file, found in room.FAULTS.items()
    for fault in found
]


def main(words: list[str]) -> int:
    if words[:1] == ["--part"]:
        k, n = map(int, words[1].split("/"))
        faults = FAULTS[k - 1 :: n]
    else:
        faults = [f for f in FAULTS if not words or any(word in str(f) for word in words)]
    with ThreadPoolExecutor(os.cpu_count()) as pool:
        noticed = list(pool.map(is_noticed, faults))
    unexplained = [
        f for f, seen in zip(faults, noticed, strict=True) if not seen and not f.survives
    ]
    wrongly = [f for f, seen in zip(faults, noticed, strict=True) if seen and f.survives]
    for fault in unexplained:
        print(f"SURVIVES  {fault}")
    for fault in wrongly:
        print(f"NOTICED, though said to survive  {fault}")
    explained = len(faults) - sum(noticed) - len(unexplained)
    print(f"{len(faults)} faults: {sum(noticed)} noticed, {explained} explained,", end=" ")
    print(f"{len(unexplained)} survive")
    return 1 if unexplained or wrongly else 0


def is_noticed(fault: Fault) -> bool:
    """Whether the tests fail on a copy of the project that has the fault."""
    with tempfile.TemporaryDirectory() as directory:
        copy = Path(directory)
        for name in COPIED:
            source = ROOT / name
            if source.is_dir():
                shutil.copytree(source, copy / name, ignore=shutil.ignore_patterns("__pycache__"))
            else:
                shutil.copy(source, copy / name)
        path = copy / fault.file
        text = path.read_text(encoding="utf-8")
        if text.count(fault.right) != 1:
            raise SystemExit(f"{fault}: the text occurs {text.count(fault.right)} times, not once")
        path.write_text(text.replace(fault.right, fault.wrong), encoding="utf-8")
        tests = [f"tests/{name}.py" for name in fault.tests.split()]
        command = [sys.executable, "-m", "pytest", "-x", "-q", "-p", "no:cacheprovider", *tests]
        environment = os.environ | {"PYTHONPATH": str(copy), "CI": "true"}
        try:
            done = subprocess.run(
                command, cwd=copy, env=environment, capture_output=True, timeout=SECONDS
            )
        except subprocess.TimeoutExpired:
            return True
    if done.returncode not in (0, 1, 2):
        raise SystemExit(f"{fault}: pytest ended with {done.returncode}\n{done.stdout.decode()}")
    return done.returncode != 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
