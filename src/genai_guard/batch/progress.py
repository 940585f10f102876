"""How far a run of rows is: one line on a terminal, which is written anew."""

from __future__ import annotations

import sys
import time
from collections.abc import Callable
from contextlib import suppress
from typing import Final, TextIO

from genai_guard.units import compact, how_many, plain_time

__all__ = ["Progress"]

_REDRAW_S: Final = 0.1


class Progress:
    """Counts rows, and shows how many are done, how many a second, how many went wrong, and how long it will take.

    Args:
        stream: A terminal; None to say nothing.
        total: How many rows there are; None where nobody knows.
        clock: Seconds that only grow.
    """

    def __init__(
        self, stream: TextIO | None, total: int | None = None, *, clock: Callable[[], float] = time.monotonic
    ) -> None:
        self._stream = stream
        self._total: Final = total
        self._clock: Final = clock
        self._began = clock()
        self._next = self._began
        self._called = self._failed = self._skipped = 0

    @classmethod
    def on_terminal(cls, total: int | None, *, clock: Callable[[], float] = time.monotonic) -> Progress:
        """Return one that writes to standard error if that is a terminal."""
        stream: TextIO | None = sys.stderr
        is_terminal = stream is not None and not stream.closed and stream.isatty()
        return cls(stream if is_terminal else None, total, clock=clock)

    def step(self, *, ok: bool) -> None:
        """Count a row that has been called."""
        self._called += 1
        self._failed += not ok
        if self._stream is not None and self._clock() >= self._next:
            self._show()

    def skip(self) -> None:
        """Count a row that an earlier run has done."""
        self._skipped += 1

    def close(self) -> None:
        """Show how it ended, and go to the next line; a second call does nothing."""
        if self._stream is not None:
            self._show("\n")
            self._stream = None

    def line(self) -> str:
        """Return what there is to say."""
        took_s = max(self._clock() - self._began, 1e-9)
        done = self._called + self._skipped
        rows = how_many(done, "row") if self._total is None else f"{done:,} of {how_many(self._total, 'row')}"
        words = [rows, f"{compact(self._called / took_s)} a second", how_many(self._failed, "error")]
        if self._skipped:
            words.append(f"{self._skipped:,} done before")
        if self._total is not None and self._called and done < self._total:
            words.append(f"{plain_time((self._total - done) * took_s / self._called)} left")
        return ", ".join(words)

    def _show(self, end: str = "") -> None:
        stream = self._stream
        self._next = self._clock() + _REDRAW_S
        with suppress(OSError, ValueError):  # a terminal that was closed ends no run
            if stream is not None:
                stream.write(f"\r{self.line()}\x1b[K{end}")
                stream.flush()
