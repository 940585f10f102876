"""The report of policy tests as one page of HTML.

It needs no network and no JavaScript, and says by its own policy that it runs none. Every text in it is escaped.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from typing import TYPE_CHECKING, Final

from genai_guard.markup import Markup, element, joined
from genai_guard.page_style import STYLE
from genai_guard.testing.cases.case import Case
from genai_guard.testing.cases.results import CaseResult, Difference, Report, Status
from genai_guard.testing.report.tables import calibration_table, score_tables, table
from genai_guard.testing.report.texts import marked, spans_of, texts_of

if TYPE_CHECKING:
    from genai_guard.testing.cases.calibration import Calibration
    from genai_guard.testing.cases.comparison import Change, PolicyDiff
    from genai_guard.testing.cases.scores import Scores

__all__ = ["html_report"]

_POLICY: Final = "default-src 'none'; style-src 'unsafe-inline'"
_QUOTING: Final = frozenset({"redacted", "redacted_reply"})
"""Aspects of a case whose differences quote its text."""
_MOST: Final = 500
"""Failures, and differences of two policies, that are shown in full."""
_TILES: Final[tuple[tuple[Status, str], ...]] = (
    ("passed", "passed"),
    ("failed", "failed"),
    ("error", "could not run"),
    ("skipped", "skipped"),
)
_KNOWN: Final[tuple[tuple[Status, str], ...]] = (("xfailed", "failed, as known"), ("xpassed", "passed, known to fail"))


def html_report(
    report: Report,
    scores: Scores,
    *,
    title: str = "Policy tests",
    about: Mapping[str, str] | None = None,
    calibration: Calibration | None = None,
    diff: PolicyDiff | None = None,
    redact: bool = False,
) -> str:
    """Return a page that stands alone.

    Args:
        report: What became of the cases.
        scores: What they come to, by guard, rule and source.
        title: Heading of the page.
        about: What was tested, and when: names and values.
        calibration: Thresholds that were fitted.
        diff: What another policy makes of the same cases.
        redact: Whether to leave the texts out and to say how long they are: for a page that others see.
    """
    sections = [
        ("failures", f"Failures ({len(report.failures):,})", _failures(report, redact=redact)),
        ("scores", "Scores", score_tables(scores)),
    ]
    if calibration is not None:
        sections.append(("calibration", "Calibration", calibration_table(calibration)))
    if diff is not None:
        sections.append(("comparison", "Comparison", _diff(diff, redact=redact)))
    body = joined(
        (
            element("header", _head(report, title, about or {}), _nav(sections)),
            element("main", *(_section(*section) for section in sections)),
        )
    )
    return f"<!doctype html>\n{_document(title, body)}\n"


def _document(title: str, body: Markup) -> Markup:
    head = element(
        "head",
        element("meta", charset="utf-8"),
        element("meta", http_equiv="Content-Security-Policy", content=_POLICY),
        element("meta", name="viewport", content="width=device-width, initial-scale=1"),
        element("meta", name="color-scheme", content="light dark"),
        element("title", title),
        element("style", Markup(STYLE)),
    )
    return element("html", head, element("body", body), lang="en")


def _head(report: Report, title: str, about: Mapping[str, str]) -> Markup:
    verdict = (
        "All is as expected." if report.ok else f"{len(report.failures):,} of {len(report):,} are not as expected."
    )
    facts = element("dl", *(joined((element("dt", name), element("dd", value))) for name, value in about.items()))
    shown = [*_TILES, *(known for known in _KNOWN if report.count(known[0]))]
    tiles = (element("li", element("b", f"{report.count(status):,}"), words) for status, words in shown)
    return joined(
        (
            element("h1", title),
            element("p", verdict, class_=f"verdict {'passed' if report.ok else 'failed'}"),
            facts if about else None,
            element("ul", *tiles, class_="tiles"),
        )
    )


def _nav(sections: Iterable[tuple[str, str, Markup]]) -> Markup:
    return element("nav", *(element("a", name, href=f"#{key}") for key, name, _ in sections), aria_label="Sections")


def _section(key: str, name: str, content: Markup) -> Markup:
    return element("section", element("h2", name, id=f"{key}-title"), content, id=key, aria_labelledby=f"{key}-title")


# --- failures ---------------------------------------------------------------------------------------------------------


def _failures(report: Report, *, redact: bool) -> Markup:
    failures = report.failures
    if not failures:
        return element("p", "None.", class_="note")
    more = len(failures) - _MOST
    note = element("p", f"{more:,} more are not shown.", class_="note") if more > 0 else None
    return joined((_legend(), *(_failure(each, redact=redact) for each in failures[:_MOST]), note))


def _legend() -> Markup:
    return element(
        "p",
        "Marked are ",
        element("mark", "what was found", class_="hit"),
        ", ",
        element("mark", "what was missed", class_="missing"),
        " and ",
        element("mark", "what was not expected", class_="extra"),
        ".",
        class_="note",
    )


def _failure(result: CaseResult, *, redact: bool) -> Markup:
    case = result.case
    rows = [joined((element("dt", "written in"), element("dd", str(case.place)))) if case.place.file else None]
    rows += (_row(difference, redact=redact) for difference in result.differences)
    if result.problem:
        rows.append(joined((element("dt", "could not run"), element("dd", result.problem))))
    if result.status == "xpassed":
        rows.append(joined((element("dt", "passes"), element("dd", f"though it is known to fail: {case.xfail}"))))
    texts = (
        joined(
            (
                element("p", where, class_="note") if where else None,
                marked(text, spans_of(result, where), redact=redact),
            )
        )
        for where, text in texts_of(result).items()
    )
    return element("article", element("h3", _name_of(case, redact=redact)), element("dl", *rows), *texts)


def _name_of(case: Case, *, redact: bool) -> str:
    """Return the name of a case; many are the beginning of its text, so that redacted it is the place and the evasion."""
    if not redact:
        return case.name or str(case.place)
    return f"{str(case.place) or 'a case'}{f' [{case.evasion}]' if case.evasion else ''}"


def _row(difference: Difference, *, redact: bool) -> Markup:
    expected, found = difference.expected, difference.found
    if redact and difference.aspect in _QUOTING:
        expected, found = f"{len(expected):,} characters", f"{len(found):,} others"
    name = difference.aspect.replace("_", " ")
    return joined((element("dt", name), element("dd", f"expected {expected}, found {found}")))


# --- two policies -----------------------------------------------------------------------------------------------------


def _diff(diff: PolicyDiff, *, redact: bool) -> Markup:
    said = f"{len(diff.changes):,} cases come out differently, {diff.same:,} the same."
    if not diff.changes:
        return element("p", said, class_="note")
    rows = (_change(change, redact=redact) for change in diff.changes[:_MOST])
    return joined((element("p", said, class_="note"), table("Changes", ("Case", "Change", "Rules", "Text"), rows)))


def _change(change: Change, *, redact: bool) -> Iterator[Markup]:
    case = change.case
    text = f"{len(case.text):,} characters" if redact else case.text
    yield element("th", _name_of(case, redact=redact), scope="row")
    effect = element("span", f" {change.effect}", class_="counts") if change.effect else None
    yield element("td", change.step if change.is_action else f"{change.before.action.value}, as before", effect)
    rules = [*(f"− {rule}" for rule in change.lost), *(f"+ {rule}" for rule in change.gained)]  # noqa: RUF001  a minus
    yield element("td", *(element("div", rule) for rule in rules), element("div", change.problem))
    yield element("td", text if len(text) <= 200 else f"{text[:200]} …")
