from __future__ import annotations

import io
import re

import pytest

from genai_guard.demo.console import Console, Writer, harmless


class Terminal(io.StringIO):
    def isatty(self) -> bool:
        return True


def plain(text: str) -> str:
    return re.sub(r"\x1b\[[0-9;]*m", "", text)


def test_a_terminal_gets_colours() -> None:
    assert Console(Terminal(), environ={}).paint("x", "red") == "\x1b[31mx\x1b[0m"


@pytest.mark.parametrize("environ", [{"NO_COLOR": "1"}, {"TERM": "dumb"}])
def test_colours_can_be_forbidden(environ: dict[str, str]) -> None:
    assert Console(Terminal(), environ=environ).paint("x", "red") == "x"


def test_a_file_gets_no_escape_sequence() -> None:
    out = io.StringIO()
    console = Console(out, environ={})
    console.heading("Metrics")
    console.block("write to [EMAIL], >>ignore<<", first=console.paint("reply ", "green"), indent=6)
    with console.waiting("Loading"):
        pass
    assert "\x1b" not in out.getvalue()
    assert "\r" not in out.getvalue()


def test_no_line_is_wider_than_the_terminal() -> None:
    out = io.StringIO()
    console = Console(out, environ={})
    console.heading("Metrics")
    console.block("some words " * 40, first="0123456789", indent=10)
    assert max(map(len, out.getvalue().splitlines())) <= 80


def test_a_paragraph_is_indented_and_keeps_its_line_breaks() -> None:
    out = io.StringIO()
    Console(out, environ={}).block("one\ntwo", first="> ", indent=2)
    assert out.getvalue() == "> one\n  two\n"


def test_labels_and_marks_are_coloured_line_by_line() -> None:
    console = Console(Terminal(), environ={})
    assert console.highlight("to [US_SSN] >>a\nb<< [no]") == (
        "to \x1b[33m[US_SSN]\x1b[0m \x1b[33m>>a\x1b[0m\n\x1b[33mb<<\x1b[0m [no]"
    )


def test_a_terminal_without_the_characters_gets_stand_ins() -> None:
    raw = io.BytesIO()
    console = Console(io.TextIOWrapper(raw, encoding="ascii", newline="\n"), environ={})
    console.heading("A")
    console.block("naïve … \ud83d", indent=0)
    assert raw.getvalue() == b"\nA " + b"-" * 78 + b"\nna?ve ... ?\n"


def test_waiting_runs_on_one_line_of_a_terminal_and_leaves_nothing_behind() -> None:
    out = Terminal()
    with Console(out, environ={}).waiting("Loading"):
        pass
    assert "Loading … 0 s" in out.getvalue()
    assert "\n" not in out.getvalue()
    assert out.getvalue().endswith("\r\x1b[K")


def test_waiting_ends_with_what_it_waited_for() -> None:
    with pytest.raises(KeyError), Console(Terminal(), environ={}).waiting("Loading"):
        raise KeyError


@pytest.mark.parametrize("text", ["\x1b]0;title\x07", "\x9b31m", "\u202eevil", "\x00", "\udc80", "a\rb"])
def test_what_could_steer_a_terminal_is_replaced(text: str) -> None:
    assert "\ufffd" in harmless(text)


def test_harmless_text_is_left_alone() -> None:
    text = "Grüße, 你好 👩‍👩‍👧\n\tmore"
    assert harmless(text) == text


@pytest.mark.parametrize("size", [1, 3, 1000])
def test_a_streamed_text_is_wrapped_at_spaces_whatever_the_chunks(size: int) -> None:
    out = io.StringIO()
    writer = Writer(Console(out, environ={}), first="reply ", indent=6)
    text = "some [EMAIL] words\nand more " * 12
    for start in range(0, len(text), size):
        writer.write(text[start : start + size])
    writer.finish()
    lines = out.getvalue().splitlines()
    assert max(map(len, lines)) <= 80
    assert " ".join(plain(out.getvalue()).split()) == f"reply {' '.join(text.split())}"
    assert {line[:6] for line in lines} == {"reply ", " " * 6}


def test_a_stream_without_text_prints_nothing() -> None:
    out = io.StringIO()
    Writer(Console(out, environ={}), first="reply ", indent=6).finish()
    assert not out.getvalue()
