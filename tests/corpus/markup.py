"""Rows of the corpus: texts, positives with labels written inline as `⟦EMAIL|bob@example.com⟧`."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

__all__ = ["HERE", "Label", "Row", "negatives", "parse", "positives", "write"]

HERE = Path(__file__).parent
_LABEL = re.compile(r"⟦([A-Z][A-Z0-9_]*)\|([^⟦⟧]+)⟧")


@dataclass(frozen=True, slots=True)
class Label:
    """A span of a text, and what it is."""

    category: str
    start: int
    end: int


@dataclass(frozen=True, slots=True)
class Row:
    """A text with its labels.

    Attributes:
        id: Unique in the corpus.
        lang: ISO 639-1.
        source: Stem of the file that the row stands in.
        text: What is judged, without markup.
        labels: In order, not overlapping; none in a negative.
    """

    id: str
    lang: str
    source: str
    text: str
    labels: tuple[Label, ...] = ()


def parse(marked: str) -> tuple[str, tuple[Label, ...]]:
    """Return a text without its markup, and the labels.

    Raises:
        ValueError: a bracket of the markup stands where none can.
    """
    parts: list[str] = []
    labels: list[Label] = []
    at = length = 0
    for found in _LABEL.finditer(marked):
        parts += marked[at : found.start()], found[2]
        start = length + found.start() - at
        length = start + len(found[2])
        labels.append(Label(found[1], start, length))
        at = found.end()
    text = "".join((*parts, marked[at:]))
    if "⟦" in text or "⟧" in text:
        raise ValueError(f"a bracket without its other half, or no category in capitals, beside {len(labels)} labels")
    return text, tuple(labels)


def write(text: str, labels: tuple[Label, ...]) -> str:
    """Return a text with its labels inline: what `parse` undoes."""
    parts: list[str] = []
    at = 0
    for label in labels:
        parts += text[at : label.start], f"⟦{label.category}|{text[label.start : label.end]}⟧"
        at = label.end
    return "".join((*parts, text[at:]))


def _lines(folder: Path) -> Iterator[tuple[str, dict[str, str]]]:
    for path in sorted(folder.glob("*.jsonl")):
        for line in path.read_text(encoding="utf-8").split("\n"):
            if line.strip():
                yield path.stem, json.loads(line)


def positives(folder: Path = HERE / "positives") -> list[Row]:
    """Return all rows with labels."""
    return [Row(row["id"], row["lang"], source, *parse(row["text"])) for source, row in _lines(folder)]


def negatives(folder: Path = HERE / "negatives") -> list[Row]:
    """Return all rows in which nothing is to be found; none while the folder is missing."""
    return [Row(row["id"], row["lang"], source, row["text"]) for source, row in _lines(folder)]
