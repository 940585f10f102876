"""`Pipeline.wrap`: every kind of callable, its signature kept, its arguments found."""

from __future__ import annotations

import asyncio
import functools
import inspect
from collections.abc import AsyncIterator, Iterator
from typing import Any

import pytest

from calls import KINDS, AsyncSdkStream, Events, SdkStream, consume, target
from genai_guard import ConfigurationError, Experiment, ExperimentRouter, Outcome, Pipeline, Variant, caller
from genai_guard.guards import PII, BlockedPatterns, guard

pipeline = Pipeline(input=[PII()], output=[PII()])
MAIL = "bob@example.com"


@pytest.mark.parametrize("kind", KINDS)
def test_every_kind_of_target_is_guarded_on_both_sides(kind: str) -> None:
    seen: list[str] = []
    fn = pipeline(target(kind, ["write to ", "alice@exam", "ple.com ", "now"], seen))
    assert consume(kind, fn, f"I am {MAIL}") == "write to [EMAIL] now"
    assert seen == ["I am [EMAIL]"]


def test_name_docstring_and_signature_are_kept() -> None:
    @pipeline
    def ask(prompt: str, *, model: str = "small") -> str:
        """Ask the model."""
        return prompt

    assert (ask.__name__, ask.__doc__) == ("ask", "Ask the model.")
    assert str(inspect.signature(ask)) == "(prompt: 'str', *, model: 'str' = 'small') -> 'str'"
    assert not inspect.iscoroutinefunction(ask)


def test_a_wrapped_coroutine_function_is_one() -> None:
    @pipeline
    async def ask(prompt: str) -> str:
        return prompt

    assert inspect.iscoroutinefunction(ask)


def test_wrap_takes_options_as_a_decorator() -> None:
    @pipeline.wrap(prompt="question")
    def ask(context: str, question: str) -> str:
        return f"{context} {question}"

    assert ask(MAIL, f"who is {MAIL}") == "[EMAIL] who is [EMAIL]"


def test_a_bound_method_a_partial_and_an_object_with_call_are_callables_too() -> None:
    class Model:
        def ask(self, prompt: str) -> str:
            return f"method {prompt}"

        def __call__(self, prompt: str) -> str:
            return f"object {prompt}"

    def two(style: str, prompt: str) -> str:
        return f"{style} {prompt}"

    assert pipeline.wrap(Model().ask)(MAIL) == "method [EMAIL]"
    assert pipeline.wrap(Model())(MAIL) == "object [EMAIL]"
    assert pipeline.wrap(functools.partial(two, "partial"))(MAIL) == "partial [EMAIL]"
    assert pipeline.wrap(functools.partial(two, style="keyword"))(prompt=MAIL) == "keyword [EMAIL]"


async def test_an_object_with_an_async_call_and_a_partial_of_a_coroutine_function_are_awaited() -> None:
    class Model:
        async def __call__(self, prompt: str) -> str:
            return prompt

    async def two(style: str, prompt: str) -> str:
        return f"{style} {prompt}"

    assert await pipeline.wrap(Model())(MAIL) == "[EMAIL]"
    assert await pipeline.wrap(functools.partial(two, "a"))(MAIL) == "a [EMAIL]"


async def test_a_coroutine_function_behind_a_plain_decorator_is_seen_through() -> None:
    async def create(*, messages: list[dict[str, str]]) -> str:
        return messages[0]["content"]

    @functools.wraps(create)
    def decorated(*args: Any, **kwargs: Any) -> Any:
        return create(*args, **kwargs)

    fn: Any = pipeline.wrap(decorated)
    assert await fn(messages=[{"role": "user", "content": MAIL}]) == "[EMAIL]"


def test_a_method_is_guarded_when_decorated_in_its_class() -> None:
    class Bot:
        @pipeline
        def ask(self, question: str) -> str:
            return question

    assert Bot().ask(MAIL) == "[EMAIL]"


def test_the_first_parameter_carries_the_prompt_unless_one_is_called_prompt_or_messages() -> None:
    @pipeline
    def first(question: str, style: str = "short") -> str:
        return f"{question} {style}"

    @pipeline
    def named(style: str, prompt: str) -> str:
        return f"{style} {prompt}"

    assert first(MAIL, style=MAIL) == "[EMAIL] [EMAIL]"
    assert first(question=MAIL) == "[EMAIL] short"
    assert named("x", MAIL) == "x [EMAIL]"


