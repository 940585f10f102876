from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from genai_guard.messages import Part
from genai_guard.recording import Event
from genai_guard.routing.shadow import similarity
from genai_guard.routing.shadow.comparing import COMPARISONS, compared


def reply(text: str | None, *, model_s: float = 0.0, cost_usd: float | None = None) -> Event:
    response = () if text is None else (Part(text, "assistant"),)
    return Event(0.0, "r", model_s=model_s, cost_usd=cost_usd, response=response)


def test_differences_are_copy_minus_call() -> None:
    values = compared(
        reply("one two", model_s=0.5, cost_usd=1.0), reply("one", model_s=2.0, cost_usd=1.5), tuple(COMPARISONS)
    )

    assert values == {"length_chars": -4, "latency_ms": 1500, "cost_usd": 0.5, "similarity": pytest.approx(2 / 3)}


def test_what_is_not_known_is_not_compared() -> None:
    assert compared(reply("one"), reply(None), tuple(COMPARISONS)) == {"latency_ms": 0.0}


def test_only_what_was_asked_for_is_compared() -> None:
    assert compared(reply("one"), reply("one"), ("similarity",)) == {"similarity": 1.0}


def test_similarity_counts_common_words_whatever_their_case_and_order() -> None:
    assert similarity("The sea is blue", "is THE sea blue?") == 1.0
    assert similarity("the sea", "a hill") == 0.0
    assert similarity("a a b", "a b b") == pytest.approx(2 / 3)


@given(st.text(), st.text())
def test_similarity_is_symmetric_and_from_0_to_1(first: str, second: str) -> None:
    assert similarity(first, second) == similarity(second, first)
    assert 0.0 <= similarity(first, second) <= 1.0
    assert similarity(first, first) == 1.0


def test_similarity_reads_no_more_than_20_000_characters() -> None:
    assert similarity("a " * 10_000 + "b " * 100_000, "a " * 10_000) == 1.0
