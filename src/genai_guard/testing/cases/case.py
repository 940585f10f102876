"""A policy test as it is written: a text or a conversation, and what a policy has to make of it. Values only."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Final, Literal, NamedTuple, TypeAlias

from genai_guard.frozen import FrozenDict
from genai_guard.messages import ANONYMOUS, Caller, Role
from genai_guard.verdicts import Action

__all__ = ["EVERY_ACTION", "NOWHERE", "Case", "CaseSide", "Expectation", "ExpectedSpan", "Place", "ScriptedReply"]

CaseSide: TypeAlias = Literal["input", "output", ""]
"""Whose guards judge a text; empty for a whole call, with both sides, limits and experiments."""

EVERY_ACTION: Final = frozenset(Action)
_NOTHING: Final[Mapping[str, Any]] = FrozenDict()


class Place(NamedTuple):
    """Where a case is written.

    Attributes:
        file: Path of the file as it was given; empty for a case made in Python.
        line: Its line, from 1; 0 where it is not known.
    """

    file: str = ""
    line: int = 0

    def __str__(self) -> str:
        return f"{self.file}:{self.line}" if self.line else self.file


NOWHERE: Final = Place()
"""Where a case is written that is made in Python."""


@dataclass(frozen=True, slots=True, kw_only=True)
class ExpectedSpan:
    """Characters that have to be found.

    Attributes:
        start: First character in the text as it is written.
        end: One past the last.
        category: Category of the finding; empty for any.
        rule: Its rule; empty for any.
        guard: Its guard; empty for any.
        where: The text of the conversation that it is in, as `Finding.where` has it; empty for a plain text.
    """

    start: int
    end: int
    category: str = ""
    rule: str = ""
    guard: str = ""
    where: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Expectation:
    """What has to come out. A field that is None says nothing.

    Attributes:
        actions: The actions of which one has to come out: the gravest that a guard enforced.
        categories: Every category that is found, and no other unless `others`. An empty tuple: nothing is found.
        rules: Rules of which each has to find something.
        spans: Every span that is found, and no other unless `others`.
        others: Whether more may be found than is named.
        redacted: The text after the guards; of a conversation, its last message.
        redacted_reply: The reply after the guards.
        variants: Variant by the name of the experiment; the empty name stands for the only experiment.
        limit: Name of the limit that refuses the last of the calls; empty: no limit refuses one.
    """

    actions: frozenset[Action] | None = None
    categories: tuple[str, ...] | None = None
    rules: tuple[str, ...] = ()
    spans: tuple[ExpectedSpan, ...] | None = None
    others: bool = False
    redacted: str | None = None
    redacted_reply: str | None = None
    variants: Mapping[str, str] = field(default_factory=FrozenDict[str, str])
    limit: str | None = None

    @property
    def is_negative(self) -> bool:
        """Whether nothing is to be found in the text."""
        return self.actions == frozenset({Action.ALLOW}) and not self.labels and not self.rules

    @property
    def labels(self) -> frozenset[str]:
        """The categories that are to be found, by whatever field says so."""
        spans = (span.category for span in self.spans or () if span.category)
        return frozenset((*(self.categories or ()), *spans))


@dataclass(frozen=True, slots=True, kw_only=True)
class ScriptedReply:
    """What the model answers in a case.

    Attributes:
        text: What it says.
        tool_calls: The tools it calls: name, and arguments as JSON.
    """

    text: str = ""
    tool_calls: tuple[tuple[str, str], ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class Case:
    """One policy test.

    Attributes:
        name: Its name; unique in its file.
        text: The text to judge; of a conversation, that of its last message.
        messages: The conversation in the shape of OpenAI's chat; empty for a plain text.
        reply: What the model answers; None for a case that is about the request alone.
        retries: What it answers where it is asked again; the last of all is repeated.
        side: Whose guards are asked.
        role: Who wrote the plain text.
        expect: What has to come out.
        guard: Name of the only guard that is asked; empty for all.
        caller: On whose behalf the calls are made.
        calls: How often the call is made, for limits.
        every_s: Seconds between the calls.
        source: Where the text comes from, for statistics.
        tags: Words to select cases by.
        skip: Why it is not run; empty for a case that is.
        xfail: Why it is known to fail; empty for a case that should pass.
        fuzz: Evasions that it is also run in, by name; None for those that the canonical form undoes.
        policy: The policy that its file names: a path, or a reference `module:name`; empty for none.
        place: Where it is written.
        evasion: The evasion that this case is a variation by; empty for a case as written.
        original: Name of the case that this one is a variation of; empty for a case as written.
    """

    name: str
    text: str = field(default="", repr=False)
    messages: Sequence[Mapping[str, Any]] = field(default=(), repr=False)
    reply: ScriptedReply | None = field(default=None, repr=False)
    retries: tuple[ScriptedReply, ...] = field(default=(), repr=False)
    side: CaseSide = "input"
    role: Role = "user"
    expect: Expectation = field(default_factory=Expectation, repr=False)
    guard: str = ""
    caller: Caller = ANONYMOUS
    calls: int = 1
    every_s: float = 0.0
    source: str = ""
    tags: tuple[str, ...] = ()
    skip: str = ""
    xfail: str = ""
    fuzz: tuple[str, ...] | None = None
    policy: str = ""
    place: Place = NOWHERE
    evasion: str = ""
    original: str = ""

    @property
    def is_whole_call(self) -> bool:
        """Whether the case goes through a whole call: guards of both sides, limits and experiments."""
        return not self.side
