"""Law 13: sync, async and streamed runs of a scenario give the same verdicts and the same events."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

from hypothesis import given
from hypothesis import strategies as st

from calls import KINDS, World, consume, target
from genai_guard import Rejected
from genai_guard.guards import PII, BlockedPatterns, Length, guard
from genai_guard.verdicts import Action, Finding, Verdict

PIECES = [
    "the sea ", "bob@example.com ", "4111 1111 1111 1111, ", "poison ", "secret plan ", "é 漢字 ", "192.168.0.1 ", "\n",
]  # fmt: skip
texts = st.lists(st.sampled_from(PIECES), max_size=6).map("".join)


class Shouting:
    """A guard in the least form: upper case becomes lower case."""

    action = "redact"

    def check(self, text: str) -> Verdict:
        if text == text.lower():
            return Verdict(Action.ALLOW, text)
        return Verdict(Action.REDACT, text.lower(), (Finding("shouting", "SHOUTING", 0, len(text)),))


@guard(name="broken", on_error="allow")
def broken(text: str) -> bool:
    raise RuntimeError(text)


guards = st.sampled_from([
    [PII(action="redact")],
    [PII(action="mask"), BlockedPatterns(["poison"])],
    [PII(action="flag"), BlockedPatterns(["secret plan"], action="redact"), Length(max_chars=60)],
    [PII(mode="shadow", action="block"), Length(max_chars=20, action="truncate")],
    [Shouting(), PII()],
    [broken, PII(action="block")],
])  # fmt: skip


def run(kind: str, prompt: str, reply: str, cut: int, side: list[Any]) -> tuple[Any, ...]:
    world = World(parts={"input": side, "output": side})
    seen: list[str] = []
    chunks = [reply[i : i + cut] for i in range(0, len(reply), cut)]
    result = ""
    try:
        result = consume(kind, world.pipeline(target(kind, chunks, seen)), prompt)
    except Rejected as rejection:
        result = type(rejection).__name__
    event = world.event
    blocked = event.status == "blocked" and event.stage in {"output", "stream"}
    return (
        result,
        seen,
        event.status,
        event.error_type,
        "output" if blocked else event.stage,
        event.request,
        () if blocked else [part for part in event.response if part.text],
        event.usage if not blocked else None,
        sorted(map(told, event.verdicts)) if not blocked else None,
    )


def told(verdict: Verdict) -> str:
    """Write a verdict down; a stream is found too long when it passes the limit, not at its unknown end."""
    findings = [replace(f, start=0, end=0, detail="") if f.category == "LENGTH" else f for f in verdict.findings]
    return str(replace(verdict, findings=tuple(findings)))


@given(prompt=texts, reply=texts, cut=st.integers(1, 9), side=guards)
def test_the_same_scenario_ends_alike_however_it_is_called(prompt: str, reply: str, cut: int, side: list[Any]) -> None:
    runs = {kind: run(kind, prompt, reply, cut, side) for kind in KINDS}
    assert all(each == runs["def"] for each in runs.values()), runs
