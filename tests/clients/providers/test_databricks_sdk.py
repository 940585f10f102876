"""The real Databricks SDK and MLflow's deployments client, with a server on this machine in the place of a workspace."""

from __future__ import annotations

import importlib
import json
from collections.abc import Callable
from typing import Any

import pytest

from calls import World
from genai_guard import ConfigurationError

sdk = pytest.importorskip("databricks.sdk", reason="pip install databricks-sdk")
serving = importlib.import_module("databricks.sdk.service.serving")

pytestmark = [
    pytest.mark.filterwarnings("ignore::ResourceWarning"),
    pytest.mark.filterwarnings("ignore::DeprecationWarning"),
]
SAID = "I know the SECRET plan, you see."
AFTER = "I know the [BLOCKED], you see."
USAGE = {"prompt_tokens": 7, "completion_tokens": 3, "total_tokens": 10}
ASKED = "/serving-endpoints/chat/invocations"


def completion(**choice: Any) -> dict[str, Any]:
    choices = [{"index": 0, "finishReason": "stop", "finish_reason": "stop", **choice}]
    return {"id": "c", "object": "chat.completion", "created": 1, "model": "m", "choices": choices, "usage": USAGE}


CHAT = completion(message={"role": "assistant", "content": SAID})


@pytest.fixture
def workspace(loopback: Any, monkeypatch: pytest.MonkeyPatch) -> Any:
    """Return a client of the workspace."""
    monkeypatch.setenv("DATABRICKS_HOST", loopback.url)
    monkeypatch.setenv("DATABRICKS_TOKEN", "t")
    config = sdk.core.Config(host=loopback.url, token="t", auth_type="pat", retry_timeout_seconds=1)
    return sdk.WorkspaceClient(config=config)


def test_a_query_of_messages_is_guarded(
    workspace: Any, loopback: Any, world: World, ended: Callable[..., None]
) -> None:
    loopback.answers.append(CHAT)
    messages = [
        serving.ChatMessage(role=serving.ChatMessageRole.SYSTEM, content="Keep the SECRET plan."),
        serving.ChatMessage(role=serving.ChatMessageRole.USER, content="the SECRET plan"),
    ]
    reply = world.pipeline.wrap(workspace.serving_endpoints.query)(name="chat", messages=messages, max_tokens=9)
    choice = reply.choices[0]
    assert (type(reply), type(choice.message)) == (serving.QueryEndpointResponse, serving.ChatMessage)
    assert (choice.message.content, choice.message.role) == (AFTER, serving.ChatMessageRole.ASSISTANT)
    assert "SECRET" not in f"{reply!r}{reply.as_dict()}{loopback.seen}"
    assert [message["role"] for message in loopback.seen[0][1]["messages"]] == ["system", "user"]
    assert [part.role for part in world.event.request] == ["system", "user"]
    assert messages[1].content == "the SECRET plan"
    ended(tokens=(7, 3))


def test_every_other_way_to_ask_is_guarded(workspace: Any, loopback: Any, world: World) -> None:
    query = world.pipeline.wrap_client(workspace).serving_endpoints.query
    loopback.answers += [
        completion(text=SAID),
        {"predictions": [{"answer": SAID}]},
        {"outputs": [SAID]},
        {"predictions": [SAID]},
    ]
    assert query("chat", prompt="the SECRET plan").choices[0].text == AFTER
    assert query("chat", dataframe_records=[{"q": "the SECRET plan", "n": 1}]).predictions == [{"answer": AFTER}]
    assert query("chat", inputs={"q": ["the SECRET plan"]}).outputs == [AFTER]
    split = serving.DataframeSplitInput(columns=["q"], data=[["the SECRET plan", 1]])
    assert query("chat", dataframe_split=split).predictions == [AFTER]
    assert "SECRET" not in str(loopback.seen)
    assert loopback.seen[3][1]["dataframe_split"] == {"columns": ["q"], "data": [["the [BLOCKED]", 1]]}


def test_a_query_without_anything_to_say_is_an_error(workspace: Any, world: World, ended: Callable[..., None]) -> None:
    with pytest.raises(ConfigurationError, match="no client reads a request"):
        world.pipeline.wrap(workspace.serving_endpoints.query)(name="chat")
    assert [event.status for event in world.events] == ["error"]


