"""`BlockedPatterns` alone: keywords, regexes, and what is refused."""

from __future__ import annotations

import pickle
import re
from collections.abc import Callable, Iterator
from dataclasses import replace
from typing import Any

import pytest

from genai_guard import ComponentFailed, ConfigurationError, MetricsRecorder, Pipeline
from genai_guard.guards import BlockedPatterns, MatchingGuard
from genai_guard.text import RuleFailed, Scanner
from genai_guard.verdicts import Action
from recorders import Kept

SLOW = "x.*x.*y(?<=zy)"
"""Takes quadratic time, which is allowed, for a text like the one below, in which everything but its end is there."""
LONG = "x" * 20_000 + "y"


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
        (
            {"regexes": ["a", "x(a+)+b"]},
            "regex 1: (a+)+ at position 1 repeats a repetition, which can take exponential",
        ),
        ({"regexes": [r"\s+\s*x"]}, r"write one repeat, such as \s+ for \s+\s*"),
        ({"regexes": ["(" * 900 + "a" + ")" * 900]}, "regex 0 is nested too deeply"),
        ({"regexes": ["a*"]}, "matches the empty text"),
        ({"keywords": ["a"], "action": "mask"}, "must be one of 'block', 'flag', 'redact'"),
        ({"keywords": ["a"], "timeout_s": 0}, "(timeout_s=0) must be above 0"),
        ({"keywords": ["a"], "category": ""}, "must be a word"),
        ({"keywords": ["a"], "fuzzy": 3}, "(fuzzy=3) must be 0, 1 or 2"),
        ({"keywords": ["a"], "fuzzy": True}, "(fuzzy=True) must be 0, 1 or 2"),
        ({"keywords": ["four", "a b"], "fuzzy": 1}, "forgives nothing: no keyword has a word of at least 5 letters"),
        ({"regexes": ["secret"], "fuzzy": 1}, "forgives nothing"),
        ({"keywords": ["a"], "exceptions": "a b"}, "(exceptions=...) takes a list of strings, not str"),
        ({"keywords": ["a"], "exceptions": ["a b", ""]}, "(exceptions=...): item 1 is empty"),
        ({"keywords": ["x", "Big  Ban"], "exceptions": ["x y", "big ban"]}, "item 1 is also item 1 of keywords, which"),
        ({"keywords": ["ban"], "exceptions": ["ban it", "bans"]}, "item 1 excuses nothing: no keyword is found within"),
        ({"regexes": ["ban"], "exceptions": ["ban it"]}, "item 0 excuses nothing"),
    ],
)
def test_what_cannot_work_is_refused_when_built(parameters: dict[str, object], problem: str) -> None:
    with pytest.raises(ConfigurationError, match=re.escape(problem)):
        BlockedPatterns(**parameters)  # type: ignore[arg-type]


def test_a_regex_that_takes_too_long_is_an_error_and_no_pass() -> None:
    guard = BlockedPatterns(regexes=[SLOW], timeout_s=0.001)
    with pytest.raises(RuleFailed, match=re.escape("rule blocked_patterns.regexes[0] failed: TimeoutError")):
        guard.check(LONG)


def echo(prompt: str) -> str:
    return LONG


def echo_in_pieces(prompt: str) -> Iterator[str]:
    yield from [LONG[:8_000], LONG[8_000:16_000], LONG[16_000:]]


@pytest.mark.parametrize("answer", [echo, echo_in_pieces])
def test_a_bound_that_is_hit_ends_the_call_or_is_recorded_and_never_passes_for_clean(
    answer: Callable[[str], Any],
) -> None:
    guard = BlockedPatterns(regexes=[SLOW], timeout_s=0.001)
    with pytest.raises(ComponentFailed, match="blocked_patterns failed in stage output") as caught:
        "".join(Pipeline(output=[guard]).wrap(answer)("hello"))
    assert isinstance(caught.value.__cause__, RuleFailed)
    metrics = MetricsRecorder(sinks=[kept := Kept()])
    lenient = Pipeline(output=[replace(guard, on_error="allow")], recorder=metrics)
    assert "".join(lenient.wrap(answer)("hello")) == LONG
    assert metrics.close()
    (event,) = kept.events
    assert [(verdict.action, verdict.error) for verdict in event.verdicts] == [(Action.ERROR, "RuleFailed")]


@pytest.mark.parametrize("regex", [r"(?<=\w+)a", "a$", r"a\Z", "(?:a){e<=1}b"])
def test_a_regex_that_cannot_be_streamed_holds_the_stream(regex: str) -> None:
    assert Scanner(BlockedPatterns(regexes=[regex]).rules).holds.obstacles != {}


@pytest.mark.parametrize("regex", [r"(?<=\w)a", r"(?<!ab)c", r"\ba\b", "^a", "(?i)a", r"(a)\1", "a.*?b"])
def test_other_regexes_can_be_streamed(regex: str) -> None:
    assert Scanner(BlockedPatterns(regexes=[regex]).rules).holds.obstacles == {}


def test_a_lookbehind_is_seen_across_pieces() -> None:
    assert BlockedPatterns(regexes=[r"(?<!abc)d"]).rules[0].look_behind == 3


def test_what_is_worth_knowing_about_regexes_can_be_read() -> None:
    notes = BlockedPatterns(["a"], regexes=["plain", "a.*b.*c", "end$"]).notes
    assert {number: [note.kind for note in found] for number, found in notes.items()} == {
        1: ["overlapping_repeats"],
        2: ["held_to_end"],
    }


def test_a_keyword_within_an_exception_is_not_found() -> None:
    guard = BlockedPatterns(["assassin"], exceptions=["Assassin  bug", "the assassin"], action="redact")
    assert guard.check("an assassin bug, the ASSASSIN and an assassin").text == (
        "an assassin bug, the ASSASSIN and an [BLOCKED]"
    )


def test_a_regex_match_that_is_an_exception_is_not_found() -> None:
    guard = BlockedPatterns(regexes=[r"\w*cunt\w*", r"big\s+ban"], exceptions=["Scunthorpe", "big ban"])
    assert found(guard, "SCUNTHORPE, Scunthorpes, big  ban, big ban!") == ["Scunthorpes"]


def test_case_counts_in_exceptions_if_it_is_not_ignored() -> None:
    guard = BlockedPatterns(["Ban"], regexes=["[Ff]oo"], exceptions=["Ban it", "Foo"], ignore_case=False)
    assert found(guard, "Ban it, Ban IT, Foo foo") == ["Ban", "foo"]


def test_misspelt_keywords_are_found_if_so_asked() -> None:
    text = "pasword, SECERT projects, secret"
    assert found(BlockedPatterns(["password", "secret project"]), text) == []
    assert found(BlockedPatterns(["password", "secret project"], fuzzy=1), text) == ["pasword", "SECERT projects"]


def test_a_keyword_written_twice_is_found_once() -> None:
    assert found(BlockedPatterns(["ban", "Ban", "ban"]), "a ban") == ["ban"]


def test_it_is_a_value_and_its_repr_counts_what_it_holds() -> None:
    guard = BlockedPatterns(["secret word"], regexes=["x+"])
    assert guard == BlockedPatterns(("secret word",), regexes=("x+",)) != BlockedPatterns(["secret word"])
    assert pickle.loads(pickle.dumps(guard)) == guard
    assert repr(guard) == "<BlockedPatterns blocked_patterns: 1 keywords, 1 regexes, action='block', mode='enforce'>"
    assert isinstance(guard, MatchingGuard)
