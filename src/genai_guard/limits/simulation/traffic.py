"""Traffic in a CSV file: a line for each call, when it came, whose it was and what it took."""

from __future__ import annotations

import csv
import io
import math
from collections.abc import Callable, Iterator, Mapping, Sequence
from datetime import UTC, datetime
from typing import Any, Final, NamedTuple

__all__ = ["NUMBERS", "Row", "Traffic", "TrafficError", "read_traffic"]

_MOST_TOLD: Final = 20
_MOST_TOKENS: Final = 10**12
_MOST_SECONDS: Final = 10**11


class Row(NamedTuple):
    """One call.

    Attributes:
        time_s: When it came, in seconds since 1970, or since any other moment.
        model: Model that was asked.
        input_tokens: Tokens of the request.
        output_tokens: Tokens of the reply.
        max_tokens: Upper bound of the reply that the request stated; None for none.
        cached_tokens: Those of the request that the provider had cached.
        reasoning_tokens: Those of the reply that were thought, not said.
        cache_write_tokens: Those of the request that the provider put into its cache.
        usd: What it cost; None to take the price of the model.
        duration_s: How long it took, for limits of calls in flight, and until its reservation is settled.
        keys: Every column that is none of the above, such as `user` and `tenant`; empty ones left out.
    """

    time_s: float
    model: str = ""
    input_tokens: int = 0
    output_tokens: int = 0
    max_tokens: int | None = None
    cached_tokens: int = 0
    reasoning_tokens: int = 0
    cache_write_tokens: int = 0
    usd: float | None = None
    duration_s: float = 0.0
    keys: Mapping[str, str] = {}


class Traffic(NamedTuple):
    """The calls of a file, in the order of their times.

    Attributes:
        rows: The calls.
        columns: Names of the columns.
    """

    rows: Sequence[Row]
    columns: Sequence[str]


class TrafficError(Exception):
    """A file of traffic is not as it should be; the message has a line for each place, with its line and column."""


def read_traffic(text: str, name: str) -> Traffic:
    """Read the text of a CSV file whose first line names its columns.

    Args:
        text: The text.
        name: Name of the file, for messages.

    Raises:
        TrafficError: a column is missing or there twice, or cells hold what they must not. Cells are not quoted.
    """
    lines = csv.reader(io.StringIO(text, newline=""), strict=True)
    problems: list[str] = []
    rows: list[Row] = []
    columns: list[str] = []
    try:
        columns = [cell.strip() for cell in next(lines, columns)]
        if fault := _fault_of(columns):
            raise TrafficError(f"{name}:1: {fault}")
        for cells in lines:
            if cells:
                found = [f"{name}:{lines.line_num}:{place}" for place in _check(cells, columns)]
                problems += found
                if not found:
                    rows.append(_row(dict(zip(columns, cells, strict=True))))
    except csv.Error as error:
        problems.append(f"{name}:{lines.line_num}: is not CSV: {error}")
    if not problems and not rows:
        problems.append(f"{name}: there is no call in it")
    if problems:
        more = [f"{name}: and {len(problems) - _MOST_TOLD} more"] if len(problems) > _MOST_TOLD else []
        raise TrafficError("\n".join([*problems[:_MOST_TOLD], *more]))
    rows.sort(key=lambda row: row.time_s)
    return Traffic(rows, columns)


def _fault_of(columns: Sequence[str]) -> str:
    """Say what is wrong with a header; nothing if it is right."""
    if "time_s" not in columns:
        return "the first line must name the columns, and one of them must be time_s"
    for place, column in enumerate(columns, 1):
        if not column:
            return f"column {place} has no name"
        if column in columns[: place - 1]:
            return f"the column {column} is there twice"
    return ""


def _check(cells: Sequence[str], columns: Sequence[str]) -> Iterator[str]:
    if len(cells) != len(columns):
        place = min(len(cells), len(columns)) + 1
        yield f"{place}: the line has {len(cells)} cells, and the first line {len(columns)}"
        return
    for place, (column, cell) in enumerate(zip(columns, cells, strict=True), 1):
        parse, what = NUMBERS.get(column, (None, ""))
        if column == "time_s" and not cell.strip():
            yield f"{place}: time_s: is empty"
        elif parse is not None and cell.strip():
            try:
                parse(cell)
            except (ValueError, OverflowError):
                yield f"{place}: {column}: must be {what}"


def _row(cells: Mapping[str, str]) -> Row:
    values: dict[str, Any] = {}
    keys: dict[str, str] = {}
    for column, cell in cells.items():
        if not cell.strip():
            continue
        if column in NUMBERS:
            values[column] = NUMBERS[column][0](cell)
        else:
            keys[column] = cell
    return Row(**values, model=keys.get("model", ""), keys=keys)


def _time(cell: str) -> float:
    try:
        seconds = float(cell)
    except ValueError:
        moment = datetime.fromisoformat(cell.strip())
        seconds = (moment if moment.tzinfo else moment.replace(tzinfo=UTC)).timestamp()
    return _seconds_of(seconds)


def _seconds(cell: str) -> float:
    return _seconds_of(float(cell))


def _seconds_of(seconds: float) -> float:
    if not 0 <= seconds <= _MOST_SECONDS:
        raise ValueError
    return seconds


def _tokens(cell: str) -> int:
    number = int(cell)
    if not 0 <= number <= _MOST_TOKENS:
        raise ValueError
    return number


def _dollars(cell: str) -> float:
    dollars = float(cell)
    if not (math.isfinite(dollars) and dollars >= 0):
        raise ValueError
    return dollars


_COUNT: Final = (_tokens, "a whole number, zero or more")

NUMBERS: Final[Mapping[str, tuple[Callable[[str], Any], str]]] = {
    "time_s": (_time, "seconds, zero or more, or a time as 2026-01-31T12:00:00Z"),
    "input_tokens": _COUNT,
    "output_tokens": _COUNT,
    "max_tokens": _COUNT,
    "cached_tokens": _COUNT,
    "reasoning_tokens": _COUNT,
    "cache_write_tokens": _COUNT,
    "usd": (_dollars, "a number of dollars, zero or more"),
    "duration_s": (_seconds, "a number of seconds, zero or more"),
}
"""How the columns of figures are read, and what must be in them."""
