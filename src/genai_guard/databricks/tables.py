"""Inference tables of Databricks, read as rows of an inference log: by analyses, drift and reports.

Three generations are told apart by their columns: that of model serving (`timestamp_ms`), that of the AI Gateway
(`request_time`) and that of Unity AI Gateway services (`event_time`). Columns go by name; what else there is stays.
"""

from __future__ import annotations

import json
from collections.abc import Hashable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime
from itertools import chain
from typing import Any, Final, cast

from genai_guard.clients import chunk_client, reply_client, request_client
from genai_guard.errors import ConfigurationError
from genai_guard.frozen import FrozenDict
from genai_guard.messages import Part, Reply
from genai_guard.plan import CONTENT_NAMES
from genai_guard.policy.data import is_list
from genai_guard.recording.rows import day_and_time, message_of
from genai_guard.routing.analysis.sources import Row, rows_of

__all__ = ["InferenceTable"]

_NAMES: Final[Mapping[str, tuple[str, ...]]] = {
    "request_id": ("request_id", "databricks_request_id", "invocation_id"),
    "execution_duration_ms": ("execution_duration_ms", "execution_time_ms", "latency_ms"),
    "served_entity_id": ("served_entity_id", "served_entity_name", "destination_name"),
}
"""Our columns, by what the generations call them."""

_STATUSES: Final = {200: "ok", 400: "blocked", 429: "rate_limited", 499: "cancelled", 504: "timeout"}
_DATA: Final = "data:"
_UNREADABLE: Final = (ConfigurationError, LookupError, TypeError, ValueError, AttributeError)
"""What is raised by payloads that no client wrote."""


@dataclass(frozen=True)
class InferenceTable:
    """The rows of an inference table, as those of an inference log.

    `analyze`, `drift`, `profile` and `report` take it in place of a log. It reads what is given once for each of them, so
    give it a table and no iterator. Status, tokens, model, reason for the end and texts are read out of `response` and
    `request`, whose streams Databricks has joined. A 400 counts as `blocked`, which is what guardrails answer, as are
    requests that the model refuses. What is not written there, such as cost, findings and users of your application, is
    missing; `requester` is who called the endpoint.

    Args:
        rows: A pandas, polars or pyarrow table, a `.jsonl` or `.csv` file, or a list of mappings. A frame of Spark gives
            its rows by `frame.toArrow()` or `frame.toPandas()`.
        variants: The name of the variant for each `served_entity_id`: the id, or the name of the entity. Ids that are not
            in it stand for themselves.

    Raises:
        ConfigurationError: when it is read: there is no such table, or its columns are of no generation.
    """

    rows: Any
    variants: Mapping[str, str] = field(default_factory=FrozenDict[str, str], kw_only=True)

    def read(self, *, on_skip: object = None) -> Iterator[dict[str, Any]]:
        """Yield a row of an inference log for each of the table."""
        del on_skip  # no line of a table is none
        for given in rows_of(self.rows):
            yield self._row(given)

    def _row(self, given: Row) -> dict[str, Any]:
        day, time = day_and_time(_seconds(given))
        row = {name: _first(given, names) for name, names in _NAMES.items()}
        status_code = given.get("status_code")
        said = _response(given.get("response"))
        entity = row["served_entity_id"]
        duration = row["execution_duration_ms"]
        return {
            **given,
            **row,
            "request_date": day,
            "request_time": time,
            "sampling_fraction": _number(given.get("sampling_fraction"), 1.0),
            "status_code": None if status_code is None else int(status_code),
            "status": _STATUSES.get(int(status_code or 500), "error"),
            "request": _request(given.get("request")),
            "latency_ms": None if duration is None else float(duration),
            "variant": None if entity is None else self.variants.get(str(entity), str(entity)),
            **said,
        }


def _first(given: Row, names: Sequence[str]) -> Any:
    return next((given[name] for name in names if given.get(name) is not None), None)


def _number(value: Any, default: float) -> float:
    return default if value is None else float(value)


def _seconds(given: Row) -> float:
    """Return when a call began.

    Raises:
        ConfigurationError: no column says so.
    """
    if given.get("timestamp_ms") is not None:
        return float(given["timestamp_ms"]) / 1e3
    time = _first(given, ("request_time", "event_time"))
    if time is None:
        raise ConfigurationError(
            "InferenceTable(rows): a row has none of request_time, event_time and timestamp_ms, which every generation has"
        )
    if isinstance(time, int | float):  # as JSON of Spark may have it
        return float(time)
    moment = datetime.fromisoformat(time) if isinstance(time, str) else cast("datetime", time)
    return (moment if moment.tzinfo else moment.replace(tzinfo=UTC)).timestamp()


# --- what is said -----------------------------------------------------------------------------------------------------


def _request(payload: object) -> str | None:
    """Return the texts of a request as a log has them."""
    found = _json(payload)
    body: Row = cast("Row", found) if isinstance(found, Mapping) else {}
    content = _first(body, CONTENT_NAMES)
    if content is None:
        return None
    try:
        return _written(request_client(content, body).read_request(content, body).parts)
    except _UNREADABLE:
        return None


def _response(payload: object) -> dict[str, Any]:
    """Return what a reply says of itself: its texts, its model, its tokens and how it ended."""
    found = _json(payload)
    is_stream = is_list(found) and len(found) > 0
    try:
        reply = _joined(found) if is_stream else reply_client(found).read_reply(found)
    except _UNREADABLE:
        reply = Reply(())
    usage = reply.usage
    said = {
        "model": reply.model or None,
        "finish_reason": reply.finish_reason or None,
        "input_tokens": None if usage is None else usage.input_tokens,
        "output_tokens": None if usage is None else usage.output_tokens,
        "cached_tokens": None if usage is None else usage.cached_tokens,
    }
    known = {name: value for name, value in said.items() if value is not None}
    return {**known, "response": _written(reply.parts), "streamed": is_stream and len(found) > 1}


def _joined(chunks: Sequence[Any]) -> Reply:
    """Return the reply that a stream was."""
    reader = chunk_client(chunks[0]).open_stream()
    parts: dict[Hashable, Part] = {}
    for delta in chain.from_iterable(map(reader.read, chunks)):
        begun = parts.get(delta.channel, Part("", "assistant", delta.kind, delta.where, delta.name))
        parts[delta.channel] = begun._replace(text=begun.text + delta.text, name=begun.name or delta.name)
    return reader.reply()._replace(parts=tuple(parts.values()))


def _json(payload: object) -> Any:
    """Return what JSON holds, or a list of what lines of server-sent events hold; None for what is neither."""
    if not isinstance(payload, str):
        return payload
    try:
        return json.loads(payload)
    except ValueError:
        lines = [line.removeprefix(_DATA).strip() for line in payload.splitlines() if line.startswith(_DATA)]
        return [event for line in lines if line.startswith("{") and (event := _json(line))]


def _written(parts: Iterable[Part]) -> str | None:
    messages = [message_of(part) for part in parts if part.text]
    return json.dumps({"messages": messages}, ensure_ascii=False, separators=(",", ":")) if messages else None
