"""Inference tables of all generations are read like a log: by analyses, drift and reports."""

from __future__ import annotations

import json
from datetime import UTC, date, datetime
from pathlib import Path
from typing import Any

import pytest

from genai_guard import ConfigurationError
from genai_guard.databricks import InferenceTable
from genai_guard.recording.drift import Call, drift, profile
from genai_guard.recording.logs import LOG_COLUMNS
from genai_guard.recording.report import report
from genai_guard.routing.analysis import analyze

MOMENT = datetime(2026, 11, 20, 8, 30, tzinfo=UTC)
REQUEST = {"messages": [{"role": "system", "content": "Be brief."}, {"role": "user", "content": "When do you close?"}]}
REPLY = {
    "model": "gpt-5-mini",
    "choices": [{"index": 0, "message": {"role": "assistant", "content": "At six."}, "finish_reason": "stop"}],
    "usage": {"prompt_tokens": 9, "completion_tokens": 3, "prompt_tokens_details": {"cached_tokens": 4}},
}
SECOND: dict[str, Any] = {
    "request_date": date(2026, 11, 20),
    "databricks_request_id": "r-1",
    "client_request_id": None,
    "request_time": MOMENT,
    "status_code": 200,
    "sampling_fraction": 1.0,
    "execution_duration_ms": 480,
    "request": json.dumps(REQUEST),
    "response": json.dumps(REPLY),
    "logging_error_codes": [],
    "served_entity_id": "e-1",
    "requester": "ann@example.com",
}
"""A row of a table of the AI Gateway."""
FIRST: dict[str, Any] = {
    **{
        name: SECOND[name]
        for name in ("databricks_request_id", "status_code", "sampling_fraction", "request", "response")
    },
    "date": date(2026, 11, 20),
    "timestamp_ms": round(MOMENT.timestamp() * 1e3),
    "execution_time_ms": 480,
    "request_metadata": {"endpoint_name": "bot"},
}
THIRD: dict[str, Any] = {
    **{name: SECOND[name] for name in ("status_code", "request", "response")},
    "event_time": "2026-11-20T08:30:00Z",
    "invocation_id": "r-1",
    "latency_ms": 480,
    "destination_name": "e-1",
}


def read(*rows: dict[str, Any], **variants: str) -> list[dict[str, Any]]:
    return list(InferenceTable(list(rows), variants=variants).read())


@pytest.mark.parametrize("given", [FIRST, SECOND, THIRD], ids=["serving", "gateway", "service"])
def test_a_row_of_each_generation_is_a_row_of_a_log(given: dict[str, Any]) -> None:
    (row,) = read(given)
    said = {
        name: row[name] for name in ("request_id", "request_time", "status", "latency_ms", "model", "finish_reason")
    }
    assert said == {
        "request_id": "r-1",
        "request_time": "2026-11-20T08:30:00.000000+00:00",
        "status": "ok",
        "latency_ms": 480.0,
        "model": "gpt-5-mini",
        "finish_reason": "stop",
    }
    assert [row[name] for name in ("input_tokens", "output_tokens", "cached_tokens", "sampling_fraction")] == [
        9,
        3,
        4,
        1,
    ]
    assert (Call(row).prompt, Call(row).reply) == ("When do you close?", "At six.")


def test_the_columns_of_a_gateway_are_the_first_ones_of_a_log() -> None:
    names = [column.name for column in LOG_COLUMNS][:12]
    assert {"databricks_request_id" if name == "request_id" else name for name in names} == SECOND.keys()


def chunk(text: str, **more: Any) -> dict[str, Any]:
    return {"choices": [{"index": 0, "delta": {"content": text}}], **more}


@pytest.mark.parametrize(
    "response",
    [
        json.dumps([chunk("At "), chunk("six."), {"choices": [], "usage": REPLY["usage"]}]),
        "".join(f"data: {json.dumps(each)}\n\n" for each in (chunk("At "), chunk("six.", usage=REPLY["usage"])))
        + "data: {cut off\n\ndata: [DONE]\n\n",
    ],
    ids=["list", "events"],
)
def test_a_stream_is_one_reply(response: str) -> None:
    (row,) = read({**SECOND, "response": response})
    assert (Call(row).reply, row["output_tokens"], row["streamed"]) == ("At six.", 3, True)


@pytest.mark.parametrize(
    "response",
    [
        *(None, "", "no JSON", "5", "[1]", '{"choices": 5}', '{"choices": [{"message": null}]}'),
        '{"dataframe_split": {"columns": ["a"], "data": [[1]]}}',
    ],
)
def test_what_says_nothing_is_missing(response: str | None) -> None:
    (row,) = read({**SECOND, "response": response, "request": response, "status_code": 429})
    assert (row["status"], row["request"], row["response"], row.get("model")) == ("rate_limited", None, None, None)


