"""The sections beside the calls: variants, alerts, changes and drift; and what is missing in the page."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import TYPE_CHECKING, Any, Final, NamedTuple, cast

from genai_guard.markup import Markup, element, joined
from genai_guard.recording.alerts import AlertEvent
from genai_guard.recording.report import shapes
from genai_guard.recording.report.axes import TimeAxis, moment
from genai_guard.recording.report.blocks import Block, Figure, Key, Note, Section, Table
from genai_guard.recording.report.over_time import shown, spent
from genai_guard.recording.report.plots import PALETTE
from genai_guard.recording.report.summary import Figures, Summary
from genai_guard.units import counted, how_many, milliseconds, percent, plain_time
from genai_guard.wilson import Rate

if TYPE_CHECKING:
    from genai_guard.recording.review import ReviewReport, RulePrecision

__all__ = ["Change", "alerts", "changes", "completeness", "drift", "review", "variants"]

_MOST: Final = 50
_BAR: Final = 100


class Change(NamedTuple):
    """Something that was changed, and that may explain what follows.

    Attributes:
        time_s: When, in seconds since 1970.
        kind: What kind of change, such as `policy_loaded`.
        said: What exactly, in a few words.
    """

    time_s: float
    kind: str
    said: str = ""


def variants(summary: Summary) -> Section | None:
    """Return the variants of each experiment side by side; None without experiments."""
    experiments: dict[tuple[str, str], dict[str, Figures]] = {}
    for arm, figures in summary.arms.items():
        experiments.setdefault((arm.experiment, arm.mode), {})[arm.variant] = figures
    blocks: list[Block] = [_arms(*key, arms) for key, arms in list(experiments.items())[:_MOST]]
    if not blocks:
        return None
    said = (
        "Bars show 95 % intervals (Wilson), each of its own, from 0 % at the left. Whether variants differ, and by how "
        "much, is told by: python -m genai_guard analyze."
    )
    return Section("variants", "Variants", [*blocks, Note(said)])


def _arms(experiment: str, mode: str, arms: Mapping[str, Figures]) -> Table:
    ordered = sorted(arms.items())[:_MOST]
    worst = max((each.errors.high for _, each in ordered if each.errors.trials), default=1.0)
    with_thumbs = any(each.up or each.down for _, each in ordered)
    together = sum(each.calls for each in arms.values())
    columns = ["variant", "calls", "share", "errors", "p50", "p99", "tokens/call", "cost/call", "cost", "blocked"]
    rows: list[list[str]] = []
    for name, each in ordered:
        cells = [
            shown(name),
            counted(each.calls),
            percent(each.calls / together),
            _rate_cell(each.errors, worst),
            milliseconds(each.latency_ms.p50),
            milliseconds(each.latency_ms.p99),
            counted(each.tokens / each.calls),
            spent(each, calls=each.calls),
            spent(each),
            percent(each.blocked / each.calls),
        ]
        rows.append([*cells, _rate_cell(each.thumbs, 1.0)] if with_thumbs else cells)
    name = f"Experiment {shown(experiment)}" if experiment else "Variants"
    caption = f"{name}, in shadow mode" if mode == "shadow" else name
    return Table(caption, [*columns, "thumbs up"] if with_thumbs else columns, rows)


def _rate_cell(rate: Rate, most: float) -> Markup:
    return _share_cell(rate.value, rate.low, rate.high, most) if rate.trials else Markup("–")  # noqa: RUF001  a dash


def _share_cell(value: float, low: float, high: float, most: float) -> Markup:
    """Return a share, and its interval as a bar on a scale from 0 to `most`."""
    begin, end, at = (round(_BAR * each / (most or 1.0), 2) for each in (low, high, value))
    span = f"{percent(low)} to {percent(high)}"
    shapes = (
        element("title", f"{percent(value)}, interval {span}"),
        element("rect", x=0, y=4, width=_BAR, height=2, class_="track"),
        element("rect", x=begin, y=3, width=max(end - begin, 1), height=4, rx=2, class_="fill c0"),
        element("rect", x=min(at, _BAR - 1), y=0, width=1.5, height=10, class_="point"),
    )
    bar = element("svg", *shapes, class_="interval", viewBox=f"0 0 {_BAR} 10", preserveAspectRatio="none", role="img")
    return joined((percent(value), bar, element("small", span)))


def alerts(events: Sequence[AlertEvent], time: TimeAxis | None, *, now_s: float) -> Section:
    """Return which alerts fired, and for how long."""
    rows = [_alert(event, now_s) for event in sorted(events, key=lambda each: -each.fired_at_s)[:_MOST]]
    columns = ["alert", "state", "severity", "fired", "for", "what was seen"]
    if not rows:
        return Section("alerts", "Alerts", [Note("No alert fired.")])
    blocks: list[Block] = [] if time is None else [_timeline(events, time, now_s)]
    blocks.append(Table("Alerts, the latest first", columns, rows, (1, 2, 3, 5)))
    if len(events) > _MOST:
        blocks.append(Note(f"{len(events) - _MOST} earlier alerts are not shown."))
    return Section("alerts", "Alerts", blocks)


def _timeline(events: Sequence[AlertEvent], time: TimeAxis, now_s: float) -> Figure:
    """Return a row for each of the alerts that fired most often."""
    fired: dict[str, list[tuple[float, float]]] = {}
    for event in events:
        until_s = now_s if event.resolved_at_s is None else event.resolved_at_s
        fired.setdefault(event.name, []).append((event.fired_at_s, until_s))
    most = sorted(fired, key=lambda name: -len(fired[name]))[: len(PALETTE)]
    rows = [(colour, fired[name]) for colour, name in zip(PALETTE, most, strict=False)]
    legend = [Key(colour, name) for colour, name in zip(PALETTE, most, strict=False)]
    said = f"{len(events)} times one of {len(fired)} alerts fired"
    return Figure("When alerts fired", said, shapes.periods(rows, time), (), time.ticks, legend)


def _alert(event: AlertEvent, now_s: float) -> list[str]:
    slices = ", ".join(f"{name} {value}" for name, value in event.labels.items())
    state = element(
        "span", event.state + (", silenced" if event.silenced else ""), class_=f"state {_STATES[event.state]}"
    )
    until_s = now_s if event.resolved_at_s is None else event.resolved_at_s
    return [
        event.name + (f" ({slices})" if slices else ""),
        state,
        event.severity + (", shadow" if event.mode == "shadow" else ""),
        moment(event.fired_at_s),
        plain_time(max(0.0, until_s - event.fired_at_s)),
        event.message,
    ]


_STATES: Final = {"pending": "waits", "firing": "bad", "resolved": "good"}


def changes(found: Sequence[Change]) -> Section:
    """Return what was changed meanwhile."""
    rows = [[moment(each.time_s), each.kind.replace("_", " "), each.said] for each in sorted(found)[-_MOST:]]
    if not rows:
        return Section("changes", "Changes", [Note("Nothing was changed, as far as the audit tells.")])
    note = Note("Dashed lines in the plots above stand where these are.")
    return Section(
        "changes", "Changes", [Table("Changes, from the audit", ["when", "what", "details"], rows, (1, 2)), note]
    )


_DRIFT: Final = (
    ("column_name", "column"),
    ("window", "window"),
    ("slice_key", "slice"),
    ("slice_value", "value"),
    ("drift_type", "compared with"),
    ("verdict", "verdict"),
    ("count", "values"),
    ("count_cmp", "against"),
    ("p_corrected", "p, corrected"),
    ("effect_size", "effect"),
    ("js_distance", "Jensen-Shannon"),
    ("population_stability_index", "PSI"),
    ("wasserstein_distance", "Wasserstein"),
    ("tv_distance", "total variation"),
    ("ks_test", "K-S p"),
    ("chi_squared_test", "chi-squared p"),
)
_DRIFT_TEXTS: Final = frozenset({"column_name", "window", "slice_key", "slice_value", "drift_type", "verdict"})
_UNDECIDED: Final = frozenset({"wasserstein_distance", "tv_distance", "ks_test", "chi_squared_test"})
"""What says little beside a verdict that was made of it."""
_VERDICTS: Final = {"drift": "bad", "no drift": "good", "insufficient data": "waits"}
_COMPARED: Final = {"BASELINE": "baseline", "CONSECUTIVE": "window before"}
_LEAST_P: Final = 1e-4


def drift(rows: Sequence[Mapping[str, Any]]) -> Section:
    """Return how distributions moved: rows with the columns of Databricks' `drift_metrics`, those that say drift first.

    Of our own columns, `verdict`, `count`, `p_corrected` and `effect_size` are shown if they are there.
    """
    of_columns = [row for row in rows if row.get("column_name") != ":table"]
    if not of_columns:
        return Section("drift", "Drift", [Note("No drift was measured.")])
    judged = any(row.get("verdict") for row in of_columns)
    known = [
        (key, name)
        for key, name in _DRIFT
        if any(row.get(key) is not None for row in of_columns) and not (judged and key in _UNDECIDED)
    ]
    ranks = {name: place for place, name in enumerate(_VERDICTS)}
    ordered = sorted(of_columns, key=lambda row: ranks.get(str(row.get("verdict")), len(ranks)))
    cells = [[_drift_cell(row.get(key), key) for key, _ in known] for row in ordered[:_MOST]]
    texts = [place for place, (key, _) in enumerate(known) if key in _DRIFT_TEXTS]
    blocks: list[Block] = [Table("Drift of each column", [name for _, name in known], cells, texts)]
    if judged:
        moved = sum(row.get("verdict") == "drift" for row in of_columns)
        blocks.insert(0, Note(f"Drift in {moved:,} of {how_many(len(of_columns), 'test')}.", warns=moved > 0))
        blocks.append(Note(_HOW_JUDGED))
    if len(of_columns) > _MOST:
        blocks.append(Note(f"{len(of_columns) - _MOST} more rows are not shown."))
    return Section("drift", "Drift", blocks)


_HOW_JUDGED: Final = (
    "p is how often chance alone would differ as much, corrected for the number of tests. Effect and distances are 0 "
    "where nothing differs; 1 is the most that Jensen-Shannon can be."
)


def _drift_cell(value: object, key: str) -> str:
    if isinstance(value, Mapping):
        given = cast("Mapping[str, Any]", value)
        if key == "window":
            return " to ".join(str(given.get(end))[:16].replace("T", " ") for end in ("start", "end"))
        value = given.get("pvalue")
    if isinstance(value, float | int) and not isinstance(value, bool):
        return _drift_number(value, key)
    if key == "verdict" and value in _VERDICTS:
        return element("span", str(value), class_=f"state {_VERDICTS[str(value)]}")
    return "–" if value is None else _COMPARED.get(str(value), str(value)[:120])  # noqa: RUF001  a dash


def _drift_number(value: float, key: str) -> str:
    if key in {"count", "count_cmp"}:
        return counted(value)
    if key in {"p_corrected", "ks_test", "chi_squared_test"}:
        return f"< {_LEAST_P:.4f}" if value < _LEAST_P else f"{value:.3g}"
    return f"{value:.3f}" if abs(value) < 10 else f"{value:.3g}"


def review(found: ReviewReport) -> Section:
    """Return how often rules are right, how much they miss and how far reviewers agree, as reviewers say."""
    ordered = found.rules[:_MOST]
    rows = [
        [shown(each.guard), each.rule, counted(each.items), counted(each.right), counted(each.wrong), _precision(each)]
        for each in ordered
    ]
    columns = ["guard", "rule", "in the queue", "right", "wrong", "right, of all calls"]
    blocks: list[Block] = [Table("Rules that fired, as reviewers judged them", columns, rows, (1,))] if rows else []
    blocks += [Note(f"{said[0].upper()}{said[1:]}.") for said in found.notes()]
    if rows:
        blocks.append(Note(f"Bars show {found.confidence * 100:g} % intervals for all calls in which the rule fired."))
    return Section("review", "Review", blocks or [Note("No call in the queue was found by a rule.")])


def _precision(rule: RulePrecision) -> Markup:
    of = rule.precision
    return _share_cell(of.value, of.low, of.high, 1.0) if of.judged else Markup("–")  # noqa: RUF001  a dash


def completeness(summary: Summary, skipped: int, dropped: Mapping[str, int]) -> Section:
    """Return what the page does not tell, and why."""
    notes = list(_missing(summary, skipped, dropped)) or [
        Note("Every line of the log was read and is counted." if summary.rows else "The log is empty.")
    ]
    return Section("completeness", "Completeness", notes)


def _missing(summary: Summary, skipped: int, dropped: Mapping[str, int]) -> Iterator[Note]:
    if summary.is_counted:
        yield Note(
            "From counts that were kept in stretches of five minutes: what rules found is not known, and each retry counts."
        )
    if skipped:
        yield Note(
            f"Skipped: {how_many(skipped, 'line')} of the log that no row can be read from, torn or damaged.",
            warns=True,
        )
    if summary.undated:
        yield Note(f"Skipped: {how_many(summary.undated, 'row')} that do not say when they were.", warns=True)
    for name, count in dropped.items():
        yield Note(f"Lost before it could be written: {how_many(count, 'row')} ({name}).", warns=True)
    if summary.sampled:
        rows = how_many(summary.sampled, "row")
        yield Note(
            f"The log keeps a sample: {rows} stand for more than one call each, and figures are estimates.", warns=True
        )
    if summary.outside:
        yield Note(f"Left out: {how_many(summary.outside, 'row')} from before or after the time that was asked for.")
    if summary.unplaced:
        yield Note(f"Left out: feedback on {how_many(summary.unplaced, 'call')} that are not in this part of the log.")
