"""Order, merging and failure of the guards of one side."""

from __future__ import annotations

from typing import Any

import pytest

from genai_guard import Pipeline
from genai_guard.guards import PII, BlockedPatterns, Length, guard
from genai_guard.messages import Part
from genai_guard.verdicts import Action, Finding, Verdict


def scan(*guards: Any, text: str) -> Verdict:
    return Pipeline(input=guards).scan_input(text)


def test_a_clean_text_is_allowed_as_it_is() -> None:
    text = "Nothing to see."
    verdict = scan(PII(), BlockedPatterns(["forbidden"]), Length(max_chars=100), text=text)
    assert verdict == Verdict(Action.ALLOW, text)


def test_without_guards_everything_is_allowed() -> None:
    assert scan(text="bob@example.com").action is Action.ALLOW


def test_every_guard_sees_the_text_as_it_was_written() -> None:
    verdict = scan(PII(action="redact"), BlockedPatterns(["example"], action="flag"), text="I am bob@example.com")
    assert verdict.text == "I am [EMAIL]"
    assert [(finding.guard, finding.start) for finding in verdict.findings] == [("pii", 5), ("blocked_patterns", 9)]


def test_overlapping_edits_are_merged_under_the_label_of_the_leftmost_longest() -> None:
    verdict = scan(
        PII(action="redact"), BlockedPatterns(["example.com now"], action="redact"), text="to bob@example.com now!"
    )
    assert verdict.text == "to [EMAIL]!"


def test_the_gravest_action_is_the_answer_and_all_findings_are_told() -> None:
    verdict = scan(PII(action="flag"), BlockedPatterns(["forbidden"]), text="forbidden bob@example.com")
    assert verdict.action is Action.BLOCK
    assert verdict.guard == "pii, blocked_patterns"
    assert {finding.category for finding in verdict.findings} == {"EMAIL", "BLOCKED"}


def test_a_shadow_guard_is_told_and_changes_nothing() -> None:
    text = "bob@example.com"
    verdict = scan(PII(action="block", mode="shadow"), text=text)
    assert (verdict.mode, verdict.text, len(verdict.findings)) == ("shadow", text, 1)
    assert not verdict.blocked


def test_a_text_that_is_too_long_is_not_scanned() -> None:
    verdict = scan(PII(), Length(max_chars=5), text="bob@example.com")
    assert [finding.guard for finding in verdict.findings] == ["length"]


def test_other_guards_see_what_the_matching_ones_left_and_their_findings_point_into_the_original() -> None:
    seen: list[str] = []

    @guard(name="custom", action="flag")
    def custom(text: str) -> list[tuple[int, int]]:
        seen.append(text)
        at = text.index("please")
        return [(at, at + 6)]

    text = "bob@example.com please"
    verdict = scan(custom, PII(), text=text)
    assert seen == ["[EMAIL] please"]
    assert [finding.of(text) for finding in verdict.findings if finding.guard == "custom"] == ["please"]


def test_a_finding_inside_an_edit_covers_the_original_of_that_edit() -> None:
    @guard(name="custom", action="flag")
    def custom(text: str) -> list[tuple[int, int]]:
        return [(1, 3)]

    text = "bob@example.com please"
    (finding,) = [f for f in scan(PII(), custom, text=text).findings if f.guard == "custom"]
    assert finding.of(text) == "bob@example.com"


def test_other_guards_do_not_run_after_a_block() -> None:
    calls: list[str] = []

    @guard
    def custom(text: str) -> bool:
        calls.append(text)
        return False

    scan(custom, BlockedPatterns(["forbidden"]), text="forbidden")
    assert calls == []


def test_other_guards_run_in_order_on_each_others_text() -> None:
    class Suffix:
        action = "redact"

        def __init__(self, suffix: str) -> None:
            self.name = suffix
            self.suffix = suffix

        def check(self, text: str) -> Verdict:
            return Verdict(Action.REDACT, text + self.suffix, (Finding("s", "S", 0, len(text)),))

    assert scan(Suffix("1"), Suffix("2"), text="x").text == "x12"


def test_a_failing_rule_is_charged_to_its_own_guard_and_the_others_still_speak() -> None:
    broken = BlockedPatterns(regexes=["x.*x.*y(?<=zy)"], timeout_s=0.001, name="broken", on_error="allow")
    slow = "x" * 20_000 + "y"
    verdict = scan(PII(), broken, text=f"bob@example.com {slow}")
    assert (verdict.text, verdict.error) == (f"[EMAIL] {slow}", "RuleFailed")


def test_arguments_of_tools_stay_valid_json() -> None:
    import json

    screen = Pipeline(output=[PII()])._output
    text = '{"card": 4111111111111111, "mail": "bob@example.com"}'
    judgement = screen.judge((Part(text, "assistant", "arguments", "response.args"),))
    assert judgement is not None
    assert json.loads(judgement.texts[0]) == {"card": "[PAYMENT_CARD]", "mail": "[EMAIL]"}


def test_two_guards_of_one_kind_are_told_apart_by_name() -> None:
    verdict = scan(
        BlockedPatterns(["one"], name="first", action="flag"),
        BlockedPatterns(["two"], name="second", action="flag"),
        text="one two",
    )
    assert [finding.guard for finding in verdict.findings] == ["first", "second"]


@pytest.mark.parametrize("text", ["bob@example.com", "x" * 50])
def test_a_guard_gives_the_same_verdict_alone_and_in_a_pipeline(text: str) -> None:
    for each in (PII(), Length(max_chars=20)):
        alone, together = each.check(text), scan(each, text=text)
        assert (alone.action, alone.text) == (together.action, together.text)
        assert [(f.rule, f.start, f.end) for f in alone.findings] == [
            (f.rule, f.start, f.end) for f in together.findings
        ]
