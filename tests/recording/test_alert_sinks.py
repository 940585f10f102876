"""What sinks send, to a local server, held against the public schemas of those who usually take it."""

from __future__ import annotations

import copy
import json
import pickle
import threading
from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace
from typing import Any

import jsonschema
import pytest
import structlog

from alert_schemas import ALERTMANAGER, PAGERDUTY, SLACK
from genai_guard.environment import FromEnv
from genai_guard.errors import ConfigurationError
from genai_guard.frozen import FrozenDict
from genai_guard.messages import Caller
from genai_guard.recording import (
    Alert,
    AlertEvent,
    AlertSink,
    DeliveryError,
    PagerDuty,
    Slack,
    Structlog,
    Webhook,
)
from genai_guard.recording.alerting.sinks.http import post
from receiver import Receiver, receiver
from recorders import Clock, call, recorder

KEY = "0123456789abcdef0123456789ABCDEF"
FIRING = AlertEvent(
    name="error_rate_above_0.01",
    state="firing",
    message="60 of 1,200 calls failed in the last 300 s",
    value=0.05,
    threshold=0.01,
    severity="critical",
    mode="enforce",
    fired_at_s=1.7e9,
    labels=FrozenDict({"model": "large"}),
    key="ab" * 16,
)
RESOLVED = replace(FIRING, state="resolved", resolved_at_s=1.7e9 + 60)
HOSTILE = replace(
    FIRING,
    name="<!channel> & " + "n" * 5000,
    message="<https://evil.example|click> " + "&" * 9000,
    severity="info",
    value=float("inf"),
    labels=FrozenDict({f"label{number}": "<@U1>" * 900 for number in range(40)}),
)


@pytest.fixture
def server() -> Iterator[Receiver]:
    with receiver() as running:
        yield running


SINKS: dict[str, tuple[Callable[[str], AlertSink], dict[str, Any]]] = {
    "webhook": (lambda url: Webhook(webhook_url=f"{url}/alerts"), ALERTMANAGER),
    "slack": (lambda url: Slack(webhook_url=f"{url}/services/T0/B0/XYZ"), SLACK),
    "pagerduty": (lambda url: PagerDuty(routing_key=KEY, events_url=f"{url}/v2/enqueue"), PAGERDUTY),
}


@pytest.mark.parametrize("name", SINKS)
@pytest.mark.parametrize("event", [FIRING, RESOLVED, HOSTILE, replace(FIRING, labels=FrozenDict())])
def test_what_is_sent_fits_the_public_schema(server: Receiver, name: str, event: AlertEvent) -> None:
    build, schema = SINKS[name]
    build(server.url).send(event)

    (body,) = server.bodies
    jsonschema.validate(body, schema)
    assert server.requests[0][1]["Content-Type"] == "application/json"


@pytest.mark.parametrize("schema", [ALERTMANAGER, SLACK, PAGERDUTY])
def test_the_schemas_refuse_what_is_wrong(schema: dict[str, Any]) -> None:
    jsonschema.Draft202012Validator.check_schema(schema)
    for wrong in ({}, {"text": ""}, {"routing_key": KEY, "event_action": "trigger"}, {"version": "4", "alerts": []}):
        with pytest.raises(jsonschema.ValidationError):
            jsonschema.validate(wrong, schema)


def test_pagerduty_triggers_and_resolves_one_incident(server: Receiver) -> None:
    sink = PagerDuty(routing_key=KEY, source="checkout", events_url=server.url)
    sink.send(FIRING)
    sink.send(RESOLVED)

    first, second = server.bodies
    assert (first["event_action"], second["event_action"]) == ("trigger", "resolve")
    assert first["dedup_key"] == second["dedup_key"] == FIRING.key
    assert first["payload"]["source"] == "checkout"
    assert first["payload"]["summary"] == (
        "FIRING: error_rate_above_0.01 (model large): 60 of 1,200 calls failed in the last 300 s"
    )


