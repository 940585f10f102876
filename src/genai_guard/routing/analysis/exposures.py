"""Who is compared: the rows of an experiment, each with its unit and with the variant that the unit was first given."""

from __future__ import annotations

import math
from collections import Counter
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any, Final, NamedTuple, cast

from genai_guard.errors import ConfigurationError
from genai_guard.frozen import FrozenDict
from genai_guard.routing.analysis.sources import Row, rows_of

__all__ = ["Exposures", "Seen", "find_exposures"]

_UNIT_COLUMNS: Final = ("unit",)
_TIME_COLUMNS: Final = ("time", "time_s", "timestamp", "request_time")


class Seen(NamedTuple):
    """One row of somebody who takes part.

    Attributes:
        variant: The variant that the unit was first given.
        unit: Number of the unit, by first appearance.
        time: When it was; the number of the row where rows have no time.
        row: The row itself, with outcomes that came later.
        given: The variant of this row.
        propensity: The probability of it; None where nobody wrote it down.
    """

    variant: str
    unit: int
    time: Any
    row: Row
    given: str
    propensity: float | None


class _Raw(NamedTuple):
    """One row as its source has it."""

    variant: str
    unit: object
    propensity: float | None
    time: Any
    row: Row


@dataclass(frozen=True, slots=True)
class Exposures:
    """The rows of an experiment, in the order of time.

    Attributes:
        experiment: Name of the experiment; empty for a table without one.
        seen: The rows.
        units: Who each unit is, as the source has it.
        variants: Variant of each unit.
        propensities: Probability with which each unit got its variant; None where nobody wrote it down.
        left_out: Rows that do not count, by reason.
        switched: Units that were given another variant later on. They count for the first.
        timed: Whether rows have times.
        unmatched: Outcomes of requests that are not there.
    """

    experiment: str
    seen: tuple[Seen, ...] = field(repr=False)
    units: tuple[object, ...] = field(repr=False)
    variants: tuple[str, ...] = field(repr=False)
    propensities: tuple[float | None, ...] = field(repr=False)
    left_out: Mapping[str, int]
    switched: int
    timed: bool
    unmatched: int

    def counts(self) -> dict[str, int]:
        """Return the number of units of each variant, by name."""
        return dict(sorted(Counter(self.variants).items()))

    def uneven(self) -> bool:
        """Whether the units of a variant did not all get it with the same probability."""
        found: dict[str, float] = {}
        return any(
            propensity is not None and not math.isclose(found.setdefault(variant, propensity), propensity, rel_tol=1e-9)
            for variant, propensity in zip(self.variants, self.propensities, strict=True)
        )

    def shares(self) -> dict[str, float] | None:
        """Return the planned share of each variant; None unless propensities say so throughout."""
        found: dict[str, set[float]] = {}
        for variant, propensity in zip(self.variants, self.propensities, strict=True):
            if propensity is None:
                return None
            found.setdefault(variant, set()).add(round(propensity, 12))
        if any(len(each) > 1 for each in found.values()):
            return None
        shares = {name: next(iter(each)) for name, each in sorted(found.items())}
        return shares if len(shares) > 1 and math.isclose(sum(shares.values()), 1.0, abs_tol=1e-6) else None


def find_exposures(
    data: object,
    *,
    experiment: str | None,
    unit: str | None,
    variant: str,
    time: str | None,
    outcomes: object,
) -> Exposures:
    """Read a table and find out who is compared.

    Raises:
        ConfigurationError: there are no rows, no such experiment, or not two variants.
    """
    every = list(rows_of(data))
    if not every:
        raise ConfigurationError("data has no rows")
    rows = _even(every)
    rows, unmatched = _joined(rows, outcomes)
    is_log = any(isinstance(row.get("assignments"), list) for row in rows)
    name = _experiment_of(rows, experiment, is_log=is_log)
    left_out: Counter[str] = Counter(
        {"kept beside the sample": len(every) - len(rows)} if len(rows) < len(every) else {}
    )
    reader = _from_log(rows, name, unit, left_out) if is_log else _from_table(rows, name, unit, variant, left_out)
    raw, timed = _in_order(list(reader), time)
    found = _number(raw, name, left_out, timed=timed, unmatched=unmatched)
    _must_compare(found)
    return found


