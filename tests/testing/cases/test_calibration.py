from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, ClassVar

import pytest
from hypothesis import given
from hypothesis import strategies as st

from genai_guard import Action, ConfigurationError, Finding, Pipeline, Verdict
from genai_guard.frozen import FrozenDict
from genai_guard.guards import PII, BlockedPatterns, guard, when
from genai_guard.guards.base import Context, GuardBase
from genai_guard.messages import Part
from genai_guard.testing.cases import Calibration, Case, calibrate, case_of, load_policy, write_back
from genai_guard.testing.cases.calibration import fit

SCORES = st.lists(st.floats(0, 1).map(lambda score: round(score, 3)), min_size=1, max_size=40)


@dataclass(frozen=True)
class Scored(GuardBase):
    """A guard whose score is the number that a text begins with, by category: `0.7 hate`.

    Args:
        threshold: From which score on a text is found.
        tool_threshold: The same for what tools return.
        thresholds: The same for single categories.
    """

    kind: ClassVar[str] = "scored"

    threshold: float = field(default=0.5, kw_only=True)
    tool_threshold: float = field(default=0.5, kw_only=True)
    thresholds: Mapping[str, float] = field(default_factory=FrozenDict[str, float], kw_only=True)

    def __post_init__(self) -> None:
        super().__post_init__()
        if self.threshold == 0:
            raise ConfigurationError("threshold=0: must be above 0")

    def check(self, text: str, /) -> Verdict:
        return self._judge(text, self.threshold)

    def check_part(self, part: Part, context: Context, /) -> Verdict:
        return self._judge(part.text, self.tool_threshold if part.role == "tool" else self.threshold)

    def _judge(self, text: str, threshold: float) -> Verdict:
        number, _, category = text.partition(" ")
        score = float(number)
        if score < self.thresholds.get(category.lower(), threshold) or not score:
            return Verdict(Action.ALLOW, text)
        return Verdict(Action.BLOCK, text, (Finding("scored", category.upper(), 0, 1, score),), self.name)


def cases(bad: list[float], good: list[float], category: str = "HATE", **fields: Any) -> list[Case]:
    labels = {"expect": "block", "category": category}
    return [
        case_of({"text": f"{score} {category}", **fields, **label})
        for scores, label in ((bad, labels), (good, {"expect": "allow"}))
        for score in scores
    ]


def fitted(guard: Scored, labelled: list[Case], fpr: float = 0.01) -> Mapping[Any, float]:
    return calibrate(Pipeline(input=[guard]), labelled, fpr=fpr).changes


# --- the fit ----------------------------------------------------------------------------------------------------------


@given(SCORES, SCORES, st.floats(0, 0.99), st.none() | st.floats(0, 1))
def test_the_rate_of_false_alarms_is_kept(bad: list[float], good: list[float], fpr: float, old: float | None) -> None:
    threshold = fit(bad, good, fpr, old)
    if threshold is not None:
        assert sum(score >= threshold for score in good) <= fpr * len(good) + 1e-9


@given(SCORES, SCORES, st.floats(0, 0.99), st.none() | st.floats(0, 1))
def test_no_other_threshold_finds_more(bad: list[float], good: list[float], fpr: float, old: float | None) -> None:
    threshold = fit(bad, good, fpr, old)
    found = 0 if threshold is None else sum(score >= threshold for score in bad)
    for other in {*bad, *good} - {0.0}:
        if sum(score >= other for score in good) <= math.floor(fpr * len(good) + 1e-9):
            assert sum(score >= other for score in bad) <= found


def test_a_threshold_that_fits_stays() -> None:
    assert fit([0.9, 0.8], [0.3, 0.1], 0.0, 0.45) == 0.45


def test_a_threshold_that_does_not_fit_moves_to_the_middle() -> None:
    assert fit([0.9, 0.8], [0.3, 0.1], 0.0, 0.95) == 0.55
    assert fit([0.9, 0.8], [0.3, 0.1], 0.0, None) == 0.55


def test_some_false_alarms_may_be_allowed() -> None:
    good = [0.7] + [0.2] * 99
    assert fit([0.5], good, 0.0, None) is None
    assert fit([0.5], good, 0.01, None) == 0.35


# --- thresholds of guards ---------------------------------------------------------------------------------------------


def test_a_single_threshold_is_fitted() -> None:
    assert fitted(Scored(), cases([0.4, 0.8], [0.1, 0.2])) == {("input", 0, "threshold"): 0.3}


