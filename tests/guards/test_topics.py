"""`Topics`: denied and allowed topics, by keywords and by vectors, and embedding functions that misbehave."""

from __future__ import annotations

import asyncio
import inspect
import pickle
import threading
from dataclasses import replace
from typing import Any

import pytest

from doubling import grows_faster
from genai_guard import ConfigurationError, GuardBlocked, Pipeline
from genai_guard.guards import Context, Topics
from genai_guard.guards.bounded import TooManyStuck
from genai_guard.messages import Part
from genai_guard.verdicts import Action
from guards.topics_texts import ALLOW, DENIED, DENY, NOT_DENIED, OFF_TOPIC, ON_TOPIC, SMALL_TALK

BANK, TRAVEL = Topics(DENY), Topics(allow=ALLOW)
EXAMPLES = {"cats": ["a cat", "two kittens"], "dogs": ["a dog", "some puppies"]}


def vector(text: str) -> list[float]:
    """How often a text speaks of cats, of dogs, and of neither."""
    words = text.lower().split()
    cats = sum(word.startswith(("cat", "kitten")) for word in words)
    dogs = sum(word.startswith(("dog", "pupp")) for word in words)
    return [float(cats), float(dogs), 0.0 if cats or dogs else 1.0]


def vectors(texts: list[str]) -> list[list[float]]:
    return [vector(text) for text in texts]


async def vector_later(text: str) -> list[float]:
    await asyncio.sleep(0)
    return vector(text)


async def vectors_later(texts: list[str]) -> list[list[float]]:
    return vectors(texts)


def rules(text: str, guard: Topics) -> list[str]:
    return [finding.rule for finding in guard.check(text).findings]


@pytest.mark.parametrize(("topic", "text"), [(topic, text) for topic, texts in DENIED.items() for text in texts])
def test_a_denied_topic_is_found(topic: str, text: str) -> None:
    assert f"topics.{topic}" in rules(text, BANK)


@pytest.mark.parametrize("text", NOT_DENIED)
def test_one_word_of_a_denied_topic_is_not_enough(text: str) -> None:
    assert rules(text, BANK) == []


@pytest.mark.parametrize("text", [*ON_TOPIC, *SMALL_TALK])
def test_what_is_about_an_allowed_topic_or_nothing_passes(text: str) -> None:
    assert rules(text, TRAVEL) == []


@pytest.mark.parametrize("text", OFF_TOPIC)
def test_what_is_about_something_else_is_off_topic(text: str) -> None:
    assert rules(text, TRAVEL) == ["topics.off_topic"]


def test_there_are_texts_enough() -> None:
    assert sum(map(len, DENIED.values())) + len(OFF_TOPIC) >= 45
    assert len(NOT_DENIED) + len(ON_TOPIC) + len(SMALL_TALK) >= 60


def test_a_finding_spans_the_keywords_that_stand_together() -> None:
    text = "Hello. Which stocks have dividends?" + " Bye." * 200 + " bond"
    (finding,) = BANK.check(text).findings
    assert finding.of(text) == "stocks have dividends"
    assert (finding.category, finding.detail, finding.score) == ("DENIED_TOPIC", "2 different keywords", 0.75)


def test_the_same_keyword_twice_counts_once() -> None:
    assert rules("stock stock stocks stock", BANK) == []
    assert rules("stock and bond", BANK) == ["topics.investing"]


def test_a_phrase_counts_like_two_words() -> None:
    assert rules("the stock market", BANK) == ["topics.investing"]
    assert rules("the stock market", Topics(DENY, min_keywords=3)) == []


def test_keywords_far_from_each_other_do_not_count_together() -> None:
    assert rules("stock " + "and so on " * 100 + "bond", BANK) == []


@pytest.mark.parametrize("written", ["boxes", "flies", "days", "BOXES", "b\u200boxes"])
def test_english_plurals_and_disguises_are_the_same_keyword(written: str) -> None:
    assert rules(written, Topics({"x": ["box", "fly", "day"]}, min_keywords=1)) == ["topics.x"]


def test_of_a_request_only_what_the_user_wrote_is_judged() -> None:
    text = "We do not talk about stocks and bonds."
    assert BANK.check_part(Part(text, "system"), Context("input")).action is Action.ALLOW
    assert BANK.check_part(Part(text, "user"), Context("input")).blocked
    assert BANK.check_part(Part(text, "assistant"), Context("output")).blocked


def test_in_a_pipeline_a_text_about_a_denied_topic_is_blocked() -> None:
    with pytest.raises(GuardBlocked, match=r"topics blocked the input: DENIED_TOPIC \(2 different keywords\)"):
        Pipeline(input=[BANK]).wrap(str.upper)("stocks or bonds?")


def test_vectors_say_what_a_text_is_about() -> None:
    guard = Topics({"cats": EXAMPLES["cats"]}, embed=vector)
    assert rules("three kittens", guard) == ["topics.cats"]
    assert rules("three puppies", guard) == []
    allowed = Topics(allow=EXAMPLES, embed=vector)
    assert rules("a dog", allowed) == []
    assert rules("tell me all about the stars and the planets", allowed) == ["topics.off_topic"]
    assert rules("hello there", allowed) == []


