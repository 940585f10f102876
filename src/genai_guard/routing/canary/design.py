"""What a canary goes by, with everything worked out that does not depend on what happens."""

from __future__ import annotations

import math
from collections.abc import Mapping
from hashlib import blake2b
from typing import Final

from genai_guard.errors import ConfigurationError
from genai_guard.routing.canary.evalues import PROMOTION_RATIOS, FailureRatioTest, Failures
from genai_guard.routing.canary.metrics import CanaryMetric, SlowCalls
from genai_guard.routing.canary.stages import Stage, share_of
from genai_guard.routing.srm import srm_log_e

__all__ = ["CANARY", "CONTROL", "Design"]

CONTROL: Final = 0
CANARY: Final = 1
_ARMS: Final = (CONTROL, CANARY)


class Design:
    """The plan of a canary: its stages, its metrics, and the tests that follow from them.

    Everything is counted at the stage at which a request was assigned, whenever it ends: `f.metric.stage.arm` are units
    that failed, `n.stage.arm` those that were seen for the first time, `u.stage.arm` those of the stage.

    Args:
        stages: Stages.
        metrics: Metrics.
        alpha: Probability of a false rollback, at most, over all metrics and stages.
        promotion_alpha: Probability of promoting a canary that is worse than a margin allows, at most.
        sample_ratio_alpha: Probability of a false alarm about the assignment, at most.

    Raises:
        ConfigurationError: a probability is out of range, or the canary could never be promoted.
    """

    def __init__(
        self,
        stages: tuple[Stage, ...],
        metrics: tuple[CanaryMetric, ...],
        *,
        alpha: float,
        promotion_alpha: float,
        sample_ratio_alpha: float,
    ) -> None:
        for name, value in (
            ("alpha", alpha), ("promotion_alpha", promotion_alpha), ("sample_ratio_alpha", sample_ratio_alpha)
        ):  # fmt: skip
            if isinstance(value, bool) or not isinstance(value, int | float) or not 0 < value < 1:
                raise ConfigurationError(f"Canary({name}={value!r}): must be a probability between 0 and 1")
        self.stages: Final = stages
        self.metrics: Final = metrics
        self.shares: Final = tuple(share_of(stage.percent) for stage in stages)
        weights = [metric.weight for metric in metrics]
        self.alarm: Final = tuple(-math.log(alpha * weight / sum(weights)) for weight in weights)
        self.proof_at: Final = -math.log(promotion_alpha)
        self.mismatch_alarm: Final = -math.log(sample_ratio_alpha)
        self.harm_test: Final = FailureRatioTest()
        self._proofs: Final = tuple(_proof(metric) for metric in metrics)
        places = range(len(stages))
        self.failed_key: Final = [
            [[f"f.{metric.name}.{place}.{arm}" for arm in _ARMS] for place in places] for metric in metrics
        ]
        self.new_key: Final = [[f"n.{place}.{arm}" for arm in _ARMS] for place in places]
        self.unit_key: Final = [[f"u.{place}.{arm}" for arm in _ARMS] for place in places]
        self.longest_step: Final = tuple(max(self.harm_test.steps(share, is_canary=True)) for share in self.shares)
        self.indices: Final = _Indices()
        self._check_end()

    @property
    def learned(self) -> tuple[SlowCalls, ...]:
        """Metrics whose threshold is learned before the canary begins."""
        return tuple(each for each in self.metrics if isinstance(each, SlowCalls) and each.above_s is None)

    def digest(self, *names: str) -> str:
        """Return what tells this plan, and these names, from others."""
        text = repr((names, self.stages, self.metrics, self.alarm, self.proof_at, self.mismatch_alarm))
        return blake2b(text.encode("utf-8", "surrogatepass"), digest_size=8).hexdigest()

    def is_last_comparison(self, place: int) -> bool:
        """Whether there is nothing left to compare after this stage."""
        if self.shares[place] == 1:
            return False
        return place + 1 == len(self.stages) or self.shares[place + 1] == 1

    def failures(self, index: int, counts: Mapping[str, int]) -> Failures:
        """Return the failures by one metric."""
        keys = zip(self.shares, self.failed_key[index], strict=True)
        get = counts.get
        return Failures.of((share, get(control, 0), get(canary, 0)) for share, (control, canary) in keys)

    def harm(self, index: int, counts: Mapping[str, int]) -> float:
        """Return the logarithm of the evidence that the canary is worse by one metric."""
        return self.harm_test.log_value(self.failures(index, counts))

    def proof(self, index: int, counts: Mapping[str, int]) -> float | None:
        """Return the logarithm of the evidence that it is not much worse; None where no proof is asked for."""
        test = self._proofs[index]
        return None if test is None else test.log_value(self.failures(index, counts))

    def mismatch(self, counts: Mapping[str, int]) -> float:
        """Return the logarithm of the evidence that units are not assigned as planned.

        A unit counts at the stage in which it was first seen, so the stages are independent, and their evidence adds up.
        """
        total = 0.0
        for share, keys in zip(self.shares, self.new_key, strict=True):
            pair = [counts.get(key, 0) for key in keys]
            if share < 1 and any(pair):
                total += srm_log_e(pair, (1 - share, share))
        return total

    def units(self, place: int, counts: Mapping[str, int]) -> tuple[int, int]:
        """Return how many units had the control, and the canary, in a stage."""
        control, canary = self.unit_key[place]
        return counts.get(control, 0), counts.get(canary, 0)

    def _check_end(self) -> None:
        last = max((place for place in range(len(self.stages)) if self.shares[place] < 1), default=None)
        by_timeout = last is not None and self.stages[last].timeout_s is not None
        if last is not None and not by_timeout and not any(self._proofs):
            raise ConfigurationError(
                "Canary(metrics=...): could never be promoted: give a metric a margin, such as Errors(margin=0.5), "
                f"or the stage of {self.stages[last].percent:g} % a timeout_s"
            )


class _Indices(dict[int, tuple[int, ...]]):
    """The places of the bits that are set, for each number that was asked for."""

    def __missing__(self, bits: int) -> tuple[int, ...]:
        self[bits] = found = tuple(place for place in range(bits.bit_length()) if bits >> place & 1)
        return found


def _proof(metric: CanaryMetric) -> FailureRatioTest | None:
    if metric.margin is None:
        return None
    null = 1 + metric.margin
    return FailureRatioTest(tuple(ratio for ratio in PROMOTION_RATIOS if ratio < null), null)
