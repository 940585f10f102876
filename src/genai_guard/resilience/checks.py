"""Checks of numbers that several parts take."""

from __future__ import annotations

import math

from genai_guard.errors import ConfigurationError

__all__ = ["check_count", "check_seconds", "check_share"]


def check_seconds(where: str, seconds: object, *, zero: bool = False) -> None:
    """Refuse what is no finite number of seconds above zero; `zero`: or zero itself.

    Raises:
        ConfigurationError: it is none.
    """
    if (
        isinstance(seconds, bool)
        or not isinstance(seconds, int | float)
        or not math.isfinite(seconds)
        or seconds < 0
        or (seconds == 0 and not zero)
    ):
        raise ConfigurationError(f"{where}={seconds!r}): takes seconds, {'zero or more' if zero else 'more than zero'}")


def check_count(where: str, count: object, *, least: int = 1) -> None:
    """Refuse what is no whole number of at least `least`.

    Raises:
        ConfigurationError: it is none.
    """
    if type(count) is not int or count < least:
        raise ConfigurationError(f"{where}={count!r}): takes a whole number, {least} or more")


def check_share(where: str, share: object) -> None:
    """Refuse what is no number above zero and up to one.

    Raises:
        ConfigurationError: it is none.
    """
    if isinstance(share, bool) or not isinstance(share, int | float) or not 0 < share <= 1:
        raise ConfigurationError(f"{where}={share!r}): takes a share above 0 and up to 1, such as 0.5")
