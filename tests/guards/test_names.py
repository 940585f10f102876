"""`Names`: what it does with what a recogniser finds, and with recognisers that misbehave."""

from __future__ import annotations

import asyncio
import pickle
import re
import sys
import threading
import time
from collections.abc import Iterator
from contextvars import ContextVar
from dataclasses import replace
from itertools import count
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from genai_guard import ComponentFailed, ConfigurationError, GuardBlocked, MetricsRecorder, Pipeline
from genai_guard.guards import PII, Guard, NamedSpan, Names
from genai_guard.guards.bounded import TooManyStuck
from genai_guard.verdicts import Action
from recorders import Kept

KNOWN = {"Ada Lovelace": "PERSON", "Ada": "PER", "London": "GPE", "Acme": "ORG", "Acme Ltd": "ORGANISATION"}
TEXT = "Ada Lovelace of Acme Ltd met ada in London."


def by_list(text: str) -> list[NamedSpan]:
    found = ((match, label) for name, label in KNOWN.items() for match in re.finditer(rf"\b{name}\b", text))
    return [NamedSpan(match.start(), match.end(), label, 0.9) for match, label in found]


async def by_list_later(text: str) -> list[NamedSpan]:
    await asyncio.sleep(0)
    return by_list(text)


class Answers:
    """A recogniser that returns what it was given."""

    def __init__(self, answer: Any) -> None:
        self.answer = answer

    def __call__(self, text: str) -> Any:
        return self.answer


class Hung:
    """A recogniser that hangs until it is let go."""

    def __init__(self) -> None:
        self.let_go = threading.Event()
        self.asked = 0

    def __call__(self, text: str) -> list[NamedSpan]:
        self.asked += 1
        self.let_go.wait(20)
        return []


@pytest.fixture
def hung() -> Iterator[Hung]:
    recogniser = Hung()
    yield recogniser
    recogniser.let_go.set()


async def ask(prompt: str) -> str:
    return prompt


def echo(prompt: str) -> str:
    return prompt


@pytest.mark.parametrize(
    ("action", "left"),
    [
        ("redact", "[PERSON] of [ORGANISATION] met ada in [PLACE]."),
        ("mask", "A*** L*** of A*** L*** met ada in L***."),
        ("flag", TEXT),
        ("block", TEXT),
    ],
)
def test_an_action_is_done_to_every_name(action: Any, left: str) -> None:
    verdict = Names(by_list, action=action).check(TEXT)
    assert (verdict.text, verdict.action) == (left, action)
    assert [(each.rule, each.category, each.of(TEXT), each.score, each.guard) for each in verdict.findings] == [
        ("names.person", "PERSON", "Ada Lovelace", 0.9, "names"),
        ("names.organisation", "ORGANISATION", "Acme Ltd", 0.9, "names"),
        ("names.place", "PLACE", "London", 0.9, "names"),
    ]


def test_equal_names_have_equal_hashes_and_the_key_decides() -> None:
    guard = Names(Answers([(0, 3, "PERSON"), (4, 7, "PERSON")]), action="hash", hash_key="k" * 16)
    first, second = guard.check("Ada ADA").text.split()
    assert first == second
    assert re.fullmatch(r"\[PERSON:[a-p]{16}\]", first)
    assert replace(guard, hash_key="l" * 16).check("Ada ADA").text != f"{first} {second}"


def test_what_is_not_asked_for_or_not_certain_or_allowed_is_no_finding() -> None:
    spans = [(0, 12, "PERSON", 0.5), (16, 24, "ORG", 0.49), (36, 42, "LOC")]
    assert Names(Answers(spans)).check(TEXT).text == "[PERSON] of Acme Ltd met ada in [PLACE]."
    assert Names(Answers(spans), entities=["PLACE"]).check(TEXT).text == TEXT.replace("London", "[PLACE]")
    assert Names(Answers(spans), allow=["ada  LOVELACE", "London"]).check(TEXT).action is Action.ALLOW
    assert Names(Answers(spans), threshold=0.0).check(TEXT).text == "[PERSON] of [ORGANISATION] met ada in [PLACE]."


