"""One writer at a time, among all processes that share a folder. The system lets go of the lock of one that dies."""

from __future__ import annotations

import os
import sys
from collections.abc import Generator
from contextlib import contextmanager
from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    from pathlib import Path

__all__ = ["claimed", "locked", "released"]

_FLAGS: Final = os.O_RDWR | os.O_CREAT | getattr(os, "O_CLOEXEC", 0)
_PRIVATE: Final = 0o600

if sys.platform == "win32":
    import msvcrt

    def _lock(fd: int) -> None:
        msvcrt.locking(fd, msvcrt.LK_LOCK, 1)

    def _try_lock(fd: int) -> None:
        try:
            msvcrt.locking(fd, msvcrt.LK_NBLCK, 1)
        except PermissionError as error:
            raise BlockingIOError from error

    def _unlock(fd: int) -> None:
        os.lseek(fd, 0, os.SEEK_SET)
        msvcrt.locking(fd, msvcrt.LK_UNLCK, 1)

else:
    import fcntl

    def _lock(fd: int) -> None:
        fcntl.flock(fd, fcntl.LOCK_EX)

    def _try_lock(fd: int) -> None:
        fcntl.flock(fd, fcntl.LOCK_EX | fcntl.LOCK_NB)

    def _unlock(fd: int) -> None:
        fcntl.flock(fd, fcntl.LOCK_UN)


@contextmanager
def locked(path: Path) -> Generator[None]:
    """Hold the lock of a file, which is made if it is not there; wait for whoever holds it.

    Raises:
        OSError: the file cannot be opened, or its file system has no locks.
    """
    fd = os.open(path, _FLAGS, _PRIVATE)
    try:
        _lock(fd)
        try:
            yield
        finally:
            _unlock(fd)
    finally:
        os.close(fd)


def claimed(path: Path) -> int | None:
    """Return what holds the lock of a file, which is made if it is not there; None if somebody else holds it.

    Raises:
        OSError: the file cannot be opened, or its file system has no locks.
    """
    fd = os.open(path, _FLAGS, _PRIVATE)
    try:
        _try_lock(fd)
    except BlockingIOError:
        os.close(fd)
        return None
    except BaseException:
        os.close(fd)
        raise
    return fd


def released(fd: int) -> None:
    """Let go of what `claimed` returned."""
    try:
        _unlock(fd)
    finally:
        os.close(fd)
