"""The tables of the page: scores by guard, category, rule and source, and thresholds that were fitted."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from typing import TYPE_CHECKING, Final

from genai_guard.markup import Markup, element, joined
from genai_guard.policy.problems import written
from genai_guard.testing.report.bars import rate_cell

if TYPE_CHECKING:
    from genai_guard.testing.cases.calibration import Calibration, ThresholdFit
    from genai_guard.testing.cases.scores import Score, Scores

__all__ = ["calibration_table", "score_tables", "table"]

_KINDS: Final = {
    "all": "All cases",
    "source": "By source",
    "guard": "By guard",
    "category": "By category",
    "rule": "By rule",
    "span": "Spans",
    "evasion": "In disguise",
}
_COLUMNS: Final = ("Name", "Recall", "Precision", "False positives")
_FITS: Final = ("Threshold", "Was", "Fitted", "Recall", "False positives", "Note")


def table(caption: str, columns: Iterable[str], rows: Iterable[Iterable[Markup]]) -> Markup:
    """Return a table with a caption and a heading for each column."""
    head = element("thead", element("tr", *(element("th", column, scope="col") for column in columns)))
    body = element("tbody", *(element("tr", *row) for row in rows))
    return element("div", element("table", element("caption", caption), head, body), class_="scroll")


def score_tables(scores: Scores) -> Markup:
    """Return a table of scores for each kind of rows that there is."""
    note = "Shares with their 95 % intervals (Wilson). A dash: there is nothing to measure it by."
    tables = (_scores(caption, [row for row in scores.rows if row.kind == kind]) for kind, caption in _KINDS.items())
    return joined((element("p", note, class_="note"), *tables))


def _scores(caption: str, rows: list[Score]) -> Markup | None:
    return table(caption, _COLUMNS, map(_score, rows)) if rows else None


def _score(row: Score) -> Iterator[Markup]:
    yield element("th", row.name or "all", scope="row")
    yield rate_cell(row.recall, "recall")
    yield rate_cell(row.precision, "precision")
    rate = None if row.kind == "span" else row.false_positive_rate  # no text says how many spans are not there
    yield rate_cell(rate, "false positives", low_is_good=True)


def calibration_table(calibration: Calibration) -> Markup:
    """Return the thresholds that were fitted."""
    said = f"Fitted to a false-positive rate of {calibration.target:.2%} at most."
    if not calibration.fits:
        return element("p", f"{said} No guard has a threshold to fit.", class_="note")
    return joined((element("p", said, class_="note"), table("Thresholds", _FITS, map(_fit, calibration.fits))))


def _fit(fit: ThresholdFit) -> Iterator[Markup]:
    yield element("th", written(fit.path), element("span", f" {fit.guard}", class_="counts"), scope="row")
    for threshold in (fit.old, fit.new):
        yield element("td", "default" if threshold is None else f"{threshold:g}", class_="number")
    yield rate_cell(fit.recall, "recall")
    yield rate_cell(fit.false_positive_rate, "false positives", low_is_good=True)
    yield element("td", fit.warning)
