"""`Length`: how much text may pass: in characters, tokens, lines and messages."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field, replace
from sys import maxsize
from typing import ClassVar, Final

from genai_guard.errors import ConfigurationError
from genai_guard.guards.base import Context, GuardBase, settle
from genai_guard.guards.length_meter import LengthMeter
from genai_guard.messages import Part
from genai_guard.text.lines import count_lines, first_lines
from genai_guard.text.tokens import Count, at_least, byte_size, count, truncate, whole_characters
from genai_guard.text.vocabulary import encoding_named
from genai_guard.verdicts import Action, Finding, Verdict

__all__ = ["Length"]

_CHARS: Final = "max_chars"
_TOKENS: Final = "max_tokens"
_LINES: Final = "max_lines"
_MESSAGES: Final = "max_messages"
_OUTPUT: Final = "max_output_tokens"
_MIN: Final = "min_chars"
_LIMITS: Final = (_CHARS, _TOKENS, _LINES, _MESSAGES, _OUTPUT, _MIN)
_ALONE: Final = Context(side="output")
"""A text that is checked alone may be a reply as well as a request: every limit of a text holds for it."""
_message_of: Final = re.compile(r"[^.\[]*(?:\[\d+\])?").match


@dataclass(frozen=True, kw_only=True)
class Length(GuardBase):
    r"""Bound the length of all the texts of a request or reply together.

    What a provider adds of its own, a few tokens for each message, is not counted. Most texts are decided by their
    bytes; how the others are counted stands in `genai_guard.text.tokens`.

    With `truncate`, the end of the last text of the user or the assistant is cut off, to the token, character or line;
    system prompts, tool calls and tool results are never cut. If that text would be left empty, or if cutting is no
    remedy (too many messages, too many tokens asked for, a text that is too short), the call is blocked instead. Of a
    stream, what exceeds the limit is left out.

    Args:
        max_chars: Characters that may pass; None for no limit.
        max_tokens: Tokens that may pass; None for no limit.
        max_lines: Lines that may pass, the line breaks being `\n`, `\r\n` and `\r`; None for no limit.
        max_messages: Messages that a request may have; None for no limit. Replies are not counted.
        max_output_tokens: Tokens that a reply may have, and that a request may ask for as the bound of its reply; None
            for no limit. A request that asks for no bound is let through.
        min_chars: Characters that there must be; 0 for none.
        encoding: What tokens are counted by: `o200k_base` or `cl100k_base`.
        action: What to do with what is too long: `block`, `truncate` or `flag`.

    Raises:
        ConfigurationError: no limit, a limit below 1, more characters needed than allowed, or an encoding that is not
            known.
    """

    kind: ClassVar[str] = "length"
    allowed_actions: ClassVar[frozenset[Action]] = frozenset({Action.FLAG, Action.TRUNCATE, Action.BLOCK})

    max_chars: int | None = None
    max_tokens: int | None = None
    max_lines: int | None = None
    max_messages: int | None = None
    max_output_tokens: int | None = None
    min_chars: int = 0
    encoding: str = field(default="o200k_base")
    _surely_fits: int = field(init=False, repr=False, compare=False)
    """Characters that pass whatever they are: a character is at most four bytes, a byte at most one token."""

    def __post_init__(self) -> None:
        super().__post_init__()
        encoding_named(self.encoding)
        self._check_limits()
        bounds = (self.max_chars, self.max_lines, _quarter(self.max_tokens), _quarter(self.max_output_tokens))
        settle(self, _surely_fits=min((bound for bound in bounds if bound is not None), default=maxsize))

    def check(self, text: str, /) -> Verdict:
        """Return the verdict about one text, be it a prompt or a reply."""
        for verdict in self.check_parts((Part(text),), _ALONE):
            is_cut = verdict.action is Action.TRUNCATE and self.mode == "enforce"
            return verdict if is_cut else replace(verdict, text=text)
        return Verdict(Action.ALLOW, text, (), self.name, self.mode)

    @property
    def wants_context(self) -> bool:
        """Whether it judges by more than the texts; a pipeline else spares the context of each call."""
        return self.max_messages is not None or self.max_output_tokens is not None

    def check_parts(self, parts: Sequence[Part], context: Context | None = None, /) -> Sequence[Verdict]:
        """Return one verdict if the texts are too long together, and none if they are not.

        Args:
            parts: The texts of one side of a call.
            context: What is known of the call. Without it messages are counted by the places of the texts, and nothing
                is known of `max_output_tokens`.
        """
        reasons = self._reasons_of_call(parts, context)
        chars = 0
        for part in parts:
            chars += len(part[0])
        if chars < self.min_chars:
            reasons[_MIN] = f"{_counted(chars, 'character')}, at least {self.min_chars:,} needed"
        can_cut = not reasons
        if chars > self._surely_fits:
            reasons.update(self._reasons(parts, context, chars))
        if not reasons:
            return ()
        if self.action is Action.TRUNCATE:
            return (self._truncated(parts, context, reasons) if can_cut else self._blocked(parts, reasons),)
        return (self._verdict(Action(self.action), reasons, parts[-1] if parts else Part("")),)

    def meter(self) -> LengthMeter:
        """Return a watcher for one streamed reply."""
        tokens = {_TOKENS: self.max_tokens, _OUTPUT: self.max_output_tokens}
        return LengthMeter(self, {name: limit for name, limit in tokens.items() if limit is not None})

    def _check_limits(self) -> None:
        absent = {**dict.fromkeys(_LIMITS), _MIN: 0}
        given = {name: limit for name in _LIMITS if (limit := getattr(self, name)) is not absent[name]}
        if not given:
            raise ConfigurationError("Length() has nothing to check: give it max_chars or max_tokens or another limit")
        for name, limit in given.items():
            least = 0 if name == _MIN else 1
            if type(limit) is not int or limit < least:
                raise ConfigurationError(f"Length({name}={limit!r}) must be a whole number of at least {least}")
        if self.max_chars is not None and self.min_chars > self.max_chars:
            raise ConfigurationError(
                f"Length(min_chars={self.min_chars}, max_chars={self.max_chars}) lets nothing pass: "
                "min_chars must not be above max_chars"
            )

    def _reasons_of_call(self, parts: Sequence[Part], context: Context | None) -> dict[str, str]:
        """Return which limits are exceeded that have nothing to do with the length of texts."""
        reasons: dict[str, str] = {}
        if self.max_messages is not None:
            messages = _messages(parts, context)
            if messages > self.max_messages:
                reasons[_MESSAGES] = f"{messages:,} messages, limit {self.max_messages:,}"
        if self.max_output_tokens is not None and context is not None and context.side == "input":
            asked = context.request.max_tokens
            if asked is not None and asked > self.max_output_tokens:
                reasons[_OUTPUT] = f"{asked:,} output tokens asked for, limit {self.max_output_tokens:,}"
        return reasons

    def _reasons(self, parts: Sequence[Part], context: Context | None, chars: int) -> Iterator[tuple[str, str]]:
        """Yield for each limit that is exceeded by how much."""
        if self.max_chars is not None and chars > self.max_chars:
            yield _CHARS, f"{chars:,} characters, limit {self.max_chars:,}"
        if self.max_lines is not None:
            lines = sum(count_lines(part.text) for part in parts)
            if lines > self.max_lines:
                yield _LINES, f"{lines:,} lines, limit {self.max_lines:,}"
        for name, limit in self._token_limits(context):
            tokens = self._excess(parts, limit)
            if tokens:
                yield name, f"{tokens} tokens, limit {limit:,}"

    def _token_limits(self, context: Context | None) -> Iterator[tuple[str, int]]:
        """Yield the limits of tokens that hold for this side."""
        if self.max_tokens is not None:
            yield _TOKENS, self.max_tokens
        if self.max_output_tokens is not None and context is not None and context.side == "output":
            yield _OUTPUT, self.max_output_tokens

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

    def _truncated(self, parts: Sequence[Part], context: Context | None, reasons: dict[str, str]) -> Verdict:
        index = _last_own(parts)
        if index < 0:
            return self._blocked(parts, reasons)
        part = parts[index]
        others = [*parts[:index], *parts[index + 1 :]]
        text = part.text
        if self.max_chars is not None:
            left = max(self.max_chars - sum(len(other.text) for other in others), 0)
            text = text[: whole_characters(text, min(left, len(text)))]
        if self.max_lines is not None:
            text = first_lines(text, max(self.max_lines - sum(count_lines(other.text) for other in others), 0))
        for _, limit in self._token_limits(context):
            left = max(limit - self._count(others, limit).tokens, 0)
            text = truncate(text, left, encoding=self.encoding)
        if not text:
            return self._verdict(Action.BLOCK, reasons, part)
        return replace(self._verdict(Action.TRUNCATE, reasons, part, len(text)), text=text)

    def _blocked(self, parts: Sequence[Part], reasons: dict[str, str]) -> Verdict:
        return self._verdict(Action.BLOCK, reasons, parts[-1] if parts else Part(""))

    def _verdict(self, action: Action, reasons: dict[str, str], part: Part, start: int = 0) -> Verdict:
        findings = tuple(
            Finding(f"length.{limit}", "LENGTH", start, len(part.text), 1.0, self.name, part.where, reasons[limit])
            for limit in _LIMITS
            if limit in reasons
        )
        return Verdict(action, "", findings, self.name, self.mode)


def _quarter(tokens: int | None) -> int | None:
    return None if tokens is None else tokens // 4


def _counted(number: int, unit: str) -> str:
    return f"{number:,} {unit}" if number == 1 else f"{number:,} {unit}s"


def _messages(parts: Sequence[Part], context: Context | None) -> int:
    """Return how many messages a request has; 0 for a reply."""
    if context is not None:
        return context.request.messages if context.side == "input" else 0
    found = {match.group() for part in parts if (match := _message_of(part.where))}
    return len(found)


def _last_own(parts: Sequence[Part]) -> int:
    """Return the index of the last plain text of the user or the assistant; -1 if there is none."""
    for index in reversed(range(len(parts))):
        if parts[index].role in {"user", "assistant"} and parts[index].kind == "text":
            return index
    return -1
