"""The line that tells how far a run of rows is."""

from __future__ import annotations

import io

import pytest

from genai_guard import Pipeline
from genai_guard.batch.progress import Progress
from genai_guard.testing import FakeClock


class Terminal(io.StringIO):
    def isatty(self) -> bool:
        return True


def test_the_line_says_how_many_how_fast_how_many_errors_and_how_long_it_will_take() -> None:
    clock, stream = FakeClock(), Terminal()
    progress = Progress(stream, 1_000, clock=clock.monotonic)
    for _ in range(100):
        progress.skip()
    for number in range(200):
        clock.advance(0.05)
        progress.step(ok=number != 7)
    assert progress.line() == "300 of 1,000 rows, 20 a second, 1 error, 100 done before, 35 s left"
    assert 50 < stream.getvalue().count("\r") <= 101  # no more than ten times a second
    progress.close()
    progress.close()
    assert stream.getvalue().endswith("35 s left\x1b[K\n")


def test_of_rows_that_nobody_has_counted_the_end_is_not_known() -> None:
    clock = FakeClock()
    progress = Progress(None, clock=clock.monotonic)
    clock.advance(2)
    progress.step(ok=True)
    assert progress.line() == "1 row, 0.5 a second, 0 errors"


@pytest.mark.parametrize(
    ("stream", "asked", "is_shown"),
    [(Terminal(), True, True), (Terminal(), False, False), (io.StringIO(), True, False)],
)
def test_only_a_terminal_is_written_to(
    stream: io.StringIO, asked: bool, is_shown: bool, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("sys.stderr", stream)
    list(Pipeline().map(["a", "b"], str, progress=asked))
    assert ("2 of 2 rows" in stream.getvalue()) is is_shown


def test_a_terminal_that_is_gone_ends_no_run(monkeypatch: pytest.MonkeyPatch) -> None:
    stream = Terminal()
    monkeypatch.setattr("sys.stderr", stream)
    batch = Pipeline().map(["a", "b"], str)
    stream.close()
    assert len(list(batch)) == 2