def _even(rows: list[Row]) -> list[Row]:
    """Return the rows of a log that keeps a sample, without those that it keeps always: they would count too much."""
    if not any("sampling_fraction" in row for row in rows):
        return rows
    from genai_guard.recording.logs.sampling import evenly  # noqa: PLC0415  tables of other kinds do not need it

    return list(evenly(rows))


# --- outcomes that came later -----------------------------------------------------------------------------------------


def _joined(rows: list[Row], outcomes: object) -> tuple[list[Row], int]:
    """Return the rows with their outcomes, and how many outcomes belong to none."""
    if outcomes is None:
        return rows, 0
    late = _by_request(outcomes)
    used: set[object] = set()
    joined: list[Row] = []
    for row in rows:
        key = next((row[name] for name in ("request_id", "client_request_id") if row.get(name) in late), None)
        if key is None:
            joined.append(row)
            continue
        used.add(key)
        joined.append({**row, **late[key]})
    return joined, len(late) - len(used)


def _by_request(outcomes: object) -> dict[object, Row]:
    given = _as_mapping(outcomes)
    if given is not None:
        return given
    late: dict[object, Row] = {}
    for row in rows_of(outcomes):
        if row.get("request_id") is None:
            raise ConfigurationError(
                "outcomes must have a column request_id, or be a mapping from request id to values"
            )
        key = row["request_id"]
        late[key] = {**late.get(key, {}), **{name: each for name, each in row.items() if name != "request_id"}}
    return late


def _as_mapping(outcomes: object) -> dict[object, Row] | None:
    if not isinstance(outcomes, Mapping):
        return None
    given = cast("Mapping[object, Any]", outcomes)
    return dict(given) if all(isinstance(each, Mapping) for each in given.values()) else None


# --- the two kinds of tables ------------------------------------------------------------------------------------------


def _experiment_of(rows: list[Row], experiment: str | None, *, is_log: bool) -> str:
    if is_log:
        names = {
            str(each["experiment"]) for row in rows for each in row.get("assignments") or () if each.get("experiment")
        }
    else:
        names = {str(row["experiment"]) for row in rows if row.get("experiment")}
    if experiment is None:
        if len(names) > 1:
            raise ConfigurationError(f"data has several experiments: say experiment=..., one of {_listed(names)}")
        return next(iter(names), "")
    if experiment not in names and (names or is_log):
        there = f"there are {_listed(names)}" if names else "there are none"
        raise ConfigurationError(f"data has no experiment {experiment!r}; {there}")
    return experiment


def _from_log(rows: Iterable[Row], experiment: str, unit: str | None, left_out: Counter[str]) -> Iterator[_Raw]:
    for row in rows:
        given = next((each for each in row.get("assignments") or () if each.get("experiment") == experiment), None)
        if given is None:
            left_out["another experiment"] += 1
            continue
        reason = "shadow" if given.get("mode") == "shadow" else str(given.get("reason"))
        who = _unit_of(row, given, unit)
        if reason not in {"split", "sticky"} or not given.get("variant"):
            left_out[reason] += 1
        elif _absent(who):
            left_out["no_unit"] += 1
        else:
            yield _Raw(given["variant"], who, given.get("propensity"), row.get("request_time"), row)


def _unit_of(row: Row, given: Mapping[str, Any], unit: str | None) -> object:
    """Return who a row is of. Without a column to go by it is the hash of the unit, or the bucket in older logs."""
    if unit is not None:
        if unit not in row:
            raise ConfigurationError(f"unit={unit!r} is no column; there are {_listed(row)}")
        return row[unit]
    return given.get("unit_hash") or given.get("bucket")


