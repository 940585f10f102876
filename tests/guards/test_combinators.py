"""Guards made of guards: any of them, all of them, one unless another."""

from __future__ import annotations

import pickle
import threading
from collections.abc import Iterator
from dataclasses import replace
from typing import Any

import pytest

from genai_guard import Action, ComponentFailed, ConfigurationError, GuardBlocked, Pipeline, Verdict
from genai_guard.guards import (
    PII,
    AllOf,
    AnyOf,
    BlockedPatterns,
    Length,
    Unless,
    all_of,
    any_of,
    escalate,
    guard,
    unless,
    when,
)

BOB = "write to bob@example.com"
SPAM = BlockedPatterns(["lottery"], action="flag", name="spam")
LATIN = BlockedPatterns(["ipsum"], action="flag", name="latin")
BOTH = f"{BOB} and win the lottery"


def asynchronous(word: str, *, action: Any = "flag") -> Any:
    @guard(name=f"async_{word}", action=action)
    async def finds(text: str) -> bool:
        return word in text

    return finds


def blocking(word: str) -> Any:
    @guard(name=f"slow_{word}", action="flag", blocking=True)
    def finds(text: str) -> bool:
        return word in text

    return finds


@pytest.mark.parametrize(
    ("text", "any_finds", "all_find", "unless_finds"),
    [
        ("hello", False, False, False),
        (BOB, True, False, True),
        ("lottery", True, False, False),
        (BOTH, True, True, False),
    ],
)
@pytest.mark.parametrize("second", [SPAM, blocking("lottery")], ids=["quick", "slow"])
def test_what_counts(text: str, any_finds: bool, all_find: bool, unless_finds: bool, second: Any) -> None:
    found = [
        made.check(text).action is Action.BLOCK
        for made in (any_of(PII(), second), all_of(PII(), second), unless(PII(), second))
    ]
    assert found == [any_finds, all_find, unless_finds]


async def test_what_counts_is_the_same_if_a_guard_is_asynchronous() -> None:
    made = (
        any_of(PII(), asynchronous("lottery")),
        all_of(PII(), asynchronous("lottery")),
        unless(PII(), asynchronous("lottery")),
    )
    for text, expected in {"hello": "", BOB: "any unless", "lottery": "any", BOTH: "any all"}.items():
        found = [(await each.check(text)).action is Action.BLOCK for each in made]
        assert found == [name in expected.split() for name in ("any", "all", "unless")]


async def test_asynchronous_guards_in_a_pipeline_are_awaited() -> None:
    @Pipeline(input=[all_of(asynchronous("win"), asynchronous("lottery"))])
    async def ask(prompt: str) -> str:
        return "fine"

    assert await ask("win") == "fine"
    with pytest.raises(GuardBlocked):
        await ask("win the lottery")


def test_an_asynchronous_guard_in_a_synchronous_call_is_refused_when_wrapped() -> None:
    with pytest.raises(ConfigurationError, match="all_of is asynchronous"):
        Pipeline(input=[all_of(PII(), asynchronous("x"))])(lambda prompt: "fine")


def test_findings_are_those_of_the_guards_that_found_something() -> None:
    verdict = all_of(PII(), SPAM, name="scam").check(BOTH)
    assert [(each.category, each.of(BOTH), each.guard) for each in verdict.findings] == [
        ("EMAIL", "bob@example.com", "scam"),
        ("BLOCKED", "lottery", "scam"),
    ]
    assert verdict.guard == "scam"


def test_redacting_puts_labels_in_place_of_what_was_found() -> None:
    assert any_of(PII(), SPAM, action="redact").check(BOB).text == "write to [EMAIL]"
    assert all_of(PII(), SPAM, action="redact").check(BOTH).text == "write to [EMAIL] and win the [BLOCKED]"


def test_quick_guards_that_decide_spare_the_slow_ones() -> None:
    asked: list[str] = []

    @guard(blocking=True)
    def slow(text: str) -> bool:
        asked.append(text)
        return True

    assert any_of(slow, PII()).check(BOB).action is Action.BLOCK
    assert all_of(slow, PII()).check("hello").action is Action.ALLOW
    assert asked == []


