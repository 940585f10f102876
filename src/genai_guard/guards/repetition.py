"""`Repetition`: a model that has got into a loop."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from typing import ClassVar

from genai_guard.errors import ConfigurationError
from genai_guard.guards.base import GuardBase, settle
from genai_guard.guards.repetition_meter import Loops, RepetitionMeter, may_repeat
from genai_guard.messages import Part
from genai_guard.verdicts import Action, Finding, Verdict

__all__ = ["Repetition"]


@dataclass(frozen=True, kw_only=True)
class Repetition(GuardBase):
    """Find text that goes round in circles, as models do that degenerate, and stop it in mid-stream.

    Three forms of it:

    - A phrase that follows itself more often than `max_repeats` allows: a single word, a line, a paragraph of up to a
      thousand words and signs. A word or two may follow themselves `max_repeats` times, a phrase of 3 to 7 words half
      as often, one of 8 to 31 words a quarter as often, a longer one a sixth as often, and each of them twice at
      least. What is not made of words, such as tables, markup and lists of numbers, has to go on for 1,000 characters
      besides, and what has no word at all for 4,000.
    - A stretch of `window_words` in which more than `max_share` of all runs of three words occurred before in that
      stretch: a loop with small changes. Logs, tables and code, which have more numbers
      and signs than prose, are not judged by it.
    - One character, or white space, more than `max_run_chars` times.

    Words are compared as they are written. Each text is judged by itself. With `truncate`, the text ends where the
    repetition was certain; a stream and a whole text end at the same character.

    Args:
        max_repeats: How often a word may stand in direct succession; longer phrases less often.
        max_share: Share of repeated runs of words that may pass, from 0 to 1; None for no such limit.
        window_words: Words over which the share is taken.
        max_run_chars: How often one character may follow itself.
        action: What to do with a text that repeats itself: `block`, `truncate` or `flag`.

    Raises:
        ConfigurationError: a number that is out of range.
    """

    kind: ClassVar[str] = "repetition"
    allowed_actions: ClassVar[frozenset[Action]] = frozenset({Action.FLAG, Action.TRUNCATE, Action.BLOCK})

    max_repeats: int = 20
    max_share: float | None = 0.7
    window_words: int = 200
    max_run_chars: int = 200
    _loops: Loops = field(init=False, repr=False, compare=False)

    def __post_init__(self) -> None:
        super().__post_init__()
        for name, least in {"max_repeats": 2, "window_words": 20, "max_run_chars": 10}.items():
            value = getattr(self, name)
            if type(value) is not int or value < least:
                raise ConfigurationError(f"Repetition({name}={value!r}) must be a whole number of at least {least}")
        share = self.max_share
        if share is not None and (isinstance(share, bool) or not isinstance(share, int | float) or not 0 < share < 1):
            raise ConfigurationError(f"Repetition(max_share={share!r}) must be a number between 0 and 1, or None")
        settle(self, _loops=Loops(self.max_repeats, self.max_share, self.window_words, self.max_run_chars))

    def check(self, text: str, /) -> Verdict:
        """Return the verdict about one text."""
        verdict = self._judge(text)
        if verdict is None:
            return Verdict(Action.ALLOW, text, (), self.name, self.mode)
        is_cut = verdict.action is Action.TRUNCATE and self.mode == "enforce"
        return verdict if is_cut else replace(verdict, text=text)

    def check_parts(self, parts: Sequence[Part], /) -> Sequence[Verdict]:
        """Return one verdict for each text that repeats itself. What is no plain text is blocked, not cut."""
        found: list[Verdict] = []
        for part in parts:
            verdict = self._judge(part.text)
            if verdict is not None:
                findings = tuple(replace(finding, where=part.where) for finding in verdict.findings)
                can_cut = part.kind == "text" and part.role != "system"
                action = verdict.action if can_cut or not verdict.action.edits else Action.BLOCK
                found.append(replace(verdict, action=action, findings=findings))
        return found

    def meter(self) -> RepetitionMeter:
        """Return a watcher for one streamed reply."""
        return RepetitionMeter(self._loops, self._verdict)

    def _judge(self, text: str) -> Verdict | None:
        if not may_repeat(text, self._loops):
            return None
        meter = self.meter()
        return meter.feed(text) or (meter.finish(text))

    def _verdict(self, rule: str, start: int, end: int, text: str, detail: str) -> Verdict:
        found = Finding(f"repetition.{rule}", "REPETITION", start, end, 1.0, self.name, "", detail)
        return Verdict(Action(self.action), text, (found,), self.name, self.mode)
