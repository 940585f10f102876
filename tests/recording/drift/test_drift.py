"""`profile` and `drift`: which columns the tables have, what is compared with what, and what is said of it."""

from __future__ import annotations

import csv
import io
import json
import random
import re
from collections.abc import Callable
from itertools import pairwise
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from drifting import WORDS, row, texts, traffic
from genai_guard import ConfigurationError, InferenceLog, MetricsRecorder, Pipeline
from genai_guard.guards import PII
from genai_guard.recording.drift import FEATURES, Baseline, DriftTable, Feature, drift, profile
from genai_guard.testing import FakeLLM

PROFILE = """window, log_type, logging_table_commit_version, monitor_version, granularity, slice_key, slice_value, column_name,
data_type, count, num_nulls, avg, quantiles, min, max, stddev, num_zeros, num_nan, min_length, max_length, avg_length,
non_null_columns, frequent_items, median, distinct_count, percent_nan, percent_null, percent_zeros, percent_distinct"""
DRIFT = """window, granularity, monitor_version, slice_key, slice_value, column_name, data_type, window_cmp, drift_type,
count_delta, avg_delta, percent_null_delta, percent_zeros_delta, percent_distinct_delta, non_null_columns_delta, js_distance,
ks_test, wasserstein_distance, population_stability_index, chi_squared_test, tv_distance, l_infinity_distance"""
OWN = [
    "energy_test",
    "test",
    "count",
    "count_cmp",
    "p_value",
    "p_corrected",
    "effect",
    "effect_size",
    "new_items",
    "verdict",
]


def names(listed: str) -> list[str]:
    return listed.replace("\n", " ").replace(" ", "").split(",")


def numbers(values: Any, **more: Any) -> list[dict[str, Any]]:
    return [row(number, output_tokens=value, **more) for number, value in enumerate(values)]


def verdicts(table: DriftTable) -> dict[str, str | None]:
    return {each.column_name: each.verdict for each in table if each.verdict}


QUICK = [name for name in FEATURES if not name.endswith("_language")]
"""All but those that take most of the time."""


@pytest.fixture(scope="module")
def usual() -> Baseline:
    return Baseline.of(traffic(1200, seed=1), features=QUICK)


def test_the_columns_are_those_of_databricks_and_ours_come_behind() -> None:
    rows = numbers(range(10))
    assert list(profile(rows, features=["model"]).columns) == names(PROFILE)
    assert list(drift(rows, baseline=rows, features=["model"]).columns) == names(DRIFT) + OWN


def test_a_profile_says_of_numbers_what_numpy_says() -> None:
    values = np.random.default_rng(3).lognormal(3, 1, 501)
    values[7] = 0.0
    rows = [*numbers(values), row(output_tokens=None), row(output_tokens=float("inf"))]
    whole, found = profile(rows, features=["output_tokens"])
    assert (whole.count, whole.column_name, whole.non_null_columns) == (503, ":table", ["output_tokens"])
    assert (found.count, found.num_nulls, found.num_nan, found.num_zeros) == (501, 1, 1, 1)
    assert (found.avg, found.stddev) == pytest.approx((values.mean(), values.std(ddof=1)))
    assert found.quantiles == pytest.approx(np.quantile(values, np.arange(11) / 10))
    assert (found.min, found.max, found.median) == (0.0, values.max(), np.median(values))
    assert found.percent_null == pytest.approx(100 / 503)
    assert found.distinct_count == 501


def test_a_profile_says_of_labels_and_words_which_are_frequent() -> None:
    rows = [row(model="ab"[n % 3 == 0], request=texts(("user", f"my parcel{n} is late"))) for n in range(9)]
    found = {each.column_name: each for each in profile(rows, features=["model", "prompt_vocabulary"])}
    assert found["model"].frequent_items == [{"item": "a", "count": 6}, {"item": "b", "count": 3}]
    assert found["prompt_vocabulary"].frequent_items == [{"item": "late", "count": 9}]
    assert found["prompt_vocabulary"].min_length == len("my parcel0 is late")


def test_windows_begin_at_full_hours_and_weeks_on_mondays() -> None:
    rows = [row(hour) for hour in (0, 1, 1, 30)]
    starts = [
        each.window["start"] for each in profile(rows, granularity="1 hour", features=["latency_ms"]) if each.window
    ]
    assert starts[::2] == ["2026-01-01T00:00:00+00:00", "2026-01-01T01:00:00+00:00", "2026-01-02T06:00:00+00:00"]
    week = next(iter(profile(rows, granularity="1 week", features=["latency_ms"])))
    assert week.window == {"start": "2025-12-29T00:00:00+00:00", "end": "2026-01-05T00:00:00+00:00"}


