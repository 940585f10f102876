"""How cases are written: the fields of a cases file, of one case, and of what is in it.

Read by the machinery of policy files: the annotations say what a field takes, the docstrings what it means.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Literal

from genai_guard.messages import Caller, Role

__all__ = ["Defaults", "WrittenCase", "WrittenCases", "WrittenReply", "WrittenSpan", "WrittenToolCall"]


@dataclass(frozen=True, slots=True, kw_only=True)
class WrittenSpan:
    """Characters that have to be found.

    Args:
        text: The characters themselves. Written for a second span, they mean their second occurrence.
        start: First character, counted from 0, in place of `text`.
        end: One past the last, with `start`.
        category: Category of the finding.
        rule: Rule of the finding.
        guard: Guard of the finding.
        where: Which text of a conversation it is in, such as `messages[1].content` or `reply`; needed if `text` stands
            in several.
    """

    text: str = ""
    start: int | None = None
    end: int | None = None
    category: str = ""
    rule: str = ""
    guard: str = ""
    where: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class WrittenToolCall:
    """A tool that the model calls.

    Args:
        name: Name of the tool.
        arguments: Its arguments, as a mapping or as the JSON that the model writes.
    """

    name: str
    arguments: Mapping[str, Any] | str = "{}"


@dataclass(frozen=True, slots=True, kw_only=True)
class WrittenReply:
    """What the model answers.

    Args:
        text: What it says.
        tool_calls: The tools that it calls.
    """

    text: str = ""
    tool_calls: Sequence[WrittenToolCall] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class Defaults:
    """What a file may say once for all of its cases.

    Args:
        side: Whose guards are asked: those of requests, `input`, or those of replies, `output`. A case with a reply, a
            variant, a limit or several calls goes through a whole call instead, and asks both.
        role: Who wrote the text.
        guard: Name of the only guard that is asked.
        expect: The action that has to come out, a list of which one has to, or `{not: block}`.
        others: Whether more may be found than the categories and spans that are named.
        caller: On whose behalf the call is made.
        source: Where the texts come from; statistics are kept apart by it.
        tags: Words to select cases by.
        fuzz: Evasions that a case is also run in, when that is asked for; false for none.
    """

    side: Literal["input", "output"] | None = None
    role: Role | None = None
    guard: str | None = None
    expect: str | Sequence[str] | Mapping[str, str] | None = None
    others: bool | None = None
    caller: Caller | None = None
    source: str | None = None
    tags: Sequence[str] | None = None
    fuzz: bool | Sequence[str] | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class WrittenCase(Defaults):
    """One policy test.

    Args:
        name: Its name, unique in the file; made of its text when it is left out.
        text: The text to judge.
        messages: A conversation to judge, in place of a text: mappings with `role` and `content`, and `tool_calls`.
        reply: What the model answers; a list of texts for one that is asked again, the last of which is repeated.
        category: The category that is found, and no other.
        categories: The categories that are found, and no other.
        rule: A rule that has to find something.
        rules: Rules of which each has to find something.
        spans: What is found, and nothing else: the characters themselves, `[start, end]`, or a mapping.
        redacted: The text after the guards; of a conversation, its last message.
        redacted_reply: The reply after the guards.
        variant: The variant that the caller gets, of the only experiment, or by the names of experiments.
        limit: Name of the limit that refuses the last of the calls.
        calls: How often the call is made.
        every_s: Seconds between the calls, on a clock that stands still otherwise.
        skip: Why the case is not run.
        xfail: Why the case is known to fail. One that passes all the same is an error.
    """

    name: str = ""
    text: str | None = None
    messages: Sequence[Mapping[str, Any]] | None = None
    reply: str | WrittenReply | Sequence[str] | None = None
    category: str = ""
    categories: Sequence[str] | None = None
    rule: str = ""
    rules: Sequence[str] = ()
    spans: Sequence[str | Sequence[int] | WrittenSpan] | None = None
    redacted: str | None = None
    redacted_reply: str | None = None
    variant: str | Mapping[str, str] | None = None
    limit: str | None = None
    calls: int = 1
    every_s: float = 0.0
    skip: str = ""
    xfail: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class WrittenCases(Defaults):
    """A file of policy tests.

    Args:
        policy: The policy that the cases are for: a path that starts from the folder of this file, or a pipeline made
            in Python, as `package.module:name`.
        cases: The tests.
        schema: Where the JSON Schema of this file is, for editors; not read.
    """

    cases: Sequence[WrittenCase]
    policy: str = ""
    schema: str = ""
