"""What Prometheus is told: counters that only grow, histograms out of sketches, bounded labels."""

from __future__ import annotations

import random
import shutil
import subprocess
from collections.abc import Iterable

import pytest
from prometheus_client import CollectorRegistry, generate_latest
from prometheus_client.parser import text_string_to_metric_families

from docs.pages import ROOT
from genai_guard import ConfigurationError
from genai_guard.messages import Caller, Part, Usage
from genai_guard.recording import Alert, Event, MetricsRecorder
from genai_guard.recording.prometheus import PrometheusCollector
from genai_guard.recording.telemetry.names import SECONDS_BOUNDS
from genai_guard.testing import FakeClock
from genai_guard.verdicts import Action, Finding, Verdict

Sample = tuple[str, tuple[tuple[str, str], ...]]


def scraped(recorder: MetricsRecorder, **options: object) -> dict[Sample, float]:
    """Return the samples as a server reads them off the text."""
    return parsed(text_of(recorder, **options))


def text_of(recorder: MetricsRecorder, **options: object) -> str:
    registry = CollectorRegistry()
    registry.register(PrometheusCollector(recorder, **options))  # type: ignore[arg-type]
    return generate_latest(registry).decode()


def parsed(text: str) -> dict[Sample, float]:
    families = text_string_to_metric_families(text)
    return {
        (sample.name, tuple(sorted(sample.labels.items()))): sample.value
        for family in families
        for sample in family.samples
    }


def call(number: int = 0, *, latency_s: float = 0.5, **fields: object) -> Event:
    event = Event(
        1.7e9,
        f"r-{number}",
        model="small",
        usage=Usage(10, 5),
        cost_usd=0.25,
        latency_s=latency_s,
        model_s=latency_s / 2,
    )
    return event._replace(**fields)  # type: ignore[arg-type]


def recorded(events: Iterable[Event], **options: object) -> MetricsRecorder:
    recorder = MetricsRecorder(**options)  # type: ignore[arg-type]
    for event in events:
        recorder.record(event)
    return recorder


SMALL = (("model", "small"), ("tenant", ""), ("variant", ""))


def test_counters_are_exact() -> None:
    hit = Verdict(Action.BLOCK, findings=(Finding("pii.email", "EMAIL"),), guard="pii")
    recorder = recorded([
        *(call(number) for number in range(7)),
        call(status="blocked", stage="input", verdicts=(hit,), usage=Usage(), cost_usd=None),
        call(status="error", error_type="ValueError", usage=Usage(), cost_usd=None),
        call(status="rate_limited", stage="limits", denied_by="hourly", usage=Usage(), cost_usd=None),
        call(retries=2, attempts=4, answered_by="backup", shadow_denials=("daily",), queue_s=0.2, usage=Usage()),
        call(answered_by="cache", first_token_s=0.1, inter_token_s=0.02, usage=Usage(), cost_usd=None),
    ])  # fmt: skip
    samples = scraped(recorder)
    assert samples["genai_guard_calls_total", (*SMALL[:1], ("status", "ok"), *SMALL[1:])] == 9
    assert samples["genai_guard_calls_total", (*SMALL[:1], ("status", "blocked"), *SMALL[1:])] == 1
    assert samples["genai_guard_tokens_total", (*SMALL[:2], ("type", "input"), *SMALL[2:])] == 70
    assert samples["genai_guard_cost_usd_total", SMALL] == 2.0
    assert samples["genai_guard_errors_total", (("error_type", "ValueError"), *SMALL)] == 1
    assert samples["genai_guard_denials_total", (("limit", "hourly"), *SMALL)] == 1
    assert samples["genai_guard_shadow_denials_total", (("limit", "daily"), *SMALL)] == 1
    assert samples["genai_guard_fallbacks_total", (("fallback", "backup"), *SMALL)] == 1
    sums = ("retries_total", "cache_hits_total", "queue_seconds_count", "inter_token_seconds_count")
    assert [samples[f"genai_guard_{name}", SMALL] for name in sums] == [2, 1, 1, 1]
    hits = (("action", "block"), ("guard", "pii"), ("mode", "enforce"), *SMALL)
    assert samples["genai_guard_guardrail_hits_total", hits] == 1


def test_histograms_are_those_of_the_durations_but_for_one_percent() -> None:
    draw = random.Random(3)
    durations = [draw.lognormvariate(-1, 1.5) for _ in range(3000)]
    samples = scraped(recorded(call(latency_s=each) for each in durations))
    for bound in SECONDS_BOUNDS:
        seen = samples["genai_guard_latency_seconds_bucket", (("le", str(bound)), *SMALL)]
        assert (
            sum(each <= bound * 0.99 for each in durations) <= seen <= sum(each <= bound * 1.01 for each in durations)
        )
    assert samples["genai_guard_latency_seconds_count", SMALL] == 3000
    assert samples["genai_guard_latency_seconds_sum", SMALL] == pytest.approx(sum(durations), rel=0.01)
    halves = samples["genai_guard_model_seconds_sum", SMALL]
    assert halves == pytest.approx(sum(durations) / 2, rel=0.01)


