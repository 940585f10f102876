from __future__ import annotations

import json
from typing import Any

import pytest

from genai_guard.messages import Caller, Part, Usage
from genai_guard.recording import Event
from genai_guard.recording.dimensions import STATUSES
from genai_guard.recording.redaction import FAILED, TOO_LONG
from genai_guard.recording.rows import MAX_PAYLOAD_BYTES, encode, row
from genai_guard.routing import Assignment, Reason
from genai_guard.verdicts import Action, Finding, Verdict

GATEWAY_COLUMNS = {
    "request_date", "client_request_id", "request_time", "status_code", "sampling_fraction", "execution_duration_ms",
    "request", "response", "logging_error_codes", "served_entity_id", "requester",
}  # fmt: skip


def call(**values: Any) -> Event:
    return Event(1_795_269_330.25, "req-1", **values)


def test_a_row_has_the_columns_of_the_gateway_table_and_an_id_of_its_own() -> None:
    assert row(call()).keys() >= GATEWAY_COLUMNS | {"request_id"}


def test_a_row_tells_the_whole_call() -> None:
    event = call(
        pipeline="bot",
        target="app.ask",
        model="large",
        caller=Caller(user="u", tenant="acme", session="s", request_id="req-1", tags={"region": "eu"}),
        assignments=(Assignment("tone", "short", {"style": "x"}, Reason.SPLIT, 7, 0.5, "u"),),
        verdicts=(Verdict(Action.REDACT, guard="pii", findings=(Finding("pii.email", "EMAIL", 3, 9, 0.9, "pii"),)),),
        usage=Usage(100, 20, 5, 2),
        cost_usd=0.0125,
        attempts=2,
        retries=1,
        answered_by="large",
        latency_s=1.23456,
        model_s=1.23,
        first_token_s=0.2,
        inter_token_s=0.0125,
        streamed=True,
        chunks=4,
        finish_reason="stop",
        request=(Part("be brief", role="system"), Part("to [EMAIL]")),
        response=(Part("hello", role="assistant"), Part('{"q":1}', "assistant", "arguments", name="search")),
    )

    assert row(event) == {
        "request_date": "2026-11-21",
        "request_time": "2026-11-21T13:55:30.250000+00:00",
        "request_id": "req-1",
        "client_request_id": "req-1",
        "status_code": 200,
        "sampling_fraction": 1.0,
        "execution_duration_ms": 1235,
        "request": '{"messages":[{"role":"system","content":"be brief"},{"role":"user","content":"to [EMAIL]"}]}',
        "response": (
            '{"messages":[{"role":"assistant","content":"hello"},'
            '{"role":"assistant","content":"{\\"q\\":1}","kind":"arguments","name":"search"}]}'
        ),
        "logging_error_codes": [],
        "served_entity_id": "app.ask",
        "requester": "u",
        "pipeline": "bot",
        "status": "ok",
        "stage": "done",
        "error_type": None,
        "denied_by": None,
        "shadow_denials": [],
        "tenant": "acme",
        "session": "s",
        "tags": {"region": "eu"},
        "model": "large",
        "variant": "short",
        "assignments": [
            {
                "experiment": "tone",
                "variant": "short",
                "config_version": None,
                "reason": "split",
                "bucket": 7,
                "unit_hash": "6bbf122680190bd4",
                "propensity": 0.5,
                "mode": "enforce",
                "prompt": None,
            }
        ],
        "verdicts": [
            {
                "guard": "pii",
                "action": "redact",
                "mode": "enforce",
                "error": None,
                "findings": [
                    {
                        "rule": "pii.email",
                        "category": "EMAIL",
                        "side": "request",
                        "where": "",
                        "start": 3,
                        "end": 9,
                        "score": 0.9,
                        "detail": "",
                    }
                ],
            }
        ],
        "input_tokens": 100,
        "output_tokens": 20,
        "cached_tokens": 5,
        "reasoning_tokens": 2,
        "tokens_estimated": False,
        "cost_usd": 0.0125,
        "latency_ms": 1234.56,
        "model_ms": 1230.0,
        "queue_ms": 0.0,
        "overhead_ms": 4.56,
        "first_token_ms": 200.0,
        "inter_token_ms": 12.5,
        "streamed": True,
        "chunks": 4,
        "finish_reason": "stop",
        "settled": True,
        "attempts": 2,
        "retries": 1,
        "answered_by": "large",
    }


@pytest.mark.parametrize("status", STATUSES)
def test_every_status_has_a_code_of_its_kind(status: str) -> None:
    kind = {"ok": 200, "blocked": 400, "rate_limited": 400, "budget_exceeded": 400, "cancelled": 400, "abandoned": 400}

    assert row(call(status=status))["status_code"] // 100 == kind.get(status, 500) // 100


@pytest.mark.parametrize(
    ("text", "code"),
    [
        (TOO_LONG, "MAX_{}_SIZE_EXCEEDED"),
        (FAILED, "{}_REDACTION_FAILED"),
        ("ü" * (MAX_PAYLOAD_BYTES // 2), "MAX_{}_SIZE_EXCEEDED"),
    ],
)
def test_a_text_that_cannot_be_kept_is_null_with_a_code(text: str, code: str) -> None:
    values = row(call(request=(Part(text),), response=(Part(text),)))

    assert (values["request"], values["response"]) == (None, None)
    assert values["logging_error_codes"] == [code.format("REQUEST"), code.format("RESPONSE")]


@pytest.mark.parametrize("text", ["two\nlines\r\n", "NUL \0", "\u2028", "日本語 🎉", '"quoted"'])
def test_a_row_is_one_line_whatever_the_text(text: str) -> None:
    line = encode(row(call(request=(Part(text),))))

    assert line.endswith(b"\n")
    assert line.count(b"\n") == 1
    assert json.loads(json.loads(line)["request"])["messages"][0]["content"] == text


def test_a_lone_surrogate_becomes_a_question_mark() -> None:
    values = json.loads(encode(row(call(request=(Part("a\ud800b"),)))))

    assert json.loads(values["request"])["messages"][0]["content"] == "a?b"
