"""The report of policy tests: one page that stands alone, says what is wrong, and cannot be broken out of."""

from __future__ import annotations

import json
from collections.abc import Sequence
from html.parser import HTMLParser
from typing import Any
from xml.etree import ElementTree as ET

import pytest
from hypothesis import given
from hypothesis import strategies as st

from genai_guard.markup import element, visible
from genai_guard.testing.cases.calibration import Calibration, ThresholdFit
from genai_guard.testing.cases.case import Case, Expectation, ExpectedSpan, Place
from genai_guard.testing.cases.comparison import Change, PolicyDiff
from genai_guard.testing.cases.results import CaseResult, Difference, Observed, Report
from genai_guard.testing.cases.scores import score
from genai_guard.testing.report import html_report, json_report, junit_report
from genai_guard.testing.report.texts import Span, marked
from genai_guard.verdicts import Action, Finding, Verdict
from genai_guard.wilson import wilson

VOID = {"meta", "rect", "br", "hr", "col"}
HOSTILE = [
    "<script>alert(1)</script>",
    '"><img src=x onerror=alert(1)>',
    "</pre></article></main></body></html><h1>owned</h1>",
    "<!-- --><style>*{display:none}</style>]]>",
    "&lt;b&gt; &amp; '\"`=",
    "\x00\x1b[2J\x07\x9b \N{RIGHT-TO-LEFT OVERRIDE}\N{ZERO WIDTH SPACE}\ud800 \U000e0041",
    "\n\n  \t" * 3,
    "a" * 100_000,
]


class Page(HTMLParser):
    """Reads a page as strictly as it can, and keeps what is in it."""

    def __init__(self, page: str) -> None:
        super().__init__(convert_charrefs=True)
        self.open: list[str] = []
        self.tags: list[tuple[str, dict[str, str | None]]] = []
        self.texts: list[tuple[str, str]] = []
        self.faults: list[str] = []
        self.feed(page)
        self.close()
        self.faults += (f"{tag} is not closed" for tag in self.open)

    def handle_starttag(self, tag: str, attrs: Sequence[tuple[str, str | None]]) -> None:
        self.tags.append((tag, dict(attrs)))
        if tag not in VOID:
            self.open.append(tag)

    def handle_endtag(self, tag: str) -> None:
        if tag in VOID:
            return
        if not self.open or self.open.pop() != tag:
            self.faults.append(f"</{tag}> closes something else")

    def handle_data(self, data: str) -> None:
        self.texts.append((self.open[-1] if self.open else "", data))

    def inside(self, tag: str) -> list[str]:
        return [text for where, text in self.texts if where == tag]

    @property
    def text(self) -> str:
        return "".join(text for where, text in self.texts if where != "style")


def result(text: str, *, status: Any = "failed", name: str = "a case", **observed: Any) -> CaseResult:
    case = Case(
        name=name,
        text=text,
        expect=Expectation(actions=frozenset({Action.REDACT}), spans=(ExpectedSpan(start=0, end=2, category="EMAIL"),)),
        place=Place("mail.cases.yaml", 7),
        source="mail",
    )
    differences = (
        ()
        if status == "passed"
        else (
            Difference(aspect="action", expected="redact", found="allow"),
            Difference(aspect="redacted", expected=f"want {text}", found=f"got {text}"),
            Difference(
                aspect="span",
                expected="EMAIL",
                found="nothing",
                missing=case.expect.spans[0] if case.expect.spans else None,
            ),
        )
    )
    return CaseResult(
        case=case, status=status, differences=differences, observed=Observed(texts={"": text}, **observed)
    )


def page_of(*results: CaseResult, **options: Any) -> str:
    report = Report(results=results)
    return html_report(report, score(report), **options)


# --- the page ---------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("text", HOSTILE, ids=range(len(HOSTILE)))
def test_a_hostile_text_stays_a_text(text: str) -> None:
    finding = Finding(text, text, 0, 1, guard=text, detail=text)
    verdict = Verdict(Action.FLAG, "", (finding,), text)
    shown = page_of(result(text, name=text, verdicts=(verdict,)), title=text, about={text: text})
    plain = page_of(
        result("a text", verdicts=(Verdict(Action.FLAG, "", (Finding("a", "b", 0, 1),)),)), about={"a": "b"}
    )
    page = Page(shown)
    assert page.faults == []
    assert {tag for tag, _ in page.tags} <= {tag for tag, _ in Page(plain).tags} | {"span"}
    assert not any(name.startswith("on") for _, attributes in page.tags for name in attributes)
    shown.encode("utf-8")


