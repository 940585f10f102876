"""What it costs and does to import the library: little, and nothing."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path

import pytest

HEAVY = {"asyncio", "opentelemetry", "pydantic", "structlog", "tiktoken"}
IMPORTS = [
    "import genai_guard",
    "from genai_guard import *",
    "from genai_guard.guards import *",
    "import genai_guard.clients, genai_guard.limits, genai_guard.recording, genai_guard.routing",
]

WATCH = """
import json, sys
seen = []
def note(event, arguments):
    if event.startswith("socket.") or event in {"subprocess.Popen", "os.system", "os.fork", "_thread.start_new_thread"}:
        seen.append([event, ""])
    if event == "open" and isinstance(arguments[1], str) and set(arguments[1]) & set("wax+"):
        seen.append([event, str(arguments[0])])
    if event in {"os.mkdir", "os.remove", "os.rename", "os.putenv"}:
        seen.append([event, str(arguments[0])])
sys.dont_write_bytecode = True
sys.addaudithook(note)
"""
REPORT = """
print(json.dumps(seen))
"""


def in_a_new_process(code: str, folder: Path) -> str:
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=False, cwd=folder)
    assert done.returncode == 0, done.stderr
    return done.stdout


@pytest.mark.parametrize("statement", IMPORTS)
def test_importing_loads_nothing_heavy(statement: str, tmp_path: Path) -> None:
    code = f"import sys, json\nbefore = set(sys.modules)\n{statement}\nprint(json.dumps([*set(sys.modules) - before]))"
    loaded = {name.partition(".")[0] for name in json.loads(in_a_new_process(code, tmp_path))}
    assert loaded & HEAVY == set()


def test_a_guard_is_loaded_without_the_others(tmp_path: Path) -> None:
    code = "import sys, json\nfrom genai_guard.guards import PII\nprint(json.dumps([*sys.modules]))"
    loaded = {name for name in json.loads(in_a_new_process(code, tmp_path)) if name.startswith("genai_guard.guards.")}
    assert "genai_guard.guards.pii" in loaded
    assert not {name for name in loaded if "injection" in name or "statements" in name or "judge" in name.split(".")}


@pytest.mark.parametrize("statement", IMPORTS)
def test_importing_opens_no_socket_writes_no_file_and_starts_nothing(statement: str, tmp_path: Path) -> None:
    assert json.loads(in_a_new_process(f"{WATCH}\n{statement}\n{REPORT}", tmp_path)) == []
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize("deed", ["import socket; socket.socket()", "open('x', 'w')", "import os; os.mkdir('y')"])
def test_the_watch_sees_what_it_looks_for(deed: str, tmp_path: Path) -> None:
    assert json.loads(in_a_new_process(f"{WATCH}\n{deed}\n{REPORT}", tmp_path)) != []
