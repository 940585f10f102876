"""The page around the sections: one file that loads nothing, runs nothing, and says so by its own policy."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from functools import cache
from importlib.resources import files
from typing import TYPE_CHECKING, Any, Final

from genai_guard.errors import ConfigurationError
from genai_guard.limits.table import UsageRow
from genai_guard.markup import Markup, plain, visible
from genai_guard.page_style import STYLE
from genai_guard.recording.alerts import AlertEvent
from genai_guard.recording.report import beside, over_time
from genai_guard.recording.report.axes import moment, time_axis
from genai_guard.recording.report.beside import Change
from genai_guard.recording.report.blocks import Note, Section, Tile
from genai_guard.recording.report.over_time import spent
from genai_guard.recording.report.summary import Figures, Summary
from genai_guard.units import compact, counted, dollars, frequency, how_many, milliseconds, percent, plain_time

if TYPE_CHECKING:
    from jinja2 import Template

    from genai_guard.recording.review import ReviewReport

__all__ = ["Beside", "render"]

_HERE: Final = "genai_guard.recording.report"


@dataclass(frozen=True, slots=True, kw_only=True)
class Beside:
    """What a report shows besides the calls. What is None was not looked at, and has no section.

    Args:
        alerts: As `MetricsRecorder.alerts` returns them.
        changes: What was changed meanwhile.
        usage: As `RateLimiter.usage` returns it.
        drift: Rows with the columns of Databricks' `drift_metrics`.
        review: What reviewers say of rules.
        skipped: Lines of the log that were no rows.
        dropped: What was lost before it was written, by sink and reason: `MetricsRecorder.dropped`.
    """

    alerts: Sequence[AlertEvent] | None = None
    changes: Sequence[Change] | None = None
    usage: Iterable[UsageRow] = ()
    drift: Sequence[Mapping[str, Any]] | None = None
    review: ReviewReport | None = None
    skipped: int = 0
    dropped: Mapping[str, int] = field(default_factory=dict[str, int])


def render(
    summary: Summary,
    *,
    now_s: float,
    title: str = "What happened",
    budget_usd: float | None = None,
    beside: Beside | None = None,
) -> str:
    """Return a summary as a page of HTML that stands alone.

    It has no script, loads nothing and is legible in light, in dark and on paper. No text of a call is in it. All names
    are escaped. Needs the extra `report`.

    Args:
        summary: What there is to show.
        now_s: When the page was made, in seconds since 1970.
        title: Heading of the page.
        budget_usd: What may be spent in the time that is shown.
        beside: What else to show.

    Raises:
        ConfigurationError: the extra is missing.
    """
    more = beside or Beside()
    sections = _sections(summary, more, now_s=now_s, budget_usd=budget_usd)
    warnings = [block for block in sections[-1].blocks if isinstance(block, Note) and block.warns]
    return _template().render(
        title=title,
        about=_about(summary),
        warnings=warnings,
        tiles=list(_tiles(summary, budget_usd)),
        sections=sections,
        footer=f"Made {moment(now_s)} by genai_guard. All times are in UTC.",
        style=_style(),
    )


def _sections(summary: Summary, more: Beside, *, now_s: float, budget_usd: float | None) -> list[Section]:
    last = beside.completeness(summary, more.skipped, more.dropped)
    found: list[Section] = []
    time = None if summary.calls_span is None else time_axis(summary)
    if time is not None:
        marks_s = [each.time_s for each in more.changes or ()]
        found = [
            over_time.traffic(summary, time, marks_s),
            over_time.latency(summary, time, marks_s),
            over_time.errors(summary, time, marks_s),
            over_time.cost(summary, time, budget_usd),
            over_time.guards(summary, time),
            over_time.limits(summary, time, more.usage),
        ]
        if (variants := beside.variants(summary)) is not None:
            found.append(variants)
    if more.alerts is not None:
        found.append(beside.alerts(more.alerts, time, now_s=now_s))
    if more.drift is not None:
        found.append(beside.drift(more.drift))
    if more.review is not None:
        found.append(beside.review(more.review))
    if more.changes is not None:
        found.append(beside.changes(more.changes))
    return [*found, last]


def _about(summary: Summary) -> str:
    if summary.calls_span is None:
        return _no_calls(summary)
    first, last = summary.calls_span
    seen = how_many(summary.total.calls, "call")
    when = f"from {moment(first)} to {moment(last)}" if last - first >= 1 else f"at {moment(first)}"
    return f"{seen} {when}. Each column of a plot is {plain_time(summary.width_s)}."


def _no_calls(summary: Summary) -> str:
    since_s, until_s = summary.since_s, summary.until_s
    ends = [("from", since_s), ("until", until_s)]
    when = "".join(f" {word} {moment(end_s)}" for word, end_s in ends if end_s is not None)
    return f"There are no calls in this log{when}."


def _tiles(summary: Summary, budget_usd: float | None) -> Iterator[Tile]:
    total = summary.total
    if not total.calls:
        return
    low, high = percent(total.errors.low), percent(total.errors.high)
    often = frequency(total.calls, summary.seconds) if summary.seconds >= 1 else ""
    yield Tile(counted(total.calls), "calls", often)
    yield Tile(percent(total.errors.value), "errors", f"95 % CI {low} to {high}")
    if total.latency_ms.count:
        yield Tile(milliseconds(total.latency_ms.p50), "p50 latency", f"p95 {milliseconds(total.latency_ms.p95)}")
        yield Tile(milliseconds(total.latency_ms.p99), "p99 latency", how_many(total.latency_ms.count, "call"))
    if total.first_token_ms.count:
        yield Tile(
            milliseconds(total.first_token_ms.p50),
            "p50 to first token",
            how_many(total.first_token_ms.count, "stream"),
        )
    yield Tile(compact(total.tokens), "tokens", f"in {compact(total.input_tokens)}, out {compact(total.output_tokens)}")
    yield Tile(spent(total), "spent", _of_budget(total, budget_usd))
    yield Tile(counted(sum(total.hits.values())), "guardrail hits", f"{how_many(total.blocked, 'call')} blocked")
    yield Tile(counted(total.denied), "denied by limits", percent(total.denied / total.calls))
    if total.up or total.down:
        yield Tile(percent(total.thumbs.value), "thumbs up", f"{total.up:,} up, {total.down:,} down")


def _of_budget(total: Figures, budget_usd: float | None) -> str:
    if not total.usd and total.unpriced:
        return "no call has a price"
    if budget_usd is not None:
        return f"{percent(total.usd / budget_usd)} of {dollars(budget_usd)}"
    return f"{dollars(total.usd / total.calls)} a call"


@cache
def _template() -> Template:
    try:
        from jinja2 import Environment, StrictUndefined  # noqa: PLC0415  an extra
    except ImportError:
        raise ConfigurationError("a report needs jinja2: pip install 'genai_guard[report]'") from None
    environment = Environment(autoescape=True, finalize=_finished, undefined=StrictUndefined)
    environment.filters["plain"] = plain
    return environment.from_string(_text("page.html.jinja"))


def _finished(value: object) -> object:
    """Escape whatever is no markup, with an escape for each character that would not be seen, or would be obeyed."""
    if isinstance(value, float):
        return f"{value:g}"
    return visible(value) if isinstance(value, str) and not hasattr(value, "__html__") else value


@cache
def _style() -> Markup:
    return Markup(STYLE + _text("page.css"))


def _text(name: str) -> str:
    return (files(_HERE) / name).read_text(encoding="utf-8")
