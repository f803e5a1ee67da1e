"""The neuron view: a box for each neuron with z, a and delta, a line for each weight."""

from collections.abc import Callable, Iterator
from functools import cached_property

from viz import contents
from viz.boxes import Box, Column
from viz.caption import line
from viz.columns import columns_body, costs, heading
from viz.legend import magnitudes
from viz.network import NetworkView, Neuron, Number, data, grads, is_finite, span
from viz.style import NOT_FINITE, fills
from viz.weights import WeightLines, neuron_name

ROWS_UP_TO = 16  # neurons in a layer; above, a box is one line of text
NAME = 20  # characters of an input's name
LISTED = 8  # weights of a neuron in the text


class NeuronView(NetworkView):
    """A network, neuron by neuron."""

    @property
    def size(self) -> int:
        return self.network.size

    def refusal(self, force: bool) -> str:
        if self.size <= contents.MOST:
            return ""
        return (
            f"{self.size:,} neurons and weights are more than the {contents.MOST:,} of the largest"
            ' layout: view="layer" draws a box for each layer'
        )

    def body(self) -> Iterator[str]:
        columns = [
            Column([*map(self._box, neurons)], heading(self.network, layer))
            for layer, neurons in self.network.layers.items()
        ]
        columns += costs(self.network)
        return columns_body(columns, list(self._lines.all()), self._legend(), self.rankdir)

    def titles(self) -> dict[str, str]:
        boxes = {
            neuron_name(neuron.place): "  ".join(self._rows(neuron, is_full=True))
            for neuron in self.network.neurons.values()
        }
        return boxes | self._lines.titles()

    def lines(self) -> Iterator[str]:
        yield self.description
        for layer, neurons in self.network.layers.items():
            yield ", ".join(filter(None, self.network.title(layer)))
            for neuron in neurons:
                yield "  " + "  ".join(self._rows(neuron, is_full=True))
                yield from self._lines.listed(neuron.place, LISTED)
        yield from self.network.cost_lines()

    @property
    def _lines(self) -> WeightLines:
        return WeightLines(self.network, self.grads)

    @property
    def _has_deltas(self) -> bool:
        return self.grads and self.network.has_deltas

    @cached_property
    def _fill(self) -> Callable[[float], str]:
        return fills(self._deltas)

    @property
    def _deltas(self) -> list[float]:
        return [_delta(neuron) for neuron in self.network.neurons.values()]

    def _box(self, neuron: Neuron) -> Box:
        rows = self._rows(neuron)
        if len(self.network.layers[neuron.layer]) > ROWS_UP_TO:
            rows = ["  ".join(rows)]
        kind = "neuron" if neuron.layer else "input"
        look = {} if neuron.layer else {"penwidth": "0.6"}
        if self._has_deltas and neuron.z:
            look["fillcolor"] = self._fill(_delta(neuron))
        if not self._is_finite(neuron):
            look |= NOT_FINITE
        return Box(neuron_name(neuron.place), kind, rows, look)

    def _rows(self, neuron: Neuron, is_full: bool = False) -> list[str]:
        if not neuron.layer:
            name = line(neuron.name) or f"input {neuron.place[1]}"
            if not is_full and len(name) > NAME:
                name = name[:NAME] + "…"
            return [row for row in (name, span(data(neuron.a))) if row]
        rows = [f"neuron {neuron.place[1]}"]
        if neuron.is_linear:
            rows.append(f"z = a {span(data(neuron.z))}")
        else:
            rows += [f"{x} {span(data(found))}" for x, found in _values(neuron) if found]
        if self.grads and neuron.z:
            rows.append(f"δ {span(grads(neuron.z)) if self.network.has_deltas else '–'}")
        if neuron.b and (is_full or not neuron.z):
            rows.append(f"b {span(data(neuron.b))}")
        return rows

    def _is_finite(self, neuron: Neuron) -> bool:
        deltas = grads(neuron.z) if self._has_deltas else []
        return is_finite([*data(neuron.z), *data(neuron.a), *deltas])

    def _legend(self) -> Iterator[str]:
        if self._has_deltas:
            yield magnitudes("fill: |δ|", self._deltas) + ", white if 0"
        elif self.grads and any(neuron.z for neuron in self.network.neurons.values()):
            yield "δ –: backward() has not run"
        yield from self._lines.legend()
        if any(len(neuron.z) > 1 for neuron in self.network.neurons.values()):
            yield "from..to: the smallest and the largest of several passes"


def _values(neuron: Neuron) -> list[tuple[str, list[Number]]]:
    return [("z", neuron.z), ("a", neuron.a)]


def _delta(neuron: Neuron) -> float:
    """The delta of the largest magnitude among the passes."""
    return max(grads(neuron.z), key=abs, default=0.0)
