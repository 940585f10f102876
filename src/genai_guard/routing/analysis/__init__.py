"""What an experiment has shown: tests that hold for the way in which one looks, and a refusal where none does."""

from genai_guard.routing.analysis.always_valid import mixture_sprt
from genai_guard.routing.analysis.analyzing import analyze
from genai_guard.routing.analysis.bandit import Choice, ThompsonSampling
from genai_guard.routing.analysis.corrections import benjamini_hochberg, holm
from genai_guard.routing.analysis.effects import AlwaysValid, Effect, Fixed, GroupSequential, Interval, compare
from genai_guard.routing.analysis.metric import Metric
from genai_guard.routing.analysis.moments import (
    Moments,
    mean_of,
    proportion_of,
    quantile_interval,
    quantile_of,
    ratio_of,
)
from genai_guard.routing.analysis.off_policy import PolicyValue, evaluate_policy
from genai_guard.routing.analysis.results import Analysis, Arm, Comparison, Look
from genai_guard.routing.analysis.sample_ratios import SampleRatio, sample_ratio
from genai_guard.routing.analysis.sizing import Plan, power

__all__ = [
    "AlwaysValid",
    "Analysis",
    "Arm",
    "Choice",
    "Comparison",
    "Effect",
    "Fixed",
    "GroupSequential",
    "Interval",
    "Look",
    "Metric",
    "Moments",
    "Plan",
    "PolicyValue",
    "SampleRatio",
    "ThompsonSampling",
    "analyze",
    "benjamini_hochberg",
    "compare",
    "evaluate_policy",
    "holm",
    "mean_of",
    "mixture_sprt",
    "power",
    "proportion_of",
    "quantile_interval",
    "quantile_of",
    "ratio_of",
    "sample_ratio",
]
