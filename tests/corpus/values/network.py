"""Addresses of machines and of coins."""

from __future__ import annotations

from hashlib import sha256
from random import Random

from corpus.values.arithmetic import chars, fill
from corpus.values.keccak import keccak_256
from corpus.values.words import DOMAIN_WORDS, plain_names

__all__ = ["crypto_address", "ip_address", "mac_address", "url_credentials"]


def ip_address(rng: Random, hint: str) -> str:
    """Return an address of version 4 or, for `v6`, 6."""
    if hint == "v6":
        return _ipv6(rng)
    first = rng.choice((10, 51, 81, 95, 172, 185, 192, 203, 212))
    second = {172: rng.randint(16, 31), 192: 168}.get(first, rng.randint(1, 254))
    return f"{first}.{second}.{rng.randint(0, 254)}.{rng.randint(1, 254)}"


def _ipv6(rng: Random) -> str:
    groups = [rng.choice(("2001", "2a02", "2a01", "fd4c", "fe80")), *(f"{rng.randrange(1, 65536):x}" for _ in range(7))]
    form = rng.randrange(4)
    if form == 0:
        return ":".join(groups)
    if form == 1:
        return ":".join(groups[:3]) + "::" + groups[3]
    if form == 2:
        return ":".join(groups[:2]) + "::" + ":".join(groups[2:5])
    return ":".join(group.zfill(4) for group in groups).upper()


def mac_address(rng: Random, hint: str) -> str:
    """Return six bytes with colons, hyphens or, for `cisco`, dots."""
    digits = rng.choice(("00", "3c", "a4", "f0", "dc")) + chars(rng, "%", 10)
    if hint == "cisco":
        return f"{digits[:4]}.{digits[4:8]}.{digits[8:]}"
    pairs = [digits[at : at + 2] for at in range(0, 12, 2)]
    made = rng.choice((":", ":", "-")).join(pairs)
    return made.upper() if rng.random() < 0.5 else made


def url_credentials(rng: Random, hint: str) -> str:
    """Return scheme, user, password and host."""
    scheme = hint if len(hint) > 2 else rng.choice(("https", "http", "ftp", "sftp", "smb"))
    user = rng.choice((plain_names(rng, "en")[0], "deploy", "backup", "svc-sync"))
    password = fill(rng, rng.choice(("$$$$$$$$$$", "&&&&&-&&&&##", "@&&&&&&##", "$$$$$!$$$$$$")))
    return f"{scheme}://{user}:{password}@{rng.choice(('files', 'git', 'nas', 'repo'))}.{rng.choice(DOMAIN_WORDS)}.net"


_BASE58 = "123456789ABCDEFGHJKLMNPQRSTUVWXYZabcdefghijkmnopqrstuvwxyz"
_BECH32 = "qpzry9x8gf2tvdw0s3jn54khce6mua7l"


def crypto_address(rng: Random, hint: str) -> str:
    """Return an address of the coin named, or of any."""
    versions = {"btc": 0x00, "btc3": 0x05, "ltc": 0x30, "doge": 0x1E, "tron": 0x41}
    kind = hint if hint in {*versions, "eth", "bc1", "bc1p"} else rng.choice((*versions, "eth", "eth", "bc1", "bc1p"))
    data = bytes(rng.randrange(256) for _ in range(32 if kind == "bc1p" else 20))
    if kind == "eth":
        return _ethereum(data.hex())
    if kind in {"bc1", "bc1p"}:
        return _segwit(data, 1 if kind == "bc1p" else 0)
    return _base58check(bytes([versions[kind]]) + data)


def _base58check(payload: bytes) -> str:
    data = payload + sha256(sha256(payload).digest()).digest()[:4]
    number, made = int.from_bytes(data, "big"), ""
    while number:
        number, rest = divmod(number, 58)
        made = _BASE58[rest] + made
    return "1" * (len(data) - len(data.lstrip(b"\0"))) + made


def _ethereum(address: str) -> str:
    """Write letters as capitals where the hash of the address says so, as EIP-55 has it."""
    digest = keccak_256(address.encode()).hex()
    return "0x" + "".join(c.upper() if int(digest[at], 16) >= 8 else c for at, c in enumerate(address))


def _segwit(data: bytes, version: int) -> str:
    bits = "".join(f"{byte:08b}" for byte in data)
    bits += "0" * (-len(bits) % 5)
    words = [version, *(int(bits[at : at + 5], 2) for at in range(0, len(bits), 5))]
    constant = 0x2BC830A3 if version else 1
    polymod = _polymod([3, 3, 0, 2, 3, *words, 0, 0, 0, 0, 0, 0]) ^ constant
    words += [(polymod >> 5 * (5 - at)) & 31 for at in range(6)]
    return "bc1" + "".join(_BECH32[word] for word in words)


def _polymod(words: list[int]) -> int:
    check = 1
    for word in words:
        top = check >> 25
        check = (check & 0x1FFFFFF) << 5 ^ word
        for at, generator in enumerate((0x3B6A57B2, 0x26508E6D, 0x1EA119FA, 0x3D4233DD, 0x2A1462B3)):
            check ^= generator if top >> at & 1 else 0
    return check
