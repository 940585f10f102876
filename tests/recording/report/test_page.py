"""The page stands alone, holds no text of a call, escapes every name, and tells what it leaves out."""

from __future__ import annotations

import json
import re
import sys
from datetime import UTC, datetime
from html.parser import HTMLParser
from pathlib import Path
from typing import Any

import pytest

import traffic
from genai_guard.errors import ConfigurationError
from genai_guard.limits.table import UsageRow
from genai_guard.messages import Caller, Part
from genai_guard.recording import AlertEvent, AuditLog, Event, InferenceLog
from genai_guard.recording.drift import drift
from genai_guard.recording.report import Beside, Change, Summary, changes_of, render, report, summarize, write_report
from genai_guard.recording.report import page as page_module
from genai_guard.recording.report.axes import log_axis, time_axis

T = traffic.START_S
HOSTILE = "<script>alert(1)</script>\"'><img src=x onerror=alert(1)>\N{RIGHT-TO-LEFT OVERRIDE}"
VOID = {"meta", "br", "hr"}


class Checked(HTMLParser):
    """Notes the tags and attributes of a page, and that its elements are closed in order."""

    def __init__(self, page: str) -> None:
        super().__init__()
        self.tags: set[str] = set()
        self.attributes: list[tuple[str, str]] = []
        self.texts: list[str] = []
        self._open: list[str] = []
        self.feed(page)
        assert self._open == []

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.add(tag)
        self.attributes += ((name, value or "") for name, value in attrs)
        if tag not in VOID:
            self._open.append(tag)

    def handle_endtag(self, tag: str) -> None:
        assert self._open.pop() == tag

    def handle_data(self, data: str) -> None:
        self.texts.append(data)

    @property
    def text(self) -> str:
        return " ".join(" ".join(self.texts).split())


@pytest.fixture(scope="module")
def page() -> str:
    alerts = [
        AlertEvent("error rate", "resolved", "21 %", 0.2, 0.05, "critical", "enforce", T + 50_000, T + 53_000),
        AlertEvent(
            "budget", "firing", "$9 of $10", 0.9, 0.8, "warning", "shadow", T + 80_000, labels={"model": "gpt-5"}
        ),
    ]
    drifts = [{"column_name": "tokens", "drift_type": "BASELINE", "js_distance": 0.25, "ks_test": {"pvalue": 0.03}}]
    more = Beside(
        alerts=alerts,
        changes=[Change(T + 30_000, "policy_loaded", "support")],
        usage=[UsageRow("tokens per minute", "north", 81_000, 90_000, 9_000, 41.0)],
        drift=drifts,
        skipped=2,
        dropped={"log.queue_full": 7},
    )
    summary = summarize(traffic.rows(3000))
    return render(summary, now_s=T + 86_400, title="Support", budget_usd=4.0, beside=more)


def test_it_loads_nothing_and_runs_nothing(page: str) -> None:
    checked = Checked(page)
    assert not checked.tags & {"script", "link", "img", "iframe", "object", "embed", "base", "form", "use", "image"}
    assert [
        value
        for name, value in checked.attributes
        if name in {"src", "href", "xlink:href", "srcset"} and value[0] != "#"
    ] == []
    assert [name for name, _ in checked.attributes if name.startswith("on")] == []
    assert "default-src 'none'" in page
    assert not re.search(r"https?:|url\(|@import", page)


def test_it_has_a_section_for_each_thing_to_know(page: str) -> None:
    names = re.findall(r'<h2 id="(\w+)-title">', page)
    assert names == [
        *("traffic", "latency", "errors", "cost", "guards", "limits"),
        *("variants", "alerts", "drift", "changes", "completeness"),
    ]
    text = Checked(page).text
    for said in (
        *("3,000", "APITimeoutError", "prompt_injection.override", "short prompt", "tokens per minute", "81,000"),
        *("error rate", "budget (model gpt-5)", "warning, shadow", "Jensen-Shannon", "0.25", "0.03", "policy loaded"),
        *("Skipped: 2 lines of the log", "Lost before it could be written: 7 rows (log.queue_full)", "in UTC"),
    ):
        assert said in text, said


def test_every_plot_has_a_title_axes_and_the_same_in_numbers(page: str) -> None:
    figures = re.findall(r"<figure>.*?</figure>", page, re.DOTALL)
    assert len(figures) == 12
    for figure in figures:
        assert re.search(r'<svg [^>]*role="img"><title>[^<]{10,}</title>', figure)
        assert len(re.findall(r'<div class="xs".*?</div>', figure)[0].split("</span>")) > 5
    assert sum("<details>" in figure for figure in figures) >= 10


