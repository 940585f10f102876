"""The look at a regular expression before it runs."""

from __future__ import annotations

import random
from math import inf

import pytest
import regex

from genai_guard.text.lint import Problem, lint
from genai_guard.text.patterns import facts_of
from genai_guard.text.syntax import Node, Unread, read_tree

from .regexes import CATASTROPHIC, USUAL

# What follows the exclamation mark keeps the engine from seeing that a letter of the pattern is missing altogether.
HOSTILE = [
    each + "! abc-1"
    for each in ("a" * 40, "ab" * 20, "b" * 40, "aab" * 14, " a" * 20, "ca" * 20, "abc" * 14, "1a" * 20)
]


def kinds(source: str, *, ignore_case: bool = True) -> list[str]:
    return [problem.kind for problem in lint(source, ignore_case=ignore_case)]


def errors(source: str) -> list[Problem]:
    return [problem for problem in lint(source) if problem.severity == "error"]


def explodes(source: str) -> bool:
    """Whether the pattern, tried in every way, takes a second for some text of 40 characters."""
    pattern = regex.compile(f"(?:{source})(?!)", regex.IGNORECASE)
    try:
        for text in HOSTILE:
            pattern.search(text, timeout=1)
    except TimeoutError:
        return True
    return False


@pytest.mark.parametrize("source", USUAL)
def test_what_block_lists_consist_of_is_accepted(source: str) -> None:
    regex.compile(source)
    assert errors(source) == []


@pytest.mark.parametrize("source", CATASTROPHIC)
def test_what_can_take_too_long_is_refused(source: str) -> None:
    regex.compile(source)
    (problem, *_) = errors(source)
    assert problem.piece in source
    assert source[problem.position :].startswith(problem.piece)
    assert problem.reason
    assert problem.advice


def test_the_lists_are_as_long_as_they_should_be() -> None:
    assert len(set(USUAL)) > 150
    assert len(set(CATASTROPHIC)) > 60


@pytest.mark.parametrize("source", USUAL)
def test_what_is_accepted_does_not_explode(source: str) -> None:
    held = facts_of(source).hold
    assert held is None or not explodes(held)


def test_some_of_what_is_refused_does_explode() -> None:
    assert [source for source in ["(a|aa)+c", r"(?:\w{1,50}\s?){1,20}-"] if not explodes(source)] == []


def pattern_of(rng: random.Random, depth: int) -> str:
    kind = rng.random()
    if depth == 0 or kind < 0.3:
        return rng.choice(["a", "b", "[ab]", r"\w", ".", "[^b]", "c", r"\s"])
    if kind < 0.55:
        return pattern_of(rng, depth - 1) + pattern_of(rng, depth - 1)
    if kind < 0.7:
        return f"(?:{pattern_of(rng, depth - 1)}|{pattern_of(rng, depth - 1)})"
    return f"(?:{pattern_of(rng, depth - 1)}){rng.choice(['*', '+', '?', '*?', '{2,}', '{2}', '{0,20}'])}"


@pytest.mark.parametrize("seed", range(4))
def test_no_pattern_that_is_accepted_takes_exponential_time(seed: int) -> None:
    rng = random.Random(seed)
    sources = [pattern_of(rng, 4) for _ in range(1000)]
    accepted = [source for source in sources if not lint(source) or not errors(source)]
    assert 200 < len(accepted) < 900
    assert [source for source in accepted if explodes(source)] == []


@pytest.mark.parametrize(
    ("source", "kind", "piece", "position"),
    [
        ("x(a+)+y", "nested_repeat", "(a+)+", 1),
        (r"(\w+\s?)*!", "nested_repeat", r"(\w+\s?)*", 0),
        ("(?:a|b+)*", "nested_repeat", "(?:a|b+)*", 0),
        ("x(?:a|aa)+", "overlapping_alternatives", "(?:a|aa)+", 1),
        (r"(\w|\d)+", "overlapping_alternatives", r"(\w|\d)+", 0),
        (r"x\s+\s*y", "adjacent_repeats", r"\s+\s*", 1),
        (r"(\d+)(?:\d+)", "adjacent_repeats", r"\d+)(?:\d+", 1),
        ("x.*x.*x.*y", "many_repeats", ".*x.*x.*", 1),
        ("x(?:a+){5}y", "nested_repeat", "(?:a+){5}", 1),
        ("(?=(a*)*)b", "nested_repeat", "(a*)*", 3),
        ("x.*x.*y", "overlapping_repeats", ".*x.*", 1),
        (r"\s*=?\s*x", "overlapping_repeats", r"\s*=?\s*", 0),
        (r"x(\s+)$", "repeat_before_end", r"\s+", 2),
        ("[$]a$", "held_to_end", "$", 4),
        (r"(?<=\w+)a", "held_to_end", "(?<=", 0),
        (r"a(?R)?b", "not_analysed", r"a(?R)?b", 0),
    ],
)
def test_a_problem_names_its_piece_and_where_it_stands(source: str, kind: str, piece: str, position: int) -> None:
    assert (kind, piece, position) in [(each.kind, each.piece, each.position) for each in lint(source)]


