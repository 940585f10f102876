"""A process with everything switched on that the library can write to, send or show."""

from __future__ import annotations

import io
import json
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import structlog
from opentelemetry.sdk.metrics import MeterProvider
from opentelemetry.sdk.metrics.export import InMemoryMetricReader
from opentelemetry.sdk.trace import TracerProvider
from opentelemetry.sdk.trace.export import SimpleSpanProcessor
from opentelemetry.sdk.trace.export.in_memory_span_exporter import InMemorySpanExporter

from calls import CountingLimiter
from genai_guard import Experiment, ExperimentRouter, Limit, Pipeline, RateLimiter, Variant
from genai_guard.guards import PII, BlockedPatterns, Names, Secrets, guard
from genai_guard.recording import (
    Alert,
    AlertEvent,
    AuditLog,
    Event,
    ExposureLog,
    InferenceLog,
    MetricsRecorder,
    OpenTelemetry,
    PagerDuty,
    Redactor,
    Slack,
    StructlogSink,
    Webhook,
    redact_processor,
)
from genai_guard.recording.drift import DriftMonitor
from genai_guard.recording.feedback import Feedback, SqliteFeedbackStore
from genai_guard.recording.history import MetricsHistory
from genai_guard.recording.logs import SqliteInferenceLog
from genai_guard.recording.review import ReviewQueue
from genai_guard.resilience import Breaker, Fallback, Resilience, Retry
from genai_guard.routing.shadow import Shadow
from planted.paths import PATHS
from planted.plants import NAME, WORD, Plant
from receiver import Receiver

__all__ = ["USERS", "World"]

USERS = tuple(
    f"somebody-{letters}" for letters in ("kmvp", "tzrb", "gxdw", "hqcs", "fjnl", "wprk", "bdvt", "smgz", "lxhc")
)


