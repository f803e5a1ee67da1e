"""Hypothesis profiles, the command line, the examples, Python in a process, memory of nan."""

import contextlib
import io
import math
import os
import runpy
import signal
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np
import pytest
from hypothesis import settings

import micrograd_bp
from micrograd_bp import cli

settings.register_profile("ci", derandomize=True, deadline=None)
settings.register_profile("dev", deadline=None)
settings.load_profile("ci" if os.environ.get("CI") else "dev")

# A shell has what it runs in the background ignore Ctrl-C, and so would all that tests start.
signal.signal(signal.SIGINT, signal.default_int_handler)

PROJECT = Path(micrograd_bp.__file__).parents[1]
EXAMPLES = Path(__file__).parents[1] / "examples"


@pytest.fixture(scope="session")
def run_python() -> Callable[..., str]:
    """Run a script with options of the interpreter; gives its output, fails if it crashes."""

    def run(script: str, *options: str, **environment: str) -> str:
        finished = subprocess.run(
            [sys.executable, *options, "-c", script],
            env={**os.environ, "PYTHONPATH": str(PROJECT), **environment},
            capture_output=True,
            text=True,
            encoding="utf-8",
            errors="replace",
        )
        assert finished.returncode == 0, f"exit {finished.returncode}\n{finished.stderr[-2000:]}"
        return finished.stdout

    return run


@pytest.fixture(scope="module")
def memory_is_full_of_nan():
    """So that it shows where a program reads what it did not write."""
    empty = np.empty

    def full_of_nan(shape, dtype=float):
        array = empty(shape, dtype)
        array.fill(math.nan if array.dtype == float else 0)
        return array

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(np, "empty", full_of_nan)
        yield


@pytest.fixture
def run(capsys, monkeypatch, tmp_path):
    """Run the command in an empty folder: its exit status, what it printed, and its errors."""
    monkeypatch.chdir(tmp_path)

    def run(*arguments):
        try:
            status = cli.main(arguments)
        except SystemExit as stop:
            status = stop.code
        return status, *capsys.readouterr()

    return run


class Ran(NamedTuple):
    """What an example left: its variables, what it printed, and the folder with its pictures."""

    names: dict[str, Any]
    printed: str
    folder: Path


@pytest.fixture(scope="session")
def example(tmp_path_factory) -> Callable[[str], Ran]:
    """Run an example of the course, once, in an empty folder, as a reader runs it."""
    ran: dict[str, Ran] = {}

    def run(name: str) -> Ran:
        if name not in ran:
            folder = tmp_path_factory.mktemp("example")
            printed = io.StringIO()
            path = str(EXAMPLES / name)
            with pytest.MonkeyPatch.context() as patch, contextlib.redirect_stdout(printed):
                patch.chdir(folder)
                patch.setattr(sys, "argv", [path])
                names = runpy.run_path(path, run_name="__main__")
            ran[name] = Ran(names, printed.getvalue(), folder)
        return ran[name]

    return run
