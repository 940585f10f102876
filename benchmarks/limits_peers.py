"""Other libraries that limit rates, around nothing: one limit, one key, a limit that is never reached.

They are of the dependency group `bench`. What is not installed is said, and left out.
"""

from __future__ import annotations

import importlib
import sys
from collections.abc import Awaitable, Callable
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path
from typing import Any, Final

from limits_memory import PLENTY

__all__ = ["PEERS", "async_calls", "calls", "installed", "server_calls"]

PEERS: Final = {
    "limits": "limits",
    "pyrate-limiter": "pyrate_limiter",
    "throttled-py": "throttled",
    "aiolimiter": "aiolimiter",
}
"""Distributions, and what is imported of them."""

_HERE: Final = str(Path(__file__).parent)

Call = Callable[[], object]


def installed() -> dict[str, str]:
    """Return the version of each that is here, and say which are not and why."""
    found: dict[str, str] = {}
    for name, module in PEERS.items():
        try:
            library(module)
            found[name] = version(name)
        except (ImportError, PackageNotFoundError) as error:
            print(f"  {name}: NOT MEASURED: {error}; pip install --group bench")
    return found


def library(name: str) -> Any:
    """Import a library, and not a benchmark of the same name."""
    path = list(sys.path)
    sys.path[:] = [folder for folder in path if folder not in {"", _HERE}]
    try:
        return importlib.import_module(name)
    finally:
        sys.path[:] = path


def calls(versions: dict[str, str]) -> dict[str, Call]:
    """Return one limit of each library, in memory, and three of the one that is quickest at it in a row."""
    found: dict[str, Call] = {}
    if "limits" in versions:
        found |= _limits(library("limits.storage").MemoryStorage())
    if "pyrate-limiter" in versions:
        pyrate = library("pyrate_limiter")
        limiter = pyrate.Limiter(pyrate.Rate(PLENTY, pyrate.Duration.SECOND))
        found["pyrate-limiter, log"] = lambda: limiter.try_acquire("key", blocking=False)
    if "throttled-py" in versions:
        throttled = library("throttled")
        for kind in ("gcra", "token_bucket"):
            found[f"throttled-py, {kind}"] = _throttle(throttled, kind).limit
    return found


def _limits(storage: Any, *, quick_only: bool = False) -> dict[str, Call]:
    limits, strategies = library("limits"), library("limits.strategies")
    item, tokens, own = (limits.RateLimitItemPerMinute(PLENTY, namespace=name) for name in ("a", "b", "c"))
    fixed = strategies.FixedWindowRateLimiter(storage)
    sliding = strategies.SlidingWindowCounterRateLimiter(storage)
    found: dict[str, Call] = {
        "limits, fixed window": lambda: fixed.hit(item, "key"),
        "limits, fixed window, three in a row": lambda: (
            fixed.hit(item, "key") and fixed.hit(tokens, "key", cost=500) and fixed.hit(own, "u-42")
        ),
    }
    return found if quick_only else found | {"limits, sliding counter": lambda: sliding.hit(item, "key")}


def _throttle(throttled: Any, kind: str, **options: Any) -> Any:
    quota = throttled.rate_limiter.per_min(PLENTY, burst=PLENTY)
    return throttled.Throttled(key="key", using=kind, quota=quota, **options)


def async_calls(versions: dict[str, str]) -> dict[str, Callable[[], Awaitable[object]]]:
    """Return one limit of each library that awaits, in memory."""
    found: dict[str, Callable[[], Awaitable[object]]] = {}
    if "aiolimiter" in versions:
        found["aiolimiter"] = library("aiolimiter").AsyncLimiter(PLENTY, 60).acquire
    if "limits" in versions:
        storage = library("limits.aio.storage").MemoryStorage()
        fixed = library("limits.aio.strategies").FixedWindowRateLimiter(storage)
        item = library("limits").RateLimitItemPerMinute(PLENTY)
        found["limits, fixed window"] = lambda: fixed.hit(item, "key")
    if "throttled-py" in versions:
        found["throttled-py, gcra"] = _throttle(library("throttled.asyncio"), "gcra").limit
    return found


def server_calls(versions: dict[str, str], url: str) -> dict[str, Call]:
    """Return one limit of each library that can keep it on a server."""
    found: dict[str, Call] = {}
    if "limits" in versions:
        found |= _limits(library("limits.storage").storage_from_string(url), quick_only=True)
    if "throttled-py" in versions:
        throttled = library("throttled")
        found["throttled-py, gcra"] = _throttle(throttled, "gcra", store=throttled.RedisStore(server=url)).limit
    return found
