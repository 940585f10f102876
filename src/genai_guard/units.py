"""Numbers as people read them, in a unit that suits them."""

from __future__ import annotations

from typing import Final

__all__ = ["compact", "counted", "dollars", "frequency", "how_many", "milliseconds", "percent", "plain_time"]

_SUFFIXES: Final = ((1e12, "T"), (1e9, "G"), (1e6, "M"), (1e3, "k"))


def dollars(usd: float) -> str:
    """Return an amount of money, of which little is not nothing."""
    return f"${usd:.4g}" if usd < 1 or (usd < 100 and usd == int(usd)) else f"${usd:,.2f}"


def plain_time(seconds: float) -> str:
    """Return a time in a unit that suits it."""
    for unit_s, unit in ((86_400, "d"), (3_600, "h"), (60, "min"), (1, "s")):
        if seconds >= 2 * unit_s:
            return f"{seconds / unit_s:,.3g} {unit}"
    return f"{seconds:.2g} s" if seconds >= 1 or not seconds else f"{seconds * 1e3:.3g} ms"


def milliseconds(ms: float | None) -> str:
    """Return a duration with three digits, in the unit that suits it; a dash for none."""
    if ms is None:
        return "–"  # noqa: RUF001  a dash, as typesetters write it
    if ms < 999.5:
        return f"{ms:.3g} ms"
    return f"{ms / 1e3:.3g} s" if ms < 599_500 else plain_time(ms / 1e3)


def compact(number: float) -> str:
    """Return a number with three digits: `12.3k`; small whole numbers in full."""
    for size, suffix in _SUFFIXES:
        if number >= 0.9995 * size:
            return f"{number / size:.3g}{suffix}"
    return f"{number:.3g}"


def counted(number: float) -> str:
    """Return a number in full, or with three digits from a million on."""
    return f"{number:,.0f}" if number < 999_999.5 else compact(number)


def how_many(number: float, thing: str) -> str:
    """Return a number and what there are so many of: `1 row`, `2 rows`."""
    return f"{counted(number)} {thing}{'' if number == 1 else 's'}"


def frequency(number: float, seconds: float) -> str:
    """Return how often something happens, in the longest unit of which there is more than one."""
    for unit_s, unit in ((1, "a second"), (60, "a minute"), (3_600, "an hour")):
        if number * unit_s >= seconds:
            return f"{compact(number * unit_s / seconds)} {unit}"
    return f"{compact(number * 86_400 / seconds)} a day"


def percent(share: float) -> str:
    """Return a share with a digit behind the point, or two below one percent."""
    return f"{share:.2%}" if 0 < share < 0.01 else f"{share:.1%}"
