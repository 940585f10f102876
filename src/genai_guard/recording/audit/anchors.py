"""Heads of the chain, kept elsewhere: without them nobody can tell that its end was cut off."""

from __future__ import annotations

import json
import os
from collections.abc import Callable, Iterator
from functools import partial
from typing import TYPE_CHECKING, Any, Final, TypeAlias

from genai_guard.errors import ConfigurationError
from genai_guard.recording.audit.canonical import canonical
from genai_guard.recording.audit.chain import Head

if TYPE_CHECKING:
    from pathlib import Path

__all__ = ["Anchor", "anchor_of", "read_anchors"]

Anchor: TypeAlias = Callable[[Head], object]
"""Takes the head of the chain to where those who write the audit cannot change it."""

_FLAGS: Final = os.O_WRONLY | os.O_APPEND | os.O_CREAT | getattr(os, "O_CLOEXEC", 0)
_PRIVATE: Final = 0o600


def anchor_of(given: str | os.PathLike[str] | Anchor | None, folder: Path) -> tuple[Anchor | None, Path | None]:
    """Return what takes heads, and the file that it appends them to, if it is one.

    Raises:
        ConfigurationError: it is neither a function nor the path of a file elsewhere.
    """
    from pathlib import Path  # noqa: PLC0415  see genai_guard.recording.segments

    if given is None:
        return None, None
    if not isinstance(given, str | os.PathLike) and callable(given):
        return given, None
    if not isinstance(given, str | Path) or given == "":
        raise ConfigurationError("AuditLog(anchor=...) must be the path of a file or a function of one Head")
    path = Path(given).absolute()
    if path.is_dir():
        raise ConfigurationError(f"AuditLog(anchor={str(given)!r}) must be a file: this is a folder")
    if path.parent == folder:
        raise ConfigurationError(
            f"AuditLog(anchor={str(given)!r}) must be kept elsewhere: who can change the audit could change it as well"
        )
    return partial(_append, path), path


def read_anchors(path: str | os.PathLike[str]) -> Iterator[Head]:
    """Yield the heads in a file; lines that are none, such as one that is still being written, are passed over.

    Raises:
        OSError: it cannot be read.
    """
    with open(path, "rb") as file:  # noqa: PTH123  see anchor_of
        for line in file:
            if (head := _head(line)) is not None:
                yield head


def _append(path: Path, head: Head) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    fd = os.open(path, _FLAGS, _PRIVATE)
    try:
        os.write(fd, canonical(head._asdict()) + b"\n")
        os.fsync(fd)
    finally:
        os.close(fd)


def _head(line: bytes) -> Head | None:
    try:
        values: Any = json.loads(line)
        head = Head(values["sequence"], values["mac"], values.get("time", ""))
    except (ValueError, KeyError, TypeError, AttributeError, RecursionError):
        return None
    return head if type(head.sequence) is int and isinstance(head.mac, str) else None
