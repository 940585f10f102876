"""A run that goes on from its checkpoint."""

from __future__ import annotations

import itertools
import json
import os
import signal
import stat
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from genai_guard import ConfigurationError, GuardBlocked, Pipeline
from genai_guard.batch import Checkpoint, RowResult
from genai_guard.batch.checkpoint import Ledger
from genai_guard.guards import PII

SECRET = "bob.planted@example.com"
ROWS = [f"row {number}" for number in range(12)]


class Echo:
    """A function that counts its calls."""

    def __init__(self) -> None:
        self.called: list[str] = []

    def __call__(self, prompt: str) -> str:
        self.called.append(prompt)
        return prompt.upper()


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / "run.jsonl"


@pytest.fixture
def fn() -> Echo:
    return Echo()


def take(batch: Any, count: int | None = None) -> list[RowResult[Any]]:
    with batch:
        return list(itertools.islice(batch, count))


@pytest.mark.parametrize("keep_results", [False, True])
def test_the_next_run_goes_on_where_the_last_one_ended(path: Path, fn: Echo, keep_results: bool) -> None:
    checkpoint = Checkpoint(path, keep_results=keep_results)
    first = take(Pipeline().map(ROWS, fn, checkpoint=checkpoint, concurrency=2), 5)
    begun = len(fn.called)
    second = take(Pipeline().map(ROWS, fn, checkpoint=checkpoint))
    if keep_results:
        assert sorted(fn.called) == sorted(ROWS)  # each of them once
        assert [result.value for result in second] == [row.upper() for row in ROWS]
        assert sum(result.resumed for result in second) == begun
    else:
        assert [result.index for result in [*first, *second]] == list(range(12))
        assert not set(fn.called[begun:]) & {result.row for result in first}
    assert take(Pipeline().map(ROWS, fn, checkpoint=checkpoint)) == (second if keep_results else []) or keep_results


def test_a_result_is_acknowledged_when_the_next_one_is_asked_for(path: Path, fn: Echo) -> None:
    batch = Pipeline().map(ROWS, fn, checkpoint=path)
    assert [next(batch).index, next(batch).index] == [0, 1]
    batch.close()
    assert next(Pipeline().map(ROWS, fn, checkpoint=path)).index == 1


def test_leaving_the_with_block_by_an_error_acknowledges_nothing_more(path: Path, fn: Echo) -> None:
    with pytest.raises(OSError), Pipeline().map(ROWS, fn, checkpoint=path) as batch:  # noqa: PT012
        next(batch)
        raise OSError
    assert next(Pipeline().map(ROWS, fn, checkpoint=path)).index == 0


KILLED = """
import os, signal, sys
from genai_guard import Pipeline

def ask(prompt):
    with open("called", "a") as file:
        file.write(prompt + "\\n")
    if prompt == sys.argv[1]:
        os.kill(os.getpid(), signal.SIGKILL)
    return prompt

if __name__ == "__main__":
    for result in Pipeline().map([str(n) for n in range(40)], ask, concurrency=2, checkpoint="run.jsonl"):
        with open("answered", "a") as file:
            file.write(result.value + "\\n")
"""


@pytest.mark.skipif(sys.platform == "win32", reason="Windows has no kill -9")
def test_after_a_kill_each_row_is_answered_and_none_that_was_acknowledged_is_called_again(tmp_path: Path) -> None:
    (tmp_path / "job.py").write_text(KILLED)

    def run(killed_at: str) -> int:
        return subprocess.run([sys.executable, "job.py", killed_at], cwd=tmp_path, check=False).returncode

    assert run("25") == -signal.SIGKILL
    acknowledged = {json.loads(line)["index"] for line in (tmp_path / "run.jsonl").read_text().splitlines()[1:]}
    called = (tmp_path / "called").read_text().split()
    assert 15 < len(acknowledged) < 26
    assert run("") == 0
    again = (tmp_path / "called").read_text().split()[len(called) :]
    assert not {int(row) for row in again} & acknowledged
    assert set((tmp_path / "answered").read_text().split()) == {str(n) for n in range(40)}


