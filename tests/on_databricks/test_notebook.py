"""The notebook runs as it is, against a workspace's API on this machine, and is in the form that Databricks imports."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest

from on_databricks.recorder import recorder

NOTEBOOK = Path(__file__).parents[2] / "examples" / "databricks_notebook.py"
INVOKE = "/serving-endpoints/support-bot/invocations"
REPLY = {
    "model": "gpt-5-mini",
    "choices": [{"index": 0, "message": {"role": "assistant", "content": "At six."}, "finish_reason": "stop"}],
    "usage": {"prompt_tokens": 9, "completion_tokens": 3, "total_tokens": 12},
}


def test_it_is_in_the_source_form_of_notebooks() -> None:
    first, *lines = NOTEBOOK.read_text(encoding="utf-8").splitlines()
    assert first == "# Databricks notebook source"
    cells = "\n".join(lines).split("\n# COMMAND ----------\n")
    assert len(cells) >= 5
    for cell in cells[1:]:
        marked = [line.startswith("# MAGIC ") for line in cell.splitlines() if line]
        assert all(marked) or not any(marked)


def test_it_creates_the_endpoint_and_asks_it(tmp_path: Path) -> None:
    pytest.importorskip("databricks.sdk", reason="needs the extra databricks: nox -s databricks")
    with recorder() as there:
        there.answers["POST", "/api/2.0/serving-endpoints"] = (200, {"name": "support-bot"})
        there.answers["POST", INVOKE] = (200, REPLY)
        named = {"DATABRICKS_HOST": there.url, "DATABRICKS_TOKEN": "of-nobody", "DATABRICKS_AUTH_TYPE": "pat"}
        result = subprocess.run(
            [sys.executable, str(NOTEBOOK)],
            cwd=tmp_path,
            env={"PATH": os.environ["PATH"], "HOME": str(tmp_path), "PYTHONUTF8": "1", **named},
            capture_output=True,
            text=True,
            encoding="utf-8",
            timeout=120,
            check=False,
        )
    assert result.returncode == 0, result.stderr
    assert "not there: input[1] prompt_injection: the guard" in result.stdout
    assert "create serving endpoint support-bot" in result.stdout
    assert result.stdout.endswith("At six.\n")
    created, asked = there.changes
    assert created[2]["ai_gateway"]["guardrails"] == {"input": {"pii": {"behavior": "BLOCK"}}}
    message = {"role": "user", "content": "When do you close?"}
    assert asked == ("POST", INVOKE, {"messages": [message], "max_tokens": 200})
    assert "of-nobody" not in result.stdout + result.stderr
