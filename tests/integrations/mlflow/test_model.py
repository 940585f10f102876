"""A guarded model, logged from code, loaded back and asked."""

from __future__ import annotations

from importlib import import_module
from pathlib import Path
from typing import Any

import pytest

from genai_guard import ConfigurationError, Pipeline
from genai_guard.guards import PII
from integrations.mlflow.conftest import Place
from integrations.mlflow.policies import CODE, POLICY


@pytest.fixture
def loaded(place: Place, asked: Any) -> Any:
    import mlflow

    from genai_guard.integrations.mlflow.model import log_model

    info = log_model(POLICY, "asked:answer", params={"temperature": 0.5}, tags=["plan"], code_paths=CODE)
    return mlflow.pyfunc.load_model(info.model_uri)


def test_a_table_a_list_a_mapping_and_columns_are_answered(loaded: Any) -> None:
    pd: Any = import_module("pandas")
    said = "[EMAIL] at 0.5, or call [EMAIL]"
    for given in (
        pd.DataFrame({"prompt": ["bob@example.com"]}),
        [{"prompt": "bob@example.com"}],
        {"prompt": "bob@example.com"},
    ):
        assert list(loaded.predict(given)["reply"]) == [said]
    assert list(loaded.predict({"prompt": ["a", "b"]}, params={"temperature": 1.5})["reply"]) == [
        "a at 1.5, or call [EMAIL]",
        "b at 1.5, or call [EMAIL]",
    ]


def test_a_row_that_is_refused_or_fails_leaves_the_others_alone(loaded: Any) -> None:
    pd: Any = import_module("pandas")
    rows = loaded.predict(
        pd.DataFrame(
            [
                {"prompt": "my secret falcon"},
                {"prompt": "hi", "user": "limited", "plan": "pro"},
                {"prompt": "my secret break", "user": "limited"},
                {"prompt": "hi", "user": "limited"},
                {"prompt": None, "user": "u"},
            ]
        )
    ).to_dict(orient="records")
    assert [(row["status"], row["http_status"]) for row in rows] == [
        ("blocked", 400),
        ("ok", 200),
        ("error", 502),
        ("rate_limited", 429),
        ("bad_request", 400),
    ]
    assert rows[2]["reason"] == "RuntimeError"
    assert rows[3]["retry_after_s"] > 0
    assert "secret" not in str(rows)


def test_how_many_rows_are_asked_at_a_time_is_logged_and_may_be_said_again(place: Place, asked: Any) -> None:
    import mlflow

    from genai_guard.integrations.mlflow.model import GuardedModel, log_model

    uri = log_model(POLICY, "asked:answer", code_paths=CODE, concurrency=4).model_uri
    for said, threads in ({}, 4), ({"concurrency": 2}, 2):
        model = mlflow.pyfunc.load_model(uri, model_config=said)
        assert model.unwrap_python_model()._concurrency == threads
        assert list(model.predict({"prompt": ["a", "b", "c"]})["reply"].str[0]) == ["a", "b", "c"]
    with pytest.raises(ConfigurationError, match=r"concurrency=0 must be a whole number from 1"):
        GuardedModel(Pipeline(), asked.answer, concurrency=0)


def test_a_reply_is_streamed_as_the_model_says_it(place: Place, asked: Any) -> None:
    import mlflow

    from genai_guard.integrations.mlflow.model import log_model

    info = log_model(POLICY, asked.chat, name="chat", code_paths=CODE)
    model = mlflow.pyfunc.load_model(info.model_uri)
    *pieces, last = model.predict_stream({"messages": [{"role": "user", "content": "it is bob@example.com"}]})
    assert len(pieces) > 3
    assert "".join(piece["reply"] for piece in pieces) == "1: it is [EMAIL] call [EMAIL] now "
    assert (last["status"], last["request_id"] != "") == ("ok", True)
    (refused,) = model.predict_stream([{"prompt": "falcon"}])
    assert (refused["status"], refused["http_status"]) == ("blocked", 400)


def test_what_is_logged_is_code_with_its_signature_example_and_requirements(place: Place, asked: Any) -> None:
    import mlflow

    from genai_guard.integrations.mlflow.model import log_model

    policy = {"version": 1, "input": [{"guard": "pii", "action": "hash", "hash_key": {"env": "HASH_KEY"}}]}
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("HASH_KEY", "my-secret-key-of-32-characters--")
        info = log_model(policy, "asked:answer", params={"temperature": 0.5}, code_paths=CODE, requirements=["httpx"])
    folder = Path(mlflow.artifacts.download_artifacts(info.model_uri))
    names = {path.name for path in folder.rglob("*")}
    assert {"model_script.py", "policy.json", "asked.py", "input_example.json"} <= names
    assert [name for name in names if name.endswith(".pkl")] == []
    assert {"httpx"} < set((folder / "requirements.txt").read_text().split())
    assert "genai_guard[mlflow]==" in (folder / "requirements.txt").read_text()
    assert not any(b"my-secret-key" in path.read_bytes() for path in folder.rglob("*") if path.is_file())
    assert [column.name for column in info.signature.inputs][:2] == ["prompt", "user"]
    assert [param.name for param in info.signature.params] == ["temperature"]


def test_a_pipeline_of_a_script_is_logged_as_models_from_code(place: Place, tmp_path: Path) -> None:
    import mlflow

    script = tmp_path / "mine.py"
    script.write_text(
        "from mlflow.models import set_model\n"
        "from genai_guard import Pipeline\nfrom genai_guard.guards import PII\n"
        "from genai_guard.integrations.mlflow.model import GuardedModel\n"
        "set_model(GuardedModel(Pipeline(input=[PII(action='redact')]), lambda prompt: prompt))\n"
    )
    info = mlflow.pyfunc.log_model(name="mine", python_model=str(script))
    assert mlflow.pyfunc.load_model(info.model_uri).predict(["it is bob@example.com"])[0]["reply"] == "it is [EMAIL]"


def test_what_cannot_be_served_is_refused_when_it_is_logged(place: Place, asked: Any) -> None:
    from genai_guard.integrations.mlflow.agent import log_agent
    from genai_guard.integrations.mlflow.model import GuardedModel, log_model

    refused: list[tuple[Any, Any, str]] = [
        ({"version": 1, "inputs": []}, "asked:answer", "inputs"),
        (POLICY, "asked:nothing", "nothing"),
        (POLICY, lambda prompt: prompt, "cannot be imported by its name"),
    ]
    for policy, model, told in refused:
        with pytest.raises(ConfigurationError, match=told):
            log_model(policy, model, code_paths=CODE)
    assert log_model(Pipeline(output=[PII()]), "asked:answer", code_paths=CODE).model_uri
    with pytest.raises(ConfigurationError, match="messages or input"):
        log_agent(POLICY, "asked:answer", code_paths=CODE)
    with pytest.raises(ConfigurationError, match="a number, a truth value or a text"):
        log_model(POLICY, "asked:answer", params={"stop": ["x"]}, code_paths=CODE)  # type: ignore[dict-item]
    with pytest.raises(ConfigurationError, match="neither"):
        GuardedModel(Pipeline())
    with pytest.raises(ConfigurationError, match="let MLflow load it"):
        GuardedModel().predict(None, ["hi"])
