from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from genai_guard import ConfigurationError
from genai_guard.messages import Caller, Part
from genai_guard.recording import Event, Redactor, no_scan
from genai_guard.recording.redaction import FAILED, TOO_LONG, is_response
from genai_guard.verdicts import Action, Finding, Verdict

SECRET = "sk-7f3a-SECRET"


def secrets(text: str) -> Iterator[tuple[int, int, str]]:
    start = text.find(SECRET)
    while start >= 0:
        yield start, start + len(SECRET), "KEY"
        start = text.find(SECRET, start + 1)


def finding(start: int, end: int, where: str = "", category: str = "KEY", detail: str = "") -> Finding:
    return Finding("rule", category, start, end, where=where, detail=detail)


def event(*findings: Finding, request: tuple[Part, ...] = (), response: tuple[Part, ...] = (), **values: Any) -> Event:
    verdicts = (Verdict(Action.FLAG, text=SECRET, findings=findings),) if findings else ()
    return Event(0.0, "r", verdicts=verdicts, request=request, response=response)._replace(**values)


def texts(parts: tuple[Part, ...]) -> list[str]:
    return [part.text for part in parts]


BY_FINDINGS = Redactor(scan=no_scan)
BY_SCAN = Redactor(scan=secrets)


@pytest.mark.parametrize("action", list(Action))
@pytest.mark.parametrize("mode", ["enforce", "shadow"])
def test_what_a_guard_found_is_covered_whatever_it_did_about_it(action: Action, mode: str) -> None:
    verdict = Verdict(action, findings=(finding(4, 4 + len(SECRET)),), mode=mode)  # type: ignore[arg-type]
    called = Event(0.0, "r", verdicts=(verdict,), request=(Part(f"key {SECRET}!"),))

    assert texts(BY_FINDINGS.event(called).request) == ["key [KEY]!"]


def test_findings_of_the_request_and_of_the_reply_are_not_confused() -> None:
    called = event(
        finding(0, 3, "messages[0].content", "A"),
        finding(4, 7, "response.choices[0].message.content", "B"),
        request=(Part("one two", where="messages[0].content"), Part("one two", where="messages[1].content")),
        response=(Part("one two", where="choices[0].message.content"),),
    )

    redacted = BY_FINDINGS.event(called)

    assert texts(redacted.request) == ["[A] two", "one two"]
    assert texts(redacted.response) == ["one [B]"]


@pytest.mark.parametrize("where", ["", "response"])
def test_a_plain_reply_is_found_with_and_without_its_prefix(where: str) -> None:
    called = event(
        finding(0, 1, "", "A"),
        finding(0, 2, "response", "B"),
        request=(Part("xyz"),),
        response=(Part("xyz", where=where),),
    )

    redacted = BY_FINDINGS.event(called)

    assert (texts(redacted.request), texts(redacted.response)) == (["[A]yz"], ["[B]z"])


@pytest.mark.parametrize(
    ("where", "answer"),
    [
        ("", False),
        ("messages[0].content", False),
        ("response", True),
        ("response.output[0]", True),
        ("responses", False),
    ],
)
def test_the_side_of_a_finding_is_told_by_where(where: str, answer: bool) -> None:
    assert is_response(where) is answer


def test_spans_that_overlap_are_covered_as_one_and_touching_ones_apart() -> None:
    found = [finding(2, 5, category="LATE"), finding(0, 3, category="FIRST"), finding(5, 6, category="NEXT")]

    assert BY_FINDINGS.text("abcdefgh", found) == "[FIRST][NEXT]gh"


@given(st.text(max_size=40), st.lists(st.tuples(st.integers(0, 40), st.integers(1, 20)), max_size=6))
def test_no_covered_character_is_left_and_every_other_one_is(text: str, spans: list[tuple[int, int]]) -> None:
    found = [finding(start, min(start + length, len(text))) for start, length in spans if start < len(text)]
    covered = {place for each in found for place in range(each.start, each.end)}

    left = BY_FINDINGS.text(text, found).replace("[KEY]", "")

    assert left == "".join(character for place, character in enumerate(text) if place not in covered).replace(
        "[KEY]", ""
    )


