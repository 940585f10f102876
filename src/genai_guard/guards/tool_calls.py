"""`ToolCalls`: which tools a model may call, with what arguments, how often, and with whose data."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field, fields
from functools import cached_property
from typing import Any, ClassVar, Final, NamedTuple, cast

from genai_guard.errors import ConfigurationError
from genai_guard.frozen import FrozenDict
from genai_guard.guards.base import Context, GuardBase, settle
from genai_guard.guards.json_schema import Validator
from genai_guard.guards.structured.reading import NotJson, read_json
from genai_guard.guards.structured.reply import pointer
from genai_guard.guards.tools.arguments import ToolArgument, values_at
from genai_guard.guards.tools.flows import ToolFlow, shared_with
from genai_guard.guards.tools.names import Names, names_of
from genai_guard.messages import Part, PartKind
from genai_guard.verdicts import Action, Finding, Verdict

__all__ = ["ToolCalls"]

_NONE: Final[Any] = FrozenDict[str, Any]()
_MOST: Final = 20
_TURN: Final = re.compile(r"messages\[\d+\]|response(?:\.choices\[\d+\])?")


class _Found(NamedTuple):
    """Something that is wrong with a call; `told` is for the model, and may repeat what it wrote."""

    rule: str
    category: str
    detail: str
    told: str = ""
    start: int = -1
    end: int = -1


@dataclass(frozen=True)
class ToolCalls(GuardBase):
    """Let a model call only the tools it may, with arguments that they may have, and not too often.

    Each call is judged by itself, in requests and in replies. In a stream its arguments are held until they are
    complete. Names of tools are exact, `*` in them stands for any characters; `deny` does not look at case. Where
    several entries of `schemas`, `rules` or `max_per_tool` fit a tool, each of them holds.

    Arguments are read as strict JSON, see `JSONSchema`; none at all are an empty object. Arguments that are not JSON are a
    finding of their own, except those of OpenAI's custom tools, which are plain text.

    Args:
        allow: Names of the tools that may be called; None for all that are not denied.
        deny: Names of tools that may not.
        schemas: JSON Schema of the arguments by the name of the tool. Needs the extra `schema`.
        rules: Rules about single arguments, by the name of the tool and by the argument: `to`, `filter/from`, or
            `items/*/url` for each item. The empty path stands for all arguments.
        max_per_turn: Calls that one reply may make.
        max_per_tool: Calls that one reply may make of a tool, by its name.
        flows: From which tool to which no data may go, as `ToolFlow` or as a pair of names. Looked for is text of the
            results in the request that stands in the arguments of a call.
        max_reasks: How often the model is asked again, and told what was wrong, before its call is blocked.
        action: What to do with a call that may not be made: `block` or `flag`.

    Raises:
        ConfigurationError: nothing to judge by, a name that is allowed and denied, a schema or rule that cannot work.
    """

    kind: ClassVar[str] = "tool_calls"
    kinds: ClassVar[frozenset[PartKind]] = frozenset({"arguments"})
    allowed_actions: ClassVar[frozenset[Action]] = frozenset({Action.FLAG, Action.BLOCK})

    allow: Sequence[str] | None = None
    deny: Sequence[str] = field(default=(), kw_only=True)
    schemas: Mapping[str, Mapping[str, Any]] = field(default=_NONE, kw_only=True)
    rules: Mapping[str, Mapping[str, ToolArgument]] = field(default=_NONE, kw_only=True)
    max_per_turn: int | None = field(default=None, kw_only=True)
    max_per_tool: Mapping[str, int] = field(default=_NONE, kw_only=True)
    flows: Sequence[ToolFlow | tuple[str, str]] = field(default=(), kw_only=True)
    max_reasks: int = field(default=0, kw_only=True)

    def __post_init__(self) -> None:
        super().__post_init__()
        allow = None if self.allow is None else names_of("ToolCalls(allow=...)", self.allow)
        settle(self, allow=allow, deny=names_of("ToolCalls(deny=...)", self.deny), flows=_flows(self.flows))
        for name in ("schemas", "rules", "max_per_tool"):
            settle(self, **{name: _mapping(name, getattr(self, name))})
        settle(self, rules=FrozenDict({tool: _rules(tool, each) for tool, each in self.rules.items()}))
        self._check_numbers()
        if all(getattr(self, each.name) == each.default for each in fields(ToolCalls) if each.name in _SAYS):
            raise ConfigurationError(
                "ToolCalls() has nothing to judge by: give it allow, deny, schemas, rules or limits"
            )
        for name in sorted({*(self.allow or ())} & {*self.deny}):
            raise ConfigurationError(f"ToolCalls(): {name!r} is allowed and denied; drop it from one of the two")
        _ = self._judges  # refuse a wrong schema here, not at the first call

    def check(self, text: str, /) -> Verdict:
        """Return the verdict about the arguments of a call of a tool without a name, which no `allow` allows."""
        return self.check_part(Part(text, "assistant", "arguments"), Context("output"))

    def check_part(self, part: Part, context: Context, /) -> Verdict:
        """Return the verdict about one call."""
        if part.kind != "arguments":
            return Verdict(Action.ALLOW, part.text, (), self.name, self.mode)
        found = [
            *self._named(part.name),
            *self._counted(part, context),
            *self._argued(part),
            *self._flown(part, context),
        ]
        if not found:
            return Verdict(Action.ALLOW, part.text, (), self.name, self.mode)
        findings = tuple(self._finding(each, part) for each in found[:_MOST])
        told = [f"- the call of {part.name or 'a tool'} {each.told or each.detail}" for each in found[:_MOST]]
        feedback = "\n".join(["Your call of a tool was refused:", *told, "Go on without it, or correct it."])
        return Verdict(Action(self.action), part.text, findings, self.name, self.mode, feedback=feedback)

    def __getstate__(self) -> dict[str, Any]:
        """Leave out what is made of the parameters."""
        return {each.name: getattr(self, each.name) for each in fields(self)}

    def _finding(self, found: _Found, part: Part) -> Finding:
        start, end = (0, len(part.text)) if found.start < 0 else (found.start, found.end)
        rule = f"{self.name}.{found.rule}"
        return Finding(rule, found.category, start, end, 1.0, self.name, part.where, found.detail)

    def _named(self, name: str) -> Iterator[_Found]:
        """Names may be text of the model, so that findings tell patterns and no names."""
        denied = self._judges.deny.match(name)
        if denied is not None:
            yield _Found("denied", "TOOL_DENIED", f"is denied by {denied!r}")
        elif self._judges.allow is not None and self._judges.allow.match(name) is None:
            yield _Found("not_allowed", "TOOL_DENIED", "is of no tool that is allowed")

    def _counted(self, part: Part, context: Context) -> Iterator[_Found]:
        if self.max_per_turn is None and not self.max_per_tool:
            return
        calls = _calls_until(part, context)
        if self.max_per_turn is not None and len(calls) > self.max_per_turn:
            yield _Found("max_per_turn", "TOOL_LIMIT", f"is one more than {self.max_per_turn} in a turn")
        for names, most in self._judges.limits:
            if names.match(part.name) is not None and sum(names.match(name) is not None for name in calls) > most:
                yield _Found("max_per_tool", "TOOL_LIMIT", f"is one more than {most} of this tool in a turn")

    def _argued(self, part: Part) -> Iterator[_Found]:
        """Judge the arguments, also those of tools without rules: what is no JSON may be read in more than one way."""
        if part.where.endswith("custom.input"):
            value: Any = part.text
        else:
            try:
                value = read_json(part.text) if part.text.strip() else {}
            except NotJson as error:
                yield _Found("not_json", "TOOL_ARGUMENTS", f"has arguments that are not JSON: {error}")
                return
        for names, validator in self._judges.schemas:
            if names.match(part.name) is not None:
                yield from (
                    _Found("schema", "TOOL_ARGUMENTS", f"has wrong arguments: {each}")
                    for each in validator.problems(value)
                )
        for names, path, rule in self._judges.rules:
            if names.match(part.name) is not None:
                yield from _ruled(value, path, rule)

    def _flown(self, part: Part, context: Context) -> Iterator[_Found]:
        if not self.flows or context.side != "output":
            return
        said: list[str] | None = None
        for flow, source, target in self._judges.flows:
            if target.match(part.name) is None:
                continue
            results = [
                each.text
                for each in context.request.parts
                if each.kind == "result" and source.match(each.name) is not None
            ]
            if not results:
                continue
            said = said or [
                each.text for each in context.request.parts if each.role in {"user", "system"} and each.kind == "text"
            ]
            for shared in shared_with(part.text, results, said, min_chars=flow.min_chars):
                what = "text" if shared.is_run else "an address, number or identifier"
                detail = f"holds {what} that came out of {flow.source!r}"
                yield _Found("flow", "TOOL_FLOW", detail, "", shared.start, shared.end)

    @cached_property
    def _judges(self) -> _Judges:
        return _Judges(
            Names(self.deny, ignore_case=True),
            None if self.allow is None else Names(self.allow),
            [
                (Names([tool]), Validator(each, where=f"ToolCalls(schemas[{tool!r}])"))
                for tool, each in self.schemas.items()
            ],
            [(Names([tool]), path, rule) for tool, each in self.rules.items() for path, rule in each.items()],
            [(Names([tool]), most) for tool, most in self.max_per_tool.items()],
            [(flow, Names([flow.source]), Names([flow.target])) for flow in cast("Sequence[ToolFlow]", self.flows)],
        )

    def _check_numbers(self) -> None:
        given = {
            "max_per_turn": self.max_per_turn,
            **{f"max_per_tool[{tool!r}]": most for tool, most in self.max_per_tool.items()},
        }
        for name, most in given.items():
            if most is not None and (type(most) is not int or most < 0):
                raise ConfigurationError(f"ToolCalls({name}={most!r}) must be a whole number of at least 0")
        if type(self.max_reasks) is not int or self.max_reasks < 0:
            raise ConfigurationError(f"ToolCalls(max_reasks={self.max_reasks!r}) must be a whole number of at least 0")


_SAYS: Final = frozenset({"allow", "deny", "schemas", "rules", "max_per_turn", "max_per_tool", "flows"})


class _Judges(NamedTuple):
    """What is made of the parameters once."""

    deny: Names
    allow: Names | None
    schemas: list[tuple[Names, Validator]]
    rules: list[tuple[Names, str, ToolArgument]]
    limits: list[tuple[Names, int]]
    flows: list[tuple[ToolFlow, Names, Names]]


def _calls_until(part: Part, context: Context) -> list[str]:
    """Return the names of the calls of a turn up to this one; in a stream it is the last that has begun."""
    turn = _TURN.match(part.where)
    prefix = turn[0] if turn else ""
    names: list[str] = []
    for each in context.parts:
        begun = _TURN.match(each.where)
        if each.kind == "arguments" and (begun[0] if begun else "") == prefix:
            names.append(each.name)
            if each.where == part.where:
                return names
    return [*names, part.name]


def _ruled(value: Any, path: str, rule: ToolArgument) -> Iterator[_Found]:
    """Judge the values that a path leads to; the path is the developer's, so that it may be shown."""
    shown = f"argument {path}" if path else "arguments"
    missing = True
    for place, each in values_at(value, path):
        missing = False
        problem = rule.problem(each)
        if problem:
            detail = f"has an {shown} that {problem}" if path else f"has arguments of which one {problem}"
            yield _Found("argument", "TOOL_ARGUMENTS", detail, f"has at {pointer(place)} a value that {problem}")
    if missing and rule.required:
        yield _Found("argument", "TOOL_ARGUMENTS", f"lacks the {shown}")


