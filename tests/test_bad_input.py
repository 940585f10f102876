"""Each wrong input is a clear, early error or a correct result; none hangs, and none repeats the caller's text."""

from __future__ import annotations

import math
from typing import Any

import pytest

from calls import Events, consume, target
from genai_guard import (
    ComponentFailed,
    ConfigurationError,
    Experiment,
    ExperimentRouter,
    GuardBlocked,
    Limit,
    Pipeline,
    Variant,
)
from genai_guard.guards import PII, BlockedPatterns, Length, guard
from genai_guard.verdicts import Action

SECRET = "bob@example.com"
guarded = Pipeline(input=[PII(), Length(max_chars=100_000)], output=[PII()])


@pytest.mark.parametrize("thing", [None, 42, "text", ["a"]])
def test_only_a_callable_can_be_wrapped(thing: Any) -> None:
    with pytest.raises(ConfigurationError, match=type(thing).__name__):
        guarded(thing)


@pytest.mark.parametrize("kind", ["def", "generator", "def stream"])
def test_an_async_guard_on_a_sync_call_is_refused_when_wrapped(kind: str) -> None:
    @guard(name="remote")
    async def remote(text: str) -> bool:
        return False

    for pipeline in (Pipeline(input=[remote]), Pipeline(output=[remote])):
        with pytest.raises(ConfigurationError, match="remote is asynchronous"):
            pipeline.wrap(target(kind, []))


@pytest.mark.parametrize("weight", [0, -1, math.nan, True, "50"])
def test_weights_must_be_positive(weight: Any) -> None:
    with pytest.raises(ConfigurationError, match="weight"):
        Experiment("m", Variant("a", weight=weight), Variant("b"))


@pytest.mark.parametrize("amount", [0, -5, math.nan, 0.5])
def test_limits_must_be_at_least_one(amount: Any) -> None:
    with pytest.raises(ConfigurationError):
        Limit.requests(amount, per="minute")


@pytest.mark.parametrize("prompt", [None, 42, 4.2, b"bob@example.com", object(), {"a": 1}, [1, 2]])
def test_a_prompt_of_the_wrong_type_is_refused_by_type_and_never_repeated(prompt: Any) -> None:
    events = Events()
    fn: Any = Pipeline(input=[PII()], recorder=events).wrap(target("def", ["ok"]))
    with pytest.raises(ConfigurationError) as caught:
        fn(prompt)
    message = str(caught.value)
    assert "reader" in message
    assert SECRET not in message
    assert events[0].status == "error"


def test_a_call_without_a_prompt_says_so() -> None:
    fn: Any = guarded.wrap(target("def", ["ok"]))
    with pytest.raises(ConfigurationError, match="prompt"):
        fn()


def test_a_reply_of_an_unknown_shape_is_refused_if_it_should_be_guarded_and_passed_on_if_not() -> None:
    def ask(prompt: str) -> object:
        return 42

    with pytest.raises(ConfigurationError, match="int"):
        guarded.wrap(ask)("hello")
    assert Pipeline(input=[PII()]).wrap(ask)("hello") == 42


def test_a_function_whose_prompt_cannot_be_told_asks_which_it_is() -> None:
    def ask(*, left: str, right: str) -> str:
        return left + right

    with pytest.raises(ConfigurationError, match="prompt='left'"):
        guarded.wrap(ask)
    with pytest.raises(ConfigurationError, match="no parameter 'middle'"):
        guarded.wrap(ask, prompt="middle")


def test_a_plain_function_that_returns_an_awaitable_says_how_to_wrap_it() -> None:
    async def answer(prompt: str) -> str:
        return prompt

    def ask(prompt: str) -> Any:
        return answer(prompt)

    with pytest.raises(ConfigurationError, match="awaitable"):
        guarded.wrap(ask)("hello")


async def test_an_async_function_that_returns_a_sync_iterator_says_why_not() -> None:
    async def ask(prompt: str) -> Any:
        return iter(["a"])

    with pytest.raises(ConfigurationError, match="sync iterator"):
        await guarded.wrap(ask)("hello")


@pytest.mark.parametrize("text", ["\ud800 lone", "a\x00b", "\x00", "", "é" * 10, "👩‍👩‍👧 and مى‌خواهم"])
@pytest.mark.parametrize("kind", ["def", "def stream"])
def test_odd_texts_come_through_unchanged(kind: str, text: str) -> None:
    fn = guarded.wrap(target(kind, [text]))
    assert consume(kind, fn, text) == text


@pytest.mark.parametrize("text", ["\ud800 bob@example.com", "\x00bob@example.com\x00"])
def test_odd_texts_are_guarded_all_the_same(text: str) -> None:
    assert SECRET not in guarded.scan_input(text).text


