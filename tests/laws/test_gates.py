"""Law 2: with gates or without, fused or one by one, in windows or not: the same rules find the same spans.

For all rules of the library together, on glued fragments, on texts that come of the rules' own patterns, and on long
texts; and whatever its action, a guard alone finds what it finds in a pipeline.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Final

import pytest
from hypothesis import given
from hypothesis import strategies as st

from genai_guard.text import Rule, Scanner
from genai_guard.text.rules import Match
from laws.guarded import GUARDS, examples, guarded, texts
from laws.hostile import hostile_texts
from laws.shapes import SHAPES, ask
from text.texts import without_promises

Found = list[tuple[int, int, str]]

RULES: Final[tuple[Rule, ...]] = tuple(rule for guard in guarded("all", "flag").guards for rule in guard.rules)
FUSED: Final = Scanner(RULES)
SINGLE: Final = [Scanner([rule]) for rule in RULES]
PLAIN: Final = Scanner(without_promises(RULES))
FILLER: Final = "lorem ipsum dolor sit amet, consectetur adipiscing elit. "


def one_by_one(text: str) -> Found:
    return sorted(found for scanner in SINGLE for found in named(scanner.rules, scanner.find(text)))


def named(rules: Sequence[Rule], matches: Sequence[Match]) -> Found:
    return sorted((match.start, match.end, rules[match.rule].id) for match in matches)


SCANNERS: Final[dict[str, Callable[[str], Found]]] = {
    "fused": lambda text: named(RULES, FUSED.find(text)),
    "plain": lambda text: named(RULES, PLAIN.find(text)),
    "one by one": one_by_one,
}
"""The ways to look for the same rules. All have to find what `fused` finds."""


@pytest.mark.parametrize("name", [name for name in SCANNERS if name != "fused"])
@examples(160)
@given(text=texts())
def test_every_scanner_finds_the_same(name: str, text: str) -> None:
    assert SCANNERS[name](text) == SCANNERS["fused"](text)


@pytest.mark.parametrize("name", [name for name in SCANNERS if name != "fused"])
@pytest.mark.parametrize("share", range(8))
def test_every_scanner_finds_the_same_in_texts_made_from_the_patterns(name: str, share: int) -> None:
    for rule in RULES[share::8]:
        for hostile in hostile_texts(rule, seed=1)[:: 1 if name == "plain" else 4]:
            text = hostile.of_length(60)
            assert SCANNERS[name](text) == SCANNERS["fused"](text)


@examples(30)
@given(parts=st.lists(texts(), min_size=1, max_size=4), gap=st.integers(60, 90))
def test_windows_change_nothing_that_is_found(parts: list[str], gap: int) -> None:
    text = "".join(FILLER * gap + part for part in parts) + FILLER * gap
    assert SCANNERS["fused"](text) == SCANNERS["plain"](text)


@pytest.mark.parametrize("row", [row for row in GUARDS if not row.startswith("all")])
@examples(24)
@given(text=texts())
def test_a_guard_finds_alone_what_it_finds_in_a_pipeline(row: str, text: str) -> None:
    around = guarded(*GUARDS[row])
    (guard,) = around.guards
    alone = guard.check(text)
    together = ask(around.pipeline, around.events, SHAPES["text"], {"content": text})
    verdicts = together.event.verdicts
    spans = [(finding.rule, finding.start, finding.end) for verdict in verdicts for finding in verdict.findings]
    assert [(finding.rule, finding.start, finding.end) for finding in alone.findings] == spans
    if row.endswith("block"):
        assert (together.error is not None) is alone.blocked
    else:
        assert together.texts["content"] == alone.text
