"""How far a long run is: a bar on a terminal, a character or a line in a file, on standard error."""

from __future__ import annotations

import time
from collections.abc import Callable
from typing import Final, TextIO

__all__ = ["Progress"]

_BAR: Final = 30
_REDRAW_S: Final = 0.1
_PER_LINE: Final = 72
_MOST_DOTS: Final = 2_000
"""With more steps than these a line is written for every tenth of them."""


class Progress:
    """Shows how many steps are done, and how many of them went wrong.

    Args:
        stream: Where to write; None to say nothing.
        terminal: Whether the line can be written anew.
        clock: Seconds that only grow.
    """

    def __init__(self, stream: TextIO | None, *, terminal: bool, clock: Callable[[], float] = time.monotonic) -> None:
        self._stream: Final = stream
        self._terminal: Final = terminal
        self._clock: Final = clock
        self._failed = 0
        self._next = 0.0
        self._tenth = 0

    def step(self, mark: str, done: int, total: int) -> None:
        """Show one step more.

        Args:
            mark: A dot for a step that went well, another character for one that did not.
            done: How many are done by now.
            total: How many there are.
        """
        self._failed += mark in {"F", "E"}
        if self._stream is None:
            return
        if self._terminal:
            self._bar(done, total)
        elif total <= _MOST_DOTS:
            self._stream.write(mark + (f" {done * 100 // total:3d} %\n" if _ends_line(done, total) else ""))
        elif done * 10 // total > self._tenth:
            self._tenth = done * 10 // total
            self._stream.write(f"{done:,} of {total:,}, {self._failed:,} wrong\n")
        self._stream.flush()

    def clear(self) -> None:
        """Take the bar away, so that something else can be written."""
        if self._stream is not None and self._terminal:
            self._stream.write("\r\x1b[K")
            self._stream.flush()

    def _bar(self, done: int, total: int) -> None:
        now = self._clock()
        if self._stream is None or (now < self._next and done < total):
            return
        self._next = now + _REDRAW_S
        full = done * _BAR // total
        wrong = f", {self._failed:,} wrong" if self._failed else ""
        self._stream.write(f"\r[{'#' * full}{'.' * (_BAR - full)}] {done:,} of {total:,}{wrong}\x1b[K")


def _ends_line(done: int, total: int) -> bool:
    return done % _PER_LINE == 0 or done == total
