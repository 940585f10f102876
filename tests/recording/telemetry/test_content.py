"""Texts stand on spans only if asked for, and then redacted."""

from __future__ import annotations

import json
from collections.abc import Iterator
from typing import Any

import pytest

from calls import KINDS, consume, target
from collected import Collected
from genai_guard import GenAIGuardError, Pipeline, caller
from genai_guard.guards import PII, BlockedPatterns, guard
from genai_guard.recording import Redactor
from genai_guard.recording.telemetry import names
from genai_guard.recording.worker import Worker

SECRETS = tuple(f"planted-{number:03d}-secret" for number in range(20))


def every_secret(text: str) -> Iterator[tuple[int, int, str]]:
    for secret in SECRETS:
        start = text.find(secret)
        while start >= 0:
            yield start, start + len(secret), "PLANTED"
            start = text.find(secret, start + 1)


def messages(attributes: Any, name: str) -> Any:
    return json.loads(attributes[name])


def test_texts_are_written_as_the_conventions_want_and_redacted() -> None:
    sdk = Collected(content="redacted")

    @Pipeline(recorder=sdk.recorder)
    def ask(messages: list[dict[str, Any]]) -> str:
        return "Write to eve@example.com."

    ask([
        {"role": "system", "content": "Be kind."},
        {"role": "user", "content": "I am bob@example.com."},
        {"role": "assistant", "tool_calls": [
            {"id": "1", "type": "function", "function": {"name": "search", "arguments": '{"q": "bob@example.com"}'}},
        ]},
        {"role": "tool", "tool_call_id": "1", "content": "nothing"},
    ])  # fmt: skip
    attributes = sdk.span().attributes
    assert messages(attributes, "gen_ai.system_instructions") == [{"type": "text", "content": "Be kind."}]
    assert messages(attributes, "gen_ai.input.messages") == [
        {"role": "user", "parts": [{"type": "text", "content": "I am [EMAIL]."}]},
        {"role": "assistant", "parts": [{"type": "tool_call", "name": "search", "arguments": '{"q": "[EMAIL]"}'}]},
        {"role": "tool", "parts": [{"type": "tool_call_response", "response": "nothing"}]},
    ]
    assert messages(attributes, "gen_ai.output.messages") == [
        {"role": "assistant", "parts": [{"type": "text", "content": "Write to [EMAIL]."}], "finish_reason": "stop"}
    ]


def test_the_parts_of_one_message_stay_together() -> None:
    sdk = Collected(content="redacted")
    two = [{"type": "text", "text": "one"}, {"type": "text", "text": "two"}]
    asked: list[dict[str, Any]] = [{"role": "user", "content": two}, {"role": "user", "content": "three"}]
    Pipeline(recorder=sdk.recorder)(lambda messages: "hello")(asked)
    written = messages(sdk.span().attributes, names.INPUT_MESSAGES)
    assert [[part["content"] for part in message["parts"]] for message in written] == [["one", "two"], ["three"]]


def test_the_redactor_given_is_the_one_that_is_used() -> None:
    sdk = Collected(content="redacted", redact=Redactor(scan=every_secret))
    Pipeline(recorder=sdk.recorder)(target("def", ["hello"]))(f"my {SECRETS[0]}")
    (message,) = messages(sdk.span().attributes, names.INPUT_MESSAGES)
    assert message["parts"] == [{"type": "text", "content": "my [PLANTED]"}]


def test_a_span_whose_texts_cannot_wait_ends_without_them(monkeypatch: pytest.MonkeyPatch) -> None:
    sdk = Collected(content="redacted")
    monkeypatch.setattr(Worker, "put", lambda *_: "queue_full")
    Pipeline(recorder=sdk.recorder)(target("def", ["hello"]))("hi")
    assert names.INPUT_MESSAGES not in (sdk.span().attributes or {})
    assert sdk.recorder.dropped == {"telemetry.queue_full": 1}


@guard(name="quoting", on_error="block")
def quoting(text: str) -> bool:
    raise ValueError(text)


@pytest.mark.parametrize("content", ["none", "redacted"])
@pytest.mark.parametrize("kind", KINDS)
def test_no_planted_secret_stands_on_a_span_or_metric(kind: str, content: str) -> None:
    sdk = Collected(content=content, redact=Redactor(scan=every_secret))
    asked, replied, raised, tagged = SECRETS[:4]
    endings: list[tuple[list[Any], list[Any]]] = [
        ([], [replied, " end"]),
        ([PII(action="redact"), BlockedPatterns([asked])], [replied]),
        ([], [replied, ValueError(raised)]),
        ([], [TimeoutError(raised)]),
        ([quoting], [replied]),
    ]
    for guards, chunks in endings:
        pipeline = Pipeline(input=guards, output=[BlockedPatterns([replied], action="redact")], recorder=sdk.recorder)
        with caller(tags={"note": tagged}):
            try:
                consume(kind, pipeline(target(kind, chunks)), f"about {asked}")
            except (GenAIGuardError, ValueError, TimeoutError) as error:
                del error
    spans = sdk.spans()
    assert len(spans) == len(endings)
    metrics = [
        str(point) for name in (names.CALLS, names.OPERATION_DURATION, names.GUARD_HITS) for point in sdk.points(name)
    ]
    told = "".join([*(span.to_json() for span in spans), *metrics, str(sdk.recorder.dropped)])
    assert not [secret for secret in SECRETS if secret in told]
