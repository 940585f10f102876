"""Parts of the units, each compared by itself, and what it costs to look at many."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from dataclasses import replace
from typing import Final

from genai_guard.errors import ConfigurationError
from genai_guard.routing.analysis.exposures import Exposures
from genai_guard.routing.analysis.results import Comparison

__all__ = ["MAX_SEGMENTS", "segment_warning", "segments_of"]

MAX_SEGMENTS: Final = 20
"""Segments beyond are not looked at: the smallest ones."""


def segments_of(found: Exposures, column: str) -> tuple[tuple[str, Exposures], ...]:
    """Return the units of each value of a column, the largest segments first; a unit counts where its first row is.

    Raises:
        ConfigurationError: no row has the column.
    """
    values: dict[int, str] = {}
    for seen in found.seen:
        if seen.unit not in values and seen.row.get(column) is not None:
            values[seen.unit] = str(seen.row[column])
    if not values:
        raise ConfigurationError(f"segments={column!r} is no column that has values")
    largest = Counter(values.values()).most_common(MAX_SEGMENTS)
    return tuple((f"{column}={value}", _part(found, values, value)) for value, _ in largest)


def _part(found: Exposures, values: dict[int, str], wanted: str) -> Exposures:
    kept = tuple(seen for seen in found.seen if values.get(seen.unit) == wanted)
    numbers = {unit: number for number, unit in enumerate(dict.fromkeys(seen.unit for seen in kept))}
    return replace(
        found,
        seen=tuple(seen._replace(unit=numbers[seen.unit]) for seen in kept),
        units=tuple(found.units[unit] for unit in numbers),
        variants=tuple(found.variants[unit] for unit in numbers),
        propensities=tuple(found.propensities[unit] for unit in numbers),
    )


def segment_warning(
    comparisons: Sequence[Comparison],
    parts: Sequence[tuple[str, Exposures]],
    *,
    alpha: float,
    correction: str | None,
) -> str:
    """Return what it means to have looked at so many segments; empty without segments."""
    tested = sum(each.p is not None and each.segment != "" for each in comparisons)
    if not parts or not tested:
        return ""
    capped = f" Only the {MAX_SEGMENTS} largest were looked at." if len(parts) == MAX_SEGMENTS else ""
    if correction is not None:
        return f"{len(parts)} segments, {tested} comparisons within them, corrected for their number.{capped}"
    return (
        f"{len(parts)} segments, {tested} comparisons within them: without any effect, {tested * alpha:.2g} of them are "
        f"expected to be significant by chance. Say correction='holm', or take them for ideas to test anew.{capped}"
    )
