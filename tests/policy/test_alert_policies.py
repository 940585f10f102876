"""Alerts in policy files: kinds, sinks, silences and actions, read and written."""

from __future__ import annotations

import json
from typing import Any

import pytest

from genai_guard import Pipeline
from genai_guard.environment import env
from genai_guard.errors import ConfigurationError
from genai_guard.limits import Limit, RateLimiter
from genai_guard.recording import (
    Alert,
    AlertEvent,
    AlertSink,
    MetricsRecorder,
    PagerDuty,
    Silence,
    Slack,
    Structlog,
    TightenLimit,
    Webhook,
    burn_rates,
)

URL = "https://hooks.slack.example/services/T0/B0/TOPSECRET"
HEARD: list[str] = []


class Own(AlertSink):
    """One of a program's own."""

    def send(self, event: AlertEvent, /) -> None:
        HEARD.append(event.name)


own = Own()
tighten = TightenLimit(RateLimiter(Limit.requests(10, per="minute")))


def heard(event: AlertEvent) -> None:
    HEARD.append(event.name)


POLICY: dict[str, Any] = {
    "version": 1,
    "metrics": {
        "alerts": [
            {"alert": "threshold", "measure": "denied", "above": 0.1, "for_s": 60.0, "by": ["model"]},
            {"alert": "rate_of_change", "measure": "usd", "above": 3.0, "where": {"model": "large"}},
            {"alert": "missing_traffic", "at_least": 5, "on_fire": f"{__name__}:heard"},
            {"alert": "burn_rate", "slo": 0.999, "by": ["model"]},
            {"alert": "burn_rate", "slo": 0.999, "burn": 6.0, "window_s": 21600.0, "by": ["model"]},
            {
                "alert": "burn_rate", "slo": 0.999, "burn": 1.0, "window_s": 259200.0, "severity": "warning",
                "by": ["model"],
            },
            {"alert": "guardrail_hits", "on_fire": f"{__name__}:tighten"},
        ],
        "notify": [
            {"sink": "slack", "webhook_url": {"env": "SLACK_URL"}},
            {"sink": "pagerduty", "routing_key": {"env": "PAGERDUTY_KEY"}, "min_severity": "critical"},
            {"sink": "webhook", "webhook_url": {"env": "SLACK_URL"}, "authorization": {"env": "PAGERDUTY_KEY"}},
            {"sink": "structlog", "logger": "pager"},
            f"{__name__}:own",
        ],
        "silences": [{"until": "2030-01-01T06:00:00Z", "name": "burn*", "labels": {"model": "large"}}],
    },
}  # fmt: skip


@pytest.fixture(autouse=True)
def _secrets(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("SLACK_URL", URL)
    monkeypatch.setenv("PAGERDUTY_KEY", "TOPSECRET")


def test_a_policy_has_all_that_python_has() -> None:
    expected = MetricsRecorder(
        alerts=[
            Alert.threshold_of(measure="denied", above=0.1, for_s=60, by="model"),
            Alert.rate_of_change(measure="usd", above=3, where={"model": "large"}),
            Alert.missing_traffic(at_least=5, on_fire=heard),
            *burn_rates(0.999, by="model"),
            Alert.guardrail_hits(on_fire=tighten),
        ],
        notify=[
            Slack(webhook_url=env("SLACK_URL")),
            PagerDuty(routing_key=env("PAGERDUTY_KEY"), min_severity="critical"),
            Webhook(webhook_url=env("SLACK_URL"), authorization=env("PAGERDUTY_KEY")),
            Structlog(logger="pager"),
            own,
        ],
        silences=[Silence(until="2030-01-01T06:00:00Z", name="burn*", labels={"model": "large"})],
    )
    assert Pipeline.from_policy(POLICY).recorder == expected


def test_what_is_written_is_what_was_read_without_its_secrets() -> None:
    written = Pipeline.from_policy(POLICY).policy()

    assert written == POLICY
    assert "TOPSECRET" not in json.dumps(written)


@pytest.mark.parametrize(
    "sink",
    [
        Slack(webhook_url=URL),
        Webhook(webhook_url=URL),
        PagerDuty(routing_key="TOPSECRET"),
    ],
)
def test_a_secret_that_is_written_out_stands_in_no_policy(sink: AlertSink) -> None:
    with pytest.raises(ConfigurationError, match=r"metrics\.notify\[0\]\.\w+: is a secret") as refused:
        Pipeline(recorder=MetricsRecorder(notify=[sink])).policy()
    assert "TOPSECRET" not in str(refused.value)


@pytest.mark.parametrize(
    ("metrics", "problem"),
    [
        ({"notify": [{"sink": "slak"}]}, r'metrics\.notify\[0\]\.sink: must be one of .*did you mean "slack"'),
        ({"notify": [{"sink": "slack"}]}, r"metrics\.notify\[0\]\.webhook_url: is missing"),
        (
            {"notify": [{"sink": "slack", "webhook_url": {"env": "NOBODY_SET_THIS"}}]},
            r"metrics\.notify\[0\]\.webhook_url\.env: the environment variable NOBODY_SET_THIS is not set",
        ),
        ({"notify": [{"sink": "slack", "webhook_url": "TOPSECRET"}]}, r"metrics\.notify\[0\]\.webhook_url: .*no URL"),
        ({"notify": ["operator:neg"]}, r"metrics\.notify\[0\]: must name a sink of alerts"),
        ({"alerts": [{"alert": "missing_traffic", "by": "user"}]}, r"metrics.*lacks 'user'"),
        ({"alerts": [{"alert": "missing_traffic", "on_fire": "no.such:thing"}]}, r"metrics\.alerts\[0\]\.on_fire: "),
        ({"silences": [{"until": "soon"}]}, r"metrics\.silences\[0\]\.until: "),
    ],
)
def test_what_is_wrong_is_told_by_its_place_and_without_secrets(metrics: dict[str, Any], problem: str) -> None:
    with pytest.raises(ConfigurationError, match=problem) as refused:
        Pipeline.from_policy({"version": 1, "metrics": metrics})
    assert "TOPSECRET" not in str(refused.value)


def test_an_action_without_a_name_has_no_place_in_a_policy() -> None:
    recorder = MetricsRecorder(alerts=[Alert.missing_traffic(on_fire=lambda event: event)])

    with pytest.raises(ConfigurationError, match=r"metrics\.alerts\[0\]\.on_fire: <lambda> has no place"):
        Pipeline(recorder=recorder).policy()
