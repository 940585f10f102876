"""Token counts are those of the tokenizer, for a fraction of its cost."""

from __future__ import annotations

import json
import os
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from doubling import cost_s, grows_faster
from genai_guard.text import tokens
from genai_guard.text.tokens import Count, RunningCount, at_least, byte_size, count, fits, truncate, whole_characters
from genai_guard.text.vocabulary import ENCODINGS, load
from text.texts import texts

WORDS = [
    "the ",
    "cat",
    " sat on ",
    "it's ",
    "WELL",
    "\n\n",
    "  ",
    "😀",
    "é",
    "爆弾",
    "12345",
    "{'a': 1}",
    "<|endoftext|>",
    "\ud800",
]
long_texts = st.lists(st.sampled_from(WORDS), max_size=60).map("".join)
encodings = st.sampled_from(sorted(ENCODINGS))
LICENSE = Path(__file__).parents[2].joinpath("LICENSE").read_text(encoding="utf-8")


def exact(text: str, encoding: str = "o200k_base") -> int:
    encoder = load(encoding)
    assert encoder is not None
    return len(encoder.encode_ordinary(text))


@given(texts | long_texts, encodings)
def test_a_count_is_that_of_the_tokenizer(text: str, encoding: str) -> None:
    assert count(text, encoding=encoding) == Count(exact(text, encoding), exact=True)


@given(long_texts, encodings, st.integers(1, 30))
def test_slices_change_no_exact_count(text: str, encoding: str, size: int) -> None:
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(tokens, "_SLICE", size)
        counted = count(text, encoding=encoding)
    assert not counted.exact or counted.tokens == exact(text, encoding)


def test_a_text_of_words_is_sliced_without_loss() -> None:
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(tokens, "_SLICE", 100)
        assert count(LICENSE) == Count(exact(LICENSE), exact=True)


@given(texts | long_texts, st.integers(1, 60), encodings)
def test_a_text_fits_if_the_tokenizer_says_so(text: str, limit: int, encoding: str) -> None:
    assert fits(text, limit, encoding=encoding) == (exact(text, encoding) <= limit)


@given(texts | long_texts, encodings)
def test_bytes_bound_tokens_on_both_sides(text: str, encoding: str) -> None:
    assert at_least(byte_size(text)) <= exact(text, encoding) <= byte_size(text)


@pytest.mark.parametrize("encoding", ENCODINGS)
def test_no_token_is_longer_than_128_bytes(encoding: str) -> None:
    encoder = load(encoding)
    assert encoder is not None
    assert max(map(len, encoder.token_byte_values())) == 128


@given(texts | long_texts, st.integers(1, 40), encodings)
def test_a_truncated_text_is_a_beginning_that_fits(text: str, limit: int, encoding: str) -> None:
    cut = truncate(text, limit, encoding=encoding)
    assert text.startswith(cut)
    assert exact(cut, encoding) <= limit
    assert cut == text or exact(text, encoding) > limit


def test_truncating_keeps_all_the_tokens_that_it_may() -> None:
    assert exact(truncate(LICENSE, 500)) == 500


@pytest.mark.parametrize(
    ("text", "end", "whole"),
    [
        ("abc", 2, 2),
        ("e\u0301x", 1, 0),
        ("a👨\u200d👩x", 2, 1),
        ("a👨\u200d👩x", 3, 1),
        ("❤\ufe0f", 1, 0),
        ("ab", 2, 2),
        ("", 0, 0),
    ],
)
def test_a_character_is_not_torn_from_its_marks(text: str, end: int, whole: int) -> None:
    assert whole_characters(text, end) == whole


def test_special_tokens_in_a_text_are_counted_as_text() -> None:
    assert count("<|endoftext|>").tokens > 1


@settings(max_examples=60)
@given(long_texts, st.integers(1, 60), st.integers(1, 9), encodings)
def test_a_running_count_says_when_the_limit_is_passed(text: str, limit: int, step: int, encoding: str) -> None:
    running = RunningCount(limit, encoding=encoding)
    for start in range(0, len(text), step):
        still = running.feed(text[start : start + step])
        if still is not None:
            assert exact(text[: start + step], encoding) > limit
            assert exact(text[: start + still], encoding) <= limit + 2
            return
    assert exact(text, encoding) <= limit


@pytest.mark.parametrize("unit", ["a", "é", "😀", " ", "\n", "!", "x7", "word "])
def test_counting_is_linear(unit: str) -> None:
    count("warm up")
    text = unit * (100_000 // len(unit))
    assert not grows_faster(count, text.__mul__)


def test_bytes_decide_without_a_tokenizer() -> None:
    long = "a" * 50_000_000
    assert not fits(long, 4_000)
    assert fits("a" * 3_000, 3_000)
    assert cost_s(lambda text: fits(text, 4_000), long) < 0.05


def test_counting_stops_above_the_limit() -> None:
    counted = count("some words " * 100_000, limit=1_000)
    assert 1_000 < counted.tokens < 20_000
    assert not counted.exact


@pytest.mark.parametrize(
    ("text", "low", "high"),
    [
        (LICENSE, 1.0, 1.6),
        (Path(os.__file__).read_text(encoding="utf-8"), 1.0, 1.6),
        (json.dumps([{"id": n, "name": f"user{n}", "ok": True} for n in range(99)]), 1.0, 1.6),
        ("我们已经收到您的请求\uff0c将在两个工作日内回复。" * 9, 1.0, 2.5),
        ("Мы получили ваш запрос и ответим в течение двух дней. " * 9, 1.0, 3.0),
        (" ".join(str(n * 7919) for n in range(99)), 1.0, 1.6),
        ("😀🎉👍🏽" * 20, 0.9, 2.0),
    ],
)
def test_an_estimate_is_seldom_too_low_and_never_far_too_high(text: str, low: float, high: float) -> None:
    estimate = tokens._Estimate("o200k_base").size(text)
    assert low <= estimate / exact(text) <= high


@given(texts | long_texts, st.integers(0, 40))
def test_an_estimated_head_fits(text: str, limit: int) -> None:
    estimate = tokens._Estimate("o200k_base")
    assert estimate.size(text[: estimate.head(text, limit)]) <= limit
