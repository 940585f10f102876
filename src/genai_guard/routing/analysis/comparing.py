"""Every variant against the control, for one metric: now, and at moments before."""

from __future__ import annotations

import math
from collections.abc import Callable, Iterator, Mapping, Sequence
from typing import TypeAlias

from genai_guard.routing.analysis.effects import Fixed, SignificanceTest, compare
from genai_guard.routing.analysis.exact_shares import exact_answer, exact_arm
from genai_guard.routing.analysis.exposures import Exposures
from genai_guard.routing.analysis.gates import doubt, refusal
from genai_guard.routing.analysis.metric import Metric
from genai_guard.routing.analysis.moments import Moments, proportion_of
from genai_guard.routing.analysis.question import Answer, Case, Question
from genai_guard.routing.analysis.results import Arm, Comparison, Look
from genai_guard.routing.analysis.samples import QuantileSamples, Samples, SumSamples
from genai_guard.routing.analysis.strata import StratifiedSamples, strata_of
from genai_guard.routing.srm import SRM_ALPHA

__all__ = ["ask"]

_NOTHING = Moments(math.nan, math.inf, 0, 0)

AnySamples: TypeAlias = QuantileSamples | SumSamples | StratifiedSamples

Answers: TypeAlias = Callable[[int], Mapping[str, tuple[Answer | str, int]]]
"""The answer of every treatment, and its units and those of the control, at a planned look."""


def ask(found: Exposures, metrics: Sequence[Metric], question: Question, *, segment: str = "") -> list[Comparison]:
    """Return every variant's comparison with the control, for every metric."""
    each_way = _exactly if question.method == "exact" else _normally
    return [each for metric in metrics for each in each_way(Case(found, metric, question, segment))]


# --- tests in standard errors -----------------------------------------------------------------------------------------


def _normally(case: Case) -> Iterator[Comparison]:
    samples = _samples_for(case)

    def answers(look: int) -> dict[str, tuple[Answer | str, int]]:
        now, test = samples.moments(), case.question.test(look)
        control = now.get(case.control, _NOTHING)
        treated = {name: now.get(name, _NOTHING) for name in case.treatments}
        return {
            name: (_tested(case, each, control, test), each.units + control.units) for name, each in treated.items()
        }

    history = _history(case, samples, answers)
    moments = samples.moments()
    final = answers(case.question.look)
    for name in case.treatments:
        treatment, control = moments.get(name, _NOTHING), moments.get(case.control, _NOTHING)
        arms = [_arm(name, treatment), _arm(case.control, control)]
        answer = final[name][0]
        if isinstance(answer, str):
            yield case.refused(arms, answer)
            continue
        yield case.comparison(
            arms,
            answer,
            notes=list(_notes(case, name, treatment, control, samples)),
            history=history[name],
            variance_reduction=_variance_reduction(case, samples, moments, name),
        )


def _samples_for(case: Case) -> AnySamples:
    if case.metric.quantile is not None:
        return QuantileSamples(case.metric)
    strata = strata_of(case.found)
    return StratifiedSamples(case.metric, case.found, strata) if strata else SumSamples(case.metric, case.found)


def _tested(case: Case, treatment: Moments, control: Moments, test: SignificanceTest) -> Answer | str:
    """Return the answer of a test, or why it must not be asked."""
    metric = case.metric
    if reason := refusal(test, metric, treatment, control):
        return reason
    effect = compare(
        treatment,
        control,
        test=test,
        alpha=case.question.alpha,
        alternative=case.direction,
        margin=metric.margin,
        relative_margin=metric.relative_margin,
    )
    return Answer(effect.difference, effect.relative, effect.p)


def _notes(case: Case, name: str, treatment: Moments, control: Moments, samples: AnySamples) -> Iterator[str]:
    if isinstance(samples, StratifiedSamples):
        yield "the shares of the variants changed; units are compared within the times of equal shares"
    elif case.found.uneven():
        yield "the shares of the variants changed, and whatever else changed with time may look like an effect"
    if doubtful := doubt(case.metric, treatment, control):
        yield doubtful
    yield from _missing(case, samples)
    yield from _unequally_missing(case, treatment, control, name)
    if not isinstance(samples, QuantileSamples) and samples.without_covariate:
        yield f"{samples.without_covariate:,} units have no covariate, and are taken for average in it"


def _missing(case: Case, samples: Samples) -> Iterator[str]:
    if samples.missing:
        yield f"{samples.missing:,} of {len(case.found.seen):,} rows have no value"


def _unequally_missing(case: Case, treatment: Moments, control: Moments, name: str) -> Iterator[str]:
    """Say so when one variant has values of clearly more of its units: those that have none may be different ones."""
    counts = case.found.counts()
    answered = {name: treatment.units, case.control: control.units}
    shares = [proportion_of(min(answered[each], counts[each]), counts[each]) for each in (name, case.control)]
    if shares[0].variance + shares[1].variance > 0 and compare(*shares, test=Fixed()).p < SRM_ALPHA:
        yield (
            f"{100 * shares[0].estimate:.1f} % of the units of {name} have a value, {100 * shares[1].estimate:.1f} % of "
            f"those of {case.control}: whoever has none may be the reason for a difference"
        )


def _variance_reduction(
    case: Case,
    samples: AnySamples,
    moments: Mapping[str, Moments],
    name: str,
) -> float | None:
    if case.metric.cuped is None or isinstance(samples, QuantileSamples):
        return None
    plain = samples.unadjusted()
    before, after = (
        math.fsum(each[arm].variance for arm in (name, case.control) if arm in each) for each in (plain, moments)
    )
    return 1.0 - after / before if 0 < before < math.inf else 0.0


def _arm(name: str, moments: Moments) -> Arm:
    return Arm(name, moments.units, moments.calls, moments.estimate)


# --- the exact test ---------------------------------------------------------------------------------------------------


def _exactly(case: Case) -> Iterator[Comparison]:
    samples = SumSamples(case.metric, case.found)

    def answers(_: int) -> dict[str, tuple[Answer | str, int]]:
        units = samples.units()
        return {
            name: (exact_answer(case, name, samples), units.get(name, 0) + units.get(case.control, 0))
            for name in case.treatments
        }

    history = _history(case, samples, answers)
    final = answers(1)
    for name in case.treatments:
        arms = [exact_arm(name, samples), exact_arm(case.control, samples)]
        answer = final[name][0]
        if isinstance(answer, str):
            yield case.refused(arms, answer)
        else:
            yield case.comparison(arms, answer, notes=list(_missing(case, samples)), history=history[name])


# --- over time --------------------------------------------------------------------------------------------------------


def _history(case: Case, samples: Samples, answers: Answers) -> dict[str, list[Look]]:
    """Take in all rows, and note the intervals on the way; a moment at which the test is refused has none."""
    rows = case.found.seen
    history: dict[str, list[Look]] = {name: [] for name in case.treatments}
    done = 0
    for stop, look in case.question.looks(len(rows)):
        for seen in rows[done:stop]:
            samples.add(seen)
        done = stop
        for name, (answer, units) in answers(look).items():
            if not isinstance(answer, str) and answer.main is not None:
                history[name].append(Look(rows[stop - 1].time, units, answer.main))
    for seen in rows[done:]:
        samples.add(seen)
    return history
