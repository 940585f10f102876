"""The messages that the demo sends: a file of its own, or one of yours."""

from __future__ import annotations

import json
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field, replace
from importlib.resources import files
from itertools import groupby
from os import PathLike
from pathlib import Path
from typing import Any, Final, cast

from genai_guard.errors import ConfigurationError

__all__ = ["Prompt", "bursts", "load_prompts"]

_JSON_LINES: Final = {".jsonl", ".ndjson", ".json"}
_EXAMPLE: Final = '{"user": "ana", "text": "Where is my parcel?"}'
_KEYS: Final = {"user", "text", "stream"}


@dataclass(frozen=True, slots=True)
class Prompt:
    """One message of one user.

    Attributes:
        user: Who writes.
        text: What they write. Not part of the `repr`.
        stream: Whether the reply is to be streamed.
    """

    user: str
    text: str = field(repr=False)
    stream: bool = False


def load_prompts(path: str | PathLike[str] | None = None) -> tuple[Prompt, ...]:
    """Read prompts, in the order of the file. One of them at least is streamed: the last, if the file does not say.

    A file called `.jsonl`, `.ndjson` or `.json` holds one object a line, with the keys `user` and `text`, and `stream`
    if the reply is to be streamed. Any other file holds one prompt a line, each from a user of its own. Empty lines do
    not count.

    Args:
        path: The file; None for the messages that come with the demo.

    Raises:
        ConfigurationError: it cannot be read, or a line is not what it should be; the message names the line.
    """
    lines: Sequence[str]
    if path is None:
        source, lines = (
            "prompts.jsonl",
            files("genai_guard.demo").joinpath("prompts.jsonl").read_text("utf-8").split("\n"),
        )
    else:
        source, lines = str(path), _read(Path(path))
    numbered = [(number, line) for number, line in enumerate(lines, 1) if line.strip()]
    if Path(source).suffix.lower() in _JSON_LINES:
        prompts = [_parse(line, f"{source}, line {number}") for number, line in numbered]
    else:
        prompts = [Prompt(f"user-{index}", line.strip()) for index, (_, line) in enumerate(numbered, 1)]
    if not prompts:
        raise ConfigurationError(f"{source} holds no prompts: write one a line, for instance {_EXAMPLE}")
    if not any(prompt.stream for prompt in prompts):
        prompts[-1] = replace(prompts[-1], stream=True)
    return tuple(prompts)


def bursts(prompts: Iterable[Prompt]) -> list[tuple[Prompt, ...]]:
    """Group what is sent at once: messages of one user that follow each other, streamed ones excepted."""
    groups = groupby(enumerate(prompts), key=lambda item: (item[1].user, item[0] if item[1].stream else None))
    return [tuple(prompt for _, prompt in group) for _, group in groups]


def _read(path: Path) -> Sequence[str]:
    try:
        return path.read_text("utf-8-sig").split("\n")
    except OSError as error:
        raise ConfigurationError(f"cannot read the prompts in {path}: {error.strerror}") from None
    except UnicodeDecodeError as error:
        raise ConfigurationError(f"{path} is not UTF-8 text: byte {error.start} cannot be read") from None


def _parse(line: str, where: str) -> Prompt:
    try:
        value: Any = json.loads(line)
    except (ValueError, RecursionError):
        value = None
    if not isinstance(value, dict):
        raise ConfigurationError(f"{where}: not a JSON object; should be one like {_EXAMPLE}")
    given = cast("dict[str, Any]", value)
    if unknown := sorted(given.keys() - _KEYS):
        raise ConfigurationError(f"{where}: unknown key {unknown[0]!r}; the keys are 'user', 'text' and 'stream'")
    user, text, stream = given.get("user"), given.get("text"), given.get("stream", False)
    if not (isinstance(user, str) and user) or not (isinstance(text, str) and text):
        raise ConfigurationError(f"{where}: 'user' and 'text' must be strings that are not empty, as in {_EXAMPLE}")
    if not isinstance(stream, bool):
        raise ConfigurationError(f"{where}: 'stream' must be true or false")
    return Prompt(user, text, stream)
