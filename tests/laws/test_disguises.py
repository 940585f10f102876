"""Law 4 for what is disguised: it is found, the finding covers all of the disguise, and the actions leave none of it."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from typing import Any, Final

import pytest

from genai_guard import GuardBlocked, Pipeline
from genai_guard.guards import PII, BlockedPatterns
from text import test_canonical

Disguise = Callable[[str], str]

FOUND_IN_DISGUISE: Final[Mapping[str, Disguise]] = {"plain": str, **test_canonical._DISGUISES}
"""Disguises that the guards see through."""
IDENTIFIERS: Final = {
    "jo.harper@example.com": "EMAIL",
    "4111 1111 1111 1111": "PAYMENT_CARD",
    "GB82 WEST 1234 5698 7654 32": "IBAN",
}
AROUND: Final = [("Write to ", " now, please."), ("né à 漢字 👩\u200d👧 ", " é"), ("", "")]
ACTIONS: Final = ("flag", "redact", "mask", "hash", "block")
KEYWORD: Final = "jailbreak mode"


def answering(text: str, step: int = 0) -> Callable[[str], Any]:
    """Return a model that says `text`, as a whole or in pieces of so many characters."""

    def whole(prompt: str) -> str:
        return text

    def streamed(prompt: str) -> Iterator[str]:
        yield from (text[at : at + step] for at in range(0, len(text), step))

    return streamed if step else whole


def answers(pipeline: Pipeline, text: str) -> list[str]:
    """Return what becomes of a text as a whole, and as streams."""
    return ["".join(pipeline.wrap(answering(text, step))("x")) for step in (0, 1, 3, 50)]


@pytest.mark.parametrize("around", AROUND)
@pytest.mark.parametrize("identifier", IDENTIFIERS)
@pytest.mark.parametrize("name", FOUND_IN_DISGUISE)
def test_a_finding_covers_the_whole_disguise(name: str, identifier: str, around: tuple[str, str]) -> None:
    hidden = FOUND_IN_DISGUISE[name](identifier)
    text = hidden.join(around)
    findings = PII(action="flag").check(text).findings
    assert [(finding.category, finding.of(text)) for finding in findings] == [(IDENTIFIERS[identifier], hidden)]


@pytest.mark.parametrize("action", ACTIONS)
@pytest.mark.parametrize("identifier", IDENTIFIERS)
@pytest.mark.parametrize("name", FOUND_IN_DISGUISE)
def test_an_action_leaves_nothing_of_it(name: str, identifier: str, action: Any) -> None:
    key = "a key of more than 16 bytes" if action == "hash" else None
    guard, before, after = PII(action=action, hash_key=key), "Write to ", " now."
    text = before + FOUND_IN_DISGUISE[name](identifier) + after
    verdict = guard.check(text)
    pipeline = Pipeline(output=[guard])
    if action == "block":
        assert verdict.blocked
        with pytest.raises(GuardBlocked):
            answers(pipeline, text)
        return
    plain = guard.check(before + identifier + after).text
    assert verdict.text == (text if action == "flag" else plain)
    assert answers(pipeline, text) == [verdict.text] * 4


@pytest.mark.parametrize("name", FOUND_IN_DISGUISE)
def test_a_keyword_in_disguise_is_blocked_and_no_part_of_it_released(name: str) -> None:
    text = f"this is {FOUND_IN_DISGUISE[name](KEYWORD)} now"
    pipeline = Pipeline(output=[BlockedPatterns([KEYWORD])])
    for step in (1, 3, 50):
        released: list[str] = []
        with pytest.raises(GuardBlocked):
            released.extend(pipeline.wrap(answering(text, step))("x"))
        assert "this is ".startswith("".join(released))
