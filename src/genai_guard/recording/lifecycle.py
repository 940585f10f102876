"""What happens to recorders when the process forks or exits."""

from __future__ import annotations

import atexit
import os
import weakref
from contextlib import suppress
from time import monotonic
from typing import Final, Protocol

__all__ = ["EXIT_TIMEOUT_S", "Living", "watch_over"]

EXIT_TIMEOUT_S: Final = 2.0
"""How long the exit of the process waits, for all recorders together."""


class Living(Protocol):
    """Has threads and locks."""

    def after_fork(self) -> None:
        """Begin anew in a child: the other threads are gone, and locks may be held by them."""
        ...

    def close(self, *, timeout_s: float) -> bool:
        """Finish what can be finished in this time."""
        ...


_living: Final[weakref.WeakValueDictionary[int, Living]] = weakref.WeakValueDictionary()


def watch_over(each: Living) -> None:
    """Tell `each` of forks and of the exit, as long as somebody else holds it.

    What was made last is closed first: it may still have something for what was there before.
    """
    _living[id(each)] = each


def _after_fork() -> None:
    for each in list(_living.values()):
        each.after_fork()


def _at_exit() -> None:
    until_s = monotonic() + EXIT_TIMEOUT_S
    for each in reversed(list(_living.values())):
        with suppress(Exception):
            each.close(timeout_s=max(0.0, until_s - monotonic()))


atexit.register(_at_exit)
if hasattr(os, "register_at_fork"):
    os.register_at_fork(after_in_child=_after_fork)