@given(st.lists(st.text(max_size=20), min_size=1, max_size=6))
def test_what_no_guard_looked_for_is_found_by_the_rules_of_the_redactor(pieces: list[str]) -> None:
    parts = tuple(
        Part(SECRET.join([piece, piece[::-1], ""]), where=f"messages[{index}]") for index, piece in enumerate(pieces)
    )

    redacted = BY_SCAN.event(event(request=parts, response=parts))

    assert not any(SECRET in text for text in texts(redacted.request) + texts(redacted.response))


@pytest.mark.parametrize("wrong", [finding(0, 99), finding(-1, 2), finding(0, 2, "messages[7].content")])
def test_a_finding_that_fits_no_text_withholds_the_side(wrong: Finding) -> None:
    called = event(wrong, request=(Part(SECRET), Part("fine", where="other")), response=(Part("fine"),))

    redacted = BY_FINDINGS.event(called)

    assert redacted.request == (Part(FAILED),)
    assert texts(redacted.response) == ["fine"]


def test_a_scan_that_fails_withholds_the_text() -> None:
    def broken(text: str) -> list[tuple[int, int, str]]:
        raise ValueError(text)

    redacted = Redactor(scan=broken).event(event(request=(Part(SECRET),), caller=Caller(tags={"note": SECRET})))

    assert texts(redacted.request) == [FAILED]
    assert dict(redacted.caller.tags) == {"note": FAILED}


def test_a_text_that_is_too_long_is_withheld_unsearched() -> None:
    called = event(request=(Part("x" * 6), Part("x" * 5)), response=(Part("x" * 10),))

    redacted = Redactor(scan=no_scan, max_chars=10).event(called)

    assert (texts(redacted.request), texts(redacted.response)) == ([TOO_LONG], ["x" * 10])


def test_the_words_of_tags_and_findings_are_redacted_too() -> None:
    called = event(
        finding(0, 1, detail=f"saw {SECRET}"),
        request=(Part("x"),),
        caller=Caller(user="u", tags={"note": f"my {SECRET}"}),
    )

    redacted = BY_SCAN.event(called)

    assert redacted.verdicts[0].findings[0].detail == "saw [KEY]"
    assert redacted.caller == Caller(user="u", tags={"note": "my [KEY]"})


def test_the_text_of_a_verdict_never_leaves() -> None:
    assert BY_FINDINGS.event(event(finding(0, 0))).verdicts[0].text == ""


def test_without_texts_neither_side_leaves() -> None:
    redacted = BY_SCAN.event(event(finding(0, 1), request=(Part("x"),), response=(Part("y"),)), texts=False)

    assert (redacted.request, redacted.response) == ((), ())
    assert len(redacted.verdicts) == 1


def test_texts_that_were_not_kept_are_not_missed() -> None:
    assert BY_FINDINGS.event(event(finding(0, 5))).request == ()


def test_everything_else_of_an_event_leaves_as_it_is() -> None:
    called = event(model="m", latency_s=0.5, status="error", caller=Caller(user="u", tenant="t"))

    assert BY_FINDINGS.event(called) == called


@pytest.mark.parametrize(
    ("text", "redacted"),
    [
        ("write to bob@example.com", "write to [EMAIL]"),
        ("card 4111 1111 1111 1111 please", "card [PAYMENT_CARD] please"),
        ("use redis://app:k7Qp2vXz9LmW@cache:6379", "use [CONNECTION_STRING]@cache:6379"),
        ("nothing here", "nothing here"),
    ],
)
def test_unless_told_otherwise_it_looks_for_personal_data_and_credentials(text: str, redacted: str) -> None:
    assert Redactor().text(text) == redacted


def test_redactors_are_values() -> None:
    assert Redactor() == Redactor()
    assert Redactor(scan=secrets) == BY_SCAN
    assert BY_SCAN != BY_FINDINGS


def test_what_is_to_be_kept_stays_readable_and_what_the_redactor_finds_itself_does_not() -> None:
    called = event(finding(0, 6), Finding("other.rule", "OTHER", 7, 10), request=(Part(f"ignore all {SECRET}"),))
    keeping = Redactor(scan=secrets, keep=["ru*"])

    assert texts(keeping.event(called).request) == ["ignore [OTHER] [KEY]"]
    assert keeping == Redactor(scan=secrets, keep=("ru*",))
    with pytest.raises(ConfigurationError, match="keep"):
        Redactor(keep="ru*")
