"""A link, and its parts as a browser reads them."""

from __future__ import annotations

import ipaddress
import re
import unicodedata
from typing import Final, NamedTuple, TypeAlias
from urllib.parse import unquote

__all__ = [
    "BODY",
    "LINK",
    "MAX_BODY",
    "SERVICE",
    "WEB_SCHEMES",
    "Address",
    "Link",
    "address_of",
    "parse",
    "parsed_label",
    "trimmed",
]

Address: TypeAlias = ipaddress.IPv4Address | ipaddress.IPv6Address

_ENDS: Final = '\\s<>"`\u201c\u201d\u2018\u300c\u300d\u300e\u300f\u3001\u3002\uff0c\uff01\uff1a\uff1b\uff1f\uff08\uff09\u3010\u3011'
"""Characters that end a link in any text, those of Chinese and Japanese punctuation among them."""
MAX_BODY: Final = 1_000
"""Characters of a link, its scheme aside. Of a longer one this beginning is found."""
BODY: Final = f"[^{_ENDS}]"
_STARTS: Final = (
    r"(?:(?<![A-Za-z0-9+.-])(?:h(?:tt|xx)ps?|ftps?|wss?|gopher)\[?:\]?(?://|\\\\)[\\/]{0,4}"
    r"|(?<=\]\(|=[\"'])//|(?<![\w.@/-])www\.)"
)
LINK: Final = rf"{_STARTS}{BODY}{{1,{MAX_BODY}}}+"
"""A link with a scheme of the web, relative to the scheme of its page in Markdown and HTML, or with nothing but `www.`."""
SERVICE: Final = rf"(?<![A-Za-z0-9+.-])(?:sftp|dict|ldaps?|tftp)://{BODY}{{1,{MAX_BODY}}}+"
"""A link to a service that only programs ask, which matters if it is a private one. By itself, since schemes that begin
with frequent letters make a search slow."""

WEB_SCHEMES: Final = frozenset(
    {"", "http", "https", "ftp", "ftps", "sftp", "ws", "wss", "gopher", "dict", "ldap", "ldaps", "tftp"}
)
_parts: Final = re.compile(r"(?:([a-z][a-z0-9+.-]*)\[?:\]?)?[\\/]*([^/\\?#]*)(.*)", re.IGNORECASE | re.DOTALL).match
_port: Final = re.compile(r":\d*\Z").search
_brackets: Final = re.compile(r"[()\[\]]").finditer
_next_link: Final = re.compile(r"[,;|](?=[A-Za-z][A-Za-z0-9+.-]{1,19}://)").search
_sentence: Final = re.compile("[.,!?;:](?=[\u3040-\u30ff\u3400-\u9fff\uac00-\ud7af])").finditer
_host_so_far: Final = re.compile(r"(?:[A-Za-z]+:)?[\\/]*([^/\\?#]*)").match
_POINTS: Final = ".,;:!?*_~'\u2019\u2026\\"
_DOTS: Final = re.compile(r"\[\.\]|\(\.\)|\{\.\}|\[dot\]|\(dot\)|[\u3002\uff0e\uff61]", re.IGNORECASE)
_number: Final = re.compile(r"0x[0-9a-f]*|\d+").fullmatch
_NAT64: Final = ipaddress.IPv6Network("64:ff9b::/96")


class Link(NamedTuple):
    """The parts of a link.

    Attributes:
        scheme: In lower case; empty if it has none. That of a defanged link is the one that is meant.
        userinfo: What stands before the `@` of the authority.
        written: The host as it is written, escapes and Punycode undone, in lower case.
        host: The same in its compatibility form (NFKC), without the point at the end.
        rest: Path, query and fragment.
        is_split: Whether programs disagree about which part the host is, because of a backslash before an `@`.
    """

    scheme: str
    userinfo: str
    written: str
    host: str
    rest: str
    is_split: bool


