"""Keccak-256 as Ethereum uses it: SHA-3 before its padding was changed, which `hashlib` does not have."""

from __future__ import annotations

from typing import Final

__all__ = ["keccak_256"]

_RATE: Final = 136
_MASK: Final = (1 << 64) - 1


def keccak_256(data: bytes) -> bytes:
    """Return the digest of `data` (Keccak reference, version 3.0, with capacity 512 and padding 0x01)."""
    padded = bytearray(data) + b"\x01" + bytes(-(len(data) + 1) % _RATE)
    padded[-1] |= 0x80
    lanes = [0] * 25
    for start in range(0, len(padded), _RATE):
        for at in range(_RATE // 8):
            lanes[at] ^= int.from_bytes(padded[start + 8 * at : start + 8 * at + 8], "little")
        lanes = _permuted(lanes)
    return b"".join(lane.to_bytes(8, "little") for lane in lanes[:4])


def _rotated(lane: int, by: int) -> int:
    by %= 64
    return (lane << by | lane >> (64 - by)) & _MASK


def _permuted(lanes: list[int]) -> list[int]:
    """Keccak-f[1600]; the round constants come from its shift register."""
    register = 1
    for _ in range(24):
        sums = [lanes[x] ^ lanes[x + 5] ^ lanes[x + 10] ^ lanes[x + 15] ^ lanes[x + 20] for x in range(5)]
        mixed = [sums[(x - 1) % 5] ^ _rotated(sums[(x + 1) % 5], 1) for x in range(5)]
        lanes = _moved([lane ^ mixed[at % 5] for at, lane in enumerate(lanes)])
        lanes = [
            lane ^ (~lanes[at - at % 5 + (at + 1) % 5] & lanes[at - at % 5 + (at + 2) % 5])
            for at, lane in enumerate(lanes)
        ]
        for bit in range(7):
            register = (register << 1 ^ (register >> 7) * 0x171) & 0xFF
            if register & 2:
                lanes[0] ^= 1 << ((1 << bit) - 1)
    return lanes


def _moved(lanes: list[int]) -> list[int]:
    """Rotate the lanes and move them to their new places."""
    out = lanes.copy()
    x, y = 1, 0
    for step in range(24):
        source = lanes[x + 5 * y]
        x, y = y, (2 * x + 3 * y) % 5
        out[x + 5 * y] = _rotated(source, (step + 1) * (step + 2) // 2)
    return out
