"""Which calls are kept, and what their rows say of those that are not."""

from __future__ import annotations

from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from genai_guard.recording import InferenceLog, MetricsRecorder, Redactor
from genai_guard.recording.logs.sampling import evenly, is_sampled, weight
from recorders import call

IDS = [f"request {number}" for number in range(20_000)]


def test_the_sample_has_the_share_that_was_asked_for() -> None:
    for fraction in (0.01, 0.1, 0.5):
        kept = sum(is_sampled(each, fraction) for each in IDS)
        assert abs(kept - fraction * len(IDS)) < 4 * (len(IDS) * fraction * (1 - fraction)) ** 0.5


@given(st.text(), st.floats(0, 1), st.floats(0, 1))
def test_a_smaller_sample_is_part_of_a_larger_one(request_id: str, one: float, other: float) -> None:
    small, large = sorted((one, other))

    assert is_sampled(request_id, large) or not is_sampled(request_id, small)
    assert is_sampled(request_id, 1.0)
    assert not is_sampled(request_id, 0.0)


def test_rows_say_how_probable_they_were_and_blocks_and_errors_are_kept(tmp_path: Path) -> None:
    log = InferenceLog(tmp_path, sampling=0.1)
    with MetricsRecorder(log=log, queue_size=10_000) as recorder:
        for number in range(4_000):
            recorder.record(call(request_id=str(number), status="blocked" if number % 100 == 0 else "ok"))
        assert recorder.flush(timeout_s=30)

    rows = list(log.read())
    assert {(row["status"], row["sampling_fraction"]) for row in rows} == {("ok", 0.1), ("blocked", 1.0)}
    assert sum(row["status"] == "blocked" for row in rows) == 40
    assert sum(map(weight, rows)) == pytest.approx(4_000, rel=0.15)
    assert recorder.dropped == {}


def test_what_is_always_kept_is_a_parameter(tmp_path: Path) -> None:
    for always, kept in (((), 0), (("rate_limited",), 50)):
        writer = InferenceLog(tmp_path, sampling=1e-9, always_keep=always).writer()
        assert sum(writer.wants(call(request_id=str(number), status="rate_limited")) for number in range(50)) == kept


def test_what_is_not_kept_is_not_even_redacted(tmp_path: Path) -> None:
    searched: list[str] = []

    def scan(text: str) -> list[tuple[int, int, str]]:
        searched.append(text)
        return []

    with MetricsRecorder(log=InferenceLog(tmp_path, sampling=1e-9, redact=Redactor(scan=scan))) as recorder:
        recorder.record(call())
        assert recorder.flush(timeout_s=30)

    assert searched == []


def test_read_evenly_a_sample_has_the_shares_of_all_calls() -> None:
    failed = [{"request_id": each, "failed": number % 10 == 0} for number, each in enumerate(IDS)]
    rows = [
        row | {"sampling_fraction": 1.0 if row["failed"] else 0.2}
        for row in failed
        if row["failed"] or is_sampled(str(row["request_id"]), 0.2)
    ]

    even = list(evenly(rows))

    assert sum(bool(row["failed"]) for row in rows) / len(rows) > 0.3
    assert sum(bool(row["failed"]) for row in even) / len(even) == pytest.approx(0.1, abs=0.02)
    assert sum(map(weight, rows)) == pytest.approx(len(IDS), rel=0.05)


def test_rows_of_one_fraction_are_all_even() -> None:
    for rows in ([{"request_id": each, "sampling_fraction": 0.3} for each in "abc"], [{"a": 1}, {"a": 2}], []):
        assert list(evenly(rows)) == rows


@pytest.mark.parametrize("fraction", [None, 0, -1, 2, "0.5", float("nan")])
def test_a_row_that_does_not_say_how_probable_it_was_stands_for_itself(fraction: object) -> None:
    assert weight({"sampling_fraction": fraction}) == 1.0


def test_feedback_on_a_sample_is_summed_up_as_if_it_were_on_all_calls() -> None:
    from genai_guard.recording.feedback import Feedback
    from genai_guard.recording.feedback.export import feedback_by

    rows = [{"request_id": f"r{number}", "model": "m", "sampling_fraction": 0.1} for number in range(10)]
    rows += [{"request_id": "kept", "model": "m", "sampling_fraction": 1.0}]
    said = [("r0", "up"), ("r1", "up"), ("kept", "down")]
    feedback = [Feedback(each, name="thumbs", value=value, time_s=1.7e9) for each, value in said]

    found = feedback_by("model", rows, feedback)["m"]

    assert (found.calls, found.with_feedback, found.counts.up, found.counts.down) == (101, 21, 20, 1)


def test_an_analysis_leaves_out_what_is_kept_beside_the_sample() -> None:
    from genai_guard.routing.analysis import analyze

    calls = [
        {"request_id": each, "variant": "ab"[number % 2], "failed": float(number % 20 < 1 + number % 2)}
        for number, each in enumerate(IDS[:6_000])
    ]
    logged = [
        row | {"sampling_fraction": 1.0 if row["failed"] else 0.3}
        for row in calls
        if row["failed"] or is_sampled(str(row["request_id"]), 0.3)
    ]

    whole, sample = (analyze(rows, metrics=["failed"], control="a").comparisons[0] for rows in (calls, logged))

    assert analyze(logged, metrics=["failed"], control="a").left_out["kept beside the sample"] > 100
    assert sample.control.estimate == pytest.approx(whole.control.estimate, abs=0.03)
    assert sample.treatment.estimate == pytest.approx(whole.treatment.estimate, abs=0.03)
