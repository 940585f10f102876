r"""Lines of a text: how many there are, and where the first few of them end.

A line ends with `\n`, `\r\n` or `\r`, which belong to it. What follows the last break is a line if it is not empty.
"""

from __future__ import annotations

import re
from itertools import islice
from typing import Final

__all__ = ["RunningLines", "count_lines", "first_lines"]

_breaks: Final = re.compile(r"\r\n?|\n").finditer


def count_lines(text: str) -> int:
    """Return the number of lines of `text`; 0 for the empty text."""
    breaks = text.count("\n")
    if "\r" in text:
        breaks += text.count("\r") - text.count("\r\n")
    return breaks + (text[-1:] not in {"", "\n", "\r"})


def first_lines(text: str, limit: int) -> str:
    """Return the first `limit` lines of `text`, the last of them with its line break."""
    if limit < 1:
        return ""
    last = next(islice(_breaks(text), limit - 1, None), None)
    return text if last is None else text[: last.end()]


class RunningLines:
    """Counts the lines of a text that arrives in pieces, as far as is needed to know whether it keeps to a limit.

    Args:
        limit: Lines that are allowed.
    """

    __slots__ = ("_after_return", "_left", "limit")

    def __init__(self, limit: int) -> None:
        self.limit: Final = limit
        self._left = limit
        """Breaks that may still come before a line begins that is too many."""
        self._after_return = False

    def feed(self, text: str) -> int | None:
        """Take the next piece; return how many of its characters still fit, or None if all do."""
        if not text:
            return None
        start = int(self._after_return and text[0] == "\n")  # the second half of a break that was counted
        if start == len(text):
            self._after_return = False
            return None
        if self._left == 0:
            return start
        breaks = [found.end() for found in islice(_breaks(text, start), self._left)]
        self._left -= len(breaks)
        self._after_return = text[-1] == "\r"
        return breaks[-1] if self._left == 0 and breaks[-1] < len(text) else None
