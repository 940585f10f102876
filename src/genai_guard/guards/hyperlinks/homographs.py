"""Hosts that look like others (UTS #39): letters of two alphabets in a label, or letters that all look like ASCII."""

from __future__ import annotations

import re
import unicodedata
from functools import cache
from typing import Final

import regex

from genai_guard.text.canonical.tables import look_alikes

__all__ = ["is_homograph"]

_LATIN: Final = regex.compile(r"\p{Latin}").search
_OTHER: Final = regex.compile(r"[\p{Greek}\p{Cyrillic}\p{Armenian}\p{Cherokee}\p{Lisu}\p{Coptic}]").search
_is_odd: Final = re.compile(
    "[\u0131\u0237\u0251\u0261\u0262\u026a\u0274\u0280\u028f\u0299\u029c\u1d00-\u1d22\ua730\ua731\u01c0\u0269\u026f\u028b]"
).search
"""Letters of phonetics that look like those of ASCII, and stand in no name."""
_is_delimiter: Final = re.compile(
    "[\u2044\u2215\u29f8\u2571\u2024\u2025\u05c3\u2236\ua789\u02d0\uff0f\u037e\u2216\u01c3]"
).search
"""Characters that look like the points and strokes of a link."""
_BRANDS: Final = frozenset(
    {
        *("adobe", "airbnb", "alibaba", "aliexpress", "amazon", "americanexpress", "apple", "bankofamerica"),
        *("bbc", "binance", "bing", "blockchain", "booking", "chase", "chatgpt", "citibank", "coinbase", "dhl"),
        *("discord", "docusign", "dropbox", "ebay", "facebook", "fedex", "github", "gitlab", "gmail", "google"),
        *("hsbc", "icloud", "instagram", "kraken", "linkedin", "mastercard", "metamask", "microsoft"),
        *("microsoftonline", "netflix", "office", "office365", "openai", "outlook", "paypal", "pinterest"),
        *("reddit", "revolut", "roblox", "samsung", "shopify", "signal", "skype", "slack", "spotify", "steam"),
        *("steampowered", "stripe", "telegram", "tiktok", "trezor", "twitch", "twitter", "usps"),
        *("visa", "wellsfargo", "whatsapp", "wikipedia", "yahoo", "yandex", "youtube", "zoom"),
    }
)
"""Labels that are imitated most."""


def is_homograph(written: str, host: str, protected: frozenset[str] = frozenset()) -> bool:
    """Whether a host is made to be taken for another one.

    In ASCII that is a name with figures in place of letters, and the like.

    Args:
        written: The host, Punycode decoded.
        host: The same in its compatibility form.
        protected: Labels besides those that are imitated most.
    """
    *labels, last = host.split(".")
    if written.isascii():
        return any(_imitates(word, protected) for label in labels for word in label.split("-"))
    if _is_delimiter(written):
        return True
    return any(_deceives(label, last, protected) for label in (*labels, last) if not label.isascii())


def _imitates(word: str, protected: frozenset[str]) -> bool:
    """Whether a word in ASCII is a name but for figures in place of letters, `rn` for `m` or `vv` for `w`."""
    if len(word) < _MIN_NAME or word in _BRANDS or word in protected:
        return False
    plain = word.replace("rn", "m").replace("vv", "w").translate(_FIGURES)
    return (plain != word or "1" in word) and any(
        each in _BRANDS or each in protected for each in (plain.replace("1", "l"), plain.replace("1", "i"))
    )


def _deceives(label: str, top: str, protected: frozenset[str]) -> bool:
    if _is_odd(label):
        return True
    if _OTHER(label):
        if _LATIN(label):
            return True
        if top.isascii() and all(char in _alike() or not char.isalpha() for char in label):
            return True
    bare = _bare(label)
    return bare in _BRANDS or bare in protected


def _bare(label: str) -> str:
    """Return a label without marks, and with the letters that each of its letters looks like."""
    alike = _alike()
    plain = "".join(char for char in unicodedata.normalize("NFKD", label) if not unicodedata.combining(char))
    return "".join(alike.get(char, char) for char in plain).casefold()


@cache
def _alike() -> dict[str, str]:
    return {**look_alikes(), **_MORE}


_MIN_NAME: Final = 5
_FIGURES: Final = str.maketrans("03457", "oeast")
_MORE: Final = {"ł": "l", "đ": "d", "ø": "o", "ħ": "h", "ŧ": "t", "æ": "ae"}
