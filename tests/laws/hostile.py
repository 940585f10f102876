"""Hostile texts, derived from a pattern: what it can read many times over without coming to an end.

A pattern is slow where it reads far and fails, and begins again one character further. So for each repeat of it the
characters that it repeats are pumped, with and without what stands before them; each of its beginnings is repeated;
and so are whole matches, those that lack their end, and those that nothing but the validator refuses.
"""

from __future__ import annotations

import re
import sys
from collections.abc import Iterator, Sequence
from contextlib import suppress
from random import Random
from typing import Final, NamedTuple, TypeAlias, TypeVar

import regex

from genai_guard.text import Rule
from genai_guard.text.patterns import compile_pattern, pattern_flags, pieces_of

__all__ = ["Hostile", "hostile_texts"]

_POOL: Final = "".join(map(chr, range(32, 127))) + "\t\n\ré漢\u0661\u00a0"
_ZERO_WIDTH: Final = frozenset({r"\b", r"\B", r"\A", r"\Z", r"\z", r"\G", r"\K"})
_LOOKS: Final = ("(?=", "(?!", "(?<=", "(?<!")
_BRANCHES: Final = 3
"""Alternatives of a group that are followed: the country codes of a phone number are all alike."""
_LONGEST_UNIT: Final = 400
_MOST: Final = 64
"""Texts of one rule."""


class Chars(NamedTuple):
    """One character: any of these."""

    some: str


class Group(NamedTuple):
    """One of several sequences; `is_look` if none of it is part of the match."""

    options: tuple[Sequence[Node], ...]
    is_look: bool = False


class Repeat(NamedTuple):
    """Something, a number of times."""

    of: Chars | Group
    least: int
    most: int


Item = TypeVar("Item")
Node: TypeAlias = Chars | Group | Repeat


