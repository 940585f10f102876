"""Links that carry data away: what a reader of the page would send to their host by clicking, or by looking."""

from __future__ import annotations

import re
from base64 import urlsafe_b64decode
from collections.abc import Callable, Iterator
from typing import Final
from urllib.parse import unquote, unquote_plus

from genai_guard.guards.hyperlinks.link import Link
from genai_guard.text.canonical.encodings import islands

__all__ = ["carries_data"]

_MIN_PROSE: Final = 24
_MIN_WORDS: Final = 4
_MIN_RANDOM: Final = 32
_MIN_SHORT: Final = 8
_COLLECTORS: Final = (
    *(
        "webhook.site",
        "requestbin.com",
        "requestbin.net",
        "pipedream.net",
        "requestcatcher.com",
        "beeceptor.com",
        "hookbin.com",
    ),
    *(
        "burpcollaborator.net",
        "oastify.com",
        "oast.fun",
        "oast.live",
        "oast.me",
        "oast.online",
        "oast.pro",
        "oast.site",
    ),
    *(
        "interact.sh",
        "interactsh.com",
        "dnslog.cn",
        "ceye.io",
        "canarytokens.com",
        "postb.in",
        "ptsv2.com",
        "ptsv3.com",
    ),
)
"""Domains of services that record what is asked of them."""
_TELLING: Final = frozenset(
    {
        *(
            "secret",
            "secrets",
            "password",
            "passwd",
            "pwd",
            "apikey",
            "api_key",
            "cred",
            "creds",
            "credential",
            "credentials",
        ),
        *(
            "exfil",
            "exfiltrate",
            "exfiltrated",
            "leak",
            "leaked",
            "stolen",
            "steal",
            "cookie",
            "cookies",
            "conversation",
        ),
        *(
            "chat",
            "chat_history",
            "chathistory",
            "history",
            "system_prompt",
            "systemprompt",
            "prompt",
            "ssn",
            "private_key",
        ),
    }
)
"""Names of parameters that no picture needs."""
_MAX_READ: Final = 2_000
_URL_SAFE: Final = str.maketrans("+/", "-_")
_SPLIT: Final = re.compile(r"[/?&;#]")
_is_word: Final = re.compile(r"[\"'(]?[^\W\d_]{2,}[.,;:!?)\"']?").fullmatch
_is_address: Final = re.compile(r"[\w.+-]@(?:[\w-]+\.)+[A-Za-z]{2}").search
_tells: Final = re.compile(r"[^\W\d_]\s+[^\W\d_]|@|[\"{:=]\s?\w|\w{20}").search
"""Finds what a text has that is worth to be encoded: words, an address, an assignment, a key."""
_tells_a_little: Final = re.compile(r"[^\W\d_]\s+[^\W\d_]|@|[\"{:=]\s?\w|\w{8}").search
_has_letters: Final = re.compile(r"[A-Za-z]{4}").search
_is_padded: Final = re.compile(r"[A-Za-z0-9+/_-]{6,}={1,2}").fullmatch
_is_token: Final = re.compile(r"(?=.*[a-z])(?=.*[A-Z])(?=.*\d)[A-Za-z0-9+/_=-]+").fullmatch
_is_jwt: Final = re.compile(r"eyJ[\w-]+\.[\w-]+\.[\w-]*").fullmatch
_BEARERS: Final = frozenset(
    {
        *("d", "data", "q", "query", "k", "x", "payload", "text", "txt", "m", "msg", "message", "c", "content"),
        *("info", "value", "val", "body", "b64", "base64", "hex", "enc", "dump", "log", "input", "output"),
    }
)
"""Names of parameters that say nothing but that there is something. Those of signatures are others."""


def carries_data(link: Link, *, is_fetched: bool) -> bool:
    """Whether a link carries a text away.

    That is an encoded text in its query, path, fragment or host. In what is fetched by looking at a page also words in
    a row, an e-mail address, or something drawn at random that is no signature.

    Args:
        link: The link.
        is_fetched: Whether a page fetches it by itself, as pictures are.
    """
    if link.host.endswith(_COLLECTORS) and (is_fetched or "?" in link.rest):
        return True
    return any(_is_fetched_data(*each) if is_fetched else _is_encoded(each[1]) for each in _values(link))


def _values(link: Link) -> Iterator[tuple[str, str]]:
    """Yield the labels of the host, the parts of the path and the values of the query, escapes undone."""
    for label in link.host.split("."):
        yield "", label
    query = False
    start = 0
    rest = link.rest[:_MAX_READ]
    for found in (*_SPLIT.finditer(rest), None):
        part = rest[start : found.start() if found else len(rest)]
        name, sign, value = part.partition("=") if query else ("", "", part)
        yield (name, unquote_plus(value)) if sign else ("", unquote(part))
        query = query or (found is not None and found[0] in "?#")
        start = found.end() if found else start


def _is_encoded(value: str, least: int = 24, tells: Callable[[str], object] = _tells) -> bool:
    """Whether a value of so many characters at least is an encoded text that is worth to be encoded."""
    if len(value) < least or _is_jwt(value):
        return False
    return any(end - start >= least and tells(text) is not None for start, end, text in islands(value))


def _is_fetched_data(name: str, value: str) -> bool:
    """Whether a value of what is fetched is data, for instance because of its name."""
    if name and (_is_spoken(value) or _is_drawn(name, value) or (value and name.lower() in _TELLING)):
        return True
    if len(value) >= _MIN_PROSE and sum(map(bool, map(_is_word, value.split()))) >= _MIN_WORDS:
        return True
    return _is_encoded(value, 16, _tells_a_little)


def _is_spoken(value: str) -> bool:
    """Whether a value is an e-mail address, or a short text in base64."""
    if "@" in value and _is_address(value):
        return True
    if len(value) < _MIN_SHORT or _is_padded(value) is None:
        return False
    try:
        text = urlsafe_b64decode(value.translate(_URL_SAFE)).decode("ascii")
    except ValueError:
        return False
    return text.isprintable() and "|" not in text and _has_letters(text) is not None


def _is_drawn(name: str, value: str) -> bool:
    """Whether a value looks drawn at random, and its name is not that of a signature."""
    return len(value) >= _MIN_RANDOM and name.lower() in _BEARERS and _is_token(value) is not None
