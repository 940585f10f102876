"""When an operator is to be told: values that say what is too much, and decide it from exact counts.

An alert reads `Facts` and returns a `Reading`. It keeps nothing between readings; `alerting` does. An alert of your
own is a subclass of `Alert` with a `read`; one of the library's is a file here.
"""

from __future__ import annotations

from genai_guard.recording.alerts.base import Alert, Reading
from genai_guard.recording.alerts.budget import Budget
from genai_guard.recording.alerts.burn_rate import BurnRate, burn_rates
from genai_guard.recording.alerts.error_rate import ErrorRate
from genai_guard.recording.alerts.event import AlertAction, AlertEvent, Severity
from genai_guard.recording.alerts.guardrail_hits import GuardrailHits
from genai_guard.recording.alerts.latency import LatencyP99
from genai_guard.recording.alerts.missing_traffic import MissingTraffic
from genai_guard.recording.alerts.rate_of_change import RateOfChange
from genai_guard.recording.alerts.threshold import Threshold
from genai_guard.recording.alerts.thumbs_down_rate import ThumbsDownRate
from genai_guard.recording.facts import Facts

__all__ = [
    "Alert",
    "AlertAction",
    "AlertEvent",
    "Budget",
    "BurnRate",
    "ErrorRate",
    "Facts",
    "GuardrailHits",
    "LatencyP99",
    "MissingTraffic",
    "RateOfChange",
    "Reading",
    "Severity",
    "Threshold",
    "ThumbsDownRate",
    "burn_rates",
]

Alert.latency_p99 = LatencyP99
Alert.error_rate = ErrorRate
Alert.budget = Budget
Alert.guardrail_hits = GuardrailHits
Alert.threshold_of = Threshold
Alert.rate_of_change = RateOfChange
Alert.missing_traffic = MissingTraffic
Alert.burn_rate = BurnRate
Alert.thumbs_down_rate = ThumbsDownRate
