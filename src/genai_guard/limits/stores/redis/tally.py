"""Counting together in Redis or Valkey: one script, so that no other process comes between."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from hashlib import blake2b
from typing import Any, Final, cast

from genai_guard.limits.stores.redis.shared import Call
from genai_guard.limits.stores.tallies import Claim, Decision

__all__ = ["RedisTally"]

_WRITER: Final = b"\0"
"""What the numbers of batches begin with, among the counters."""


class RedisTally:
    """Counts, members and a decision, kept for 90 days after the last of them.

    Args:
        send: Runs a script, or raises.
        prefix: What keys begin with.
        name: Name of the tally.
    """

    def __init__(self, send: Callable[[Call], Any], prefix: bytes, name: str) -> None:
        self._send: Final = send
        # No limit's keys begin with this letter.
        base = prefix + b"y" + blake2b(name.encode("utf-8", "surrogatepass"), digest_size=8).hexdigest().encode()
        self._keys: Final = (base + b"m", base + b"c", base + b"d")

    def push(self, writer: str, batch: int, claims: Sequence[Claim], /) -> dict[str, int]:
        """Count claims, and return all counters."""
        flat = [str(part).encode() for claim in claims for part in claim]
        raw = self._run(b"push", _WRITER + writer.encode(), b"%d" % batch, *flat)
        pairs: Iterable[tuple[bytes, bytes]] = (
            cast("dict[bytes, bytes]", raw).items() if isinstance(raw, dict) else zip(raw[::2], raw[1::2], strict=True)
        )
        return {key.decode(): int(amount) for key, amount in pairs if not key.startswith(_WRITER)}

    def decide(self, decision: Decision, /) -> Decision:
        """Keep a decision if it is the next one, and return the one that is kept then."""
        return self._decision(b"%d" % decision.version, decision.document.encode())

    def decided(self) -> Decision:
        """Return the decision that is kept."""
        return self._decision()

    def forget(self) -> None:
        """Forget everything."""
        self._run(b"forget")

    def _decision(self, *args: bytes) -> Decision:
        version, document = self._run(b"decide", *args)
        return Decision() if version is None else Decision(int(version), document.decode())

    def _run(self, *args: bytes) -> Any:
        return self._send(Call("tally", self._keys, args))
