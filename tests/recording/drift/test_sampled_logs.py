"""Drift of a log that keeps a sample of the calls, and every block and error beside it."""

from __future__ import annotations

from typing import Any

import pytest

from drifting import row
from genai_guard.recording.drift import drift, profile
from genai_guard.recording.logs.sampling import is_sampled


@pytest.mark.parametrize("once", [False, True])
def test_a_log_with_a_sample_has_not_drifted_from_one_without(once: bool) -> None:
    def calls(sampling: float) -> list[dict[str, Any]]:
        rows = [
            row(number, request_id=f"r{number}", status="ok" if number % 20 else "error") for number in range(9_000)
        ]
        return [
            each | {"sampling_fraction": 1.0 if each["status"] == "error" else sampling}
            for each in rows
            if each["status"] == "error" or is_sampled(each["request_id"], sampling)
        ]

    sample = calls(0.1)
    table = drift(iter(sample) if once else sample, baseline=calls(1.0), features=["status"])

    assert [each.verdict for each in table.rows] == [None, "no drift"]
    assert table.left_out == {"kept beside the sample": sum(not is_sampled(each["request_id"], 0.1) for each in sample)}
    assert "kept beside the sample" in str(table)
    assert str(profile(sample, features=["status"]).left_out) == str(table.left_out)
