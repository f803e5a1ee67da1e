"""The layer view: a box for each layer with its size, and the ranges and norms of its numbers."""

from collections.abc import Iterator
from functools import cached_property

from viz.boxes import Box, Column
from viz.caption import counted
from viz.columns import Line, columns_body, costs, heading
from viz.network import NetworkView, Neuron, Number, Weight, data, grads, is_finite, norm, span
from viz.style import NOT_FINITE


class LayerView(NetworkView):
    """A network, layer by layer."""

    @property
    def size(self) -> int:
        return len(self.network.layers)

    def refusal(self, force: bool) -> str:
        return ""

    def body(self) -> Iterator[str]:
        columns = [
            Column([self._box(layer, neurons)], heading(self.network, layer))
            for layer, neurons in self.network.layers.items()
        ]
        columns += costs(self.network)
        return columns_body(columns, list(self._arrows()), self._legend(), self.rankdir)

    def titles(self) -> dict[str, str]:
        return {
            f"layer{layer}": "  ".join([*self.network.title(layer), *self._rows(neurons)])
            for layer, neurons in self.network.layers.items()
        }

    def lines(self) -> Iterator[str]:
        yield self.description
        for layer, neurons in self.network.layers.items():
            for (_, head), rows in self._connections.items():
                if head == layer and rows:
                    yield "  " + "  ".join(rows)
            yield ", ".join(self.network.title(layer)) + ":  " + "  ".join(self._rows(neurons))
        yield from self.network.cost_lines()

    def _box(self, layer: int, neurons: list[Neuron]) -> Box:
        look = {} if layer else {"penwidth": "0.6"}
        if not is_finite(data(all_of(neurons, "z")) + data(all_of(neurons, "a"))):
            look |= NOT_FINITE
        return Box(f"layer{layer}", "layer", self._rows(neurons), look)

    def _rows(self, neurons: list[Neuron]) -> list[str]:
        rows = [counted(len(neurons), "neuron" if neurons[0].layer else "input")]
        z, a, b = (all_of(neurons, name) for name in ("z", "a", "b"))
        for name, found in (("z", z), ("a", a)) if z or not b else [("b", b)]:
            if found:
                rows.append(f"{name} {span(data(found))}")
        if self.grads and z:
            rows += self._deltas(grads(z))
        return rows

    def _deltas(self, deltas: list[float]) -> list[str]:
        if not self.network.has_deltas:
            return ["δ –"]
        return [f"δ {span(deltas)}", f"‖δ‖ {norm(deltas)}"]

    def _arrows(self) -> Iterator[Line]:
        for (tail, head), rows in self._connections.items():
            look = {"class": "weights" if rows else "link"}
            yield Line(f"layer{tail}_layer{head}", f"layer{tail}", f"layer{head}", look, rows)
        for layer in sorted({place[0] for place in self.network.read}):
            yield Line(f"layer{layer}_cost", f"layer{layer}", "cost", {"class": "link"})

    @cached_property
    def _connections(self) -> dict[tuple[int, int], list[str]]:
        """Pairs of layers, and what is written between them: nothing where there are no weights."""
        weights: dict[tuple[int, int], list[Weight]] = {}
        for weight in self.network.weights:
            weights.setdefault((weight.tail[0], weight.head[0]), []).append(weight)
        found = {pair: self._between(pair, between) for pair, between in weights.items()}
        for tail, head in self.network.links:
            found.setdefault((tail[0], head[0]), [])
        return found

    def _between(self, pair: tuple[int, int], weights: list[Weight]) -> list[str]:
        tails, heads = (len(self.network.layers[layer]) for layer in pair)
        is_full = len(weights) == tails * heads
        values = [weight.value for weight in weights]
        rows = [f"{tails:,} × {heads:,} weights" if is_full else counted(len(weights), "weight")]
        rows.append(f"‖w‖ {norm(data(values))}")
        if self.grads and self.network.has_slopes:
            rows.append(f"‖dC/dw‖ {norm(grads(values))}")
        return rows

    def _legend(self) -> Iterator[str]:
        yield "from..to: the smallest and the largest; ‖ ‖: the Euclidean norm"
        if (
            self.grads
            and not self.network.has_deltas
            and any(neuron.z for neuron in self.network.neurons.values())
        ):
            yield "δ –: backward() has not run"


def all_of(neurons: list[Neuron], name: str) -> list[Number]:
    """The z, a or b of all neurons."""
    return [x for neuron in neurons for x in getattr(neuron, name)]
