"""Boxes of text in columns, and where each of them stands.

A picture runs along its columns, from left to right with rankdir LR and downwards with TB; the
boxes of a column stand across. Lengths are in points.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field

CHARACTER, ROW = 0.6, 1.2  # of Courier, in sizes of the font
APART = 8.0  # between the boxes of a column
GAP = (90.0, 0.35, 450.0)  # between columns: at least, of the height of the taller one, at most
WIRE = (50.0, 0.15, 100.0)  # the same, from a column to the numbers on its lines

Point = tuple[float, float]


@dataclass(frozen=True)
class Box:
    """Rows of text, one below the other; `name` is its id in the SVG, `kind` its class."""

    name: str
    kind: str
    rows: Sequence[str]
    look: dict[str, str] = field(default_factory=dict)
    font: float = 10.0
    padding: float = 16.0

    @property
    def width(self) -> float:
        return self.font * max(map(_width, self.rows)) + self.padding

    @property
    def height(self) -> float:
        return ROW * self.font * len(self.rows) + 0.5 * self.padding


def _width(text: str) -> float:
    """In sizes of the font, as graphviz-pure sees it, which counts bytes."""
    return CHARACTER * len(text.encode("utf-8"))


@dataclass(frozen=True)
class Column:
    """Boxes that stand across; before the first one a heading, if there is one.

    is_numbers: whether the boxes are the numbers on lines into the next column.
    """

    boxes: Sequence[Box]
    heading: Box | None = None
    is_numbers: bool = False


def positions(columns: Sequence[Column], rankdir: str) -> Iterator[tuple[Box, Point, Point]]:
    """Each box with the point of its centre and with its size, the same in a whole column."""
    is_turned = rankdir == "TB"
    pitches = _pitches(columns, is_turned)
    along = 0.0
    for k, (column, pitch) in enumerate(zip(columns, pitches, strict=True)):
        size = _largest(column.boxes)
        if k:
            along += _gap(columns, pitches, k)
        along += 0.5 * size[is_turned]
        for box, across in _stacked(column, pitch, is_turned):
            centre = (across, -along) if is_turned else (along, -across)
            yield box, centre, (box.width, box.height) if box is column.heading else size
        along += 0.5 * size[is_turned]


def _largest(boxes: Sequence[Box]) -> Point:
    return max(box.width for box in boxes), max(box.height for box in boxes)


def _pitches(columns: Sequence[Column], is_turned: bool) -> list[float]:
    """The distance of neighbours in each column; numbers spread over what the next one takes."""
    pitches: list[float] = []
    for column in reversed(columns):
        least = _largest(column.boxes)[not is_turned]
        if column.is_numbers:
            following = pitches[-1] * len(columns[len(columns) - len(pitches)].boxes)
            pitches.append(max(least, min(3.0 * least, following / len(column.boxes))))
        else:
            pitches.append(least + APART)
    return pitches[::-1]


def _gap(columns: Sequence[Column], pitches: Sequence[float], k: int) -> float:
    """Between column k and the one before."""
    pair = columns[k - 1 : k + 1]
    least, part, most = WIRE if any(column.is_numbers for column in pair) else GAP
    heights = [
        len(column.boxes) * pitch for column, pitch in zip(pair, pitches[k - 1 :], strict=False)
    ]
    return max(least, min(most, part * max(heights)))


def _stacked(column: Column, pitch: float, is_turned: bool) -> Iterator[tuple[Box, float]]:
    """Each box and where it stands across; the middle of the column is at 0."""
    start = -0.5 * pitch * (len(column.boxes) - 1)
    if column.heading is not None:
        heading = column.heading
        extent = heading.width if is_turned else heading.height
        yield heading, start - 0.5 * (pitch + extent)
    for k, box in enumerate(column.boxes):
        yield box, start + k * pitch
