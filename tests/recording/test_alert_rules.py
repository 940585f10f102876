"""Alerts as rules of Prometheus."""

from __future__ import annotations

import json
import shutil
import subprocess
from pathlib import Path
from typing import Any

import promql_parser
import pytest

from genai_guard.recording import Alert, MetricsRecorder
from genai_guard.recording.alert_rules import alert_rules, unwritten
from monitored import ALERTS, built

HAS_PROMTOOL = shutil.which("promtool") is not None
WITHOUT_PROMTOOL = "PROMTOOL IS NOT INSTALLED: rules are parsed, and not evaluated"


def rules(*alerts: Alert, **options: Any) -> dict[str, Any]:
    """Return the rules of alerts by name."""
    (group,) = alert_rules(MetricsRecorder(alerts=alerts), **options)["groups"]
    return {rule["alert"]: rule for rule in group["rules"]}


@pytest.mark.parametrize("kind", [kind for kind in ALERTS if hasattr(Alert, kind)])
def test_every_kind_of_alert_has_a_rule_that_prometheus_can_parse(kind: str) -> None:
    rule = rules(built(kind, name="watched"))["watched"]
    promql_parser.parse(rule["expr"])
    assert "{{ $value }}" in rule["annotations"]["summary"]


def test_no_kind_of_alert_is_forgotten() -> None:
    kinds = {
        kind
        for kind in vars(Alert)
        if isinstance(getattr(Alert, kind), type) and issubclass(getattr(Alert, kind), Alert)
    }
    assert kinds - {"thumbs_down_rate"} <= ALERTS.keys()  # what users say is no metric of Prometheus


def test_the_severity_is_a_label() -> None:
    assert rules(Alert.error_rate(above=0.1, severity="info"))["error_rate_above_0.1"]["labels"] == {"severity": "info"}


def test_losses_are_told_of_in_any_case() -> None:
    rule = rules()["genai_guard_dropped"]
    promql_parser.parse(rule["expr"])
    assert "genai_guard_dropped_total" in rule["expr"]


def test_another_prefix_stands_in_every_rule() -> None:
    written = rules(Alert.error_rate(above=0.1), prefix="shop")
    assert all("shop_" in rule["expr"] and "genai_guard_" not in rule["expr"] for rule in written.values())


def test_what_nobody_is_told_of_and_what_nobody_knows_has_no_rule() -> None:
    class Own(Alert):
        kind = "own"
        threshold = 1.0

        def read(self, facts: object, /) -> Any:
            raise NotImplementedError

    recorder = MetricsRecorder(alerts=[Alert.error_rate(above=0.1, mode="shadow"), Own(name="own")])
    assert unwritten(recorder) == ("error_rate_above_0.1", "own")
    assert [rule["alert"] for rule in alert_rules(recorder)["groups"][0]["rules"]] == ["genai_guard_dropped"]


def series(name: str, values: str, **labels: str) -> dict[str, str]:
    inner = ",".join(f'{label}="{value}"' for label, value in labels.items())
    return {"series": f"genai_guard_{name}{{{inner}}}", "values": values}