def test_nothing_is_loaded_and_nothing_runs() -> None:
    page = Page(page_of(result("see https://example.com/x.png")))
    assert not {"script", "link", "img", "iframe", "object"} & {tag for tag, _ in page.tags}
    assert [attributes["href"] for tag, attributes in page.tags if tag == "a"] == ["#failures", "#scores"]
    policy = [attributes for tag, attributes in page.tags if "http-equiv" in attributes]
    assert policy[0]["content"] == "default-src 'none'; style-src 'unsafe-inline'"
    assert "url(" not in "".join(page.inside("style"))


def test_invisible_characters_are_shown_as_escapes() -> None:
    assert visible("a\x00<\N{RIGHT-TO-LEFT OVERRIDE}\ud800") == (
        'a<span class="escape">\\x00</span>&lt;<span class="escape">\\u202e</span><span class="escape">\\ud800</span>'
    )


def test_the_summary_counts_the_cases() -> None:
    text = Page(page_of(result("one", status="passed"), result("two"), result("three", status="xfailed"))).text
    assert "1 of 3 are not as expected." in text
    assert "1passed1failed0could not run0skipped1failed, as known" in text


def test_a_page_without_failures_says_so() -> None:
    assert "All is as expected." in Page(page_of(result("one", status="passed"))).text


def test_a_failure_shows_place_differences_and_text() -> None:
    text = Page(page_of(result("bob was here"))).text
    assert "written inmail.cases.yaml:7" in text
    assert "actionexpected redact, found allow" in text
    assert "bomissing EMAILb was here" in text


def test_what_was_found_in_a_negative_is_not_expected() -> None:
    case = Case(name="n", text="to bob", expect=Expectation(actions=frozenset({Action.ALLOW})))
    observed = Observed(texts={"": "to bob"}, verdicts=(Verdict(Action.FLAG, "", (Finding("r", "NAME", 3, 6),)),))
    difference = Difference(aspect="action", expected="allow", found="flag")
    page = Page(page_of(CaseResult(case=case, status="failed", differences=(difference,), observed=observed)))
    assert ("mark", {"class": "extra"}) in page.tags
    assert "to bobnot expected NAME" in page.text


def test_every_share_has_a_picture_that_says_the_same() -> None:
    page = Page(
        page_of(result("one", status="passed", verdicts=(Verdict(Action.REDACT, "", (Finding("r", "EMAIL", 0, 2),)),)))
    )
    assert sum(tag == "svg" for tag, _ in page.tags) == len(page.inside("title")) - 1 > 0
    assert any(title.startswith("recall ") and "95 % interval from" in title for title in page.inside("title"))


def test_tables_have_captions_and_headings() -> None:
    page = Page(page_of(result("one")))
    tables = sum(tag == "table" for tag, _ in page.tags)
    assert tables == len(page.inside("caption")) > 0
    assert all(attributes.get("scope") in {"col", "row"} for tag, attributes in page.tags if tag == "th")


def test_colours_follow_light_and_dark() -> None:
    style = "".join(Page(page_of(result("one"))).inside("style"))
    assert "color-scheme: light dark" in style
    assert "@media (prefers-color-scheme: dark)" in style


def test_redacted_nothing_of_a_text_is_on_the_page() -> None:
    finding = Finding("pii.email", "EMAIL", 11, 17)
    text = "zebra quux bottle"
    shown = page_of(result(text, name="zebra quux", verdicts=(Verdict(Action.FLAG, "", (finding,)),)), redact=True)
    assert not any(word in shown for word in ("zebra", "quux", "bottle"))
    assert "17 characters, not shown" in shown
    assert "EMAIL at 11-17, 6 characters" in shown


def test_fitted_thresholds_are_a_table() -> None:
    fit = ThresholdFit(
        guard="pii",
        side="input",
        path=("input", 0, "threshold"),
        old=None,
        new=0.85,
        recall=wilson(9, 10),
        false_positive_rate=wilson(1, 100),
        recall_before=wilson(10, 10),
        false_positive_rate_before=wilson(8, 100),
    )
    text = Page(page_of(result("one"), calibration=Calibration(target=0.01, fits=(fit,)))).text
    assert "Fitted to a false-positive rate of 1.00% at most." in text
    assert "input[0].threshold piidefault0.8590.0 %" in text


