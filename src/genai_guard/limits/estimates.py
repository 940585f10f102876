"""How long replies of a model are: the 95th percentile of what it has said, in a sketch of bounded size."""

from __future__ import annotations

from collections.abc import Mapping
from threading import Lock
from typing import Final, final

__all__ = ["OutputEstimates"]

_QUANTILE_OF: Final = (95, 100)
_ENOUGH: Final = 20  # replies; a 95th percentile of fewer says little
_MOST_MODELS: Final = 256
_MOST_COUNTED: Final = 1_000  # replies, after which the older ones count half
_STEPS: Final = 8  # buckets from one power of two to the next: an estimate is high by an eighth at most


@final
class OutputEstimates:
    """Learns how many tokens the replies of each model have.

    An estimate is the upper edge of the bucket that the 95th percentile lies in, so that about one reply in twenty is
    longer. Older replies lose weight by half with every thousand. Of models beyond the 256th nothing is learnt. Safe for
    threads.
    """

    def __init__(self) -> None:
        self._sketches: dict[str, _Sketch] = {}
        self._lock = Lock()

    def learn(self, model: str, output_tokens: int) -> None:
        """Take the tokens of one reply."""
        with self._lock:
            sketch = self._sketches.get(model)
            if sketch is None:
                if len(self._sketches) >= _MOST_MODELS:
                    return
                sketch = self._sketches[model] = _Sketch()
            sketch.add(output_tokens)

    def expected(self, model: str, *, max_tokens: int | None, default: int) -> int:
        """Return the tokens to reserve for a reply.

        Args:
            model: Model that is asked.
            max_tokens: Upper bound of the reply, as the call states it.
            default: What to reserve while fewer than twenty replies are known and no bound is stated.
        """
        sketch = self._sketches.get(model)
        known = None if sketch is None else sketch.estimate
        if known is None:
            return default if max_tokens is None else max_tokens
        return known if max_tokens is None else min(known, max_tokens)

    @property
    def known(self) -> Mapping[str, int]:
        """Estimate of each model of which enough replies are known."""
        with self._lock:
            found = {model: sketch.estimate for model, sketch in self._sketches.items()}
        return {model: estimate for model, estimate in found.items() if estimate is not None}

    def __repr__(self) -> str:
        return f"<OutputEstimates {dict(self.known)}>"


@final
class _Sketch:
    """Counts of replies by length, in buckets of equal ratio."""

    __slots__ = ("_count", "_counts", "estimate")

    def __init__(self) -> None:
        self._counts: dict[int, int] = {}
        self._count = 0
        self.estimate: int | None = None

    def add(self, tokens: int) -> None:
        """Take one length, and see whether the estimate is another now."""
        bucket = _bucket(tokens)
        self._counts[bucket] = self._counts.get(bucket, 0) + 1
        self._count += 1
        if self._count >= _MOST_COUNTED:
            self._counts = {index: half for index, count in self._counts.items() if (half := count >> 1)}
            self._count = sum(self._counts.values())
        if self._count >= _ENOUGH and (self._count < 4 * _ENOUGH or self._count % 16 == 0):
            self.estimate = self._quantile()

    def _quantile(self) -> int:
        wanted = -(-self._count * _QUANTILE_OF[0] // _QUANTILE_OF[1])
        for bucket in sorted(self._counts):
            wanted -= self._counts[bucket]
            if wanted <= 0:
                return _edge(bucket)
        raise AssertionError("a quantile of no counts")  # pragma: no cover


def _bucket(tokens: int) -> int:
    """Return the bucket of a length: those up to 8 have one each, then eight to each doubling."""
    if tokens <= _STEPS:
        return max(0, tokens)
    power = (tokens - 1).bit_length() - 1  # 2**power < tokens <= 2**(power + 1)
    return _STEPS * (power - 2) + -(-(tokens - (1 << power)) * _STEPS >> power)


def _edge(bucket: int) -> int:
    """Return the greatest length in a bucket."""
    if bucket <= _STEPS:
        return bucket
    power, step = divmod(bucket - 1, _STEPS)
    return (1 << power + 2) + (((step + 1) << power + 2) // _STEPS)