def test_lists_are_embedded_at_once_and_examples_with_the_first_text_alone() -> None:
    asked: list[list[str]] = []

    def embed(texts: list[str]) -> list[list[float]]:
        asked.append(texts)
        return vectors(texts)

    guard = Topics(EXAMPLES, embed=embed, batches=True)
    assert rules("cat", guard) == ["topics.cats"]
    assert rules("dog " * 1_200, guard) == ["topics.dogs"]
    assert [len(each) for each in asked] == [4, 1, 3]


@pytest.mark.parametrize(("embed", "batches"), [(vector_later, False), (vectors_later, True)])
async def test_an_asynchronous_embed_makes_an_asynchronous_guard(embed: Any, batches: bool) -> None:
    guard = Topics(EXAMPLES, embed=embed, batches=batches)
    assert inspect.iscoroutinefunction(guard.check)
    assert inspect.iscoroutinefunction(guard.check_part)
    assert [finding.rule for finding in (await guard.check("kittens")).findings] == ["topics.cats"]
    assert (await guard.check_part(Part("cat", "system"), Context("input"))).action is Action.ALLOW
    assert (await guard.check("")).action is Action.ALLOW


@pytest.mark.parametrize(
    ("answer", "error"),
    [
        (None, TypeError), (7, TypeError), ("text", ValueError), ([], ValueError), ([0.0, 0.0], ValueError),
        ([float("nan")], ValueError), ([float("inf")], ValueError), ([None], TypeError), ([[1.0]], TypeError),
    ],
)  # fmt: skip
def test_what_is_no_vector_is_an_error(answer: Any, error: type[Exception]) -> None:
    with pytest.raises(error, match=r"topics: embed (?:did not return|returned)"):
        Topics(EXAMPLES, embed=lambda text: answer).check("a secret")


def test_vectors_must_have_one_length_and_be_one_for_each_text() -> None:
    lengths = iter([2, 2, 2, 2, 3])
    guard = Topics(EXAMPLES, embed=lambda text: [1.0] * next(lengths))
    with pytest.raises(ValueError, match="different lengths"):
        guard.check("x")
    with pytest.raises(ValueError, match="not one for each text"):
        Topics(EXAMPLES, embed=lambda texts: [[1.0]], batches=True).check("x")


def test_an_embed_that_hangs_is_left_behind_and_after_four_not_asked_again() -> None:
    let_go = threading.Event()

    def hang(text: str) -> list[float]:
        let_go.wait(20)
        return [1.0]

    guard = Topics(EXAMPLES, embed=hang, timeout_s=0.02)
    for _ in range(4):
        with pytest.raises(TimeoutError):
            guard.check("x")
    with pytest.raises(TooManyStuck):
        guard.check("x")
    let_go.set()


def test_a_quick_embed_is_asked_without_a_thread() -> None:
    threads: list[str] = []

    def embed(text: str) -> list[float]:
        threads.append(threading.current_thread().name)
        return vector(text)

    guard = Topics(EXAMPLES, embed=embed, blocking=False)
    guard.check("cat")
    assert set(threads) == {threading.current_thread().name}
    assert (BANK.blocking, guard.blocking, Topics(EXAMPLES, embed=embed).blocking) == (False, False, True)


@pytest.mark.parametrize(
    ("parameters", "message"),
    [
        ({}, "has nothing to look for: give it deny or allow"),
        ({"deny": ["politics"]}, "takes a mapping such as"),
        ({"deny": {"x": "word"}}, "'x' takes a list of strings, not str"),
        ({"deny": {"x": []}}, "'x' has no keywords"),
        ({"deny": {"x": ["a", " "]}}, "'x': item 1 is no word"),
        ({"allow": {"x": [1]}}, "'x': item 0 is no word"),
        ({"deny": {"": ["a"]}}, "is no name of a topic"),
        ({"deny": {"x": ["a"]}, "allow": {"x": ["b"]}}, "'x' is both allowed and denied"),
        ({"deny": {"x": ["a"]}, "min_keywords": 0}, "min_keywords=0"),
        ({"deny": {"x": ["a"]}, "min_words": 1.5}, "min_words=1.5"),
        ({"deny": {"x": ["a"]}, "threshold": 2}, "threshold=2"),
        ({"deny": {"x": ["a"]}, "timeout_s": -1}, "timeout_s=-1"),
        ({"deny": {"x": ["a"]}, "embed": "model"}, "takes a function of text, not an object of type str"),
        ({"deny": {"x": ["a"]}, "action": "redact"}, "must be one of 'block', 'flag'"),
    ],
)
def test_a_wrong_parameter_is_told(parameters: dict[str, Any], message: str) -> None:
    with pytest.raises(ConfigurationError, match=message):
        Topics(**parameters)


def test_equal_parameters_make_equal_guards_that_can_be_pickled() -> None:
    assert Topics(DENY) == BANK == replace(BANK)
    assert hash(Topics(DENY)) == hash(BANK)
    assert rules("stocks or bonds", pickle.loads(pickle.dumps(BANK))) == ["topics.investing"]
    assert pickle.loads(pickle.dumps(Topics(EXAMPLES, embed=vector))).check("cat").blocked


@pytest.mark.parametrize(
    "unit", ["stock ", "stock bond ", "stock market ", "stock and so on ", "x ", "票", "s t o c k "]
)
def test_doubling_a_text_at_most_doubles_the_time(unit: str) -> None:
    guard = Topics(DENY, allow=ALLOW)
    half = unit * (12_000 // len(unit))
    assert not grows_faster(guard.check, half.__mul__)
