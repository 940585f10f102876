"""A terminal: colours only where they are seen, and nothing from a text that it would obey."""

from __future__ import annotations

import argparse
import json
import os
import sys
from collections.abc import Mapping
from typing import Final, Literal, TextIO, TypeAlias

__all__ = ["ColourMode", "Paint", "Style", "add_colour", "is_terminal", "paint_for", "printable", "printable_json"]

ColourMode: TypeAlias = Literal["auto", "always", "never"]
Style: TypeAlias = Literal["bold", "dim", "red", "green", "yellow", "cyan", "mark"]

_CODES: Final[Mapping[Style, str]] = {
    "bold": "1",
    "dim": "2",
    "red": "31",
    "green": "32",
    "yellow": "33",
    "cyan": "36",
    "mark": "1;30;43",
}


class Paint:
    """Puts colours around words, or leaves them as they are.

    Args:
        on: Whether there are colours.
    """

    __slots__ = ("on",)

    def __init__(self, *, on: bool) -> None:
        self.on: Final = on

    def __call__(self, text: str, style: Style) -> str:
        """Return `text` in a style."""
        return f"\x1b[{_CODES[style]}m{text}\x1b[0m" if self.on and text else text


def add_colour(parser: argparse.ArgumentParser) -> None:
    """Let a command take `--color`."""
    parser.add_argument(
        "--color",
        choices=("auto", "always", "never"),
        default="auto",
        help="whether to use colours; auto: on a terminal, unless NO_COLOR is set, and where FORCE_COLOR is",
    )


def is_terminal(stream: TextIO) -> bool:
    """Whether somebody looks at a stream."""
    return stream.isatty() and os.environ.get("TERM") != "dumb"


def paint_for(mode: ColourMode, stream: TextIO, environ: Mapping[str, str] | None = None) -> Paint:
    """Return what paints for a stream.

    `NO_COLOR` (https://no-color.org) goes before `FORCE_COLOR` (https://force-color.org); empty is as good as absent.
    """
    environ = os.environ if environ is None else environ
    if mode != "auto":
        return Paint(on=mode == "always")
    if environ.get("NO_COLOR"):
        return Paint(on=False)
    if environ.get("FORCE_COLOR", "0") not in {"", "0"}:
        return Paint(on=True)
    return Paint(on=stream.isatty() and environ.get("TERM") != "dumb")


def printable(text: str) -> str:
    """Escape what a terminal would obey, or cannot show."""
    encoding = sys.stdout.encoding or "utf-8"
    shown = "".join(char if char.isprintable() or char in "\n\t" else ascii(char)[1:-1] for char in text)
    return shown.encode(encoding, "backslashreplace").decode(encoding)


def printable_json(text: str) -> str:
    """Escape in a line of JSON, as JSON does, what a terminal would obey or cannot show."""
    encoding = sys.stdout.encoding or "utf-8"
    if text.rstrip("\n").isprintable() and _is_shown(text, encoding):
        return text
    return "".join(
        char if char == "\n" or (char.isprintable() and _is_shown(char, encoding)) else json.dumps(char)[1:-1]
        for char in text
    )


def _is_shown(text: str, encoding: str) -> bool:
    try:
        text.encode(encoding)
    except UnicodeEncodeError:
        return False
    return True
