"""Periods of the calendar in a time zone: where the one that a moment lies in begins, and where it ends."""

from __future__ import annotations

from dataclasses import dataclass, field
from functools import cache
from typing import TYPE_CHECKING, Any, Final, Literal, TypeAlias

from genai_guard.errors import ConfigurationError

if TYPE_CHECKING:
    from datetime import datetime, tzinfo

__all__ = ["Calendar", "Per", "check_timezone", "zone_of"]

Per: TypeAlias = Literal["second", "minute", "hour", "day", "month"]

_SECOND_NS: Final = 10**9
_EVEN_S: Final = {"second": 1, "minute": 60, "hour": 3_600}


@dataclass(frozen=True, slots=True)
class Calendar:
    """Says which period of the calendar a moment lies in.

    A day begins with its first instant and ends with that of the next day on which there is one: it has 23 or 25
    hours when clocks are changed, and nothing is left out or counted twice. Where midnight itself is skipped, the day
    begins when clocks have been changed; where it comes twice, with the first one. Months are made of days. Hours,
    minutes and seconds are those of the local clock; where it is changed by half an hour, so is the hour.

    Args:
        per: The period.
        timezone: A name of the IANA time zone database, such as `Europe/Berlin`.

    Raises:
        ConfigurationError: there is no such time zone.
    """

    per: Per
    timezone: str = "UTC"
    _zone: Any = field(init=False, repr=False, compare=False)
    _latest: list[tuple[int, int]] = field(init=False, repr=False, compare=False, default_factory=list[tuple[int, int]])

    def __post_init__(self) -> None:
        object.__setattr__(self, "_zone", zone_of(self.timezone))

    def period(self, now_ns: int) -> tuple[int, int]:
        """Return the beginning of the period that a moment lies in, and that of the next one.

        Args:
            now_ns: Nanoseconds since 1970.

        Returns:
            Both in whole seconds since 1970. The first is the number of the period: it grows from each to the next.
        """
        second = now_ns // _SECOND_NS
        for known in self._latest:  # nearly every moment lies in the same period as the one before it
            if known[0] <= second < known[1]:
                return known
        found = self._period(second)
        self._latest[:] = [found]
        return found

    def _period(self, second: int) -> tuple[int, int]:
        from datetime import UTC, datetime, timedelta  # noqa: PLC0415  who has no calendar limit need not wait for it

        local = datetime.fromtimestamp(second, UTC).astimezone(self._zone)
        if self.per in _EVEN_S:
            length = _EVEN_S[self.per]
            offset = local.utcoffset() or timedelta()
            start = second - (second + round(offset.total_seconds())) % length
            return start, start + length
        if self.per == "day":
            first = local.replace(hour=0, minute=0, second=0, microsecond=0, fold=0)
            after = first + timedelta(days=1)
        else:
            first = local.replace(day=1, hour=0, minute=0, second=0, microsecond=0, fold=0)
            after = (first + timedelta(days=31)).replace(day=1)
        return _moment(first), _moment(after)


def _moment(local: datetime) -> int:
    """Return when a local time first is; one that is skipped, when it would be were clocks not changed."""
    from datetime import UTC  # noqa: PLC0415  as above

    return round(local.astimezone(UTC).timestamp())


@cache
def zone_of(name: str) -> tzinfo:
    """Return the time zone of that name.

    Raises:
        ConfigurationError: there is none; the message holds the name that was probably meant.
    """
    if name == "UTC":  # needs no database
        from datetime import UTC  # noqa: PLC0415  as above

        return UTC
    from zoneinfo import ZoneInfo  # noqa: PLC0415  as above

    try:
        return ZoneInfo(name)
    except (KeyError, ValueError, OSError):  # not there, or no name at all, such as "../x"
        raise ConfigurationError(f"timezone={name!r}: there is no such time zone{_remedy(name)}") from None


def check_timezone(name: object) -> None:
    """Refuse what is no time zone.

    Raises:
        ConfigurationError: it is not; the message holds the name that was probably meant.
    """
    if not isinstance(name, str):
        raise ConfigurationError(f"timezone={name!r}: must be a name such as 'Europe/Berlin'")
    zone_of(name)


def _remedy(name: str) -> str:
    from difflib import get_close_matches  # noqa: PLC0415  errors are rare
    from zoneinfo import available_timezones  # noqa: PLC0415  as above

    known = sorted(available_timezones())
    if not known:
        return ", nor any other: this system has no time zone database; pip install 'genai_guard[timezones]'"
    folded = {each.casefold(): each for each in known}
    by_city = {each.rpartition("/")[2].casefold(): each for each in known if "/" in each}
    wanted = name.casefold().replace(" ", "_")
    for table in (folded, by_city):
        near = get_close_matches(wanted.rpartition("/")[2] if table is by_city else wanted, table, n=1, cutoff=0.75)
        if near:
            return f"; did you mean {table[near[0]]!r}?"
    return "; names are those of the IANA database, such as 'Europe/Berlin' or 'UTC'"
