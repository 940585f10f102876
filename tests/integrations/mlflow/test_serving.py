"""`mlflow models serve`, really started, and asked over HTTP."""

from __future__ import annotations

import json
import urllib.error
import urllib.request
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from integrations.mlflow.conftest import Place
from integrations.mlflow.policies import CODE, POLICY
from integrations.mlflow.server import serving


def post(url: str, body: Any) -> tuple[int, str]:
    request = urllib.request.Request(url, json.dumps(body).encode(), {"content-type": "application/json"})
    try:
        with urllib.request.urlopen(request, timeout=60) as response:
            return response.status, response.read().decode()
    except urllib.error.HTTPError as error:
        return error.code, error.read().decode()


@pytest.fixture
def serve(place: Place, asked: Any, tmp_path: Path) -> Callable[[str], Any]:
    def served(uri: str) -> Any:
        words = ["models", "serve", "--model-uri", uri, "--env-manager", "local"]
        return serving(words, folder=tmp_path, health="ping", env={"MLFLOW_TRACKING_URI": place.url})

    return served


def test_a_served_model_answers_rows_and_refuses_without_a_stack(serve: Callable[[str], Any], tmp_path: Path) -> None:
    from genai_guard.integrations.mlflow.model import log_model

    info = log_model(POLICY, "asked:answer", params={"temperature": 0.5}, code_paths=CODE)
    with serve(info.model_uri) as url:
        rows = [
            {"prompt": "bob@example.com", "user": "limited"},
            {"prompt": "my secret falcon", "user": "u"},
            {"prompt": "my secret break", "user": "u"},
        ]
        for body in ({"dataframe_records": rows}, {"inputs": rows}, {"instances": rows}):
            status, text = post(f"{url}/invocations", {**body, "params": {"temperature": 1.0}})
            assert status == 200, text
            found = json.loads(text)["predictions"]
            assert [each["http_status"] for each in found[1:]] == [400, 502]
            assert "secret" not in text
            assert "Traceback" not in text
        assert found[0]["status"] == "rate_limited"  # the third of the user, and two a day are allowed
        status, text = post(f"{url}/invocations", {"inputs": {"prompt": ["a", "bob@example.com"]}})
        replies = [each["reply"] for each in json.loads(text)["predictions"]]
        assert replies == ["a at 0.5, or call [EMAIL]", "[EMAIL] at 0.5, or call [EMAIL]"]
    assert "secret" not in (tmp_path / "models.log").read_text()


def test_a_served_agent_answers_as_the_responses_api_does(serve: Callable[[str], Any]) -> None:
    from genai_guard.integrations.mlflow.agent import log_agent

    with serve(log_agent(POLICY, "asked:chat", code_paths=CODE).model_uri) as url:
        turn = [{"role": "user", "content": "it is bob@example.com"}]
        status, text = post(f"{url}/invocations", {"input": turn})
        assert (status, json.loads(text)["output"][0]["content"][0]["text"]) == (
            200,
            "1: it is [EMAIL] call [EMAIL] now ",
        )
        _, text = post(f"{url}/invocations", {"input": [{"role": "user", "content": "my secret falcon"}]})
        assert json.loads(text)["incomplete_details"] == {"reason": "content_filter"}
        assert "secret" not in text