def test_what_another_policy_changes_is_a_table() -> None:
    case = result("bob was here").case
    found = Observed(action=Action.BLOCK, verdicts=(Verdict(Action.BLOCK, "", (Finding("r", "X", guard="g"),)),))
    diff = PolicyDiff(changes=(Change(case=case, before=Observed(), after=found),), same=3)
    text = Page(page_of(result("one"), diff=diff)).text
    assert "1 cases come out differently, 3 the same." in text
    assert "allow -> block+ g: rbob was here" in text
    assert "bob" not in page_of(result("one"), diff=diff, redact=True)


# --- marks ------------------------------------------------------------------------------------------------------------


def test_overlapping_spans_are_marked_by_the_gravest() -> None:
    spans = [Span(0, 6, "hit", "A"), Span(4, 8, "missing", "B"), Span(7, 9, "extra", "C")]
    assert marked("0123456789", spans) == (
        '<pre class="text" tabindex="0"><mark class="hit">0123</mark><mark class="missing">45</mark><small>A</small>'
        '<mark class="missing">6</mark><mark class="missing">7</mark><small>missing B</small>'
        '<mark class="extra">8</mark><small>not expected C</small>9</pre>'
    )


@given(
    st.text(st.sampled_from("ab<&\"'\n"), max_size=30),
    st.lists(
        st.tuples(st.integers(-2, 32), st.integers(-2, 32), st.sampled_from(["hit", "missing", "extra"])), max_size=6
    ),
)
def test_marks_leave_the_text_as_it_is(text: str, found: list[tuple[int, int, str]]) -> None:
    page = Page(marked(text, [Span(start, end, kind, "X") for start, end, kind in found]))
    assert page.faults == []
    assert "".join(data for where, data in page.texts if where != "small") == text
    covered = {at for start, end, _ in found if 0 <= start < end <= len(text) for at in range(start, end)}
    assert sum(len(data) for where, data in page.texts if where == "mark") == len(covered)


def test_spans_outside_of_the_text_are_left_out() -> None:
    assert "<mark" not in marked("abc", [Span(2, 9, "hit", "A"), Span(-1, 2, "hit", "B"), Span(1, 1, "hit", "C")])


def test_the_end_of_a_very_long_text_is_not_shown() -> None:
    shown = marked(
        "a" * 30_000, [Span(0, 1, "hit", "A"), Span(19_999, 20_005, "hit", "B"), Span(25_000, 25_001, "hit", "C")]
    )
    assert "10,000 more characters" in shown
    assert len(shown) < 21_000


def test_attributes_are_escaped() -> None:
    assert element("a", "x", href='"><b>', data_kind="\x00") == '<a href="&quot;&gt;&lt;b&gt;" data-kind="\\x00">x</a>'


# --- JUnit and JSON ---------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("text", HOSTILE, ids=range(len(HOSTILE)))
def test_junit_is_xml_whatever_the_text(text: str) -> None:
    report = Report(results=(result(text, name=text), result("fine", status="passed"), result("no", status="xfailed")))
    suite = ET.fromstring(junit_report(report, name=text).encode())
    assert {key: suite.get(key) for key in ("tests", "failures", "errors", "skipped")} == {
        "tests": "3",
        "failures": "1",
        "errors": "0",
        "skipped": "1",
    }
    assert suite.findall("testcase/failure")[0].get("message") == "action, redacted, span"


def test_redacted_junit_and_json_hold_no_text() -> None:
    report = Report(results=(result("zebra quux", name="zebra quux"),))
    both = junit_report(report, redact=True) + json.dumps(json_report(report, score(report), redact=True))
    assert "zebra" not in both
    assert "mail.cases.yaml" in both


def test_json_has_none_for_what_cannot_be_measured() -> None:
    report = Report(results=(result("one", status="passed", action=Action.REDACT),))
    values = json.loads(json.dumps(json_report(report, score(report)), allow_nan=False))
    (overall,) = [row for row in values["scores"] if row["kind"] == "all"]
    assert overall["recall"]["value"] == 1
    assert overall["false_positive_rate"] is None
