"""A conversation's texts are scanned once, and what was found in them is what would be found again."""

from __future__ import annotations

import threading
from collections.abc import Sequence

import pytest

from genai_guard import Pipeline
from genai_guard.guards import PII
from genai_guard.guards.screen import Screen
from genai_guard.messages import Part
from genai_guard.text import Match, Scanner
from genai_guard.text import recall as module
from genai_guard.text.recall import Recall

LONG = "please write to bob@example.com about the order of last week, and to nobody else"


class Counting:
    """Finds one match in every text, and counts how often it is asked."""

    def __init__(self) -> None:
        self.asked: list[str] = []

    def __call__(self, text: str) -> Sequence[Match]:
        self.asked.append(text)
        return [Match(0, len(text), 0)]


def test_a_text_is_looked_at_once() -> None:
    find = Counting()
    recall = Recall(find)
    assert recall(LONG) == recall("".join(LONG)) == [Match(0, len(LONG), 0)]
    assert find.asked == [LONG]


def test_texts_that_differ_are_told_apart() -> None:
    find = Counting()
    recall = Recall(find)
    assert recall(LONG) != recall(LONG + "!")
    assert len(find.asked) == 2


def test_a_short_text_is_looked_at_each_time() -> None:
    find = Counting()
    recall = Recall(find)
    recall("short")
    recall("short")
    assert find.asked == ["short", "short"]


def test_what_is_kept_is_bounded_and_what_is_asked_for_again_stays(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(module, "_MOST", 10)
    find = Counting()
    recall = Recall(find)
    for number in range(200):
        recall(f"{LONG} {number}")
        recall(LONG)
        assert len(recall._young) + len(recall._old) <= 20
    assert find.asked.count(LONG) == 1
    recall(f"{LONG} 0")
    assert find.asked.count(f"{LONG} 0") == 2


def test_a_failure_is_not_remembered() -> None:
    answers: list[Exception | list[Match]] = [ValueError("no"), []]

    def find(text: str) -> Sequence[Match]:
        answer = answers.pop(0)
        if isinstance(answer, Exception):
            raise answer
        return answer

    recall = Recall(find)
    with pytest.raises(ValueError, match="no"):
        recall(LONG)
    assert recall(LONG) == []


def test_no_text_is_kept() -> None:
    recall = Recall(Counting())
    recall(LONG)
    assert "bob" not in repr(list(recall._young))


def test_threads_get_the_same_answers() -> None:
    recall = Recall(lambda text: [Match(0, len(text), 0)])
    wrong: list[str] = []

    def ask(first: int) -> None:
        for number in range(first, first + 3_000):
            text = f"{LONG} {number % 2_500}"
            if recall(text) != [Match(0, len(text), 0)]:
                wrong.append(text)

    threads = [threading.Thread(target=ask, args=(first,)) for first in range(0, 2_000, 500)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert not wrong


def test_the_messages_of_a_conversation_are_scanned_once(monkeypatch: pytest.MonkeyPatch) -> None:
    screen = Screen([PII()], "input")
    assert screen.views is not None
    scanned: list[str] = []
    scan = type(screen.views.scanner).find

    def counted(scanner: Scanner, text: str) -> Sequence[Match]:
        scanned.append(text)
        return scan(scanner, text)

    monkeypatch.setattr(type(screen.views.scanner), "find", counted)
    history = [f"{LONG}, message {number}" for number in range(4)]
    for turn in range(1, 5):
        judgement = screen.judge([Part(text, "user", where=f"messages[{n}]") for n, text in enumerate(history[:turn])])
        assert judgement is not None
        assert all("[EMAIL]" in text for text in judgement.texts)
    # The first turn is a single text, of which nothing is kept.
    assert sorted(scanned) == sorted([*history, history[0]])


def test_another_policy_has_a_memory_of_its_own() -> None:
    messages = [{"role": "user", "content": LONG}, {"role": "user", "content": LONG}]

    def ask(messages: list[dict[str, str]]) -> str:
        return messages[-1]["content"]

    redacting, flagging = Pipeline(input=[PII(action="redact")]), Pipeline(input=[PII(action="flag")])
    for _ in range(2):
        assert "[EMAIL]" in redacting.run(ask, messages).value
        assert "bob@example.com" in flagging.run(ask, messages).value
