"""All guards of one side of a call, compiled into as few passes as possible.

Order, cheap and safe first:

1. Guards of the whole (`WholeGuard`), for instance a length limit: a text that is too long is not scanned.
2. Matching guards, fused into one scan. All see the text as it was written, and see through disguises; their edits
   are merged. A text of a conversation that was scanned before is not scanned again.
3. Every other guard, in the order given, each on the text that the ones before it left. They may be slow, call a
   remote service or be asynchronous, and what they see is redacted already.

Within 1 and 2 all verdicts are collected before the gravest decides, so that an event tells the whole story.
"""

from __future__ import annotations

import inspect
from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING, Any, Final, NamedTuple, cast

from genai_guard.errors import ConfigurationError
from genai_guard.guards.base import Guard, MatchingGuard, Side, WholeGuard
from genai_guard.messages import Part
from genai_guard.text.edits import Edit, apply_edits, json_safe, original_span
from genai_guard.text.json_text import find_in_json
from genai_guard.text.recall import Recall
from genai_guard.text.rules import Match, Rule, by_place
from genai_guard.text.scanner import Engine, shared_scanner
from genai_guard.text.views import Views
from genai_guard.verdicts import Action, Finding, Mode, OnError, Verdict, gravest

if TYPE_CHECKING:
    from genai_guard.guards.pseudonyms.calls import CallVault

__all__ = ["Judgement", "Screen", "Seat"]


@dataclass(frozen=True, slots=True, eq=False)
class Seat:
    """A guard, and what is known of it before the first call. Equal to itself alone: a guard need not be hashable."""

    guard: Any
    name: str
    mode: Mode
    on_error: OnError
    action: Action
    is_async: bool
    inline: bool
    normalize: bool = True
    check_every_chars: int | None = None

    @classmethod
    def of(cls, guard: Guard) -> Seat:
        """Look at `guard` once."""
        check = getattr(guard, "check", None)
        if not callable(check) or isinstance(guard, type):
            raise ConfigurationError(
                f"{_describe(guard)} is not a guard: a guard is an object with a method check(text) -> Verdict, "
                "such as PII() or a function under @guard"
            )
        is_async = inspect.iscoroutinefunction(check)
        return cls(
            guard=guard,
            name=getattr(guard, "name", "") or type(guard).__name__,
            mode=getattr(guard, "mode", "enforce"),
            on_error=getattr(guard, "on_error", "block"),
            action=Action(getattr(guard, "action", Action.BLOCK)),
            is_async=is_async,
            inline=not is_async and not getattr(guard, "blocking", False),
            normalize=getattr(guard, "normalize", True),
            check_every_chars=getattr(guard, "check_every_chars", None),
        )

    def verdict(self, findings: Sequence[Finding]) -> Verdict:
        """Return the verdict of a matching guard."""
        return Verdict(self.action, "", tuple(findings), self.name, self.mode)

    def failure(self, error: BaseException) -> Verdict:
        """Return the verdict that says that the guard broke."""
        return Verdict(Action.ERROR, "", (), self.name, self.mode, type(error).__name__)


class Failure(NamedTuple):
    """A guard that broke, and what it raised."""

    seat: Seat
    error: BaseException


@dataclass(slots=True)
class Judgement:
    """What the guards said about the texts of one request or reply.

    Attributes:
        texts: The texts to go on with, parallel to the parts.
        verdicts: What was found, without the texts.
        blocked: The verdict that ends the call.
        failed: The failure that ends the call.
        edits: Edits of each part by its index, in coordinates of the original; None where they are not known.
    """

    texts: list[str]
    verdicts: list[Verdict] = field(default_factory=list[Verdict])
    blocked: Verdict | None = None
    failed: Failure | None = None
    edits: dict[int, list[Edit] | None] = field(default_factory=dict[int, list[Edit] | None])

    def add(self, verdict: Verdict) -> None:
        """Keep a verdict; remember it if it ends the call."""
        self.verdicts.append(verdict)
        if verdict.blocked and self.blocked is None:
            self.blocked = verdict

    def fail(self, seat: Seat, error: Exception) -> None:
        """Keep the failure of a guard; remember it if it ends the call."""
        self.verdicts.append(seat.failure(error))
        if self.failed is None and seat.on_error == "block" and seat.mode == "enforce":
            self.failed = Failure(seat, error)

    def summary(self) -> Verdict:
        """Return what was said about the first text, as one verdict."""
        enforced = [verdict for verdict in self.verdicts if verdict.mode == "enforce"]
        names = dict.fromkeys(verdict.guard for verdict in self.verdicts)
        return Verdict(
            gravest(verdict.action for verdict in enforced),
            self.texts[0],
            tuple(finding for verdict in self.verdicts for finding in verdict.findings),
            ", ".join(names),
            "enforce" if enforced or not self.verdicts else "shadow",
            next((verdict.error for verdict in self.verdicts if verdict.error), ""),
        )

    @property
    def stopped(self) -> bool:
        """Whether the call must not go on."""
        return self.blocked is not None or self.failed is not None


