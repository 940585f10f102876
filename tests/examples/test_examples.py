"""Every example runs, in a process and an environment of its own, and prints what its docstring promises."""

from __future__ import annotations

import ast
import os
import re
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
EXAMPLES = sorted((ROOT / "examples").glob("*.py"))
NAMES = [path.name for path in EXAMPLES]

NEED_A_MODEL = {"openai_client.py", "quickstart.py", "wrap_client.py"}
"""Run by tests/demo, where the model is."""

SESSIONS = re.search(r"^EXAMPLES_OF = (\{.*?^\})$", (ROOT / "noxfile.py").read_text("utf-8"), re.MULTILINE | re.DOTALL)
NEED_A_SESSION = ast.literal_eval(SESSIONS[1]) if SESSIONS else {}
"""Run by the session that has what they need."""

EXPECTED = {
    "ab_test.py": ["tester-1: <Assignment model-comparison: treatment (override)>", "large answers", "treatment: "],
    "alerts_and_log.py": ["6 of 60 calls failed", "errors          6 (10.00%)", "'large': 30", "I am [EMAIL], where"],
    "async_calls.py": ["ana: You said: I am [EMAIL]", "ana: denied, 2 requests/minute by user", "'[PHONE] today '"],
    "batch_rows.py": [
        "stopped after 20 rows",
        "'Ticket 19 of [EMAIL]:'",
        "the next run called 41 rows; some waited: True",
        "<RowResult 60 GuardBlocked> blocked_patterns blocked the input: BLOCKED",
        "with an e-mail address: 60",
    ],
    "custom_guard.py": ["redact Where is [ORDER]?", "my unfortunate [ORDER]?", "flag by shouting", "other_languages"],
    "limits_per_user.py": ["Please try again in 20 seconds.", "bruno: An answer", "chiara: 2000 tokens/minute: retry"],
    "policy_file.py": ["redact: EMAIL", "block: BLOCKED", "the same: True", 'did you mean "per"?'],
    "shadow_traffic.py": ["waited for copies: False", "100 calls, 0 errors", "shadow large: ", "tent named by copy"],
    "streaming.py": ["['Write to ', '[EMAIL] or ', 'to the ', 'shop.']", "and then GuardBlocked"],
    "wrap_any_function.py": [
        "I am [EMAIL], when",
        "**** **** **** 1111",
        "blocked the input",
        "pii: redact PHONE 0-15",
    ],
}
"""What must be printed, in this order."""


def source(name: str) -> str:
    return (ROOT / "examples" / name).read_text(encoding="utf-8")


def run(name: str, folder: Path) -> subprocess.CompletedProcess[str]:
    kept = {key: os.environ[key] for key in ("PATH", "PYTHONPATH", "SYSTEMROOT", "VIRTUAL_ENV") if key in os.environ}
    temporary = folder / "tmp"
    temporary.mkdir()
    return subprocess.run(
        [sys.executable, "-W", "error", str(ROOT / "examples" / name)],
        cwd=folder,
        env={**kept, "HOME": str(folder), "TMPDIR": str(temporary), "PYTHONUTF8": "1"},
        capture_output=True,
        text=True,
        encoding="utf-8",
        timeout=60,
        check=False,
    )


@pytest.mark.parametrize("name", EXPECTED)
def test_an_example_prints_what_it_promises_and_leaves_nothing_behind(name: str, tmp_path: Path) -> None:
    result = run(name, tmp_path)
    assert (result.returncode, result.stderr) == (0, "")
    place = 0
    for fragment in EXPECTED[name]:
        assert fragment in result.stdout[place:]
        place = result.stdout.index(fragment, place)
    assert [path.name for path in tmp_path.rglob("*")] == ["tmp"]


def test_every_example_is_tested() -> None:
    assert set(NAMES) == EXPECTED.keys() | NEED_A_MODEL | NEED_A_SESSION.keys()


@pytest.mark.parametrize("name", NAMES)
def test_an_example_says_what_it_shows_and_how_to_run_it(name: str) -> None:
    docstring = ast.get_docstring(ast.parse(source(name))) or ""
    assert f"python examples/{name}" in docstring.replace("[FOLDER]", "")
    assert len(docstring.splitlines()) >= 3


@pytest.mark.parametrize("name", [*NAMES, "chat_app/app.py", "chat_app/model.py"])
def test_an_example_is_short(name: str) -> None:
    assert len(source(name).splitlines()) < 60


@pytest.mark.parametrize("name", NAMES)
def test_an_example_is_listed(name: str) -> None:
    assert f"[{name}]({name})" in (ROOT / "examples" / "README.md").read_text(encoding="utf-8")
