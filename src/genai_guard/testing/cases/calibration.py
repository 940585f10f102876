"""Thresholds fitted to labelled cases: as much is found as a rate of false alarms allows."""

from __future__ import annotations

import math
import os
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path as FilePath
from statistics import NormalDist
from typing import Final, NamedTuple

from genai_guard.errors import ConfigurationError
from genai_guard.guards.base import Guard
from genai_guard.messages import Role
from genai_guard.pipeline import Pipeline
from genai_guard.policy.files import parse
from genai_guard.policy.problems import Path, written
from genai_guard.policy.rewrite import rewrite, to_set
from genai_guard.testing.cases.case import Case
from genai_guard.testing.cases.knobs import Knob, knobs_of
from genai_guard.testing.cases.margins import Margin, Margins
from genai_guard.verdicts import Action
from genai_guard.wilson import Rate, wilson

__all__ = ["Calibration", "ThresholdFit", "calibrate", "fit", "write_back"]

_Z: Final = NormalDist().inv_cdf(0.975)
_NONE_FITS: Final = "no threshold finds any of the cases at this rate"


@dataclass(frozen=True, slots=True, kw_only=True)
class ThresholdFit:
    """A threshold, and the one that fits the cases.

    Attributes:
        guard: Name of the guard.
        side: `input` or `output`.
        path: The field of the policy file.
        old: What it is; None if the guard decides.
        new: What fits; the old one where nothing can be fitted, or nothing is better than what the guard decides.
        recall: Share of the positive cases that are found with it.
        false_positive_rate: Share of the negative cases in which something is found with it.
        recall_before: Share of the positive cases that the old one finds.
        false_positive_rate_before: Share of the negative cases in which the old one finds something.
        warning: Why the fit is not to be relied on; empty if it is.
    """

    guard: str
    side: str
    path: Path
    old: float | None
    new: float | None
    recall: Rate
    false_positive_rate: Rate
    recall_before: Rate
    false_positive_rate_before: Rate
    warning: str = ""

    @property
    def changes(self) -> bool:
        """Whether there is something to write."""
        return self.new is not None and self.new != self.old


@dataclass(frozen=True, slots=True, kw_only=True)
class Calibration:
    """All thresholds of a policy, fitted.

    Attributes:
        target: The rate of false alarms that is allowed.
        fits: One for each threshold.
    """

    target: float
    fits: tuple[ThresholdFit, ...]

    @property
    def changes(self) -> Mapping[Path, float]:
        """The numbers to write, by the fields of the policy file."""
        return {each.path: each.new for each in self.fits if each.new is not None and each.changes}

    def text(self) -> str:
        """Return what was fitted, for people."""
        if not self.fits:
            return "no guard of this policy has a threshold"
        lines = [f"thresholds for at most {100 * self.target:g} % false alarms"]
        for each in self.fits:
            old = "default" if each.old is None else f"{each.old:g}"
            step = f"{old} -> {each.new:g}" if each.changes else f"{old}, stays"
            lines += [
                f"{written(each.path)} ({each.guard}): {step}",
                f"  found        {each.recall_before}  ->  {each.recall}",
                f"  false alarms {each.false_positive_rate_before}  ->  {each.false_positive_rate}",
            ]
            lines += [f"  warning: {each.warning}"] if each.warning else []
        return "\n".join(lines)


def calibrate(
    pipeline: Pipeline, cases: Iterable[Case], *, fpr: float, progress: Callable[[int, int], object] | None = None
) -> Calibration:
    """Return the thresholds that find most while at most a share of the negative cases is a false alarm.

    Each threshold is fitted by itself, to the cases of plain texts and requests of its guard's side: positive are
    those that name a category which the guard finds, or expect the guard's action and name no category; negative are
    those that expect `allow`, and those that name other categories. A threshold that is within what fits stays.

    Args:
        pipeline: The policy.
        cases: The cases.
        fpr: Share of the negative cases that may be false alarms, from 0 to below 1.
        progress: Told how many thresholds are done, and how many there are.

    Raises:
        ConfigurationError: `fpr` is no such share.
    """
    if not 0 <= fpr < 1:
        raise ConfigurationError(f"calibrate(fpr={fpr!r}): must be from 0 to below 1, such as 0.01")
    cases = [case for case in cases if not case.skip and case.side]
    knobs = list(knobs_of(pipeline))
    fits: list[ThresholdFit] = []
    for knob in knobs:
        others = [each for each in knobs if each.guard is knob.guard and each is not knob]
        fits.append(_fitted(knob, others, [case for case in cases if case.side == knob.side], fpr))
        if progress is not None:
            progress(len(fits), len(knobs))
    return Calibration(target=fpr, fits=tuple(fits))


def fit(positives: Sequence[float], negatives: Sequence[float], fpr: float, old: float | None) -> float | None:
    """Return the threshold that most positives reach while at most a share `fpr` of the negatives does.

    There is an interval of such thresholds, above the highest negative that must not reach it and up to the lowest
    positive that may. The old threshold is taken if it is in it, else about the middle.

    Args:
        positives: Scores of the positive cases; 0 where nothing was found.
        negatives: Scores of the negative cases.
        fpr: Share of negatives that may reach it.
        old: The threshold that is set.

    Returns:
        The threshold; None if no positive would reach one.
    """
    allowed = math.floor(fpr * len(negatives) + 1e-9)
    ordered = sorted(negatives, reverse=True)
    low = ordered[allowed] if allowed < len(ordered) else 0.0
    high = min((score for score in positives if score > low), default=None)
    if high is None:
        return None
    if old is not None and low < old <= high:
        return old
    middle = (low + high) / 2
    return next((round(middle, digits) for digits in range(2, 6) if low < round(middle, digits) <= high), high)


