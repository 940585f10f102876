"""Addresses of computers, which lead to people."""

from __future__ import annotations

from typing import Final

from genai_guard.guards.entities.entity import HEX, NUMBER, Entity, mask_all
from genai_guard.text.rules import Rule

__all__ = ["ENTITIES"]

_OCTET: Final = r"(?:25[0-5]|2[0-4]\d|1\d\d|[1-9]?\d)"
_QUAD: Final = rf"(?:{_OCTET}\.){{3}}{_OCTET}"
# What stands before four numbers that are a version, a section or the version of a browser.
_NO_ADDRESS: Final = (
    r"(?<!(?:(?<!\w)(?i:v|ver|versions?|releases?|builds?|firmwares?|fw|updates?|upgrades?|rollback|section|chapter)|§)"
    r"(?:[^\w\n][^\d\n]{0,11})?)"
    r"(?<![=~<>^!]=)(?<![A-Za-z]/)"
)
_IPV4: Final = rf"(?<![\w.]){_NO_ADDRESS}{_QUAD}(?!\w|\.\w)"
_IPV6: Final = rf"(?<![\w:.])(?:[0-9A-Fa-f]{{0,4}}:){{2,7}}(?:{_QUAD}|[0-9A-Fa-f]{{1,4}}|(?<=::))(?!\w|:[\w:]|\.\d)"


_PAIR: Final = "[0-9A-Fa-f]{2}"
_MAC: Final = rf"(?<!\w)(?<!\w[:-])(?:{_PAIR}(?::{_PAIR}){{5}}|{_PAIR}(?:-{_PAIR}){{5}})(?!\w|[:-]\w)"


def _is_mac(matched: str) -> bool:
    """Refuse what has no digit, and what names no device: six pairs of one value, such as the broadcast."""
    return any(char.isdigit() for char in matched) and len({matched[at : at + 2].lower() for at in range(0, 17, 3)}) > 1


def _is_ipv4(matched: str) -> bool:
    """Refuse what names no computer in particular: this host, the loopback, networks, netmasks and the broadcast."""
    return not matched.startswith(("0.", "127.", "255.")) and not matched.endswith(".0")


def _is_ipv6(matched: str) -> bool:
    """Check the groups (RFC 4291), and refuse what is more likely a slice or a scope: `1::2`, `A::B`, `::`, `::1`."""
    head, compressed, tail = matched.partition("::")
    groups = [group for half in (head, tail) for group in half.split(":") if half]
    if "" in groups or groups == ["1"]:
        return False
    has_quad = bool(groups) and "." in groups[-1]
    size = len(groups) + has_quad
    if not compressed:
        return size == 8
    return size < 8 and (has_quad or (_tells(groups) and any(char.isdigit() for char in matched)))


def _tells(groups: list[str]) -> bool:
    return any(len(group) >= 3 for group in groups) and (len(groups) >= 3 or len(groups[0]) == 4)


ENTITIES: Final = (
    Entity(
        "IP_ADDRESS",
        (
            Rule(
                id="pii.ipv4",
                category="IP_ADDRESS",
                pattern=_IPV4,
                gate="dotted_quad",
                validator=_is_ipv4,
                look_behind=24,
                max_length=17,
                min_length=7,
                alphabet=NUMBER,
                prose=False,
            ),
            Rule(
                id="pii.ipv6",
                category="IP_ADDRESS",
                pattern=_IPV6,
                gate="colons",
                validator=_is_ipv6,
                max_length=54,
                look_behind=2,
                min_length=3,
                alphabet=HEX,
                prose=False,
            ),
        ),
        mask_all,
        "ranges of octets, groups (RFC 4291); no loopback, netmask or version",
    ),
    Entity(
        "MAC_ADDRESS",
        (
            Rule(
                id="pii.mac_address",
                category="MAC_ADDRESS",
                pattern=_MAC,
                gate="hex_pairs",
                validator=_is_mac,
                look_behind=2,
                max_length=19,
                min_length=17,
                alphabet=HEX,
                prose=False,
                score=0.9,
            ),
        ),
        mask_all,
        "six pairs (IEEE 802), not all of one value",
    ),
)
