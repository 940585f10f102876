"""Files of keywords: one phrase a line."""

from __future__ import annotations

from pathlib import Path
from typing import Final, NamedTuple

from genai_guard.errors import ConfigurationError

__all__ = ["Line", "read_phrases"]

_MAX_CHARS: Final = 1000


class Line(NamedTuple):
    """A phrase, and the line of its file, from 1."""

    number: int
    phrase: str


def read_phrases(path: str, *, parameter: str) -> tuple[Line, ...]:
    r"""Return the phrases of a UTF-8 file. No message holds one of them.

    Empty lines and lines that begin with `#` are left out; a phrase that begins so is written with `\#`. White space
    around a phrase does not count.

    Args:
        path: Name of the file.
        parameter: What messages call it, such as `BlockedPatterns(keywords_file=...)`.

    Raises:
        ConfigurationError: the file cannot be read, is not UTF-8, holds no phrase, or one that can be none.
    """
    text = _read(path, parameter)
    lines = tuple(_phrases(text, f"{parameter}: {path}"))
    if not lines:
        raise ConfigurationError(
            f"{parameter}: {path}: holds no phrase in its {text.count(chr(10)) + 1} lines; write one phrase a line"
        )
    return lines


def _read(path: str, parameter: str) -> str:
    try:
        content = Path(path).read_bytes()
    except (OSError, ValueError) as error:  # a ValueError is a NUL in the name
        reason = getattr(error, "strerror", None) or "not a file name"
        raise ConfigurationError(f"{parameter}: {path!r} cannot be read: {reason}") from None
    try:
        return content.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        line = content.count(b"\n", 0, error.start) + 1
        raise ConfigurationError(f"{parameter}: {path}:{line}: is not UTF-8 text; save it in that encoding") from None


def _phrases(text: str, where: str) -> list[Line]:
    found: list[Line] = []
    for number, line in enumerate(text.split("\n"), 1):
        phrase = line.strip()
        if not phrase or phrase.startswith("#"):
            continue
        if "\0" in phrase:
            raise ConfigurationError(f"{where}:{number}: holds a NUL character; is it a text file?")
        if len(phrase) > _MAX_CHARS:
            raise ConfigurationError(
                f"{where}:{number}: is {len(phrase)} characters long, of {_MAX_CHARS} at most; write one phrase a line"
            )
        found.append(Line(number, phrase.removeprefix("\\") if phrase.startswith("\\#") else phrase))
    return found
