"""How often rules are right, by what reviewers said: intervals that cover, weights that undo the sampling."""

from __future__ import annotations

import math
import random
from collections.abc import Iterator

import pytest

from genai_guard import ConfigurationError
from genai_guard.recording.review import Fired, Labels, Review, ReviewItem, report
from genai_guard.wilson import wilson

FIRED = (Fired("pii", "pii.phone", "PHONE", "redact"),)


def items(
    label: str, times: int, *, fired: tuple[Fired, ...] = FIRED, propensity: float = 1.0, priority: int = 0
) -> Iterator[ReviewItem]:
    """Items that one reviewer gave a label; none for an empty label."""
    reviews = (Review("ann", label=label),) if label else ()
    for number in range(times):
        yield ReviewItem(
            number, f"{label}{propensity}{number}", 0.0, (), priority, propensity, "done", fired,
            {"request_id": str(number), "status": "ok"}, reviews,
        )  # fmt: skip


def test_without_sampling_the_precision_is_the_plain_share_with_wilsons_interval() -> None:
    (rule,) = report([*items("true_positive", 18), *items("false_positive", 2), *items("unsure", 5)]).rules

    assert (rule.items, rule.right, rule.wrong) == (25, 18, 2)
    expected = wilson(18, 20)
    assert rule.precision[:3] == pytest.approx((expected.value, expected.low, expected.high))
    assert rule.precision.judged == rule.precision.effective == 20
    assert rule.precision.total == 25


def test_a_call_stands_for_as_many_as_its_probability_says() -> None:
    """Of 100 calls, 20 with thumbs down were all looked at, and of the other 80 a quarter."""
    (rule,) = report(
        [
            *items("false_positive", 15, priority=20), *items("true_positive", 5, priority=20),
            *items("true_positive", 18, propensity=0.25), *items("false_positive", 2, propensity=0.25),
        ]
    ).rules  # fmt: skip

    assert rule.precision.value == pytest.approx((5 + 72) / 100)
    assert rule.precision.total == pytest.approx(100)
    assert 20 < rule.precision.effective < 40  # less than as many of equal weight


def test_what_is_urgent_is_judged_first_and_does_not_count_for_the_rest() -> None:
    """All of ten urgent items were judged, and two of ten others: each of the two stands for five."""
    (rule,) = report(
        [*items("false_positive", 10, priority=9), *items("true_positive", 2), *items("", 8)],
    ).rules

    assert rule.precision.value == pytest.approx(0.5)


def test_the_interval_covers_the_true_precision() -> None:
    """Two kinds of calls with precisions of their own, sampled by 1 and 0.2: at least 93 of 100 intervals of 95 % cover."""
    draw = random.Random(11)
    true = (0.5 * 60 + 0.9 * 200) / 260
    covered = 0
    for _ in range(100):
        found: list[ReviewItem] = []
        for share, precision, calls in ((1.0, 0.5, 60), (0.2, 0.9, 200)):
            taken = sum(draw.random() < share for _ in range(calls))
            right = sum(draw.random() < precision for _ in range(taken))
            found += items("true_positive", right, propensity=share)
            found += items("false_positive", taken - right, propensity=share)
        (rule,) = report(found).rules
        covered += rule.precision.low <= true <= rule.precision.high

    assert covered >= 93


def test_what_is_missed_is_told_by_the_sample_of_the_silent() -> None:
    found = report(
        [
            *items("true_positive", 90), *items("false_positive", 10),
            *items("false_negative", 1, fired=(), propensity=0.01), *items("true_negative", 99, fired=(), propensity=0.01),
        ]
    )  # fmt: skip
    misses = found.misses

    assert misses.rate.value == pytest.approx(0.01)
    assert misses.rate.total == pytest.approx(10_000)
    assert misses.recall == pytest.approx(90 / (90 + 100))
    assert 0 < misses.recall_low < 0.2
    assert "recall 47.4 %, at least" in str(found)


def test_without_a_sample_of_the_silent_nobody_knows_what_is_missed() -> None:
    misses = report([*items("true_positive", 5)]).misses

    assert math.isnan(misses.recall)
    assert (misses.recall_low, misses.rate.low, misses.rate.high) == (0.0, 0.0, 1.0)


def test_a_table_shows_the_rules_by_how_often_they_fire() -> None:
    rare = (Fired("injection", "injection.role", "INJECTION", "block"),)
    text = str(report([*items("true_positive", 3, fired=rare), *items("false_positive", 4), *items("", 1)]))

    assert text.splitlines() == [
        "guard      rule            items  right  wrong  precision",
        "pii        pii.phone           5      0      4  0.0 % (0.0-49.0)",
        "injection  injection.role      3      3      0  100.0 % (43.9-100.0)",
    ]


def test_labels_of_ones_own_have_the_same_senses() -> None:
    labels = Labels(positive=("rude",), negative=("fine",), unsure=())
    (rule,) = report([*items("rude", 3), *items("fine", 1)], labels=labels).rules

    assert rule.precision.value == 0.75


def test_a_confidence_is_between_0_and_1() -> None:
    with pytest.raises(ConfigurationError, match="confidence"):
        report([], confidence=95)
