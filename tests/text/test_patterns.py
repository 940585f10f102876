"""What can be read off a pattern."""

from __future__ import annotations

import pytest

from genai_guard.text.holds import Holds
from genai_guard.text.patterns import facts_of
from genai_guard.text.rules import Rule


@pytest.mark.parametrize(
    ("pattern", "obstacle"),
    [
        ("foo$", "$"),
        (r"foo\Z", r"\Z"),
        (r"foo\Kbar", r"\K"),
        (r"\Gfoo", r"\G"),
        (r"\Xfoo", r"\X"),
        (r"\mfoo", r"\m"),
        ("(?x) foo", "(?x)"),
        ("(?r)foo", "(?r)"),
        ("(?:foo){e<=1}", "{"),
        ("(a)?(?(1)b|c)", "("),
        (r"a(?R)?b", "(?R)"),
        ("(?|a|b)", "("),
        ("(*PRUNE)a", "("),
        (r"(?<=a\b)b", r"\b in a lookbehind"),
    ],
)
def test_what_cannot_be_streamed_is_told_by_its_obstacle(pattern: str, obstacle: str) -> None:
    facts = facts_of(pattern)
    assert (facts.hold, facts.obstacle) == (None, obstacle)


@pytest.mark.parametrize(
    "pattern",
    ["foo", r"\bfoo\b", "[$]", r"\$", "(?i)foo", "(?P<a>x)", "(?<a>x)", "(?i:x)", "(?>a+)b", "[]$]", r"[\]$]", "^foo",
     r"(?#$)a", "a{2,3}?", r"\p{L}+", r"(a)\1", "[[:alpha:]$]", "(?=a)a", "(?!b)a"],
)  # fmt: skip
def test_what_can_be_streamed_has_a_hold_pattern(pattern: str) -> None:
    assert facts_of(pattern).hold is not None


def test_word_borders_are_written_as_lookarounds_but_for_the_first() -> None:
    hold = facts_of(r"\bfoo\b|\Bbar[\b]").hold
    assert hold is not None
    assert hold.startswith(r"\bfoo(?:(?<=")
    assert hold.endswith(r"bar[\b]")
    assert hold.count(r"\B") == 0


@pytest.mark.parametrize(
    ("pattern", "width"),
    [
        ("foo", 1),
        (r"\bfoo", 1),
        ("(?<=a)b", 1),
        (r"(?<!\w\s)b", 2),
        ("(?<=abc|x)d", 3),
        ("(?<=a+)b", None),
        ("(?<=(?:a))b", None),
    ],
)
def test_the_width_of_a_lookbehind_is_known_if_it_is_plain(pattern: str, width: int | None) -> None:
    assert facts_of(pattern).look_behind == width


@pytest.mark.parametrize("pattern", [r"(a)\1", r"(?P<n>a)\g<n>", "(?i)a"])
def test_a_pattern_that_refers_to_itself_is_not_fused(pattern: str) -> None:
    assert not facts_of(pattern).fusible


def open_from(text: str, *patterns: str, max_length: int = 0) -> int:
    rules = [Rule(f"r{n}", "R", pattern, max_length=max_length) for n, pattern in enumerate(patterns)]
    return Holds((rule, None) for rule in rules).open_from(text, 0, quiet=True)


@pytest.mark.parametrize(
    ("text", "pattern", "place"),
    [
        ("ab ", "ab", 3),
        ("x foo ", r"foo\sbar", 2),
        ("- fooba", "foo(?:bar)?", 2),
        ("- a b ", "a.*z|b", 2),
        ("--a", "a+", 2),
        ("a!", r"a!(?!b)", 0),
        ("a!.", r"a!(?!b)", 3),
        ("..", "foo", 2),
    ],
)
def test_the_first_open_place_is_where_more_text_could_change_what_is_found(
    text: str, pattern: str, place: int
) -> None:
    assert open_from(text, pattern) == place


def test_of_several_rules_the_leftmost_open_place_counts() -> None:
    assert open_from("a b c ", "c d", "b c d") == 2


def test_nothing_is_open_further_back_than_a_match_can_reach() -> None:
    assert open_from("<" + "x" * 100 + ".", "<.*>", max_length=50) == 102
    assert open_from("<" + "x" * 100 + ".", "<.*>") == 0


@pytest.mark.parametrize(("text", "place"), [("say hel", 4), ("foo_ba", 0), ("12 ab12", 3), ("a" * 65, 65), ("é", 1)])
def test_an_unfinished_word_is_open_if_it_is_ascii_and_not_too_long(text: str, place: int) -> None:
    assert Holds([]).open_from(text, 0, quiet=True) == place


def test_rules_that_cannot_be_streamed_are_told() -> None:
    holds = Holds([(Rule("end", "E", "a$"), None), (Rule("behind", "B", "a", streams=False), None)])
    assert holds.obstacles == {"end": "$", "behind": "a lookbehind of unknown length"}
