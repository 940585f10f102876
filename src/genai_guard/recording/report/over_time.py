"""The sections about time: traffic, latency, errors, cost, guards and limits."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import Final

from genai_guard.limits.table import UsageRow
from genai_guard.recording.dimensions import OTHER
from genai_guard.recording.report.axes import TimeAxis, per
from genai_guard.recording.report.blocks import Block, Note, Section, Table
from genai_guard.recording.report.plots import (
    Layer,
    columns,
    heatmap,
    layers,
    percentiles,
    running_total,
    short_dollars,
)
from genai_guard.recording.report.summary import Figures, Summary
from genai_guard.recording.series import ERRORS, Hit
from genai_guard.recording.snapshot import Quantiles
from genai_guard.units import compact, counted, dollars, how_many, milliseconds, percent, plain_time

__all__ = ["cost", "errors", "guards", "latency", "limits", "shown", "spent", "traffic"]

_MOST: Final = 20
_DENIED: Final = ("rate_limited", "budget_exceeded")
_KNOWN: Final = {"ok", "blocked", *_DENIED, *ERRORS}


def traffic(summary: Summary, time: TimeAxis, marks_s: Sequence[float]) -> Section:
    """Return how many calls there were, and what became of them."""
    slots, every = summary.slots, per(summary.width_s)
    outcomes = [
        Layer("ok", "c0", [slot.statuses.get("ok", 0) for slot in slots]),
        Layer("blocked by a guard", "c4", [slot.blocked for slot in slots]),
        Layer("denied by a limit", "c3", [slot.denied for slot in slots]),
        Layer("errors", "c1", [_broken(slot) for slot in slots]),
        Layer("given up by the caller", "rest", [_rest(slot) for slot in slots]),
    ]
    tokens = [
        Layer("input", "c0", [slot.input_tokens - slot.cached_tokens for slot in slots]),
        Layer("input, cached", "c6", [slot.cached_tokens for slot in slots]),
        Layer("output", "c2", [slot.output_tokens for slot in slots]),
    ]
    blocks: list[Block] = [columns(f"Calls {every}", outcomes, time, marks_s=marks_s, whole=True)]
    if summary.total.tokens:
        blocks.append(columns(f"Tokens {every}", tokens, time))
    blocks.append(_groups("Models", "model", summary.models))
    if len(summary.pipelines) > 1:
        blocks.append(_groups("Pipelines", "pipeline", summary.pipelines))
    if summary.tenants:
        blocks.append(_groups("Tenants", "tenant", summary.tenants))
    return Section("traffic", "Traffic", blocks)


def latency(summary: Summary, time: TimeAxis, marks_s: Sequence[float]) -> Section:
    """Return how long calls took that reached the model."""
    slots, total = summary.slots, summary.total
    if not total.latency_ms.count:
        return Section("latency", "Latency", [Note("No call reached the model.")])
    blocks: list[Block] = [
        percentiles("Latency (logarithmic scale)", [slot.latency_ms for slot in slots], time, marks_s=marks_s),
        heatmap("How many calls took how long (logarithmic scale)", slots, time),
    ]
    if total.first_token_ms.count:
        found = [slot.first_token_ms for slot in slots]
        blocks.append(percentiles("Time to first token (logarithmic scale)", found, time, marks_s=marks_s))
    parts = {
        "whole call": total.latency_ms,
        "model": total.model_ms,
        "first token": total.first_token_ms,
        "waiting for room in a limit": total.queue_ms,
        "everything else: guards, limits, recording": total.overhead_ms,
    }
    rows = [[name, counted(each.count), *_times(each)] for name, each in parts.items() if each.count]
    blocks.append(Table("Where the time goes", ["part", "calls", "p50", "p95", "p99"], rows))
    said = "Times are those of calls that reached the model; everything else is that of all calls."
    blocks.append(Note(f"{said} Percentiles are within 1 % of the exact ones."))
    return Section("latency", "Latency", blocks)


def errors(summary: Summary, time: TimeAxis, marks_s: Sequence[float]) -> Section:
    """Return what broke."""
    total = summary.total
    blocks: list[Block] = []
    if total.error_types:
        stacked = layers(summary.slots, lambda slot, name: slot.error_types.get(name, 0), total.error_types)
        blocks.append(columns(f"Errors {per(summary.width_s)}, by type", stacked, time, marks_s=marks_s, whole=True))
        blocks.append(_counts("Errors by type", "type", total.error_types, total.calls))
    else:
        blocks.append(Note("No call failed."))
    other = {name: count for name, count in total.statuses.items() if name != "ok"}
    if other:
        blocks.append(_counts("Calls without an answer, by status", "status", other, total.calls))
    again = {
        "retried": total.retried,
        "answered by a fallback": total.fallbacks,
        "answered from the cache": total.from_cache,
    }
    if any(again.values()):
        blocks.append(
            _counts(
                "Retries, fallbacks and the cache",
                "calls that were",
                {k: v for k, v in again.items() if v},
                total.calls,
            )
        )
    return Section("errors", "Errors", blocks)


def cost(summary: Summary, time: TimeAxis, budget_usd: float | None) -> Section:
    """Return what calls cost."""
    total, every = summary.total, per(summary.width_s)
    blocks: list[Block] = []
    if total.usd or budget_usd is not None:
        stacked = layers(summary.slots, lambda slot, name: slot.usd_by_model.get(name, 0.0), total.usd_by_model)
        blocks.append(
            columns(f"Dollars spent {every}, by model", stacked, time, write=dollars, axis_write=short_dollars)
        )
        blocks.append(running_total("Dollars spent so far", [slot.usd for slot in summary.slots], budget_usd, time))
    elif not total.unpriced:
        blocks.append(Note("No call cost anything."))
    if total.unpriced:
        said = f"{how_many(total.unpriced, 'call')} with tokens but without a price: what they cost is not known and not counted."
        blocks.append(Note(said, warns=True))
    return Section("cost", "Cost", blocks)


def guards(summary: Summary, time: TimeAxis) -> Section:
    """Return what guards found, and what they did about it."""
    total = summary.total
    if not total.hits:
        return Section("guards", "Guardrails", [Note("No guard found anything.")])
    slots, names = summary.slots, list(dict.fromkeys(hit.guard for hit in total.hits))
    actions = list(dict.fromkeys(_action(hit) for hit in total.hits))
    every = per(summary.width_s)
    rows = [
        [shown(hit.guard), hit.action, hit.mode, counted(count), percent(count / total.calls)]
        for hit, count in total.hits.items()
    ]
    rules = [[shown(rule), category, counted(count)] for (rule, category), count in total.rules.items()]
    return Section(
        "guards",
        "Guardrails",
        [
            columns(f"Hits {every}, by guard", layers(slots, _by_guard, names), time, whole=True),
            columns(f"Hits {every}, by action", layers(slots, _by_action, actions), time, whole=True),
            Table("Hits by guard and action", ["guard", "action", "mode", "hits", "of calls"], rows[:_MOST], (1, 2)),
            Table("Calls by what was found", ["rule", "category", "calls"], rules[:_MOST], (1,)),
            *_more(len(rules), "rules"),
        ],
    )


def limits(summary: Summary, time: TimeAxis, usage: Iterable[UsageRow]) -> Section:
    """Return what limits refused, and how full they are."""
    total = summary.total
    blocks: list[Block] = []
    if total.denials:
        stacked = layers(summary.slots, lambda slot, name: slot.denials.get(name, 0), total.denials)
        blocks.append(columns(f"Calls denied {per(summary.width_s)}, by limit", stacked, time, whole=True))
    names = dict.fromkeys([*total.denials, *total.shadow_denials])
    rows = [
        [
            shown(name),
            counted(denied := total.denials.get(name, 0)),
            percent(denied / total.calls),
            counted(total.shadow_denials.get(name, 0)),
        ]
        for name in names
    ]
    if rows:
        columns_ = ["limit", "denied", "of calls", "would have denied (shadow)"]
        blocks.append(Table("Denials by limit", columns_, rows[:_MOST]))
    else:
        blocks.append(Note("No limit refused a call."))
    if fullest := sorted(usage, key=lambda row: -row.used / (row.capacity or 1))[:_MOST]:
        blocks.append(Table("Fullest keys when the report was made", _USAGE, [_usage(row) for row in fullest], (1,)))
    return Section("limits", "Limits", blocks)


_USAGE: Final = ("limit", "key", "in use", "of", "share", "empty in")


def _usage(row: UsageRow) -> list[str]:
    share = percent(row.used / row.capacity) if row.capacity else "–"  # noqa: RUF001  a dash
    return [
        shown(row.limit),
        row.key[:64],
        counted(row.used),
        counted(row.capacity),
        share,
        plain_time(row.resets_in_s),
    ]


def _groups(caption: str, name: str, groups: Mapping[str, Figures]) -> Table:
    rows = [
        [
            shown(key),
            counted(each.calls),
            percent(each.errors.value),
            milliseconds(each.latency_ms.p50),
            milliseconds(each.latency_ms.p99),
            compact(each.tokens),
            spent(each),
        ]
        for key, each in list(groups.items())[:_MOST]
    ]
    if len(groups) > _MOST:
        rows.append([f"{len(groups) - _MOST} more", counted(sum(each.calls for each in list(groups.values())[_MOST:]))])
    return Table(caption, [name, "calls", "errors", "p50", "p99", "tokens", "cost"], [_filled(row, 7) for row in rows])


def _filled(row: Sequence[str], length: int) -> list[str]:
    return [*row, *[""] * (length - len(row))]


def _counts(caption: str, name: str, counts: Mapping[str, float], calls: float) -> Table:
    rows = [[shown(each), counted(count), percent(count / calls)] for each, count in counts.items()]
    return Table(caption, [name, "calls", "of calls"], rows[:_MOST])


def _more(count: int, what: str) -> Iterator[Note]:
    if count > _MOST:
        yield Note(f"{count - _MOST} more {what} are not shown.")


def _times(each: Quantiles) -> list[str]:
    return [milliseconds(each.p50), milliseconds(each.p95), milliseconds(each.p99)]


def _broken(slot: Figures) -> float:
    return sum(count for status, count in slot.statuses.items() if status in ERRORS)


def _rest(slot: Figures) -> float:
    return sum(count for status, count in slot.statuses.items() if status not in _KNOWN)


def _action(hit: Hit) -> str:
    return f"{hit.action}, shadow" if hit.mode == "shadow" else hit.action


def _by_guard(slot: Figures, name: str) -> float:
    return sum(count for hit, count in slot.hits.items() if hit.guard == name)


def _by_action(slot: Figures, name: str) -> float:
    return sum(count for hit, count in slot.hits.items() if _action(hit) == name)


def spent(figures: Figures, *, calls: float = 1) -> str:
    """Return what calls cost, or what one of them did; a dash if none of those that had tokens has a price."""
    return "–" if not figures.usd and figures.unpriced else dollars(figures.usd / calls)  # noqa: RUF001  a dash


def shown(name: str) -> str:
    """Return a name for people."""
    return "other" if name == OTHER else name or "not named"
