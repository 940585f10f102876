"""`Links`: links that lead where they should not, and links that carry data away."""

from __future__ import annotations

import re
from base64 import b64decode
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass, field, replace
from functools import cached_property, lru_cache
from typing import ClassVar, Final, cast
from urllib.parse import unquote

from genai_guard.errors import ConfigurationError
from genai_guard.guards.base import settle
from genai_guard.guards.hyperlinks.exfiltration import carries_data
from genai_guard.guards.hyperlinks.homographs import is_homograph
from genai_guard.guards.hyperlinks.hosts import Domains, is_private
from genai_guard.guards.hyperlinks.link import (
    BODY,
    LINK,
    MAX_BODY,
    SERVICE,
    WEB_SCHEMES,
    Link,
    address_of,
    parse,
    trimmed,
)
from genai_guard.guards.matching import RuleGuard
from genai_guard.text.rules import Rule
from genai_guard.verdicts import Action, ActionLike

__all__ = ["Links"]

_LABEL: Final = "[LINK]"
_FETCHED_ID: Final = "links.fetched"
_MIN_PROTECTED: Final = 4
_NONE: Final = frozenset[str]()
_DENIED: Final = frozenset({"LINK_DENIED"})
_FETCHERS: Final = ("](", "]:", "src", "poster", "background", "data", "url(")
_LITERALS: Final = ("//", "\\\\", "www.")
_URL: Final = rf"(?:[A-Za-z][A-Za-z0-9+.-]{{1,19}}:)?//{BODY}"
_FETCHED: Final = (
    rf"!\[[^\]\n]{{0,200}}\]\(\s{{0,4}}<?(?:[A-Za-z][A-Za-z0-9+.-]{{1,19}}:)?//[^\s<>)]{{1,{MAX_BODY}}}+"
    rf"(?:>?(?:\s{{1,4}}[\"'(][^\"'\n)]{{0,200}}[\"')])?\s{{0,4}}\))?"
    rf"|(?<![^\n])[ ]{{0,3}}\[[^\]\n]{{1,200}}\]:\s{{0,4}}<?{_URL}{{1,{MAX_BODY}}}+"
    rf"|(?<![\w-])(?:src|srcset|poster|background|data)\s{{0,4}}=\s{{0,4}}[\"']?{_URL}{{1,{MAX_BODY}}}+"
    rf"|(?<![\w-])url\(\s{{0,4}}[\"']?[^\s\"'<>()]{{0,20}}//[^\s\"'<>()]{{1,{MAX_BODY}}}+"
)
_SCRIPT: Final = (
    r"(?<=\]\(|=[\"'])(?:javascript|vbscript|livescript):[^\s\"<>]{1,1000}+"
    r"|(?<![\w-])(?:javascript|vbscript|livescript):[^\s\"<>(=;]{0,200}+[(=;][^\s\"<>]{0,1000}+"
    r"|(?<![\w-])data:(?:text/(?:html|javascript|xml)|application/(?:x-)?(?:javascript|ecmascript|xml|xhtml\+xml)|image/svg\+xml)"
    r"[;,][^\s\"<>)]{0,1000}+"
    r"|(?<![\w-])(?:file|smb)://[^\s\"'<>)]{1,1000}+"
    r"|(?<![\w-])(?:ms-msdt|search-ms|ms-officecmd|ms-appinstaller):[^\s\"<>)]{1,1000}+"
)
_is_placeholder: Final = re.compile(r"[{}$()*|^\s]").search
_up_to_quote: Final = re.compile(r"[^\s<>\"')]*").match
_url_in: Final = re.compile(r"(?:[A-Za-z][A-Za-z0-9+.-]{1,19}:)?//").search
_nested: Final = re.compile(r"(?<![A-Za-z0-9+.-])(?:https?|ftp|wss?)://[^\s\"'<>&]{1,500}", re.IGNORECASE).finditer
_does_nothing: Final = re.compile(r"javascript:\s*(?:;|void\s*\(?\s*0\s*\)?)?;*['\")\]]*", re.IGNORECASE).fullmatch
_is_active: Final = re.compile(r"<script|\son[a-z]{3,20}\s*=|javascript:|<foreignobject", re.IGNORECASE).search
_is_sensitive: Final = re.compile(
    r"/(?:etc|proc|root|sys)/|/\.(?:ssh|aws|gnupg|kube|docker)/|\.env\b|id_(?:rsa|ed25519)|/windows/|boot\.ini|shadow|passwd",
    re.IGNORECASE,
).search
_local_file: Final = re.compile(r"file://(?:localhost)?(?:/|[^/]*\Z)", re.IGNORECASE).match


