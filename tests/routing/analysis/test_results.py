"""A result prints as sentences, as a table, as a plot, and as HTML."""

from __future__ import annotations

import json
import re
from html.parser import HTMLParser
from typing import Any

import pytest

from genai_guard.routing.analysis import Analysis, Comparison, Interval, Metric, analyze
from genai_guard.routing.analysis.results import Arm
from genai_guard.routing.analysis.wording import ends_of, moment, number, p_value, percent
from routing.analysis.tables import draw

ROWS = draw(1200, lift=0.1)
FOUND = analyze(ROWS, metrics=["latency_ms", "failed"])


def comparison(**more: Any) -> Comparison:
    given: dict[str, Any] = {
        "metric": "stars",
        "goal": "up",
        "treatment": Arm("treatment", 500, 600, 4.084),
        "control": Arm("control", 500, 600, 4.0),
        "segment": "",
        "method": "fixed",
        "alternative": "two-sided",
        "margin": 0.0,
        "relative_margin": 0.0,
        "alpha": 0.05,
        "difference": Interval(0.084, 0.036, 0.132),
        "relative": Interval(0.021, 0.009, 0.033),
        "p": 0.0006,
        "p_corrected": 0.0006,
    }
    return Comparison(**(given | more))


@pytest.mark.parametrize(
    ("more", "sentence"),
    [
        (
            {},
            (
                "treatment is better than control in stars (more is better): 4.084 instead of 4, +2.1 % "
                "(95 % CI +0.9 to +3.3 %), p = 0.0006."
            ),
        ),
        (
            {"goal": "down", "method": "sequential"},
            (
                "treatment is worse than control in stars (less is better): 4.084 instead of 4, +2.1 % "
                "(95 % confidence sequence +0.9 to +3.3 %), p = 0.0006."
            ),
        ),
        (
            {"p_corrected": 0.3, "method": "group_sequential", "segment": "plan=free"},
            (
                "treatment and control do not differ clearly in stars (more is better, plan=free): 4.084 instead of 4, "
                "+2.1 % (95 % repeated CI +0.9 to +3.3 %), p = 0.3, corrected."
            ),
        ),
        (
            {"relative": None, "alpha": 0.1},
            (
                "treatment is better than control in stars (more is better): 4.084 instead of 4, +0.084 "
                "(90 % CI +0.036 to +0.132), p = 0.0006."
            ),
        ),
        (
            {"relative_margin": 0.05, "alternative": "greater", "relative": Interval(0.021, 0.009, float("inf"))},
            (
                "treatment is not worse than control by more than 5 % in stars (more is better): 4.084 instead of 4, "
                "+2.1 % (95 % CI from +0.9 %), p = 0.0006."
            ),
        ),
        (
            {"margin": 0.5, "alternative": "greater", "p_corrected": 0.4},
            (
                "treatment may be worse than control by more than 0.5 in stars (more is better): 4.084 instead of 4, "
                "+0.084 (95 % CI +0.036 to +0.132), p = 0.4, corrected."
            ),
        ),
        (
            {"refused": "too few", "p": None, "p_corrected": None, "difference": None, "relative": None},
            "treatment against control in stars (more is better): refused, too few.",
        ),
    ],
)
def test_a_comparison_prints_as_a_sentence(more: dict[str, Any], sentence: str) -> None:
    assert str(comparison(**more)) == sentence


def test_an_analysis_prints_warnings_first_and_who_is_left_out_last() -> None:
    rows = [*ROWS, ROWS[0] | {"reason": "override"}]
    lines = str(analyze(rows, metrics="latency_ms", planned_units=5000, cuped="before")).splitlines()
    assert lines[0].startswith("Warning: This is a look at 1,200 of 5,000")
    assert re.fullmatch(r"  The covariate takes away \d+ % of the variance.", lines[2])
    assert lines[-1] == "Left out: override 1 rows."


def test_a_table_has_a_line_for_each_comparison() -> None:
    head, first, second = FOUND.table().splitlines()
    assert head.split() == [
        *("metric", "control", "treatment", "difference", "relative", "interval", "p", "outcome"),
    ]
    assert first.startswith("latency_ms")
    assert first.endswith("worse")
    assert second.endswith("inconclusive")


def test_a_table_of_several_variants_names_them() -> None:
    table = analyze(draw(variants=("a", "b", "c")), metrics="failed", control="a").table()
    assert "variant" in table.splitlines()[0]


