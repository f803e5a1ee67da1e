"""One neuron and its cost, with the local derivative on each edge: the README's picture."""

from pathlib import Path

from micrograd_bp.demo import one_neuron
from viz import draw

path = draw(one_neuron()).save(Path(__file__).with_name("neuron.svg"))
print(f"wrote {path}")
