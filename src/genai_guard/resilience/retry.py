"""Retries: how often, how long to wait between them, and how many of them there may be."""

from __future__ import annotations

import random
import time
from collections.abc import Callable
from dataclasses import dataclass, field
from threading import Lock
from typing import Final

from genai_guard.errors import ConfigurationError, GenAIGuardError
from genai_guard.resilience.checks import check_count, check_seconds, check_share
from genai_guard.resilience.signs import is_transient, retry_after_s

__all__ = ["Retry", "RetryBudget"]


class RetryBudget:
    """What retries may be made: a share of the calls, and a few in hand. Safe for threads.

    The method of Finagle and gRPC (proposal A6): every call pays in `share` of a retry, and every retry takes a whole
    one. While everything fails, the provider gets `1 + share` times the calls, not `attempts` times.
    """

    __slots__ = ("_lock", "_saved", "most", "share")

    def __init__(self, share: float, most: int) -> None:
        self.share: Final = share
        self.most: Final = most
        self._saved = float(most)
        self._lock = Lock()

    def pay_in(self) -> None:
        """Count a call."""
        with self._lock:
            self._saved = min(self._saved + self.share, self.most)

    def take(self) -> bool:
        """Take a retry; return whether there was one."""
        with self._lock:
            if self._saved < 1:
                return False
            self._saved -= 1
            return True


@dataclass(frozen=True)
class Retry:
    """Try a call again that failed for a reason that passes.

    Between the attempts it waits for a random time up to `first_wait_s`, then up to twice that, and so on: full jitter
    ("Exponential Backoff And Jitter", AWS Architecture Blog, 2015). A `Retry-After` of the provider is a floor to it.

    Each attempt is reserved for and settled in the limiter by itself. A stream is not tried again once its first chunk
    is there. An attempt that a limit refuses is not made, and the call fails with what its last attempt raised.

    Many SDKs try again by themselves; turn that off (`max_retries=0`), or the attempts multiply.

    Args:
        attempts: Times that a call may be made, the first one included.
        first_wait_s: Longest wait before the second attempt; it doubles with each further one.
        longest_wait_s: Longest wait of all. Where the provider asks for a longer one, the call is not tried again.
        budget: Retries that may be made, as a share of the calls; 1 for no bound but `attempts`.
        budget_burst: Retries that may be made in a row whatever their share.
        when: Tells whether an exception is worth another attempt; `is_transient` when None. What this library raises
            by itself never is, but a `CallTimeout`.
        random: Returns a number from 0 up to 1.
        wall_clock: Seconds since 1970, for a `Retry-After` that is a date.

    Raises:
        ConfigurationError: a number makes no sense.
    """

    attempts: int = 3
    first_wait_s: float = field(default=0.5, kw_only=True)
    longest_wait_s: float = field(default=20.0, kw_only=True)
    budget: float = field(default=0.2, kw_only=True)
    budget_burst: int = field(default=10, kw_only=True)
    when: Callable[[Exception], bool] | None = field(default=None, kw_only=True)
    random: Callable[[], float] = field(default=random.random, kw_only=True, compare=False, repr=False)
    wall_clock: Callable[[], float] = field(default=time.time, kw_only=True, compare=False, repr=False)
    purse: RetryBudget = field(init=False, compare=False, repr=False)

    def __post_init__(self) -> None:
        check_count("Retry(attempts", self.attempts)
        check_seconds("Retry(first_wait_s", self.first_wait_s, zero=True)
        check_seconds("Retry(longest_wait_s", self.longest_wait_s, zero=True)
        check_share("Retry(budget", self.budget)
        check_count("Retry(budget_burst", self.budget_burst)
        if self.when is not None and not callable(self.when):
            raise ConfigurationError("Retry(when=...): takes a function of one exception")
        object.__setattr__(self, "purse", RetryBudget(self.budget, self.budget_burst))

    def wait_s(self, error: Exception, attempt: int) -> float | None:
        """Return the seconds to wait after the `attempt`th attempt failed; None if there shall be no other.

        Args:
            error: What it raised.
            attempt: 1 for the first one.
        """
        if attempt >= self.attempts or not self._is_worth_it(error):
            return None
        asked = retry_after_s(error, self.wall_clock) or 0.0
        if asked > self.longest_wait_s or not (self.budget == 1 or self.purse.take()):
            return None
        longest = min(self.longest_wait_s, self.first_wait_s * 2.0 ** min(attempt - 1, 64))
        return asked + self.random() * (longest if not asked else min(longest, self.first_wait_s))

    def _is_worth_it(self, error: Exception) -> bool:
        if self.when is None or isinstance(error, GenAIGuardError):
            return is_transient(error)
        return self.when(error)