def test_a_plot_has_a_line_for_each_moment() -> None:
    lines = FOUND.plot(width=40).split("\n\n")[0].splitlines()
    assert lines[0] == "latency_ms: treatment minus control, 95 % intervals over time, each for a single look"
    assert len(lines) == 12
    assert all("●" in line and "│" in line for line in lines[1:-1])
    assert re.fullmatch(r" +\+?-?0 +\+\d+(\.\d+)?", lines[-1])


def test_a_plot_can_do_without_anything_but_ascii() -> None:
    assert FOUND.plot(ascii_only=True).isascii()


def test_without_a_history_there_is_no_plot() -> None:
    assert analyze(ROWS, metrics="failed", points=0).plot() == "There are no intervals over time."


class Tags(HTMLParser):
    """Sees that what is opened is closed."""

    def __init__(self) -> None:
        super().__init__()
        self.open: list[str] = []
        self.seen: list[str] = []

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.seen.append(tag)
        self.open.append(tag)

    def handle_endtag(self, tag: str) -> None:
        assert self.open.pop() == tag


@pytest.mark.parametrize(
    "found",
    [
        FOUND,
        analyze(ROWS, metrics="failed", method="exact"),
        analyze(ROWS, metrics="failed", method="group_sequential", looks=3, look=1),
        analyze(ROWS, metrics="failed", alternative="better", segments="plan"),
        analyze(ROWS, metrics="failed", method="sequential"),
    ],
    ids=["fixed", "exact", "one look", "one side", "refused"],
)
def test_html_is_whole_and_loads_and_runs_nothing(found: Analysis) -> None:
    html = found._repr_html_()
    assert html == found.to_html()
    tags = Tags()
    tags.feed(html)
    assert tags.open == []
    assert set(tags.seen).isdisjoint({"script", "img", "link", "iframe"})
    assert not re.search(r"(src|href)=|url\(|@import", html)


def test_whatever_is_drawn_has_a_colour_that_can_be_seen_on_a_dark_page() -> None:
    """What has none is black."""
    found = analyze(ROWS, metrics="failed", method="group_sequential", looks=3, look=1)
    drawn = re.findall(r"<(?:line|circle|polyline|polygon) ([^>]*)>", found.to_html() + FOUND.to_html())
    classes = {re.search('class="([^"]*)"|$', each)[1] for each in drawn}  # type: ignore[index]
    assert classes == {"whisker", "dot", "zero", "band", "line"}
    for name in filter(None, classes):
        assert re.search(rf"\.{name}{{[^}}]*(?:fill|stroke):(?:#|currentColor)", found.to_html())


def test_names_from_data_cannot_break_out() -> None:
    rows = [row | {"plan": "<script>\x1b[31m"} for row in ROWS]
    found = analyze(rows, metrics=Metric("latency_ms"), segments="plan")
    assert "<script>" not in found.to_html()
    assert "\x1b" not in str(found) + found.table() + found.plot()


def test_everything_goes_into_json() -> None:
    found = analyze(ROWS, metrics=["latency_ms", "failed"], alternative="better")
    values = json.loads(json.dumps(found.to_dict(), allow_nan=False))
    assert values["comparisons"][0]["outcome"] == found.comparisons[0].outcome
    assert values["comparisons"][0]["difference"]["low"] is None
    assert values["sample_ratio"]["mismatch"] is False


def test_a_comparison_is_found_by_its_metric() -> None:
    assert FOUND["failed"] is FOUND.comparisons[1]
    with pytest.raises(KeyError):
        FOUND["speed"]


def test_a_history_stands_in_no_repr() -> None:
    assert "Look(" not in repr(FOUND)


@pytest.mark.parametrize(
    ("said", "expected"),
    [
        (number(0.02396), "0.02396"),
        (number(1234567.8), "1,234,568"),
        (number(float("nan")), "-"),
        (percent(0.0497), "+4.97 %"),
        (percent(-12.5), "-1,250 %"),
        (p_value(1e-9), "p < 0.0001"),
        (p_value(0.0423), "p = 0.042"),
        (p_value(None), "no p"),
        (moment(1_770_000_000), "2026-02-02 02:40"),
        (moment("2026-03-01T10:00:00.5+00:00"), "2026-03-01 10:00"),
        (moment(17), "17"),
        (ends_of(Interval(0, float("-inf"), float("inf"))), "without ends"),
        (ends_of(Interval(0, float("-inf"), 0.5), percent_of=True), "up to +50 %"),
    ],
)
def test_single_values_are_written_for_people(said: str, expected: str) -> None:
    assert said == expected