def test_a_default_prompt_is_guarded_like_any_other() -> None:
    seen: list[str] = []

    @pipeline
    def ask(prompt: str = MAIL) -> str:
        seen.append(prompt)
        return "ok"

    ask()
    assert seen == ["[EMAIL]"]


def test_a_function_of_anything_is_looked_at_call_by_call() -> None:
    def anything(*args: Any, **kwargs: Any) -> str:
        return str(args[0] if args else kwargs.get("prompt") or kwargs["messages"][0]["content"])

    fn = pipeline.wrap(anything)
    assert fn(MAIL) == fn(prompt=MAIL) == fn(messages=[{"role": "user", "content": MAIL}]) == "[EMAIL]"


def test_a_stream_keeps_the_attributes_of_the_stream_that_it_guards() -> None:
    stream: Any = pipeline.wrap(target("def stream", ["a"]))("hello")
    assert stream.response == "the raw response"
    with pytest.raises(AttributeError):
        _ = stream.no_such_thing
    assert list(stream) == ["a"]


async def test_a_plain_function_may_return_an_async_stream() -> None:
    def ask(prompt: str) -> AsyncSdkStream:
        return AsyncSdkStream([prompt, " and ", MAIL])

    async with pipeline.wrap(ask)("hello") as stream:
        assert "".join([chunk async for chunk in stream]) == "hello and [EMAIL]"


def test_a_stream_that_is_only_iterable_is_guarded_too() -> None:
    class Lazy:
        def __iter__(self) -> Iterator[str]:
            return iter(["write ", MAIL])

        def __enter__(self) -> Lazy:
            return self

        def __exit__(self, *_: object) -> None: ...

    def ask(prompt: str) -> Lazy:
        return Lazy()

    fn: Any = pipeline.wrap(ask)
    assert "".join(fn("hello")) == "write [EMAIL]"


def test_unchanged_chunks_are_handed_on_as_they_came() -> None:
    chunks = ["The ", "sea. "]
    stream: Any = Pipeline().wrap(target("def stream", chunks))("hello")
    assert all(out is chunk for out, chunk in zip(stream, chunks, strict=True))


async def test_two_readers_of_one_stream_are_refused() -> None:
    async def slow(prompt: str) -> AsyncIterator[str]:
        await asyncio.sleep(0)
        yield prompt

    stream: Any = pipeline.wrap(slow)("hello")
    results = await asyncio.gather(anext(stream), anext(stream), return_exceptions=True)
    assert [type(result) for result in results] == [str, RuntimeError]


def test_a_generator_may_be_thrown_into_but_takes_no_values() -> None:
    stream: Any = pipeline.wrap(target("generator", ["a ", "b"]))("hello")
    assert next(stream) == "a "
    with pytest.raises(TypeError, match="takes no values"):
        stream.send("value")
    with pytest.raises(KeyError):
        stream.throw(KeyError("stop"))
    assert list(stream) == []


# --- outcomes -------------------------------------------------------------------------------------------------------


def test_run_returns_everything_known_about_the_call() -> None:
    events = Events()
    router = ExperimentRouter(Experiment("style", Variant("short"), by="user"))
    measured = Pipeline(input=[PII()], router=router, recorder=events)
    with caller(user="u-1", request_id="r-1"):
        outcome = measured.run(target("def", ["ok"]), f"I am {MAIL}")
    assert (outcome.value, outcome.status, outcome.request_id) == ("ok", "ok", "r-1")
    assert outcome.assignment is not None
    assert outcome.assignment.variant == "short"
    assert [verdict.guard for verdict in outcome.verdicts] == ["pii"]
    assert outcome.usage.estimated
    assert 0 <= outcome.timings.model_s <= outcome.timings.total_s
    assert outcome.verdicts == events[0].verdicts
    assert MAIL not in repr(outcome)
    assert MAIL not in repr(events[0])


async def test_arun_awaits() -> None:
    outcome: Outcome[str] = await pipeline.arun(target("async def", ["ok"]), "hello")
    assert outcome.value == "ok"


def test_run_of_a_stream_gives_the_stream_and_knows_more_once_it_is_read() -> None:
    outcome: Outcome[Any] = pipeline.run(target("def stream", ["a ", "b"]), "hello")
    assert outcome.usage.output_tokens == 0
    assert "".join(outcome.value) == "a b"
    assert outcome.usage.output_tokens == 1
    assert outcome.timings.first_token_s is not None


