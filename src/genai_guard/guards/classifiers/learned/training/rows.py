"""Labelled texts as JSON lines."""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from typing import Any, cast

from genai_guard.errors import ConfigurationError

__all__ = ["Labelled", "read_labelled"]


@dataclass(frozen=True, slots=True)
class Labelled:
    """A text, and what is to be found in it.

    Attributes:
        text: As it will be scored.
        labels: Names of categories; none for a harmless text.
        source: Where it comes from. Texts of a source are held out together.
    """

    text: str
    labels: frozenset[str] = frozenset()
    source: str = ""


def read_labelled(lines: Iterable[str], *, name: str = "the data", source: str = "") -> Iterator[Labelled]:
    r"""Yield the texts of JSON lines: `{"text": "...", "labels": ["spam"], "source": "forum"}`.

    `label` may stand for `labels`, with one name; an empty list or name is a harmless text, and one of the two must be said.
    Other keys and empty lines are passed over.

    Args:
        lines: Lines, or a file.
        name: What errors call them.
        source: Of texts that say none.

    Raises:
        ConfigurationError: a line that is none of these, by its number; no text is repeated.
    """
    for number, line in enumerate(lines, 1):
        if line.strip():
            try:
                yield _labelled(json.loads(line), source)
            except (ValueError, RecursionError) as error:
                why = str(error) if isinstance(error, _RowError) else "is no JSON"
                raise ConfigurationError(f"{name}, line {number}: {why}") from None


class _RowError(ValueError):
    """Says what is wrong with a row, without its text."""


def _labelled(row: object, source: str) -> Labelled:
    if not isinstance(row, dict):
        raise _RowError('must be an object such as {"text": "...", "labels": ["spam"]}')
    found = cast("Mapping[str, Any]", row)
    text, labels = found.get("text"), found.get("labels", found.get("label"))
    if not isinstance(text, str):
        raise _RowError('has no "text"')
    if labels is None and "labels" not in found and "label" not in found:
        raise _RowError('has neither "labels" nor "label"; for a harmless text say "labels": []')
    names: Any = [labels] * bool(labels) if isinstance(labels, str) else [] if labels is None else labels
    if not isinstance(names, list) or not all(isinstance(each, str) and each for each in cast("list[object]", names)):
        raise _RowError('must have the names of categories as "labels"')
    given = found.get("source")
    return Labelled(text, frozenset(cast("list[str]", names)), given if isinstance(given, str) and given else source)
