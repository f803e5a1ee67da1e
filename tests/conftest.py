"""Hypothesis profiles, and Python in a process of its own."""

import os
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest
from hypothesis import settings

import micrograd_bp

settings.register_profile("ci", derandomize=True, deadline=None)
settings.register_profile("dev", deadline=None)
settings.load_profile("ci" if os.environ.get("CI") else "dev")

PROJECT = Path(micrograd_bp.__file__).parents[1]


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
