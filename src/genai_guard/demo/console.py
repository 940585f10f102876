"""A terminal: colours only where they are seen, nothing that it cannot print, and a sign of life while one waits."""

from __future__ import annotations

import os
import re
import shutil
import sys
import textwrap
import threading
import time
from collections.abc import Generator, Iterator, Mapping
from contextlib import contextmanager
from typing import Final, Literal, TextIO, TypeAlias

__all__ = ["Console", "Style", "Writer", "harmless"]

Style: TypeAlias = Literal["bold", "dim", "red", "green", "yellow", "cyan"]

_CODES: Final[dict[Style, str]] = {"bold": "1", "dim": "2", "red": "31", "green": "32", "yellow": "33", "cyan": "36"}
_PLAIN: Final = str.maketrans({"─": "-", "…": "..."})
_MARKED: Final = re.compile(r"\[[A-Z][A-Z0-9_]*\]|>>.*?<<", re.DOTALL)
_DANGEROUS: Final = re.compile("[\x00-\x08\x0b-\x1f\x7f-\x9f\u202a-\u202e\u2066-\u2069\ud800-\udfff]")
_PIECES: Final = re.compile(r"\s+|\S+")
_LONG_WORD: Final = 12
_REDRAW_S: Final = 0.1


def harmless(text: str) -> str:
    """Return `text` without what could steer a terminal: control, direction and escape characters become �."""
    return _DANGEROUS.sub("\ufffd", text.replace("\r\n", "\n"))


class Console:
    """Prints for people, on a terminal or into a file.

    Args:
        stream: Where to print; standard output unless given.
        environ: Environment variables. `NO_COLOR` (https://no-color.org) and `TERM=dumb` forbid colours.
    """

    def __init__(self, stream: TextIO | None = None, *, environ: Mapping[str, str] | None = None) -> None:
        self._stream = sys.stdout if stream is None else stream
        environ = os.environ if environ is None else environ
        self.is_terminal: Final = self._stream.isatty() and environ.get("TERM") != "dumb"
        self._colours = self.is_terminal and not environ.get("NO_COLOR")
        self.width: Final = min(max(shutil.get_terminal_size().columns if self.is_terminal else 80, 60), 100)

    def paint(self, text: str, *styles: Style) -> str:
        """Return `text` in colour, or as it is where there are no colours."""
        if not self._colours or not styles:
            return text
        return f"\x1b[{';'.join(_CODES[style] for style in styles)}m{text}\x1b[0m"

    def highlight(self, text: str) -> str:
        """Return `text` with its `[LABELS]` and >>marked<< spans in colour."""
        return _MARKED.sub(lambda found: "\n".join(map(self._mark, found[0].split("\n"))), text)

    def _mark(self, line: str) -> str:
        return self.paint(line, "yellow")

    def line(self, text: str = "") -> None:
        """Print a line."""
        self.write(f"{text}\n")

    def heading(self, text: str) -> None:
        """Print a title with a rule after it."""
        self.line(f"\n{self.paint(text, 'bold')} {self.paint('─' * (self.width - len(text) - 1), 'dim')}")

    def block(self, text: str, *, first: str = "", indent: int = 0) -> None:
        """Print a paragraph, wrapped, with its spans in colour.

        Args:
            text: What to print; its own line breaks are kept.
            first: Stands before the first line, in place of the indent; may hold colours.
            indent: Width of the margin of every line.
        """
        lines = [wrapped for line in text.split("\n") for wrapped in self._wrap(line, self.width - indent)]
        margin = " " * indent
        self.line((first or margin) + self.highlight(f"\n{margin}".join(lines)))

    @staticmethod
    def _wrap(line: str, width: int) -> list[str]:
        return textwrap.wrap(line, width, break_on_hyphens=False) or [""]

    def write(self, text: str) -> None:
        """Print exactly this, with a stand-in for every character that the terminal does not have."""
        encoding = getattr(self._stream, "encoding", None) or "utf-8"
        try:
            text.encode(encoding)
        except UnicodeEncodeError:
            text = text.translate(_PLAIN).encode(encoding, "replace").decode(encoding)
        self._stream.write(text)
        self._stream.flush()

    @contextmanager
    def waiting(self, what: str) -> Generator[None]:
        """Say what is being waited for, with the seconds running on a terminal, and how long it took."""
        began = time.perf_counter()
        if not self.is_terminal:
            self.line(f"{what} …")
            yield
            return
        done = threading.Event()
        ticker = threading.Thread(target=self._tick, args=(what, began, done), daemon=True)
        ticker.start()
        try:
            yield
        finally:
            done.set()
            ticker.join()
            self.write("\r\x1b[K")

    def _tick(self, what: str, began: float, done: threading.Event) -> None:
        for turn in _endless("|/-\\"):
            self.write(f"\r{turn} {what} … {time.perf_counter() - began:.0f} s\x1b[K")
            if done.wait(_REDRAW_S):
                return


class Writer:
    """Prints a text as it arrives, wrapped at spaces.

    Args:
        console: Where to print.
        first: Stands before the first line; as wide as the indent.
        indent: Width of the margin of the lines after it.
    """

    def __init__(self, console: Console, *, first: str, indent: int) -> None:
        self._console = console
        self._room = console.width - indent
        self._margin = "\n" + " " * indent
        self._first = first
        self._column = 0

    def write(self, text: str) -> None:
        """Print the next characters at once. A word that runs over the edge is not moved to the next line any more."""
        self._begin()
        for piece in _PIECES.findall(harmless(text)):
            if "\n" in piece or (piece.isspace() and self._column >= self._room - _LONG_WORD):
                self._console.write(self._margin)
                self._column = 0
            else:
                self._console.write(self._console.highlight(piece))
                self._column += len(piece)

    def finish(self) -> None:
        """End the line, if one was begun."""
        if not self._first:
            self._console.line()

    def _begin(self) -> None:
        if self._first:
            self._console.write(self._first)
            self._first = ""


def _endless(turns: str) -> Iterator[str]:
    while True:
        yield from turns
