"""`Resilience`: what stands between a call and the outages of its provider, put together."""

from __future__ import annotations

import time
from collections.abc import Awaitable, Callable
from dataclasses import dataclass, field
from typing import Any, Final, cast

from genai_guard.errors import ConfigurationError
from genai_guard.plan import Signature
from genai_guard.resilience.breaker import Breaker
from genai_guard.resilience.cache import Cache
from genai_guard.resilience.fallback import PRIMARY, Fallback, Target
from genai_guard.resilience.retry import Retry
from genai_guard.resilience.semantic import SemanticCache
from genai_guard.resilience.tiered import Tiered
from genai_guard.resilience.timeout import Timeout

__all__ = ["Resilience"]


async def _asleep(seconds: float) -> None:
    """Wait, letting other tasks run."""
    import asyncio  # noqa: PLC0415  already loaded by whoever awaits; not worth 46 ms of everybody's import

    await asyncio.sleep(seconds)


@dataclass(frozen=True)
class Resilience:
    """What a pipeline does about a model that is slow, fails or is down; everything is off unless given.

    From the outside in: the total timeout, the cache, tiers and the fallback, retries, the breaker, the limits, the
    timeout of an attempt, the call. Input guards have spoken and experiments have assigned before any of it.

    With it the first chunk of a stream is awaited before a `def` or `async def` that returns a stream gives it out.

    Args:
        timeout: How long calls may take.
        retry: Which failures are tried again, and how.
        breaker: When a target is left alone.
        fallback: What answers in place of the model.
        tiers: What is asked again where the reply is not good enough.
        cache: Replies to be given again.
        semantic: Replies to be given to other questions that are near. It is asked after the cache.
        clock: Monotonic seconds.
        sleep: Waits in synchronous calls.
        asleep: Waits in asynchronous ones; `asyncio.sleep` unless said.

    Raises:
        ConfigurationError: a part is not what it should be.
    """

    timeout: Timeout | None = field(default=None, kw_only=True)
    retry: Retry | None = field(default=None, kw_only=True)
    breaker: Breaker | None = field(default=None, kw_only=True)
    fallback: Fallback | None = field(default=None, kw_only=True)
    tiers: Tiered | None = field(default=None, kw_only=True)
    cache: Cache | None = field(default=None, kw_only=True)
    semantic: SemanticCache | None = field(default=None, kw_only=True)
    clock: Callable[[], float] = field(default=time.monotonic, kw_only=True, compare=False, repr=False)
    sleep: Callable[[float], object] = field(default=time.sleep, kw_only=True, compare=False, repr=False)
    asleep: Callable[[float], Awaitable[object]] = field(default=_asleep, kw_only=True, compare=False, repr=False)
    targets: tuple[Target, ...] = field(init=False, compare=False, repr=False)

    def __post_init__(self) -> None:
        for name, kind in _PARTS.items():
            part = getattr(self, name)
            if part is not None and not isinstance(part, kind):
                raise ConfigurationError(
                    f"Resilience({name}=...): takes a {kind.__name__}, such as {name}={_EXAMPLES[name]}, "
                    f"not {type(part).__name__}"
                )
        further = [() if part is None else part.targets for part in (self.tiers, self.fallback)]
        object.__setattr__(self, "targets", cast("tuple[Target, ...]", (PRIMARY, *further[0], *further[1])))

    def bind(self, signature: Signature) -> Callable[..., Any] | None:
        """Return the stage of the flow that calls a function through all of it; None if there is nothing to do.

        Raises:
            ConfigurationError: a target sets an argument that it does not take, or is of another kind;
                or an embedding is asynchronous and the function is not.
        """
        if all(getattr(self, name) is None for name in _PARTS):
            return None
        from genai_guard.resilience.stage import withstanding  # noqa: PLC0415  it imports what imports this

        self._check(signature)
        return withstanding(self)

    def _check(self, signature: Signature) -> None:
        if self.semantic is not None and self.semantic.is_async and not signature.is_async:
            raise ConfigurationError(
                f"SemanticCache(embed) is asynchronous and {signature.name} is not: make it a plain function"
            )
        for target in self.targets:
            for name in target.params:
                if not signature.accepts(name):
                    raise ConfigurationError(
                        f"the target {target.name!r} sets {name}, which {signature.name} does not take: "
                        "add the parameter, or take it out of the target"
                    )
            kind = signature.kind if target.call is None else Signature.of(target.call).kind
            if kind != signature.kind:
                raise ConfigurationError(
                    f"the target {target.name!r} is a {kind} and {signature.name} a {signature.kind}: "
                    "make both of the same kind"
                )


_PARTS: Final[dict[str, type[Any]]] = {
    "timeout": Timeout,
    "retry": Retry,
    "breaker": Breaker,
    "fallback": Fallback,
    "tiers": Tiered,
    "cache": Cache,
    "semantic": SemanticCache,
}
_EXAMPLES: Final = {
    "timeout": "Timeout(30)",
    "retry": "Retry(3)",
    "breaker": "Breaker()",
    "fallback": "Fallback([{'model': 'small'}])",
    "tiers": "Tiered([{'model': 'large'}], escalate=...)",
    "cache": "Cache(300)",
    "semantic": "SemanticCache(embed)",
}
