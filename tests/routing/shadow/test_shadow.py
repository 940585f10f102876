"""What a shadow copies, whom it asks, and what becomes of the copies."""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterator
from contextvars import ContextVar
from typing import Any

import pytest

from calls import KINDS, STREAMED, Events, target
from genai_guard import GuardBlocked, Limit, Pipeline, caller
from genai_guard.guards import PII, BlockedPatterns, SystemPromptLeak
from genai_guard.messages import Caller
from genai_guard.recording import Event
from genai_guard.resilience import Cache, Resilience
from genai_guard.routing import Experiment, ExperimentRouter, Variant
from genai_guard.routing.shadow import Shadow, ShadowResult
from shadows import consumed

CHUNKS = ["The sea ", "is blue ", "and wide."]


class World:
    """A pipeline with a shadow, and all that can be known of both."""

    def __init__(self, *, parts: dict[str, Any] | None = None, **settings: Any) -> None:
        self.results: list[ShadowResult] = []
        self.asked: list[str] = []
        self.events = Events()
        settings.setdefault("target", self.shadow_of("copy"))
        settings.setdefault("sample", 1.0)
        self.over = threading.Event()
        self.shadow = Shadow("large", on_result=self.take, **settings)
        self.pipeline = Pipeline(recorder=self.events, shadow=self.shadow, **(parts or {}))

    def take(self, result: ShadowResult) -> None:
        self.results.append(result)
        self.over.set()

    def shadow_of(self, reply: str) -> Callable[[str], str]:
        def answer(prompt: str) -> str:
            self.asked.append(prompt)
            return reply

        return answer

    @property
    def result(self) -> ShadowResult:
        assert self.shadow.flush(timeout_s=30)
        assert len(self.results) == 1, f"{len(self.results)} results"
        return self.results[0]


@pytest.fixture
def gate() -> Iterator[threading.Event]:
    """A gate that opens at the end of the test, so that no thread hangs beyond it."""
    event = threading.Event()
    yield event
    event.set()


# --- a copy ---------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("kind", KINDS)
def test_a_call_of_any_kind_is_copied_once_and_its_stream_read_to_the_end(kind: str) -> None:
    seen: list[str] = []
    world = World(target=target(kind, ["One ", "sea."], seen))

    assert consumed(kind, world.pipeline(target(kind, CHUNKS)), world.shadow) == "".join(CHUNKS)
    call, copy = world.result.call, world.result.copy
    assert seen == ["hello"]
    assert "".join(part.text for part in call.response) == "".join(CHUNKS)
    assert "".join(part.text for part in copy.response) == "One sea."
    assert copy.request_id == call.request_id == world.events[0].request_id
    assert (copy.status, copy.stage, copy.streamed) == ("ok", "done", kind in STREAMED)
    assert world.result.values["length_chars"] == len("One sea.") - len("".join(CHUNKS))


def test_every_call_has_one_event_and_its_copy_one_of_another_recorder() -> None:
    world = World()
    world.pipeline(target("def", CHUNKS))("hello")
    copy = world.result.copy

    assert len(world.events) == 1
    assert world.shadow.snapshot().calls == 1
    assert (copy.caller.tags, copy.assignments, copy.request) == ({"shadow": "large"}, (), ())


def test_params_take_the_place_of_those_of_the_call() -> None:
    models: list[tuple[str, float]] = []

    def ask(prompt: str, model: str = "small", *, temperature: float = 1.0) -> str:
        models.append((model, temperature))
        return prompt

    world = World(target=None, params={"model": "large"})
    world.pipeline(ask)("hello", "tiny", temperature=0.5)

    assert world.result.copy.model == "large"
    assert models == [("tiny", 0.5), ("large", 0.5)]


def test_the_copy_has_what_an_experiment_sets_and_the_shadow_sets_more() -> None:
    def ask(prompt: str, *, model: str = "small", tone: str = "") -> str:
        return f"{model} {tone}"

    router = ExperimentRouter(Experiment("tone", Variant("kind", params={"tone": "kind"}), by="request"))
    world = World(target=None, params={"model": "large"}, parts={"router": router})
    world.pipeline(ask)("hello")

    assert [part.text for part in world.result.copy.response] == ["large kind"]


def test_what_the_caller_or_the_function_does_to_the_messages_reaches_no_copy() -> None:
    asked: list[Any] = []

    def ask(messages: list[dict[str, Any]]) -> str:
        messages.append({"role": "assistant", "content": "changed"})
        messages[0]["content"] = "changed"
        return "ok"

    def other(messages: list[dict[str, Any]]) -> str:
        asked.append(messages)
        return "ok"

    world = World(target=other)
    world.pipeline(ask)([{"role": "user", "content": "hello"}])

    assert world.result.copy.ok
    assert asked == [[{"role": "user", "content": "hello"}]]