def test_names_cannot_break_out_and_are_seen_as_they_are() -> None:
    row = next(traffic.rows(1))
    arm = {"experiment": HOSTILE, "variant": HOSTILE, "mode": "enforce"}
    finding = {"rule": HOSTILE, "category": HOSTILE}
    hit = {"guard": HOSTILE, "action": HOSTILE, "mode": HOSTILE, "findings": [finding]}
    wrong: dict[str, Any] = {
        "status": "error",
        "error_type": HOSTILE,
        "denied_by": HOSTILE,
        "model": HOSTILE,
        "tenant": HOSTILE,
    }
    summary = summarize([row | wrong | {"assignments": [arm], "verdicts": [hit]}])
    more = Beside(
        alerts=[AlertEvent(HOSTILE, "firing", HOSTILE, 1, 1, "info", "enforce", T, labels={HOSTILE: HOSTILE})],
        changes=[Change(T, HOSTILE, HOSTILE)],
        usage=[UsageRow(HOSTILE, HOSTILE, 1, 1, 0, 1)],
        drift=[{"column_name": HOSTILE, "js_distance": HOSTILE}],
        dropped={HOSTILE: 1},
    )
    page = render(summary, now_s=T, title=HOSTILE, beside=more)
    checked = Checked(page)
    assert not checked.tags & {"script", "img"}
    assert "\N{RIGHT-TO-LEFT OVERRIDE}" not in page
    assert page.count("&lt;script&gt;") > 20
    assert "{{" not in page


def test_no_text_of_a_call_is_in_it(tmp_path: Path) -> None:
    writer = InferenceLog(tmp_path).writer()
    caller = Caller(user="u", tenant="t", session="planted", tags={"note": "planted"})
    text = (Part("planted"),)
    writer.write(
        Event(T, "r1", caller=caller, request=text, response=text, status="error", error_type="E", stage="call")
    )
    page = report(InferenceLog(tmp_path), now_s=T)
    assert "planted" in InferenceLog(tmp_path).segments()[0].read_text()
    assert "planted" not in page


@pytest.mark.parametrize("calls", [0, 1])
def test_a_log_with_next_to_nothing_in_it_makes_a_page(calls: int) -> None:
    page = render(summarize(traffic.rows(calls)), now_s=T, beside=Beside(alerts=[], changes=[], drift=[]))
    text = Checked(page).text
    read = ("Every line of the log was read", "1 call at 2026-11-21 07:46:19 UTC.") if calls else ("The log is empty.",)
    for said in ("No alert fired.", "Nothing was changed", "No drift was measured.", *read):
        assert said in text
    assert ("There are no calls in this log." in text) is (calls == 0)


def test_how_often_calls_come_is_told_of_the_time_they_came_in_and_not_of_the_room_around_them() -> None:
    rows = list(traffic.rows(20, span_s=10))
    assert "2.2 a second" in tiles(summarize(rows))[0]
    assert tiles(summarize(rows[:1]))[0] == "calls 1"
    assert "20 an hour" in tiles(summarize(rows, since_s=T, until_s=T + 3600))[0]


def test_what_has_no_price_did_not_cost_nothing() -> None:
    rows = [row | {"cost_usd": None, "status": "ok"} for row in traffic.rows(3)]
    page = render(summarize(rows), now_s=T)
    assert "spent – no call has a price" in tiles(summarize(rows))  # noqa: RUF001  a dash
    assert "$0" not in page


def test_pipelines_stand_beside_each_other_and_what_is_left_over_stands_last() -> None:
    rows = [row | {"pipeline": f"p{n % 2}", "model": f"m{n % 300}"} for n, row in enumerate(traffic.rows(900))]
    summary = summarize(rows)
    assert {name: each.calls for name, each in summary.pipelines.items()} == {"p0": 450, "p1": 450}
    assert list(summary.models)[-1] == "__other__"
    assert summary.models["__other__"].calls > 200
    assert ">Pipelines<" in render(summary, now_s=T)


