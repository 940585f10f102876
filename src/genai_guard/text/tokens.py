"""How many tokens a text has: decided by its bytes where they decide, exact where a vocabulary is at hand.

A token of a byte-level encoding stands for 1 to 128 bytes (`cl100k_base` and `o200k_base`). So a text of no more
bytes than the limit fits, and one of more than 128 times as many does not, without any tokenizer. Of the texts in
between, the tokens are counted, slice by slice, and no further than the limit.

Without a vocabulary they are estimated: the pieces that no token crosses are counted, and long ones are taken for
several tokens. Measured against `o200k_base`, the estimate is 1.1 to 1.5 times the truth for prose, code, JSON and
logs, 1.5 to 2.7 for Russian, Chinese, Japanese and Korean, and 3 for Hindi and Thai. It is too low for base64 (0.7),
random letters (0.8) and rare Han characters (0.6).

Text is never taken for a special token: `<|endoftext|>` in a prompt is counted as the characters that it is.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from functools import cache
from typing import TYPE_CHECKING, Any, Final, NamedTuple, Protocol

import regex

from genai_guard.text.vocabulary import encoding_named, load
from genai_guard.text.words import joins_left

if TYPE_CHECKING:
    from tiktoken import Encoding

__all__ = ["Count", "RunningCount", "at_least", "byte_size", "count", "fits", "truncate", "whole_characters"]

_LONGEST: Final = 128
"""Bytes of the longest token."""
_SLICE: Final = 32_768
_find_cut: Final = re.compile(r"[A-Za-z](?= [A-Za-z])").search
"""Where a text can be cut so that its tokens are those of its halves: no piece goes from a letter across a space."""
_last_cut: Final = re.compile(r".*[A-Za-z](?= [A-Za-z])", re.DOTALL).match
_MARGIN: Final = 8
"""Tokens by which the end of a text may have been counted too low, because its continuation is cut differently."""


class Count(NamedTuple):
    """A number of tokens.

    Attributes:
        tokens: How many.
        exact: False if they were estimated, if counting stopped above a limit, or if a run of more than 65,536
            characters without a place to cut was cut all the same, which adds a token or two.
    """

    tokens: int
    exact: bool


def byte_size(text: str) -> int:
    """Return the length of `text` in UTF-8; a lone surrogate takes three bytes, like the character that replaces it."""
    return len(text) if text.isascii() else len(text.encode("utf-8", "surrogatepass"))


def at_least(size: int) -> int:
    """Return the tokens that a text of `size` bytes has at least."""
    return -(-size // _LONGEST)


def count(text: str, *, encoding: str = "o200k_base", limit: int | None = None) -> Count:
    """Count the tokens of `text`.

    Args:
        text: A text of any length. The time is linear in it.
        encoding: `o200k_base` or `cl100k_base`.
        limit: Counting may stop above it.

    Raises:
        ConfigurationError: the encoding is not known.
    """
    tokenizer = _tokenizer(encoding)
    exact = tokenizer.exact
    total = 0
    for piece, is_forced in _slices(text):
        if limit is not None and total > limit:
            return Count(total, exact=False)
        total += tokenizer.size(piece)
        exact &= not is_forced
    return Count(total, exact)


def fits(text: str, limit: int, *, encoding: str = "o200k_base") -> bool:
    """Whether `text` has no more than `limit` tokens.

    Raises:
        ConfigurationError: the encoding is not known.
    """
    encoding_named(encoding)
    if len(text) > limit * _LONGEST:
        return False
    size = byte_size(text)
    if size <= limit:
        return True
    return at_least(size) <= limit and count(text, encoding=encoding, limit=limit).tokens <= limit


def truncate(text: str, limit: int, *, encoding: str = "o200k_base") -> str:
    """Return the beginning of `text` that its first `limit` tokens make up; counted again, it has no more of them.

    A character is not separated from its marks and joiners, so an emoji of several code points goes as a whole.

    Raises:
        ConfigurationError: the encoding is not known.
    """
    if fits(text, limit, encoding=encoding):
        return text
    tokenizer = _tokenizer(encoding)
    end, left = 0, limit
    for piece, _ in _slices(text):
        size = tokenizer.size(piece)
        if size > left:
            end += tokenizer.head(piece, left)
            break
        end += len(piece)
        left -= size
    return text[: whole_characters(text, end)]


def whole_characters(text: str, end: int) -> int:
    """Return the last place up to `end` at which `text` can be cut without tearing a character from its marks."""
    while 0 < end < len(text) and (joins_left(text[end]) or text[end - 1] == "\u200d"):
        end -= 1
    return end


class RunningCount:
    """Counts the tokens of a text that arrives in pieces, as far as is needed to know whether it keeps to a limit.

    Args:
        limit: Tokens that are allowed.
        encoding: `o200k_base` or `cl100k_base`.
    """

    __slots__ = ("_encoding", "_look_at", "_parts", "_settled", "_size", "limit")

    def __init__(self, limit: int, *, encoding: str = "o200k_base") -> None:
        self.limit: Final = limit
        self._encoding: Final = encoding
        self._settled = 0
        """Tokens of what is not kept any more."""
        self._parts: list[str] = []
        self._size = 0
        self._look_at = limit
        """Bytes of what is kept, above which it has to be counted."""

    def feed(self, text: str) -> int | None:
        """Take the next piece; return how many of its characters still fit, or None if all do."""
        self._parts.append(text)
        self._size += byte_size(text)
        if self._size <= self._look_at:
            return None
        pending = "".join(self._parts)
        left = self.limit - self._settled
        tokens = count(pending, encoding=self._encoding, limit=left).tokens
        if tokens > left:
            return max(len(truncate(pending, left, encoding=self._encoding)) - len(pending) + len(text), 0)
        self._settle(pending, tokens)
        return None

    def _settle(self, pending: str, tokens: int) -> None:
        """Keep of the text only what its continuation may change, and say when to count again."""
        cut = _last_cut(pending)
        rest = pending[cut.end() :] if cut else pending
        open_tokens = count(rest, encoding=self._encoding).tokens
        self._settled += tokens - open_tokens
        self._parts = [rest]
        self._size = byte_size(rest)
        self._look_at = self._size + max(self.limit - self._settled - open_tokens - _MARGIN, 0)


def _slices(text: str) -> Iterator[tuple[str, bool]]:
    """Cut `text` where its tokens do not change; the flag says that there was no such place for too long."""
    at = 0
    while len(text) - at > 2 * _SLICE:
        cut = _find_cut(text, at + _SLICE, at + 2 * _SLICE)
        end = cut.end() if cut else at + 2 * _SLICE
        yield text[at:end], cut is None
        at = end
    yield text[at:], False


class _Tokenizer(Protocol):
    exact: bool

    def size(self, text: str) -> int:
        """Return the tokens of `text`."""
        ...

    def head(self, text: str, limit: int) -> int:
        """Return how many characters the first `limit` tokens of `text` make up."""
        ...


class _Exact:
    """Counts by the vocabulary."""

    exact = True

    def __init__(self, encoding: Encoding) -> None:
        self._encoding = encoding

    def size(self, text: str) -> int:
        return len(self._encoding.encode_ordinary(text))

    def head(self, text: str, limit: int) -> int:
        tokens = self._encoding.encode_ordinary(text)
        for last in range(limit, -1, -1):
            end = len(self._encoding.decode_bytes(tokens[:last]).decode("utf-8", "ignore"))
            if self.size(text[:end]) <= limit:
                return end
        return 0


class _Estimate:
    """Counts the pieces that no token crosses, and takes long ones for several tokens."""

    exact = False

    def __init__(self, encoding: str) -> None:
        self._pieces: Any = regex.compile(encoding_named(encoding).pattern)

    def size(self, text: str) -> int:
        return sum(map(_estimate_piece, self._pieces.findall(text)))

    def head(self, text: str, limit: int) -> int:
        for piece in self._pieces.finditer(text):
            limit -= _estimate_piece(piece.group())
            if limit < 0:
                return int(piece.start())
        return len(text)


@cache
def _tokenizer(encoding: str) -> _Tokenizer:
    found = load(encoding)
    return _Estimate(encoding) if found is None else _Exact(found)


def _estimate_piece(piece: str) -> int:
    size = byte_size(piece)
    if piece.isspace():
        return 1 + size // 32
    if piece.isdigit():
        return 1
    if piece[-1].isalnum() or size > len(piece):
        return 1 + max(0, -(-2 * (size - (6 if piece[0] == " " else 4)) // 5))
    return max(1, round(size * 0.65))
