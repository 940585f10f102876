"""What is counted in five minutes, as JSON has it."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any, Final, NamedTuple

from genai_guard.recording.dimensions import Key
from genai_guard.recording.rare import NAMED, NOTHING_RARE, Hit, Rare
from genai_guard.recording.series import SKETCHES, SUMS, Series
from genai_guard.recording.sketch import Buckets

__all__ = ["VERSION", "Cell", "cell_of", "plain"]

VERSION: Final = 1
"""Of the format. Another one counts durations in other buckets, or knows other counters."""


class Cell(NamedTuple):
    """The calls of one process in one cell of time.

    Attributes:
        id: The same for all that was written of the same calls.
        number: How many cells have passed since 1970.
        dimensions: What stands in the keys.
        series: What is counted, by key.
    """

    id: str
    number: int
    dimensions: Key
    series: Mapping[Key, Series]


def plain(cell: Cell) -> dict[str, Any]:
    """Return a cell as an object of JSON; what is zero or empty is left out."""
    series = [{"key": list(key), **dict(_parts(each))} for key, each in cell.series.items()]
    return {
        "version": VERSION,
        "id": cell.id,
        "cell": cell.number,
        "dimensions": list(cell.dimensions),
        "series": series,
    }


def cell_of(values: Any) -> Cell:
    """Return the cell that an object of JSON stands for.

    Raises:
        ValueError: it stands for none, or for one of another version.
    """
    try:
        if values["version"] != VERSION:
            raise ValueError("another version")
        dimensions = _words(values["dimensions"])
        series = {_words(each["key"]): _series(each) for each in values["series"]}
        if any(len(key) != len(dimensions) for key in series):
            raise ValueError("a key of other dimensions")
        return Cell(str(values["id"]), _whole(values["cell"]), dimensions, series)
    except (KeyError, TypeError, AttributeError, IndexError) as error:
        raise ValueError("no cell of counts") from error


def _parts(of: Series) -> Iterator[tuple[str, Any]]:
    for name in SUMS:
        if count := getattr(of, name):
            yield name, count
    for name in SKETCHES:
        if buckets := getattr(of, name):
            yield name, [number for pair in buckets.items() for number in pair]
    if of.slow:
        yield "slow", [[threshold_s, count] for threshold_s, count in of.slow.items()]
    if of.rare is not NOTHING_RARE:
        yield "rare", _rare_parts(of.rare)


def _rare_parts(rare: Rare) -> dict[str, Any]:
    named = {name: dict(getattr(rare, name)) for name in NAMED if name != "hits" and getattr(rare, name)}
    hits = {"hits": [[*hit, count] for hit, count in rare.hits.items()]} if rare.hits else {}
    return {**named, **hits, "retries": rare.retries, "cache_hits": rare.cache_hits}


def _series(values: dict[str, Any]) -> Series:
    series = Series()
    for name in SUMS:
        setattr(series, name, _whole(values.get(name, 0)))
    for name in SKETCHES:
        if name in values:
            setattr(series, name, _buckets(values[name]))
    if "slow" in values:
        series.slow = {float(threshold_s): _whole(count) for threshold_s, count in values["slow"]}
    if "rare" in values:
        series.rare = _rare(values["rare"])
    return series


def _rare(values: dict[str, Any]) -> Rare:
    rare = Rare()
    rare.retries, rare.cache_hits = _whole(values["retries"]), _whole(values["cache_hits"])
    rare.hits = {Hit(*_words(hit)): _whole(count) for *hit, count in values.get("hits", ())}
    for name in NAMED:
        if name != "hits":
            setattr(rare, name, {str(each): _whole(count) for each, count in values.get(name, {}).items()})
    return rare


def _buckets(values: list[Any]) -> Buckets:
    numbers = [_whole(each) for each in values]
    return dict(zip(numbers[::2], numbers[1::2], strict=True))


def _words(values: list[Any]) -> Key:
    return tuple([each if isinstance(each, str) else _refuse(each) for each in values])


def _whole(value: Any) -> int:
    return value if type(value) is int else _refuse(value)


def _refuse(value: object) -> Any:
    raise TypeError(type(value).__name__)
