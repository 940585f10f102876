"""Feedback beside the calls that it is about: rows of the inference log."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass
from typing import Any, TypeAlias, cast

from genai_guard.recording.feedback.counting import FeedbackCounts, add_up, tally
from genai_guard.recording.feedback.values import Feedback, latest
from genai_guard.recording.logs.sampling import weight

__all__ = ["CallFeedback", "OnLeftOut", "Row", "feedback_by", "joined", "outcomes"]

Row: TypeAlias = Mapping[str, Any]
"""A row as `InferenceLog.read` gives it."""

OnLeftOut: TypeAlias = Callable[[str, str], object]
"""Told the request id of what is left out, and why."""


def joined(
    rows: Iterable[Row], feedback: Iterable[Feedback], *, on_left_out: OnLeftOut | None = None
) -> Iterator[tuple[Row, tuple[Feedback, ...]]]:
    """Yield each row that something was said of, with what holds of it.

    Feedback finds its call by `request_id` or, where that is the id that the caller had given, by `client_request_id`.

    Args:
        rows: Of an inference log: `InferenceLog("inference").read()`.
        feedback: All that was said: `store.read()`.
        on_left_out: Told at the end of feedback whose call is in no row.
    """
    said: dict[str, list[Feedback]] = {}
    for entry in latest(feedback):
        said.setdefault(entry.request_id, []).append(entry)
    unknown = set(said)
    for row in rows:
        ids = _ids(row)
        entries = tuple([entry for each in ids for entry in said.get(each, ())])
        unknown.difference_update(ids)
        if entries:
            yield row, entries
    if on_left_out is not None:
        for each in sorted(unknown):
            on_left_out(each, "unknown request")


def outcomes(feedback: Iterable[Feedback], *, rows: Iterable[Row] = ()) -> dict[str, dict[str, float]]:
    """Return numbers by request id, as an analysis of an experiment takes them.

    `thumbs_up` is 1 or 0, `rating` the number, `corrected` 1, `rank` from 0 for the worst of a ranking to 1 for the best,
    and scores have their names. What several sources say is averaged. Texts are left out.

    Args:
        feedback: All that was said: `store.read()`.
        rows: Of the inference log, where feedback may have come by the ids of callers.
    """
    names = {_text(row, "client_request_id"): _text(row, "request_id") for row in rows}
    points: dict[str, dict[str, list[float]]] = {}
    for entry in latest(feedback):
        for request_id, name, number in _numbers(entry):
            known = names.get(request_id) or request_id
            points.setdefault(known, {}).setdefault(name, []).append(number)
    return {
        request_id: {name: sum(numbers) / len(numbers) for name, numbers in each.items()}
        for request_id, each in points.items()
    }


@dataclass(frozen=True, slots=True)
class CallFeedback:
    """What was said of some calls. Of a log that has a sample of them, it is what all of them are estimated to come to.

    Attributes:
        calls: How many calls there were.
        with_feedback: Of how many of them something was said.
        counts: What it was.
    """

    calls: int
    with_feedback: int
    counts: FeedbackCounts


def feedback_by(column: str, rows: Iterable[Row], feedback: Iterable[Feedback]) -> dict[str, CallFeedback]:
    """Return what was said of calls by the values of a column, such as `variant`, `model` or `tenant`, by name.

    Who gives feedback is not everybody: to compare variants, give `outcomes` to an analysis. A row of a log that has a
    sample of all calls counts for as many as its `sampling_fraction` says.
    """
    calls: dict[str, float] = {}
    with_feedback: dict[str, float] = {}
    tallies: dict[str, list[Mapping[str, float]]] = {}

    def counted() -> Iterator[Row]:
        for row in rows:
            value = _text(row, column)
            calls[value] = calls.get(value, 0) + weight(row)
            yield row

    for row, entries in joined(counted(), feedback):
        value, each = _text(row, column), weight(row)
        with_feedback[value] = with_feedback.get(value, 0) + each
        tallies.setdefault(value, []).extend(_weighted(tally(entry), each) for entry in entries)
    return {
        value: CallFeedback(round(calls[value]), round(with_feedback.get(value, 0)), add_up(tallies.get(value, ())))
        for value in sorted(calls)
    }


def _weighted(adds: Mapping[str, float], by: float) -> Mapping[str, float]:
    return adds if by == 1 else {name: number * by for name, number in adds.items()}


def _numbers(entry: Feedback) -> Iterator[tuple[str, str, float]]:
    value = entry.value
    if entry.name == "thumbs":
        yield entry.request_id, "thumbs_up", float(value == "up")
    elif entry.name == "correction":
        yield entry.request_id, "corrected", 1.0
    elif isinstance(value, tuple):
        for place, request_id in enumerate(value):
            yield request_id, "rank", 1 - place / (len(value) - 1)
    elif isinstance(value, int | float):
        yield entry.request_id, entry.name, float(value)


def _ids(row: Row) -> tuple[str, ...]:
    ids = dict.fromkeys((_text(row, "request_id"), _text(row, "client_request_id")))
    return tuple([each for each in ids if each])


def _text(row: Row, column: str) -> str:
    value = row.get(column)
    return value if isinstance(value, str) else "" if value is None else str(cast("object", value))
