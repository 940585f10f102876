"""The page about MLflow and the examples run, with a server."""

from __future__ import annotations

import os
import re
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from docs.pages import ROOT, matches, snippets
from integrations.mlflow.conftest import Place

PAGE = ROOT / "docs" / "how-to" / "mlflow.md"
ADDRESS = "http://127.0.0.1:5000"


def test_the_page_runs(
    place: Place, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    text = PAGE.read_text(encoding="utf-8")
    for name, code in re.findall(r'^```python title="([^"]+)"\n(.*?)^```$', text, re.MULTILINE | re.DOTALL):
        (tmp_path / name).write_text(code, encoding="utf-8")
    monkeypatch.chdir(tmp_path)
    monkeypatch.syspath_prepend(str(tmp_path))
    namespace: dict[str, Any] = {"__name__": "__page__"}
    for snippet in snippets(text):
        exec(compile(snippet.code.replace(ADDRESS, place.url), str(PAGE), "exec"), namespace)
        printed = capsys.readouterr().out
        if snippet.prints is not None:
            assert matches(snippet.prints, printed), f"{PAGE.name}:{snippet.line} printed:\n{printed}"


@pytest.mark.parametrize(
    ("name", "promised"),
    [
        (
            "mlflow_model.py",
            ["200 ok - You said: I am [EMAIL] (kind).", "400 blocked", "502 error", "429 rate_limited"],
        ),
        ("mlflow_traces.py", ["sent: True True True", "GUARDRAIL guard pii", "guard.pii by genai_guard.pii: redact"]),
    ],
)
def test_an_example_prints_what_it_promises(place: Place, tmp_path: Path, name: str, promised: list[str]) -> None:
    words = [sys.executable, str(ROOT / "examples" / name), *([place.url] if name == "mlflow_traces.py" else [])]
    run = subprocess.run(words, cwd=tmp_path, capture_output=True, text=True, env=dict(os.environ), check=False)
    assert run.returncode == 0, run.stderr
    assert [each for each in promised if each not in run.stdout] == [], run.stdout
    assert [path.name for path in tmp_path.iterdir()] == []
