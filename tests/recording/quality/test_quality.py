"""Proxies of quality: what they say of replies, and that they are profiled and compared like anything else."""

from __future__ import annotations

from typing import Any

import pytest

from drifting import REFUSAL, row, texts
from genai_guard import ConfigurationError
from genai_guard.recording.drift import Call, drift, profile
from genai_guard.recording.quality import QUALITY, distinct_n, guard_score

SOURCE = "Context: The shop in the harbour opens at nine and closes at five. Parcels are kept for two weeks."


def read(name: str, **values: Any) -> Any:
    return QUALITY[name].read(Call(row(**values)))


def reply(text: str) -> str:
    return texts(("assistant", text))


@pytest.mark.parametrize(("text", "one", "two"), [("a b c d", 1.0, 1.0), ("A a a a", 0.25, 1 / 3), ("", None, None)])
def test_distinct_n_is_the_share_of_different_runs(text: str, one: float | None, two: float | None) -> None:
    assert (distinct_n(text, 1), distinct_n(text, 2)) == (one, two)


def test_replies_that_loop_or_refuse_are_told() -> None:
    loop = reply("the parcel is late and " * 40)
    assert (read("repetition", response=loop), read("repetition", response=reply("All is well."))) == (True, False)
    assert (read("refusal", response=reply(REFUSAL)), read("refusal", response=loop)) == (True, False)
    assert [read(name) for name in ("repetition", "refusal", "distinct_1", "groundedness")] == [None] * 4


def test_groundedness_is_the_share_of_sentences_with_words_of_the_sources() -> None:
    request = texts(("user", SOURCE), ("user", "When does the shop open?"))
    said = "The shop opens at nine. Penguins swim across frozen oceans every winter."
    assert read("groundedness", request=request, response=reply(said)) == 0.5
    assert read("groundedness", request=texts(("user", "When?")), response=reply(said)) is None


def test_the_score_of_a_judge_is_that_of_what_it_found() -> None:
    found = {"guard": "judge", "action": "flag", "error": None, "findings": [{"score": 0.4}, {"score": 0.9}]}
    assert read("judge_score", verdicts=[found]) == 0.9
    assert read("judge_score", verdicts=[found | {"guard": "tone"}]) == 0.0
    assert read("judge_score", verdicts=[found | {"error": "JudgeFailed", "findings": []}]) is None
    assert guard_score("tone").name == "tone_score"
    with pytest.raises(ConfigurationError):
        guard_score("")


def test_quality_is_profiled_by_variant_and_watched_for_drift() -> None:
    good = [row(n, response=reply(f"Parcel {n} was sent on time today."), variant="a") for n in range(300)]
    bad = [row(n, response=reply(REFUSAL if n % 3 else "no no no no"), variant="b") for n in range(300)]
    table = profile([*good, *bad], features=[*QUALITY], slices=["variant"])
    refusals = {each.slice_value: each.frequent_items for each in table if each.column_name == "refusal"}
    assert refusals["a"] == [{"item": "false", "count": 300}]
    assert refusals["b"] == [{"item": "true", "count": 200}, {"item": "false", "count": 100}]
    found = drift(bad, baseline=good, features=["refusal", "distinct_2", "repetition"], min_n=100)
    assert {each.column_name: each.verdict for each in found if each.verdict} == {
        "refusal": "drift", "distinct_2": "drift", "repetition": "no drift",
    }  # fmt: skip
