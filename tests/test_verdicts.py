from __future__ import annotations

import pytest

from genai_guard.verdicts import Action, Finding, Verdict, gravest

SECRET = "bob@example.com"


def test_a_verdict_never_shows_the_text() -> None:
    verdict = Verdict(Action.FLAG, f"write to {SECRET}", (Finding("pii.email", "EMAIL", 9, 24),))
    assert SECRET not in repr(verdict)
    assert SECRET not in str(verdict)


def test_a_finding_points_into_the_text() -> None:
    assert Finding("pii.email", "EMAIL", 9, 24).of(f"write to {SECRET}") == SECRET


def test_actions_are_ordered_from_mild_to_grave() -> None:
    assert gravest([Action.FLAG, Action.BLOCK, Action.REDACT]) is Action.BLOCK
    assert gravest([]) is Action.ALLOW
    assert [action.severity for action in Action] == list(range(len(Action)))


def test_an_action_is_its_own_word() -> None:
    assert Action("redact") is Action.REDACT
    assert Action.REDACT.value == str(Action.REDACT) == "redact"


@pytest.mark.parametrize("action", ["redact", "mask", "hash", "pseudonymize", "truncate"])
def test_actions_that_change_the_text_say_so(action: str) -> None:
    assert Action(action).edits


def test_a_shadow_block_blocks_nothing() -> None:
    assert Verdict(Action.BLOCK).blocked
    assert not Verdict(Action.BLOCK, mode="shadow").blocked