def test_slow_guards_are_asked_at_the_same_time() -> None:
    barrier = threading.Barrier(2)

    def meeting(name: str) -> Any:
        @guard(name=name, blocking=True)
        def meet(text: str) -> bool:
            barrier.wait(30)
            return True

        return meet

    assert all_of(meeting("a"), meeting("b")).check("hello").action is Action.BLOCK


def test_a_guard_in_shadow_mode_finds_nothing_here() -> None:
    assert any_of(replace(SPAM, mode="shadow"), LATIN).check("lottery").action is Action.ALLOW


def broken(on_error: Any) -> Any:
    @guard(on_error=on_error)
    def breaks(text: str) -> bool:
        raise LookupError("out of order")

    return breaks


def test_a_guard_that_fails_fails_the_whole() -> None:
    with pytest.raises(ComponentFailed, match="any_of failed in stage input: LookupError"):
        Pipeline(input=[any_of(PII(), broken("block"))])(lambda prompt: "fine")("hello")


def test_a_guard_that_may_fail_finds_nothing_then() -> None:
    assert any_of(LATIN, broken("allow")).check("hello").action is Action.ALLOW


def test_conditions_hold_within() -> None:
    guarded = any_of(when(PII(), role="user"), SPAM, action="redact")
    seen: list[Any] = []
    asked = [{"role": role, "content": BOB} for role in ("system", "user")]

    def model(messages: list[dict[str, Any]]) -> str:
        seen.extend(messages)
        return "fine"

    Pipeline(input=[guarded])(model)(asked)
    assert [message["content"] for message in seen] == [BOB, "write to [EMAIL]"]


def test_they_nest() -> None:
    made = all_of(any_of(PII(), LATIN), unless(SPAM, Length(max_chars=60)))
    assert made.check(BOTH).action is Action.BLOCK
    assert made.check(BOTH + "." * 60).action is Action.ALLOW


def test_a_stream_is_held_to_its_end() -> None:
    @Pipeline(output=[all_of(PII(), SPAM)])
    def ask(prompt: str) -> Iterator[str]:
        yield from (f"{word} " for word in prompt.split(" "))

    assert [chunk for chunk in ask(BOB) if chunk] == [f"{BOB} "]
    stream = ask(BOTH)
    with pytest.raises(GuardBlocked):
        next(stream)


@pytest.mark.parametrize(
    ("make", "message"),
    [
        (lambda: any_of(PII()), "any_of.. takes two guards or more"),
        (all_of, "all_of.. takes two guards or more"),
        (lambda: any_of(PII(), "pii"), "is not a guard"),  # type: ignore[arg-type]
        (lambda: unless(PII(), None), "is not a guard"),  # type: ignore[arg-type]
        (lambda: any_of(PII(), SPAM, action="mask"), "action='mask'"),
        (lambda: any_of(escalate(SPAM), PII()), "stands around any_of"),
    ],
)
def test_what_cannot_be_combined_is_refused(make: Any, message: str) -> None:
    with pytest.raises(ConfigurationError, match=message):
        make()


@pytest.mark.parametrize(
    "made", [any_of(PII(), SPAM), all_of(PII(), SPAM, name="x"), unless(PII(), SPAM, action="flag")]
)
def test_they_are_values_and_have_a_place_in_a_policy(made: AnyOf | AllOf | Unless) -> None:
    made.check("hello")
    copy = pickle.loads(pickle.dumps(made))
    assert (copy, hash(copy)) == (made, hash(made))
    pipeline = Pipeline(input=[made])
    assert Pipeline.from_policy(pipeline.policy()) == pipeline


def test_an_inner_mistake_in_a_policy_is_named_by_its_path() -> None:
    policy = {"version": 1, "input": [{"guard": "any_of", "guards": [{"guard": "pii"}, {"guard": "pi"}]}]}
    with pytest.raises(ConfigurationError, match=r"input\[0\]\.guards\[1\]\.guard: must be one of"):
        Pipeline.from_policy(policy)


def test_a_guard_that_says_nothing_of_where_finds_the_whole_text() -> None:
    class Plain:
        def check(self, text: str, /) -> Verdict:
            return Verdict(Action.BLOCK, text)

    verdict = any_of(Plain(), SPAM, name="either").check("hello")
    assert [(each.rule, each.start, each.end) for each in verdict.findings] == [("either.found", 0, 5)]