def test_rows_without_a_time_belong_to_no_window_and_are_counted() -> None:
    found = profile([row(), {"latency_ms": 3.0}], granularity="1 day", features=["latency_ms"])
    assert found.left_out == {"no request_time": 1}
    assert "left out: 1 calls (no request_time)" in str(found)


def test_slices_are_columns_and_conditions() -> None:
    rows = numbers([100, 600, 700], tenant="acme") + numbers([1])
    found = profile(rows, features=["output_tokens"], slices=["tenant", "output_tokens > 500"])
    counts = {(each.slice_key, each.slice_value): each.count for each in found if each.column_name == "output_tokens"}
    assert counts == {
        (None, None): 4, ("tenant", "acme"): 3, ("output_tokens > 500", "true"): 2, ("output_tokens > 500", "false"): 2,
    }  # fmt: skip


def test_a_thousand_values_of_a_slice_stay_fifty_and_the_rest() -> None:
    found = profile(
        [row(number, tenant=f"t{number}") for number in range(1000)], features=["latency_ms"], slices="tenant"
    )
    counts = {each.slice_value: each.count for each in found if each.column_name == "latency_ms"}
    assert len(counts) == 52
    assert counts["__other__"] == 950


def test_unchanged_traffic_has_not_drifted_and_longer_prompts_have(usual: Baseline) -> None:
    same = drift(traffic(600, seed=2), baseline=usual)
    assert same.drifted == ()
    assert same.summary() == "No drift in 13 tests at alpha 0.05."
    longer = drift(traffic(600, seed=3, factor=1.25), baseline=usual)
    assert {each.column_name for each in longer.drifted} >= {"prompt_chars", "prompt_words"}
    assert verdicts(longer)["latency_ms"] == "no drift"
    prompt = next(each for each in longer if each.column_name == "prompt_chars")
    assert (prompt.avg_delta or 0) > 10
    assert 0.1 < (prompt.effect_size or 0) < 0.4
    assert prompt.p_corrected is not None
    assert prompt.p_value is not None
    assert prompt.p_value < prompt.p_corrected < 0.001
    assert f"prompt_chars: cliffs_delta {prompt.effect_size:.2f}, p < 0.0001" in longer.summary()


def test_below_the_stated_number_there_is_insufficient_data_and_nothing_is_corrected_for_it(usual: Baseline) -> None:
    found = drift(traffic(499, seed=3, factor=3.0), baseline=usual)
    assert set(verdicts(found).values()) == {"insufficient data"}
    assert all(each.p_corrected is None for each in found)
    tested = drift(traffic(499, seed=3, factor=3.0), baseline=usual, min_n=100, features=["prompt_words"])
    assert verdicts(tested) == {"prompt_words": "drift"}


def test_columns_without_any_value_are_left_out_unless_they_were_asked_for() -> None:
    calls = numbers(range(600))
    assert "reply_chars" not in verdicts(drift(calls, baseline=calls))
    assert verdicts(drift(calls, baseline=calls, features=["reply_chars"])) == {"reply_chars": "insufficient data"}


def test_new_words_are_found_and_named(usual: Baseline) -> None:
    calls = traffic(600, seed=2)
    for number, call in enumerate(calls):
        prompt = json.loads(call["request"])["messages"][0]["content"]
        extra = " crypto wallet" if number % 8 == 0 else f" unique{number}" if number % 100 == 0 else ""
        call["request"] = texts(("user", prompt + extra))
    found = drift(calls, baseline=usual, features=["prompt_vocabulary"])
    assert verdicts(found) == {"prompt_vocabulary": "drift"}
    assert found.drifted[0].new_items == [{"item": "crypto", "count": 75}, {"item": "wallet", "count": 75}]
    assert "unique" not in found.to_json()


def test_a_new_model_is_a_label_that_was_not_there(usual: Baseline) -> None:
    calls = [
        call | {"model": "large"} if number % 10 == 0 else call for number, call in enumerate(traffic(600, seed=2))
    ]
    found = drift(calls, baseline=usual, features=["model"]).drifted[0]
    assert found.new_items == [{"item": "large", "count": 60}]
    assert (found.tv_distance, found.l_infinity_distance) == pytest.approx((0.1, 0.1))
    assert found.effect == "cramers_v"