class World:
    """Everything around the calls.

    Args:
        folder: Where whatever is written goes.
        server: Takes what is sent.
        content: Whether texts are wanted, redacted, by all that can have them.
        redact: The redactor of the log; its own unless given.

    Attributes:
        shown: What was shown of values while calls ran.
        raised: The errors of the library, as they are printed.
        logger: How the application logs them, with all that they come from, through the processor of the library.
    """

    def __init__(self, folder: Path, server: Receiver, *, content: bool, redact: Redactor | None = None) -> None:
        self.folder = folder
        self.server = server
        self.plant = Plant("", "", "")
        self.last_id = ""
        self.shown: list[str] = []
        self.raised: list[str] = []
        self.told: list[AlertEvent | Feedback] = []
        self.log_text = io.StringIO()
        self.printed = io.StringIO()
        self.warned: list[str] = []
        self.application_log = io.StringIO()
        self.logger = structlog.wrap_logger(
            structlog.WriteLogger(self.application_log),
            [structlog.processors.format_exc_info, redact_processor(), structlog.processors.JSONRenderer()],
        )
        self.spans = InMemorySpanExporter()
        self.metrics = InMemoryMetricReader()
        tracer_provider = TracerProvider(shutdown_on_exit=False)
        tracer_provider.add_span_processor(SimpleSpanProcessor(self.spans))
        wanted: Any = "redacted" if content else "none"
        self.log = InferenceLog(folder / "log", content=wanted, redact=redact)
        self.content = content
        self.audit = AuditLog(folder / "audit", key=lambda: "a key of thirty-two characters!!", anchor=folder / "heads")
        self.store = SqliteFeedbackStore(folder / "feedback.sqlite")
        self.monitor = DriftMonitor(window=20, learn=20, min_n=5, on_drift=self._tell)
        self.sqlite_log = SqliteInferenceLog(folder / "log.sqlite", content=wanted)
        self.history = MetricsHistory(folder / "history")
        self.recorder = MetricsRecorder(
            dimensions=("model", "variant", "tenant", "pipeline", "note"),
            alerts=[
                Alert.latency_p99(above_ms=0.001), Alert.error_rate(above=0.01), Alert.budget(usd=1e-9),
                Alert.guardrail_hits(), Alert.guardrail_hits(name="by_note", by=("pipeline", "note")),
            ],
            on_alert=self._tell,
            notify=[
                Webhook(webhook_url=f"{server.url}/hook", authorization="Bearer x"),
                Slack(webhook_url=f"{server.url}/slack"),
                PagerDuty(routing_key="k" * 32, events_url=f"{server.url}/pager"),
            ],
            log=self.log,
            review=ReviewQueue(folder / "review.sqlite") if content else None,  # which is for texts
            sinks=[self.sqlite_log.writer(), StructlogSink(content=wanted), Spilling(self), self.monitor],
            feedback=self.store,
            on_feedback=self._tell,
            exposures=ExposureLog(folder / "exposures"),
            audit=self.audit,
            telemetry=OpenTelemetry(
                content=wanted,
                tracer_provider=tracer_provider,
                meter_provider=MeterProvider(metric_readers=[self.metrics], shutdown_on_exit=False),
            ),
            history=self.history,
            queue_size=100_000,
        )  # fmt: skip
        self.pipelines = self._pipelines()

    def tags(self) -> dict[str, str]:
        """Return tags that quote the text; where nothing may be found without rules, none do."""
        return {"note": self.plant.text} if self.content and self.plant.is_known else {}

    def user(self) -> str:
        """Return whom the call is made for, one of nine."""
        return USERS[len(self.plant.text) % len(USERS)]

    def json(self, plant: Plant) -> str:
        """Return the text as JSON, as models write arguments."""
        return json.dumps(plant.text)

    def walk(self, plants: Sequence[Plant]) -> Mapping[str, Sequence[Plant]]:
        """Send each plant down one path, so that each kind goes down several; return which went down which."""
        walked: dict[str, list[Plant]] = {path.__name__: [] for path in PATHS}
        for number, plant in enumerate(plants):
            self.plant = plant
            path = PATHS[(number + number // len(PATHS)) % len(PATHS)]
            walked[path.__name__].append(plant)
            path(self, plant)
        self.recorder.alerts()
        assert self.recorder.flush(timeout_s=60)
        shadow = self.pipelines["shadowed"].shadow
        assert shadow is not None
        assert shadow.close(timeout_s=30)
        return walked

    def close(self) -> None:
        """Write what is left."""
        self.recorder.close(timeout_s=30)
        self.audit.close(timeout_s=30)

    def _pipelines(self) -> dict[str, Pipeline]:
        def built(name: str, **parts: Any) -> Pipeline:
            return Pipeline(name=name, recorder=self.recorder, prices={"small": (1.0, 2.0)}, **parts)

        found = [PII(action="flag"), Secrets(action="flag"), Names(_named, action="flag")]
        found.append(BlockedPatterns(regexes=[WORD.pattern], action="flag"))
        edited = [PII(action="redact"), Secrets(action="redact"), *found[2:]]
        blocked = [PII(action="block"), Secrets(action="block"), Names(_named, action="block")]
        blocked.append(BlockedPatterns(regexes=[WORD.pattern]))
        router = ExperimentRouter(Experiment("tone", Variant("short"), Variant("long"), by="user"))
        down = Resilience(breaker=Breaker(minimum_calls=1, open_s=3600))
        circuit = built("open_circuit", input=found, output=found, resilience=down)
        down.breaker.trip("small")  # type: ignore[union-attr]

        @guard(on_error="block")
        def breaks(text: str) -> bool:
            raise ValueError(self.plant.text) from KeyError(text)

        @guard(on_error="allow")
        def gives_way(text: str) -> bool:
            raise LookupError(self.plant.text)

        limiter: Any = CountingLimiter(Limit.requests(5, per="hour"))
        limiter.reserve = self._break
        return {
            "open": built("open", input=edited, output=edited, router=router),
            "unguarded": built("unguarded"),
            "plain": built("plain", input=found, output=found),
            "strict": built("strict", input=blocked),
            "strict_reply": built("strict_reply", output=blocked),
            "limited": built("limited", input=found, limiter=RateLimiter(Limit.requests(1, per="hour"))),
            "broke": built("broke", input=found, limiter=RateLimiter(Limit.usd(1e-9, per="day"))),
            "broken": built("broken", input=[*found, breaks]),
            "lenient": built("lenient", input=[*found, gives_way], output=[*found, gives_way]),
            "unlimited": built("unlimited", input=found, output=found, limiter=limiter),
            "resilient": built(
                "resilient", input=found, output=found,
                resilience=Resilience(retry=Retry(2, first_wait_s=1e-4), fallback=Fallback([self._answer])),
            ),
            "open_circuit": circuit,
            "pseudonymous": built("pseudonymous", input=[PII(action="pseudonymize"), *found[1:]], output=found),
            "shadowed": built(
                "shadowed", input=found, output=found,
                shadow=Shadow("other", target=self._break, sample=1.0, recorder=MetricsRecorder(log=self.log)),
            ),
        }  # fmt: skip

    def _answer(self, prompt: str) -> str:
        return self.plant.text

    def _break(self, *_: object, **__: object) -> Any:
        raise OSError(self.plant.text)

    def _tell(self, event: AlertEvent | Feedback) -> None:
        self.told.append(event)
        raise ValueError(self.plant.text)


class Spilling:
    """A sink that quotes a text in what it raises."""

    def __init__(self, world: World) -> None:
        self._world = world
        self.wants_text = world.content
        self.seen: list[str] = []

    def write(self, event: Event, /) -> None:
        self._world.shown.append(str(tuple(event)))
        raise ValueError(self._world.plant.text)


def _named(text: str) -> list[tuple[int, int, str]]:
    return [(*found.span(), "PERSON") for found in NAME.finditer(text)]
