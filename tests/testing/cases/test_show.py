"""What people read of a case that is not as expected."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from genai_guard import ConfigurationError, Finding, Limit, Pipeline, RateLimiter
from genai_guard.guards import PII, BlockedPatterns, guard
from genai_guard.testing.cases import (
    Case,
    Mark,
    Place,
    assert_verdict,
    case_of,
    compare,
    describe_failure,
    marked,
    printable,
    run_case,
    vary,
)

POLICY = Pipeline(
    input=[PII(action="redact"), BlockedPatterns(["nightjar"], category="PROJECT", mode="shadow")],
    limiter=RateLimiter(Limit.requests(1, per="minute")),
)


def described(**fields: Any) -> list[str]:
    case: Case = case_of({"name": "a case", **fields})
    return describe_failure(run_case(POLICY, case)).split("\n")


def test_a_failure_shows_what_was_expected_and_marks_the_text() -> None:
    assert described(text="mail bob@example.com, or call", expect="flag", spans=["call"], redacted="mail X") == [
        "a case",
        "  action    expected flag, found redact",
        "  span      missing: a finding at 25-29, found nothing",
        "  span      not expected: EMAIL (pii: pii.email) at 5-20",
        "  redacted  expected mail X",
        "            found    mail [EMAIL], or call",
        "  text",
        "    mail bob@example.com, or call",
        "         ^^^^^^^^^^^^^^^ EMAIL (pii: pii.email) (not expected)",
        "                             ^^^^ missing: a finding",
        "  said by   pii: redact",
        "            EMAIL (pii: pii.email)",
    ]


def test_a_span_that_is_nearly_found_is_shown_beside_the_other() -> None:
    lines = described(text="bob@example.com", spans=[{"text": "bob@example", "category": "EMAIL"}])
    assert "  span      missing: EMAIL at 0-11, found EMAIL (pii: pii.email) at 0-15" in lines


def test_a_failure_says_where_the_case_is_written() -> None:
    case = case_of({"name": "a case", "text": "x", "expect": "block"})
    object.__setattr__(case, "place", Place("my.cases.yaml", 7))
    assert describe_failure(run_case(POLICY, case)).startswith("my.cases.yaml:7: a case\n")


def test_a_conversation_shows_the_texts_with_marks() -> None:
    messages = [{"role": "user", "content": "hi"}, {"role": "user", "content": "bob@example.com"}]
    assert described(messages=messages, expect="allow")[2:5] == [
        "  messages[1].content",
        "    bob@example.com",
        "    ^^^^^^^^^^^^^^^ EMAIL (pii: pii.email)",
    ]


def test_a_guard_in_shadow_mode_is_named_as_such() -> None:
    assert "  said by   blocked_patterns: block in shadow mode" in described(text="nightjar", expect="block")


@pytest.mark.parametrize(
    ("fields", "line"),
    [
        ({"text": "x", "category": "EMAIL"}, "  category  expected EMAIL, found nothing"),
        ({"text": "x", "rule": "pii.email"}, "  rule      expected pii.email, found nothing"),
        ({"text": "x", "expect": {"not": "allow"}}, "  action    expected not allow, found allow"),
        ({"text": "x", "expect": ["mask", "flag"]}, "  action    expected flag or mask, found allow"),
        ({"text": "x", "calls": 2}, "  limit     expected no limit refuses, found 1 request/minute refused call 2"),
        (
            {"text": "x", "calls": 3, "limit": "1 request/minute"},
            "  limit     expected 1 request/minute refuses call 3, found 1 request/minute refused call 2",
        ),
        (
            {"text": "x", "limit": "1 request/minute"},
            "  limit     expected 1 request/minute refuses call 1, found no limit refused",
        ),
        (
            {"text": "x", "guard": "no", "expect": "allow"},
            '  cannot be run: no guard is named "no" among the input guards',
        ),
        ({"text": "x", "expect": "allow", "xfail": "soon"}, "  passes, though it is known to fail: soon"),
    ],
)
def test_each_kind_of_difference_is_told_in_a_line(fields: dict[str, Any], line: str) -> None:
    assert any(each.startswith(line) for each in described(**fields))


# --- texts with carets ------------------------------------------------------------------------------------------------


def test_carets_stand_under_what_they_mark() -> None:
    assert marked("one two three", [Mark(4, 7, "second"), Mark(8, 13, "third")]).split("\n") == [
        "one two three",
        "    ^^^ second",
        "        ^^^^^ third",
    ]


def test_wide_characters_take_two_columns() -> None:
    assert marked("漢字 bob", [Mark(3, 6, "x")]).split("\n")[1] == "     ^^^ x"


def test_what_is_not_seen_is_written_as_an_escape() -> None:
    assert marked("a\u200bb\x1b[0m\t.", [Mark(1, 3, "x")]).split("\n") == ["a\\u200bb\\x1b[0m\\t.", " ^^^^^^^ x"]
    assert marked("e\u0301\U000e0041", []) == "e\\u0301\\U000e0041"


def test_each_line_has_the_marks_that_are_in_it() -> None:
    assert marked("one\ntwo\nthree", [Mark(4, 10, "x")]).split("\n") == ["one", "two", "^^^ x", "three", "^^ x"]


def test_of_a_long_line_what_is_around_the_mark_is_shown() -> None:
    text = "a" * 500 + " bob " + "b" * 500
    line, carets = marked(text, [Mark(501, 504, "x")], width=60).split("\n")
    assert line.startswith("...aaa")
    assert line.endswith("bbb...")
    assert len(line) == 60
    assert line[carets.index("^") :][:3] == "bob"


def test_of_a_long_text_lines_without_marks_are_left_out() -> None:
    lines = marked("\n".join(f"line {number}" for number in range(100)), [Mark(774, 778, "x")]).split("\n")
    assert lines[-1] == "... 87 more lines"
    assert lines[-3:-1] == ["line 98", "^^^^ x"]
    assert len(lines) == 15


@given(st.text(max_size=80), st.integers(0, 80), st.integers(1, 20), st.integers(10, 120))
def test_no_text_makes_a_line_that_a_terminal_would_obey(text: str, start: int, length: int, width: int) -> None:
    shown = marked(text, [Mark(start, min(start + length, len(text)), "x")], width=width)
    assert all(char.isprintable() or char == "\n" for char in shown)


@given(st.text(max_size=80))
def test_printable_keeps_what_can_be_seen(text: str) -> None:
    shown = printable(text)
    assert shown.count("\n") == text.count("\n")
    assert all(char.isprintable() or char == "\n" for char in shown)
    assert not text.isascii() or not text.isprintable() or shown == text


# --- assert_verdict ---------------------------------------------------------------------------------------------------


def test_a_verdict_as_expected_is_returned() -> None:
    result = assert_verdict(POLICY, "mail bob@example.com", expect="redact", spans=["bob@example.com"])
    assert result.observed.after == "mail [EMAIL]"


def test_a_guard_may_be_checked_alone() -> None:
    assert_verdict(PII(), "mail bob@example.com", redacted="mail [EMAIL]")
    assert_verdict(guard(lambda text: "x" in text), "x", expect="block")


def test_a_conversation_may_be_checked() -> None:
    assert_verdict(POLICY, messages=[{"role": "user", "content": "hi"}], expect="allow")


def test_a_verdict_that_is_not_as_expected_is_told_with_the_text() -> None:
    with pytest.raises(AssertionError) as caught:
        assert_verdict(POLICY, "mail bob@example.com", expect="allow")
    assert str(caught.value).split("\n") == [
        "not as expected",
        "mail bob@example.com",
        "  action    expected allow, found redact",
        "  text",
        "    mail bob@example.com",
        "         ^^^^^^^^^^^^^^^ EMAIL (pii: pii.email)",
        "  said by   pii: redact",
        "            EMAIL (pii: pii.email)",
    ]


@pytest.mark.parametrize(
    ("fields", "message"),
    [
        ({"expct": "allow"}, 'case: expct: unknown field: did you mean "expect"?'),
        ({}, "case: says nothing of what is expected"),
        ({"expect": "allow", "guard": "no"}, 'no guard is named "no"'),
    ],
)
def test_fields_that_are_wrong_are_refused(fields: dict[str, Any], message: str) -> None:
    with pytest.raises(ConfigurationError) as caught:
        assert_verdict(POLICY, "x", **fields)
    assert message in str(caught.value)


# --- the difference between two policies ------------------------------------------------------------------------------

CASES = [
    case_of({"name": "mail", "text": "bob@example.com", "expect": "redact", "source": "s"}),
    case_of({"name": "bird", "text": "the nightjar", "expect": "block", "source": "s"}),
    case_of({"name": "both", "text": "the nightjar of bob@example.com", "expect": "block", "source": "t"}),
    case_of({"name": "none", "text": "hello", "expect": "allow"}),
    case_of({"name": "skipped", "text": "nightjar", "expect": "allow", "skip": "later"}),
]
OLD = Pipeline(input=[PII(action="redact")])
NEW = Pipeline(input=[PII(["IBAN"], action="redact"), BlockedPatterns(["nightjar"])])


def test_the_cases_that_change_are_told_with_the_rules() -> None:
    diff = compare(OLD, NEW, CASES)
    assert [(change.case.name, change.step, change.effect, change.lost, change.gained) for change in diff.changes] == [
        ("mail", "redact -> allow", "broken", ("pii: pii.email",), ()),
        ("bird", "allow -> block", "fixed", (), ("blocked_patterns: blocked_patterns.keywords",)),
        ("both", "redact -> block", "fixed", ("pii: pii.email",), ("blocked_patterns: blocked_patterns.keywords",)),
    ]
    assert diff.same == 1


def test_changes_are_counted_by_source() -> None:
    assert compare(OLD, NEW, CASES).counts() == {
        ("s", "redact -> allow"): 1,
        ("s", "allow -> block"): 1,
        ("t", "redact -> block"): 1,
    }


def test_the_difference_is_for_people() -> None:
    assert compare(OLD, NEW, CASES[:2]).text().split("\n") == [
        "2 of 2 cases change: 1 fixed, 1 broken",
        "      1  allow -> block  (s)",
        "      1  redact -> allow  (s)",
        "",
        "mail  [broken]",
        "  redact -> allow",
        "  - pii: pii.email",
        "  | bob@example.com",
        "",
        "bird  [fixed]",
        "  allow -> block",
        "  + blocked_patterns: blocked_patterns.keywords",
        "  | the nightjar",
    ]


def test_equal_policies_have_no_difference() -> None:
    diff = compare(OLD, Pipeline(input=[PII(action="redact")]), CASES)
    assert (diff.changes, diff.text()) == ((), "no difference in 4 cases")


def test_what_is_found_may_change_where_the_action_does_not() -> None:
    case = case_of({"name": "two", "text": "bob@example.com +49 30 901820", "expect": "redact"})
    (change,) = compare(OLD, Pipeline(input=[PII(["EMAIL"])]), [case]).changes
    assert (change.is_action, change.lost) == (False, ("pii: pii.phone",))
    assert "  redact, as before" in compare(OLD, Pipeline(input=[PII(["EMAIL"])]), [case]).text()


def test_a_span_that_moves_is_told() -> None:
    case = case_of({"name": "two", "text": "project falcon", "expect": "block"})
    short, long = (Pipeline(input=[BlockedPatterns([words])]) for words in ("project", "project falcon"))
    (change,) = compare(short, long, [case]).changes
    assert change.moved == ("blocked_patterns: blocked_patterns.keywords at 0-7 -> 0-14",)
    assert "  ~ blocked_patterns: blocked_patterns.keywords at 0-7 -> 0-14" in compare(short, long, [case]).text()


def test_a_limit_that_refuses_is_a_change() -> None:
    case = case_of({"name": "two", "text": "x", "calls": 2})
    tight, wide = (Pipeline(limiter=RateLimiter(Limit.requests(amount, per="minute"))) for amount in (1, 9))
    (change,) = compare(tight, wide, [case]).changes
    assert (change.step, change.effect) == ("refused by 1 request/minute -> allow", "fixed")


def test_cases_without_labels_may_be_compared() -> None:
    (change,) = compare(OLD, NEW, [Case(name="1", text="the nightjar")]).changes
    assert (change.step, change.effect) == ("allow -> block", "")


def test_a_case_that_one_policy_cannot_run_is_told() -> None:
    case = case_of({"name": "x", "text": "x", "guard": "pii", "expect": "allow"})
    diff = compare(OLD, Pipeline(), [case])
    assert "  cannot be run: no guard is named" in diff.text()


def test_findings_are_told_with_their_reason() -> None:
    @guard
    def picky(text: str) -> Finding:
        return Finding("picky", "TONE", 0, 1, 0.75, detail="too short")

    lines = describe_failure(run_case(Pipeline(input=[picky]), case_of({"text": "x", "expect": "allow"}))).split("\n")
    assert lines[-1] == "            TONE (picky: picky 0.75): too short"


def test_a_case_in_disguise_shows_the_disguise() -> None:
    case = case_of({"name": "x", "text": "bob@example.com", "expect": "block", "fuzz": ["zero-width"]})
    (variation,) = vary(case, n=1)
    lines = describe_failure(run_case(OLD, variation)).split("\n")
    assert lines[0] == "x[zero-width]"
    assert "\\u2" in lines[3] or "\\ufeff" in lines[3]
