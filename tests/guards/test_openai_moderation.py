"""A moderation endpoint over HTTP: what is sent, what is read, and what becomes of everything that goes wrong."""

from __future__ import annotations

import json
import pickle
import time
from collections.abc import Iterator
from typing import Any

import openai
import pytest

from genai_guard import ComponentFailed, ConfigurationError, Pipeline
from genai_guard.environment import env
from genai_guard.guards import Cascade, ContentSafety, LexicalClassifier, ModerationEndpoint, OpenAIModeration
from genai_guard.recording import DeliveryError
from receiver import Receiver, receiver

ANSWER = {"results": [{"category_scores": {"hate": 0.1, "hate/threatening": 0.7, "self-harm": 0.2, "violence": 0.3}}]}
OURS = {"hate": 0.7, "self_harm": 0.2, "violence": 0.3}
SECRET = "PLANTED-9f3c"


@pytest.fixture
def server() -> Iterator[Receiver]:
    with receiver() as took:
        took.body = json.dumps(ANSWER).encode()
        yield took


def asked(server: Receiver, **parameters: Any) -> OpenAIModeration:
    return OpenAIModeration(url=f"{server.url}/v1/moderations", **parameters)


def test_the_text_is_sent_as_the_endpoint_takes_it_and_its_scores_are_read(
    server: Receiver, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("MODERATION_KEY", "sk-1")
    classifier = asked(server, api_key=env("MODERATION_KEY"))
    assert classifier.classify("hällo") == OURS
    ((path, headers, _),) = server.requests
    assert (path, headers["Authorization"]) == ("/v1/moderations", "Bearer sk-1")
    assert server.bodies == [{"input": "hällo", "model": "omni-moderation-latest"}]
    assert "sk-1" not in repr(classifier)
    asked(server, model="").classify("x")
    assert server.bodies[1] == {"input": "x"}
    assert "Authorization" not in server.requests[1][1]


@pytest.mark.parametrize(
    ("status", "body", "error"),
    [
        (429, ANSWER, "http_429"),
        (500, {"error": SECRET}, "http_500"),
        (302, ANSWER, "http_302"),
        (200, "not json " + SECRET, "no JSON"),
        (200, "[" * 100_000, "no JSON"),
        (200, {"results": []}, "without results"),
        (200, {"results": [{"category_scores": {"hate": SECRET}}]}, "no score from 0 to 1"),
        (200, {"results": [{"category_scores": {"hate": 7}}]}, "no score from 0 to 1"),
        (200, {"error": {"message": SECRET}}, "without results"),
        (200, "", "no JSON"),
    ],
)
def test_what_goes_wrong_is_an_error_that_repeats_nothing(server: Receiver, status: int, body: Any, error: str) -> None:
    server.answers = [(status, {})] * 2
    server.body = (body if isinstance(body, str) else json.dumps(body)).encode()
    with pytest.raises((DeliveryError, ValueError), match=error) as caught:
        asked(server).classify(SECRET)
    assert SECRET not in repr(caught.value)
    assert SECRET not in repr(caught.value.__cause__)
    with pytest.raises(ComponentFailed) as stopped:
        Pipeline(input=[ContentSafety(asked(server))])(lambda prompt: "answer")(f"a text {SECRET}")
    assert SECRET not in str(stopped.value)


def test_one_that_hangs_or_is_not_there_is_an_error_in_time(server: Receiver) -> None:
    server.hang.clear()
    began = time.monotonic()
    with pytest.raises(DeliveryError):
        asked(server, timeout_s=0.05).classify("x")
    server.hang.set()
    with pytest.raises(DeliveryError):
        OpenAIModeration(url="http://127.0.0.1:1/").classify("x")
    assert time.monotonic() - began < 5


def test_a_cascade_goes_on_with_the_cheap_scores_while_it_is_down(server: Receiver) -> None:
    server.answers = [(503, {})]
    cascade = Cascade(LexicalClassifier(), asked(server), unsure=(0.0, 0.9), on_error="cheap")
    assert cascade.classify("What a lovely day")["hate"] == 0
    assert cascade.classify("What a lovely day")["hate"] == 0.7
    assert (cascade.counts.asked, cascade.counts.failed) == (2, 1)


def test_the_sdk_asks_the_same_endpoint_through_a_callable(server: Receiver) -> None:
    server.body = json.dumps({"id": "modr-1", "model": "m", **ANSWER}).encode()
    server.answers = [(200, {"Content-Type": "application/json"}), (429, {}), (500, {})]
    with openai.OpenAI(base_url=f"{server.url}/v1", api_key="sk-1", max_retries=0, timeout=5) as client:
        endpoint = ModerationEndpoint(lambda text: client.moderations.create(input=text))
        assert endpoint.classify("hello") == OURS
        for error in (openai.RateLimitError, openai.InternalServerError):
            with pytest.raises(error):
                endpoint.classify("hello")


def test_it_has_its_place_in_policy_files_and_its_key_in_none(
    server: Receiver, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("MODERATION_KEY", "sk-1")
    classifier = asked(server, api_key=env("MODERATION_KEY"), labels={"spam": "spam"})
    pipeline = Pipeline(input=[ContentSafety(classifier)])
    written = {
        "kind": "openai_moderation",
        "api_key": {"env": "MODERATION_KEY"},
        "url": classifier.url,
        "labels": {"spam": "spam"},
    }
    assert pipeline.policy()["input"] == [{"guard": "content_safety", "classifier": written}]
    assert Pipeline.from_policy(pipeline.policy()) == pipeline
    assert pickle.loads(pickle.dumps(classifier)) == classifier
    with pytest.raises(ConfigurationError, match="secret"):
        Pipeline(input=[ContentSafety(asked(server, api_key="sk-1"))]).policy()


@pytest.mark.parametrize(
    "parameters",
    [{"url": "ftp://x"}, {"url": ""}, {"url": "https://a:b@c/"}, {"api_key": "two words"}, {"api_key": ""}, {"timeout_s": 0}, {"timeout_s": None}],
)  # fmt: skip
def test_parameters_that_are_none_are_refused(parameters: dict[str, Any]) -> None:
    with pytest.raises(ConfigurationError, match=f"OpenAIModeration.{next(iter(parameters))}="):
        OpenAIModeration(**parameters)
