"""`when`: a guard for some texts and some callers only, in whole calls and in streams."""

from __future__ import annotations

import pickle
from collections.abc import Iterator
from typing import Any

import pytest

from calls import Events
from genai_guard import (
    Action,
    ConfigurationError,
    Experiment,
    ExperimentRouter,
    GuardBlocked,
    Pipeline,
    Variant,
    caller,
)
from genai_guard.guards import PII, Context, Length, When, guard, when
from genai_guard.messages import Caller, Part

LARGE = "u-2"
BOB = "I am bob@example.com"


def messages(**texts: str) -> list[dict[str, Any]]:
    return [{"role": role, "content": text} for role, text in texts.items()]


def sent(*guards: Any, asked: Any) -> list[str]:
    """The texts that reach the model."""
    seen: list[Any] = []

    def model(messages: list[dict[str, Any]]) -> str:
        seen.extend(messages)
        return "fine"

    Pipeline(input=guards)(model)(asked)
    return [message["content"] for message in seen]


def test_a_guard_is_asked_about_texts_of_its_role_only() -> None:
    assert sent(when(PII(), role="user"), asked=messages(system=BOB, user=BOB)) == [BOB, "I am [EMAIL]"]


def test_a_guard_of_the_whole_sees_only_the_texts_of_its_role() -> None:
    guarded = when(Length(max_chars=10), role="user")
    assert sent(guarded, asked=messages(system="x" * 100, user="short")) == ["x" * 100, "short"]
    with pytest.raises(GuardBlocked):
        sent(guarded, asked=messages(system="x" * 100, user="x" * 11))


def test_a_guard_of_your_own_sees_only_the_texts_of_its_role() -> None:
    seen: list[str] = []

    @guard
    def reads(text: str) -> bool:
        seen.append(text)
        return False

    sent(when(reads, role=["user", "assistant"]), asked=messages(system="one", user="two", assistant="three"))
    assert seen == ["two", "three"]


@pytest.mark.parametrize(("tenant", "redacts"), [("acme", True), ("other", False), (None, False)])
def test_a_guard_is_asked_for_its_tenants_only(tenant: str | None, redacts: bool) -> None:
    with caller(tenant=tenant):
        assert sent(when(PII(), tenant=["acme", "initech"]), asked=messages(user=BOB)) == [
            "I am [EMAIL]" if redacts else BOB
        ]


def test_all_conditions_must_hold() -> None:
    guarded = when(PII(), user="u-1", tags={"plan": "free"})
    with caller(user="u-1"):
        assert sent(guarded, asked=messages(user=BOB)) == [BOB]
    with caller(user="u-1", tags={"plan": "free"}):
        assert sent(guarded, asked=messages(user=BOB)) == ["I am [EMAIL]"]


def test_conditions_inside_of_conditions_must_all_hold() -> None:
    guarded = when(when(PII(), role="user"), tenant="acme")
    assert sent(guarded, asked=messages(user=BOB)) == [BOB]
    with caller(tenant="acme"):
        assert sent(guarded, asked=messages(system=BOB, user=BOB)) == [BOB, "I am [EMAIL]"]


def routed(variant: Any, side: str) -> Pipeline:
    experiment = Experiment("models", Variant("small", weight=1), Variant("large", weight=1), by="user")
    assert ExperimentRouter(experiment).assign(LARGE).variant == "large"
    guards: dict[str, Any] = {side: [when(PII(), variant=variant)]}
    return Pipeline(router=ExperimentRouter(experiment), **guards)


@pytest.mark.parametrize("side", ["input", "output"])
@pytest.mark.parametrize(
    ("variant", "redacts"),
    [("large", True), ("small", False), ({"models": "large"}, True), ({"other": "large"}, False)],
)
def test_a_guard_is_asked_for_its_variants_only(variant: Any, side: str, redacts: bool) -> None:
    with caller(user=LARGE):
        assert routed(variant, side)(lambda prompt: prompt)(BOB) == ("I am [EMAIL]" if redacts else BOB)


def test_a_scan_knows_the_variant_of_the_caller() -> None:
    with caller(user=LARGE):
        assert routed("large", "input").scan_input(BOB).action is Action.REDACT
        assert routed("small", "input").scan_input(BOB).action is Action.ALLOW


