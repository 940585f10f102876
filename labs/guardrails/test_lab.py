"""Says how far lab 6.1 is."""

from __future__ import annotations

from collections.abc import Iterator
from types import ModuleType

import pytest

from genai_guard import Action, GuardBlocked, Pipeline
from genai_guard.testing import FakeLLM
from genai_guard.testing.cases import assert_verdict


def test_1_numbers_of_tickets_are_replaced(lab: ModuleType) -> None:
    tickets = lab.ticket_numbers()
    assert tickets.check("TCK-1 and (TCK-4711)").text == "[TICKET] and ([TICKET])"
    assert tickets.check("no TCK- here, and no MTCK-12x").action is Action.ALLOW


def test_1_findings_say_where(lab: ModuleType) -> None:
    (finding,) = lab.ticket_numbers().check("see TCK-4711").findings
    assert (finding.category, finding.start, finding.end) == ("TICKET", 4, 12)


@pytest.mark.parametrize(
    "text", ["We will refund you.", "of course we'll pay for it", "You get your money back!", "we shall compensate you"]
)
def test_2_promises_are_blocked(text: str, lab: ModuleType) -> None:
    assert lab.no_promises().check(text).action is Action.BLOCK


@pytest.mark.parametrize(
    "text",
    ["A colleague decides about refunds.", "How do I pay for it?", "It pays to ask.", "We will come back to you."],
)
def test_2_other_words_about_money_are_not(text: str, lab: ModuleType) -> None:
    assert lab.no_promises().check(text).action is Action.ALLOW


def test_3_shouting_is_flagged_with_a_score(lab: ModuleType) -> None:
    verdict = lab.shouting().check("WHY DOES NOBODY ANSWER")
    assert verdict.action is Action.FLAG
    assert verdict.findings[0].score > 0.9
    assert verdict.text == "WHY DOES NOBODY ANSWER"


@pytest.mark.parametrize("text", ["OK", "", "Does NASA have an FAQ?", "1234 5678 !!!"])
def test_3_abbreviations_are_no_shouting(text: str, lab: ModuleType) -> None:
    assert lab.shouting().check(text).action is Action.ALLOW


def test_4_the_model_sees_no_address_and_no_ticket(lab: ModuleType) -> None:
    llm = FakeLLM("Done.")
    lab.support_pipeline().wrap(llm)("TCK-12 of jo.harper@example.com")
    assert llm.prompts == ["[TICKET] of [EMAIL]"]


def test_4_the_address_of_the_shop_may_be_told_and_no_other(lab: ModuleType) -> None:
    ask = lab.support_pipeline().wrap(FakeLLM("help@shop.example, not jo.harper@example.com"))
    assert ask("Whom do I write to?") == "help@shop.example, not [EMAIL]"


def test_4_no_promise_gets_out_and_no_novel_gets_in(lab: ModuleType) -> None:
    ask = lab.support_pipeline().wrap(FakeLLM("We will refund you."))
    with pytest.raises(GuardBlocked) as refused:
        ask("Can I have my money?")
    assert refused.value.stage == "output"
    with pytest.raises(GuardBlocked) as refused:
        ask("word " * 1_000)
    assert refused.value.stage == "input"


def test_5_a_stream_is_not_held_until_its_end(lab: ModuleType) -> None:
    sent: list[str] = []

    @Pipeline(output=[lab.streamed_ticket_numbers()])
    def ask(prompt: str) -> Iterator[str]:
        for piece in ("Your number is TC", "K-47", "11. ", "We look into it, ", "and come back to you."):
            sent.append(piece)
            yield piece

    stream = ask("What is my number?")
    early = next(stream)
    assert len(sent) < 5, "the whole reply was held back"
    assert early + "".join(stream) == "Your number is [TICKET]. We look into it, and come back to you."


def test_6_the_policy_tests_hold(lab: ModuleType) -> None:
    given = lab.cases()
    assert sum(case["expect"] != "allow" for case in given) >= 4
    assert sum(case["expect"] == "allow" for case in given) >= 4
    for case in given:
        assert_verdict(lab.support_pipeline(), **case)
