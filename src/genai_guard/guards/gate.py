"""The guards of the output side, while a reply streams in.

Nothing leaves that a guard could still object to, and nothing is held longer than that:

- a guard of the whole watches the text grow, and speaks as soon as it must;
- matching guards hold back what could still become part of a match;
- if there is any other guard that looks at such texts, each is held until it is complete, or, if all of those ask for
  it, until so many characters of it are there: then they are asked about the text so far, and what they leave of it
  goes out.
"""

from __future__ import annotations

from collections.abc import Hashable, Iterator, Sequence
from dataclasses import replace
from typing import TYPE_CHECKING, NamedTuple

from genai_guard.errors import ComponentFailed, GuardBlocked
from genai_guard.guards.base import Context, Meter
from genai_guard.guards.judgement import Judgement
from genai_guard.guards.screen import NO_CONTEXT, Screen
from genai_guard.guards.seat import Seat
from genai_guard.messages import Part
from genai_guard.text.chained import ChainedStream
from genai_guard.text.edits import Edit, JsonState, apply_edits
from genai_guard.text.json_scalars import WholeScalars
from genai_guard.text.json_text import JsonScanStream, TextStream
from genai_guard.text.stream import Decided
from genai_guard.text.view_stream import ViewStream
from genai_guard.text.views import Views
from genai_guard.verdicts import Action, Finding, Verdict

if TYPE_CHECKING:
    from genai_guard.clients.base import Delta
    from genai_guard.guards.pseudonyms.calls import CallVault

__all__ = ["Gate", "Held"]


class Held(NamedTuple):
    """A text that waits for the guards of step 3.

    Attributes:
        text: The text, or what there is of it, after the edits of the guards.
        original: The same as the model wrote it, and its place.
        edits: What led from one to the other; None when that is not known any more.
        context: The call, with the texts of the reply that have begun.
    """

    text: str
    original: Part
    edits: list[Edit] | None
    context: Context


class _Channel:
    """One text of the reply: a choice, or the arguments of a tool call."""

    __slots__ = (
        "asked", "closed", "edits", "holds", "interval", "json", "judged", "original", "part", "passed", "pending", "released", "said", "scan",
    )  # fmt: skip

    def __init__(self, part: Part, scan: TextStream | None, *, holds: bool, interval: int | None) -> None:
        self.part = part
        self.holds = holds
        self.interval = interval
        self.asked = False
        self.scan = scan
        if scan is not None and part.kind == "arguments":
            self.scan = WholeScalars(JsonScanStream(scan))
        self.closed = False
        self.json = JsonState() if part.kind == "arguments" else None
        self.original: list[str] = []
        self.released: list[str] = []
        """What the matching guards let through, and the others were not asked about."""
        self.pending = 0
        self.passed = ""
        """What the others let through."""
        self.said: list[Verdict] = []
        self.edits: list[Edit] | None = []
        self.judged: tuple[int, int] = (0, 0)
        """Pieces of the original that there were when the others were asked, and characters of them that were held."""