def test_embeddings_by_a_function_of_the_caller_are_compared() -> None:
    def calls(shift: float) -> list[dict[str, Any]]:
        source = random.Random(shift)
        return [row(point=[source.gauss(shift, 1), source.gauss(0, 1)]) for _ in range(300)]

    meaning = Feature("meaning", lambda call: call.row["point"], kind="vector", needs_text=False)
    found = [drift(calls(shift), baseline=calls(0.0), features=[meaning], min_n=200) for shift in (0.01, 1.0)]
    assert [verdicts(each)["meaning"] for each in found] == ["no drift", "drift"]
    assert found[1].drifted[0].effect == "energy_coefficient"
    longer = [each | {"point": [*each["point"], 0.0]} for each in calls(0.0)]  # another model embeds
    other = drift(longer, baseline=calls(0.0), features=[meaning], min_n=200)
    assert verdicts(other)["meaning"] == "drift"
    assert json.loads(other.to_json())[1]["energy_test"] == {"statistic": None, "pvalue": 0.0}


def test_without_a_baseline_each_window_is_compared_with_the_one_right_before() -> None:
    days = [*traffic(500, seed=1), *traffic(500, seed=2, day=2), *traffic(500, seed=3, factor=1.4, day=3)]
    found = drift([*days, *traffic(500, seed=4, day=5)], granularity="1 day", features=["prompt_words"])
    compared = [(each.window, each.window_cmp, each.verdict, each.drift_type) for each in found if each.verdict]
    assert [verdict for *_, verdict, _ in compared] == ["no drift", "drift"]  # nothing comes right before the fifth
    assert compared[1][1] == {"start": "2026-01-02T00:00:00+00:00", "end": "2026-01-03T00:00:00+00:00"}
    assert {kind for *_, kind in compared} == {"CONSECUTIVE"}


def test_a_slice_is_compared_with_its_own_past_and_an_unknown_one_with_nothing() -> None:
    past = numbers([10, 20] * 300, tenant="acme")
    now = numbers([10, 20] * 300, tenant="acme") + numbers([90, 95] * 300, tenant="new")
    found = drift(now, baseline=past, features=["output_tokens"], slices=["tenant"])
    said = {each.slice_value: (each.verdict, each.count_cmp) for each in found if each.verdict}
    assert said == {None: ("drift", 600), "acme": ("no drift", 600), "new": ("insufficient data", 0)}


def test_p_values_are_corrected_for_the_number_of_tests(usual: Baseline) -> None:
    one = drift(traffic(600, seed=3, factor=1.15), baseline=usual, features=["prompt_words"])
    all_of_them = drift(traffic(600, seed=3, factor=1.15), baseline=usual)
    alone, among = (next(each for each in found if each.column_name == "prompt_words") for found in (one, all_of_them))
    assert alone.p_value == alone.p_corrected == among.p_value
    assert (among.p_corrected or 0) > 10 * (alone.p_corrected or 1)


def test_what_is_sure_but_small_is_no_drift_where_a_distance_is_asked_for() -> None:
    before, after = numbers(range(3000)), numbers(value + 250 for value in range(3000))
    assert verdicts(drift(after, baseline=before, features=["output_tokens"])) == {"output_tokens": "drift"}
    found = drift(after, baseline=before, features=["output_tokens"], min_distance=0.1)
    assert verdicts(found) == {"output_tokens": "no drift"}


def test_the_stability_index_alarms_only_where_that_was_asked_for_and_with_five_hundred_values() -> None:
    source = random.Random(2)
    before, few = numbers(source.gauss(0, 1) for _ in range(2000)), numbers(source.gauss(0, 1) for _ in range(60))
    many = numbers(source.gauss(0.13, 1) for _ in range(600))
    tight: dict[str, Any] = {"features": ["output_tokens"], "min_n": 50, "alpha": 1e-9}
    small = drift(few, baseline=before, psi_above=0.02, **tight)
    assert next(each.population_stability_index or 0 for each in small if each.verdict) > 0.1
    assert small.drifted == ()
    assert drift(many, baseline=before, **tight).drifted == ()
    assert len(drift(many, baseline=before, psi_above=0.01, **tight).drifted) == 1


