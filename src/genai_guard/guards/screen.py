"""All guards of one side of a call, compiled into as few passes as possible.

Order, cheap and safe first:

1. Guards of the whole (`WholeGuard`), for instance a length limit: a text that is too long is not scanned.
2. Matching guards, fused into one scan. All see the text as it was written, and see through disguises; their edits
   are merged. A text of a conversation that was scanned before is not scanned again.
3. Every other guard, in the order given, each on the text that the ones before it left. They may be slow, call a
   remote service or be asynchronous, and what they see is redacted already. Slow ones that follow each other run at
   the same time; one that edits is the last of its group.

Within 1 and 2 all verdicts are collected before the gravest decides, so that an event tells the whole story.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import replace
from typing import TYPE_CHECKING, Final, TypeAlias, cast

from genai_guard.errors import ConfigurationError
from genai_guard.guards.base import CallGuard, Context, Guard, MatchingGuard, Planter, Side, WholeGuard
from genai_guard.guards.judgement import Judgement
from genai_guard.guards.seat import Seat
from genai_guard.messages import Part, PartKind
from genai_guard.text.edits import Edit, apply_edits, json_safe
from genai_guard.text.json_text import find_in_json
from genai_guard.text.recall import Recall
from genai_guard.text.rules import Match, Rule, by_place
from genai_guard.text.scanner import Engine, shared_scanner
from genai_guard.text.views import Views
from genai_guard.verdicts import Action, Finding, Verdict

if TYPE_CHECKING:
    from genai_guard.guards.pseudonyms.calls import CallVault

__all__ = ["NO_CONTEXT", "Screen"]

NO_CONTEXT: Final = Context()
Find: TypeAlias = Callable[[str], Sequence[Match]]


class Screen:
    """The guards of one side.

    Attributes:
        side: `input` or `output`.
        guards: As given.
        others: The guards of step 3, which the flow runs.
        groups: The same, in groups that run at the same time.
        beside: Input guards that run while the model is called.
        plant: Puts what output guards plant into the system prompt among the texts of a request; None if none does.
        views: The rules of the matching guards, fused; None if there are none.
        needs_context: Whether a guard must know what a call is about.
        is_plain: Whether `judge` is all there is to do.
    """

    __slots__ = (
        "_find_again",
        "_first_per_call",
        "_matching",
        "_owners",
        "_per_call",
        "_rules",
        "_whole",
        "beside",
        "empty",
        "groups",
        "guards",
        "is_plain",
        "needs_context",
        "others",
        "plant",
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
        rest = [seat for seat in seats if seat not in self._whole and seat not in self._matching]
        self.beside: Final = tuple(seat for seat in rest if seat.beside_call and side == "input")
        self.others: Final = tuple(seat for seat in rest if seat not in self.beside)
        self.groups: Final = tuple(_groups(self.others))
        self.needs_context: Final = any(seat.needs_context for seat in seats)
        self.is_plain: Final = not (self.others or self.beside or self.needs_context)
        fused = [(seat, rule) for seat in self._matching for rule in cast("MatchingGuard", seat.guard).rules]
        self._per_call = tuple(seat for seat in self._matching if isinstance(seat.guard, CallGuard))
        known = [*fused, *((seat, rule) for seat in self._per_call for rule in seat.guard.call_rules)]
        self._first_per_call: Final = len(fused)
        self._owners: tuple[Seat, ...] = tuple(seat for seat, _ in known)
        self._rules: tuple[Rule, ...] = tuple(rule for _, rule in known)
        self.plant: Final = _planting([seat.guard for seat in seats if isinstance(seat.guard, Planter)])
        self.views: Final = _views(fused) if fused else None
        self._find_again: Final = None if self.views is None else Recall(self.views.find)
        self.empty: Final = not seats

    @property
    def async_guards(self) -> tuple[str, ...]:
        """Names of the guards whose `check` is a coroutine function."""
        return tuple(seat.name for seat in (*self.others, *self.beside) if seat.is_async)

    def holds(self, kind: PartKind) -> bool:
        """Whether streamed texts of this kind are held for the guards of step 3."""
        return any(seat.sees(kind) for seat in self.others)

    def check_every_chars(self, kind: PartKind) -> int | None:
        """After how many characters of a stream the guards of step 3 are asked; None holds it to its end."""
        intervals = [seat.check_every_chars for seat in self.others if seat.sees(kind)]
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

    def judge(
        self, parts: Sequence[Part], vault: CallVault | None = None, context: Context = NO_CONTEXT
    ) -> Judgement | None:
        """Run steps 1 and 2; return None when there is nothing to say, which is what most calls come to.

        Stand-ins of `vault` are no findings, and new ones go into it.
        """
        judgement = self._judge_whole(parts, context) if self._whole else None
        if judgement is not None and judgement.stopped:
            return judgement
        views = self.views
        if views is None and not self._per_call:
            return judgement
        find: Find = _nothing if views is None else views.find
        if len(parts) > 1 and self._find_again is not None:
            find = self._find_again
        texts = None if judgement is None else judgement.texts
        found: list[tuple[int, Sequence[Match]]] | None = None
        index = -1
        try:
            if self._per_call:
                find = _joined(find, self.call_views(context))
            for text, _, kind, _, _ in parts:
                index += 1
                if texts is not None:
                    text = texts[index]  # noqa: PLW2901
                matches = find(text) if kind != "arguments" else find_in_json(find, text)
                if matches:
                    found = found or []
                    found.append((index, matches))
        except Exception:  # noqa: BLE001  some rule failed: ask the guards one by one to learn whose
            return self._judge_one_by_one(parts, judgement, vault, context)
        if found is None:
            return judgement
        judgement = judgement or Judgement.of(parts)
        self._settle(parts, found, judgement, vault, context)
        return judgement

    def call_views(self, context: Context) -> list[tuple[int, Views]]:
        """Return what guards look for in this call alone, each with the number of its first rule."""
        found: list[tuple[int, Views]] = []
        first = self._first_per_call
        for seat in self._per_call:
            views = seat.guard.views_for(context)
            if views is not None:
                found.append((first, views))
            first += len(seat.guard.call_rules)
        return found

    def finding(self, match: Match, where: str, written: str) -> Finding:
        """Return what a match of the fused scanner found; `written` is what is written there."""
        rule, seat = self._rules[match.rule], self._owners[match.rule]
        matched = written if match.reads is None else match.reads
        detail = "" if seat.detail is None else seat.detail(rule.category, matched)
        return Finding(rule.id, rule.category, match.start, match.end, rule.score, seat.name, where, detail)

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

    def _judge_whole(self, parts: Sequence[Part], context: Context) -> Judgement | None:
        judgement: Judgement | None = None
        for seat in self._whole:
            try:
                verdicts = _whole_verdicts(
                    seat, parts if judgement is None else _with_texts(parts, judgement.texts), context
                )
            except Exception as error:  # noqa: BLE001  any failure of a plug-in is a verdict
                judgement = judgement or Judgement.of(parts)
                judgement.fail(seat, error)
                continue
            if verdicts:
                judgement = judgement or Judgement.of(parts)
                for verdict in verdicts:
                    _take_whole(judgement, seat, verdict, parts)
        return judgement

    def _settle(
        self,
        parts: Sequence[Part],
        found: Sequence[tuple[int, Sequence[Match]]],
        into: Judgement,
        vault: CallVault | None,
        context: Context,
    ) -> None:
        findings: dict[Seat, list[Finding]] = {}
        for index, matches in found:
            part, text = parts[index], into.texts[index]
            edits: list[Edit] = []
            for seat, match in self._counting(matches, part, text, vault, context):
                findings.setdefault(seat, []).append(self.finding(match, part.where, text[match.start : match.end]))
                edit = self.edit(match, text[match.start : match.end])
                if edit is not None:
                    edits.append(edit)
            if edits:
                edits = edits if vault is None else self._filled(vault, part, text, edits, into)
                edits = json_safe(text, edits) if part.kind == "arguments" else edits
                into.edits[index] = edits
                into.texts[index] = apply_edits(text, edits)
        for seat in self._matching:
            if seat in findings:
                self._add(into, seat, findings[seat], parts, context)

    def _counting(
        self, matches: Sequence[Match], part: Part, text: str, vault: CallVault | None, context: Context
    ) -> Iterator[tuple[Seat, Match]]:
        """Yield the matches that are findings: no stand-in, and of a guard that is asked about such texts."""
        for match in matches:
            seat = self._owners[match.rule]
            is_known = vault is not None and vault.knows(text[match.start : match.end])
            if not is_known and (not seat.conditions or seat.applies(part, context)):
                yield seat, match

    def _add(
        self, into: Judgement, seat: Seat, findings: list[Finding], parts: Sequence[Part], context: Context
    ) -> None:
        verdict = seat.verdict(findings)
        if seat.escalations:
            places = {finding.where for finding in findings}
            try:
                verdict = seat.raised(verdict, [part for part in parts if part.where in places], context)
            except Exception as error:  # noqa: BLE001  as above
                into.fail(seat, error)
                return
        into.add(verdict)

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
        self, parts: Sequence[Part], judgement: Judgement | None, vault: CallVault | None, context: Context
    ) -> Judgement:
        judgement = judgement or Judgement.of(parts)
        found: dict[int, list[Match]] = {}
        first = 0
        for seat in self._matching:
            rules = cast("MatchingGuard", seat.guard).rules
            try:
                find = _views([(seat, rule) for rule in rules], engine="core").find if rules else _nothing
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
        self._settle(parts, ordered, judgement, vault, context)
        return judgement


def _views(fused: Sequence[tuple[Seat, Rule]], engine: Engine | None = None) -> Views:
    """Fuse rules; a match inside of another of the same guard and category goes without saying."""
    return Views(
        shared_scanner((rule for _, rule in fused), engine=engine),
        plain=[number for number, (seat, _) in enumerate(fused) if not seat.normalize],
        kinds=[(seat, rule.category) for seat, rule in fused],
    )


def _nothing(_: str, /) -> Sequence[Match]:
    return ()


def _joined(find: Find, more: Sequence[tuple[int, Views]]) -> Find:
    """Return what finds by further views as well."""

    def both(text: str, /) -> Sequence[Match]:
        found = [match._replace(rule=match.rule + first) for first, views in more for match in views.find(text)]
        return sorted([*find(text), *found], key=by_place) if found else find(text)

    return both if more else find


def _planting(planters: Sequence[Planter]) -> Callable[[Sequence[Part], list[str] | None], list[str] | None] | None:
    """Return what plants into the last system prompt of a request, whose texts are None as long as none changed."""
    if not planters:
        return None

    def plant(parts: Sequence[Part], texts: list[str] | None) -> list[str] | None:
        for place in reversed(range(len(parts))):
            if parts[place].role == "system" and parts[place].kind == "text":
                texts = [part.text for part in parts] if texts is None else list(texts)
                for planter in planters:
                    texts[place] = planter.plant(texts[place])
                break
        return texts

    return plant


def _whole_verdicts(seat: Seat, parts: Sequence[Part], context: Context) -> Sequence[Verdict]:
    """Ask a guard of the whole about the texts that it is to see."""
    if seat.conditions:
        parts = [part for part in parts if seat.applies(part, context)]
        if not parts:
            return ()
    verdicts = seat.guard.check_parts(parts, context) if seat.takes_context else seat.guard.check_parts(parts)
    return [seat.raised(verdict, parts, context) for verdict in verdicts] if seat.escalations else verdicts


def _groups(seats: Sequence[Seat]) -> Iterator[tuple[Seat, ...]]:
    """Group slow guards that follow each other; nothing may follow one that edits, whose text the next ones see."""
    group: list[Seat] = []
    for seat in seats:
        if group and (seat.inline or group[-1].inline or group[-1].may_edit):
            yield tuple(group)
            group = []
        group.append(seat)
    if group:
        yield tuple(group)


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