@pytest.mark.parametrize("scrape_every_s", [700, 5000])
def test_counters_never_fall_though_windows_forget(scrape_every_s: int) -> None:
    clock = FakeClock()
    recorder = MetricsRecorder(clock=clock.monotonic, wall_clock=clock.time, max_series=10)
    registry = CollectorRegistry()
    registry.register(PrometheusCollector(recorder))
    before: dict[Sample, float] = parsed(generate_latest(registry).decode())
    made = 0
    for step in range(16):
        for tenant in range(step % 4 + 1):
            made += 1
            recorder.record(call(step, caller=Caller(tenant=f"t{step + tenant}")))
        clock.sleep(scrape_every_s)
        samples = parsed(generate_latest(registry).decode())
        assert all(samples.get(name, 0) >= value for name, value in before.items())
        calls = sum(value for (name, _), value in samples.items() if name == "genai_guard_calls_total")
        assert calls == made
        before = samples


def test_ten_thousand_users_make_a_bounded_number_of_samples() -> None:
    users = (call(number, caller=Caller(user=f"u{number}")) for number in range(10_000))
    samples = scraped(recorded(users, dimensions=("user",), max_series=100))
    counted = {labels: value for (name, labels), value in samples.items() if name == "genai_guard_calls_total"}
    assert len(counted) <= 110
    assert sum(counted.values()) == 10_000
    assert counted[("status", "ok"), ("user", "__other__")] > 9_000


def test_labels_may_be_fewer_than_dimensions() -> None:
    events = [call(caller=Caller(tenant=name)) for name in ("a", "b", "b")]
    samples = scraped(recorded(events), labels=("model",))
    assert samples["genai_guard_calls_total", (("model", "small"), ("status", "ok"))] == 3


def test_dimensions_become_names_that_prometheus_takes() -> None:
    recorder = recorded([call(caller=Caller(tags={"2-plan": "gold", "type": "chat"}))], dimensions=("2-plan", "type"))
    samples = scraped(recorder)
    assert samples["genai_guard_calls_total", (("_2_plan", "gold"), ("status", "ok"), ("type_", "chat"))] == 1


def test_alerts_that_fire_are_a_gauge() -> None:
    recorder = recorded([call(status="error", error_type="ValueError")] * 50, alerts=[Alert.error_rate(above=0.1)])
    samples = scraped(recorder)
    assert samples["genai_guard_alert_firing", (("alert", "error_rate_above_0.1"), ("severity", "critical"))] == 1


def test_two_recorders_in_one_registry_have_prefixes() -> None:
    registry = CollectorRegistry()
    registry.register(PrometheusCollector(MetricsRecorder()))
    with pytest.raises(ValueError, match="Duplicated"):
        registry.register(PrometheusCollector(MetricsRecorder()))
    registry.register(PrometheusCollector(MetricsRecorder(), prefix="other"))


@pytest.mark.parametrize(
    ("dimensions", "options", "told"),
    [
        (("model",), {"labels": ("tenant",)}, "'tenant' is none of the recorder's dimensions"),
        (("a-b", "a_b"), {}, "two dimensions would both be the label 'a_b'"),
        (("model",), {"prefix": "my-app"}, "letters, digits and underscores"),
    ],
)
def test_what_cannot_be_exported_is_refused(dimensions: tuple[str, ...], options: dict[str, object], told: str) -> None:
    with pytest.raises(ConfigurationError, match=told):
        PrometheusCollector(MetricsRecorder(dimensions=dimensions), **options)  # type: ignore[arg-type]


@pytest.mark.skipif(
    shutil.which("promtool") is None,
    reason="PROMTOOL IS NOT INSTALLED: the text is checked by the client's parser alone",
)
def test_promtool_has_nothing_to_say_against_the_text() -> None:
    text = text_of(recorded([call()]))
    done = subprocess.run(["promtool", "check", "metrics"], input=text, text=True, capture_output=True, check=False)
    assert (done.returncode, done.stdout, done.stderr) == (0, "", "")


def test_every_metric_stands_on_the_page() -> None:
    page = (ROOT / "docs" / "reference" / "telemetry.md").read_text(encoding="utf-8")
    families = text_string_to_metric_families(text_of(MetricsRecorder()))
    names = [f"{family.name}_total" if family.type == "counter" else family.name for family in families]
    assert len(names) > 10
    assert [name for name in names if f"`{name}`" not in page] == []


def test_no_text_of_a_call_stands_in_a_label() -> None:
    secret = "planted-secret"
    verdict = Verdict(Action.FLAG, text=secret, findings=(Finding("rule", "FOUND", 0, 3, detail=secret),), guard="own")
    events = [
        call(status=status, error_type=error, verdicts=(verdict,), request=(Part(secret),), response=(Part(secret),))
        for status, error in (("ok", ""), ("error", "ValueError"), ("timeout", "TimeoutError"), ("abandoned", ""))
    ]
    told = text_of(recorded(event._replace(caller=Caller(tags={"note": secret})) for event in events))
    assert "own" in told
    assert secret not in told


def test_a_label_that_callers_give_is_redacted_and_what_looks_alike_is_one() -> None:
    recorder = MetricsRecorder(dimensions=("model", "user", "note"))
    for number in range(3):
        said = Caller(user=f"ann{number}@example.com", tags={"note": f"call 415-555-010{number}"})
        recorder.record(Event(1.7e9, "r", model="gpt-4o-2024-08-06", caller=said))
    text = text_of(recorder)

    assert 'calls_total{model="gpt-4o-2024-08-06",note="call [PHONE]",status="ok",user="[EMAIL]"} 3.0' in text
    assert "example.com" not in text