def test_six_unchanged_features_rarely_alarm_and_a_quarter_more_is_seen() -> None:
    rng = np.random.default_rng(8)
    columns = [f"c{number}" for number in range(6)]

    def calls(count: int, factor: float = 1.0) -> list[dict[str, Any]]:
        drawn = rng.lognormal(5.0, 0.6, (count, 6)) * [factor, 1, 1, 1, 1, 1]
        return [dict(zip(columns, values, strict=True)) for values in drawn.tolist()]

    baselines = [Baseline.of(calls(1000), features=columns) for _ in range(2)]
    rounds = [baselines[number % 2] for number in range(16)]
    unchanged = [drift(calls(500), baseline=each, features=columns) for each in rounds]
    assert sum(bool(found.drifted) for found in unchanged) <= 3
    moved = [drift(calls(500, 1.25), baseline=each, features=columns) for each in rounds[:6]]
    assert all(verdicts(found)["c0"] == "drift" for found in moved)


def test_more_labels_than_are_counted_apart_are_no_drift_and_a_new_one_is_seen() -> None:
    def calls(count: int, seed: int, *new: str) -> list[dict[str, Any]]:
        chance = random.Random(seed)
        labels = [
            f"topic {chance.randrange(1000)}" if chance.random() > 0.1 * len(new) else new[0] for _ in range(count)
        ]
        return [row(number, model=label) for number, label in enumerate(labels)]

    usual = Baseline.of(calls(2000, 1), features=["model"])
    for seed in range(2, 6):
        _, unchanged = drift(calls(500, seed), baseline=usual, psi_above=0.1, alpha=0.001)
        assert (unchanged.verdict, unchanged.new_items) == ("no drift", None)
    (found,) = drift(calls(500, 7, "astrology"), baseline=usual, alpha=0.001).drifted
    assert found.data_type == "string"


def test_texts_of_two_kinds_that_take_turns_are_no_drift() -> None:
    kinds = (
        ["where", "is", "my", "parcel", "order", "lamp", "kettle"],
        ["classify", "intent", "label", "schema", "output", "strict"],
    )

    def calls(count: int, seed: int) -> list[dict[str, Any]]:
        chance = random.Random(seed)
        said = [" ".join(chance.choices(kinds[number % 2], k=6)) for number in range(count)]
        return [row(number, request=texts(("user", each))) for number, each in enumerate(said)]

    _, found = drift(calls(500, 1), baseline=calls(1000, 2), features=["prompt_vocabulary"])
    assert (found.count_cmp, found.verdict) == (500, "no drift")


@pytest.mark.parametrize("time", [float("nan"), float("inf"), 1.7e12, -1e12, "0001-01-01", "yesterday", True])
def test_a_call_whose_time_is_none_belongs_to_no_window(time: Any) -> None:
    calls = [row(request_time=time, output_tokens=1), row(output_tokens=2)]
    assert profile(calls, granularity="1 day", features=["output_tokens"]).left_out == {"no request_time": 1}
    assert profile(calls, features=["output_tokens"]).rows[0].count == 2


def test_the_table_is_text_html_json_csv_and_a_frame() -> None:
    rows = numbers(range(20), tenant="<b>\x1b[31m", model="small")
    table = drift(rows, baseline=rows, features=["output_tokens", "model"], slices=["tenant"], min_n=10)
    assert str(table).splitlines()[0].split()[:3] == ["window", "slice", "column"]
    assert "\x1b" not in str(table)
    html = table._repr_html_()
    assert "&lt;b&gt;" in html
    assert "<b>" not in html
    assert re.findall(r"text-align:(\w+);[^>]*>(?:column|now|verdict)<", html) == ["left", "right", "left"]
    listed = json.loads(table.to_json())
    assert [each["column_name"] for each in listed] == [":table", "output_tokens", "model"] * 2
    read = list(csv.DictReader(io.StringIO(table.to_csv())))
    assert json.loads(read[1]["ks_test"]) == listed[1]["ks_test"] == {"statistic": 0.0, "pvalue": 1.0}
    frame = pytest.importorskip("pandas") and table.to_pandas()
    assert list(frame.columns) == list(table.columns)
    assert len(frame) == len(table) == 6


