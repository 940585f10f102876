"""`databricks`: what it writes, what it says of what it cannot, and its exit codes."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
import yaml

from genai_guard.__main__ import main
from genai_guard.databricks import export_endpoint
from on_databricks.recorder import recorder
from on_databricks.samples import POLICY, TARGETS

TARGET_OPTIONS = [word for name, entity in TARGETS.items() for word in ("--target", f"{name}={entity}")]


@pytest.fixture(autouse=True)
def files(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    Path("policy.yaml").write_text(yaml.safe_dump(POLICY), encoding="utf-8")
    Path("targets.json").write_text(json.dumps(TARGETS), encoding="utf-8")


def run(capsys: pytest.CaptureFixture[str], *argv: str, code: int = 0) -> tuple[str, str]:
    assert main(["databricks", *argv]) == code
    printed = capsys.readouterr()
    return printed.out, printed.err


def exported(capsys: pytest.CaptureFixture[str], to: str, *argv: str, code: int = 0) -> tuple[str, str]:
    return run(capsys, "export", "policy.yaml", "--to", to, *argv, code=code)


def test_an_endpoint_is_printed_and_what_is_left_over_told(capsys: pytest.CaptureFixture[str]) -> None:
    places = ("--catalog", "main", "--schema", "ai", "--table-prefix", "bot")
    out, err = exported(capsys, "endpoint", *TARGET_OPTIONS, *places, "--name", "bot")
    wanted = export_endpoint(POLICY, targets=TARGETS, catalog="main", schema="ai", table_prefix="bot", name="bot")
    assert json.loads(out) == wanted.config
    assert err.splitlines() == list(map(str, wanted.leftovers))


def test_json_has_what_is_left_over_in_it(capsys: pytest.CaptureFixture[str]) -> None:
    out, err = exported(capsys, "endpoint", "--targets", "targets.json", "--json", "--fail-on-missing", code=1)
    found: dict[str, Any] = json.loads(out)
    assert (err, found["kind"], found["leftovers"][0]["extent"]) == ("", "endpoint", "approximate")


def test_a_bundle_is_yaml_with_the_endpoint_and_the_monitor(capsys: pytest.CaptureFixture[str]) -> None:
    exported(capsys, "bundle", *TARGET_OPTIONS, "--table", "main.ai.calls", "--output", "databricks.yml")
    found = yaml.safe_load(Path("databricks.yml").read_text(encoding="utf-8"))
    assert {kind: list(each) for kind, each in found["resources"].items()} == {
        "model_serving_endpoints": ["support_bot"],
        "quality_monitors": ["main_ai_calls"],
    }


def test_monitors_and_model_services_are_printed(capsys: pytest.CaptureFixture[str]) -> None:
    out, _ = exported(capsys, "monitors", "--table", "main.ai.calls")
    assert json.loads(out)["table_name"] == "main.ai.calls"
    targets = [word for name in TARGETS for word in ("--target", f"{name}=system.ai.{name.replace('.', '_')}")]
    out, _ = exported(capsys, "model-service", *targets, "--catalog", "main", "--schema", "ai")
    assert json.loads(out)["model_service_id"] == "support_bot"


def test_an_endpoint_comes_back_as_a_policy_and_its_targets(capsys: pytest.CaptureFixture[str]) -> None:
    exported(capsys, "endpoint", *TARGET_OPTIONS, "--output", "endpoint.json")
    _, err = run(capsys, "import", "endpoint.json", "--output", "back.yaml", "--targets-output", "back.json")
    assert "approximately: ai_gateway.rate_limits" in err
    run(capsys, "export", "back.yaml", "--to", "endpoint", "--targets", "back.json", "--output", "again.json")
    assert json.loads(Path("again.json").read_text()) == json.loads(Path("endpoint.json").read_text())
    out, _ = run(capsys, "import", "endpoint.json", "--json")
    assert json.loads(out)["policy"] == yaml.safe_load(Path("back.yaml").read_text(encoding="utf-8"))


def test_a_workspace_is_compared_and_changed(
    capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    pytest.importorskip("databricks.sdk", reason="needs the extra databricks: nox -s databricks")
    with recorder() as there:
        for name, value in (("HOST", there.url), ("TOKEN", "dapi-of-nobody"), ("AUTH_TYPE", "pat")):
            monkeypatch.setenv(f"DATABRICKS_{name}", value)
        what = ("policy.yaml", "--to", "endpoint", *TARGET_OPTIONS)
        out, err = run(capsys, "diff", *what)
        assert out.startswith("create serving endpoint support-bot\n")
        assert "not there: limits[4]" in err
        assert there.changes == []
        there.answers["POST", "/api/2.0/serving-endpoints"] = (200, {"name": "support-bot"})
        out, _ = run(capsys, "apply", *what, "--json")
        done = json.loads(out)
        assert (done["dry_run"], done["steps"][0]["action"]) == (False, "create serving endpoint support-bot")
        assert len(there.changes) == 1
        there.answers["POST", "/api/2.0/serving-endpoints"] = (403, {"error_code": "PERMISSION_DENIED", "message": "x"})
        out, err = run(capsys, "apply", *what, code=1)
        assert (out, "403 PERMISSION_DENIED" in err, "dapi-of-nobody" in err) == ("", True, False)


def test_whoever_cannot_sign_in_is_told_how(
    capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    pytest.importorskip("databricks.sdk", reason="needs the extra databricks: nox -s databricks")
    monkeypatch.setenv("HOME", str(tmp_path))
    monkeypatch.setenv("DATABRICKS_AUTH_TYPE", "pat")
    _, err = run(capsys, "diff", "policy.yaml", "--to", "endpoint", *TARGET_OPTIONS, code=2)
    assert "set DATABRICKS_HOST and DATABRICKS_TOKEN, or name a --profile" in err


@pytest.mark.parametrize(
    ("argv", "code", "said"),
    [
        (["export", "policy.yaml", "--to", "monitors"], 2, "needs --table"),
        (["export", "policy.yaml", "--to", "endpoint", "--target", "a"], 2, "must be NAME=ENTITY"),
        (["export", "policy.yaml", "--to", "endpoint"], 1, "a policy does not know what answers"),
        (["import", "missing.json"], 2, "cannot be read"),
        (["import", "targets.json"], 1, "config: must be there"),
    ],
)
def test_what_cannot_be_translated_is_told(
    argv: list[str], code: int, said: str, capsys: pytest.CaptureFixture[str]
) -> None:
    assert said in run(capsys, *argv, code=code)[1]
