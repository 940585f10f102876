"""What leads to a device or into an account: numbers of phones, addresses that carry a password."""

from __future__ import annotations

from typing import Final

from genai_guard.guards.entities.checks import is_luhn, numbered
from genai_guard.guards.entities.entity import DIGITS, LETTERS, Entity, digits_of
from genai_guard.text.rules import Rule

__all__ = ["ENTITIES"]

# User information as RFC 3986, section 3.2.1, has it; a host that is not a name or an address in digits is left.
_URL: Final = (
    r"(?<![\w+.-])[A-Za-z][A-Za-z0-9+.-]{1,14}://[A-Za-z0-9._~%!$&'()*+,;=-]{0,64}"
    r":[A-Za-z0-9._~%!$&'()*+,;=:-]{1,128}@[A-Za-z0-9.-]{1,253}(?![A-Za-z0-9.-])"
)


def _is_imei(matched: str) -> bool:
    return is_luhn(digits_of(matched))


def _host_end(matched: str) -> int:
    """Leave out the full stop or hyphen after a host; 0 if no host is left."""
    end = len(matched.rstrip(".-"))
    return end if matched[end - 1] != "@" else 0


def _mask_url(matched: str, _keep: int = 0) -> str:
    """Keep the scheme and the host."""
    return f"{matched.partition('://')[0]}://***:***@{matched.rpartition('@')[2]}"


ENTITIES: Final = (
    numbered(
        "IMEI", r"\d{15}|\d\d[ -]\d{6}[ -]\d{6}[ -]\d", _is_imei, how="Luhn digit (3GPP TS 23.003)", bare=0.3,
        words=("imei",), gate="digits_13", lengths=(15, 18),
    ),
    Entity(
        "URL_CREDENTIALS",
        (
            Rule(
                id="pii.url_credentials",
                category="URL_CREDENTIALS",
                pattern=_URL,
                gate="at",
                trim=_host_end,
                max_length=15 + 3 + 64 + 1 + 128 + 1 + 253 + 2,
                min_length=8,
                alphabet=LETTERS + DIGITS + "+.-:/_~%!$&'()*,;=@",
                prose=False,
                score=0.75,
            ),
        ),
        _mask_url,
        "user information and host (RFC 3986); the guard `Secrets` finds them as well",
    ),
)  # fmt: skip
