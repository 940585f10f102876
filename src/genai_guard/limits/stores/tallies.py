"""Counting together: each member once, whoever counts it, and one decision for all.

What a canary needs of a store. Rule 1: A claim counts if its member is new; one without a member always does. Rule 2: A
batch counts once, however often it is pushed. Rule 3: Of two decisions with one version the first is kept.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from threading import Lock
from typing import NamedTuple, Protocol, runtime_checkable

__all__ = ["Claim", "Decision", "MemoryTally", "Tally", "TallyStore"]


class Claim(NamedTuple):
    """Something to be counted.

    Attributes:
        member: What is counted once; empty for what is counted every time.
        counter: Where.
        amount: How much.
    """

    member: str
    counter: str
    amount: int


class Decision(NamedTuple):
    """What was decided together.

    Attributes:
        version: How many decisions there were.
        document: The latest of them; empty if there was none.
    """

    version: int = 0
    document: str = ""


class Tally(Protocol):
    """Counts, members and decisions under one name. Raises whatever it likes when it cannot be reached."""

    def push(self, writer: str, batch: int, claims: Sequence[Claim], /) -> dict[str, int]:
        """Count claims, and return all counters.

        Args:
            writer: Who pushes.
            batch: Number of the batch, which rises with each. One that is not above the last of its writer was counted.
            claims: What to count.
        """
        ...

    def decide(self, decision: Decision, /) -> Decision:
        """Keep a decision if it is the next one, and return the one that is kept then."""
        ...

    def decided(self) -> Decision:
        """Return the decision that is kept."""
        ...

    def forget(self) -> None:
        """Forget everything."""
        ...


@runtime_checkable
class TallyStore(Protocol):
    """A store in which canaries can count together."""

    def tally(self, name: str, /) -> Tally:
        """Return the tally of this name."""
        ...


class MemoryTally:
    """Counts in the memory of this process."""

    def __init__(self) -> None:
        self._lock = Lock()
        self._decision = Decision()
        self._clear()

    def push(self, writer: str, batch: int, claims: Sequence[Claim], /) -> dict[str, int]:
        """Count claims, and return all counters."""
        with self._lock:
            if batch > self._batches.get(writer, 0):
                self._batches[writer] = batch
                for member, counter, amount in claims:
                    if not member or member not in self._members:
                        self._counts[counter] += amount
                        self._members.update({member} if member else ())
            return dict(self._counts)

    def decide(self, decision: Decision, /) -> Decision:
        """Keep a decision if it is the next one, and return the one that is kept then."""
        with self._lock:
            if decision.version == self._decision.version + 1:
                self._decision = decision
            return self._decision

    def decided(self) -> Decision:
        """Return the decision that is kept."""
        return self._decision

    def forget(self) -> None:
        """Forget everything."""
        with self._lock:
            self._clear()

    def _clear(self) -> None:
        self._counts: Counter[str] = Counter()
        self._members: set[str] = set()
        self._batches: dict[str, int] = {}
        self._decision = Decision()