def test_shadow_finds_and_changes_nothing() -> None:
    verdict = Names(by_list, mode="shadow").check(TEXT)
    assert (verdict.text, len(verdict.findings), verdict.mode) == (TEXT, 3, "shadow")


def test_an_empty_text_is_not_asked_about() -> None:
    assert Names(Answers(None)).check(" \n").action is Action.ALLOW


@given(
    spans=st.lists(
        st.tuples(
            st.integers(0, 19), st.integers(1, 9), st.sampled_from(["PERSON", "ORG"]), st.sampled_from([0.6, 0.9])
        )
    )
)
def test_nothing_of_a_name_is_left_over_however_spans_overlap(spans: list[tuple[int, int, str, float]]) -> None:
    text = "abcdefghijklmnopqrst"
    given_spans = [(start, min(start + size, 20), label, score) for start, size, label, score in spans]
    verdict = Names(Answers(given_spans)).check(text)
    covered = {place for start, end, *_ in given_spans for place in range(start, end)}
    left = re.sub(r"\[(?:PERSON|ORGANISATION)\]", "", verdict.text)
    assert left == "".join(char for place, char in enumerate(text) if place not in covered)
    assert all(one.end <= other.start for one, other in zip(verdict.findings, verdict.findings[1:], strict=False))


def test_of_spans_that_overlap_the_highest_score_gives_the_label() -> None:
    spans = [(0, 3, "PERSON", 0.6), (2, 6, "ORG", 0.8), (2, 7, "LOC", 0.8), (9, 10, "PERSON")]
    verdict = Names(Answers(spans)).check("abcdefghij")
    assert [(each.start, each.end, each.category, each.score) for each in verdict.findings] == [
        (0, 7, "PLACE", 0.8), (9, 10, "PERSON", 1.0),
    ]  # fmt: skip


@pytest.mark.parametrize(
    ("answer", "error", "problem"),
    [
        (None, TypeError, "the recogniser returned NoneType, not a list of (start, end, label)"),
        (5, TypeError, "the recogniser returned int"),
        ("secret", TypeError, "the recogniser returned str"),
        ({0: 1}, TypeError, "the recogniser returned dict"),
        ([(0, 3, "PERSON"), (0, 3)], TypeError, "item 1 of what the recogniser returned is tuple, not (start, end"),
        ([[0, 3, "PERSON"]], TypeError, "item 0 of what the recogniser returned is list"),
        (["secret"], TypeError, "item 0 of what the recogniser returned is str"),
        ([(0, 3.0, "PERSON")], TypeError, "has a int, float, str"),
        ([(0, True, "PERSON")], TypeError, "has a int, bool, str"),
        ([(0, 3, None)], TypeError, "has a int, int, NoneType"),
        ([(0, 99, "PERSON")], ValueError, "is out of range: 0:99 of a text of 6 characters"),
        ([(-1, 3, "PERSON")], ValueError, "is out of range: -1:3"),
        ([(3, 1, "PERSON")], ValueError, "is empty or reversed: 3:1"),
        ([(3, 3, "PERSON")], ValueError, "is empty or reversed: 3:3"),
        ([(0, 3, "secret")], ValueError, "has a label that is none of PERSON, PLACE, ORGANISATION, PER, GPE"),
        ([(0, 3, "PERSON", 1.5)], ValueError, "has a score that is not a number from 0 to 1"),
        ([(0, 3, "PERSON", float("nan"))], ValueError, "has a score"),
        ([(0, 3, "PERSON", "secret")], ValueError, "has a score"),
        (((0, 1, "PERSON") for _ in count()), ValueError, "returned more than 1000 spans for 6 characters"),
    ],
)
def test_an_answer_that_is_none_is_an_error_that_does_not_repeat_it(
    answer: Any, error: type[Exception], problem: str
) -> None:
    with pytest.raises(error, match=re.escape(problem)) as caught:
        Names(Answers(answer)).check("secret")
    assert "secret" not in str(caught.value)


def broken(text: str) -> list[NamedSpan]:
    raise OSError(text)


async def broken_later(text: str) -> list[NamedSpan]:
    raise OSError(text)