def _from_table(
    rows: Iterable[Row], experiment: str, unit: str | None, variant: str, left_out: Counter[str]
) -> Iterator[_Raw]:
    for number, row in enumerate(rows):
        if variant not in row:
            raise ConfigurationError(f"variant={variant!r} is no column; there are {_listed(row)}")
        if unit is not None and unit not in row:
            raise ConfigurationError(f"unit={unit!r} is no column; there are {_listed(row)}")
        if experiment and row.get("experiment", experiment) != experiment:
            left_out["another experiment"] += 1
            continue
        column = unit or next((name for name in _UNIT_COLUMNS if name in row), None)
        who = number if column is None else row[column]
        reason = str(row.get("reason") or "split")
        if reason not in {"split", "sticky"}:
            left_out[reason] += 1
        elif _absent(row[variant]):
            left_out["no variant"] += 1
        elif _absent(who):
            left_out["no_unit"] += 1
        else:
            yield _Raw(_label(row[variant]), who, row.get("propensity"), None, row)


def _absent(value: Any) -> bool:
    """Whether a cell is empty; a number that is none, as frames write what is missing, is not equal to itself."""
    return value is None or value == "" or value != value  # noqa: PLR0124


def _probability(value: Any) -> float | None:
    return float(value) if isinstance(value, int | float) and 0 < value <= 1 else None


def _label(variant: object) -> str:
    return f"{variant:g}" if isinstance(variant, float) else str(variant)  # a CSV file has 1 as 1.0


# --- in the order of time ---------------------------------------------------------------------------------------------


def _in_order(raw: list[_Raw], time: str | None) -> tuple[list[_Raw], bool]:
    """Return the rows by time, and whether they have times; else as they are."""
    column = time or next((name for name in _TIME_COLUMNS if raw and name in raw[0].row), None)
    if column is None:
        return [each._replace(time=number) for number, each in enumerate(raw)], False
    if any(_absent(each.row.get(column)) for each in raw):
        if time is not None:
            raise ConfigurationError(f"time={time!r} is missing in some rows")
        return [each._replace(time=number) for number, each in enumerate(raw)], False
    dated = [each._replace(time=each.row[column]) for each in raw]
    try:
        return sorted(dated, key=lambda each: each.time), True
    except TypeError:
        raise ConfigurationError(f"column {column!r} has times of several types") from None


def _number(raw: Iterable[_Raw], name: str, left_out: Mapping[str, int], *, timed: bool, unmatched: int) -> Exposures:
    numbers: dict[object, int] = {}
    variants: list[str] = []
    propensities: list[float | None] = []
    seen: list[Seen] = []
    switched: set[int] = set()
    for variant, who, given, at, row in raw:
        propensity = _probability(given)
        unit = numbers.setdefault(who, len(numbers))
        if unit == len(variants):
            variants.append(variant)
            propensities.append(propensity)
        elif variants[unit] != variant:
            switched.add(unit)
        seen.append(Seen(variants[unit], unit, at, row, variant, propensity))
    return Exposures(
        name,
        tuple(seen),
        tuple(numbers),
        tuple(variants),
        tuple(propensities),
        FrozenDict(left_out),
        len(switched),
        timed,
        unmatched,
    )


def _must_compare(found: Exposures) -> None:
    where = f"experiment {found.experiment!r}" if found.experiment else "data"
    counts = found.counts()
    if not counts:
        reasons = ", ".join(f"{reason} {count}" for reason, count in found.left_out.items())
        raise ConfigurationError(f"{where} has no rows that count; left out were: {reasons}")
    if len(counts) < 2:
        raise ConfigurationError(f"{where} has one variant only, {next(iter(counts))!r}: there is nothing to compare")


def _listed(names: Iterable[str]) -> str:
    shown = sorted(names)
    return ", ".join(shown[:20]) + (", ..." if len(shown) > 20 else "")
