r"""A look at a user's regular expression before it runs: may it take so long that it stops the program?

`lint` returns what it sees as values. A problem of severity `error` can take exponential time, or a time that grows
with the third power of the text or worse, or has a plain remedy; `BlockedPatterns` refuses it. A `note` is worth
knowing and nothing more: quadratic time, or a stream that is held to its end.

What it knows about a pattern holds for the pattern as written. Lookarounds are not taken into account: a pattern that
is harmless because of one may be refused. What is left open (recursion, conditionals, fuzzy matching, patterns of
thousands of parts) is told as a note, and runs under a bound like every other pattern.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Final, Literal, NamedTuple, TypeAlias

import regex

from genai_guard.text.ambiguity import Ambiguity, TooLarge, ambiguities_of
from genai_guard.text.patterns import facts_of, obstacle_of, pieces_of
from genai_guard.text.syntax import Unread, read_tree

__all__ = ["Problem", "Severity", "lint"]

Severity: TypeAlias = Literal["error", "note"]


class Problem(NamedTuple):
    """Something about a pattern that its author should know.

    Attributes:
        kind: `nested_repeat`, `overlapping_alternatives`, `adjacent_repeats`, `many_repeats`; as notes
            `overlapping_repeats`, `repeat_before_end`, `held_to_end` and `not_analysed`.
        severity: `error` or `note`.
        position: Of the piece in the pattern, from 0.
        piece: The part of the pattern that is meant.
        reason: What is wrong with it.
        advice: What to write instead.
    """

    kind: str
    severity: Severity
    position: int
    piece: str
    reason: str
    advice: str

    def __str__(self) -> str:
        return f"{self.piece} at position {self.position} {self.reason}: {self.advice}"


class _Words(NamedTuple):
    kind: str
    severity: Severity
    reason: str
    advice: str


_AMBIGUOUS: Final = {
    "nested": _Words(
        "nested_repeat",
        "error",
        "repeats a repetition, which can take exponential time",
        "drop one of the two repeats, or let each round begin or end with a character that nothing else in it takes, "
        "as in (?:\\w+,)+; where nothing has to be given back write (?>...)",
    ),
    "alternatives": _Words(
        "overlapping_alternatives",
        "error",
        "repeats alternatives that take the same characters, which can take exponential time",
        "let each alternative begin with a character of its own, or join them into one class, as in [\\w-]+",
    ),
    "adjacent": _Words(
        "adjacent_repeats",
        "error",
        "is two open-ended repeats of the same characters side by side, whose border may stand anywhere",
        "write one repeat, such as \\s+ for \\s+\\s*, or \\d{2,} for \\d+\\d+",
    ),
    "chain": _Words(
        "many_repeats",
        "error",
        "is three or more open-ended repeats that overlap, which takes at least cubic time",
        "bound them, such as .{0,80} for .*, or let them stop at something, such as [^,]* for .*",
    ),
    "apart": _Words(
        "overlapping_repeats",
        "note",
        "is two open-ended repeats that overlap, which takes quadratic time on hostile texts",
        "bound one of them, such as .{0,80} for .*",
    ),
}
_BEFORE_END: Final = _Words(
    "repeat_before_end",
    "note",
    "is an open-ended repeat before the end of the text, tried again from each of its characters",
    "let it begin where it cannot go on to the left, such as (?<!\\s)\\s+$ for \\s+$",
)
_HELD: Final = _Words(
    "held_to_end",
    "note",
    "cannot be decided before the text is complete, so that a stream is held to its end",
    "leave it out if replies are streamed",
)
_OPEN: Final = _Words(
    "not_analysed",
    "note",
    "is beyond what can be told about its time",
    "make sure of it by hand; its run is bounded by timeout_s",
)


def lint(source: str, *, ignore_case: bool = True) -> tuple[Problem, ...]:
    r"""Return what is worth knowing about the pattern `source`, which compiles: errors first, each kind once.

    Args:
        source: In the syntax of the `regex` package, version 0; `\d`, `\w` and `\b` mean all scripts.
        ignore_case: Whether letters match in both cases.
    """
    found = [*_ambiguous(source, ignore_case=ignore_case), *_before_end(source), *_held(source)]
    once = {problem.kind: problem for problem in reversed(found)}
    return tuple(sorted(once.values(), key=lambda problem: (problem.severity != "error", problem.position)))


def _ambiguous(source: str, *, ignore_case: bool) -> Iterator[Problem]:
    flags = regex.VERSION0 | regex.UNICODE | (regex.IGNORECASE if ignore_case else 0)
    try:
        tree = read_tree(source, flags=int(flags))
    except (Unread, RecursionError):
        yield _problem(_OPEN, source, 0, len(source))
        return
    for node in (tree.root, *tree.asides):
        try:
            found = ambiguities_of(node, source)
        except (TooLarge, RecursionError):
            found = []
            yield _problem(_OPEN, source, node.start, node.end)
        yield from (_told(source, each) for each in found)


def _told(source: str, found: Ambiguity) -> Problem:
    return _problem(_AMBIGUOUS[found.kind], source, found.start, found.end)


def _before_end(source: str) -> Iterator[Problem]:
    """Find an open-ended repeat that only closing parentheses part from an end anchor."""
    pieces = list(pieces_of(source))
    if not pieces or pieces[0] in {("anchor", "^"), ("escape", r"\A")}:
        return
    start = 0
    repeat: tuple[int, int] | None = None
    atom = 0
    for kind, text in pieces:
        if kind == "repeat" and (text[0] in "*+" or ",}" in text) and not text.endswith("++"):
            repeat = (atom, start + len(text))
        elif repeat and (text == "$" or (kind == "escape" and text in {r"\Z", r"\z"})):
            yield _problem(_BEFORE_END, source, *repeat)
            return
        elif kind not in {"close", "repeat"}:
            repeat, atom = None, start
        start += len(text)


def _held(source: str) -> Iterator[Problem]:
    """Find what keeps a stream from being matched as it comes."""
    facts = facts_of(source)
    if not facts.obstacle and facts.look_behind is not None:
        return
    is_behind = facts.look_behind is None or "lookbehind" in facts.obstacle
    start = 0
    for piece in pieces_of(source):
        if obstacle_of(piece) or (is_behind and piece[0] == "look_behind"):
            yield _problem(_HELD, source, start, start + len(piece[1]))
            return
        start += len(piece[1])


def _problem(words: _Words, source: str, start: int, end: int) -> Problem:
    return Problem(words.kind, words.severity, start, source[start:end], words.reason, words.advice)