@pytest.mark.parametrize(
    "source",
    ["(ab+)+", "(a+)", "(a+)?", "(a)+", "(a+b)+", "(?=a+)+", "a+(b)+", r"\(a+\)+", "[(a+)+]", "(?>a+)+", "(?:a++)+",
     "(?:a|b)+", "(?:[ab]|c)*", r"(?:\d{16}-?)+", r"(?:\d{1,3}\.?){4}", r"\w+\s+\w+", "a*b*", "(?:(?!b).)+", r"(a)\1+",
     r"\w{2,}", "a{3}a{3}", r"(?:[a-z]+,)*[a-z]+"],
)  # fmt: skip
def test_plain_repeats_are_no_problem(source: str) -> None:
    assert kinds(source) == []


def test_a_brace_that_says_nothing_is_a_character() -> None:
    assert kinds("{name}{desc}") == ["held_to_end"]


def test_letters_of_both_cases_overlap_if_case_is_ignored() -> None:
    assert kinds("(?:a|A)+") == ["overlapping_alternatives"]
    assert kinds("(?:a|A)+", ignore_case=False) == []
    assert kinds("(?i)(?:a|A)+", ignore_case=False) == ["overlapping_alternatives"]


def test_a_dot_takes_a_line_break_if_so_asked() -> None:
    assert kinds(r"(?:.|\n)+") == []
    assert kinds(r"(?s)(?:.|\n)+") == ["overlapping_alternatives"]


@pytest.mark.parametrize(
    "source", ["(?x)a +", "(?:a){e<=1}", "(?:a){e}", "(a)?(?(1)b|c)", "(?|a|b)", "a(?R)?", "(*F)a"]
)
def test_what_is_not_understood_is_told_as_a_note(source: str) -> None:
    assert "not_analysed" in kinds(source)
    assert errors(source) == []


def test_what_is_too_large_is_told_as_a_note() -> None:
    assert kinds(f"(?:{'|'.join(f'w{n}x{n * 7}' for n in range(1000))})+") == ["not_analysed"]
    assert kinds(f"{'(?:' * 4}a{'{9}b)' * 4}{{9}}c*") == ["not_analysed"]


def test_a_long_list_of_words_is_looked_at() -> None:
    assert kinds(rf"\b(?:{'|'.join(f'w{n}' for n in range(600))})\b\s*x") == []
    assert kinds(rf"\b(?:{'|'.join(f'w{n}' for n in range(9000))})\b") == []


def test_a_pattern_that_is_nested_too_deeply_is_told_as_a_note() -> None:
    assert kinds("(?:" * 2000 + "a+" + ")" * 2000) == ["not_analysed"]


def test_errors_come_before_notes_and_each_kind_once() -> None:
    assert kinds("(a+)+x(b+)+ *$") == ["nested_repeat", "repeat_before_end", "held_to_end"]


def test_a_problem_reads_as_a_sentence() -> None:
    (problem,) = lint("x(a+)+y")
    assert str(problem).startswith("(a+)+ at position 1 repeats a repetition, which can take exponential time: drop")


def test_a_pattern_becomes_a_tree() -> None:
    tree = read_tree("a(?:b|c){2,}(?=d)", flags=int(regex.VERSION0))
    letter, repeat, ahead = tree.root.parts
    assert (letter.kind, letter.start, letter.end, letter.mask.bit_count()) == ("chars", 0, 1, 1)
    assert (repeat.kind, repeat.least, repeat.most, repeat.end) == ("repeat", 2, inf, 12)
    assert repeat.parts[0].parts[0].kind == "either"
    assert ahead == Node("sequence", 12, 17)
    assert [aside.parts[0].start for aside in tree.asides] == [15]


def test_a_tree_is_not_made_of_what_is_not_understood() -> None:
    with pytest.raises(Unread):
        read_tree("(?(1)a|b)", flags=0)
