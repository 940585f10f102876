"""The output guards, while a reply streams in."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Any

import pytest

from calls import Events
from genai_guard import ComponentFailed, GuardBlocked, Pipeline
from genai_guard.clients import Delta
from genai_guard.guards import PII, BlockedPatterns, Length, guard
from genai_guard.guards.gate import Gate
from genai_guard.guards.screen import Screen
from genai_guard.text.rules import Rule
from genai_guard.verdicts import Action, Verdict


def gate(*guards: Any) -> Gate:
    return Gate(Screen(guards, "output"))


def delta(text: str, channel: str = "a", *, final: bool = False) -> Delta:
    return Delta(channel, text, final, "text", f"response.{channel}")


@dataclass
class Rules:
    """A matching guard of one rule that can be made to fail."""

    validator: Any
    on_error: str = "block"
    name: str = "rules"
    mode: str = "enforce"
    action: str = "redact"
    rules: list[Rule] = field(default_factory=list[Rule])

    def __post_init__(self) -> None:
        self.rules = [Rule("r", "R", "[0-9]{4}", validator=self.validator)]

    def check(self, text: str, /) -> Verdict:
        return Verdict(Action.ALLOW, text)

    def replacement(self, rule: Rule, matched: str, /) -> str:
        return "[R]"


def broken(_: str) -> bool:
    raise ValueError("no")


def test_channels_are_scanned_apart() -> None:
    g = gate(PII())
    assert g.feed(delta("bob@", "a")) == ""
    assert g.feed(delta("example.com,", "b")) == "example.com,"
    assert g.feed(delta("example.com,", "a")) == "[EMAIL],"


def test_text_after_the_end_of_a_text_is_guarded_as_another() -> None:
    g = gate(PII())
    g.feed(delta("bob@", final=True))
    assert g.feed(delta("bob@example.com", final=True)) == "[EMAIL]"


def test_a_block_releases_nothing_of_what_is_forbidden() -> None:
    g = gate(BlockedPatterns(["secret plan"]))
    released = g.feed(delta("the ")) + g.feed(delta("sec")) + g.feed(delta("ret "))
    assert released == "the "
    with pytest.raises(GuardBlocked):
        g.feed(delta("plan."))


def test_a_stream_is_cut_where_a_length_limit_truncates_the_whole() -> None:
    g = gate(Length(max_chars=5, action="truncate"))
    assert [g.feed(delta(text)) for text in ("abc", "def", "ghi")] == ["abc", "de", ""]
    (verdict,) = g.verdicts()
    assert (verdict.action, verdict.findings[0].where) == (Action.TRUNCATE, "response.a")


def test_the_arguments_of_a_tool_are_not_cut_but_blocked() -> None:
    g = gate(Length(max_chars=5, action="truncate"))
    with pytest.raises(GuardBlocked):
        g.feed(Delta("a", '{"to": 1}', kind="arguments", where="response.a"))


def test_verdicts_are_one_for_each_guard_in_their_order() -> None:
    g = gate(BlockedPatterns(["sea"], action="flag"), PII())
    for channel in "ab":
        g.feed(delta("bob@example.com sea ", channel, final=True))
    assert [(v.guard, len(v.findings)) for v in g.verdicts()] == [("blocked_patterns", 2), ("pii", 2)]


def test_what_is_held_at_the_end_is_handed_out() -> None:
    g = gate(PII())
    assert g.feed(delta("mail bob@example.com")) == "mail "
    assert list(g.drain()) == [("a", "[EMAIL]", False)]


def test_other_guards_hold_each_text_to_its_end() -> None:
    @guard(name="custom")
    def custom(text: str) -> bool:
        return False

    g = gate(PII(), custom)
    assert g.holds
    assert g.feed(delta("bob@example.com ")) + g.feed(delta("now", final=True)) == ""
    held = g.waiting("a")
    assert (held.text, held.original.text) == ("[EMAIL] now", "bob@example.com now")


def test_a_rule_that_fails_stops_the_stream() -> None:
    with pytest.raises(ComponentFailed, match="rules"):
        gate(Rules(broken)).feed(delta("call 1234 now "))


def test_a_rule_that_may_fail_lets_the_rest_pass_and_says_so() -> None:
    g = gate(Rules(broken, on_error="allow"))
    text = g.feed(delta("call 1234 ")) + g.feed(delta("5678 now", final=True))
    assert text == "call 1234 5678 now"
    assert [(v.action, v.error) for v in g.verdicts()] == [(Action.ERROR, "RuleFailed")]


def test_a_match_without_an_end_fails_closed() -> None:
    endless = BlockedPatterns(regexes=[r"BEGIN[a-z ]+END"], action="redact")
    events = Events()

    def answer(prompt: str) -> Iterator[str]:
        yield "BEGIN "
        for _ in range(100):
            yield "abc " * 1000

    stream = Pipeline(output=[endless], recorder=events).wrap(answer)("hello")
    with pytest.raises(ComponentFailed, match="HoldOverflow"):
        list(stream)
    assert events[0].status == "component_failed"


def test_a_meter_that_fails_stops_the_stream_unless_it_may_fail() -> None:
    class Meter:
        def feed(self, text: str, /) -> Verdict | None:
            raise ValueError

        def finish(self) -> Verdict | None:
            return None

    @dataclass
    class Whole:
        on_error: str = "block"
        name: str = "whole"

        def check(self, text: str, /) -> Verdict:
            return Verdict(Action.ALLOW, text)

        def check_parts(self, parts: Any, /) -> tuple[Verdict, ...]:
            return ()

        def meter(self) -> Meter:
            return Meter()

    with pytest.raises(ComponentFailed, match="whole"):
        gate(Whole()).feed(delta("a"))
    g = gate(Whole(on_error="allow"))
    assert g.feed(delta("a")) == "a"
    assert g.verdicts()[0].action is Action.ERROR
