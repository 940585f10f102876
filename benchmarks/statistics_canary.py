"""What a canary's statistics promise, by simulation: false alarms under peeking, and how soon harm is found.

    python benchmarks/statistics_canary.py [--quick]

Needs numpy. Every simulated service is looked at after each request, which is what a canary does. `alpha` is 5 %: of the
services in which the canary does no harm at most so many may be rolled back. Rates carry a standard error, which is
printed; medians count services without an alarm as never. Beside them stand rules that others use on the same traffic.
The seed is fixed. Exits with 1 if something is not as it should be.
"""

from __future__ import annotations

import argparse
import math
import sys
import time
from collections.abc import Callable, Iterator, Sequence
from statistics import NormalDist
from typing import Any, Final, NamedTuple

import numpy as np
import structlog
from kit import save
from numpy.typing import NDArray

from genai_guard.messages import Caller
from genai_guard.recording.event import Event
from genai_guard.routing import Experiment, ExperimentRouter, Variant
from genai_guard.routing.canary import Canary, Errors, Stage, State
from genai_guard.routing.canary.evalues import HARM_RATIOS, PROMOTION_RATIOS, FailureRatioTest
from genai_guard.routing.srm import SRM_ALPHA, srm_log_e

Floats = NDArray[np.float64]
Flags = NDArray[np.bool_]

ALPHA: Final = 0.05
REQUESTS: Final = 20_000
CLOSE: Final = 0.15
"""How far a median may be from the published one."""
ENOUGH: Final = 2_000
"""Services of which a median is known to about 2 %; of fewer its own error is added."""
HARM: Final = FailureRatioTest(HARM_RATIOS)
NEVER: Final = math.inf


class Row(NamedTuple):
    """One line of the report.

    Attributes:
        table: In which table.
        what: What was simulated.
        rate: Share of services with an alarm.
        error: Standard error of the rate.
        median: Requests until the alarm, in the median; infinite if fewer than half had one.
        expected: What it should be, in words.
        good: Whether it is.
    """

    table: str
    what: str
    rate: float
    error: float
    median: float
    expected: str
    good: bool


class Traffic(NamedTuple):
    """One kind of service.

    Attributes:
        share: Share of the canary, for each request.
        rate: Probability that a request fails with the control.
        ratio: How much more often the canary fails.
    """

    share: Floats
    rate: Floats
    ratio: float = 1.0


def times_of_alarm(
    rng: np.random.Generator, traffic: Traffic, repetitions: int, test: FailureRatioTest = HARM
) -> Floats:
    """Return after how many requests each service raised the alarm, with a look after every one."""
    share, rate, ratio = traffic
    worse = np.minimum(1.0, rate * ratio)
    failing = share * worse + (1 - share) * rate
    from_canary = share * worse / failing
    levels, place = np.unique(share, return_inverse=True)
    steps = np.array([[test.steps(float(level), is_canary=arm) for arm in (False, True)] for level in levels])
    found = np.full(repetitions, NEVER)
    for repetition in range(repetitions):
        failed = np.flatnonzero(rng.random(len(share)) < failing)
        is_canary = rng.random(len(failed)) < from_canary[failed]
        found[repetition] = first_alarm(steps[place[failed], is_canary.astype(int)], failed)
    return found


def first_alarm(steps: Floats, failed: NDArray[np.intp]) -> float:
    """Return after how many requests the mean of the e-values reaches `1 / ALPHA`."""
    values = np.logaddexp.reduce(steps.cumsum(axis=0), axis=1) - math.log(steps.shape[1])
    crossed = np.flatnonzero(values >= -math.log(ALPHA))
    return float(failed[crossed[0]] + 1) if len(crossed) else NEVER


# --- tables -----------------------------------------------------------------------------------------------------------