def test_a_baseline_is_the_same_after_it_was_saved_and_its_file_holds_no_text(tmp_path: Path) -> None:
    calls = traffic(1200, seed=1)
    point = Feature("point", lambda call: [len(call.prompt), 1.0], kind="vector")
    features: list[Any] = ["prompt_chars", "prompt_vocabulary", "refusal", point]
    made = Baseline.of(calls, features=features, slices=["variant"])
    made.save(tmp_path / "usual.json")
    written = (tmp_path / "usual.json").read_text(encoding="utf-8")
    assert not any(word in written for word in WORDS)
    now = traffic(600, seed=5, factor=1.2)
    found = [
        drift(now, baseline=each, features=features, slices=["variant"])
        for each in (made, tmp_path / "usual.json", str(tmp_path / "usual.json"))
    ]
    assert found[0].rows == found[1].rows == found[2].rows
    assert repr(made) == "<Baseline of 1,200 calls from 2026-01-01T00:30:00+00:00, 4 features>"


def test_the_log_of_a_pipeline_is_compared_with_another_one(tmp_path: Path) -> None:
    def recorded(name: str, prompt: str) -> InferenceLog:
        log = InferenceLog(tmp_path / name)
        with MetricsRecorder(log=log) as recorder:
            pipeline = Pipeline(input=[PII(action="redact")], recorder=recorder)
            for number in range(60):
                pipeline.run(FakeLLM("It is on its way."), f"{prompt} {number}")
        return log

    before = recorded("before", "Where is my parcel?")
    now = recorded("now", "Where is my parcel? Please write to jo.harper@example.com about order")
    features = ["prompt_chars", "prompt_vocabulary", "guard_hits", "reply_chars", "status"]
    found = drift(now, baseline=str(before.path), min_n=50, features=features)
    said = verdicts(found)
    assert {said["prompt_chars"], said["prompt_vocabulary"], said["guard_hits"]} == {"drift", "insufficient data"}
    assert said["prompt_vocabulary"] == "insufficient data"  # thirty texts make the vocabulary, thirty are compared
    assert said["reply_chars"] == said["status"] == "no drift"
    assert "jo.harper" not in found.to_json() + profile(now, features=features).to_json()


USUAL = Baseline.of([row()], features=["model"])


@pytest.mark.parametrize(
    ("wrong", "message"),
    [
        (lambda: drift([]), "needs a baseline=, or a granularity="),
        (lambda: drift([], granularity="1 minute"), "5 minutes or longer"),
        (lambda: drift([], granularity="daily"), "'1 day'"),
        (lambda: drift([], baseline=[]), "there are no calls"),
        (lambda: drift([], baseline="nowhere.json"), "cannot be read"),
        (lambda: drift([], baseline=[row()], alpha=5), "alpha"),
        (lambda: drift([], baseline=[row()], min_n=1), "min_n"),
        (lambda: drift([], baseline=[row()], min_distance=1.0), "min_distance"),
        (lambda: drift([], baseline=[row()], psi_above=0), "psi_above"),
        (lambda: drift([], baseline=USUAL, features=["cost_usd"]), "does not know 'cost_usd', only model"),
        (lambda: drift([], baseline=USUAL, features=[Feature("model", str)]), "has a feature of kind 'label'"),
        (lambda: drift([], baseline=USUAL, slices=["variant"]), "is not told apart by 'variant'"),
        (lambda: profile([], slices=["a =="]), "condition"),
        (lambda: profile([], max_values=3), "max_values"),
    ],
)
def test_what_makes_no_sense_is_refused(wrong: Callable[[], object], message: str) -> None:
    with pytest.raises(ConfigurationError, match=message):
        wrong()


@pytest.mark.parametrize("content", ["", "[]", "{}", '{"format": 99, "cells": []}', '{"format": 1, "cells": [3]}'])
def test_a_file_that_is_no_baseline_is_refused(content: str, tmp_path: Path) -> None:
    path = tmp_path / "wrong.json"
    path.write_text(content, encoding="utf-8")
    with pytest.raises(ConfigurationError, match="no baseline of format 1"):
        Baseline.load(path)


def test_the_order_of_rows_does_not_matter_while_all_are_kept() -> None:
    calls = numbers(random.Random(1).choices(range(100), k=700))
    shuffled = random.Random(2).sample(calls, k=len(calls))
    tables = [drift(each, baseline=numbers(range(600)), granularity="1 week") for each in (calls, shuffled)]
    for one, other in zip(*tables, strict=True):
        assert one.ks_test == other.ks_test
        assert one.verdict == other.verdict
    assert all(a.window["start"] <= b.window["start"] for a, b in pairwise(tables[0]) if a.window and b.window)
