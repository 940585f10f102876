"""Which calls are chosen for review: by what was found, by a share that the request id decides, in every process alike."""

from __future__ import annotations

from typing import Any

import pytest

from genai_guard import ConfigurationError
from genai_guard.recording.review import DEFAULT_SELECTIONS, ReviewQueue, Selection, choose
from genai_guard.routing import Assignment
from genai_guard.verdicts import Action, Verdict
from reviewing import flagged, silent


def in_variant(variant: str) -> tuple[Assignment, ...]:
    from genai_guard.routing.experiment import Reason

    return (Assignment("tone", variant, {}, reason=Reason.SPLIT),)


@pytest.mark.parametrize(
    ("selection", "matches"),
    [
        (Selection(), True),
        (Selection(found=True), True),
        (Selection(found=False), False),
        (Selection(guard="injection"), True),
        (Selection(guard="pii"), False),
        (Selection(rule="injection.*"), True),
        (Selection(rule="pii.*"), False),
        (Selection(action="block"), True),
        (Selection(action=Action.FLAG), False),
        (Selection(where={"variant": "b", "user": "u-1"}), True),
        (Selection(where={"variant": "a"}), False),
        (Selection(rule="injection.*", where={"status": "ok"}), True),
    ],
)
def test_a_selection_is_of_certain_calls(selection: Selection, matches: bool) -> None:
    assert selection.matches(flagged("r", assignments=in_variant("b"))) is matches


def test_a_guard_that_broke_has_found_nothing() -> None:
    broken = silent("r", verdicts=(Verdict(Action.ERROR, guard="pii", error="OSError"),))

    assert not Selection(found=True).matches(broken)
    assert Selection(found=False).matches(broken)


def test_the_request_id_decides_and_shares_are_kept() -> None:
    selection = Selection(share=0.1)
    taken = [f"r-{number}" for number in range(4_000) if selection.takes(f"r-{number}")]

    assert 330 < len(taken) < 470  # 4.7 standard deviations
    assert [
        each for each in taken if Selection(share=0.3).takes(each)
    ] == taken  # a larger share takes the same and more
    other = [each for each in taken if Selection(name="other", share=0.1).takes(each)]
    assert len(other) < 80  # of another name it is another sample


def test_the_probability_is_that_of_any_selection_that_matches() -> None:
    selections = [Selection(share=0.5), Selection(guard="injection", share=0.5), Selection(guard="pii", priority=9)]
    chosen = [choice for number in range(50) if (choice := choose(selections, flagged(f"{number}"))) is not None]

    assert {choice.propensity for choice in chosen} == {0.75}
    assert {choice.reasons for choice in chosen} == {("sampled",), ("injection",), ("sampled", "injection")}
    assert {choice.priority for choice in chosen} == {0}


def test_what_is_flagged_is_chosen_unless_said_otherwise_and_comes_first() -> None:
    choice = choose(DEFAULT_SELECTIONS, flagged("r"))

    assert choice is not None
    assert choice == (("flagged",), 10, 1.0)


@pytest.mark.parametrize(
    ("build", "message"),
    [
        (lambda: Selection(share=0), "share"),
        (lambda: Selection(share=1.5), "share"),
        (lambda: Selection(share=True), "share"),
        (lambda: Selection(found="yes"), "found"),  # type: ignore[arg-type]
        (lambda: Selection(found=False, rule="pii.*"), "found"),
        (lambda: Selection(action="explode"), "action"),
        (lambda: Selection(where={"variant": 7}), "where"),  # type: ignore[dict-item]
        (lambda: Selection(priority=1.5), "priority"),  # type: ignore[arg-type]
        (lambda: ReviewQueue("q", selections=[Selection(), Selection()]), "two are called 'sampled'"),
        (lambda: ReviewQueue("q", selections=["all"]), "selections"),  # type: ignore[list-item]
    ],
)
def test_wrong_settings_are_refused(build: Any, message: str) -> None:
    with pytest.raises(ConfigurationError, match=message):
        build()