class Screen:
    """The guards of one side.

    Attributes:
        side: `input` or `output`.
        guards: As given.
        others: The guards of step 3, which the flow runs one after another.
        views: The rules of the matching guards, fused; None if there are none.
    """

    __slots__ = (
        "_find_again",
        "_matching",
        "_owners",
        "_rules",
        "_whole",
        "empty",
        "guards",
        "others",
        "side",
        "views",
    )

    def __init__(self, guards: Sequence[Guard], side: Side) -> None:
        self.side: Final = side
        self.guards: Final = tuple(guards)
        seats = [Seat.of(guard) for guard in self.guards]
        _check_names(seats, side)
        self._whole = tuple(seat for seat in seats if isinstance(seat.guard, WholeGuard))
        self._matching = tuple(
            seat for seat in seats if isinstance(seat.guard, MatchingGuard) and seat not in self._whole
        )
        self.others: Final = tuple(seat for seat in seats if seat not in self._whole and seat not in self._matching)
        fused = [(seat, rule) for seat in self._matching for rule in cast("MatchingGuard", seat.guard).rules]
        self._owners: tuple[Seat, ...] = tuple(seat for seat, _ in fused)
        self._rules: tuple[Rule, ...] = tuple(rule for _, rule in fused)
        self.views: Final = _views(fused) if fused else None
        self._find_again: Final = None if self.views is None else Recall(self.views.find)
        self.empty: Final = not seats

    @property
    def async_guards(self) -> tuple[str, ...]:
        """Names of the guards whose `check` is a coroutine function."""
        return tuple(seat.name for seat in self.others if seat.is_async)

    @property
    def check_every_chars(self) -> int | None:
        """After how many characters of a stream the guards of step 3 are asked; None holds it to its end."""
        intervals = [seat.check_every_chars for seat in self.others]
        known = [interval for interval in intervals if interval is not None]
        return max(known) if known and len(known) == len(intervals) else None

    def prepare(self, name: str, *, is_async: bool) -> None:
        """Get ready for calls of the function `name`; the first of them would else wait for some tenths of a second.

        Raises:
            ConfigurationError: a guard is asynchronous, and the function is not.
        """
        for guard in () if is_async else self.async_guards:
            raise ConfigurationError(
                f"the {self.side} guard {guard} is asynchronous and {name} is not: "
                "make the wrapped function async def, or the guard's check a plain def"
            )
        if self.views is not None:
            self.views.prepare(streams=self.side == "output")

    @property
    def matching(self) -> tuple[Seat, ...]:
        """The guards that are fused into one scan."""
        return self._matching

    @property
    def whole(self) -> tuple[Seat, ...]:
        """The guards that judge all texts together."""
        return self._whole

    def judge(self, parts: Sequence[Part], vault: CallVault | None = None) -> Judgement | None:
        """Run steps 1 and 2; return None when there is nothing to say, which is what most calls come to.

        Stand-ins of `vault` are no findings, and new ones go into it.
        """
        judgement = self._judge_whole(parts) if self._whole else None
        if judgement is not None and judgement.stopped:
            return judgement
        views = self.views
        if views is None:
            return judgement
        find = self._find_again if len(parts) > 1 and self._find_again is not None else views.find
        texts = None if judgement is None else judgement.texts
        found: list[tuple[int, Sequence[Match]]] | None = None
        index = -1
        try:
            for text, _, kind, _, _ in parts:
                index += 1
                if texts is not None:
                    text = texts[index]  # noqa: PLW2901
                matches = find(text) if kind != "arguments" else find_in_json(find, text)
                if matches:
                    found = found or []
                    found.append((index, matches))
        except Exception:  # noqa: BLE001  some rule failed: ask the guards one by one to learn whose
            return self._judge_one_by_one(parts, judgement, vault)
        if found is None:
            return judgement
        judgement = judgement or Judgement([part.text for part in parts])
        self._settle(parts, found, judgement, vault)
        return judgement

    def finding(self, match: Match, where: str, offset: int = 0) -> Finding:
        """Return what a match of the fused scanner found."""
        rule, seat = self._rules[match.rule], self._owners[match.rule]
        return Finding(rule.id, rule.category, match.start - offset, match.end - offset, rule.score, seat.name, where)

    def owner(self, match: Match) -> Seat:
        """Return the guard whose rule matched."""
        return self._owners[match.rule]

    def edit(self, match: Match, written: str) -> Edit | None:
        """Return the edit that a match asks for; None when its guard only looks.

        Args:
            match: The match.
            written: What is written there, which in disguise is not what the match reads.
        """
        seat = self._owners[match.rule]
        if seat.mode == "shadow" or not seat.action.edits:
            return None
        matched = written if match.reads is None else match.reads
        return Edit(match.start, match.end, seat.guard.replacement(self._rules[match.rule], matched))

    def _judge_whole(self, parts: Sequence[Part]) -> Judgement | None:
        judgement: Judgement | None = None
        for seat in self._whole:
            try:
                verdicts = seat.guard.check_parts(parts if judgement is None else _with_texts(parts, judgement.texts))
            except Exception as error:  # noqa: BLE001  any failure of a plug-in is a verdict
                judgement = judgement or Judgement([part.text for part in parts])
                judgement.fail(seat, error)
                continue
            if verdicts:
                judgement = judgement or Judgement([part.text for part in parts])
                for verdict in verdicts:
                    _take_whole(judgement, seat, verdict, parts)
        return judgement

    def _settle(
        self,
        parts: Sequence[Part],
        found: Sequence[tuple[int, Sequence[Match]]],
        into: Judgement,
        vault: CallVault | None,
    ) -> None:
        findings: dict[Seat, list[Finding]] = {}
        for index, matches in found:
            part, text = parts[index], into.texts[index]
            edits: list[Edit] = []
            for match in matches:
                matched = text[match.start : match.end]
                if vault is not None and vault.knows(matched):
                    continue
                findings.setdefault(self.owner(match), []).append(self.finding(match, part.where))
                edit = self.edit(match, matched)
                if edit is not None:
                    edits.append(edit)
            if edits:
                if vault is not None:
                    edits = self._filled(vault, part, text, edits, into)
                if part.kind == "arguments":
                    edits = json_safe(text, edits)
                into.edits[index] = edits
                into.texts[index] = apply_edits(text, edits)
        for seat in self._matching:
            if seat in findings:
                into.add(seat.verdict(findings[seat]))

    def _filled(self, vault: CallVault, part: Part, text: str, edits: list[Edit], into: Judgement) -> list[Edit]:
        """Return edits with stand-ins; with labels where there are no more, if the guard lets such calls go on."""
        try:
            return vault.fill(text, edits, is_json=part.kind == "arguments")
        except Exception as error:  # noqa: BLE001  as above
            for seat in self._matching:
                if seat.action is Action.PSEUDONYMIZE and seat.failure(error) not in into.verdicts:
                    into.fail(seat, error)
            return edits

    def _judge_one_by_one(
        self, parts: Sequence[Part], judgement: Judgement | None, vault: CallVault | None
    ) -> Judgement:
        judgement = judgement or Judgement([part.text for part in parts])
        found: dict[int, list[Match]] = {}
        first = 0
        for seat in self._matching:
            rules = cast("MatchingGuard", seat.guard).rules
            try:
                find = _views([(seat, rule) for rule in rules], engine="core").find
                hits = [
                    find_in_json(find, text) if part.kind == "arguments" else find(text)
                    for part, text in zip(parts, judgement.texts, strict=True)
                ]
            except Exception as error:  # noqa: BLE001  as above
                judgement.fail(seat, error)
            else:
                for index, matches in enumerate(hits):
                    found.setdefault(index, []).extend(match._replace(rule=match.rule + first) for match in matches)
            first += len(rules)
        ordered = [(index, sorted(matches, key=by_place)) for index, matches in found.items() if matches]
        self._settle(parts, ordered, judgement, vault)
        return judgement