def test_the_copy_keeps_the_context_of_the_call() -> None:
    color: ContextVar[str] = ContextVar("color")
    seen: list[str] = []

    def other(prompt: str) -> str:
        seen.append(color.get())
        color.set("blue")
        return prompt

    world = World(target=other)
    token = color.set("red")
    with caller(user="u-1", tags={"plan": "pro"}):
        world.pipeline(target("def", CHUNKS))("hello")

    assert world.result.copy.caller == Caller(
        user="u-1", request_id=world.result.call.request_id, tags={"plan": "pro", "shadow": "large"}
    )
    assert (seen, color.get()) == (["red"], "red")
    color.reset(token)


def test_a_copy_is_not_copied_again() -> None:
    world = World()
    inner = world.pipeline(target("def", CHUNKS))

    def other(prompt: str) -> str:
        return str(inner(prompt))

    object.__setattr__(world.shadow, "target", other)
    world.pipeline(target("def", CHUNKS))("hello")

    assert world.result.copy.ok
    assert world.shadow.summary().copies == 1


# --- guards ---------------------------------------------------------------------------------------------------------


def test_the_copy_is_asked_what_the_guards_left_of_the_request() -> None:
    world = World(parts={"input": [PII(action="redact")]})
    world.pipeline(target("def", CHUNKS))("write to bob@example.com")

    assert world.result.copy.ok
    assert world.asked == ["write to [EMAIL]"]


def test_the_reply_of_the_copy_is_judged() -> None:
    world = World(parts={"output": [BlockedPatterns(["poison"])]}, target=lambda _: "poison")
    world.pipeline(lambda _: "fine")("hello")

    assert (world.result.copy.status, world.result.values) == ("blocked", {})
    assert world.shadow.snapshot().guardrail_hits == {"blocked_patterns": {"block": 1}}


def test_a_token_is_planted_once() -> None:
    asked: list[Any] = []

    def other(messages: list[dict[str, str]]) -> str:
        asked.append(messages[0]["content"])
        return "fine"

    leak = SystemPromptLeak(canary="kqzrmwtbxhdn")
    world = World(parts={"output": [leak]}, target=other)
    world.pipeline(lambda messages: "fine")(
        [{"role": "system", "content": "Be kind."}, {"role": "user", "content": "hello"}]
    )

    assert world.result.copy.ok
    assert asked[0].count("kqzrmwtbxhdn") == 1


@pytest.mark.parametrize("status", ["blocked", "error"])
def test_a_call_that_was_not_answered_is_not_copied(status: str) -> None:
    def ask(prompt: str) -> str:
        if status == "error":
            raise RuntimeError
        return "poison"

    world = World(parts={"output": [BlockedPatterns(["poison"])]})
    with pytest.raises((GuardBlocked, RuntimeError)):
        world.pipeline(ask)("hello")

    assert world.shadow.flush(timeout_s=30)
    assert world.results == []


def test_a_reply_from_the_cache_is_not_copied() -> None:
    world = World(parts={"resilience": Resilience(cache=Cache(60))})
    ask = world.pipeline(target("def", CHUNKS))
    ask("hello")
    ask("hello")

    assert world.result.copy.ok


# --- how many -------------------------------------------------------------------------------------------------------


def test_the_sample_is_drawn_by_a_hash_of_the_request() -> None:
    def drawn(**settings: Any) -> set[str]:
        world = World(sample=0.25, max_concurrent=1000, **settings)
        ask = world.pipeline(target("def", CHUNKS))
        for number in range(400):
            with caller(request_id=f"r-{number}"):
                ask("hello")
        assert world.shadow.flush(timeout_s=30)
        return {each.copy.request_id for each in world.results}

    first = drawn()
    assert 60 <= len(first) <= 140
    assert first == drawn()
    assert first != drawn(salt="another")


def test_all_calls_of_a_user_are_copied_or_none() -> None:
    world = World(sample=0.5, by="user", max_concurrent=1000)
    ask = world.pipeline(target("def", CHUNKS))
    for number in range(20):
        for _ in range(2):
            with caller(user=f"u-{number}"):
                ask("hello")
    ask("nobody")
    assert world.shadow.flush(timeout_s=30)
    users = [each.copy.caller.user for each in world.results]

    assert 0 < len(users) < 40
    assert all(users.count(user) == 2 for user in users)


