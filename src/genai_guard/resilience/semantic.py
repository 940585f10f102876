"""A cache that answers a question with the reply to one that is near to it."""

from __future__ import annotations

import math
import time
from collections import OrderedDict
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from inspect import iscoroutinefunction
from operator import mul
from threading import Lock
from typing import TYPE_CHECKING, Any, NamedTuple, TypeAlias

from genai_guard.errors import ConfigurationError
from genai_guard.resilience.checks import check_count, check_seconds, check_share

if TYPE_CHECKING:
    from genai_guard.resilience.cache import Kept
    from genai_guard.resilience.keys import Key

__all__ = ["SemanticCache", "Vector", "normal"]

Vector: TypeAlias = tuple[float, ...]
"""Of length one."""


class _Entry(NamedTuple):
    kept: Kept
    expires: float
    holds: object


@dataclass(frozen=True)
class SemanticCache:
    """Answer a question with the reply to a question that is near to it, by an embedding of yours.

    Nearness is not sameness: "with sugar" is near to "without sugar". Use it where a reply to a neighbouring question
    does no harm, measure `threshold` on questions of your own, and leave it out elsewhere.

    Only the last text of the user is compared. All else must be the same, as for `Cache`: the function, the rest of the
    conversation, the system prompt, model and parameters, tools, tenant, variants, pipeline and version. Calls without a
    text of a user are not looked up. What is kept, and what is not, is as for `Cache`, and so are hits.

    Looking up takes time in proportion to the questions that share all else, each a product of two vectors: about 50 us
    for 1,000 dimensions. An embedding that fails, or returns no vector, makes the call as if there were no cache; the
    event says so, by the verdict of a guard `semantic_cache`.

    Args:
        embed: Returns the vector of a text. May be a coroutine function if only asynchronous functions are wrapped.
        threshold: Cosine from which on two questions are near enough.
        ttl_s: Seconds for which a reply is kept.
        max_entries: Replies that are kept; the ones used longest ago make room.
        version: As for `Cache`.
        clock: Monotonic seconds.

    Raises:
        ConfigurationError: a number makes no sense, or `embed` cannot be called.
    """

    embed: Callable[[str], Any]
    threshold: float = field(default=0.95, kw_only=True)
    ttl_s: float = field(default=300.0, kw_only=True)
    max_entries: int = field(default=256, kw_only=True)
    version: str = field(default="", kw_only=True)
    clock: Callable[[], float] = field(default=time.monotonic, kw_only=True, compare=False, repr=False)
    _lock: Lock = field(default_factory=Lock, init=False, compare=False, repr=False)
    _entries: OrderedDict[tuple[Key, Vector], _Entry] = field(
        default_factory=OrderedDict["tuple[Key, Vector]", _Entry], init=False, compare=False, repr=False
    )
    _scopes: dict[Key, set[Vector]] = field(
        default_factory=dict["Key", "set[Vector]"], init=False, compare=False, repr=False
    )

    def __post_init__(self) -> None:
        if not callable(self.embed):
            raise ConfigurationError("SemanticCache(embed): takes a function of one text that returns its vector")
        check_share("SemanticCache(threshold", self.threshold)
        check_seconds("SemanticCache(ttl_s", self.ttl_s)
        check_count("SemanticCache(max_entries", self.max_entries)
        if not isinstance(self.version, str):
            raise ConfigurationError(f"SemanticCache(version=...): takes text, not {type(self.version).__name__}")

    @property
    def is_async(self) -> bool:
        """Whether `embed` is awaited."""
        return iscoroutinefunction(self.embed)

    def __len__(self) -> int:
        return len(self._entries)

    def __bool__(self) -> bool:
        return True

    def find(self, scope: Key, vector: Vector) -> tuple[Kept, Vector] | None:
        """Return the reply to the nearest question that is near enough, and its vector."""
        with self._lock:
            vectors = list(self._scopes.get(scope, ()))
        cosine, nearest = max(((_cosine(vector, each), each) for each in vectors), default=(-1.0, ()))
        if cosine < self.threshold:
            return None
        with self._lock:
            entry = self._entries.get((scope, nearest))
            if entry is None:
                return None
            if entry.expires <= self.clock():
                self._drop(scope, nearest)
                return None
            self._entries.move_to_end((scope, nearest))
            return entry.kept, nearest

    def keep(self, scope: Key, vector: Vector, kept: Kept, holds: object) -> None:
        """Keep the reply to a question; `holds` as for `Cache.land`."""
        with self._lock:
            self._drop(scope, vector)
            self._entries[scope, vector] = _Entry(kept, self.clock() + self.ttl_s, holds)
            self._scopes.setdefault(scope, set()).add(vector)
            if len(self._entries) > self.max_entries:
                self._drop(*next(iter(self._entries)))

    def forget(self, scope: Key, vector: Vector) -> None:
        """Forget the reply to a question."""
        with self._lock:
            self._drop(scope, vector)

    def _drop(self, scope: Key, vector: Vector) -> None:
        if self._entries.pop((scope, vector), None) is None:
            return
        self._scopes[scope].discard(vector)
        if not self._scopes[scope]:
            del self._scopes[scope]


def normal(vector: Sequence[Any]) -> Vector:
    """Return a vector with a length of one.

    Raises:
        ValueError: it has none, or holds what is no finite number.
    """
    numbers = tuple(float(each) for each in vector)
    length = math.hypot(*numbers)
    if not (math.isfinite(length) and length > 0):
        raise ValueError("an embedding must be a vector of finite numbers that are not all zero")
    return tuple(each / length for each in numbers)


def _cosine(one: Vector, other: Vector) -> float:
    return sum(map(mul, one, other)) if len(one) == len(other) else -1.0
