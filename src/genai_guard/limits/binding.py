"""What the calls of a limiter look at: its limits and its counts, which go together."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from functools import partial
from typing import Any, Final, NoReturn, TypeAlias, final

from genai_guard.awaiting import in_thread
from genai_guard.errors import ConfigurationError
from genai_guard.limits.buckets import LONGEST_KEY, Bucket, Buckets, By, bucket_of, joined
from genai_guard.limits.limit import Limit
from genai_guard.limits.stores.base import Counts

__all__ = ["Bound", "Serving"]

_NARROW: Final = frozenset({"requests", "tokens"})


Serving: TypeAlias = tuple[Any, Callable[[dict[Any, Any]], Buckets] | None, int]
"""What a call that begins needs: `reserve` of the counts; what turns the keyword arguments of a call, which are nobody
else's, into buckets where they stand, None if limits go by no key; and the width: 0 if nothing but requests is counted, 1
if it is requests and tokens, else 2. A plain tuple, which is unpacked in half the time of a named one."""


@final
class Bound:
    """What calls look at: limits and counts that go together, replaced as one.

    Attributes:
        plain: The counts, or what stands for them where they would have to be awaited.
        awaited: The counts for a task: those that block are called in a thread.
        settle: That of these.
        by: Names of the keys that limits go by.
        sets: Several keys that limits go by at once.
        width: As above.
        limits: The limits.
        serving: What a call that begins needs.
    """

    __slots__ = ("awaited", "by", "limits", "plain", "serving", "sets", "settle", "width")

    def __init__(
        self, limits: Sequence[Limit], names: set[Any], counts: Counts, *, is_async: bool, blocks: bool = False
    ) -> None:
        self.limits: Final = limits
        self.plain: Any = _Asynchronous() if is_async else counts
        self.awaited: Final[Any] = _InThreads(counts) if blocks else counts
        self.settle: Any = self.plain.settle
        self.by: tuple[str, ...] = tuple(by for by in names if isinstance(by, str))
        self.sets: tuple[tuple[str, ...], ...] = tuple(by for by in names if not isinstance(by, str))
        units = {limit.unit for limit in limits}
        self.width = 0 if units == {"requests"} else 1 if units <= _NARROW else 2
        buckets = None if not names else self.buckets if self.sets else self._buckets
        self.serving: Serving = (self.plain.reserve, buckets, self.width)

    def buckets(self, keys: dict[Any, Any]) -> Buckets:
        """Turn the keyword arguments of a call, which are nobody else's, into buckets where they stand."""
        for several in self.sets:
            keys[several] = joined(several, keys)
        return self._buckets(keys)

    def _buckets(self, keys: dict[Any, Any]) -> Buckets:
        keys[""] = ""
        for by in self.by:
            key = keys.get(by)
            if type(key) is not str or len(key) > LONGEST_KEY:
                keys[by] = bucket_of(by, key)
        return keys

    def again(self, keys: Mapping[Any, Any]) -> dict[Any, Any]:
        """Return the buckets of a call whose keys may have been turned into those of other limits before."""
        done: dict[Any, Any] = {by: key for by, key in keys.items() if isinstance(by, tuple) or isinstance(key, bytes)}
        rest = {by: key for by, key in keys.items() if by not in done}
        return {**self.buckets(rest), **done}

    def named(self, keys: Mapping[str, Any]) -> Buckets:
        """Return the buckets that these keys name, and no other."""
        named: dict[By, Bucket] = {name: bucket_of(name, value) for name, value in keys.items()}
        named.update((by, joined(by, keys)) for by in self.sets if keys.keys() >= set(by))
        return named


class _Asynchronous:
    """What a limiter has in place of asynchronous counts where it is used without `await`."""

    def _refuse(self, *_args: object) -> NoReturn:
        raise ConfigurationError(
            "the store of this limiter is asynchronous: await areserve(), asettle(), apeek() and so on"
        )

    reserve = extend = settle = peek = usage = reset = _refuse


class _InThreads:
    """Counts that block, called in threads so that the event loop goes on; each is awaited to its end."""

    def __init__(self, counts: Counts) -> None:
        self.reserve: Final = partial(in_thread, counts.reserve)
        self.extend: Final = partial(in_thread, counts.extend)
        self.settle: Final = partial(in_thread, counts.settle)
        self.peek: Final = partial(in_thread, counts.peek)
        self.usage: Final = partial(in_thread, counts.usage)
        self.reset: Final = partial(in_thread, counts.reset)