class Hostile(NamedTuple):
    """A text of any length: `head`, then `unit` over and over, then `tail`.

    A tail holds what the pattern needs to end, out of reach: without it, the engine may see at once that there is no
    match, and not try.
    """

    head: str
    unit: str
    tail: str = ""

    def of_length(self, length: int, *, times: int = 1) -> str:
        """Return the text with about `length` characters, or with so many times its units."""
        return self.head + self.unit * (times * max(1, length // len(self.unit))) + self.tail


def hostile_texts(rule: Rule, *, seed: int = 0) -> list[Hostile]:
    """Return the hostile texts of a rule; those of its keywords if it has no pattern."""
    rng = Random(f"{rule.id} {seed}")
    sources = [re.escape(word) for word in _some(rule.keywords, 12)] if rule.keywords else [rule.pattern]
    found = dict.fromkeys(
        text
        for source in sources
        for text in _derived(parse(source, flags=pattern_flags(rule)), rule, rng)
        if 0 < len(text.unit) <= _LONGEST_UNIT
    )
    return _some(list(found), _MOST)


def parse(source: str, *, flags: int = 0) -> Group:
    """Return the structure of a pattern: what it repeats, and what stands beside what."""
    open_groups: list[tuple[list[list[Node]], bool]] = [([[]], False)]
    for kind, text in pieces_of(source):
        options = open_groups[-1][0]
        match kind:
            case "group" | "odd_group" | "look_behind":
                open_groups.append(([[]], text.startswith(_LOOKS)))
            case "close" if len(open_groups) > 1:
                options, is_look = open_groups.pop()
                open_groups[-1][0][-1].append(Group(tuple(options), is_look))
            case "bar":
                options.append([])
            case "repeat" if options[-1] and not isinstance(options[-1][-1], Repeat):
                options[-1].append(Repeat(options[-1].pop(), *_bounds(text)))  # type: ignore[arg-type]
            case "set" | "escape" | "char" | "brace" if text not in _ZERO_WIDTH:
                options[-1].append(Chars(_members(text, flags)))
            case _:  # an anchor, a comment, flags: nothing to read
                pass
    return Group(tuple(open_groups[0][0]))


def example(nodes: Sequence[Node], rng: Random) -> str:
    """Return a string that a sequence reads, made at random; what its lookarounds say is not heeded."""
    out: list[str] = []
    for node in nodes:
        match node:
            case Chars(some):
                out.append(rng.choice(some) if some else "")
            case Group(options, is_look):
                out.append("" if is_look else example(rng.choice(options), rng))
            case Repeat(of, least, most):
                count = min(most, max(least, 1) if rng.random() < 0.5 else least + rng.randrange(4))
                out += [example((of,), rng) for _ in range(count)]
    return "".join(out)


def _derived(root: Group, rule: Rule, rng: Random) -> Iterator[Hostile]:
    for option in _some(root.options, _BRANCHES * 2):
        for head, repeat, rest in _repeats(option, "", "", rng):
            for unit in _units(repeat, rng):
                yield from (Hostile("", unit), Hostile(head, unit), Hostile("", unit, "\0" + rest))
        for beginning in _beginnings(option, rng):
            yield from (Hostile("", beginning), Hostile("", beginning + " "))
    yield from _near_matches(root, rule, rng)
    seldom = {char for char in _characters(root) if not char.isalnum()}
    yield from (Hostile("", char) for char in sorted(seldom)[:6])


def _repeats(nodes: Sequence[Node], head: str, tail: str, rng: Random) -> Iterator[tuple[str, Repeat, str]]:
    """Yield each repeat of a sequence and of all within it, a string that leads to it, and one that ends it."""
    for place, node in enumerate(nodes):
        inner = node.of if isinstance(node, Repeat) else node
        rest = example(nodes[place + 1 :], rng) + tail
        if isinstance(node, Repeat) and node.most > 1:
            yield head, node, rest
        if isinstance(inner, Group):
            for option in _some(inner.options, _BRANCHES):
                yield from _repeats(option, head, rest, rng)
        head += example((node,), rng)


def _units(repeat: Repeat, rng: Random) -> Iterator[str]:
    """Yield what a repeat repeats: a letter, a digit and something else, if it is a single character."""
    if isinstance(repeat.of, Chars):
        kinds = (str.isalpha, str.isdigit, lambda char: not char.isalnum())
        for is_kind in kinds:
            chars = [char for char in repeat.of.some if is_kind(char)]
            if chars:
                yield rng.choice(chars)
    else:
        yield from (example((repeat.of,), rng) for _ in range(2))


def _beginnings(nodes: Sequence[Node], rng: Random) -> Iterator[str]:
    """Yield a string for each beginning of a sequence, the whole included, and for those of the groups within."""
    for place, node in enumerate(nodes):
        before = example(nodes[:place], rng)
        if isinstance(node, Group) and not node.is_look:
            for option in _some(node.options, _BRANCHES):
                yield from (before + each for each in _beginnings(option, rng))
        yield before + example((node,), rng)


def _near_matches(root: Group, rule: Rule, rng: Random) -> Iterator[Hostile]:
    """Yield whole matches, with and without a separator; the same without their end; and what the validator refuses."""
    search = compile_pattern(rule.pattern, rule).search if rule.pattern else None
    tries = [example((root,), rng) for _ in range(24)]
    whole = [text for text in tries if search is None or search(text)] or tries
    for text in [*_some(whole, 2), *_some([text for text in whole if _is_refused(rule, text)], 2)]:
        yield from (Hostile("", text + end) for end in ("", " ", "-"))
        yield from (Hostile("", text[:-1] + end) for end in ("", "!", " "))


def _is_refused(rule: Rule, text: str) -> bool:
    return rule.validator is not None and not rule.validator(text)


def _characters(node: Node) -> Iterator[str]:
    match node:
        case Chars(some):
            yield from some[:40] if len(some) < len(_POOL) // 2 else ""
        case Group(options):
            for option in options:
                for inner in option:
                    yield from _characters(inner)
        case Repeat(of):
            yield from _characters(of)


def _members(text: str, flags: int) -> str:
    """Return characters that a set, an escape or a plain character stands for."""
    with suppress(regex.error):
        match = regex.compile(text, flags).fullmatch
        return "".join(char for char in dict.fromkeys(_POOL + text[-1]) if match(char))
    return text


def _bounds(text: str) -> tuple[int, int]:
    if text[0] in "*+?":
        return int(text[0] == "+"), 1 if text[0] == "?" else sys.maxsize
    least, comma, most = text.rstrip("?+").strip("{}").partition(",")
    return int(least or 0), int(most or sys.maxsize) if comma else int(least)


def _some(items: Sequence[Item], most: int) -> list[Item]:
    """Return at most so many items, taken evenly."""
    step = max(1, -(-len(items) // most))
    return list(items[::step])
