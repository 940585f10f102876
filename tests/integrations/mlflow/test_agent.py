"""A guarded agent, logged from code, loaded back and asked."""

from __future__ import annotations

from functools import partial
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


def test_items_go_to_a_function_of_input_and_its_response_becomes_items(asked: Any) -> None:
    from genai_guard.integrations.mlflow.agent import GuardedAgent

    seen: list[Any] = []

    def respond(input: list[Any], *, stream: bool = False) -> Any:  # noqa: A002  the name of the API
        seen.extend(input)
        return asked.response(stream)

    guards = [PII(action="redact"), BlockedPatterns(keywords=["falcon"])]
    agent = GuardedAgent(Pipeline(input=guards, output=[PII(action="redact")]), respond)
    image = {"type": "input_image", "image_url": "data:image/png;base64,AAAA"}
    turn = {"role": "user", "content": [{"type": "input_text", "text": "I am bob@example.com"}, image]}
    call = {"type": "function_call", "id": "fc-1", "call_id": "c-1", "name": "look", "arguments": "{}"}
    result = {"type": "function_call_output", "call_id": "c-1", "output": "jo@shop.example"}
    for stream in (False, True):
        seen.clear()
        streaming = GuardedAgent(agent._loaded.pipeline, partial(respond, stream=stream))
        response = streaming.predict({"input": [turn, call, result]}).model_dump(exclude_none=True)
        assert seen[0]["content"][0]["text"] == "I am [EMAIL]"
        assert (seen[0]["content"][1]["type"], seen[2]["output"]) == ("input_image", "[EMAIL]")
        message, sent = response["output"]
        assert message["content"][0]["text"] == "Write to [EMAIL] now."
        assert (sent["type"], sent["name"], sent["arguments"]) == ("function_call", "send", '{"to": "[EMAIL]"}')
    blocked = agent.predict({"input": [turn, call, {**result, "output": "it says falcon"}]})
    assert blocked.custom_outputs["status"] == "blocked"


def test_an_image_for_a_function_of_messages_is_a_bad_request(asked: Any) -> None:
    from genai_guard.integrations.mlflow.agent import GuardedAgent

    content = [{"type": "input_image", "image_url": "data:image/png;base64,AAAA"}]
    response = GuardedAgent(Pipeline(), asked.chat).predict({"input": [{"role": "user", "content": content}]})
    assert (response.status, response.custom_outputs["http_status"]) == ("failed", 400)
    assert "input=..." in response.custom_outputs["reason"]


def test_a_context_without_a_user_leaves_that_of_the_request(agent: Any) -> None:
    for _ in range(3):
        limited = agent.predict(asking("hi", user="limited", context={"conversation_id": "c-9"}))
    assert limited["error"]["code"] == "rate_limited"


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
