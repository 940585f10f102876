"""Where a path or an address leads, read so that no spelling of it leads elsewhere."""

from __future__ import annotations

import posixpath
import re
import unicodedata
from collections.abc import Callable, Iterable, Iterator
from typing import Final
from urllib.parse import unquote, urlsplit

__all__ = ["host_of", "is_host", "is_under", "plain_path"]

_ROUNDS: Final = 3
_ODD: Final[Callable[[str], object]] = re.compile(
    r"[\x00-\x20\x7f\\<>\"'`{}|^\u0080-\u00a0\u1680\u2000-\u200f\u2028-\u202f\u3000\ufeff]"
).search
_SCHEME: Final = re.compile(r"[A-Za-z][A-Za-z0-9+.-]*://")
_HOST: Final[Callable[[str], object]] = re.compile(
    r"[a-z0-9_](?:[a-z0-9_.-]*[a-z0-9_])?|\[?[0-9a-f:.]*:[0-9a-f:.]*\]?"
).fullmatch


def is_under(path: str, folders: Iterable[str]) -> bool:
    """Tell whether a path leads into one of the folders, or to it, however it is read."""
    plain = [plain_path(folder) for folder in folders]
    return all(any(_is_within(reading, folder) for folder in plain) for reading in _readings(path))


def plain_path(path: str) -> str:
    """Return a path without `.`, `..`, backslashes and doubled slashes."""
    straight = path.replace("\\", "/")
    normal = posixpath.normpath(straight) if straight else ""
    return "/" + normal.lstrip("/") if normal.startswith("/") else normal


def is_host(address: str, hosts: Iterable[str]) -> bool:
    """Tell whether a URL, an e-mail address or a host names one of the hosts."""
    found = host_of(address)
    return found is not None and any(_is_below(found, host.lower().rstrip(".")) for host in hosts)


def host_of(address: str) -> str | None:
    """Return the host of an address in lower case; None if there is none, or if readers could find different ones."""
    if _ODD(address):
        return None
    try:
        if "@" in address and "/" not in address:
            name, _, host = address.rpartition("@")
            return _plain_host(host) if name and "@" not in name and ":" not in name and ":" not in host else None
        known = urlsplit(address if _SCHEME.match(address) or address.startswith("//") else f"//{address}")
        _ = known.port  # refuses what is no number
        return None if "@" in known.netloc or known.hostname is None else _plain_host(known.hostname)
    except ValueError:
        return None


def _plain_host(host: str) -> str | None:
    if not host.isascii():
        try:
            host = host.encode("idna").decode("ascii")
        except UnicodeError:
            return None
    host = host.lower().removesuffix(".")
    return host if _HOST(host) and ".." not in host else None


def _is_below(host: str, allowed: str) -> bool:
    if allowed.startswith("*."):
        return host.endswith(allowed[1:]) and len(host) > len(allowed) - 1
    return host == allowed


def _readings(path: str) -> Iterator[str]:
    """Yield a path as it is written, and as readers see it that decode it first."""
    for _ in range(_ROUNDS):
        if "\x00" in path or path.startswith("~"):
            yield ".."
            return
        yield plain_path(path)
        yield plain_path(unicodedata.normalize("NFKC", path))
        decoded = unquote(path)
        if decoded == path:
            return
        path = decoded
    yield ".."  # encoded so often that nobody means it well


def _is_within(path: str, folder: str) -> bool:
    if folder in {".", "/"}:
        return not path.startswith("..") and path.startswith("/") is (folder == "/")
    return path == folder or path.startswith(f"{folder}/")
