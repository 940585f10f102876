"""The single exit: whatever leaves the process through a sink has been here.

Rule 1: What any guard found is covered, whatever its action or mode said about the call itself, unless it is to be kept.
Rule 2: The texts are searched again by rules of the redactor's own, for what no guard was asked about.
Rule 3: What cannot be redacted does not leave: a finding that fits no text, a scan that fails, a text that is too long.
Rule 4: Of a stream that broke off, what may be the beginning of something does not leave: no rule finds half a number.
Rule 5: Identifiers (request, user, tenant, session, the names of models and rules) leave as they were given.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from fnmatch import fnmatchcase
from functools import cached_property
from typing import TYPE_CHECKING, Final, Literal, TypeAlias

from genai_guard.errors import ConfigurationError
from genai_guard.guards.base import settle
from genai_guard.messages import Caller, Part
from genai_guard.recording.event import Event
from genai_guard.verdicts import Finding, Verdict

if TYPE_CHECKING:
    from genai_guard.guards import PII, Secrets
    from genai_guard.guards.screen import Screen

__all__ = ["FAILED", "TOO_LONG", "Redactor", "Scan", "Side", "is_kept", "is_response", "no_scan", "place", "side_of"]

Scan: TypeAlias = Callable[[str], Iterable[tuple[int, int, str]]]
"""Finds what must not leave: first character, one past the last, and what it is."""

Side: TypeAlias = Literal["request", "response"]
_Span: TypeAlias = tuple[int, int, str]

TOO_LONG: Final = "[WITHHELD: too long]"
"""The only text of a side that is longer than the redactor looks at."""

FAILED: Final = "[WITHHELD: redaction failed]"
"""The only text of a side that could not be redacted."""

_RESPONSE: Final = "response"


def no_scan(text: str, /) -> tuple[()]:
    """Find nothing: `Redactor(scan=no_scan)` covers what the guards found, and nothing else."""
    del text
    return ()


def is_response(where: str) -> bool:
    """Whether a finding with this `where` is about the reply: `response`, `response.choices[0].message.content`."""
    return where == _RESPONSE or where.startswith(("response.", "response["))


def side_of(where: str) -> Side:
    """Return which side of a call a finding with this `where` is about."""
    return "response" if is_response(where) else "request"


def is_kept(rule: str, keep: Iterable[str]) -> bool:
    """Whether what a rule found stays readable."""
    return any(fnmatchcase(rule, pattern) for pattern in keep)


@dataclass(frozen=True, kw_only=True)
class Redactor:
    """Makes a copy of an event that may leave the process.

    A span becomes its label in brackets, `[EMAIL]`. Spans that overlap are covered as one, by the label of the first.

    Args:
        scan: Rules of its own; every rule of the library's `PII` and `Secrets` guards when None. `no_scan` for guards' findings alone.
        max_chars: A request or reply that is longer, all texts together, is withheld and not searched.
        keep: Rules of guards whose findings stay readable, by patterns with `*` and `?`: `injection.*`. The rules of
            `scan` cover what they find all the same.

    Raises:
        ConfigurationError: `keep` is no list of patterns.
    """

    scan: Scan | None = None
    max_chars: int = 1 << 20
    keep: Sequence[str] = ()
    _scan: Scan = field(init=False, repr=False, compare=False)

    def __post_init__(self) -> None:
        keep: object = self.keep
        if isinstance(keep, str) or not isinstance(keep, Sequence) or not all(isinstance(each, str) for each in keep):
            raise ConfigurationError("Redactor(keep=...) takes patterns of rules, such as ['injection.*']")
        settle(self, _scan=self.scan or _SENSITIVE, keep=tuple(self.keep))

    def event(self, event: Event, *, texts: bool = True) -> Event:
        """Return the event as it may leave; without request and response if not `texts`."""
        findings = [finding for verdict in event.verdicts for finding in verdict.findings] if texts else ()
        broke_off = event.streamed and event.stage == "stream"
        if self.keep:
            findings = [finding for finding in findings if not is_kept(finding.rule, self.keep)]
        return event._replace(
            caller=self._caller(event.caller),
            verdicts=tuple([self._verdict(verdict) for verdict in event.verdicts]),
            request=self._side(event.request, findings, "request") if texts else (),
            response=self._side(event.response, findings, "response", broke_off=broke_off) if texts else (),
        )

    def text(self, text: str, findings: Iterable[Finding] = ()) -> str:
        """Return a text with everything covered that a guard or the redactor's own rules find in it."""
        spans = [(finding.start, finding.end, finding.category) for finding in findings if finding.end > finding.start]
        spans.extend(self._scan(text))
        return _covered(text, spans) if spans else text

    def _side(
        self, parts: Sequence[Part], findings: Iterable[Finding], side: Side, *, broke_off: bool = False
    ) -> tuple[Part, ...]:
        """Redact all texts of a side, or withhold them together."""
        if sum([len(part.text) for part in parts]) > self.max_chars:
            return (Part(TOO_LONG),)
        try:
            found = _placed(parts, findings, side)
            return tuple([self._part(part, found[place(part, side)], broke_off=broke_off) for part in parts])
        except Exception:  # noqa: BLE001  whatever went wrong, an unredacted text must not leave
            return (Part(FAILED),)

    def _part(self, part: Part, findings: Sequence[Finding], *, broke_off: bool) -> Part:
        text = part.text
        if broke_off and isinstance(self._scan, _Sensitive):
            text = text[: max([self._scan.decided(text), *[finding.end for finding in findings]])]
        return part._replace(text=self.text(text, findings), name=self.words(part.name))

    def _verdict(self, verdict: Verdict) -> Verdict:
        findings = verdict.findings
        if any(finding.detail for finding in findings):
            findings = tuple([replace(finding, detail=self.words(finding.detail)) for finding in findings])
        return replace(verdict, text="", findings=findings)

    def _caller(self, caller: Caller) -> Caller:
        if not caller.tags:
            return caller
        return replace(caller, tags={str(name): self.words(str(value)) for name, value in caller.tags.items()})

    def words(self, text: str) -> str:
        """Return a few words with everything covered that the redactor finds in them; never raises."""
        try:
            return self.text(text) if text else ""
        except Exception:  # noqa: BLE001  as above
            return FAILED