@pytest.mark.parametrize(
    ("status", "error", "ending"),
    [(403, "PermissionDenied", "error"), (429, "TimeoutError", "timeout"), (500, "InternalError", "error")],
)
def test_refusals_of_the_workspace_pass_through_and_settle(  # noqa: PLR0917
    workspace: Any, loopback: Any, world: World, status: int, error: str, ending: str
) -> None:
    loopback.answers += [(status, {"error_code": "", "message": "no"})] * 9
    with pytest.raises(Exception) as caught:
        world.pipeline.wrap_client(workspace).serving_endpoints.query("chat", prompt="the SECRET plan")
    assert type(caught.value).__name__ == error
    assert "SECRET" not in repr(caught.value)
    assert (world.event.status, world.limiter.open, len(world.limiter.settled)) == (ending, [], 1)


def test_its_client_of_openai_is_wrapped_by_itself(workspace: Any, loopback: Any, world: World) -> None:
    pytest.importorskip("openai", reason="pip install openai")
    with pytest.raises(ConfigurationError, match="wrap the client that it returns"):
        world.pipeline.wrap_client(workspace).serving_endpoints.get_open_ai_client()
    with pytest.raises(ConfigurationError, match=r"use serving_endpoints\.query"):
        world.pipeline.wrap_client(workspace).genie.start_conversation("space", "the SECRET plan")
    chunk = {"id": "c", "object": "chat.completion.chunk", "created": 1, "model": "m"}
    pieces = [{"role": "assistant", "content": "the SECRET"}, {"content": " plan"}, {}]
    events = [chunk | {"choices": [{"index": 0, "delta": d, "finish_reason": None if d else "stop"}]} for d in pieces]
    stream = b"".join(
        b"data: " + json.dumps(event).encode() + b"\n\n" for event in [*events, chunk | {"choices": [], "usage": USAGE}]
    )
    loopback.answers += [CHAT, stream + b"data: [DONE]\n\n"]
    inner = workspace.serving_endpoints.get_open_ai_client()
    try:
        create = world.pipeline.wrap_client(inner).chat.completions.create
    except TypeError:
        pytest.skip("this version of openai does not take the HTTP client of the Databricks SDK")
    messages = [{"role": "user", "content": "hi"}]
    assert create(model="chat", messages=messages).choices[0].message.content == AFTER
    out = create(model="chat", messages=messages, stream=True)
    assert "".join(one.choices[0].delta.content or "" for one in out if one.choices) == "the [BLOCKED]"


def test_the_deployments_client_of_mlflow_takes_and_returns_dictionaries(
    workspace: Any, loopback: Any, world: World, ended: Callable[..., None]
) -> None:
    deployments = pytest.importorskip("mlflow.deployments", reason="pip install mlflow-skinny")
    client = world.pipeline.wrap_client(deployments.get_deploy_client("databricks"))
    loopback.answers += [CHAT, {"predictions": [SAID]}]
    inputs = {"messages": [{"role": "user", "content": "the SECRET plan"}], "max_tokens": 9}
    reply = client.predict(endpoint="chat", inputs=inputs)
    assert reply["choices"][0]["message"]["content"] == AFTER
    ended(tokens=(7, 3))
    assert client.predict(endpoint="chat", inputs={"dataframe_records": [{"q": "the SECRET plan"}]})["predictions"] == [
        AFTER
    ]
    assert "SECRET" not in str(loopback.seen)


def test_the_deployments_client_of_mlflow_streams(workspace: Any, loopback: Any, world: World) -> None:
    deployments = pytest.importorskip("mlflow.deployments", reason="pip install mlflow-skinny")
    chunk = {"id": "c", "object": "chat.completion.chunk", "model": "m"}
    pieces = [{"role": "assistant", "content": "the SECRET"}, {"content": " plan"}, {}]
    events = [chunk | {"choices": [{"index": 0, "delta": d, "finish_reason": None if d else "stop"}]} for d in pieces]
    loopback.answers.append(b"".join(b"data: " + json.dumps(event).encode() + b"\n\n" for event in events))
    client = world.pipeline.wrap_client(deployments.get_deploy_client("databricks"))
    out = client.predict_stream(endpoint="chat", inputs={"messages": [{"role": "user", "content": "hi"}]})
    assert "".join(one["choices"][0]["delta"].get("content", "") for one in out) == "the [BLOCKED]"
