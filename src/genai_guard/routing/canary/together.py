"""One canary in several processes: counts that add up, and one decision for all.

Rule 1: What was pushed and not acknowledged is pushed again under its number, and counts once.
Rule 2: Each run has counts of its own; the decisions stand beside them.
"""

from __future__ import annotations

import os
from collections import Counter
from collections.abc import Generator, Sequence
from contextlib import contextmanager
from dataclasses import replace
from itertools import islice
from typing import Final

from genai_guard.limits.stores.tallies import Claim, Decision, TallyStore
from genai_guard.routing.canary.progress import Progress

__all__ = ["Together", "Unreachable"]

_AT_ONCE: Final = 1_000


class Unreachable(Exception):  # noqa: N818  internal, never seen by callers
    """The store raised, or holds what no canary wrote. Its message is the class of what was raised."""


@contextmanager
def _store() -> Generator[None]:
    try:
        yield
    except Exception as error:
        raise Unreachable(type(error).__name__) from error


class Together:
    """What all processes know of a canary. Not safe for threads. Every method raises `Unreachable` if the store does.

    Args:
        store: Where they meet.
        name: Name of the canary, and of its plan.
    """

    def __init__(self, store: TallyStore, name: str) -> None:
        self._store: Final = store
        self._name: Final = name
        self._decisions: Final = store.tally(name)
        self.begin()

    def begin(self) -> None:
        """Be somebody else, who has nothing to push: after a fork."""
        self._writer = os.urandom(8).hex()
        self._batch = 0
        self._run = 0
        self._sent: list[Claim] = []
        self._waiting: Counter[tuple[str, str]] = Counter()

    def decided(self) -> Progress:
        """Return the decision that holds."""
        with _store():
            return Progress.read(self._decisions.decided().document)

    def proposal(self, progress: Progress) -> Progress:
        """Return a decision as it is proposed."""
        return replace(progress, origin=os.urandom(8).hex()) if progress.version == 1 else progress

    def decide(self, progress: Progress) -> Progress:
        """Propose a decision, and return the one that holds."""
        with _store():
            after = Progress.read(self._decisions.decide(Decision(progress.version, progress.written())).document)
            if after == progress and after.run:
                self._store.tally(self._counts(after.run - 1)).forget()
            return after

    def push(self, run: int, claims: Sequence[Claim]) -> dict[str, int]:
        """Count claims in a run, and return what everybody has counted."""
        if run != self._run:  # what was seen in a run that is over counts for nothing
            self._run, self._sent, self._waiting = run, [], Counter()
        for member, counter, amount in claims:
            self._waiting[member, counter] += amount
        with _store():
            tally = self._store.tally(self._counts(run))
            while True:
                self._sent = self._sent or self._next()
                counts = tally.push(self._writer, self._batch + bool(self._sent), self._sent)
                self._batch += bool(self._sent)
                self._sent = []
                if not self._waiting:
                    return counts

    def _next(self) -> list[Claim]:
        """Take what is pushed next. Once it was, it stays as it is, until it is acknowledged."""
        keys = list(islice(self._waiting, _AT_ONCE))
        return [Claim(*key, self._waiting.pop(key)) for key in keys]

    def _counts(self, run: int) -> str:
        return f"{self._name}.{run}"
