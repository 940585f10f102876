"""What a section of the page is made of, as values; how they look is the template's."""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple, TypeAlias

from genai_guard.markup import Markup

__all__ = ["Block", "Figure", "Key", "Note", "Section", "Table", "Tick", "Tile"]


class Note(NamedTuple):
    """A sentence.

    Attributes:
        text: The sentence.
        warns: Whether it must not be overlooked.
    """

    text: str
    warns: bool = False
    kind: str = "note"


class Table(NamedTuple):
    """A table.

    Attributes:
        caption: What it shows.
        columns: Headings. The first column names the rows.
        rows: Cells: texts, which are escaped, or finished `Markup`.
        texts: Numbers of the columns that hold texts, which stand to the left.
    """

    caption: str
    columns: Sequence[str]
    rows: Sequence[Sequence[str]]
    texts: Sequence[int] = ()
    kind: str = "table"


class Tick(NamedTuple):
    """A label on an axis.

    Attributes:
        percent: Where it is, from the left or from below.
        label: What it says.
    """

    percent: float
    label: str


class Key(NamedTuple):
    """An entry of a legend.

    Attributes:
        colour: Class of the style sheet.
        label: What has this colour.
    """

    colour: str
    label: str


class Figure(NamedTuple):
    """A picture over time.

    Attributes:
        name: Its heading, with the unit of the axis.
        said: What it shows, for those who cannot see it.
        shapes: What is in the SVG: a box of 1000 times 1000, stretched to the room there is.
        ys: Labels of the vertical axis.
        xs: Labels of the horizontal axis.
        legend: What the colours mean.
        table: The same as numbers.
    """

    name: str
    said: str
    shapes: Markup
    ys: Sequence[Tick]
    xs: Sequence[Tick]
    legend: Sequence[Key]
    table: Table | None = None
    kind: str = "figure"


class Tile(NamedTuple):
    """A number that is seen first."""

    value: str
    name: str
    more: str = ""


Block: TypeAlias = Note | Table | Figure


class Section(NamedTuple):
    """A part of the page.

    Attributes:
        key: Its anchor.
        name: Its heading.
        blocks: What is in it.
    """

    key: str
    name: str
    blocks: Sequence[Block]
