"""What a report takes from a row of the inference log. No text of a call is among it.

A row may come from another version, another program or a damaged disk: what is not as it should be counts as absent.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from datetime import datetime
from typing import Any, Final, NamedTuple, TypeAlias, cast

from genai_guard.recording.dimensions import REACHED
from genai_guard.recording.series import Hit
from genai_guard.recording.sketch import bucket

__all__ = ["Arm", "Call", "Row", "call_of", "time_of"]

Row: TypeAlias = Mapping[str, Any]
"""A row as `InferenceLog.read` gives it."""

_LONGEST: Final = 120
_MOST: Final = 1e18
_LATEST_S: Final = 7_258_118_400.0  # a clock that shows the year 2200 is wrong


class Arm(NamedTuple):
    """A variant of an experiment; one in shadow mode decided nothing."""

    experiment: str
    variant: str
    mode: str


class Call(NamedTuple):
    """One call. Durations are buckets of a sketch; None where there was none.

    Attributes:
        time_s: When it began, in seconds since 1970.
        weight: How many calls it stands for: 1, or more where the log keeps a sample.
        overhead: All but model and queue.
        latency: Of calls that reached the model, as are `model` and `first_token`.
        error_type: Of calls in which something broke.
        rules: What findings were of, each once.
        ids: Those that feedback may name.
    """

    time_s: float
    weight: float
    status: str
    error_type: str
    model: str
    pipeline: str
    tenant: str
    user: str
    arms: tuple[Arm, ...]
    latency: int | None
    model_time: int | None
    queue: int | None
    overhead: int | None
    first_token: int | None
    input_tokens: int
    output_tokens: int
    cached_tokens: int
    usd: float | None
    hits: tuple[Hit, ...]
    rules: tuple[tuple[str, str], ...]
    denied_by: str
    shadow_denials: tuple[str, ...]
    attempts: int
    answered_by: str
    ids: tuple[str, ...]


def call_of(row: Row) -> Call | None:
    """Return the call of a row; None if the row does not say when it was."""
    time_s = time_of(row)
    if time_s is None:
        return None
    get = row.get
    reached = _name(get("stage")) in REACHED
    hits, rules = _hits(get("verdicts"))
    request_id, client_id = _name(get("request_id")), _name(get("client_request_id"))
    return Call(
        time_s,
        _weight(get("sampling_fraction")),
        _name(get("status")) or "unknown",
        _name(get("error_type")),
        _name(get("model")),
        _name(get("pipeline")),
        _name(get("tenant")),
        _name(get("requester")),
        _arms(row),
        _bucket_of(get("latency_ms")) if reached else None,
        _bucket_of(get("model_ms")) if reached else None,
        _bucket_of(get("queue_ms")) if get("queue_ms") else None,
        _bucket_of(get("overhead_ms")),
        _bucket_of(get("first_token_ms")) if reached else None,
        _count(get("input_tokens")),
        _count(get("output_tokens")),
        _count(get("cached_tokens")),
        _number(get("cost_usd")),
        hits,
        rules,
        _name(get("denied_by")),
        _names(get("shadow_denials")),
        _count(get("attempts")),
        _name(get("answered_by")),
        (request_id, client_id) if client_id and client_id != request_id else (request_id,),
    )


def time_of(row: Row) -> float | None:
    """Return when the call of a row began, in seconds since 1970; None if the row does not say."""
    value = row.get("request_time")
    if not isinstance(value, str):
        return None
    try:
        time_s = datetime.fromisoformat(value).timestamp()
    except (ValueError, OverflowError, OSError):
        return None
    return time_s if 0 <= time_s <= _LATEST_S else None


def _weight(fraction: object) -> float:
    if fraction == 1:
        return 1
    share = _number(fraction)
    return 1 / share if share is not None and 1e-9 < share < 1 else 1


def _number(value: object) -> float | None:
    """Return a number that is not negative, and none that nothing could be counted with."""
    if isinstance(value, int | float) and not isinstance(value, bool) and 0 <= value < _MOST:
        return value
    return None


def _count(value: object) -> int:
    return int(_number(value) or 0)


def _bucket_of(value: object) -> int | None:
    """Return the bucket of so many milliseconds."""
    number = _number(value)
    return None if number is None else bucket(number / 1e3)


def _name(value: object) -> str:
    return value[:_LONGEST] if isinstance(value, str) else ""


def _names(values: object) -> tuple[str, ...]:
    return tuple([_name(each) for each in _list(values)]) if values else ()


def _list(value: object) -> list[Any]:
    return [*cast("Iterable[Any]", value)] if isinstance(value, list) else []


def _dicts(value: object) -> list[dict[str, Any]]:
    return [each for each in _list(value) if isinstance(each, dict)] if value else []


def _arms(row: Row) -> tuple[Arm, ...]:
    """Return the variants of a call; of a row that has no assignments, what stands in the column `variant`."""
    assignments = _dicts(row.get("assignments"))
    arms = [
        Arm(_name(each.get("experiment")), _name(each["variant"]), _name(each.get("mode")) or "enforce")
        for each in assignments
        if each.get("variant")
    ]
    if not arms and not assignments and (variant := _name(row.get("variant"))):
        arms = [Arm("", variant, "enforce")]
    return tuple(arms)


def _hits(verdicts: object) -> tuple[tuple[Hit, ...], tuple[tuple[str, str], ...]]:
    """Return what guards did, and the rules and categories of what they found."""
    if not verdicts:
        return (), ()
    hits: list[Hit] = []
    rules: dict[tuple[str, str], None] = {}
    for verdict in _dicts(verdicts):
        findings = _dicts(verdict.get("findings"))
        guard = _name(verdict.get("guard")) or next((_name(each.get("guard")) for each in findings), "")
        hits.append(Hit(guard, _name(verdict.get("action")), _name(verdict.get("mode")) or "enforce"))
        for finding in findings:
            rules[_name(finding.get("rule")), _name(finding.get("category"))] = None
    return tuple(hits), tuple(rules)
