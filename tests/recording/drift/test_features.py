"""What is read of a call, and what becomes of what cannot be read."""

from __future__ import annotations

import json
import random
from decimal import Decimal
from typing import Any

import numpy as np
import pytest

from drifting import REFUSAL, row, texts
from genai_guard import ConfigurationError
from genai_guard.messages import Caller, Part, Usage
from genai_guard.recording import Event, Redactor
from genai_guard.recording.drift import FEATURES, Call, Feature, guard_hit, profile
from genai_guard.recording.drift.columns import LabelColumn, NumberColumn, VectorColumn, WordsColumn
from genai_guard.recording.drift.features import default_features
from genai_guard.recording.rows import row as row_of
from genai_guard.verdicts import Action, Finding, Verdict


def read(name: str, **values: Any) -> Any:
    return FEATURES[name].read(Call(row(**values)))


def test_lengths_are_those_of_what_was_said_last_and_of_the_reply() -> None:
    request = texts(("system", "Be brief."), ("user", "an old question"), ("assistant", "ok"), ("user", "how are you"))
    call = {"request": request, "response": texts(("assistant", "fine, thanks"))}
    assert [read(f"{side}_{unit}", **call) for side in ("prompt", "reply") for unit in ("chars", "words")] == [
        11, 3, 12, 2,
    ]  # fmt: skip


def test_without_texts_there_is_no_length_and_no_refusal() -> None:
    assert [read(name) for name in ("prompt_chars", "reply_words", "refusal", "reply_language")] == [None] * 4


def test_a_plain_text_in_the_column_is_a_text_too() -> None:
    assert read("prompt_words", request="three plain words") == 3


def test_thoughts_and_arguments_of_tools_are_no_reply() -> None:
    messages = [{"role": "assistant", "content": "hm", "kind": "reasoning"}, {"role": "assistant", "content": "yes"}]
    assert read("reply_chars", response=json.dumps({"messages": messages})) == 3


def test_calls_that_did_not_reach_the_model_have_no_latency() -> None:
    assert read("latency_ms", model_ms=0.0, status="blocked") is None
    assert read("latency_ms") == 100.0


def test_guards_that_found_something_are_named_and_those_that_failed_are_not() -> None:
    verdicts = [{"guard": name, "action": action} for name, action in (("secrets", "block"), ("pii", "redact"))]
    assert read("guard_hits", verdicts=[*verdicts, {"guard": "judge", "action": "error"}]) == "pii+secrets"
    assert read("guard_hits", verdicts=json.dumps(verdicts)) == "pii+secrets"
    assert read("guard_hits") == "none"
    assert [guard_hit(name).read(Call(row(verdicts=verdicts))) for name in ("pii", "judge")] == [True, False]


def test_numbers_of_other_libraries_are_numbers() -> None:
    values = (Decimal("1.5"), np.int64(2), np.float32(0.5), True, "3", None)
    assert [read("output_tokens", output_tokens=value) for value in values] == [1.5, 2.0, 0.5, 1.0, None, None]


def test_refusals_and_languages_are_told() -> None:
    assert read("refusal", response=texts(("assistant", REFUSAL))) is True
    german = "Wo bleibt meine Bestellung? Sie wurde vor zwei Wochen verschickt und ist nicht angekommen."
    assert read("prompt_language", request=texts(("user", german))) == "de"


def test_the_row_of_an_event_has_all_that_features_read() -> None:
    event = Event(
        1.7e9, "r", model="small", latency_s=0.25, model_s=0.2, first_token_s=0.05, cost_usd=0.01, usage=Usage(7, 9),
        caller=Caller(user="u"), verdicts=(Verdict(Action.FLAG, findings=(Finding("pii.x", "X"),), guard="pii"),),
        request=(Part("hello there"),), response=(Part("good day", "assistant"),), finish_reason="stop",
    )  # fmt: skip
    call = Call(row_of(Redactor().event(event)))
    found = {each.name: each.read(call) for each in default_features() if not each.name.endswith("_language")}
    assert found == {
        "prompt_chars": 11, "prompt_words": 2, "reply_chars": 8, "reply_words": 2, "input_tokens": 7.0,
        "output_tokens": 9.0, "cost_usd": 0.01, "latency_ms": 250.0, "first_token_ms": 50.0, "status": "ok",
        "model": "small", "variant": None, "finish_reason": "stop", "guard_hits": "pii", "refusal": False,
        "prompt_vocabulary": "hello there", "reply_vocabulary": "good day",
    }  # fmt: skip


def test_a_feature_that_fails_is_counted_and_the_others_are_read() -> None:
    def broken(call: Call) -> float:
        raise KeyError(call.prompt)

    wrong = Feature("wrong", lambda call: "text")
    short = Feature("short", lambda call: [1.0] * (1 + (call.row["request_id"] == "r3")), kind="vector")
    made: list[Any] = [Feature("broken", broken), wrong, short, "output_tokens"]
    found = profile([row(number, output_tokens=3) for number in range(4)], features=made)
    assert found.failures == {"broken.KeyError": 4, "wrong.TypeError": 4, "short.ValueError": 1}
    assert {each.column_name: each.count for each in found} == {
        ":table": 4, "broken": 0, "wrong": 0, "short": 3, "output_tokens": 4,
    }  # fmt: skip


@pytest.mark.parametrize(
    ("features", "message"),
    [
        ([], "would watch nothing"),
        (["latency_ms", "latency_ms"], "'latency_ms' twice"),
        ([3], "takes names and Feature"),
        (["drifting:row"], "leads to no Feature"),
        (["nowhere:row"], "there is no module 'nowhere'"),
    ],
)
def test_what_is_no_feature_is_refused(features: list[Any], message: str) -> None:
    with pytest.raises(ConfigurationError, match=message):
        profile([], features=features)


def test_a_feature_needs_a_name_a_function_and_a_kind_there_is() -> None:
    made: Any = Feature
    for name, read, kind in (("", str, "number"), ("x", 3, "number"), ("x", str, "text")):
        with pytest.raises(ConfigurationError):
            made(name, read, kind=kind)


def test_counts_means_and_extremes_stay_exact_when_values_are_sampled() -> None:
    column = NumberColumn(50, random.Random(0))
    for value in range(1000):
        column.add(value)
    column.add(float("nan"))
    assert (column.count, column.nans, column.least, column.most) == (1000, 1, 0, 999)
    assert (column.mean, column.stddev) == pytest.approx((499.5, 288.8194), abs=1e-4)
    assert len(column.kept) == 50
    assert column.distinct is None
    assert 350 < sum(column.kept) / 50 < 650


def test_memory_is_bounded_whatever_comes() -> None:
    chance = random.Random(0)
    labels, words, vectors = LabelColumn(5000, chance), WordsColumn(5000, chance), VectorColumn(5000, chance)
    for number in range(3000):
        labels.add(f"label {number}")
        vectors.add((number, 1.0))
        text = words.read(f"word{number} and more")
        assert text is not None
        words.add(text)
    assert len(labels.counts) <= 201
    assert labels.counts["__other__"] == 2800
    assert len(words.kept) == 2000
    assert len(vectors.kept) == 512
