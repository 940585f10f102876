"""Addresses of crypto currencies, which lead to all that their owner ever paid."""

from __future__ import annotations

from typing import Final

from genai_guard.guards.entities.checks import numbered
from genai_guard.guards.entities.entity import CODE
from genai_guard.guards.entities.keccak import keccak_256

__all__ = ["ENTITIES"]

_BASE58: Final = "123456789ABCDEFGHJKLMNPQRSTUVWXYZabcdefghijkmnopqrstuvwxyz"
_BASE58_VERSIONS: Final = frozenset({0x00, 0x05, 0x30, 0x32, 0x1E, 0x16, 0x41})
"""Bitcoin, Litecoin, Dogecoin and Tron, on their main networks."""
_BECH32: Final = "qpzry9x8gf2tvdw0s3jn54khce6mua7l"
_GENERATORS: Final = (0x3B6A57B2, 0x26508E6D, 0x1EA119FA, 0x3D4233DD, 0x2A1462B3)
_ADDRESS: Final = (
    r"[13LMDAT9][1-9A-HJ-NP-Za-km-z]{24,34}|(?:bc1|ltc1)[02-9ac-hj-np-z]{37,87}|(?:BC1|LTC1)[02-9AC-HJ-NP-Z]{37,87}|"
    r"0x[0-9a-fA-F]{40}"
)


def _is_base58check(address: str) -> bool:
    """Check the network and the double SHA-256 in the last four bytes (Bitcoin, Base58Check encoding)."""
    from hashlib import sha256  # noqa: PLC0415  loads OpenSSL

    value = 0
    for char in address:
        value = 58 * value + _BASE58.index(char)
    if value.bit_length() > 200:
        return False
    data = value.to_bytes(25, "big")
    # The gate asks for a digit; of two hundred addresses one has none.
    has_digit = any(char.isdigit() for char in address)
    is_whole = has_digit and len(address) - len(address.lstrip("1")) == len(data) - len(data.lstrip(b"\0"))
    return is_whole and data[0] in _BASE58_VERSIONS and sha256(sha256(data[:21]).digest()).digest()[:4] == data[21:]


def _is_bech32(address: str) -> bool:
    """Check the last six characters and the version (BIP 173, BIP 350)."""
    prefix, _, data = address.lower().partition("1")
    values = (
        [ord(char) >> 5 for char in prefix] + [0] + [ord(char) & 31 for char in prefix] + [*map(_BECH32.index, data)]
    )
    check = 1
    for value in values:
        top = check >> 25
        check = (check & 0x1FFFFFF) << 5 ^ value
        for bit, generator in enumerate(_GENERATORS):
            check ^= generator if top >> bit & 1 else 0
    version = _BECH32.index(data[0])
    size = len(data) - 7
    fits = size in {32, 52} if version == 0 else version <= 16
    return fits and check == (1 if version == 0 else 0x2BC830A3)


def _is_ethereum(address: str) -> bool:
    """Check the case of the letters, if both are used (EIP-55); refuse zeros and other rows."""
    digits = address[2:]
    if len(set(digits)) < 8:
        return False
    if digits in {digits.lower(), digits.upper()}:
        return True
    signs = keccak_256(digits.lower().encode()).hex()
    return all((sign >= "8") == char.isupper() for char, sign in zip(digits, signs, strict=False) if char.isalpha())


def _is_address(matched: str) -> bool:
    if matched.startswith("0x"):
        return _is_ethereum(matched)
    return _is_bech32(matched) if matched[:3].lower() in {"bc1", "ltc"} else _is_base58check(matched)


def _is_mixed(matched: str) -> bool:
    """Whether a form of an Ethereum address has letters of both cases, so that they are a check; else it is any hash."""
    return not matched.startswith("0x") or matched[2:] not in {matched[2:].lower(), matched[2:].upper()}


def _is_bare_address(matched: str) -> bool:
    return _is_mixed(matched) and _is_address(matched)


ENTITIES: Final = (
    numbered(
        "CRYPTO_ADDRESS", _ADDRESS, _is_address, is_bare_valid=_is_bare_address, bare=0.95,
        how="Base58Check of Bitcoin, Litecoin, Dogecoin and Tron; Bech32 and Bech32m (BIP 173, 350); EIP-55 of Ethereum, "
        "whose addresses in one case need a word before them",
        words=("wallet", "ethereum", "eth", "address", "crypto", "bitcoin", "btc", "erc20", "metamask", "deposit"),
        gate="digit_token_17", lengths=(25, 91), alphabet=CODE,
    ),
)  # fmt: skip
