"""The pages that a browser is shown: one with everything, one with next to nothing, one of names that mean harm."""

from __future__ import annotations

from typing import Any

import traffic
from genai_guard.limits.table import UsageRow
from genai_guard.recording import AlertEvent
from genai_guard.recording.feedback import Feedback
from genai_guard.recording.report import Beside, Change, render, summarize
from genai_guard.recording.review import Agreement, Estimate, Misses, ReviewReport, RulePrecision

__all__ = ["HOSTILE", "full_page", "hostile_page", "one_call_page"]

T = traffic.START_S
DAY_S = traffic.DAY_S
HOSTILE = "<script>alert(1)</script>\"'><img src=x onerror=alert(1)>\N{RIGHT-TO-LEFT OVERRIDE}" + "W" * 80


def full_page(calls: int = 20_000, title: str = "Support assistant") -> str:
    """Return a page in which every section has something."""
    said = [Feedback(each, name="thumbs", value=value, time_s=T) for each, value in traffic.thumbs(calls)]
    broke_s = T + traffic.OUTAGE[0] * DAY_S
    alerts = [
        AlertEvent(
            "error rate",
            "resolved",
            "21.4 % of 412 calls",
            0.21,
            0.05,
            "critical",
            "enforce",
            broke_s + 300,
            broke_s + 4000,
        ),
        AlertEvent("slow", "resolved", "p99 9.2 s", 9.2, 6.0, "warning", "enforce", broke_s + 600, broke_s + 3900),
        AlertEvent("daily budget", "firing", "$19.20 of $24.00", 0.8, 0.8, "warning", "enforce", T + 0.84 * DAY_S),
    ]
    changes = [
        Change(T + 0.3 * DAY_S, "policy_loaded", "support, policy.yaml"),
        Change(T + 0.75 * DAY_S, "canary_transition", "prompt: running to running, 25 %"),
    ]
    window = {"start": "2026-11-21T00:00", "end": "2026-11-22T00:00"}
    found = {"window": window, "drift_type": "BASELINE", "count": 20_000}
    drift = [
        found
        | {
            "column_name": "input_tokens",
            "verdict": "no drift",
            "p_corrected": 0.41,
            "effect_size": 0.01,
            "js_distance": 0.03,
        },
        found
        | {
            "column_name": "output_tokens",
            "verdict": "drift",
            "p_corrected": 4e-9,
            "effect_size": 0.31,
            "js_distance": 0.19,
        },
        found | {"column_name": "language", "verdict": "insufficient data", "count": 80},
    ]
    usage = [
        UsageRow("tokens per minute", "north", 81_000, 90_000, 9_000, 41.0),
        UsageRow("calls per user", "user 17", 44, 60, 16, 30.0),
    ]
    more = Beside(alerts=alerts, changes=changes, drift=drift, usage=usage, review=_review(), skipped=2)
    summary = summarize(traffic.rows(calls), feedback=said)
    return render(summary, now_s=T + DAY_S, title=title, budget_usd=24.0, beside=more)


def _review() -> ReviewReport:
    """Return what reviewers say of two rules, one of them not looked at yet."""
    looked_at = Estimate(0.91, 0.84, 0.95, 96, 90.0, 615.0)
    nobody_did = Estimate(float("nan"), 0.0, 1.0, 0, 0.0, 424.0)
    rules = (
        RulePrecision(guard="pii", rule="pii.email", items=140, right=88, wrong=8, precision=looked_at),
        RulePrecision(guard="blocked_patterns", rule="keywords", items=90, right=0, wrong=0, precision=nobody_did),
    )
    misses = Misses(rate=Estimate(0.004, 0.001, 0.012, 240, 240.0, 18_000.0), recall=0.94, recall_low=0.83)
    agreed = Agreement(units=40, share=0.93, alpha=0.81, kappas={})
    return ReviewReport(rules=rules, misses=misses, agreement=agreed, confidence=0.95)


def one_call_page() -> str:
    """Return the page of one call."""
    return render(summarize(traffic.rows(1)), now_s=T + DAY_S, beside=Beside(alerts=[], changes=[], drift=[]))


def hostile_page() -> str:
    """Return a page of names that would break it, if names could."""
    finding = {"rule": HOSTILE, "category": HOSTILE}
    hit = {"guard": HOSTILE, "action": HOSTILE, "mode": HOSTILE, "findings": [finding]}
    wrong: dict[str, Any] = {"status": "error", "stage": "call", "error_type": HOSTILE, "denied_by": HOSTILE}
    names = {"model": HOSTILE, "tenant": HOSTILE, "verdicts": [hit]}
    arm = {"experiment": HOSTILE, "variant": HOSTILE, "mode": "enforce"}
    rows = [row | wrong | names | {"assignments": [arm]} for row in traffic.rows(50)]
    alert = AlertEvent(HOSTILE, "firing", HOSTILE, 1, 1, "info", "enforce", T, labels={HOSTILE: HOSTILE})
    more = Beside(
        alerts=[alert],
        changes=[Change(T, HOSTILE, HOSTILE)],
        usage=[UsageRow(HOSTILE, HOSTILE, 1, 1, 0, 1)],
        drift=[{"column_name": HOSTILE, "js_distance": HOSTILE}],
        dropped={HOSTILE: 1},
    )
    return render(summarize(rows), now_s=T, title=HOSTILE, beside=more)
