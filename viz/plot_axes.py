"""Axes that a notebook shows by themselves, without pyplot: so no figure stays open anywhere.

This file imports matplotlib, so the plots import it when the first one is drawn.
"""

from io import BytesIO
from typing import Any

from matplotlib.axes import Axes
from matplotlib.figure import Figure
from PIL import Image  # comes with matplotlib


def png(figure: Any) -> bytes:
    """A picture of 256 colours, which looks the same and is a third as large: notebooks keep it."""
    drawn, file = BytesIO(), BytesIO()
    figure.savefig(drawn, format="png")
    picture = Image.open(drawn).convert("RGB")
    picture.quantize(256, dither=Image.Dither.NONE).save(file, format="png", optimize=True)
    return file.getvalue()


class PlotFigure(Figure):
    """A figure that a notebook shows as a picture."""

    def _repr_png_(self) -> bytes:
        return png(self)


class PlotAxes(Axes):
    """Axes that a notebook shows as the picture of their whole figure."""

    def _repr_png_(self) -> bytes:
        return png(self.figure)


def new_axes(width: float, height: float) -> Axes:
    """The axes of a new figure, in inches; `.figure.savefig("plot.png")` writes it."""
    figure = PlotFigure(figsize=(width, height), layout="constrained")
    return figure.add_subplot(axes_class=PlotAxes)