def test_slack_escapes_what_it_would_act_on() -> None:
    body = json.dumps(Slack(webhook_url="https://hooks.example").payload(HOSTILE)["attachments"][0]["blocks"][1:])

    assert "<https" not in body
    assert "<@U1>" not in body
    assert "&lt;https" in body


def test_a_webhook_takes_an_authorization_from_the_environment(server: Receiver) -> None:
    Webhook(webhook_url=server.url, authorization=FromEnv("Bearer t0p", "TOKEN")).send(FIRING)

    assert server.requests[0][1]["Authorization"] == "Bearer t0p"


def test_structlog_takes_alerts_under_a_name() -> None:
    with structlog.testing.capture_logs() as logs:
        Structlog(logger="pager").send(FIRING)

    assert [(log["event"], log["alert"], log["labels"]) for log in logs] == [
        ("alert firing", "error_rate_above_0.01", {"model": "large"})
    ]


# --- what goes wrong ---------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("status", "is_final"),
    [(302, True), (400, True), (404, True), (408, False), (429, False), (500, False), (503, False)],
)
def test_an_answer_says_whether_another_try_is_of_use(server: Receiver, status: int, is_final: bool) -> None:
    server.answers = [(status, {"Location": f"{server.url}/elsewhere", "Retry-After": "7"})]
    with pytest.raises(DeliveryError) as failed:
        post(f"{server.url}/SECRET", {}, timeout_s=5)

    assert (failed.value.reason, failed.value.is_final) == (f"http_{status}", is_final)
    assert failed.value.retry_after_s == 7
    assert "SECRET" not in f"{failed.value!r} {failed.value}"
    assert len(server.requests) == 1


def test_nobody_who_answers_and_nobody_who_is_there(server: Receiver) -> None:
    server.hang.clear()
    with pytest.raises(DeliveryError, match=r"^TimeoutError$"):
        post(server.url, {}, timeout_s=0.05)
    with pytest.raises(DeliveryError, match=r"^ConnectionRefusedError$"):
        post("http://127.0.0.1:1", {}, timeout_s=1)


def test_a_dead_webhook_is_tried_again_at_the_end_and_then_counted(server: Receiver, clock: Clock) -> None:
    server.answers = [(503, {})] * 2
    metrics = recorder(clock, alerts=[Alert.budget(usd=1)], notify=[Webhook(webhook_url=server.url)])
    metrics.record(call(cost_usd=2.0))
    metrics.flush()
    assert metrics.dropped == {}

    metrics.close()
    assert len(server.requests) == 2
    assert metrics.dropped == {"Webhook.http_503": 1}


def test_a_hung_webhook_keeps_nobody_from_anything(server: Receiver, clock: Clock) -> None:
    server.hang.clear()
    told = threading.Event()
    metrics = recorder(
        clock,
        alerts=[Alert.budget(usd=1)],
        notify=[Slack(webhook_url=server.url)],
        on_alert=lambda _: told.set(),
    )
    metrics.record(call(cost_usd=2.0))

    assert told.wait(10)
    assert metrics.snapshot().calls == 1
    assert not metrics.flush(timeout_s=0.05)
    assert not metrics.close(timeout_s=0.05)
    server.hang.set()


def test_sinks_are_told_what_is_severe_enough(server: Receiver, clock: Clock) -> None:
    sinks = [
        PagerDuty(routing_key=KEY, events_url=f"{server.url}/pager", min_severity="critical"),
        Webhook(webhook_url=f"{server.url}/hook"),
    ]
    metrics = recorder(
        clock, alerts=[Alert.budget(usd=1, severity="warning"), Alert.budget(tokens=1, mode="shadow")], notify=sinks
    )
    metrics.record(call(cost_usd=2.0))
    metrics.flush()

    assert [path for path, *_ in server.requests] == ["/hook"]


@dataclass(frozen=True, kw_only=True)
class Loud(AlertSink):
    """One of ones own."""

    heard: list[str]
    attempts: int = 1

    def send(self, event: AlertEvent, /) -> None:
        self.heard.append(event.state)
        if len(self.heard) == 1:
            raise ValueError(event.name)