def test_a_line_that_was_not_written_to_its_end_is_cut_off_and_its_row_called_again(path: Path, fn: Echo) -> None:
    take(Pipeline().map(ROWS, fn, checkpoint=path))
    whole = path.read_bytes()
    for cut in (1, 5, len(whole) - whole.index(b"\n") - 1, len(whole) - 3):
        path.write_bytes(whole[:-cut])
        fn.called.clear()
        results = take(Pipeline().map(ROWS, fn, checkpoint=path))
        assert [result.row for result in results] == sorted(fn.called, key=ROWS.index)
        assert len(results) == min(12, 13 - whole[:-cut].count(b"\n"))
        assert path.read_bytes().count(b"\n") == 13


def test_a_disk_that_is_full_leaves_no_half_line_before_others(
    path: Path, fn: Echo, monkeypatch: pytest.MonkeyPatch
) -> None:
    write = os.write

    def full(fd: int, data: Any) -> int:
        if b'"index":1,' in bytes(data):
            return write(fd, data[:5])
        if bytes(data).startswith(b'ex":1,'):
            raise OSError(28, "No space left on device")
        return write(fd, data)

    ledger = Ledger(Checkpoint(path), pipeline="p", function="f", by_key=False)
    monkeypatch.setattr(os, "write", full)
    ledger.note(RowResult(0, row="a", value="A"))
    with pytest.raises(OSError, match="No space"):
        ledger.note(RowResult(1, row="b", value="B"))
    ledger.note(RowResult(2, row="c", value="C"))
    ledger.close()
    again = Ledger(Checkpoint(path), pipeline="p", function="f", by_key=False)
    assert [again.earlier(index, None, row) is None for index, row in enumerate("abc")] == [False, True, False]
    again.close()


def test_an_error_is_called_again_and_a_refusal_of_a_guard_is_not(path: Path) -> None:
    failing = True

    def ask(prompt: str) -> str:
        if failing and prompt == "b":
            raise OSError
        return prompt

    pipeline, rows = Pipeline(input=[PII(action="block")]), ["a", "b", SECRET]
    checkpoint = Checkpoint(path, keep_results=True)
    assert [result.ok for result in take(pipeline.map(rows, ask, checkpoint=checkpoint))] == [True, False, False]
    failing = False
    results = take(pipeline.map(rows, ask, checkpoint=checkpoint))
    assert [result.resumed for result in results] == [True, False, True]
    error = results[2].error
    assert isinstance(error, GuardBlocked)
    assert [finding.category for finding in error.findings] == ["EMAIL"]


def test_rows_are_known_by_their_keys_wherever_they_stand(path: Path, fn: Echo) -> None:
    rows = [{"id": f"r{number}", "prompt": f"row {number}"} for number in range(6)]

    def ask(*, id: str, prompt: str) -> str:  # noqa: A002
        return fn(prompt)

    take(Pipeline().map(rows[:3], ask, checkpoint=path, key="id"))
    results = take(Pipeline().map(reversed(rows), ask, checkpoint=path, key="id"))
    assert [result.key for result in results] == ["r5", "r4", "r3"]
    with pytest.raises(ConfigurationError, match="row 1: a row before it has the same key"):
        take(Pipeline().map([rows[5], rows[5]], ask, checkpoint=path, key="id"))
    with pytest.raises(ConfigurationError, match="no field 'key'"):
        take(Pipeline().map(rows, ask, key="key"))


def other(prompt: str) -> str:
    return prompt


@pytest.mark.parametrize(
    ("begin", "message"),
    [
        (lambda path, fn: Pipeline().map(ROWS, other, checkpoint=path), "begun with function"),
        (lambda path, fn: Pipeline(name="other").map(ROWS, fn, checkpoint=path), "begun with pipeline"),
        (lambda path, fn: Pipeline().map(ROWS, fn, checkpoint=path, key=str), "begun with by 'index'"),
        (lambda path, fn: Pipeline().map(ROWS, fn, checkpoint=Checkpoint(path, keep_results=True)), "with results"),
        (lambda path, fn: Pipeline().map([*ROWS[:5], "other"], fn, checkpoint=path), "row 5 is another than it was"),
    ],
)
def test_the_checkpoint_of_another_run_is_refused(
    path: Path, fn: Echo, begin: Callable[[Path, Any], Any], message: str
) -> None:
    take(Pipeline().map(ROWS, fn, checkpoint=path))
    with pytest.raises(ConfigurationError, match=message):
        take(begin(path, fn))