@pytest.mark.parametrize("recogniser", [broken, Answers([(0, 99, "PERSON")]), Answers(3)])
def test_a_recogniser_that_fails_ends_the_call_or_is_recorded_as_on_error_says(recogniser: Any) -> None:
    with pytest.raises(ComponentFailed, match="names failed in stage input") as caught:
        Pipeline(input=[Names(recogniser)]).wrap(echo)("my secret")
    assert "secret" not in str(caught.value)
    metrics = MetricsRecorder(sinks=[kept := Kept()])
    lenient = Pipeline(input=[Names(recogniser, on_error="allow"), PII()], recorder=metrics)
    assert lenient.wrap(echo)("my secret bob@example.com") == "my secret [EMAIL]"
    assert metrics.close()
    (event,) = kept.events
    assert {verdict.guard: verdict.action for verdict in event.verdicts} == {"names": "error", "pii": "redact"}


def test_a_recogniser_that_would_end_the_program_only_fails() -> None:
    def leave(text: str) -> list[NamedSpan]:
        sys.exit(text)

    guard = Names(leave)
    for _ in range(3):
        with pytest.raises(RuntimeError, match="the function raised SystemExit"):
            guard.check("secret")


def test_a_recogniser_sees_the_context_of_its_caller() -> None:
    seen: list[str] = []
    tenant: ContextVar[str] = ContextVar("tenant")

    def note(text: str) -> list[NamedSpan]:
        seen.append(tenant.get())
        return []

    guard = Names(note)
    for name in ("acme", "globex"):
        tenant.set(name)
        guard.check("x")
    assert seen == ["acme", "globex"]


def test_a_recogniser_that_hangs_is_left_behind_and_refused_after_a_few(hung: Hung) -> None:
    guard = Names(hung, timeout_s=0.02)
    threads = threading.active_count()
    for _ in range(4):
        with pytest.raises(TimeoutError, match=re.escape("no answer within 0.02 s")):
            guard.check("secret")
    for _ in range(50):
        with pytest.raises(TooManyStuck, match="4 earlier calls have not returned"):
            guard.check("secret")
    assert hung.asked == 4
    assert threading.active_count() <= threads + 4
    hung.let_go.set()
    wait_for(lambda: guard.check("secret").action is Action.ALLOW)


def wait_for(answer: Any) -> None:
    for _ in range(200):
        try:
            if answer():
                return
        except TooManyStuck:
            pass
        time.sleep(0.01)
    raise AssertionError("it never came")


def test_a_recogniser_that_hangs_ends_a_call_in_time(hung: Hung) -> None:
    pipeline = Pipeline(output=[Names(hung, timeout_s=0.02)])
    start = time.monotonic()
    with pytest.raises(ComponentFailed, match="names failed in stage output: TimeoutError"):
        pipeline.wrap(echo)("secret")
    with pytest.raises(ComponentFailed, match="names failed in stage output: TimeoutError"):
        asyncio.run(pipeline.wrap(ask)("secret"))
    assert time.monotonic() - start < 5


def test_the_same_thread_is_used_again() -> None:
    seen: set[str] = set()

    def note(text: str) -> list[NamedSpan]:
        seen.add(str(threading.get_ident()))
        return []

    guard = Names(note)
    for _ in range(20):
        guard.check("x")
    assert len(seen) == 1
    assert str(threading.get_ident()) not in seen


def test_many_threads_may_ask_at_once() -> None:
    guard = Names(by_list)
    found: list[str] = []

    def run() -> None:
        found.extend(guard.check(TEXT).text for _ in range(20))

    workers = [threading.Thread(target=run) for _ in range(8)]
    for worker in workers:
        worker.start()
    for worker in workers:
        worker.join()
    assert found == ["[PERSON] of [ORGANISATION] met ada in [PLACE]."] * 160


async def test_an_asynchronous_recogniser_works_in_asynchronous_calls() -> None:
    guard = Names(by_list_later)
    assert (await guard.check(TEXT)).text == Names(by_list).check(TEXT).text
    assert await Pipeline(input=[guard]).wrap(ask)(TEXT) == "[PERSON] of [ORGANISATION] met ada in [PLACE]."
    with pytest.raises(ConfigurationError, match="asynchronous"):
        Pipeline(input=[guard]).wrap(echo)


