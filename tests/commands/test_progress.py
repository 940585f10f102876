"""Progress: a bar where it can be redrawn, dots where it cannot, lines where there would be too many dots."""

from __future__ import annotations

import io

import pytest

from genai_guard.commands.progress import Progress


def shown(marks: str, *, terminal: bool = False, total: int | None = None) -> str:
    stream, now = io.StringIO(), iter(range(10**9))
    progress = Progress(stream, terminal=terminal, clock=lambda: float(next(now)))
    for done, mark in enumerate(marks, 1):
        progress.step(mark, done, total or len(marks))
    progress.clear()
    return stream.getvalue()


def test_into_a_file_a_character_is_written_for_each_step() -> None:
    assert shown("..Fx") == "..Fx 100 %\n"


def test_a_line_of_characters_ends_with_how_far_it_is() -> None:
    assert shown("." * 144) == f"{'.' * 72}  50 %\n{'.' * 72} 100 %\n"


def test_with_very_many_steps_a_line_is_written_for_each_tenth() -> None:
    lines = shown("." * 2_999 + "F" + "." * 7_000).splitlines()
    assert len(lines) == 10
    assert (lines[0], lines[-1]) == ("1,000 of 10,000, 0 wrong", "10,000 of 10,000, 1 wrong")


def test_on_a_terminal_a_bar_is_drawn_anew_and_taken_away() -> None:
    assert shown(".F", terminal=True) == (
        f"\r[{'#' * 15}{'.' * 15}] 1 of 2\x1b[K\r[{'#' * 30}] 2 of 2, 1 wrong\x1b[K\r\x1b[K"
    )


def test_a_bar_is_not_drawn_more_often_than_one_can_see() -> None:
    stream = io.StringIO()
    progress = Progress(stream, terminal=True, clock=lambda: 0.0)
    for done in range(1, 1001):
        progress.step(".", done, 1000)
    assert stream.getvalue().count("\r") == 2  # the first, and the last


@pytest.mark.parametrize("terminal", [False, True])
def test_nothing_is_said_without_a_stream(terminal: bool, capfd: pytest.CaptureFixture[str]) -> None:
    progress = Progress(None, terminal=terminal)
    progress.step("F", 1, 1)
    progress.clear()
    assert capfd.readouterr() == ("", "")
