"""`BlockedPatterns` alone: keywords, regexes, and what is refused."""

from __future__ import annotations

import pickle
import re

import pytest

from genai_guard import ConfigurationError
from genai_guard.guards import BlockedPatterns, MatchingGuard
from genai_guard.text import RuleFailed, Scanner
from genai_guard.verdicts import Action


def found(guard: BlockedPatterns, text: str) -> list[str]:
    return [finding.of(text) for finding in guard.check(text).findings]


def test_keywords_and_regexes_are_found_together() -> None:
    guard = BlockedPatterns(["Project X"], regexes=[r"\bTCK-\d+"])
    assert found(guard, "project  x, see tck-12") == ["project  x", "tck-12"]


def test_block_is_what_happens_unless_said_otherwise() -> None:
    verdict = BlockedPatterns(["x"]).check("an x")
    assert (verdict.action, verdict.blocked, verdict.text) == (Action.BLOCK, True, "an x")


def test_redact_puts_the_category_in_place() -> None:
    guard = BlockedPatterns(["acme"], action="redact", category="COMPETITOR")
    assert guard.check("Acme's price").text == "[COMPETITOR]'s price"


def test_case_counts_if_it_is_not_ignored() -> None:
    guard = BlockedPatterns(["Ban"], regexes=["Foo"], ignore_case=False)
    assert found(guard, "ban Ban foo Foo") == ["Ban", "Foo"]


def test_regexes_mean_all_scripts() -> None:
    assert found(BlockedPatterns(regexes=[r"\bгород\w*"]), "в городе") == ["городе"]  # noqa: RUF001  Russian


def test_findings_name_the_keyword_list_or_the_regex() -> None:
    guard = BlockedPatterns(["k"], regexes=["a", "b"], name="words")
    assert [finding.rule for finding in guard.check("k b").findings] == ["words.keywords", "words.regexes[1]"]


def test_ten_thousand_keywords_are_one_rule() -> None:
    assert len(BlockedPatterns([f"word{number}" for number in range(10_000)]).rules) == 1


@pytest.mark.parametrize(
    ("parameters", "problem"),
    [
        ({}, "nothing to look for"),
        ({"keywords": "abc"}, "takes a list of strings, not str"),
        ({"keywords": 5}, "takes a list of strings, not int"),
        ({"keywords": ["a", " "]}, "(keywords=...): item 1 is empty"),
        ({"keywords": ["a", None]}, "(keywords=...): item 1 is NoneType, not a str"),
        ({"regexes": ["a", ""]}, "(regexes=...): item 1 is empty"),
        ({"regexes": ["a", "b(c"]}, "regex 1 is not valid: missing ) at position 3"),
        ({"regexes": ["[a"]}, "regex 0 is not valid: unterminated character set"),
        ({"regexes": ["(a+)+b"]}, "repeats a repetition, (a+)+: drop one of the two"),
        ({"regexes": ["a*"]}, "matches the empty text"),
        ({"keywords": ["a"], "action": "mask"}, "must be one of 'block', 'flag', 'redact'"),
        ({"keywords": ["a"], "timeout_s": 0}, "(timeout_s=0) must be above 0"),
        ({"keywords": ["a"], "category": ""}, "must be a word"),
    ],
)
def test_what_cannot_work_is_refused_when_built(parameters: dict[str, object], problem: str) -> None:
    with pytest.raises(ConfigurationError, match=re.escape(problem)):
        BlockedPatterns(**parameters)  # type: ignore[arg-type]


def test_a_regex_that_takes_too_long_is_an_error_and_no_pass() -> None:
    guard = BlockedPatterns(regexes=["^(a|aa)+$"], timeout_s=0.01)
    with pytest.raises(RuleFailed, match=re.escape("rule blocked_patterns.regexes[0] failed: TimeoutError")):
        guard.check("a" * 80 + "!")


@pytest.mark.parametrize("regex", [r"(?<=\w+)a", "a$", r"a\Z", "(?:a){e<=1}b"])
def test_a_regex_that_cannot_be_streamed_holds_the_stream(regex: str) -> None:
    assert Scanner(BlockedPatterns(regexes=[regex]).rules).holds.obstacles != {}


@pytest.mark.parametrize("regex", [r"(?<=\w)a", r"(?<!ab)c", r"\ba\b", "^a", "(?i)a", r"(a)\1", "a.*?b"])
def test_other_regexes_can_be_streamed(regex: str) -> None:
    assert Scanner(BlockedPatterns(regexes=[regex]).rules).holds.obstacles == {}


def test_a_lookbehind_is_seen_across_pieces() -> None:
    assert BlockedPatterns(regexes=[r"(?<!abc)d"]).rules[0].look_behind == 3


def test_it_is_a_value_and_its_repr_counts_what_it_holds() -> None:
    guard = BlockedPatterns(["secret word"], regexes=["x+"])
    assert guard == BlockedPatterns(("secret word",), regexes=("x+",)) != BlockedPatterns(["secret word"])
    assert pickle.loads(pickle.dumps(guard)) == guard
    assert repr(guard) == "<BlockedPatterns blocked_patterns: 1 keywords, 1 regexes, action='block', mode='enforce'>"
    assert isinstance(guard, MatchingGuard)
