"""From a case as it is written to the case: defaults of the file, places of spans, and what does not go together."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Any, Final, cast

from genai_guard.frozen import FrozenDict
from genai_guard.messages import ANONYMOUS
from genai_guard.policy.data import is_list, is_mapping
from genai_guard.policy.problems import Path, Problem, describe, listed, quoted, suggestion
from genai_guard.testing.cases.case import EVERY_ACTION, Case, CaseSide, Expectation, Place, ScriptedReply
from genai_guard.testing.cases.evasion import EVASIONS
from genai_guard.testing.cases.spans import SpanFinder
from genai_guard.testing.cases.texts import arguments_json, last_text, texts_of
from genai_guard.testing.cases.written import Defaults, WrittenCase, WrittenReply
from genai_guard.verdicts import Action

__all__ = ["Maker"]

_ROLES: Final = ("system", "developer", "user", "assistant", "tool")
_ACTIONS: Final = tuple(action.value for action in Action)
_LONGEST_NAME: Final = 48
_ENDS_A_CALL: Final = frozenset({Action.BLOCK, Action.ERROR})


@dataclass(slots=True)
class Maker:
    """Makes the cases of one file.

    Attributes:
        defaults: What the file says for all of its cases.
        policy: The policy that the file names, ready to be loaded; empty for none.
        problems: What is wrong with the cases so far, each problem as seen from the case.
    """

    defaults: Defaults
    policy: str
    problems: list[Problem] = field(default_factory=list[Problem])
    _names: dict[str, int] = field(default_factory=dict[str, int])

    def make(self, written: WrittenCase, index: int, place: Place) -> Case:
        """Return a case. Where something is wrong with it, that is a problem, and the case not to be used."""
        self.problems.clear()
        reply, *retries = _replies(written.reply)
        messages = self._messages(written.messages or ())
        text = self._text(written, messages)
        side = self._side(written)
        case = Case(
            name=self._name(written, text, index),
            text=text,
            messages=messages,
            reply=ScriptedReply(text=text) if side == "output" and reply is None else reply,
            retries=tuple(filter(None, retries)),
            side=side,
            role=self._default(written, "role", "user"),
            guard=self._default(written, "guard", ""),
            caller=self._default(written, "caller", ANONYMOUS),
            calls=written.calls,
            every_s=written.every_s,
            source=self._default(written, "source", ""),
            tags=tuple(self._default(written, "tags", ())),
            skip=written.skip,
            xfail=written.xfail,
            fuzz=self._fuzz(written),
            policy=self.policy,
            place=place,
        )
        self.problems += _contradictions(written)
        if any(problem.path[:1] in {("messages",), ("reply",), ()} for problem in self.problems):
            return case
        return replace(case, expect=self._expectation(written, case))

    def _default(self, written: WrittenCase, name: str, otherwise: Any) -> Any:
        values = (getattr(written, name), getattr(self.defaults, name), otherwise)
        return next(value for value in values if value is not None)

    def _name(self, written: WrittenCase, text: str, index: int) -> str:
        name = written.name or _name_of(text) or f"case {index + 1}"
        if not name.isprintable():
            self._problem("name", "must be a line of characters that can be seen")
        first = self._names.setdefault(name, index)
        if first != index and written.name:
            self._problem("name", f"{quoted(name)} is the name of cases[{first}] too: give each a name of its own")
        number, unique = 2, name
        while self._names.setdefault(unique, index) != index:
            unique = f"{name} ({number})"
            number += 1
        return unique

    def _text(self, written: WrittenCase, messages: Sequence[Mapping[str, Any]]) -> str:
        if written.text is not None and written.messages is not None:
            self._problem("messages", "a case has a text or messages, not both: make it two cases")
        if written.text is not None:
            return written.text
        if not messages:
            self.problems.append(Problem((), "has no text: give it text: ..., or messages: with a conversation"))
        return "" if self.problems else last_text(messages)

    def _side(self, written: WrittenCase) -> CaseSide:
        whole = [name for name in ("variant", "limit") if getattr(written, name) is not None]
        whole += ["calls"] * (written.calls > 1)
        if written.side and whole:
            self._problem("side", f"{whole[0]}: is about a whole call, which has both sides: take side: away")
        if whole:
            return ""
        if written.side is None and written.reply is not None:
            return ""
        side: CaseSide = self._default(written, "side", "input")
        if side == "output" and written.messages and written.reply is None:
            self._problem("reply", "is missing: guards of replies are asked about it")
        if side == "output" and written.text is not None and written.reply is not None:
            self._problem("reply", "with side: output the text is the reply: write the question as messages:")
        return side

    def _messages(self, messages: Sequence[Mapping[str, Any]]) -> tuple[Mapping[str, Any], ...]:
        return tuple(self._message(message, ("messages", index)) for index, message in enumerate(messages))

    def _message(self, message: Mapping[str, Any], path: Path) -> Mapping[str, Any]:
        role, calls = message.get("role"), message.get("tool_calls")
        if role not in _ROLES:
            given = f", not {describe(role)}{suggestion(role, _ROLES)}" if role is not None else ""
            self.problems.append(Problem((*path, "role"), f"must be one of {listed(_ROLES)}{given}"))
        if not isinstance(message.get("content", ""), str | list | None):
            self.problems.append(Problem((*path, "content"), f"must be text, not {describe(message['content'])}"))
        if message.get("content") is None and not calls:
            self.problems.append(Problem((*path, "content"), "is missing: it must be text"))
        return message if calls is None else {**message, "tool_calls": self._tool_calls(calls, (*path, "tool_calls"))}

    def _tool_calls(self, calls: Any, path: Path) -> list[Any]:
        if not is_list(calls) or not all(map(is_mapping, calls)):
            self.problems.append(Problem(path, "must be a list of mappings such as {name: search, arguments: {q: x}}"))
            return []
        return [_tool_call(call, number) for number, call in enumerate(calls, 1)]

    def _fuzz(self, written: WrittenCase) -> tuple[str, ...] | None:
        fuzz = self._default(written, "fuzz", True)
        if isinstance(fuzz, bool):
            return None if fuzz else ()
        for name in fuzz:
            if name not in EVASIONS:
                known = suggestion(name, EVASIONS) or f"; there are {listed(EVASIONS)}"
                self._problem("fuzz", f"{quoted(name)} is no evasion{known}")
        return tuple(fuzz)

    def _expectation(self, written: WrittenCase, case: Case) -> Expectation:
        finder = SpanFinder(texts_of(case))
        spans = None if written.spans is None else finder.find(written.spans)
        self.problems += finder.problems
        named = [written.category] if written.category else written.categories
        expect = Expectation(
            actions=self._actions(written),
            categories=None if named is None else tuple(named),
            rules=(*([written.rule] if written.rule else []), *written.rules),
            spans=spans,
            others=self._default(written, "others", False),
            redacted=written.redacted,
            redacted_reply=written.redacted_reply,
            variants=_variants(written.variant),
            limit="" if written.limit is None and written.calls > 1 else written.limit,
        )
        if expect == Expectation(others=expect.others):
            self.problems.append(
                Problem((), "says nothing of what is expected: add expect: allow, expect: block, or a category")
            )
        if written.redacted is not None and expect.actions and expect.actions <= _ENDS_A_CALL:
            self._problem("redacted", "nothing goes on from a text that is blocked: take one of the two away")
        return expect

    def _actions(self, written: WrittenCase) -> frozenset[Action] | None:
        expect: Any = self._default(written, "expect", ())
        if isinstance(expect, str):
            return self._named([expect])
        if not isinstance(expect, Mapping):
            return self._named(cast("Sequence[str]", expect)) if expect else None
        words = cast("Mapping[str, str]", expect)
        if set(words) != {"not"}:
            self._problem("expect", "must be an action, a list of actions, or {not: block}")
            return None
        return EVERY_ACTION - self._named([words["not"]])

    def _named(self, words: Sequence[str]) -> frozenset[Action]:
        for word in words:
            if word not in _ACTIONS:
                self._problem(
                    "expect", f"must be one of {listed(_ACTIONS)}, not {quoted(word)}{suggestion(word, _ACTIONS)}"
                )
        return frozenset(Action(word) for word in words if word in _ACTIONS)

    def _problem(self, name: str, text: str) -> None:
        self.problems.append(Problem((name,), text))


def _contradictions(written: WrittenCase) -> Iterator[Problem]:
    if written.category and written.categories is not None:
        yield Problem(("categories",), "a case has a category or categories, not both: write them in one list")
    if written.calls < 1:
        yield Problem(("calls",), f"must be 1 or more, not {written.calls}")
    if not 0 <= written.every_s < float("inf"):
        yield Problem(("every_s",), f"must be seconds, zero or more, not {written.every_s}")
    if is_list(written.reply) and not written.reply:
        yield Problem(("reply",), "is an empty list: write what the model answers")
    if written.redacted_reply is not None and written.reply is None:
        yield Problem(("redacted_reply",), "needs a reply:")


def _replies(reply: str | WrittenReply | Sequence[str] | None) -> list[ScriptedReply | None]:
    """Return the replies, at least one: None where there is none."""
    if isinstance(reply, WrittenReply):
        calls = tuple((call.name, arguments_json(call.arguments)) for call in reply.tool_calls)
        return [ScriptedReply(text=reply.text, tool_calls=calls)]
    texts = [reply] if isinstance(reply, str) else reply or ()
    return [ScriptedReply(text=text) for text in texts] or [None]


def _tool_call(call: Mapping[str, Any], number: int) -> Mapping[str, Any]:
    """Return a call in the shape of OpenAI's, which may be written as no more than a name and arguments."""
    if "function" in call:
        return call
    function = {"name": call.get("name", ""), "arguments": arguments_json(call.get("arguments", "{}"))}
    return {"id": call.get("id", f"call_{number}"), "type": "function", "function": function}


def _variants(variant: str | Mapping[str, str] | None) -> Mapping[str, str]:
    if variant is None:
        return FrozenDict()
    return FrozenDict({"": variant} if isinstance(variant, str) else variant)


def _name_of(text: str) -> str:
    """Return the first words of a text as a name."""
    words = re.sub(r"[^\w.,@'-]+", " ", text[: 4 * _LONGEST_NAME]).strip()
    if len(words) <= _LONGEST_NAME:
        return words
    short = words[: _LONGEST_NAME - 3]
    return f"{short.rpartition(' ')[0] or short}..."