def write_back(policy: str | os.PathLike[str], calibration: Calibration) -> str:
    """Write fitted thresholds into a policy file, where they stand, and return what was done.

    Raises:
        ConfigurationError: the file cannot be changed without changing something else, or would be no policy any more;
            the message has the values to set by hand. Nothing is written then.
    """
    changes = calibration.changes
    path = FilePath(policy)
    if not changes:
        return f"{path}: nothing to change"
    try:
        text = path.read_bytes().decode("utf-8")
        new = rewrite(text.removeprefix("\ufeff"), path.suffix, changes)
        _check(new, path.suffix)
        path.write_bytes((text[: text.startswith("\ufeff")] + new).encode("utf-8"))
    except OSError as error:
        raise ConfigurationError(f"{path}: cannot be changed: {error.strerror}; set\n{to_set(changes)}") from None
    except ConfigurationError as error:
        raise ConfigurationError(f"{path}: {error}\nall values to set:\n{to_set(changes)}") from None
    return f"{path}: changed\n{to_set(changes)}"


def _check(text: str, suffix: str) -> None:
    Pipeline.from_policy(parse(text, suffix)[0])


# --- one threshold ----------------------------------------------------------------------------------------------------


class _Split(NamedTuple):
    """The cases that count for a threshold."""

    positives: Sequence[Margin]
    negatives: Sequence[Margin]


def _fitted(knob: Knob, others: Sequence[Knob], cases: Sequence[Case], fpr: float) -> ThresholdFit:
    try:
        margins = Margins(knob, others)
    except ConfigurationError as error:
        return _unfitted(knob, str(error))
    with margins:
        split = _split(knob, others, [margins.of(case) for case in cases])
    if not split.positives:
        return _unfitted(knob, "no case is positive for it")
    if not split.negatives:
        return _unfitted(knob, "no case is negative for it: no rate of false alarms can be told")
    new = fit([each.low for each in split.positives], [each.high for each in split.negatives], fpr, knob.value)
    warning = _doubt(len(split.negatives), fpr) if new is not None else _NONE_FITS
    guard = knob.guard
    try:
        guard = guard if new is None else knob.turned(new)
    except ConfigurationError as error:
        new, warning = None, f"{new:g} would fit, and is refused: {error}"
    before, after = (_rates(margins, each, split) for each in (knob.guard, guard))
    if knob.value is None and before[0].hits >= after[0].hits and before[1].hits <= after[1].hits:
        new, after = None, before
    return ThresholdFit(
        guard=knob.name,
        side=knob.side,
        path=knob.path,
        old=knob.value,
        new=knob.value if new is None else new,
        recall=after[0],
        false_positive_rate=after[1],
        recall_before=before[0],
        false_positive_rate_before=before[1],
        warning=warning,
    )


def _split(knob: Knob, others: Sequence[Knob], margins: Sequence[Margin]) -> _Split:
    """Return what counts. Of several thresholds, each is for texts of the roles in which it finds something."""
    if not knob.key and any(not other.key for other in others):
        roles = {_role(each.case) for each in margins if each.high > 0}
        margins = [each for each in margins if _role(each.case) in roles]
    own = {category for each in margins for category in each.categories}
    positives = [each for each in margins if _is_for(knob, each.case, own)]
    return _Split(positives, [each for each in margins if _is_against(knob, each.case, own)])


def _rates(margins: Margins, guard: Guard, split: _Split) -> tuple[Rate, Rate]:
    """Return what a guard really finds: of the positives, and of the negatives."""
    rates = (wilson(sum(margins.are_found(guard, each)), len(each)) for each in split)
    recall, false_positive_rate = rates
    return recall, false_positive_rate


def _is_for(knob: Knob, case: Case, own: set[str]) -> bool:
    expect = case.expect
    if case.guard and case.guard != knob.name:
        return False
    if expect.labels:
        return bool(own & expect.labels)
    finds = expect.actions is not None and Action.ALLOW not in expect.actions
    action = getattr(knob.guard, "action", Action.BLOCK)
    return finds and not knob.key and (bool(case.guard) or (expect.actions is not None and action in expect.actions))


def _is_against(knob: Knob, case: Case, own: set[str]) -> bool:
    """Whether a case says that there is nothing for the guard to find."""
    expect = case.expect
    names_all = expect.categories is not None and not expect.others
    is_asked = not case.guard or case.guard == knob.name
    return is_asked and (expect.is_negative or (names_all and not own & expect.labels))


def _role(case: Case) -> Role:
    last = case.messages[-1].get("role", "user") if case.messages else case.role
    return "tool" if last == "tool" else case.role if not case.messages else last


def _doubt(negatives: int, fpr: float) -> str:
    """Return a warning if the negatives are too few for the claim, even had none of them been a false alarm."""
    if wilson(0, negatives).high <= fpr:
        return ""
    needed = "no number of negative cases shows a rate of 0"
    if fpr > 0:
        needed = f"{math.ceil(_Z * _Z * (1 - fpr) / fpr)} without a false alarm would show it"
    return f"{negatives} negative cases are too few to claim {100 * fpr:g} %: {needed}"


def _unfitted(knob: Knob, warning: str) -> ThresholdFit:
    none = wilson(0, 0)
    return ThresholdFit(
        guard=knob.name,
        side=knob.side,
        path=knob.path,
        old=knob.value,
        new=knob.value,
        recall=none,
        false_positive_rate=none,
        recall_before=none,
        false_positive_rate_before=none,
        warning=warning,
    )