@pytest.mark.parametrize(
    ("days", "labels"),
    [
        (30, ["Nov 23", "Nov 27", "Dec 1", "Dec 5", "Dec 9", "Dec 13", "Dec 17"]),
        (60, ["Nov 23", "Nov 30", "Dec 7", "Dec 14", "Dec 21", "Dec 28", "Jan 4", "Jan 11", "Jan 18"]),
        (200, ["Dec 2026", "Jan 2027", "Feb 2027", "Mar 2027", "Apr 2027", "May 2027", "Jun 2027"]),
        (
            800,
            [
                "Jan 2027",
                "Apr 2027",
                "Jul 2027",
                "Oct 2027",
                "Jan 2028",
                "Apr 2028",
                "Jul 2028",
                "Oct 2028",
                "Jan 2029",
            ],
        ),
    ],
)
def test_long_times_are_told_in_weeks_that_begin_on_mondays_and_in_whole_months(days: int, labels: list[str]) -> None:
    axis = time_axis(summarize([], since_s=T, until_s=T + days * 86_400))
    assert [tick.label for tick in axis.ticks] == labels
    hour_s = axis.span.since_s + axis.ticks[0].percent / 100 * axis.span.seconds + 3600  # percents are rounded
    first = datetime.fromtimestamp(hour_s, UTC)
    assert first.hour <= 3
    assert days < 40 or (first.weekday() == 0 if days < 100 else first.day == 1)


@pytest.mark.parametrize("ms", [0.0013, 1.0, 1.45, 2.9, 999.0, 4e6])
def test_one_duration_alone_has_an_axis_that_can_be_read(ms: float) -> None:
    axis = log_axis(ms, ms, str)
    assert len(axis.ticks) >= 2
    assert 0 <= axis.share(ms) <= 1


def tiles(summary: Summary) -> list[str]:
    found = re.findall(r"<li><span>(.*?)</span><b>(.*?)</b><small>(.*?)</small>", render(summary, now_s=T))
    return [" ".join(" ".join(each).split()) for each in found]


def test_a_time_without_calls_makes_a_page() -> None:
    page = render(summarize([], since_s=T, until_s=T + 60), now_s=T)
    assert "There are no calls in this log from 2026-11-21 00:00:00 UTC until 2026-11-21 00:01:00 UTC." in page
    assert "<nav" not in page


def test_a_file_of_a_log_with_torn_lines_and_an_audit_becomes_a_page(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("GENAI_GUARD_AUDIT_KEY", "k" * 32)
    log = tmp_path / "log"
    log.mkdir()
    lines = [json.dumps(row) for row in traffic.rows(20)]
    (log / "2026-11-21-1-00001.jsonl").write_text("\n".join([*lines, "damaged", '{"torn']))
    with AuditLog(tmp_path / "audit") as audit:
        audit.record("policy_loaded", pipeline="support", source="policy.yaml")
        audit.record("deployed", version="2")
    write_report(tmp_path / "r.html", str(log), audit=tmp_path / "audit")
    text = Checked((tmp_path / "r.html").read_text(encoding="utf-8")).text
    for said in ("20 calls from", "Skipped: 2 lines of the log", "support, policy.yaml", "deployed"):
        assert said in text
    assert [each.kind for each in changes_of(tmp_path / "audit")] == ["policy_loaded", "deployed"]


def test_what_cannot_be_is_refused(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    with pytest.raises(ConfigurationError, match="is neither the folder of an InferenceLog nor"):
        report(tmp_path / "nowhere")
    with pytest.raises(ConfigurationError, match=r"report\(budget_usd=0\) must be a number of dollars above 0"):
        report(tmp_path, budget_usd=0)
    with pytest.raises(ConfigurationError, match="holds no audit"):
        report(tmp_path, audit=tmp_path)
    page_module._template.cache_clear()
    monkeypatch.setitem(sys.modules, "jinja2", None)
    with pytest.raises(ConfigurationError, match=r"pip install 'genai_guard\[report\]'"):
        report(tmp_path)


def test_what_the_analysis_of_drift_finds_is_shown_without_its_words() -> None:
    rows = [
        row | {"output_tokens": 10 + (500 if number >= 60 else number % 7), "request": json.dumps({"messages": []})}
        for number, row in enumerate(traffic.rows(120, span_s=7200))
    ]
    table = drift(rows, granularity="1 hour", features=["output_tokens", "model"], min_n=20)
    page = report(Rows(rows), drift=table, now_s=T)
    text = Checked(page).text
    assert "Drift in 1 of 2 tests." in text
    assert "2026-11-21 01:00 to 2026-11-21 02:00" in text
    assert '<span class="state bad">drift</span>' in page
    assert ":table" not in text


class Rows:
    """A log of given rows."""

    def __init__(self, rows: list[dict[str, Any]]) -> None:
        self._rows = rows

    def read(self, *, on_skip: object = None) -> list[dict[str, Any]]:
        return self._rows
