"""What the guards of structured replies have in common: a reply is read, repaired if need be, and judged."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import Any, ClassVar, Final, NamedTuple

from genai_guard.errors import ConfigurationError
from genai_guard.guards.base import Context, GuardBase
from genai_guard.guards.structured.reading import NotJson, read_json
from genai_guard.guards.structured.repair import AROUND, Repair, Repaired, repair_json
from genai_guard.messages import Part, PartKind
from genai_guard.verdicts import Action, Finding, Verdict

__all__ = ["Problem", "StructuredReply", "Validated", "pointer"]

_SHOWN: Final = 10
_LONGEST_NAME: Final = 80


class Problem(NamedTuple):
    """One way in which a reply is not what it should be.

    Attributes:
        rule: The keyword that it fails.
        place: Keys and indices that lead to the value.
        reason: What is asked for there, for the log: nothing that the reply says.
        told: What the model is told; the reason if empty. May hold names of the reply.
    """

    rule: str
    place: tuple[str | int, ...] = ()
    reason: str = ""
    told: str = ""


class Validated(NamedTuple):
    """What a reply is.

    Attributes:
        value: The value; None if there are problems.
        problems: What is wrong with it.
    """

    value: Any
    problems: Sequence[Problem] = ()


@dataclass(frozen=True, kw_only=True)
class StructuredReply(GuardBase):
    """A guard of replies that have to be JSON of some form.

    Args:
        repair: Whether to repair what is nearly JSON, where nothing is lost.
        max_reasks: How often the model is asked again, and told what was wrong, before its reply is blocked.
    """

    allowed_actions: ClassVar[frozenset[Action]] = frozenset({Action.FLAG, Action.BLOCK})
    kinds: ClassVar[frozenset[PartKind]] = frozenset({"text", "refusal"})

    repair: bool = True
    max_reasks: int = 0

    def __post_init__(self) -> None:
        super().__post_init__()
        if not isinstance(self.repair, bool):
            raise ConfigurationError(f"{type(self).__name__}(repair={self.repair!r}) must be True or False")
        if type(self.max_reasks) is not int or self.max_reasks < 0:
            raise ConfigurationError(
                f"{type(self).__name__}(max_reasks={self.max_reasks!r}) must be a whole number of at least 0"
            )

    def check(self, text: str, /) -> Verdict:
        """Return the verdict about a reply; its `value` is what the reply stands for."""
        try:
            value = read_json(text)
        except NotJson as error:
            return self._repaired(text, error)
        found = self.validated(text, value)
        if found.problems:
            return self._refused(text, found.problems)
        return Verdict(Action.ALLOW, text, (), self.name, self.mode, value=found.value)

    def check_part(self, part: Part, context: Context, /) -> Verdict:  # noqa: ARG002  part of the protocol
        """Return the verdict about one text of a reply; a refusal of the model is none that it could be."""
        if part.kind == "refusal":
            return self._refused(part.text, [Problem("refusal", (), "is a refusal to answer")])
        return self.check(part.text)

    def validated(self, text: str, value: Any, /) -> Validated:
        """Judge JSON that was read."""
        raise NotImplementedError

    @cached_property
    def known_names(self) -> frozenset[str]:
        """Keys that the form of the reply names, and that may so be shown."""
        raise NotImplementedError

    def _repaired(self, text: str, error: NotJson) -> Verdict:
        repaired = repair_json(text) if self.repair and error.rule == "syntax" else None
        if repaired is None:
            return self._refused(text, [_not_json(error)])
        try:
            value = read_json(repaired.text)
        except NotJson as later:
            return self._refused(text, [_not_json(error if later.rule == "syntax" else later)])
        found = self.validated(repaired.text, value)
        if found.problems:
            return self._refused(text, found.problems)
        kept = text if self.mode == "shadow" else repaired.text
        findings = _repairs(repaired, self.name)
        return Verdict(Action.REDACT, kept, findings, self.name, self.mode, value=found.value)

    def _refused(self, text: str, problems: Sequence[Problem]) -> Verdict:
        findings = tuple(
            Finding(
                f"{self.name}.{problem.rule}",
                "JSON_INVALID",
                0,
                len(text),
                1.0,
                self.name,
                "",
                f"{pointer(problem.place, self.known_names) or 'the value'} {problem.reason or 'fails ' + problem.rule}",
            )
            for problem in problems[:_SHOWN]
        )
        return Verdict(Action(self.action), text, findings, self.name, self.mode, feedback=_feedback(problems))


def pointer(place: Sequence[str | int], known: frozenset[str] | None = None) -> str:
    """Return a JSON pointer (RFC 6901), in which keys that are not `known` are `*`; any key is if that is None."""
    return "".join(f"/{_step(each, known)}" for each in place)


def _step(each: str | int, known: frozenset[str] | None) -> str:
    if isinstance(each, int):
        return str(each)
    if known is not None and each not in known:
        return "*"
    return each[:_LONGEST_NAME].replace("~", "~0").replace("/", "~1")


def _not_json(error: NotJson) -> Problem:
    return Problem(error.rule, (), f"is not JSON: {error}")


def _repairs(repaired: Repaired, name: str) -> tuple[Finding, ...]:
    """Return one finding for each kind of repair, from its first place to its last."""
    kinds: dict[str, list[Repair]] = {}
    for repair in repaired.repairs:
        kinds.setdefault(repair.kind, []).append(repair)
    return tuple(
        Finding(
            f"{name}.repaired",
            "JSON_REPAIRED",
            found[0].start,
            found[-1].end,
            1.0,
            name,
            "",
            kind if len(found) == 1 or kind in AROUND else f"{kind}, {len(found)} times",
        )
        for kind, found in kinds.items()
    )


def _feedback(problems: Sequence[Problem]) -> str:
    lines = [
        f"- {pointer(problem.place) or 'the value'} {problem.told or problem.reason or 'fails ' + problem.rule}"
        for problem in problems[:_SHOWN]
    ]
    if len(problems) > _SHOWN:
        lines.append(f"- and {len(problems) - _SHOWN} more")
    listed = "\n".join(lines)
    return (
        f"Your reply was refused by a check of its form:\n{listed}\n"
        "Reply again, with corrected JSON only: no Markdown, no comments, no text around it."
    )
