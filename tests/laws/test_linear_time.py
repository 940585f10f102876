"""Law 3, for every built-in rule by itself and all together, on hostile texts that are derived from its own pattern.

Every text is first run once, at a length that fits into one window. A text that costs more for each character than
linear work does is suspect, and only for these the time is doubled: what a search would cost that reads to the end of
the text from each of its characters is ten times as much.
"""

from __future__ import annotations

import runpy
from collections.abc import Callable, Iterator
from functools import cache
from pathlib import Path
from typing import Any, Final, NamedTuple

import pytest

from doubling import cost_s, grows_faster
from genai_guard.guards import PII, BlockedPatterns, Secrets
from genai_guard.guards.base import MatchingGuard
from genai_guard.guards.credentials import CREDENTIALS
from genai_guard.guards.entities.catalogue import CATALOGUE
from genai_guard.text import Rule, Scanner, ScanStream
from laws.hostile import Hostile, hostile_texts
from text.texts import KEYWORDS

KIT: Final[dict[str, Any]] = runpy.run_path(str(Path(__file__).parents[2] / "benchmarks" / "kit.py"))
LENGTH: Final = 2_500
"""This and its multiples fit into one window, which would hide what a search costs that is bounded by the window alone."""
SUSPECT_S: Final = {"check": 0.2e-6, "stream at once": 0.25e-6, "stream": 0.8e-6}
"""Seconds for a character above which a text is looked at more closely."""
PIECE: Final = 40
QUADRATIC: Final = {
    r"[a-z]+@": 600,
    r"<[^>]*>": 600,
    r"\bon\b.*\boff\b": 200,
    r"(?:\d[ -]?)+x": 120,
    r"\s+$": 600,
    r"(?:[a-z]+\.)+com\b": 300,
    r"(?i)key[a-z= ]*=[a-z]+;": 600,
}
"""Rules that are not linear, and the length at which that is plain to see."""


class Together(NamedTuple):
    """The rules of many guards."""

    rules: list[Rule]

    def check(self, text: str, /) -> None:
        """Do nothing."""


@cache
def guards() -> dict[str, Any]:
    """Return a guard for each kind that there is, but those whose guard has doubling tests of its own."""
    made: dict[str, Any] = {f"pii {name}": PII([name]) for name in CATALOGUE}
    made |= {f"secrets {name}": Secrets([name]) for name in CREDENTIALS}
    made |= {"keywords": BlockedPatterns(KEYWORDS, action="redact"), "200 keywords": BlockedPatterns(KIT["KEYWORDS"])}
    made |= {
        f"regex {number}": BlockedPatterns(regexes=[source], action="redact")
        for number, source in enumerate(KIT["INJECTION_REGEXES"])
    }
    return made


def runs(guard: Any) -> dict[str, Callable[[str], object]]:
    """Return the ways in which the rules of a guard meet a text."""
    scanner = Scanner(guard.rules)

    def stream(text: str, step: int) -> None:
        scan = ScanStream(scanner)
        for start in range(0, len(text), step):
            scan.feed(text[start : start + step])
        scan.finish()

    return {
        "check": guard.check,  # which asks `scanner.find` about the text and about each other form of it
        "stream at once": lambda text: stream(text, len(text)),
        "stream": lambda text: stream(text, PIECE),
    }


def of_times(hostile: Hostile, length: int) -> Callable[[int], str]:
    """Return a function that makes the text so many times as long."""
    return lambda times: hostile.of_length(length, times=times)


def superlinear(guard: MatchingGuard, length: int = LENGTH) -> Iterator[tuple[str, Hostile]]:
    """Yield the ways and the texts for which doubling the text costs visibly more than twice."""
    texts = [hostile for rule in guard.rules for hostile in hostile_texts(rule)]
    for way, run in runs(guard).items():
        run("warm up")
        size = length if way != "stream" else length // 2
        for hostile in texts:
            half = hostile.of_length(size)
            if cost_s(run, half) > SUSPECT_S[way] * len(half) and grows_faster(run, of_times(hostile, size)):
                yield way, hostile


@pytest.mark.parametrize("name", guards())
def test_doubling_a_hostile_text_at_most_doubles_the_time(name: str) -> None:
    assert list(superlinear(guards()[name])) == []


def test_all_rules_together_take_linear_time() -> None:
    together = [rule for each in guards().values() for rule in each.rules]
    stream = runs(Together(together))["stream"]
    texts = [hostile_texts(rule)[0] for rule in together]
    dear = sorted(texts, key=lambda hostile: cost_s(stream, hostile.of_length(600)))[-12:]
    assert [hostile for hostile in dear if grows_faster(stream, of_times(hostile, 1_500))] == []


@pytest.mark.parametrize("source", QUADRATIC)
def test_a_rule_that_is_not_linear_is_caught(source: str) -> None:
    planted = BlockedPatterns(regexes=[source], timeout_s=60)
    assert next(superlinear(planted, QUADRATIC[source]), None) is not None


@pytest.mark.parametrize("name", guards())
def test_hostile_texts_come_of_every_rule(name: str) -> None:
    for rule in guards()[name].rules:
        texts = hostile_texts(rule)
        assert len(texts) >= 6
        assert len(set(texts)) == len(texts)
