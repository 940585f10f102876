"""What a sticky store is."""

from __future__ import annotations

from hashlib import blake2b
from typing import NamedTuple, Protocol, runtime_checkable

__all__ = ["StickyKey", "StickyStore"]


class StickyKey(NamedTuple):
    """Whose variant it is.

    Attributes:
        experiment: Name of the experiment.
        version: Its bucket version: another one forgets all assignments at once.
        unit: Who was assigned.
    """

    experiment: str
    version: int
    unit: str

    @property
    def digest(self) -> bytes:
        """16 bytes that stand for the unit, so that no identifier of a user leaves the process."""
        return blake2b(self.unit.encode("utf-8", "surrogatepass"), digest_size=16).digest()

    def __repr__(self) -> str:
        return f"<StickyKey {self.experiment} version {self.version}>"


@runtime_checkable
class StickyStore(Protocol):
    """Keeps variants. Asked from any thread; may raise whatever it likes: no call fails for it."""

    def get(self, key: StickyKey, /) -> str:
        """Return the name of the variant that was set; empty when none is known."""
        ...

    def set(self, key: StickyKey, variant: str, /) -> None:
        """Keep the name of a variant, in place of what was kept before."""
        ...