@dataclass(frozen=True)
class Links(RuleGuard):
    """Find links that lead where they should not, and redact, flag or block them.

    A link is what has a scheme, or begins with `www.`; in Markdown and HTML also what begins with `//`. Each is judged by
    what is written in it, never by asking its host. The categories say why it is refused, the gravest first:

    - `LINK_DENIED`: its host is on `deny`.
    - `LINK_SCHEME`: it runs a script or opens something on the machine of the reader: `javascript:`, `vbscript:`,
      `data:` with a page or script, `file:` of another machine or of its settings, `smb:`, `ms-msdt:` and the like.
    - `LINK_PRIVATE`: it leads to this machine, a private network or the metadata of a cloud, whether as a name, in any
      way of writing an address, as an address within a name (`127.0.0.1.nip.io`), or in a parameter of the link.
    - `LINK_CREDENTIALS`: there is a user name or password before its host, or what shall pass for the host.
    - `LINK_HOMOGRAPH`: its host looks like another one: letters of two alphabets in a label, letters that all look like
      ASCII, a well-known name with marks or with figures for letters, a character that looks like a point or stroke;
      Punycode is decoded first.
    - `LINK_EXFILTRATION`: it carries a text away, encoded in base64 or hexadecimal; of pictures, and what else a page
      fetches by itself, also words in a row, an e-mail address, a parameter such as `password`, or a long random value
      under a name such as `data`. So does a link to a service that records what is asked of it.
    - `LINK_ADDRESS`: its host is an address and no name.
    - `LINK_NOT_ALLOWED`: its host is not on `allow`.

    What is on `allow` may be private, an address, spelled in any alphabet, and be told anything. `redact` puts `[LINK]` in
    place of the link, of a Markdown picture as a whole.

    Args:
        allow: Hosts that links may lead to; none for all. `example.com` with its subdomains, `*.example.com` for the
            subdomains alone, `https://example.com` for one scheme, `10.0.0.0/8` for addresses.
        action: What to do with what is found.
        deny: Hosts that links may not lead to, written like those of `allow`.
        schemes: Whether to refuse schemes that run or open something.
        private: Whether to refuse hosts that are not of the public internet.
        credentials: Whether to refuse user names and passwords.
        homographs: Whether to refuse hosts that look like others.
        exfiltration: Whether to refuse links that carry data away.
        addresses: Whether to refuse addresses in place of names.

    Raises:
        ConfigurationError: an entry of a list is no domain or address, or nothing is left to look for.
    """

    kind: ClassVar[str] = "links"
    allowed_actions: ClassVar[frozenset[Action]] = frozenset({Action.FLAG, Action.REDACT, Action.BLOCK})

    allow: Sequence[str] = ()
    action: ActionLike = field(default=Action.REDACT, kw_only=True)
    deny: Sequence[str] = field(default=(), kw_only=True)
    schemes: bool = field(default=True, kw_only=True)
    private: bool = field(default=True, kw_only=True)
    credentials: bool = field(default=True, kw_only=True)
    homographs: bool = field(default=True, kw_only=True)
    exfiltration: bool = field(default=True, kw_only=True)
    addresses: bool = field(default=False, kw_only=True)

    def __post_init__(self) -> None:
        super().__post_init__()
        settle(self, allow=_entries("allow", self.allow), deny=_entries("deny", self.deny))
        if not self.rules:
            raise ConfigurationError("Links() has nothing to look for: give it allow or deny, or switch a check on")

    @cached_property
    def rules(self) -> tuple[Rule, ...]:
        """One rule for each reason, and one each for private services, for what is fetched and for scripts."""
        policy = _Policy(tuple(self.allow), tuple(self.deny), self.private)
        checks = {
            "LINK_DENIED": bool(self.deny),
            "LINK_PRIVATE": self.private,
            "LINK_CREDENTIALS": self.credentials,
            "LINK_HOMOGRAPH": self.homographs,
            "LINK_EXFILTRATION": self.exfiltration,
            "LINK_ADDRESS": self.addresses,
            "LINK_NOT_ALLOWED": bool(self.allow),
        }
        wanted = tuple(category for category, is_on in checks.items() if is_on)
        rules = [_link_rule(_Other(policy, wanted, category)) for category in wanted]
        return (
            *rules,
            *((_service_rule(rules[wanted.index("LINK_PRIVATE")]),) if self.private else ()),
            *((_fetched_rule(policy),) if self.exfiltration else ()),
            *((_SCRIPT_RULE,) if self.schemes else ()),
        )

    def replacement(self, rule: Rule, matched: str, /) -> str:
        """Return the label, behind the name of the attribute that the link is the value of."""
        found = _url_in(matched) if rule.id == _FETCHED_ID and matched[0] not in "![ " else None
        return (matched[: found.start()] if found else "") + _LABEL