def _views(fused: Sequence[tuple[Seat, Rule]], engine: Engine | None = None) -> Views:
    """Fuse rules; a match inside of another of the same guard and category goes without saying."""
    return Views(
        shared_scanner((rule for _, rule in fused), engine=engine),
        plain=[number for number, (seat, _) in enumerate(fused) if not seat.normalize],
        kinds=[(seat, rule.category) for seat, rule in fused],
    )


def place_in_original(verdict: Verdict, seat: Seat, part: Part, edits: Sequence[Edit] | None) -> Verdict:
    """Return what another guard said, with its findings in coordinates of the original text, which `part` holds.

    `edits` are those that led from the original to the text that the guard saw; None when they are not known, in
    which case each finding covers the whole text.
    """
    placed: list[Finding] = []
    for finding in verdict.findings:
        span = (0, len(part.text)) if edits is None else original_span(edits, finding.start, finding.end)
        placed.append(replace(finding, start=span[0], end=span[1], guard=finding.guard or seat.name, where=part.where))
    return Verdict(verdict.action, "", tuple(placed), seat.name, seat.mode, verdict.error)


def _check_names(seats: Sequence[Seat], side: Side) -> None:
    names = [seat.name for seat in seats]
    for name in names:
        if names.count(name) > 1:
            raise ConfigurationError(
                f"two {side} guards have the name {name!r}: verdicts could not be told apart; give one another name="
            )


def _take_whole(judgement: Judgement, seat: Seat, verdict: Verdict, parts: Sequence[Part]) -> None:
    judgement.add(replace(verdict, text="", guard=seat.name, mode=seat.mode))
    if verdict.action.edits and seat.mode == "enforce" and verdict.findings:
        where = verdict.findings[0].where
        for index, part in enumerate(parts):
            if part.where == where:
                judgement.texts[index] = verdict.text


def _with_texts(parts: Sequence[Part], texts: Sequence[str]) -> list[Part]:
    return [part._replace(text=text) for part, text in zip(parts, texts, strict=True)]


def _describe(value: object) -> str:
    return f"the class {value.__name__}" if isinstance(value, type) else f"an object of type {type(value).__name__}"