def test_a_threshold_of_a_category_is_fitted_to_its_cases() -> None:
    guard = Scored(thresholds=FrozenDict({"hate": 0.5, "spam": 0.5}))
    labelled = cases([0.4], [0.1]) + cases([0.9], [0.6], "SPAM")
    assert fitted(guard, labelled) == {
        ("input", 0, "thresholds", "hate"): 0.25,
        ("input", 0, "thresholds", "spam"): 0.75,
    }


def test_a_threshold_of_tool_results_is_fitted_to_them() -> None:
    tools = cases([0.9, 0.8], [0.7], role="tool")
    changes = fitted(Scored(), cases([0.4], [0.2]) + tools)
    assert changes[("input", 0, "threshold")] == 0.3


def test_the_guards_of_replies_are_fitted_to_replies() -> None:
    pipeline = Pipeline(input=[PII()], output=[Scored()])
    labelled = cases([0.4], [0.2], side="output") + cases([0.1], [0.9])
    assert calibrate(pipeline, labelled, fpr=0.01).changes == {("output", 0, "threshold"): 0.3}


def test_an_action_alone_makes_a_case_positive_for_the_guards_that_take_it() -> None:
    labelled = [case_of({"text": text, "expect": expect}) for text, expect in (("0.4 x", "block"), ("0.1 x", "allow"))]
    assert fitted(Scored(), labelled) == {("input", 0, "threshold"): 0.25}


def test_a_threshold_inside_of_a_condition_is_fitted() -> None:
    calibration = calibrate(Pipeline(input=[when(Scored(), role="user")]), cases([0.4], [0.2]), fpr=0.01)
    assert calibration.changes == {("input", 0, "then", "threshold"): 0.3}


@dataclass(frozen=True)
class Combined(GuardBase):
    """A guard that compares the sum of what it finds, not the score of one finding.

    Args:
        threshold: From which sum on a text is found.
    """

    kind: ClassVar[str] = "combined"
    threshold: float = field(default=0.9, kw_only=True)

    def check(self, text: str, /) -> Verdict:
        weights = [float(word) for word in text.split()]
        if sum(weights) < self.threshold:
            return Verdict(Action.ALLOW, text)
        found = [Finding("sign", "SIGN", at, at + 1, weight) for at, weight in enumerate(weights)]
        return Verdict(Action.BLOCK, text, tuple(found), self.name)


def test_a_guard_may_compare_something_else_than_the_scores_of_its_findings() -> None:
    labelled = [case_of({"text": text, "expect": "block"}) for text in ("0.3 0.3 0.1", "0.4 0.4")]
    labelled += [case_of({"text": text, "expect": "allow"}) for text in ("0.45", "0.25 0.25")]
    (fit,) = calibrate(Pipeline(input=[Combined()]), labelled, fpr=0.01).fits
    assert (fit.recall_before.value, fit.new, fit.recall.value, fit.false_positive_rate.value) == (0, 0.6, 1, 0)


async def _scores(text: str) -> float:
    asked.append(text)
    return float(text)


asked: list[str] = []


def test_a_guard_that_waits_is_asked_once_for_its_score() -> None:
    asked.clear()
    labelled = [case_of({"text": text, "expect": expect}) for text, expect in (("0.4", "block"), ("0.1", "allow"))]
    (fit,) = calibrate(Pipeline(input=[guard(threshold=0.9)(_scores)]), labelled, fpr=0.01).fits
    assert (fit.new, asked) == (0.25, ["0.4", "0.1"] * 3)


def test_thresholds_of_a_built_in_guard_are_fitted() -> None:
    labelled = [
        case_of({"text": "my number is 030 901820", "category": "PHONE"}),
        *[case_of({"text": f"hello number {number}", "expect": "allow"}) for number in range(20)],
    ]
    (fit,) = calibrate(Pipeline(input=[PII(["PHONE"], threshold=0.99, phone_regions=["DE"])]), labelled, fpr=0.01).fits
    assert fit.recall_before.value == 0
    assert fit.recall.value == 1
    assert fit.new is not None
    assert fit.new < 0.99


def test_rates_are_those_of_the_guard_itself() -> None:
    (fit, _) = calibrate(Pipeline(input=[Scored()]), cases([0.4, 0.8], [0.1, 0.2]), fpr=0.01).fits
    assert (fit.recall_before.value, fit.recall.value) == (0.5, 1.0)
    assert (fit.false_positive_rate.hits, fit.false_positive_rate.trials) == (0, 2)


