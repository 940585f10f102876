"""`Length`: how much text may pass, in characters and in tokens."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from typing import ClassVar

from genai_guard.errors import ConfigurationError
from genai_guard.guards.base import GuardBase, settle
from genai_guard.messages import Part
from genai_guard.text.tokens import Count, RunningCount, at_least, byte_size, count, truncate, whole_characters
from genai_guard.text.vocabulary import encoding_named
from genai_guard.verdicts import Action, Finding, Verdict

__all__ = ["Length"]

_CHARS = "max_chars"
_TOKENS = "max_tokens"


@dataclass(frozen=True, kw_only=True)
class Length(GuardBase):
    """Bound the length of all the texts of a request or reply together.

    What a provider adds of its own, a few tokens for each message, is not counted. Most texts are decided by their
    bytes; how the others are counted stands in `genai_guard.text.tokens`.

    With `truncate`, the end of the last text of the user or the assistant is cut off, to the token; system prompts,
    tool calls and tool results are never cut. If that text would be left empty, the call is blocked instead. Of a
    stream, what exceeds the limit is left out.

    Args:
        max_chars: Characters that may pass; None for no limit.
        max_tokens: Tokens that may pass; None for no limit.
        encoding: What tokens are counted by: `o200k_base` or `cl100k_base`.
        action: What to do with what is too long: `block`, `truncate` or `flag`.

    Raises:
        ConfigurationError: no limit, a limit below 1, or an encoding that is not known.
    """

    kind: ClassVar[str] = "length"
    allowed_actions: ClassVar[frozenset[Action]] = frozenset({Action.FLAG, Action.TRUNCATE, Action.BLOCK})

    max_chars: int | None = None
    max_tokens: int | None = None
    encoding: str = field(default="o200k_base")
    _surely_fits: int = field(init=False, repr=False, compare=False)
    """Characters that pass whatever they are: a character is at most four bytes, a byte at most one token."""

    def __post_init__(self) -> None:
        super().__post_init__()
        encoding_named(self.encoding)
        limits = {_CHARS: self.max_chars, _TOKENS: self.max_tokens}
        if all(limit is None for limit in limits.values()):
            raise ConfigurationError("Length() has nothing to check: give it max_chars or max_tokens")
        for name, limit in limits.items():
            if limit is not None and (type(limit) is not int or limit < 1):
                raise ConfigurationError(f"Length({name}={limit!r}) must be a whole number of at least 1")
        chars = self.max_tokens // 4 if self.max_tokens is not None else self.max_chars
        settle(self, _surely_fits=min(chars or 0, self.max_chars or chars or 0))

    def check(self, text: str, /) -> Verdict:
        """Return the verdict about one text."""
        for verdict in self.check_parts((Part(text),)):
            is_cut = verdict.action is Action.TRUNCATE and self.mode == "enforce"
            return verdict if is_cut else replace(verdict, text=text)
        return Verdict(Action.ALLOW, text, (), self.name, self.mode)

    def check_parts(self, parts: Sequence[Part], /) -> Sequence[Verdict]:
        """Return one verdict if the texts are too long together, and none if they are not."""
        chars = 0
        for part in parts:
            chars += len(part[0])
        if chars <= self._surely_fits:
            return ()
        reasons = self._reasons(parts)
        if not reasons:
            return ()
        if self.action is Action.TRUNCATE:
            return (self._truncated(parts, reasons),)
        return (self._verdict(Action(self.action), reasons, parts[-1]),)

    def meter(self) -> _LengthMeter:
        """Return a watcher for one streamed reply."""
        return _LengthMeter(self)

    def _reasons(self, parts: Sequence[Part]) -> dict[str, str]:
        """Return for each limit that is exceeded by how much."""
        reasons: dict[str, str] = {}
        if self.max_chars is not None:
            chars = sum(len(part.text) for part in parts)
            if chars > self.max_chars:
                reasons[_CHARS] = f"{chars:,} characters, limit {self.max_chars:,}"
        if self.max_tokens is not None:
            tokens = self._excess(parts, self.max_tokens)
            if tokens:
                reasons[_TOKENS] = f"{tokens} tokens, limit {self.max_tokens:,}"
        return reasons

    def _excess(self, parts: Sequence[Part], limit: int) -> str:
        """Return the number of tokens in words, if it is above the limit."""
        size = sum(byte_size(part.text) for part in parts)
        if size <= limit:
            return ""
        if at_least(size) > limit:
            return f"at least {at_least(size):,}"
        total = self._count(parts, limit)
        if total.tokens <= limit:
            return ""
        return f"{total.tokens:,}" if total.exact else f"about {total.tokens:,}"

    def _count(self, parts: Sequence[Part], limit: int) -> Count:
        """Count the tokens of all parts; above the limit it may stop."""
        total, exact = 0, True
        for part in parts:
            if total > limit:
                return Count(total, exact=False)
            tokens, is_exact = count(part.text, encoding=self.encoding, limit=limit - total)
            total += tokens
            exact &= is_exact
        return Count(total, exact)

    def _truncated(self, parts: Sequence[Part], reasons: dict[str, str]) -> Verdict:
        index = _last_own(parts)
        if index < 0:
            return self._verdict(Action.BLOCK, reasons, parts[-1])
        part = parts[index]
        others = [*parts[:index], *parts[index + 1 :]]
        text = part.text
        if self.max_chars is not None:
            left = max(self.max_chars - sum(len(other.text) for other in others), 0)
            text = text[: whole_characters(text, min(left, len(text)))]
        if self.max_tokens is not None:
            left = max(self.max_tokens - self._count(others, self.max_tokens).tokens, 0)
            text = truncate(text, left, encoding=self.encoding)
        if not text:
            return self._verdict(Action.BLOCK, reasons, part)
        return replace(self._verdict(Action.TRUNCATE, reasons, part, len(text)), text=text)

    def _verdict(self, action: Action, reasons: dict[str, str], part: Part, start: int = 0) -> Verdict:
        findings = tuple(
            Finding(f"length.{limit}", "LENGTH", start, len(part.text), 1.0, self.name, part.where, detail)
            for limit, detail in reasons.items()
        )
        return Verdict(action, "", findings, self.name, self.mode)


class _LengthMeter:
    """Watches a streamed reply grow, and speaks when a limit is passed."""

    __slots__ = ("_chars", "_finding", "_guard", "_tokens")

    def __init__(self, guard: Length) -> None:
        self._guard = guard
        self._chars = 0
        self._tokens = None if guard.max_tokens is None else RunningCount(guard.max_tokens, encoding=guard.encoding)
        self._finding: Finding | None = None

    def feed(self, text: str, /) -> Verdict | None:
        """Take the next characters; the text of the verdict is as much of them as fits."""
        guard = self._guard
        if self._finding is not None:
            return self._verdict("") if guard.action is Action.TRUNCATE else None
        fits = len(text)
        if guard.max_chars is not None and self._chars + len(text) > guard.max_chars:
            fits = whole_characters(text, guard.max_chars - self._chars)
            self._finding = self._found(_CHARS, fits, f"more than {guard.max_chars:,} characters")
        if self._tokens is not None and (still := self._tokens.feed(text)) is not None and still < fits:
            fits = still
            self._finding = self._found(_TOKENS, fits, f"more than {guard.max_tokens:,} tokens")
        self._chars += len(text)
        return None if self._finding is None else self._verdict(text[:fits])

    def finish(self) -> Verdict | None:
        """Return None: whatever there was to say was said."""
        return None

    def _found(self, limit: str, fits: int, detail: str) -> Finding:
        place = self._chars + fits
        return Finding(f"length.{limit}", "LENGTH", place, place, 1.0, self._guard.name, "", detail)

    def _verdict(self, text: str) -> Verdict | None:
        guard = self._guard
        findings = () if self._finding is None else (self._finding,)
        return Verdict(Action(guard.action), text, findings, guard.name, guard.mode)


def _last_own(parts: Sequence[Part]) -> int:
    """Return the index of the last plain text of the user or the assistant; -1 if there is none."""
    for index in reversed(range(len(parts))):
        if parts[index].role in {"user", "assistant"} and parts[index].kind == "text":
            return index
    return -1
