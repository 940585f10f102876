"""How long replies of a model are: the 95th percentile of what it has said, in a sketch of bounded size."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping
from threading import Lock
from typing import Final, final

__all__ = ["OutputEstimates"]

_QUANTILE_OF: Final = (95, 100)
_ENOUGH: Final = 20  # replies; a 95th percentile of fewer says little
_MOST_MODELS: Final = 256
_MOST_COUNTED: Final = 1_000  # replies, after which the older ones count half
_BITS: Final = 3  # of a length behind the highest that tell its bucket: an estimate is high by an eighth at most
_AT_ONCE: Final = ((4 * _ENOUGH, 1), (400, 16), (_MOST_COUNTED, 64))
"""How many replies are looked at together while so many are known: what one more of many tells can wait."""


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
        sketch = self._sketches.get(model) or self._new(model)
        if sketch is None:
            return
        sketch.recent.append(output_tokens)
        if len(sketch.recent) >= sketch.due:
            with self._lock:
                sketch.count()

    def _new(self, model: str) -> _Sketch | None:
        with self._lock:
            if model not in self._sketches and len(self._sketches) < _MOST_MODELS:
                self._sketches[model] = _Sketch()
            return self._sketches.get(model)

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
    """Counts of replies by length, in buckets of equal ratio.

    Attributes:
        recent: Replies that are not counted yet; anybody may append to it.
        due: How many of them are worth counting.
        estimate: The 95th percentile; None while too few are known.
    """

    __slots__ = ("_counts", "_total", "due", "estimate", "recent")

    def __init__(self) -> None:
        self._counts: Counter[int] = Counter()
        self._total = 0
        self.recent: list[int] = []
        self.due = 1
        self.estimate: int | None = None

    def count(self) -> None:
        """Count the recent replies, and see whether the estimate is another now."""
        recent = self.recent
        size = len(recent)  # more may come meanwhile, behind these
        self._counts.update(map(_bucket, recent[:size]))
        del recent[:size]
        self._total += size
        if self._total >= _MOST_COUNTED:
            self._counts = Counter({bucket: half for bucket, count in self._counts.items() if (half := count >> 1)})
            self._total = self._counts.total()
        if self._total >= _ENOUGH:
            self.estimate = self._quantile()
        self.due = next((some for known, some in _AT_ONCE if self._total < known), 1)

    def _quantile(self) -> int:
        above = self._total - -(-self._total * _QUANTILE_OF[0] // _QUANTILE_OF[1])
        for bucket in sorted(self._counts, reverse=True):
            above -= self._counts[bucket]
            if above < 0:
                return _edge(bucket)
        raise AssertionError("a quantile of no counts")  # pragma: no cover


def _bucket(tokens: int) -> int:
    """Return the bucket of a length: those up to 16 have one each, then there are eight to each doubling."""
    below = tokens - 1
    shift = below.bit_length() - _BITS - 1
    return below if shift <= 0 else (shift << _BITS) + (below >> shift)


def _edge(bucket: int) -> int:
    """Return the greatest length in a bucket."""
    steps = 1 << _BITS
    if bucket < 2 * steps:
        return bucket + 1
    return (steps + bucket % steps + 1) << (bucket // steps - 1)
