"""Whole numbers in few bytes, for states that leave the process."""

from __future__ import annotations

from collections.abc import Iterable

__all__ = ["pack", "unpack"]


def pack(numbers: Iterable[int]) -> bytes:
    """Return whole numbers as bytes: seven bits to a byte, least first, the eighth says that more follow (LEB128).

    The sign is kept in the lowest bit. A number below 64 takes one byte, a time in nanoseconds nine.
    """
    out = bytearray()
    for number in numbers:
        rest = number << 1 if number >= 0 else (-number << 1) - 1
        while rest > 0x7F:
            out.append((rest & 0x7F) | 0x80)
            rest >>= 7
        out.append(rest)
    return bytes(out)


def unpack(data: bytes) -> list[int]:
    """Return the numbers that `pack` made bytes of.

    Raises:
        ValueError: the bytes end in the middle of a number.
    """
    numbers: list[int] = []
    rest = shift = 0
    for byte in data:
        rest |= (byte & 0x7F) << shift
        if byte & 0x80:
            shift += 7
        else:
            numbers.append(rest >> 1 if not rest & 1 else -((rest + 1) >> 1))
            rest = shift = 0
    if shift:
        raise ValueError("a packed state was cut off")
    return numbers