def false_alarms(rng: np.random.Generator, repetitions: int) -> Iterator[Row]:
    flat = np.full(REQUESTS, 0.1)
    ramp = np.repeat([0.01, 0.05, 0.25, 0.5], REQUESTS // 4)
    steady = np.full(REQUESTS, 0.02)
    jumping = np.where(np.sin(np.arange(REQUESTS) / REQUESTS * 12) > 0, 0.05, 0.01)
    cases = {
        "10 %": Traffic(flat, steady),
        "ramp 1/5/25/50 %": Traffic(ramp, steady),
        "ramp, error rate jumping 1 <-> 5 %": Traffic(ramp, jumping),
        "10 %, error rate jumping 1 <-> 5 %": Traffic(flat, jumping),
        "10 %, canary half as bad": Traffic(flat, steady, 0.5),
    }
    for name, traffic in cases.items():
        yield no_more_than_alpha("false alarms", name, times_of_alarm(rng, traffic, repetitions))


def sticky_users(rng: np.random.Generator, repetitions: int) -> Iterator[Row]:
    """2 % of the requests fail, most of them those of a few of 2000 users, who stay with their variant."""
    users, order = 2_000, np.arange(REQUESTS)
    ramp = np.select([order < REQUESTS // 3, order < 2 * REQUESTS // 3], [0.05, 0.25], 0.5)
    for name, share in (("10 % of users", np.full(REQUESTS, 0.1)), ("ramp 5/25/50 %", ramp)):
        alarms = {
            "each failed request": np.full(repetitions, NEVER),
            "first failure of a user": np.full(repetitions, NEVER),
        }
        for repetition in range(repetitions):
            bucket, failing = rng.random(users), rng.beta(0.05, 2.45, users)
            user = rng.integers(0, users, REQUESTS)
            failed = np.flatnonzero(rng.random(REQUESTS) < failing[user])
            _, first = np.unique(user[failed], return_index=True)
            for rule, which in (("each failed request", failed), ("first failure of a user", failed[np.sort(first)])):
                is_canary = bucket[user[which]] < share[which]
                steps = [
                    HARM.steps(float(at), is_canary=bool(arm)) for at, arm in zip(share[which], is_canary, strict=True)
                ]
                alarms[rule][repetition] = first_alarm(np.array(steps), which) if len(which) else NEVER
        yield rival("sticky users", f"{name}: each failed request", alarms["each failed request"], above=ALPHA)
        yield no_more_than_alpha("sticky users", f"{name}: first failure of a user", alarms["first failure of a user"])


def controllers(rng: np.random.Generator, repetitions: int) -> Iterator[Row]:
    """Whole canaries, with routers and events: 300 users, of whom a few have most failures, ramped by what they count."""
    users = [f"u{number}" for number in range(300)]
    stages = [Stage(percent, min_units=units, min_s=0) for percent, units in ((5, 10), (25, 50), (50, 10**9))]
    for name, ratio in (("no harm", 1.0), ("5 times as many errors", 5.0)):
        rolled_back, held = np.full(repetitions, NEVER), np.full(repetitions, NEVER)
        for repetition in range(repetitions):
            router = ExperimentRouter(
                Experiment("model", Variant("old"), Variant("new"), salt=f"s{rng.integers(10**9)}")
            )
            canary = Canary("model", stages=stages, metrics=[Errors()], alpha=ALPHA, check_s=None)
            canary.bind(router)
            failing = np.minimum(rng.beta(0.1, 3.9, len(users)), 1 / ratio)
            chosen, luck = rng.integers(0, len(users), 1_500), rng.random(1_500)
            for number, (user, chance) in enumerate(zip(chosen.tolist(), luck.tolist(), strict=True)):
                given = router.route(Caller(user=users[user]))
                rate = failing[user] * (ratio if given[0].variant == "new" else 1.0)
                canary.record(Event(0.0, "", status="error" if chance < rate else "ok", assignments=given))
                if number % 50 == 0 and canary.refresh().state is State.HELD:
                    held[repetition] = number
                if canary.state is State.ROLLED_BACK:
                    rolled_back[repetition] = number + 1
                    break
        if ratio == 1:
            yield no_more_than_alpha("controllers", f"sticky users, ramp, {name}: rolled back", rolled_back)
        else:
            yield rival("controllers", f"sticky users, ramp, {name}: rolled back", rolled_back, above=0.2)
        yield no_more_than_alpha("controllers", f"sticky users, ramp, {name}: held", held, SRM_ALPHA)


def detection(rng: np.random.Generator, repetitions: int) -> Iterator[Row]:
    published = {
        0.1: {1.5: 17_096, 2: 4_830, 3: 1_637, 5: 532, 10: 188},
        0.5: {1.5: 6_698, 2: 1_950, 3: 586, 5: 228},
    }
    for share, medians in published.items():
        for ratio, median in medians.items():
            count = 4 * REQUESTS if median > REQUESTS / 2 else REQUESTS
            traffic = Traffic(np.full(count, share), np.full(count, 0.02), ratio)
            times = times_of_alarm(rng, traffic, repetitions)
            fixed = f", one look at the end {fixed_sample(share, 0.02, ratio):,.0f}"
            yield near("detection", f"share {share:.0%}, {ratio:g} times as many errors", times, median, fixed)


def latency(rng: np.random.Generator, repetitions: int) -> Iterator[Row]:
    """A call fails by being slower than a percentile of the control; latencies are log-normal with sigma 1."""
    for percentile, medians in ((95, {1.0: None, 1.2: 9_087, 1.5: 1_785, 2.0: 484}), (99, {1.5: 3_752, 2.0: 944})):
        z = NormalDist().inv_cdf(percentile / 100)
        for slower, median in medians.items():
            rate = 1 - percentile / 100
            slow = 1 - NormalDist().cdf(z - math.log(slower))
            traffic = Traffic(np.full(10_000, 0.1), np.full(10_000, rate), slow / rate)
            times, name = times_of_alarm(rng, traffic, repetitions), f"p{percentile}, {slower:g} times as slow"
            yield (
                no_more_than_alpha("latency", name, times) if median is None else near("latency", name, times, median)
            )


def promotion(rng: np.random.Generator, repetitions: int) -> Iterator[Row]:
    test = FailureRatioTest(PROMOTION_RATIOS, 1.5)
    for share, median in ((0.1, 16_500), (0.5, 7_400)):
        even = np.full(2 * REQUESTS, share), np.full(2 * REQUESTS, 0.02)
        equal = times_of_alarm(rng, Traffic(*even), repetitions, test)
        yield near("promotion by a margin of 50 %", f"share {share:.0%}, canary as good", equal, median)
        at_margin = times_of_alarm(rng, Traffic(*even, 1.5), repetitions, test)
        yield no_more_than_alpha("promotion by a margin of 50 %", f"share {share:.0%}, canary at the margin", at_margin)


def rivals(rng: np.random.Generator, repetitions: int) -> Iterator[Row]:
    """Rules that others use: 20 looks, each after 100 more requests of the canary and 900 of the control."""
    looks = np.arange(1, 21)
    few, many = 100 * looks, 900 * looks
    for ratio in (1, 2):
        canary = rng.binomial(100, 0.02 * ratio, (repetitions, 20))
        control = rng.binomial(900, 0.02, (repetitions, 20))
        high = canary > 3
        worse, usual = canary.cumsum(axis=1), control.cumsum(axis=1)
        pooled = np.maximum((worse + usual) / (few + many), 1e-9)
        z = (worse / few - usual / many) / np.sqrt(pooled * (1 - pooled) * (1 / few + 1 / many))
        rules = {
            "3 windows in a row above 3 %": high[:, 2:] & high[:, 1:-1] & high[:, :-2],
            "above 3 % since the beginning": worse / few > 0.03,
            "z test at each look": z > NormalDist().inv_cdf(1 - ALPHA),
            "confidence sequence at each look": beyond_sequence(worse, usual, few, many),
        }
        for name, alarms in rules.items():
            seen = alarms.any(axis=1)
            times = np.where(seen, (alarms.argmax(axis=1) + 1) * 1_000.0, NEVER)
            yield rival("rivals", f"{name}, {'no harm' if ratio == 1 else 'twice as many errors'}", times)
        ours = times_of_alarm(rng, Traffic(np.full(REQUESTS, 0.1), np.full(REQUESTS, 0.02), ratio), repetitions)
        yield rival("rivals", f"e-process, {'no harm' if ratio == 1 else 'twice as many errors'}", ours)


def beyond_sequence(worse: Any, usual: Any, few: Any, many: Any) -> Flags:
    """An asymptotic confidence sequence of the difference, one-sided."""
    alpha, total = 2 * ALPHA, few + many
    rho = math.sqrt((-2 * math.log(alpha) + math.log(-2 * math.log(alpha) + 1)) / 5_000)
    grown = total * rho**2 + 1
    width = np.sqrt(2 * grown / (total * rho) ** 2 * np.log(1 + np.sqrt(grown) / (2 * ALPHA))) * np.sqrt(total)
    first, second = worse / few, usual / many
    variance = np.maximum(first * (1 - first) / few + second * (1 - second) / many, 1e-12)
    return np.asarray(first - second > np.sqrt(variance) * width)


def sample_ratio(rng: np.random.Generator, repetitions: int) -> Iterator[Row]:
    """A split of 50/50, looked at 100 times in 100 000 users."""
    looks, step = 100, 1_000
    total = step * np.arange(1, looks + 1)
    bounds = (
        [sample_ratio_bound(int(users), 1 / 20) for users in total],
        [sample_ratio_bound(int(users), SRM_ALPHA) for users in total],
    )
    first = rng.binomial(step, 0.5, (repetitions, looks)).cumsum(axis=1)
    off = np.abs(first - total / 2)
    for alpha, bound in zip((0.05, SRM_ALPHA), bounds, strict=True):
        critical = NormalDist().inv_cdf(1 - alpha / 2) * np.sqrt(total / 4)
        yield rival("sample ratio", f"chi-square at each look, {alpha:g}", at_looks(off > critical, total))
        times = at_looks(off >= np.array(bound), total)
        yield no_more_than_alpha("sample ratio", f"e-process, {alpha:g}", times, alpha)
    for share, expected in ((0.51, 0.984), (0.505, 0.147)):
        first = rng.binomial(step, share, (repetitions, looks)).cumsum(axis=1)
        times = at_looks(np.abs(first - total / 2) >= np.array(bounds[1]), total)
        rate, error = rate_of(times)
        good = abs(rate - expected) <= 3 * error + 0.02
        yield Row(
            "sample ratio",
            f"e-process, true share {share}",
            rate,
            error,
            median_of(times),
            f"{expected:.1%} found",
            good,
        )


def sample_ratio_bound(users: int, alpha: float) -> float:
    """Return how far from half the units of a variant may be before the alarm."""
    low, high = 0, users // 2
    while low < high:
        middle = (low + high) // 2
        reached = srm_log_e((users // 2 - middle, users - users // 2 + middle), (0.5, 0.5)) >= -math.log(alpha)
        low, high = (low, middle) if reached else (middle + 1, high)
    return float(low)


def at_looks(alarms: Flags, total: Any) -> Floats:
    return np.where(alarms.any(axis=1), total[alarms.argmax(axis=1)].astype(float), NEVER)


# --- what is expected -------------------------------------------------------------------------------------------------


def no_more_than_alpha(table: str, what: str, times: Floats, alpha: float = ALPHA) -> Row:
    rate, error = rate_of(times)
    allowed = 3 * math.sqrt(alpha * (1 - alpha) / len(times))
    return Row(table, what, rate, error, NEVER, f"<= {alpha:.2%}", rate <= alpha + allowed)


def near(table: str, what: str, times: Floats, median: float, more: str = "") -> Row:
    rate, error = rate_of(times)
    found = median_of(times)
    slack = CLOSE if len(times) >= ENOUGH else CLOSE + 3 / math.sqrt(len(times))
    good = abs(found / median - 1) <= slack
    return Row(table, what, rate, error, found, f"median {median:,} within 15 %{more}", good)


def rival(table: str, what: str, times: Floats, *, above: float | None = None) -> Row:
    rate, error = rate_of(times)
    expected = "" if above is None else f"> {above:.2%}"
    return Row(table, what, rate, error, median_of(times), expected, above is None or rate + 3 * error > above)


def rate_of(times: Floats) -> tuple[float, float]:
    rate = float(np.isfinite(times).mean())
    return rate, math.sqrt(max(rate * (1 - rate), 1e-9) / len(times))


def median_of(times: Floats) -> float:
    ordered = np.sort(times)
    return float(ordered[len(ordered) // 2])


def fixed_sample(share: float, rate: float, ratio: float) -> float:
    """Return the requests of a z test with one look, the same alpha and a power of 80 %."""
    z, worse = NormalDist().inv_cdf(1 - ALPHA) + NormalDist().inv_cdf(0.8), rate * ratio
    return z * z * (worse * (1 - worse) / share + rate * (1 - rate) / (1 - share)) / (worse - rate) ** 2


# --- report -----------------------------------------------------------------------------------------------------------

TABLES: Final[Sequence[tuple[Callable[[np.random.Generator, int], Iterator[Row]], int]]] = (
    (false_alarms, 4_000),
    (sticky_users, 2_000),
    (controllers, 600),
    (detection, 4_000),
    (latency, 4_000),
    (promotion, 2_000),
    (rivals, 4_000),
    (sample_ratio, 4_000),
)
"""With how many services each."""


def simulate(*, quick: bool, seed: int = 20) -> Iterator[Row]:
    """Return every line, as it becomes known; `quick` simulates a twentieth of the services."""
    for number, (table, repetitions) in enumerate(TABLES):
        rng = np.random.default_rng([seed, number])
        yield from table(rng, repetitions // 20 if quick else repetitions)


def line(row: Row) -> str:
    median = f"{row.median:>10,.0f}" if math.isfinite(row.median) else f"{'':>10}"
    mark = "" if row.good else "  <-- NOT AS IT SHOULD BE"
    return f"  {row.what:<50} {row.rate:7.2%} +- {row.error:6.2%} {median}  {row.expected}{mark}"


def main() -> int:
    """Simulate, print as it goes on, and save."""
    structlog.configure(wrapper_class=structlog.make_filtering_bound_logger(50))  # canaries tell of each transition
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--quick", action="store_true", help="a twentieth of the services")
    quick = parser.parse_args().quick
    began = time.monotonic()
    rows: list[Row] = []
    for row in simulate(quick=quick):
        if not rows or rows[-1].table != row.table:
            print(
                f"\n{row.table}: alarms, standard error, median requests   [{time.monotonic() - began:.0f} s]",
                flush=True,
            )
        print(line(row), flush=True)
        rows.append(row)
    wrong = [row for row in rows if not row.good]
    print(f"\n{len(rows) - len(wrong)} of {len(rows)} as they should be, after {time.monotonic() - began:.0f} s")
    print(f"saved to {save('statistics_canary', {'quick': quick, 'rows': [row._asdict() for row in rows]})}")
    return 1 if wrong else 0


if __name__ == "__main__":
    sys.exit(main())