@pytest.mark.parametrize(
    ("bad", "good", "warning"),
    [
        ([0.4], [0.1] * 9, "9 negative cases are too few to claim 1 %: 381 without a false alarm would show it"),
        ([0.4], [0.9] * 9, "no threshold finds any of the cases at this rate"),
        ([], [0.1], "no case is positive for it"),
        ([0.4], [], "no case is negative for it: no rate of false alarms can be told"),
    ],
)
def test_what_cannot_be_relied_on_is_said(bad: list[float], good: list[float], warning: str) -> None:
    fit = calibrate(Pipeline(input=[Scored()]), cases(bad, good), fpr=0.01).fits[0]
    assert fit.warning == warning


def test_enough_negatives_raise_no_doubt() -> None:
    fit = calibrate(Pipeline(input=[Scored()]), cases([0.4], [0.1] * 381), fpr=0.01).fits[0]
    assert (fit.warning, fit.new) == ("", 0.25)


def test_a_policy_without_thresholds_has_nothing_to_fit() -> None:
    calibration = calibrate(Pipeline(input=[BlockedPatterns(["x"])]), cases([0.4], [0.1]), fpr=0.01)
    assert (calibration.fits, calibration.text()) == ((), "no guard of this policy has a threshold")


def test_progress_is_told_of_each_threshold() -> None:
    told: list[tuple[int, int]] = []
    calibrate(Pipeline(input=[Scored()]), [], fpr=0.1, progress=lambda done, total: told.append((done, total)))
    assert told == [(1, 2), (2, 2)]


@pytest.mark.parametrize("fpr", [-0.1, 1.0, 2])
def test_a_rate_that_is_none_is_refused(fpr: float) -> None:
    with pytest.raises(ConfigurationError, match="must be from 0 to below 1"):
        calibrate(Pipeline(), [], fpr=fpr)


def test_the_text_shows_old_and_new() -> None:
    text = calibrate(Pipeline(input=[Scored()]), cases([0.4, 0.8], [0.1, 0.2]), fpr=0.01).text()
    assert text.split("\n")[:3] == [
        "thresholds for at most 1 % false alarms",
        "input[0].threshold (scored): 0.5 -> 0.3",
        "  found        50.0 % (9.5-90.5)  ->  100.0 % (34.2-100.0)",
    ]


# --- writing back -----------------------------------------------------------------------------------------------------

POLICY = """\
# what we look for
version: 1
input:
  - guard: pii  # personal data
    entities: [PHONE]
    phone_regions: [DE]
    threshold: 0.99   # strict
"""
LABELLED = [
    case_of({"text": "my number is 030 901820", "category": "PHONE"}),
    *[case_of({"text": f"hello number {number}", "expect": "allow"}) for number in range(20)],
]


def test_thresholds_are_written_into_the_policy(tmp_path: Path) -> None:
    path = tmp_path / "policy.yaml"
    path.write_text(POLICY)
    calibration = calibrate(load_policy(path), LABELLED, fpr=0.01)
    (new,) = calibration.changes.values()
    assert write_back(path, calibration) == f"{path}: changed\n  input[0].threshold: {new!r}"
    assert path.read_text() == POLICY.replace("0.99", repr(new))
    assert write_back(path, calibrate(load_policy(path), LABELLED, fpr=0.01)) == f"{path}: nothing to change"


def test_a_mark_at_the_beginning_and_line_ends_stay(tmp_path: Path) -> None:
    path = tmp_path / "policy.yaml"
    path.write_bytes(b"\xef\xbb\xbf" + POLICY.replace("\n", "\r\n").encode())
    calibration = calibrate(load_policy(path), LABELLED, fpr=0.01)
    (new,) = calibration.changes.values()
    write_back(path, calibration)
    assert path.read_bytes() == b"\xef\xbb\xbf" + POLICY.replace("\n", "\r\n").replace("0.99", repr(new)).encode()


def test_what_cannot_be_written_is_told_and_nothing_is_written(tmp_path: Path) -> None:
    path = tmp_path / "policy.yaml"
    text = "version: 1\nx: &t 0.99\ninput:\n  - {guard: pii, threshold: *t}\n"
    path.write_text(text)
    calibration = Calibration(target=0.1, fits=())
    object.__setattr__(calibration, "fits", calibrate(Pipeline(input=[Scored()]), cases([0.4], [0.1]), fpr=0.1).fits)
    with pytest.raises(ConfigurationError, match=r"set it by hand\n  input\[0\]\.threshold: 0\.25"):
        write_back(path, calibration)
    assert path.read_text() == text


def test_a_policy_that_is_gone_is_told(tmp_path: Path) -> None:
    calibration = calibrate(Pipeline(input=[Scored()]), cases([0.4], [0.1]), fpr=0.1)
    with pytest.raises(ConfigurationError, match=r"cannot be changed: No such file.*\n  input\[0\]\.threshold: 0\.25"):
        write_back(tmp_path / "policy.yaml", calibration)