@pytest.mark.parametrize("content", ["{}\n", "id,text\n1,a\n", '{"genai_guard.batch": 2}\n', "text without a line"])
def test_a_file_that_is_no_checkpoint_is_refused_and_left_as_it_is(path: Path, fn: Echo, content: str) -> None:
    path.write_text(content)
    with pytest.raises(ConfigurationError, match="is no checkpoint"):
        Pipeline().map(ROWS, fn, checkpoint=path)
    assert path.read_text() == content


def test_a_line_in_the_middle_that_is_none_is_refused(path: Path, fn: Echo) -> None:
    take(Pipeline().map(ROWS, fn, checkpoint=path))
    lines = path.read_bytes().splitlines(keepends=True)
    path.write_bytes(b"".join([*lines[:3], b'{"ind\n', *lines[3:]]))
    with pytest.raises(ConfigurationError, match="is no line of a checkpoint"):
        Pipeline().map(ROWS, fn, checkpoint=path)


def test_two_runs_cannot_have_one_checkpoint_at_a_time(path: Path, fn: Echo) -> None:
    batch = Pipeline().map(ROWS, fn, checkpoint=path)
    with pytest.raises(ConfigurationError, match="another run is at it"):
        Pipeline().map(ROWS, fn, checkpoint=path)
    batch.close()
    take(Pipeline().map(ROWS, fn, checkpoint=path))


def test_a_checkpoint_holds_no_text_unless_results_are_kept_and_is_its_owners_alone(path: Path, fn: Echo) -> None:
    rows = [f"{SECRET} {number}" for number in range(3)]
    take(Pipeline().map(rows, fn, checkpoint=path, key=str))
    assert "planted" not in path.read_text()
    assert sys.platform == "win32" or stat.S_IMODE(path.stat().st_mode) == 0o600
    kept = path.with_name("kept.jsonl")
    take(Pipeline(output=[PII()]).map([f"mail {SECRET.lower()}"], str, checkpoint=Checkpoint(kept, keep_results=True)))
    assert "planted" not in kept.read_text()
    assert "[EMAIL]" in kept.read_text()


def test_values_that_json_does_not_know_are_kept_by_a_function_of_ones_own(path: Path) -> None:
    def ask(prompt: str) -> set[str]:
        return {prompt}

    with pytest.raises(ConfigurationError, match="of type set is not JSON"):
        take(Pipeline().map(["a"], ask, checkpoint=Checkpoint(path, keep_results=True)))
    checkpoint = Checkpoint(path, keep_results=True, encode=sorted, decode=set)
    for _ in range(2):
        assert [result.value for result in take(Pipeline().map(["a"], ask, checkpoint=checkpoint))] == [{"a"}]


@pytest.mark.parametrize("keep_results", [False, True])
async def test_asynchronous_runs_go_on_as_well(path: Path, keep_results: bool) -> None:
    called = []

    async def ask(prompt: str) -> str:
        called.append(prompt)
        return prompt

    async def run(count: int) -> list[int]:
        found = []
        checkpoint = Checkpoint(path, keep_results=keep_results)
        async with Pipeline().amap(ROWS, ask, concurrency=1, buffer=0, checkpoint=checkpoint) as batch:
            async for result in batch:
                found.append(result.index)
                if len(found) == count:
                    break
        return found

    first, second = await run(4), await run(99)
    assert second == (list(range(12)) if keep_results else list(range(4, 12)))
    assert first == [0, 1, 2, 3]
    assert called == ROWS


def test_a_checkpoint_is_checked_when_it_is_built(tmp_path: Path, fn: Echo) -> None:
    with pytest.raises(ConfigurationError, match="keep_results=True"):
        Checkpoint("run.jsonl", encode=str)
    with pytest.raises(ConfigurationError, match="cannot be opened"):
        Pipeline().map(ROWS, fn, checkpoint=tmp_path / "no" / "such")
