"""Hosts that are not of the public internet, and lists of hosts."""

from __future__ import annotations

import ipaddress
import re
import unicodedata
from collections.abc import Iterable, Iterator
from typing import Final

from genai_guard.errors import ConfigurationError
from genai_guard.guards.hyperlinks.link import Address, Link, address_of, parsed_label
from genai_guard.text.canonical import canonical

__all__ = ["Domains", "is_private"]

_NAMES: Final = frozenset(
    {"localhost", "ip6-localhost", "ip6-loopback", "broadcasthost", "metadata", "kubernetes", "intranet"}
)
_ENDINGS: Final = (
    *(".localhost", ".local", ".internal", ".intranet", ".localdomain", ".lan", ".home.arpa", ".corp", ".home"),
    *(".svc", ".private", ".localtest.me", ".lvh.me"),
)
"""Endings of names that are resolved within a network (RFC 6761, RFC 6762, RFC 8375, ICANN on `.internal`)."""
_EMBEDDED: Final = re.compile(
    r"(?:\A|[.-])(\d{1,3}(?:\.\d{1,3}){3}|\d{1,3}(?:-\d{1,3}){3})\.(?:nip\.io|sslip\.io|xip\.io|traefik\.me)\Z"
).search
_DOCUMENTATION: Final = tuple(
    map(ipaddress.ip_network, ("192.0.2.0/24", "198.51.100.0/24", "203.0.113.0/24", "2001:db8::/32"))
)
_SHARED: Final = ipaddress.ip_network("100.64.0.0/10")
_LABEL: Final = re.compile(r"[^\s/@:?#\\*.]+").fullmatch


def is_private(host: str) -> bool:
    """Whether a host is this machine, or one of a network that the public cannot reach.

    Addresses for documentation (RFC 5737, RFC 3849) are not.
    """
    if host in _NAMES or host.endswith(_ENDINGS):
        return True
    embedded = _EMBEDDED(host)
    address = address_of(embedded[1].replace("-", ".")) if embedded else address_of(host)
    return address is not None and _is_private(address)


def _is_private(address: Address) -> bool:
    if any(address in network for network in _DOCUMENTATION):
        return False
    return address.is_private or address.is_link_local or address.is_loopback or address in _SHARED


class Domains:
    """A list of hosts.

    An entry is a domain, which stands for itself and its subdomains; a domain after `*.`, for its subdomains alone; an
    address or a network of them (`10.0.0.0/8`); each of them also after a scheme, for that scheme alone.

    Args:
        parameter: What messages call the list.
        entries: The list.

    Raises:
        ConfigurationError: an entry is none of these.
    """

    __slots__ = ("_domains", "_entries", "_networks")

    def __init__(self, parameter: str, entries: Iterable[str]) -> None:
        self._entries: Final = tuple(entries)
        self._domains: Final[dict[str, set[tuple[str, bool]]]] = {}
        self._networks: Final[list[tuple[str, ipaddress.IPv4Network | ipaddress.IPv6Network]]] = []
        for number, entry in enumerate(self._entries):
            self._add(f"{parameter}: item {number}", entry)

    def __bool__(self) -> bool:
        return bool(self._entries)

    def __contains__(self, link: Link) -> bool:
        scheme, host = link.scheme, link.host
        for suffix, is_whole in _suffixes(host) if self._domains else ():
            for wanted, only_below in self._domains.get(suffix, ()):
                if wanted in {"", scheme} and not (only_below and is_whole):
                    return True
        address = address_of(host) if self._networks else None
        return address is not None and any(
            address in network and wanted in {"", scheme} for wanted, network in self._networks
        )

    def _add(self, place: str, entry: object) -> None:
        if not isinstance(entry, str):
            raise ConfigurationError(f"{place} is {type(entry).__name__}, not a str")
        scheme, _, host = entry.strip().lower().rpartition("://")
        try:
            self._networks.append((scheme, ipaddress.ip_network(host.strip("[]"))))
        except ValueError:
            only_below = host.startswith("*.")
            domain = _domain(place, host[2:] if only_below else host)
            for name in {domain, _canonical(domain)}:
                self._domains.setdefault(name, set()).add((scheme, only_below))


def _domain(place: str, host: str) -> str:
    host = unicodedata.normalize("NFKC", host).strip(".")
    labels = host.split(".")
    if not all(map(_LABEL, labels)):
        raise ConfigurationError(
            f"{place} is no domain: write 'example.com', '*.example.com', 'https://example.com' or '10.0.0.0/8', "
            "without a port or a path"
        )
    return ".".join(map(parsed_label, labels))


def _canonical(domain: str) -> str:
    """Return what a domain becomes in the canonical form of a text, where links are looked for too."""
    form = canonical(f"https://{domain}")
    return domain if form is None else form.text.lower().removeprefix("https://")


def _suffixes(host: str) -> Iterator[tuple[str, bool]]:
    """Yield a host and the domains that it lies in, each with whether it is the host itself."""
    yield host, True
    place = host.find(".")
    while place >= 0:
        yield host[place + 1 :], False
        place = host.find(".", place + 1)
