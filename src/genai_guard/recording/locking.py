"""Locks on files, among all processes that share a folder. The system lets go of those of a process that dies."""

from __future__ import annotations

import os
import sys
from collections.abc import Generator
from contextlib import contextmanager
from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    from pathlib import Path

__all__ = ["claimed", "hold", "is_held", "locked", "released"]

_FLAGS: Final = os.O_RDWR | os.O_CREAT | getattr(os, "O_CLOEXEC", 0)
_PRIVATE: Final = 0o600

if sys.platform == "win32":
    import msvcrt

    _FAR: Final = 1 << 40  # what is locked cannot be read by others, so it is a byte that no file has

    def _lock(fd: int) -> None:
        os.lseek(fd, _FAR, os.SEEK_SET)
        msvcrt.locking(fd, msvcrt.LK_LOCK, 1)

    def _try_lock(fd: int, *, is_shared: bool) -> bool:
        del is_shared
        os.lseek(fd, _FAR, os.SEEK_SET)
        try:
            msvcrt.locking(fd, msvcrt.LK_NBLCK, 1)
        except PermissionError:
            return False
        return True

    def _unlock(fd: int) -> None:
        os.lseek(fd, _FAR, os.SEEK_SET)
        msvcrt.locking(fd, msvcrt.LK_UNLCK, 1)

else:
    import fcntl

    def _lock(fd: int) -> None:
        fcntl.flock(fd, fcntl.LOCK_EX)

    def _try_lock(fd: int, *, is_shared: bool) -> bool:
        try:
            fcntl.flock(fd, (fcntl.LOCK_SH if is_shared else fcntl.LOCK_EX) | fcntl.LOCK_NB)
        except BlockingIOError:
            return False
        return True

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


def hold(fd: int) -> None:
    """Hold the lock of an open file until it is closed; a child of a fork holds it as well until it closes its copy.

    Raises:
        OSError: the file system has no locks.
    """
    _lock(fd)


def is_held(path: Path) -> bool:
    """Whether anybody holds the lock of a file.

    Raises:
        OSError: there is no such file, it cannot be read, or its file system has no locks.
    """
    fd = os.open(path, os.O_RDONLY | getattr(os, "O_CLOEXEC", 0))
    try:
        return not _try_lock(fd, is_shared=True)
    finally:
        os.close(fd)  # which lets go of the lock


def claimed(path: Path) -> int | None:
    """Return what holds the lock of a file, which is made if it is not there; None if somebody else holds it.

    Raises:
        OSError: the file cannot be opened, or its file system has no locks.
    """
    fd = os.open(path, _FLAGS, _PRIVATE)
    try:
        if _try_lock(fd, is_shared=False):
            return fd
    except BaseException:
        os.close(fd)
        raise
    os.close(fd)
    return None


def released(fd: int) -> None:
    """Let go of what `claimed` returned."""
    try:
        _unlock(fd)
    finally:
        os.close(fd)
