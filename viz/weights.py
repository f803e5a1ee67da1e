"""The lines of the neuron view: how thick and of which colour a weight is, and what it says."""

from collections import Counter
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from functools import cached_property
from math import isfinite

from viz.caption import line, number
from viz.columns import Line
from viz.legend import magnitudes
from viz.network import Network, Weight
from viz.style import shades
from viz.symbols import Place

LABELS_UP_TO = 20  # weights into a layer; above, lines have no numbers

THINNEST, THICKEST = 0.4, 4.0
DENSE = 200  # weights; above, the thickest line is half as thick
UNKNOWN, ZERO = "#777777", "#cccccc"
POSITIVE = "#f3cfa8", "#f0b27a", "#e88f45", "#d4691b", "#a84300"
NEGATIVE = "#c3d5ea", "#97b8dc", "#6696c8", "#3a74b0", "#174a85"
NOT_FINITE = {"color": "#b00020", "penwidth": "2.2", "style": "dotted"}
LINK = {"class": "link", "color": "#aaaaaa", "penwidth": "0.6"}


@dataclass(frozen=True)
class WeightLines:
    """The lines of `network`, weights and others; `grads` is whether to show gradients."""

    network: Network
    grads: bool

    def all(self) -> Iterator[Line]:
        into = Counter(weight.head[0] for weight in self.network.weights)
        for weight in self.network.weights:
            numbers = [self._numbers(weight)] if into[weight.head[0]] <= LABELS_UP_TO else []
            names = neuron_name(weight.tail), neuron_name(weight.head)
            yield Line(_id(weight), *names, self._look(weight), numbers)
        for tail, head in self.network.links:
            names = neuron_name(tail), neuron_name(head)
            yield Line(f"{names[0]}_{names[1]}", *names, LINK)
        for tail in self.network.read:
            yield Line(f"{neuron_name(tail)}_cost", neuron_name(tail), "cost", LINK)

    def titles(self) -> dict[str, str]:
        return {_id(weight): self._title(weight) for weight in self.network.weights}

    def legend(self) -> Iterator[str]:
        if not self.network.weights:
            return
        sizes = [weight.value.data for weight in self.network.weights]
        is_labelled = any(line.rows for line in self.all())
        yield magnitudes("line: width |w|", sizes) + ", dashed if negative"
        if self._has_slopes:
            yield magnitudes("colour: |dC/dw|", self._all_slopes) + ", orange if > 0, blue if < 0"
        if is_labelled:
            yield "number on a line: w" + " (dC/dw)" * self._has_slopes

    def listed(self, head: Place, most: int) -> Iterator[str]:
        """The weights into a neuron as text, `most` of them written out."""
        found = [self._numbers(weight) for weight in self._into.get(head, [])]
        if found:
            more = f", and {len(found) - most:,} more" if len(found) > most else ""
            yield "    w " + ", ".join(found[:most]) + more

    @property
    def _has_slopes(self) -> bool:
        return self.grads and self.network.has_slopes

    @cached_property
    def _into(self) -> dict[Place, list[Weight]]:
        found: dict[Place, list[Weight]] = {}
        for weight in self.network.weights:
            found.setdefault(weight.head, []).append(weight)
        return found

    @cached_property
    def _all_slopes(self) -> list[float]:
        return [weight.value.grad for weight in self.network.weights]

    @cached_property
    def _largest(self) -> float:
        sizes = [abs(weight.value.data) for weight in self.network.weights]
        return max(filter(isfinite, sizes), default=0.0) or 1.0

    @cached_property
    def _colours(self) -> tuple[Callable[[float], str], Callable[[float], str]]:
        return shades(self._all_slopes, POSITIVE, ZERO), shades(self._all_slopes, NEGATIVE, ZERO)

    def _look(self, weight: Weight) -> dict[str, str]:
        w, slope = weight.value.data, weight.value.grad
        sign = "negative" if w < 0.0 else "positive"
        if not isfinite(w) or (self._has_slopes and not isfinite(slope)):
            return {"class": f"weight {sign}", "arrowhead": "none"} | NOT_FINITE
        thickest = THICKEST if len(self.network.weights) <= DENSE else 0.5 * THICKEST
        width = THINNEST + (thickest - THINNEST) * abs(w) / self._largest
        return {
            "class": f"weight {sign}",
            "arrowhead": "none",
            "color": self._colours[slope < 0.0](slope) if self._has_slopes else UNKNOWN,
            "penwidth": format(width, ".2f"),
        } | ({"style": "dashed"} if w < 0.0 else {})

    def _numbers(self, weight: Weight) -> str:
        w = format(weight.value.data, ".3g")
        return f"{w} ({weight.value.grad:.3g})" if self._has_slopes else w

    def _title(self, weight: Weight) -> str:
        (_, i), (l, j) = weight.tail, weight.head
        name = line(str(getattr(weight.value, "label", ""))) or f"w_{i},{j}^{l}"
        slope = f"  dC/dw {number(weight.value.grad)}" if self._has_slopes else ""
        return f"{name} {number(weight.value.data)}{slope}"


def neuron_name(place: Place) -> str:
    """The id of a neuron or input, and its name in DOT."""
    return f"layer{place[0]}_neuron{place[1]}"


def _id(weight: Weight) -> str:
    return f"w{weight.head[0]}_{weight.tail[1]}_{weight.head[1]}"