def test_no_more_are_made_at_a_time_than_allowed_and_the_rest_are_dropped(gate: threading.Event) -> None:
    started = threading.Semaphore(0)

    def hang(prompt: str) -> str:
        started.release()
        gate.wait()
        return prompt

    world = World(target=hang, max_concurrent=2)
    ask = world.pipeline(target("def", CHUNKS))
    for _ in range(5):
        ask("hello")
    assert started.acquire(timeout=10)
    assert started.acquire(timeout=10)

    assert (world.shadow.summary().running, world.shadow.summary().dropped) == (2, {"busy": 3})
    assert not world.shadow.flush(timeout_s=0.01)
    gate.set()
    assert world.shadow.flush(timeout_s=30)
    assert world.shadow.summary().statuses == {"ok": 2}


def test_copies_have_a_budget_of_their_own() -> None:
    world = World(
        target=None,
        params={"model": "large"},
        limits=[Limit.usd(1e-6, per="day")],
        parts={"prices": {"small": (1, 1), "large": (1, 1)}},
    )

    def answer(prompt: str, model: str = "small") -> str:
        return "a reply of some length"

    ask = world.pipeline(answer)
    for _ in range(3):
        ask("hello")
        world.shadow.flush(timeout_s=30)

    assert set(world.shadow.summary().statuses) <= {"ok", "budget_exceeded"}
    assert world.shadow.summary().statuses["budget_exceeded"] >= 2
    assert [event.status for event in world.events] == ["ok"] * 3


# --- the end of it --------------------------------------------------------------------------------------------------


def test_a_thread_that_hangs_is_given_up_at_its_deadline_and_keeps_its_place(gate: threading.Event) -> None:
    world = World(target=lambda _: gate.wait() and "late", deadline_s=0.02, max_concurrent=1)

    ask = world.pipeline(target("def", CHUNKS))
    ask("hello")
    assert world.over.wait(10)
    ask("again")

    summary = world.shadow.summary()
    assert (summary.statuses, summary.running, summary.dropped) == ({"timeout": 1}, 1, {"busy": 1})
    assert (world.results[0].copy.status, world.results[0].copy.error_type) == ("timeout", "TimeoutError")
    gate.set()
    assert world.shadow.flush(timeout_s=30)
    assert world.shadow.summary().statuses == {"timeout": 1}
    assert world.shadow.snapshot().calls == 1


def test_a_paused_shadow_copies_nothing_until_it_is_resumed() -> None:
    world = World()
    ask = world.pipeline(target("def", CHUNKS))
    world.shadow.pause()
    ask("unseen")
    world.shadow.resume()
    ask("seen")

    assert world.result.copy.ok
    assert world.asked == ["seen"]


def test_a_shadow_that_is_not_enabled_copies_nothing() -> None:
    world = World(enabled=False)
    world.pipeline(target("def", CHUNKS))("hello")

    assert world.shadow.summary() == Shadow("large", params={"x": 1}).summary()


def test_a_closed_shadow_copies_nothing_and_counts_it() -> None:
    world = World()
    assert world.shadow.close(timeout_s=30)
    world.pipeline(target("def", CHUNKS))("hello")

    assert world.shadow.summary().dropped == {"closed": 1}


# --- what is compared -----------------------------------------------------------------------------------------------


def test_a_comparer_sees_both_events_and_names_its_numbers() -> None:
    def judge(call: Event, copy: Event) -> dict[str, float]:
        return {"same": call.response[0].text == copy.response[0].text, "asked": len(call.request)}

    world = World(comparer=judge, compare=())
    world.pipeline(lambda _: "copy")("hello")

    assert world.result.values == {"same": 1.0, "asked": 1.0}
    assert world.shadow.summary().differences["same"].mean == 1.0


def test_a_number_of_a_comparer_is_called_like_the_function() -> None:
    def better(call: Event, copy: Event) -> float | None:
        return 0.5 if copy.response[0].text == "copy" else None

    world = World(comparer=better, compare=())
    world.pipeline(lambda _: "x")("hello")

    assert world.result.values == {"better": 0.5}


@pytest.mark.parametrize("said", [float("nan"), "no number", {"x": None}])
def test_what_is_no_number_is_counted_as_a_failure(said: object) -> None:
    def say(call: Event, copy: Event) -> Any:
        return said

    world = World(comparer=say, compare=("similarity",))
    world.pipeline(lambda _: "x")("hello")

    assert set(world.result.values) == {"similarity"}
    assert sum(world.shadow.summary().failures.values()) == 1