def test_fifty_megabytes_are_blocked_by_a_length_limit_and_scanned_without_one() -> None:
    text = "The sea is wide and blue. " * 2_000_000
    with pytest.raises(GuardBlocked, match="LENGTH"):
        guarded.wrap(target("def", ["ok"]))(text)
    assert Pipeline(input=[BlockedPatterns(["zanzibar"])]).scan_input(text).action is Action.ALLOW


@pytest.mark.parametrize("guards", [PII(), "pii", 42, [PII], [object()], ["pii"], [lambda text: True]])
def test_what_is_no_list_of_guards_is_refused(guards: Any) -> None:
    with pytest.raises(ConfigurationError, match="guard"):
        Pipeline(input=guards)


@pytest.mark.parametrize("part", ["limiter", "router", "recorder"])
def test_a_part_of_the_wrong_kind_is_refused(part: str) -> None:
    parts: dict[str, Any] = {part: object()}
    with pytest.raises(ConfigurationError, match=part):
        Pipeline(**parts)


@pytest.mark.parametrize("prices", [{"m": -1}, {"m": (1,)}, {"m": (-1.0, 1.0)}, {"m": ("a", "b")}])
def test_prices_must_be_dollars(prices: Any) -> None:
    with pytest.raises(ConfigurationError):
        Pipeline(prices=prices)


def test_an_experiment_that_sets_what_the_function_does_not_take_is_refused_when_wrapped() -> None:
    router = ExperimentRouter(Experiment("m", Variant("a", params={"temprature": 1})))
    with pytest.raises(ConfigurationError, match="temprature"):
        Pipeline(router=router).wrap(target("def", []))


class Broken:
    """A guard whose check raises and quotes the text."""

    def __init__(self, on_error: str = "block", mode: str = "enforce") -> None:
        self.name = "broken"
        self.on_error = on_error
        self.mode = mode

    def check(self, text: str) -> Any:
        raise RuntimeError(f"cannot read {text}")


@pytest.mark.parametrize("side", ["input", "output"])
def test_a_guard_that_breaks_stops_the_call_and_its_cause_is_kept(side: str) -> None:
    events = Events()
    parts: dict[str, Any] = {side: [Broken()], "recorder": events}
    with pytest.raises(ComponentFailed) as caught:
        Pipeline(**parts).wrap(target("def", [SECRET]))(SECRET)
    assert isinstance(caught.value.__cause__, RuntimeError)
    assert SECRET not in str(caught.value)
    assert (events[0].status, events[0].verdicts[0].action) == ("component_failed", Action.ERROR)


@pytest.mark.parametrize("options", [{"on_error": "allow"}, {"mode": "shadow"}])
def test_a_guard_that_may_break_is_recorded_and_passed_over(options: dict[str, str]) -> None:
    events = Events()
    fn = Pipeline(input=[Broken(**options)], recorder=events).wrap(target("def", ["ok"]))
    assert fn("hello") == "ok"
    assert (events[0].status, events[0].verdicts[0].error) == ("ok", "RuntimeError")


def test_a_guard_that_returns_nonsense_has_broken() -> None:
    class Nonsense:
        def check(self, text: str) -> Any:
            return "fine"

    with pytest.raises(ComponentFailed, match="Nonsense"):
        Pipeline(input=[Nonsense()]).wrap(target("def", ["ok"]))("hello")


def test_a_recorder_that_raises_is_never_in_the_way() -> None:
    class Raising:
        wants_text = False

        def record(self, event: object) -> None:
            raise RuntimeError

    assert Pipeline(recorder=Raising()).wrap(target("def", ["ok"]))("hello") == "ok"


@pytest.mark.parametrize("on_error", ["block", "allow"])
def test_a_limiter_that_breaks_stops_the_call_by_name_unless_it_may_break(on_error: str) -> None:
    class BrokenLimiter:
        needs_tokens = False
        keys = frozenset[str]()

        def __init__(self) -> None:
            self.on_error = on_error

        def reserve(self, *_: Any, **__: Any) -> Any:
            raise OSError

        def settle(self, *_: Any, **__: Any) -> bool:
            return False

    limiter: Any = BrokenLimiter()
    events = Events()
    fn = Pipeline(limiter=limiter, recorder=events).wrap(target("def", ["ok"]))
    if on_error == "allow":
        assert fn("hello") == "ok"
    else:
        with pytest.raises(ComponentFailed, match="limiter"):
            fn("hello")
    assert events[0].verdicts[0].error == "OSError"


@pytest.mark.parametrize("text", [None, b"x", 42])
def test_only_strings_are_scanned(text: Any) -> None:
    with pytest.raises(ConfigurationError, match="string"):
        guarded.scan_input(text)
