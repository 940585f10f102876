"""What is recorded of a stream that ends before its guards have judged all of it: nothing that they might have found."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest

from calls import Events
from genai_guard import GuardBlocked, Pipeline
from genai_guard.guards import PII, BlockedPatterns, Names
from genai_guard.messages import Part
from genai_guard.recording import Event, Redactor, no_scan
from genai_guard.recording.redaction import FAILED

SAID = "It is the card 4111 1111 1111 1111 of Ada Lovelace, code nightjar-7731, and that is all of it."


def names(text: str) -> list[tuple[int, int, str]]:
    start = text.find("Ada Lovelace")
    return [(start, start + 12, "PERSON")] if start >= 0 else []


GUARDS: dict[str, list[Any]] = {
    "none": [],
    "matching": [PII(action="flag"), BlockedPatterns(regexes=[r"nightjar-\d+"], action="flag")],
    "held": [
        Names(names, action="flag"),
        PII(action="flag"),
        BlockedPatterns(regexes=[r"nightjar-\d+"], action="flag"),
    ],
}


def logged(guards: list[Any], count: int, redactor: Redactor) -> str:
    """Return what a log has of a reply of which so many characters came before the model failed, or its reader left."""
    events = Events()

    def ask(prompt: str) -> Iterator[str]:
        yield from SAID[:count]
        raise ValueError

    try:
        for _ in Pipeline(output=guards, recorder=events).run(ask, "hello").value:
            pass
    except ValueError:
        pass
    (event,) = events
    return "".join(part.text for part in redactor.event(event).response)


@pytest.mark.parametrize("guards", GUARDS)
def test_no_half_of_a_number_is_logged_wherever_the_stream_breaks_off(guards: str) -> None:
    redactor = Redactor()
    for count in range(0, len(SAID), 3):
        found = logged(GUARDS[guards], count, redactor)
        assert "4111" not in found
        assert found == FAILED or SAID.startswith(found.partition("[")[0])


@pytest.mark.parametrize("guards", ["matching", "held"])
def test_what_the_guards_have_not_judged_is_left_out(guards: str) -> None:
    for count in range(0, len(SAID), 3):
        found = logged(GUARDS[guards], count, Redactor(scan=no_scan))
        assert "4111" not in found
        assert "nightjar" not in found
        if guards == "held":
            assert found in {"", FAILED}


def test_what_was_judged_is_logged() -> None:
    assert logged(GUARDS["matching"], 60, Redactor()).startswith("It is the card [PAYMENT_CARD] of Ada")


def test_a_finding_at_the_end_is_covered_and_not_cut() -> None:
    events = Events()

    @Pipeline(output=[PII(action="block")], recorder=events)
    def ask(prompt: str) -> Iterator[str]:
        yield SAID

    with pytest.raises(GuardBlocked):
        list(ask("hello"))

    (response,) = Redactor(scan=no_scan).event(events[0]).response
    assert response.text.startswith("It is the card [PAYMENT_CARD]")


def test_a_name_that_a_model_made_up_for_a_tool_is_redacted() -> None:
    called = Part("{}", "assistant", "arguments", "response.choices[0].message.tool_calls[0]", "mail_ann@example.com")
    plain = called._replace(name="search_orders")

    redacted = Redactor().event(Event(1.7e9, "r", response=(called, plain)))

    assert [part.name for part in redacted.response] == ["[EMAIL]", "search_orders"]