@pytest.mark.parametrize(("tenant", "out"), [("acme", "I am [EMAIL]"), ("other", BOB)])
@pytest.mark.parametrize("size", [1, 3, 50])
def test_streams_obey_conditions_and_are_not_held_for_them(tenant: str, out: str, size: int) -> None:
    @Pipeline(output=[when(PII(), tenant="acme")])
    def ask(prompt: str) -> Iterator[str]:
        for start in range(0, len(BOB), size):
            yield BOB[start : start + size]

    with caller(tenant=tenant):
        chunks = [chunk for chunk in ask("hello") if chunk]
    assert "".join(chunks) == out
    assert size > 3 or len(chunks) > 1


def test_a_length_in_a_stream_obeys_conditions() -> None:
    @Pipeline(output=[when(Length(max_chars=3), tenant="acme")])
    def ask(prompt: str) -> Iterator[str]:
        yield "far too long"

    assert list(ask("hello")) == ["far too long"]
    with caller(tenant="acme"), pytest.raises(GuardBlocked):
        list(ask("hello"))


def test_verdicts_are_in_the_name_of_the_guard_unless_said() -> None:
    events = Events()
    guards = [when(PII(action="flag"), role="user"), when(PII(action="flag"), role="user", name="again")]
    Pipeline(input=guards, recorder=events)(lambda prompt: "fine")(BOB)
    assert [verdict.guard for verdict in events[0].verdicts] == ["pii", "again"]


def test_alone_it_goes_by_the_current_caller() -> None:
    guarded = when(PII(), tenant="acme")
    assert guarded.check(BOB).action is Action.ALLOW
    with caller(tenant="acme"):
        assert guarded.check(BOB).text == "I am [EMAIL]"


def test_conditions_of_content_and_tool() -> None:
    guarded = when(PII(), content="arguments", tool="send_mail")
    assert guarded.holds(Part("{}", "assistant", "arguments", name="send_mail"), Context())
    assert not guarded.holds(Part("{}", "assistant", "arguments", name="search"), Context())
    assert not guarded.holds(Part("{}", "assistant"), Context())


@pytest.mark.parametrize(
    ("make", "message"),
    [
        (lambda: when(PII()), "has no condition"),
        (lambda: when("pii", role="user"), "then= must be a guard"),  # type: ignore[arg-type]
        (lambda: when(PII(), role="person"), "role='person'.*must be one of 'system'"),
        (lambda: when(PII(), content="image"), "content='image'.*must be one of 'text'"),
        (lambda: when(PII(), tenant=[1]), "tenant=.*takes a word or a list of words"),  # type: ignore[list-item]
        (lambda: when(PII(), tags={"plan": 1}), "tags=.*takes a mapping of words"),  # type: ignore[dict-item]
        (lambda: when(PII(), variant={"models": ""}), "variant=.*takes a mapping of words"),
    ],
)
def test_what_is_no_condition_is_refused(make: Any, message: str) -> None:
    with pytest.raises(ConfigurationError, match=message):
        make()


def test_it_is_equal_hashable_and_picklable() -> None:
    made = when(PII(), tenant="acme", tags={"a": "b"})
    assert made == When(PII(), tenant=("acme",), tags={"a": "b"})
    assert hash(made) == hash(When(PII(), tenant=("acme",), tags={"a": "b"}))
    assert pickle.loads(pickle.dumps(made)) == made


def test_a_policy_file_says_the_same() -> None:
    pipeline = Pipeline(input=[when(PII(action="mask"), role="user", tenant=["acme"], variant={"models": "large"})])
    assert pipeline.policy()["input"] == [
        {
            "guard": "when",
            "then": {"guard": "pii", "action": "mask"},
            "role": ["user"],
            "tenant": ["acme"],
            "variant": {"models": "large"},
        }
    ]
    assert Pipeline.from_policy(pipeline.policy()) == pipeline


def test_what_the_caller_does_not_say_holds_for_nobody() -> None:
    assert not when(PII(), user="u-1").holds_for(Context(caller=Caller()))
