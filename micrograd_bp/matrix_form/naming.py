"""Names for vectors and their parts, from the labels of the scalars: z₁² and z₂² make z2."""

import keyword
import re
from collections.abc import Sequence

from micrograd_bp.notation import Symbol

RESERVED = (
    *("X", "m", "theta", "gradient", "mean", "one", "sum", "cost", "outputs", "np", "inf", "nan"),
    *("strided", "values", "value_and_gradient"),
)
STEM = re.compile(r"([A-Za-z_]*[A-Za-z])[\d₀-₉⁰¹²³⁴-⁹_,.()\[\]^ ]*", re.ASCII)


class Names:
    """Each name is given once; a second group of the same labels gets a number behind."""

    def __init__(self) -> None:
        self.given = {*RESERVED, *keyword.kwlist}
        self.counts: dict[str, int] = {}

    def of(self, labels: Sequence[str], default: str) -> str:
        """A name from the labels, if they agree in one; else the default, numbered."""
        name = common(labels)
        return self.fresh(name) if name and name not in self.given else self.numbered(default)

    def fresh(self, name: str) -> str:
        self.given.add(name)
        return name

    def numbered(self, letter: str) -> str:
        while True:
            self.counts[letter] = self.counts.get(letter, 0) + 1
            name = f"{letter}{self.counts[letter]}"
            if name not in self.given:
                return self.fresh(name)


def common(labels: Sequence[str]) -> str:
    """The name in ASCII that the labels have in common: letter and layer, or first letters."""
    names = {name_of(label) for label in labels}
    return names.pop() if len(names) == 1 else ""


def name_of(label: str) -> str:
    if isinstance(label, Symbol):
        return label.letter if label.layer is None else f"{label.letter}{label.layer}"
    found = STEM.fullmatch(label)
    return found.group(1) if found else ""


def joined(labels: Sequence[str]) -> str:
    """`w1_and_b1` for labels of a block of weights and biases; "" if they are of more kinds."""
    names = list(dict.fromkeys(map(name_of, labels)))
    return "_and_".join(names) if len(names) <= 2 and all(names) else ""
