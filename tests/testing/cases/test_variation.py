"""Cases in disguise."""

from __future__ import annotations

from typing import Any

import pytest

from genai_guard import Pipeline
from genai_guard.guards import PII, BlockedPatterns
from genai_guard.testing.cases import case_of, run_cases, vary, vary_all

CASE_FIELDS: dict[str, Any] = {
    "name": "mail",
    "text": "to bob@example.com",
    "expect": "redact",
    "spans": ["bob@example.com"],
    "redacted": "to [EMAIL]",
    "source": "s",
}
CASE = case_of(CASE_FIELDS)


def test_a_case_in_disguise_expects_the_same() -> None:
    made = vary(CASE, n=5)
    assert len(made) == 5
    for each in made:
        span = (each.expect.spans or ())[0]
        assert each.name == f"mail[{each.evasion}]"
        assert (each.original, each.source, each.expect.redacted) == ("mail", "s", "to [EMAIL]")
        assert (each.text[: span.start], span.end) == ("to ", len(each.text))


def test_names_of_variations_are_unique() -> None:
    names = [case.name for case in vary_all([CASE], n=100)]
    assert len(set(names)) == len(names) > 20


@pytest.mark.parametrize(
    "fields",
    [
        {"expect": "allow"},
        {"expect": {"not": "block"}},
        {"spans": []},
        {"expect": "block", "skip": "later"},
        {"expect": "block", "xfail": "known"},
        {"expect": "block", "fuzz": False},
        {"expect": "block", "fuzz": []},
        {"expect": "block", "reply": "x"},
    ],
)
def test_a_case_in_which_nothing_is_to_be_found_is_not_disguised(fields: dict[str, object]) -> None:
    assert vary(case_of({"text": "bob@example.com", **fields})) == ()


def test_a_case_may_choose_its_evasions() -> None:
    case = case_of({"text": "jailbreak mode", "expect": "block", "fuzz": ["spaced-out", "leet"]})
    assert {each.evasion for each in vary(case, n=10)} == {"spaced-out", "leet"}


def test_without_spans_nothing_is_said_of_the_text_after_the_guards() -> None:
    case = case_of({"text": "bob@example.com", "expect": "redact", "redacted": "[EMAIL]"})
    assert {each.expect.redacted for each in vary(case)} == {None}


def test_spans_that_overlap_are_not_disguised() -> None:
    assert vary(case_of({"text": "abc", "spans": [[0, 2], [1, 3]]})) == ()


def test_a_reply_is_disguised_too() -> None:
    case = case_of({"text": "bob@example.com", "side": "output", "expect": "redact"})
    assert all(each.reply is not None and each.reply.text == each.text for each in vary(case))


POLICY = Pipeline(input=[PII(action="redact")], output=[PII(action="redact")])
TALK = [
    {"role": "user", "content": "bob@example.com"},
    {"role": "assistant", "tool_calls": [{"name": "f", "arguments": {"q": "bob@example.com"}}]},
    {"role": "tool", "content": "al@example.com"},
]


def span(where: str, text: str = "bob@example.com") -> dict[str, str]:
    return {"text": text, "where": where}


@pytest.mark.parametrize("action", ["block", "flag"])
def test_a_guard_may_object_to_the_disguise_itself(action: Any) -> None:
    guarded = Pipeline(
        input=[PII(action="redact"), BlockedPatterns(regexes=["\u200b"], action=action, normalize=False)]
    )
    case = case_of({**CASE_FIELDS, "categories": ["EMAIL"], "fuzz": ["sparse-zero-width"]})
    (variation,) = vary(case, n=1)
    assert run_cases(guarded, [case, variation]).ok
    assert not run_cases(Pipeline(), [variation]).ok


def test_of_a_conversation_the_spans_in_the_first_text_are_disguised() -> None:
    spans = [span("messages[0].content"), span("messages[2].content", "al@example.com")]
    case = case_of({"messages": TALK, "spans": spans, "others": True, "redacted": "[EMAIL]"})
    made = vary(case, n=8)
    assert len(made) == 8
    assert run_cases(POLICY, made).ok
    assert all(each.messages[0] != case.messages[0] and each.messages[1:] == case.messages[1:] for each in made)
    assert {each.expect.redacted for each in made} == {"[EMAIL]"}


def test_of_a_conversation_without_spans_the_last_message_is_disguised() -> None:
    made = vary(case_of({"messages": TALK, "expect": "redact"}), n=8)
    assert run_cases(POLICY, made).ok
    assert all(each.messages[2]["content"] == each.text != "al@example.com" for each in made)


def test_of_a_whole_call_the_spans_in_the_reply_are_disguised() -> None:
    case = case_of({"text": "hi", "reply": "bob@example.com", "spans": [span("reply")], "redacted_reply": "[EMAIL]"})
    made = vary(case, n=8)
    assert run_cases(POLICY, made).ok
    assert all(each.text == "hi" and each.reply != case.reply for each in made)


@pytest.mark.parametrize(
    "fields",
    [
        {"messages": TALK, "spans": [span("messages[1].tool_calls[0].function.arguments")], "others": True},
        {"messages": [{"role": "user", "content": [{"type": "text", "text": "bob@example.com"}]}], "expect": "redact"},
        {"text": "bob@example.com", "reply": "bob@example.com", "expect": "redact"},
        {
            "text": "hi",
            "reply": {"text": "bob@example.com", "tool_calls": [{"name": "f"}]},
            "spans": [span("reply")],
        },
    ],
)
def test_what_has_no_plain_text_to_disguise_is_left_out(fields: dict[str, Any]) -> None:
    assert vary(case_of(fields)) == ()