class Gate:
    """Lets one streamed reply through as far as no guard can object to it any more.

    Attributes:
        holds: Whether texts of some kind are held for the guards of step 3.
    """

    __slots__ = (
        "_call_views",
        "_channels",
        "_context",
        "_counted",
        "_findings",
        "_keep",
        "_meters",
        "_other",
        "_past",
        "_screen",
        "_vault",
        "holds",
    )

    def __init__(
        self,
        screen: Screen,
        *,
        keep_texts: bool = False,
        vault: CallVault | None = None,
        context: Context = NO_CONTEXT,
    ) -> None:
        self._screen = screen
        self._vault = vault
        self._meters: list[tuple[Seat, Meter]] = [(seat, seat.guard.meter()) for seat in screen.whole]
        self._channels: dict[Hashable, _Channel] = {}
        self._past: list[_Channel] = []
        self._findings: dict[Seat, list[Finding]] = {}
        self._other: list[Verdict] = []
        self._keep = keep_texts or bool(screen.others)
        self._context = context
        self._call_views = screen.call_views(context)
        self.holds = bool(screen.others)
        self._counted: dict[Seat, bool] = {}

    def feed(self, delta: Delta) -> str:
        """Take the next piece of a text and return what may be released of it by now.

        Raises:
            GuardBlocked: a guard refuses the text; nothing that it refuses was returned before.
            ComponentFailed: a guard broke whose `on_error` is `block`.
        """
        channel = self._channels.get(delta.channel)
        if channel is None or (channel.closed and delta.text):  # text after the end of a text is another text
            channel = self._open(delta)
        text = delta.text
        if self._keep and text:
            channel.original.append(text)
        for seat, meter in self._meters:
            if text:
                text = self._measure(seat, meter, text, delta)
        out = self._scan(channel, text, final=delta.final) if channel.scan is not None else text
        if not channel.holds:
            return out
        if out:
            channel.released.append(out)
            channel.pending += len(out)
        return ""

    def is_due(self, key: Hashable, *, final: bool) -> bool:
        """Whether the guards of step 3 are to be asked about a text now, which may not be all of it."""
        channel = self._channels[key]
        return channel.holds and (final or (channel.interval is not None and channel.pending >= channel.interval))

    def waiting(self, key: Hashable) -> Held:
        """Return what there is of a text, for the guards of step 3."""
        channel = self._channels[key]
        text = channel.passed + "".join(channel.released)
        channel.released.clear()
        channel.pending = 0
        channel.asked = True
        original = _original(channel)
        context = self._context
        if self._screen.needs_context:
            context = replace(
                context, parts=(*(_original(each) for each in self._begun() if each is not channel), original)
            )
        return Held(text, original, channel.edits, context)

    def pass_on(self, key: Hashable, judgement: Judgement) -> str:
        """Take what the guards of step 3 said about a text so far; return what may be released now.

        What they said the last time is forgotten: they said it again, or think otherwise now.

        Raises:
            ComponentFailed: a guard edited what had been handed out.
        """
        channel = self._channels[key]
        channel.said = judgement.verdicts
        text = judgement.texts[0]
        if not text.startswith(channel.passed):
            name = next((verdict.guard for verdict in judgement.verdicts if verdict.action.edits), "")
            raise ComponentFailed(name, self._screen.side, "edited what a stream had handed out")
        channel.judged = len(channel.original), _held(channel)
        size, channel.passed = len(channel.passed), text
        channel.edits = judgement.edits.get(0)
        return text[size:]

    def drain(self) -> Iterator[tuple[Hashable, str, bool]]:
        """Finish every text that the stream did not finish itself.

        Yield what may be released of each, and whether the guards of step 3 are to be asked about it first.
        """
        for key, channel in self._channels.items():
            out = self._scan(channel, "", final=True) if channel.scan is not None else ""
            if channel.holds and (out or channel.released or not channel.asked):
                channel.released.append(out)
                yield key, "", True
            elif out:
                yield key, out, False

    def finish(self) -> None:
        """Tell the guards of the whole that the reply is complete."""
        for seat, meter in self._meters:
            verdict = meter.finish()
            if verdict is not None:
                self._take(seat, verdict)

    def verdicts(self) -> list[Verdict]:
        """Return what was found so far, in the order of the guards."""
        said = {seat: [self._verdict(seat, findings)] for seat, findings in self._findings.items()}
        by_guard = [verdict for seat in self._screen.matching for verdict in said.get(seat, ())]
        asked = [verdict for channel in self._begun() for verdict in channel.said]
        return [*self._other, *by_guard, *asked]

    def originals(self, *, is_whole: bool = True) -> tuple[Part, ...]:
        """Return the texts as the model wrote them; empty unless they were kept.

        Args:
            is_whole: False for a reply that broke off. What guards had not judged by then is left out: the beginning of
                a card number is found by no rule.
        """
        read = _original if is_whole else self._judged
        return tuple([read(channel) for channel in self._begun() if channel.original])

    def _judged(self, channel: _Channel) -> Part:
        """Return as much of a text as all guards were asked about.

        A finding beyond that fits no text then, for which a redactor withholds all of it.
        """
        part = _original(channel)
        if channel.holds:
            pieces, held = channel.judged
            return part._replace(text=part.text[: sum(map(len, channel.original[:pieces])) - held])
        found = [each.end for verdict in self.verdicts() for each in verdict.findings if each.where == part.where]
        return part._replace(text=part.text[: max([len(part.text) - _held(channel), *found])])

    def _begun(self) -> list[_Channel]:
        return [*self._past, *self._channels.values()]

    def _verdict(self, seat: Seat, findings: list[Finding]) -> Verdict:
        verdict = seat.verdict(findings)
        return replace(verdict, action=Action.BLOCK) if self._counted.get(seat) else verdict

    def _is_due(self, seat: Seat) -> bool:
        """Count a finding, once in a reply; return whether the session has had so many that it is blocked."""
        if not seat.escalations:
            return False
        if seat not in self._counted:
            self._counted[seat] = False
            try:
                self._counted[seat] = seat.is_due(self._context)
            except Exception as error:  # noqa: BLE001  as above
                self._fail(seat, error)
        return self._counted[seat]

    def _open(self, delta: Delta) -> _Channel:
        part = Part("", "assistant", delta.kind, delta.where, delta.name)
        if delta.channel in self._channels:
            self._past.append(self._channels[delta.channel])
        screen = self._screen
        channel = self._channels[delta.channel] = _Channel(
            part,
            _scan(screen.views, self._call_views),
            holds=screen.holds(delta.kind),
            interval=screen.check_every_chars(delta.kind),
        )
        return channel

    def _measure(self, seat: Seat, meter: Meter, text: str, delta: Delta) -> str:
        if seat.conditions and not seat.applies(
            Part("", "assistant", delta.kind, delta.where, delta.name), self._context
        ):
            return text
        try:
            verdict = meter.feed(text)
            if verdict is not None and self._is_due(seat):
                verdict = replace(verdict, action=Action.BLOCK)
        except Exception as error:  # noqa: BLE001  any failure of a plug-in is a verdict
            self._fail(seat, error)
            return text
        if verdict is None:
            return text
        if verdict.action is Action.TRUNCATE and delta.kind != "text":  # half of a tool call's JSON is of no use
            verdict = replace(verdict, action=Action.BLOCK)
        self._take(seat, verdict, delta.where)
        return verdict.text if verdict.action is Action.TRUNCATE and seat.mode == "enforce" else text

    def _take(self, seat: Seat, verdict: Verdict, where: str = "") -> None:
        findings = tuple([replace(finding, where=finding.where or where) for finding in verdict.findings])
        said = Verdict(verdict.action, "", findings, seat.name, seat.mode, verdict.error)
        if said not in self._other:
            self._other.append(said)
        if said.blocked:
            raise GuardBlocked(seat.name, self._screen.side, said.findings)

    def _scan(self, channel: _Channel, text: str, *, final: bool) -> str:
        scan = channel.scan
        if scan is None:
            return text
        try:
            decided = scan.feed(text) if text else None
            out = "" if decided is None else self._decide(channel, decided)
            if final:
                out += self._decide(channel, scan.finish())
                channel.scan = None
                channel.closed = True
        except (GuardBlocked, ComponentFailed):
            raise
        except Exception as error:  # noqa: BLE001  as above
            return self._unscanned(channel, error)
        return out

    def _decide(self, channel: _Channel, decided: Decided) -> str:
        text, start, matches = decided
        edits: list[Edit] = []
        for match in matches:
            matched = text[match.start - start : match.end - start]
            if self._vault is not None and self._vault.knows(matched):
                continue
            seat = self._screen.owner(match)
            if seat.conditions and not seat.applies(channel.part, self._context):
                continue
            self._findings.setdefault(seat, []).append(self._screen.finding(match, channel.part.where, matched))
            if seat.mode == "enforce" and (seat.action is Action.BLOCK or self._is_due(seat)):
                raise GuardBlocked(seat.name, self._screen.side, self._findings[seat])
            edit = self._screen.edit(match, matched)
            if edit is not None:
                edits.append(edit)
        if channel.json is not None:
            edits = channel.json.quote(text, edits, offset=start)
        if not edits:
            return text
        if channel.edits is not None and self.holds:
            channel.edits += edits
        return apply_edits(text, edits, offset=start)

    def _unscanned(self, channel: _Channel, error: Exception) -> str:
        """A rule failed in mid-stream: go on without scanning only if every matching guard allows that."""
        for seat in self._screen.matching:
            self._fail(seat, error)
        held = channel.scan.held if channel.scan is not None else ""
        channel.scan = None
        return held

    def _fail(self, seat: Seat, error: Exception) -> None:
        self._other.append(seat.failure(error))
        if seat.on_error == "block" and seat.mode == "enforce":
            raise ComponentFailed(seat.name, self._screen.side, type(error).__name__) from error


def _original(channel: _Channel) -> Part:
    return channel.part._replace(text="".join(channel.original))


def _held(channel: _Channel) -> int:
    return 0 if channel.scan is None else len(channel.scan.held)


def _scan(views: Views | None, more: Sequence[tuple[int, Views]]) -> TextStream | None:
    """Return a scan for all views, each with the number of its first rule; None if there is nothing to look for."""
    scan: TextStream | None = None if views is None else ViewStream(views)
    for first, others in more:
        scan = ChainedStream(scan, ViewStream(others), shift=first)
    return scan
