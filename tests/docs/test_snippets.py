"""Every piece of Python on the pages runs, and prints what the page says."""

from __future__ import annotations

import gc
import re
import socket
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from docs.pages import PAGES, ROOT, matches, snippets
from docs.provider import provider

LOG_LINE = re.compile(r"^\d{4}-\d\d-\d\d \d\d:\d\d:\d\d \[.*\n", re.MULTILINE)
"""What an alert logs, at a moment of its own, is no output of the page."""
NEEDS = {
    "langchain.md": "langchain",
    "llama-index.md": "llama_index.core",
    "other-clients.md": "google.genai",
    "pydantic-ai.md": "pydantic_ai",
    "spark.md": "pyspark",
}
"""What pages need that only one session has."""
ELSEWHERE = {"mlflow.md": "tests/integrations/mlflow, with a server"}
"""Pages that another test runs, because of what they need."""
LOCAL = {"127.0.0.1", "::1", "localhost"}


@pytest.fixture(scope="module")
def address() -> Iterator[str]:
    with provider() as found:
        yield found


@pytest.fixture(autouse=True)
def a_place_of_its_own(tmp_path: Path, address: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """A page runs in an empty folder, beside a provider, and reaches nothing beyond this machine."""
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("OPENAI_API_KEY", "unused")
    monkeypatch.setenv("OPENAI_BASE_URL", f"{address}/v1")
    monkeypatch.setenv("DATABRICKS_HOST", address)
    monkeypatch.setenv("DATABRICKS_TOKEN", "unused")
    monkeypatch.setenv("ANTHROPIC_API_KEY", "unused")
    monkeypatch.setenv("ANTHROPIC_BASE_URL", address)
    monkeypatch.setenv("GOOGLE_API_KEY", "unused")
    monkeypatch.setenv("GOOGLE_GEMINI_BASE_URL", address)
    monkeypatch.setenv("OLLAMA_HOST", address)
    monkeypatch.setenv("DATABRICKS_HOST", address)
    monkeypatch.setenv("DATABRICKS_TOKEN", "unused")
    monkeypatch.setenv("MODEL_URL", f"{address}/v1")
    connect = socket.socket.connect

    def connect_locally(self: socket.socket, target: Any) -> None:
        if isinstance(target, tuple) and target[0] not in LOCAL:
            raise OSError(f"a page must not need the network: {target[0]}")
        connect(self, target)

    monkeypatch.setattr(socket.socket, "connect", connect_locally)


@pytest.mark.parametrize(
    "path",
    [path for path in PAGES if "```python" in path.read_text("utf-8")],
    ids=lambda path: str(path.relative_to(ROOT)),
)
@pytest.mark.filterwarnings("ignore::ResourceWarning")  # pages do not close their clients: readers' programs end
def test_the_page_runs(path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    if path.name in NEEDS:
        pytest.importorskip(NEEDS[path.name], reason=f"{path.name} runs in a session that has {NEEDS[path.name]}")
    if path.name in ELSEWHERE and path.parent.name == "how-to":
        pytest.skip(f"run by {ELSEWHERE[path.name]}")
    namespace: dict[str, Any] = {"__name__": "__page__"}
    try:
        run(path, namespace, capsys)
    finally:
        namespace.clear()
        gc.collect()  # here, where the warnings about it are ignored, and not at the end of all tests


def run(path: Path, namespace: dict[str, Any], capsys: pytest.CaptureFixture[str]) -> None:
    for snippet in snippets(path.read_text(encoding="utf-8")):
        exec(compile(snippet.code, str(path), "exec"), namespace)
        printed = LOG_LINE.sub("", capsys.readouterr().out)
        if snippet.prints is not None:
            assert matches(snippet.prints, printed), f"{path.name}:{snippet.line} printed:\n{printed}"


def test_the_pages_hold_snippets() -> None:
    assert sum(len(snippets(path.read_text(encoding="utf-8"))) for path in PAGES) >= 20


def test_a_block_and_the_output_below_it_belong_together() -> None:
    page = "A\n```python\nprint('x')\n```\n\n```text\nx\n```\n\n```python\ny = 1\n```\n\nB\n\n```text\nz\n```\n"
    assert [(snippet.prints, snippet.line) for snippet in snippets(page)] == [("x\n", 3), (None, 11)]


def test_a_block_inside_a_list_is_read_without_its_indent() -> None:
    page = "1. First\n\n    ```python\n    if True:\n        x = 1\n    ```\n"
    assert snippets(page)[0].code.strip() == "if True:\n    x = 1"


@pytest.mark.parametrize(("expected", "printed"), [("a ... c", "a b c\n"), ("id ...\nok", "id 7\nok"), ("a", "a")])
def test_dots_stand_for_anything(expected: str, printed: str) -> None:
    assert matches(expected, printed)


@pytest.mark.parametrize(("expected", "printed"), [("a ... c", "a b d"), ("a", "ab"), ("a.b", "axb")])
def test_the_rest_must_be_equal(expected: str, printed: str) -> None:
    assert not matches(expected, printed)