async def test_an_asynchronous_recogniser_that_fails_or_hangs_is_an_error() -> None:
    with pytest.raises(OSError, match="secret"):
        await Names(broken_later).check("secret")
    let_go = asyncio.Event()

    async def deaf(text: str) -> list[NamedSpan]:
        while not let_go.is_set():
            try:
                await asyncio.wait_for(asyncio.shield(let_go.wait()), 5)
            except asyncio.CancelledError:
                continue
        return []

    guard = Names(deaf, timeout_s=0.01)
    for _ in range(4):
        with pytest.raises(TimeoutError):
            await guard.check("secret")
    with pytest.raises(TooManyStuck):
        await guard.check("secret")
    let_go.set()
    await asyncio.sleep(0.05)
    assert (await guard.check("secret")).action is Action.ALLOW


def test_a_stream_is_held_to_its_end_and_then_guarded() -> None:
    def pieces(prompt: str) -> Iterator[str]:
        yield from ["Ada Love", "lace is", " here"]

    assert list(Pipeline(output=[Names(by_list)]).wrap(pieces)("x")) == ["[PERSON] is here"]
    with pytest.raises(GuardBlocked):
        list(Pipeline(output=[Names(by_list, action="block")]).wrap(pieces)("x"))


@pytest.mark.parametrize(
    ("recogniser", "parameters", "problem"),
    [
        (None, {}, "takes a function of one text, not an object of type NoneType"),
        (Answers, {}, "takes a function of one text, not the class Answers"),
        (threading.active_count, {}, "must be callable with one argument, the text"),
        (by_list, {"entities": ["PERSON", "DATE"]}, "(entities=...): 'DATE' is not one of PERSON, PLACE, ORGANISATION"),
        (by_list, {"entities": []}, "would find nothing"),
        (by_list, {"threshold": 1.1}, "(threshold=1.1) must be a number from 0 to 1"),
        (by_list, {"timeout_s": 0}, "(timeout_s=0) must be above 0"),
        (by_list, {"timeout_s": float("inf")}, "must be above 0, and finite"),
        (by_list, {"allow": "Acme"}, "(allow=...) takes a list of strings, not str"),
        (by_list, {"allow": ["Acme", " "]}, "(allow=...): item 1 is not a name"),
        (by_list, {"action": "truncate"}, "must be one of 'block', 'flag', 'hash', 'mask', 'redact'"),
        (by_list, {"hash_key": "k" * 16}, "is used by action='hash' alone"),
        (by_list, {"action": "hash", "hash_key": "k"}, "must be at least 16 bytes long"),
    ],
)
def test_what_cannot_work_is_refused_when_built(recogniser: Any, parameters: dict[str, Any], problem: str) -> None:
    with pytest.raises(ConfigurationError, match=re.escape(problem)):
        Names(recogniser, **parameters)


def test_an_asynchronous_generator_is_no_recogniser() -> None:
    async def one_by_one(text: str) -> Any:
        yield (0, 1, "PERSON")

    with pytest.raises(ConfigurationError, match="return a list instead of yielding"):
        Names(one_by_one)


def test_in_a_policy_file_its_recogniser_is_named_by_its_module() -> None:
    pipeline = Pipeline(input=[Names(by_list)])
    assert pipeline.policy()["input"] == [{"guard": "names", "recogniser": f"{__name__}:by_list"}]
    assert Pipeline.from_policy(pipeline.policy()) == pipeline


def test_a_recogniser_that_no_module_holds_has_no_place_in_one() -> None:
    with pytest.raises(ConfigurationError, match=re.escape("input[0].recogniser: <lambda> has no place in a policy")):
        Pipeline(input=[Names(lambda text: [])]).policy()
    with pytest.raises(ConfigurationError, match="recogniser: is missing"):
        Pipeline.from_policy({"version": 1, "input": [{"guard": "names"}]})


def test_it_is_a_guard_and_a_value() -> None:
    guard = Names(by_list)
    assert isinstance(guard, Guard)
    guard.check(TEXT)
    assert guard == Names(by_list) != Names(by_list, threshold=0.6)
    assert pickle.loads(pickle.dumps(guard)).check(TEXT).text == guard.check(TEXT).text
    assert pickle.loads(pickle.dumps(Names(by_list_later))) == Names(by_list_later)
