"""`dashboard` and `alert-rules`."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
import yaml

from genai_guard.__main__ import main

POLICY = {
    "version": 1,
    "name": "shop",
    "metrics": {"alerts": [{"alert": "error_rate", "above": 0.1}, {"alert": "guardrail_hits", "mode": "shadow"}]},
}


@pytest.fixture
def policy(tmp_path: Path) -> str:
    file = tmp_path / "policy.json"
    file.write_text(json.dumps(POLICY), encoding="utf-8")
    return str(file)


def test_the_dashboard_is_json(policy: str, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["dashboard", policy]) == 0
    assert json.loads(capsys.readouterr().out)["title"] == "genai_guard: shop"


def test_it_is_written_to_a_file(policy: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["dashboard", policy, "--prefix", "shop", "--output", str(tmp_path / "out.json")]) == 0
    assert capsys.readouterr().out == ""
    assert "shop_calls_total" in (tmp_path / "out.json").read_text(encoding="utf-8")


def test_the_rules_are_yaml_and_what_has_none_is_told(policy: str, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["alert-rules", policy]) == 0
    printed = capsys.readouterr()
    (group,) = yaml.safe_load(printed.out)["groups"]
    assert [rule["alert"] for rule in group["rules"]] == ["error_rate_above_0.1", "genai_guard_dropped"]
    assert "guardrail_hits" in printed.err


@pytest.mark.parametrize("command", ["dashboard", "alert-rules"])
def test_a_policy_that_measures_nothing_is_refused(
    command: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    file = tmp_path / "policy.json"
    file.write_text('{"version": 1}', encoding="utf-8")
    assert main([command, str(file)]) == 1
    assert "metrics: {}" in capsys.readouterr().err