def _mapping(name: str, value: object) -> FrozenDict[str, Any]:
    if not isinstance(value, Mapping):
        raise ConfigurationError(
            f"ToolCalls({name}=...) takes a mapping by the names of tools, not {type(value).__name__}"
        )
    known = cast("Mapping[str, Any]", value)
    names_of(f"ToolCalls({name}=...)", known)
    return FrozenDict(known)


def _rules(tool: str, rules: object) -> FrozenDict[str, ToolArgument]:
    where = f"ToolCalls(rules[{tool!r}])"
    if not isinstance(rules, Mapping):
        raise ConfigurationError(f"{where} is a mapping by the names of arguments, not {type(rules).__name__}")
    found: dict[str, ToolArgument] = {}
    for path, rule in cast("Mapping[str, Any]", rules).items():
        try:
            found[path] = rule if isinstance(rule, ToolArgument) else ToolArgument(**rule)
        except ConfigurationError as error:
            raise ConfigurationError(f"{where}[{path!r}]: {error}") from None
        except TypeError:
            known = ", ".join(each.name for each in fields(ToolArgument))
            raise ConfigurationError(f"{where}[{path!r}] is an ToolArgument, or a mapping of {known}") from None
    return FrozenDict(found)


def _flows(flows: object) -> tuple[ToolFlow, ...]:
    if isinstance(flows, str) or not isinstance(flows, Sequence):
        raise ConfigurationError(f"ToolCalls(flows=...) takes a list of ToolFlow, not {type(flows).__name__}")
    found: list[ToolFlow] = []
    for number, flow in enumerate(cast("Sequence[object]", flows)):
        if isinstance(flow, ToolFlow):
            found.append(flow)
        elif isinstance(flow, tuple) and len(cast("tuple[object, ...]", flow)) == 2:
            found.append(ToolFlow(*cast("tuple[str, str]", flow)))
        else:
            raise ConfigurationError(
                f"ToolCalls(flows=...): item {number} is no ToolFlow('from', 'to') and no pair of names"
            )
    return tuple(found)