@pytest.mark.parametrize("kind", ["def", "def stream"])
def test_tokens_are_estimated_from_bytes_on_either_side(kind: str) -> None:
    outcome: Outcome[Any] = pipeline.run(target(kind, ["漢" * 40]), "漢" * 20)
    _ = outcome.value if kind == "def" else list(outcome.value)
    assert (outcome.usage.input_tokens, outcome.usage.output_tokens) == (15, 30)


def test_run_and_arun_refuse_each_others_functions() -> None:
    with pytest.raises(ConfigurationError, match="arun"):
        pipeline.run(target("async def", []), "hello")
    with pytest.raises(ConfigurationError, match=r"pipeline\.run"):
        asyncio.run(pipeline.arun(target("def", []), "hello"))


def test_run_looks_at_a_function_once() -> None:
    fn = target("def", ["ok"])
    pipeline.run(fn, "hello")
    assert pipeline._cached_plan(fn) is pipeline._cached_plan(fn)


# --- callers, variants, rejections ----------------------------------------------------------------------------------


def test_a_keyword_of_the_call_beats_the_context() -> None:
    events = Events()

    @Pipeline(recorder=events)
    def ask(prompt: str, *, user: str = "") -> str:
        return prompt

    with caller(user="context", tenant="acme"):
        ask("hello")
        ask("hello", user="keyword")
    assert [(event.caller.user, event.caller.tenant) for event in events] == [("context", "acme"), ("keyword", "acme")]


@pytest.mark.parametrize("by_position", [False, True])
def test_a_variant_sets_parameters_of_the_call(*, by_position: bool) -> None:
    router = ExperimentRouter(Experiment("model", Variant("large", params={"model": "large"}), by="user"))

    @Pipeline(router=router)
    def ask(prompt: str, model: str = "small") -> str:
        return model

    with caller(user="u-1"):
        assert (ask("hello", "small") if by_position else ask("hello")) == "large"


def test_a_variant_in_shadow_is_recorded_and_changes_nothing() -> None:
    events = Events()
    router = ExperimentRouter(Experiment("m", Variant("large", params={"model": "large"}), by="user", mode="shadow"))

    @Pipeline(router=router, recorder=events)
    def ask(prompt: str, model: str = "small") -> str:
        return model

    with caller(user="u-1"):
        assert ask("hello") == "small"
    assert events[0].assignments[0].variant == "large"


def test_a_variant_may_bring_its_own_target() -> None:
    router = ExperimentRouter(Experiment("m", Variant("other", target=lambda prompt: f"other {prompt}"), by="user"))
    with caller(user="u-1"):
        assert Pipeline(router=router).wrap(target("def", ["first"]))("hello") == "other hello"


@pytest.mark.parametrize("kind", KINDS)
def test_on_reject_answers_in_place_of_raising(kind: str) -> None:
    polite = Pipeline(input=[BlockedPatterns(["forbidden"])], on_reject=lambda rejection: f"no: {rejection.status}")
    assert consume(kind, polite(target(kind, ["never"])), "forbidden") == "no: blocked"


@pytest.mark.parametrize("kind", ["async def", "async generator", "async def stream"])
def test_on_reject_may_be_a_coroutine_function(kind: str) -> None:
    async def answer(_: object) -> str:
        await asyncio.sleep(0)
        return "no"

    polite = Pipeline(input=[BlockedPatterns(["forbidden"])], on_reject=answer)
    assert consume(kind, polite(target(kind, ["never"])), "forbidden") == "no"
    with pytest.raises(ConfigurationError, match="on_reject"):
        polite.wrap(target("def", []))


async def test_an_async_guard_is_awaited() -> None:
    @guard(name="judge", action="block")
    async def judge(text: str) -> bool:
        await asyncio.sleep(0)
        return "bad" in text

    judged = Pipeline(input=[judge])
    assert await judged.wrap(target("async def", ["ok"]))("good") == "ok"
    with pytest.raises(Exception, match="judge blocked the input"):
        await judged.wrap(target("async def", ["ok"]))("bad")


def test_pipelines_of_equal_parts_are_equal() -> None:
    assert Pipeline(input=[PII()]) == Pipeline(input=[PII()])
    assert hash(Pipeline(input=[PII()])) == hash(Pipeline(input=[PII()]))
    assert Pipeline(input=[PII()]) != Pipeline(input=[PII(action="mask")])


def test_sdk_streams_close_with_the_guarded_stream() -> None:
    source = SdkStream(["a ", "b "])

    def ask(prompt: str) -> SdkStream:
        return source

    with pipeline.wrap(ask)("hello") as stream:
        next(stream)
    assert source.closed
