"""How `Length` watches a streamed reply grow."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final, Protocol

from genai_guard.text.lines import RunningLines
from genai_guard.text.tokens import RunningCount, whole_characters
from genai_guard.verdicts import Action, ActionLike, Finding, Mode, Verdict

__all__ = ["LengthMeter", "Lengths"]


class Lengths(Protocol):
    """What a meter has to know of its guard."""

    @property
    def name(self) -> str:
        """Name in verdicts."""
        ...

    @property
    def mode(self) -> Mode:
        """Whether the verdict is only recorded."""
        ...

    @property
    def action(self) -> ActionLike:
        """What to do with what is too long."""
        ...

    @property
    def encoding(self) -> str:
        """What tokens are counted by."""
        ...

    @property
    def max_chars(self) -> int | None:
        """Characters that may pass."""
        ...

    @property
    def max_lines(self) -> int | None:
        """Lines that may pass."""
        ...

    @property
    def min_chars(self) -> int:
        """Characters that there must be."""
        ...


class _Running(Protocol):
    def feed(self, text: str) -> int | None:
        """Take the next piece; return how many of its characters still fit, or None if all do."""
        ...


class LengthMeter:
    """Watches a streamed reply grow, and speaks when a limit is passed."""

    __slots__ = ("_chars", "_finding", "_guard", "_watches")

    def __init__(self, guard: Lengths, tokens: Mapping[str, int]) -> None:
        self._guard: Final = guard
        self._chars = 0
        self._finding: Finding | None = None
        watches: list[tuple[str, str, _Running]] = []
        if guard.max_chars is not None:
            watches.append(("max_chars", f"{guard.max_chars:,} characters", _RunningChars(guard.max_chars)))
        if guard.max_lines is not None:
            watches.append(("max_lines", f"{guard.max_lines:,} lines", RunningLines(guard.max_lines)))
        for name, limit in tokens.items():
            watches.append((name, f"{limit:,} tokens", RunningCount(limit, encoding=guard.encoding)))
        self._watches: Final = tuple(watches)

    def feed(self, text: str, /) -> Verdict | None:
        """Take the next characters; the text of the verdict is as much of them as fits."""
        if self._finding is not None:
            return self._verdict("") if self._guard.action is Action.TRUNCATE else None
        fits = len(text)
        for name, limit, watch in self._watches:
            still = watch.feed(text)
            if still is not None and still < fits:
                fits = still
                self._finding = self._found(name, self._chars + fits, f"more than {limit}")
        self._chars += len(text)
        return None if self._finding is None else self._verdict(text[:fits])

    def finish(self) -> Verdict | None:
        """Say that there was too little; whatever else there was to say was said."""
        guard = self._guard
        if self._chars >= guard.min_chars:
            return None
        unit = "character" if self._chars == 1 else "characters"
        detail = f"{self._chars:,} {unit}, at least {guard.min_chars:,} needed"
        action = Action.BLOCK if guard.action is Action.TRUNCATE else Action(guard.action)
        return Verdict(action, "", (self._found("min_chars", 0, detail),), guard.name, guard.mode)

    def _found(self, limit: str, place: int, detail: str) -> Finding:
        return Finding(f"length.{limit}", "LENGTH", place, place, 1.0, self._guard.name, "", detail)

    def _verdict(self, text: str) -> Verdict | None:
        guard = self._guard
        findings = () if self._finding is None else (self._finding,)
        return Verdict(Action(guard.action), text, findings, guard.name, guard.mode)


class _RunningChars:
    """Counts characters."""

    __slots__ = ("_left",)

    def __init__(self, limit: int) -> None:
        self._left = limit

    def feed(self, text: str) -> int | None:
        """Take the next piece; return how many of its characters still fit, or None if all do."""
        left = self._left
        self._left -= len(text)
        return None if self._left >= 0 else whole_characters(text, left)