@dataclass(frozen=True)
class _Policy:
    """What a guard thinks of links. Those that were seen lately are not judged again for another rule."""

    allow: tuple[str, ...]
    deny: tuple[str, ...]
    private: bool

    def __getstate__(self) -> dict[str, object]:
        return {"allow": self.allow, "deny": self.deny, "private": self.private}

    @cached_property
    def reasons(self) -> Callable[[str], frozenset[str]]:
        """What speaks against a link: all categories that fit."""
        return lru_cache(maxsize=64)(self._reasons)

    @cached_property
    def allowed(self) -> Domains:
        return Domains("Links(allow=...)", self.allow)

    @cached_property
    def denied(self) -> Domains:
        return Domains("Links(deny=...)", self.deny)

    @cached_property
    def protected(self) -> frozenset[str]:
        """Names of allowed hosts, which others may imitate."""
        hosts = (entry.rpartition("://")[2].removeprefix("*.") for entry in self.allow)
        return frozenset(label for host in hosts for label in host.split(".")[:-1] if len(label) >= _MIN_PROTECTED)

    def _reasons(self, url: str) -> frozenset[str]:
        link = parse(url)
        if not link.host or _is_placeholder(link.host):
            return _NONE
        if self.denied and (link in self.denied or any(each in self.denied for each in _inside(link))):
            return _DENIED
        if link.scheme not in WEB_SCHEMES:
            return _NONE
        found = set[str]()
        if (link.userinfo and link.scheme and not _is_placeholder(link.userinfo)) or link.is_split:
            found.add("LINK_CREDENTIALS")
        if link not in self.allowed:
            found.update(self._strange(link))
        return frozenset(found)

    def _strange(self, link: Link) -> Iterator[str]:
        """Yield what speaks against a link whose host nobody vouches for."""
        if self.private and (is_private(link.host) or any(is_private(each.host) for each in _inside(link))):
            yield "LINK_PRIVATE"
        if is_homograph(link.written, link.host, self.protected):
            yield "LINK_HOMOGRAPH"
        if carries_data(link, is_fetched=False):
            yield "LINK_EXFILTRATION"
        if address_of(link.host) is not None:
            yield "LINK_ADDRESS"
        if self.allow:
            yield "LINK_NOT_ALLOWED"


@dataclass(frozen=True)
class _Other:
    """Whether a link is refused for another reason than a category, or for none: each is said to be refused once."""

    policy: _Policy
    wanted: tuple[str, ...]
    category: str

    def __call__(self, url: str) -> bool:
        reasons = self.policy.reasons(url)
        return not reasons or next((each for each in self.wanted if each in reasons), "") != self.category


@dataclass(frozen=True)
class _Harmless:
    """Whether what a page fetches by itself carries no data, or is fetched from a host that may have them."""

    policy: _Policy

    def __call__(self, matched: str) -> bool:
        found = _url_in(matched)
        if found is None:
            return True
        url = cast("re.Match[str]", _up_to_quote(matched, found.start()))[0]
        link = parse(url[: trimmed(url)])
        is_odd = link.scheme not in WEB_SCHEMES or _is_placeholder(link.host) is not None
        return is_odd or link in self.policy.allowed or not carries_data(link, is_fetched=True)


def _inside(link: Link) -> Iterator[Link]:
    """Yield the links that are written in the path or query of a link."""
    rest = unquote(link.rest) if "%" in link.rest else link.rest
    if "://" in rest:
        yield from (parse(found[0]) for found in _nested(rest))


def _link_rule(other: _Other) -> Rule:
    return Rule(
        id=f"links.{other.category.removeprefix('LINK_').lower()}",
        category=other.category,
        pattern=LINK,
        ignore_case=True,
        trim=trimmed,
        ignore=other,
        look_behind=2,
        max_length=1040,
        min_length=3,
        literals=_LITERALS,
    )


def _service_rule(rule: Rule) -> Rule:
    return replace(rule, pattern=SERVICE, min_length=8, literals=("sftp:", "dict:", "ldap:", "ldaps:", "tftp:"))


def _fetched_rule(policy: _Policy) -> Rule:
    return Rule(
        id=_FETCHED_ID,
        category="LINK_EXFILTRATION",
        pattern=_FETCHED,
        ignore_case=True,
        ignore=_Harmless(policy),
        max_length=1536,
        min_length=7,
        literals=_FETCHERS,
    )


def _is_inert(matched: str) -> bool:
    """Whether what looks like a script does nothing, a file is one of this machine, or a picture holds no script."""
    if _does_nothing(matched) is not None:
        return True
    if _local_file(matched) is not None:
        return _is_sensitive(matched) is None
    head, _, data = matched.partition(",")
    if not ("svg" in head or "/xml" in head):
        return False
    return _is_active(_decoded(data) if head.endswith(";base64") else unquote(data)) is None


def _decoded(data: str) -> str:
    data = data[: len(data) // 4 * 4]
    try:
        return b64decode(data).decode("latin-1")
    except ValueError:
        return data


_SCRIPT_RULE: Final = Rule(
    id="links.scheme",
    category="LINK_SCHEME",
    pattern=_SCRIPT,
    ignore_case=True,
    ignore=_is_inert,
    trim=trimmed,
    look_behind=2,
    max_length=1280,
    min_length=7,
    literals=("script:", "data:", "file:", "smb:", "ms-msdt:", "search-ms:", "ms-officecmd:", "ms-appinstaller:"),
)


def _entries(name: str, values: object) -> tuple[str, ...]:
    if isinstance(values, str) or not isinstance(values, Iterable):
        raise ConfigurationError(f"Links({name}=...) takes a list of domains, not {type(values).__name__}")
    entries = tuple(cast("Iterable[str]", values))
    Domains(f"Links({name}=...)", entries)
    return entries
