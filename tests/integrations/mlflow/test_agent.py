"""A guarded agent, logged from code, loaded back and asked."""

from __future__ import annotations

from typing import Any

import pytest

from genai_guard import Pipeline
from genai_guard.guards import PII, BlockedPatterns
from integrations.mlflow.conftest import Place
from integrations.mlflow.policies import CODE, POLICY


def asking(text: str, **more: Any) -> dict[str, Any]:
    return {"input": [{"role": "user", "content": text}], **more}


@pytest.fixture
def agent(place: Place, asked: Any) -> Any:
    import mlflow

    from genai_guard.integrations.mlflow.agent import log_agent

    return mlflow.pyfunc.load_model(log_agent(POLICY, "asked:chat", code_paths=CODE).model_uri)


def test_an_agent_answers_whole_and_streamed_alike(agent: Any) -> None:
    response = agent.predict(asking("it is bob@example.com"))
    (item,) = response["output"]
    assert (response["status"], item["content"][0]["text"]) == ("completed", "1: it is [EMAIL] call [EMAIL] now ")
    *deltas, done = agent.predict_stream(asking("it is bob@example.com"))
    assert "".join(event["delta"] for event in deltas) == item["content"][0]["text"]
    assert done["item"]["content"] == item["content"]
    assert {event["item_id"] for event in deltas} == {done["item"]["id"]}


def test_what_a_policy_refuses_is_said_in_the_words_of_the_responses_api(agent: Any) -> None:
    blocked = agent.predict(asking("my secret falcon"))
    assert (blocked["status"], blocked["incomplete_details"], blocked["output"]) == (
        "incomplete",
        {"reason": "content_filter"},
        [],
    )
    assert blocked["custom_outputs"]["http_status"] == 400
    for _ in range(3):
        limited = agent.predict(asking("hi", context={"user_id": "limited", "conversation_id": "c-1"}))
    assert (limited["status"], limited["error"]["code"]) == ("failed", "rate_limited")
    assert limited["custom_outputs"]["retry_after_s"] > 0
    (event,) = agent.predict_stream(asking("my secret falcon"))
    assert (event["type"], event["code"], event["custom_outputs"]["http_status"]) == ("error", "blocked", 400)
    assert "secret" not in str([blocked, event])


def test_tool_calls_are_items_and_their_arguments_guarded(asked: Any) -> None:
    from genai_guard.integrations.mlflow.agent import GuardedAgent

    agent = GuardedAgent(Pipeline(output=[PII(action="redact")]), asked.tool_call)
    response = agent.predict({**asking("hi"), "temperature": 0.5}).model_dump(exclude_none=True)
    message, call = response["output"]
    assert message["content"][0]["text"] == "I write at 0.5."
    assert (call["type"], call["name"], call["arguments"]) == ("function_call", "send", '{"to": "[EMAIL]"}')
    assert call["call_id"]


def test_results_of_tools_are_guarded_on_their_way_in(asked: Any) -> None:
    from genai_guard.integrations.mlflow.agent import GuardedAgent

    agent = GuardedAgent(Pipeline(input=[BlockedPatterns(keywords=["falcon"])]), asked.chat)
    call = {"type": "function_call", "id": "fc-1", "call_id": "c-1", "name": "look", "arguments": "{}"}
    result = {"type": "function_call_output", "call_id": "c-1", "output": "it says falcon"}
    given = {"input": [{"role": "user", "content": "look"}, call, result]}
    assert agent.predict(given).custom_outputs["status"] == "blocked"


def test_a_stream_that_breaks_off_ends_with_an_error_and_no_item(asked: Any) -> None:
    from genai_guard.integrations.mlflow.agent import GuardedAgent

    events = list(GuardedAgent(Pipeline(), asked.broken).predict_stream(asking("my secret")))
    assert [event.type for event in events] == ["response.output_text.delta", "error"]
    assert (events[-1].code, events[-1].message) == ("error", "ConnectionError")
    assert "secret" not in str(events)


def test_mlflow_traces_no_text_of_an_agent_by_itself(agent: Any, place: Place) -> None:
    import mlflow

    agent.predict(asking("my secret"))
    list(agent.predict_stream(asking("my secret")))
    mlflow.flush_trace_async_logging()
    assert place.traces() == []