def parse(url: str) -> Link:
    """Return the parts of a link; the host is empty if it has none."""
    found = _parts(url)
    scheme, authority, rest = (found[1] or "", found[2], found[3]) if found else ("", "", "")
    scheme = scheme.lower().replace("xx", "tt") if scheme[1:3].lower() == "xx" else scheme.lower()
    userinfo, _, place = authority.rpartition("@")
    is_split = rest.startswith("\\") and "@" in rest[1:].partition("/")[0]
    written = _host(place)
    host = unicodedata.normalize("NFKC", written) if not written.isascii() else written
    return Link(scheme, userinfo, written, host.strip("."), rest, is_split)


def _host(place: str) -> str:
    """Return the host of an authority: without its port, and as a reader sees it."""
    host = _DOTS.sub(".", place) if not place.isascii() or place.count("[") != 1 or "." in place else place
    if host.startswith("["):
        return host[1:].partition("]")[0].lower()
    port = _port(host)
    host = unquote(host[: port.start()] if port else host).lower()
    return ".".join(map(parsed_label, host.split("."))) if "xn--" in host else host


def parsed_label(label: str) -> str:
    """Return a label of a host with its Punycode decoded (RFC 3492); as it is if that is none."""
    if not label.startswith("xn--"):
        return label
    try:
        return label[4:].encode("ascii").decode("punycode")
    except UnicodeError:
        return label


def address_of(host: str) -> Address | None:
    """Return the address that a host is, in any way that browsers read one; None for a name.

    IPv4 also as one number, in octal, in hexadecimal or with fewer than four parts (WHATWG URL, 3.5); IPv6 that stands
    for an IPv4 address is that one.
    """
    if ":" in host:
        return _v6(host)
    parts = host.split(".")
    if len(parts) > 4 or not all(map(_number, parts)):
        return None
    *heads, last = map(_number_of, parts)
    if any(head > 255 for head in heads) or last >= 256 ** (5 - len(parts)):
        return None
    value = last + sum(head << (8 * (3 - place)) for place, head in enumerate(heads))
    return ipaddress.IPv4Address(value)


def _v6(host: str) -> Address | None:
    try:
        address = ipaddress.IPv6Address(host.partition("%")[0])
    except ValueError:
        return None
    if address in _NAT64:
        return ipaddress.IPv4Address(int(address) & 0xFFFFFFFF)
    return address.ipv4_mapped or address.sixtofour or address


def _number_of(part: str) -> int:
    if part.startswith("0x"):
        return int(part[2:] or "0", 16)
    is_octal = part.startswith("0") and part.isdecimal() and set(part) <= set("01234567")
    return int(part, 8 if is_octal else 10)


def trimmed(matched: str) -> int:
    """Return how many of the characters of a link belong to it.

    Not those from a bracket on that was opened before it, nor points at its end, nor another link after a comma, nor
    a sentence in Han, Kana or Hangul behind a point, unless a name goes on so.
    """
    following = _next_link(matched)
    end = following.start() if following else len(matched)
    if not matched.isascii():
        places = (found.start() for found in _sentence(matched, 0, end))
        end = next((place for place in places if _is_over(matched[:place])), end)
    end = _unbalanced(matched, end)
    return len(matched[:end].rstrip(_POINTS))


def _is_over(link: str) -> bool:
    """Whether a point behind a link does not belong to its host: there is a path, or a name of ASCII with a point."""
    host = _host_so_far(link)
    return host is None or host.end() < len(link) or (host[1].isascii() and "." in host[1].removeprefix("www."))


def _unbalanced(text: str, end: int) -> int:
    depth = {"(": 0, "[": 0}
    for found in _brackets(text, 0, end):
        char = found[0]
        if char in depth:
            depth[char] += 1
            continue
        opening = "(" if char == ")" else "["
        if not depth[opening]:
            return found.start()
        depth[opening] -= 1
    return end
