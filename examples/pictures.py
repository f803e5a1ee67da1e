"""The pictures of the README, made by the examples of the course, into examples/pictures/."""

import os
import runpy
from pathlib import Path

EXAMPLES = Path(__file__).parent.resolve()
SHOWN = "03_one_neuron", "05_notation"

os.chdir(EXAMPLES / "pictures")
for name in SHOWN:
    runpy.run_path(str(EXAMPLES / f"{name}.py"), run_name="__main__")