CASES = [
    # 40 calls in the window, 2 of them failed: 5 %
    ("error_rate", [series("calls_total", "0+4x20", status="ok"), series("calls_total", "0x16 1 2 2 2", status="error")], "error_rate_above_0.02"),
    # a process whose first call that is seen failed, and those after it
    ("error_rate", [series("calls_total", "_x17 20 20 20", status="error")], "error_rate_above_0.02"),
    ("error_rate", [series("calls_total", "0+4x20", status="ok")], ""),
    # too few calls to say
    ("error_rate", [series("calls_total", "_x18 1 2 3", status="error")], ""),
    # one in ten is slow
    ("latency_p99", [series("latency_seconds_count", "0+10x20"), series("latency_seconds_bucket", "0+9x20", le="0.7")], "latency_p99_above_700_ms"),
    ("latency_p99", [series("latency_seconds_count", "0+10x20"), series("latency_seconds_bucket", "0+10x20", le="0.7")], ""),
    # the first hit of all
    ("guardrail_hits", [series("guardrail_hits_total", "_x18 1 1 1", guard="pii", action="redact", mode="enforce")], "guardrail_hits_pii_redact"),
    ("guardrail_hits", [series("guardrail_hits_total", "_x18 1 1 1", guard="pii", action="redact", mode="shadow")], ""),
    ("guardrail_hits", [series("guardrail_hits_total", "5x20", guard="pii", action="redact", mode="enforce")], ""),
    ("budget", [series("cost_usd_total", "0+10x20")], "budget_100_usd_per_hour"),
    ("budget", [series("cost_usd_total", "0+1x20")], ""),
    # all were denied, then none
    ("threshold_of", [series("calls_total", "0+4x20", status="rate_limited")], ""),
    ("threshold_of", [series("calls_total", "0+4x20", status="ok")], "denied_below_0.5"),
    ("missing_traffic", [series("calls_total", "7x20", status="ok")], "missing_traffic"),
    ("missing_traffic", [series("calls_total", "0+1x20", status="ok")], ""),
    # from one error in 150 calls to 19 in 70
    ("rate_of_change", [series("calls_total", "0+10x20", status="ok"), series("calls_total", "0 1x14 5 9 13 17 20", status="error")], "errors_above_2_times"),
    ("rate_of_change", [series("calls_total", "0+10x20", status="ok"), series("calls_total", "0+1x20", status="error")], ""),
    ("burn_rate", [series("latency_seconds_count", "0+10x80"), series("latency_seconds_bucket", "0+5x80", le="0.3")], "burn_rate_14.4_of_slo_0.99_300_ms"),
]  # fmt: skip


@pytest.mark.skipif(not HAS_PROMTOOL, reason=WITHOUT_PROMTOOL)
def test_rules_fire_when_their_alerts_would(tmp_path: Path) -> None:
    """Evaluate all rules over series of a value a minute, as Prometheus does, at the twentieth minute."""
    for kind, given, firing in CASES:
        if not hasattr(Alert, kind):
            continue
        alert = built(kind)
        assert firing in {"", alert.name}
        expected = [{"exp_labels": {"severity": alert.severity}}] if firing else []
        rules_file, suite = tmp_path / "rules.json", tmp_path / "suite.json"
        written = alert_rules(MetricsRecorder(alerts=[alert]))
        for rule in written["groups"][0]["rules"]:
            del rule["annotations"]  # they hold the value, which is not the question
        rules_file.write_text(json.dumps(written), encoding="utf-8")
        test = {
            "interval": "1m",
            "input_series": given,
            "alert_rule_test": [{"eval_time": "20m", "alertname": alert.name, "exp_alerts": expected}],
        }
        suite.write_text(
            json.dumps({"rule_files": [str(rules_file)], "evaluation_interval": "1m", "tests": [test]}),
            encoding="utf-8",
        )
        done = subprocess.run(["promtool", "test", "rules", str(suite)], text=True, capture_output=True, check=False)
        assert done.returncode == 0, f"{test}\n{done.stdout}{done.stderr}"


def test_an_alert_by_dimensions_asks_apart_and_of_the_slice_it_is_about() -> None:
    recorder = MetricsRecorder(
        alerts=[Alert.error_rate(above=0.1, name="watched", by="model", where={"plan-name": "gold"}, for_s=60)],
        dimensions=("model", "plan-name"),
    )
    rule = alert_rules(recorder)["groups"][0]["rules"][0]
    promql_parser.parse(rule["expr"])
    assert "sum by (model) (" in rule["expr"]
    assert 'genai_guard_calls_total{plan_name="gold",status=~' in rule["expr"]
    assert rule["for"] == "60s"