def test_a_sink_of_ones_own_is_a_class_with_a_send(clock: Clock) -> None:
    loud = Loud(heard=[])
    metrics = recorder(clock, alerts=[Alert.budget(usd=1)], notify=[loud, loud])
    metrics.record(call(cost_usd=2.0))
    metrics.flush()

    assert loud.heard == ["firing", "firing"]
    assert sum(metrics.dropped.values()) == 1
    assert set(metrics.dropped) < {"Loud.ValueError", "Loud_2.ValueError"}


# --- secrets -----------------------------------------------------------------------------------------------------

URL = FromEnv("https://hooks.slack.example/services/T0/B0/TOPSECRET", "SLACK_URL")


@pytest.mark.parametrize(
    "sink",
    [
        Slack(webhook_url=URL),
        Webhook(webhook_url=URL, authorization=FromEnv("Bearer TOPSECRET", "TOKEN")),
        PagerDuty(routing_key=FromEnv("TOPSECRET", "PAGERDUTY_KEY")),
    ],
)
def test_secrets_show_in_no_repr(sink: AlertSink, clock: Clock) -> None:
    metrics = recorder(clock, alerts=[Alert.budget(usd=1)], notify=[sink])

    assert "TOPSECRET" not in f"{sink!r} {metrics!r} {metrics.notify!r}"
    assert copy.deepcopy(sink) == pickle.loads(pickle.dumps(sink)) == sink


@pytest.mark.parametrize(
    "build",
    [
        lambda: Slack(webhook_url="TOPSECRET"),
        lambda: Webhook(webhook_url="ftp://x/TOPSECRET"),
        lambda: Webhook(webhook_url="https://x/TOP SECRET"),
        lambda: Webhook(webhook_url="https://x/", authorization=b"TOPSECRET"),  # type: ignore[arg-type]
        lambda: PagerDuty(routing_key=b"TOPSECRET"),  # type: ignore[arg-type]
        lambda: PagerDuty(routing_key="", source="x"),
        lambda: PagerDuty(routing_key=KEY, source=""),
        lambda: PagerDuty(routing_key=KEY, events_url="TOPSECRET"),
        lambda: Slack(webhook_url="https://x/", timeout_s=0),
        lambda: Slack(webhook_url="https://x/", attempts=0),
        lambda: Slack(webhook_url="https://x/", min_severity="fatal"),  # type: ignore[arg-type]
    ],
)
def test_a_wrong_sink_is_refused_without_telling_its_secrets(build: Callable[[], AlertSink]) -> None:
    with pytest.raises(ConfigurationError, match=r"\(\w+=") as refused:
        build()

    assert "SECRET" not in str(refused.value)


def test_what_is_no_sink_is_refused(clock: Clock) -> None:
    for wrong in (print, Slack, "https://x/"):
        with pytest.raises(ConfigurationError, match=r"notify=.*on_alert="):
            recorder(clock, notify=[wrong])


def test_no_text_of_a_call_and_no_address_reaches_a_sink(server: Receiver, clock: Clock) -> None:
    metrics = recorder(
        clock,
        dimensions=("model", "user", "team"),
        alerts=[
            Alert.threshold_of(measure="errors", above=0.1, by=("user", "team")),
            Alert.missing_traffic(by="team", window_s=10),
        ],
        notify=[build(server.url) for build, _ in SINKS.values()],
    )
    caller = Caller(user="planted.secret@example.com", tags={"team": "sk-ant-api03-" + "planted" * 12 + "AA"})
    with structlog.testing.capture_logs() as logs:
        for _ in range(20):
            metrics.record(call(status="error", error_type="planted", caller=caller))
        metrics.flush()
        clock.now_s += 400
        metrics.flush()

    assert len(server.requests) >= 3 * 3
    sent = b"".join(body for *_, body in server.requests).decode() + repr(logs) + repr(metrics.alerts())
    assert "planted" not in sent
    assert "[EMAIL]" in sent
