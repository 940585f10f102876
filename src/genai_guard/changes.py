"""Parts that are changed while calls run, and who wants to hear of it."""

from __future__ import annotations

from collections.abc import Callable
from contextlib import suppress
from typing import TypeAlias

__all__ = ["Changing", "Watcher", "report_changes"]

Watcher: TypeAlias = Callable[..., object]
"""Is told what kind of change was made, and what there is to say about it by keyword. Must not block."""


class Changing:
    """A part that tells of its changes."""

    _watchers: tuple[Watcher, ...] = ()

    def watch(self, watcher: Watcher) -> None:
        """Tell `watcher` of every change from now on; once, however often it is given."""
        if watcher not in self._watchers:
            self._watchers = (*self._watchers, watcher)

    def _announce(self, kind: str, /, **facts: object) -> None:
        for watcher in self._watchers:
            with suppress(Exception):  # the change was made, and whoever made it has nothing to do with this
                watcher(kind, **facts)


def report_changes(recorder: object, *parts: object) -> None:
    """Let the audit of a recorder, if it has one, know of every change of these parts."""
    audit = getattr(recorder, "audit", None)
    if audit is not None:
        for part in parts:
            if isinstance(part, Changing):
                part.watch(audit.record)
