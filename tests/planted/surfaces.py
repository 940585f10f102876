"""Everything that may leave a process, or be looked at by somebody: a surface is one function here.

A new one: a function of the `World` that yields texts or bytes, under `@surface`. Files need none: all of them are read.
"""

from __future__ import annotations

import io
import re
from collections.abc import Callable, Iterable, Iterator
from contextlib import redirect_stderr, redirect_stdout
from typing import Any

from prometheus_client import CollectorRegistry, generate_latest

from genai_guard.__main__ import main
from genai_guard.recording.dashboard import dashboard
from genai_guard.recording.prometheus import PrometheusCollector
from planted.plants import NAME, WORD
from planted.world import World

__all__ = ["SURFACES", "Surface"]

_UNKNOWN = re.compile(f"{NAME.pattern}|{WORD.pattern}")
Surface = Callable[[World], Iterable[str | bytes]]
_FORMATS = ("chat", "preferences", "openai-preferences", "label-studio", "assessments", "csv")
SURFACES: dict[str, Surface] = {}


def surface(function: Surface) -> Surface:
    SURFACES[function.__name__] = function
    return function


@surface
def files(world: World) -> Iterator[bytes]:
    """All that was written, and what it is called."""
    for path in sorted(world.folder.rglob("*")):
        yield str(path).encode()
        if path.is_file():
            yield path.read_bytes()


@surface
def sent(world: World) -> Iterator[str | bytes]:
    for path, headers, body in world.server.requests:
        yield from (path, str(headers), body)


@surface
def logged_by_structlog(world: World) -> Iterator[str]:
    yield world.log_text.getvalue()


@surface
def logged_by_the_application(world: World) -> Iterator[str]:
    """Errors of the library with all that they come from, such as those of guards; names and words no rule knows."""
    if world.content:
        yield from (line for line in world.application_log.getvalue().splitlines() if not _UNKNOWN.search(line))


@surface
def printed(world: World) -> Iterator[str]:
    yield world.printed.getvalue()


@surface
def warned(world: World) -> Iterable[str]:
    return world.warned


@surface
def raised(world: World) -> Iterable[str]:
    return world.raised


@surface
def shown(world: World) -> Iterable[str]:
    return world.shown


@surface
def told(world: World) -> Iterator[str]:
    for each in world.told:
        yield from (repr(each), str(each), str([getattr(each, name) for name in each.__dataclass_fields__]))


@surface
def spans(world: World) -> Iterator[str]:
    for span in world.spans.get_finished_spans():
        yield span.to_json()


@surface
def metrics(world: World) -> Iterator[str]:
    data = world.metrics.get_metrics_data()
    yield "" if data is None else data.to_json()


@surface
def prometheus(world: World) -> Iterator[bytes]:
    registry = CollectorRegistry()
    registry.register(PrometheusCollector(world.recorder))
    yield generate_latest(registry)


@surface
def dashboards(world: World) -> Iterator[str]:
    for pipeline in world.pipelines.values():
        yield str(dashboard(pipeline))


@surface
def reprs(world: World) -> Iterator[str]:
    recorder = world.recorder
    values: list[Any] = [
        recorder, recorder.snapshot(), recorder.breakdown("pipeline"), recorder.alerts(),
        recorder.dropped, recorder.feedback.counts(), recorder.telemetry, recorder.log, recorder.audit, world.store,
        world.audit.dropped, world.audit.verify(), *recorder.notify, *recorder.sinks, *world.pipelines.values(),
    ]  # fmt: skip
    for value in values:
        yield from (repr(value), str(value))
        if hasattr(value, "_repr_html_"):
            yield value._repr_html_()


@surface
def read_back(world: World) -> Iterator[str]:
    rows, said = list(world.log.read()), list(world.store.read())
    yield from map(str, rows)
    yield from (str((each.value, each)) for each in said)
    yield from map(str, world.audit.read())


@surface
def drift(world: World) -> Iterator[str]:
    if world.monitor.baseline is not None:
        world.monitor.baseline.save(world.folder / "baseline.json")
    for table in world.monitor.tables:
        yield from (str(table), table._repr_html_(), table.to_json(), table.to_csv(), table.summary())


@surface
def series(world: World) -> Iterator[str]:
    """Metrics step by step, and those that outlast the process."""
    for source in (world.recorder, world.history):
        for by in ("", "pipeline"):
            table = source.timeseries(600, window_s=1800, by=by)
            yield from (str(table), repr(table), table._repr_html_(), str(table.rows()))


@surface
def commands(world: World) -> Iterator[str]:
    folder = world.folder
    for argv in (
        ("audit", "tail", folder / "audit"),
        ("audit", "export", folder / "audit"),
        ("feedback", "summary", folder / "log", folder / "feedback.sqlite"),
        *[("feedback", "export", folder / "log", folder / "feedback.sqlite", "--format", form) for form in _FORMATS],
        ("drift", folder / "log", "--profile"),
        ("log", "tail", folder / "log", "--json"),
        ("log", "query", folder / "log.sqlite"),
        ("log", "export", folder / "log", "--to", "csv"),
        ("top", folder / "log", "--once", "--window", "3600"),
        (
            "report",
            folder / "log",
            "--output",
            "-",
            "--audit",
            folder / "audit",
            "--feedback",
            folder / "feedback.sqlite",
        ),
        ("review", "list", folder / "review.sqlite"),
        ("review", "next", folder / "review.sqlite", "--reviewer", "somebody"),
        *[
            ("review", "export", folder / "review.sqlite", "--format", form)
            for form in ("jsonl", "cases", "label-studio")
        ],
        ("analyze", folder / "log", "--experiment", "tone", "--metric", "latency_ms", "--control", "long"),
    ):
        yield _said_by(*map(str, argv))


def _said_by(*argv: str) -> str:
    out = io.StringIO()
    with redirect_stdout(out), redirect_stderr(out):
        try:
            main(list(argv))
        except SystemExit as end:
            out.write(str(end))
    return out.getvalue()