RESPONSES = (
    {"instructions": "Be brief.", "input": [{"role": "user", "content": "When do you close?"}]},
    {
        "object": "response",
        "model": "gpt-5-mini",
        "status": "completed",
        "output": [{"type": "message", "role": "assistant", "content": [{"type": "output_text", "text": "At six."}]}],
        "usage": {"input_tokens": 9, "output_tokens": 3},
    },
)
MESSAGES = (
    {"system": "Be brief.", "max_tokens": 9, "messages": REQUEST["messages"][1:]},
    {
        "type": "message",
        "model": "claude-sonnet-5",
        "stop_reason": "end_turn",
        "content": [{"type": "text", "text": "At six."}],
        "usage": {"input_tokens": 9, "output_tokens": 3},
    },
)


@pytest.mark.parametrize(("request_", "response"), [RESPONSES, MESSAGES], ids=["responses", "messages"])
def test_what_other_apis_of_an_endpoint_say_is_read_as_well(request_: Any, response: Any) -> None:
    (row,) = read({**SECOND, "request": json.dumps(request_), "response": json.dumps(response)})
    assert (Call(row).prompt, Call(row).reply) == ("When do you close?", "At six.")
    assert (row["model"], row["input_tokens"], row["output_tokens"]) == (response["model"], 9, 3)
    assert "Be brief." in row["request"]


def test_calls_of_tools_are_told_from_what_was_said() -> None:
    call = {"id": "c-1", "type": "function", "function": {"name": "look", "arguments": '{"at": "six"}'}}
    message = {"role": "assistant", "content": None, "tool_calls": [call]}
    (row,) = read({**SECOND, "response": json.dumps({"choices": [{"index": 0, "message": message}]})})
    assert Call(row).reply == ""
    assert json.loads(row["response"])["messages"] == [
        {"role": "assistant", "content": '{"at": "six"}', "kind": "arguments", "name": "look"}
    ]


def test_a_table_of_pandas_has_arrays_and_gaps() -> None:
    pandas: Any = pytest.importorskip("pandas")
    numpy: Any = pytest.importorskip("numpy")
    codes = [numpy.array(["MAX_REQUEST_SIZE_EXCEEDED", "OTHER"], dtype=object), numpy.array([], dtype=object)]
    frame = pandas.DataFrame([SECOND, {**SECOND, "request": None, "response": None}])
    frame["logging_error_codes"] = codes  # as toPandas() has them
    frame["status_code"] = pandas.array([200, None], dtype="Int64")
    first, second = InferenceTable(frame).read()
    assert (first["status"], second["status"], second["status_code"]) == ("ok", "error", None)
    assert list(first["logging_error_codes"]) == ["MAX_REQUEST_SIZE_EXCEEDED", "OTHER"]


def test_a_row_without_a_time_is_of_no_generation() -> None:
    with pytest.raises(ConfigurationError, match="none of request_time, event_time and timestamp_ms"):
        read({"status_code": 200})


def table() -> InferenceTable:
    rows = [
        {
            **SECOND,
            "databricks_request_id": f"r-{number}",
            "served_entity_id": f"e-{number % 2}",
            "request_time": MOMENT.replace(day=20 + number // 200),
            "execution_duration_ms": 400 + 300 * (number % 2) + number % 7 * 10,
        }
        for number in range(400)
    ]
    return InferenceTable(rows, variants={"e-0": "control", "e-1": "treatment"})


def test_analyses_drift_and_reports_read_it() -> None:
    found = analyze(table(), metrics=["latency_ms"], unit="request_id")
    assert str(found).startswith("treatment is worse than control in latency_ms")
    assert not drift(table(), granularity="1 day", features=["latency_ms", "prompt_chars"], min_n=100).drifted
    (whole, latency, *_) = profile(table(), features=["latency_ms"]).rows
    assert (whole.count, latency.count) == (400, 400)
    assert "gpt-5-mini" in report(table())


def test_it_reads_columns_and_files(tmp_path: Path) -> None:
    columns = {name: [value, value] for name, value in SECOND.items()}
    columns |= {"execution_duration_ms": [480, None], "served_entity_id": ["e-1", None]}
    first, second = InferenceTable(columns).read()
    assert (first["latency_ms"], second["latency_ms"], second["variant"]) == (480.0, None, None)
    (tmp_path / "table.jsonl").write_text(
        json.dumps({**SECOND, "request_date": "", "request_time": "2026-11-20T08:30:00"})
    )
    (row,) = InferenceTable(tmp_path / "table.jsonl").read()
    assert row["request_date"] == "2026-11-20"