def place(part: Part, side: Side) -> str:
    """Return the `where` of findings in a part."""
    if side == "request" or is_response(part.where):
        return part.where
    return f"{_RESPONSE}.{part.where}" if part.where else _RESPONSE


def _placed(parts: Sequence[Part], findings: Iterable[Finding], side: Side) -> Mapping[str, Sequence[Finding]]:
    """Return the findings of one side by their place.

    Raises:
        ValueError: a finding fits no text, so nobody knows what it wanted covered.
    """
    lengths: dict[str, int] = {}
    for part in parts:
        where = place(part, side)
        lengths[where] = max(len(part.text), lengths.get(where, 0))
    found: dict[str, list[Finding]] = {where: [] for where in lengths}
    for finding in findings:
        if is_response(finding.where) is (side == "response") and finding.end > finding.start and parts:
            if finding.start < 0 or finding.end > lengths.get(finding.where, 0):
                raise ValueError("a finding fits no text")
            found[finding.where].append(finding)
    return found


def _covered(text: str, spans: Iterable[_Span]) -> str:
    pieces: list[str] = []
    written = 0
    for start, end, label in _merged(spans):
        pieces += text[written : max(start, 0)], f"[{label}]"
        written = end
    return "".join([*pieces, text[written:]])


def _merged(spans: Iterable[_Span]) -> Iterator[_Span]:
    """Yield spans that do not overlap; those that did become one."""
    ordered = iter(sorted(spans, key=lambda span: (span[0], -span[1])))
    start, end, label = next(ordered)
    for next_start, next_end, next_label in ordered:
        if next_start < end:
            end = max(end, next_end)
        else:
            yield start, end, label
            start, end, label = next_start, next_end, next_label
    yield start, end, label


class _Sensitive:
    """Scans with the library's own guards, which are built at the first text: the import costs nothing until then."""

    def __call__(self, text: str) -> Iterator[_Span]:
        found = [guard.check(text).findings for guard in self._guards]
        return ((each.start, each.end, each.category) for findings in found for each in findings)

    def decided(self, text: str) -> int:
        """Return how much of a text that broke off is not the beginning of anything."""
        from genai_guard.clients.base import Delta  # noqa: PLC0415  streams that break off are rare
        from genai_guard.guards.gate import Gate  # noqa: PLC0415

        return len(Gate(self._screen).feed(Delta("", text)))

    @cached_property
    def _guards(self) -> tuple[PII | Secrets, ...]:
        from genai_guard.guards import PII, Secrets  # noqa: PLC0415  guards are not needed to record

        return (PII(action="flag"), Secrets(action="flag"))

    @cached_property
    def _screen(self) -> Screen:
        from genai_guard.guards.screen import Screen  # noqa: PLC0415  as above

        return Screen(self._guards, "output")


_SENSITIVE: Final = _Sensitive()
"""One for all redactors: each sink has one of its own, and what they compile takes a quarter of a second."""
