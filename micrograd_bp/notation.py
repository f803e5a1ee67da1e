"""Symbol: a label that knows its letter, layer and indices; its text is the notation."""

from typing import Any

_SUBSCRIPT = str.maketrans("0123456789", "₀₁₂₃₄₅₆₇₈₉")
_SUPERSCRIPT = str.maketrans("0123456789", "⁰¹²³⁴⁵⁶⁷⁸⁹")
_GREEK = {"delta": "δ", "eta": "η"}


class Symbol(str):
    """`Symbol("w", 2, (1, 2))` is the text w₁₂² for the weight w_12^2.

    letter: one of x, y, w, b, z, a, delta.
    layer: 0 is the input; None for a neuron or a layer that stands alone.
    indices: neurons, counted from 1; for a weight (i, j), from neuron i to neuron j.
    """

    letter: str
    layer: int | None
    indices: tuple[int, ...]

    def __new__(
        cls, letter: str, layer: int | None = None, indices: tuple[int, ...] = ()
    ) -> "Symbol":
        comma = "," if any(index > 9 for index in indices) else ""
        subscript = comma.join(map(str, indices)).translate(_SUBSCRIPT)
        superscript = "" if layer is None else str(layer).translate(_SUPERSCRIPT)
        symbol = super().__new__(cls, _GREEK.get(letter, letter) + subscript + superscript)
        symbol.letter, symbol.layer, symbol.indices = letter, layer, indices
        return symbol

    def __getnewargs__(self) -> tuple[Any, ...]:
        return self.letter, self.layer, self.indices

    @property
    def ascii(self) -> str:
        """`w_1,2^2`: the name in files and tables."""
        subscript = "_" + ",".join(map(str, self.indices)) if self.indices else ""
        superscript = "" if self.layer is None else f"^{self.layer}"
        return self.letter + subscript + superscript
