"""The same guarded call written out by hand, for one program and one policy, the way someone who knows the tricks would.

It is what the library is measured against: no options, no hooks, no findings beyond spans, no shadow mode, no streams,
no configuration. Every part of the work is here all the same: length, identifiers with their checksums, two hundred
keywords and twenty-five injection rules, three limits reserved and settled, a sticky variant, one event, a latency
histogram and four alerts.
"""

from __future__ import annotations

import random
import threading
import time
from collections.abc import Callable, Iterator
from contextvars import ContextVar
from typing import Any, Final, NamedTuple

import mmh3
import regex
from kit import INJECTION_PHRASES, INJECTION_REGEXES, KEYWORDS

__all__ = ["Blocked", "Call", "Event", "Limited", "user"]

MAX_TOKENS: Final = 4_000
OUTPUT_TOKENS: Final = 256
"""Reserved for a reply before its length is known."""

user: Final[ContextVar[str]] = ContextVar("user", default="")


class Blocked(Exception):  # noqa: N818
    """A text holds something forbidden."""


class Limited(Exception):  # noqa: N818
    """A limit is used up."""


# --- Identifiers: a cheap test on the shape of the bytes decides whether a pattern is worth a search ------------------


def luhn(matched: str) -> bool:
    digits = [int(character) for character in matched if character.isdigit()]
    doubled = [digit * 2 - 9 if digit > 4 else digit * 2 for digit in digits[-2::-2]]
    return (sum(digits[::-2]) + sum(doubled)) % 10 == 0


def mod97(matched: str) -> bool:
    packed = matched.replace(" ", "")
    return int("".join(str(int(character, 36)) for character in packed[4:] + packed[:4])) % 97 == 1


def always(matched: str) -> bool:
    return bool(matched)


def shape(**classes: str) -> bytes:
    """Return a table that maps the characters of a class to the class's letter and all others to a dot."""
    table = bytearray(b"." * 256)
    for letter, characters in classes.items():
        for character in characters:
            table[ord(character)] = ord(letter)
    return bytes(table)


_DIGITS: Final = "0123456789"
_UPPER: Final = "ABCDEFGHIJKLMNOPQRSTUVWXYZ"
DIGIT_RUNS: Final = shape(d=_DIGITS)
UPPER_RUNS: Final = shape(d=_DIGITS, A=_UPPER)
QUADS: Final = bytes(
    ord("d") if chr(byte) in _DIGITS else byte if byte == ord(".") else ord("x") for byte in range(256)
)
HEXES: Final = shape(h=_DIGITS + "abcdefABCDEF", c=":")
SEPARATORS: Final = b" -.()+"


def compiled(pattern: str) -> Callable[[str], Iterator[Any]]:
    return regex.compile(pattern, regex.ASCII).finditer


EMAIL: Final = compiled(r"\b[A-Za-z0-9._%+-]{1,64}@(?:[A-Za-z0-9-]{1,63}\.){1,8}[A-Za-z]{2,24}\b")
NUMBERS: Final = [
    ("SSN", compiled(r"\b(?!000|666|9)\d{3}-(?!00)\d{2}-(?!0000)\d{4}\b"), always),
    ("PHONE", compiled(r"(?:\+\d{1,3}[ .-]?)?\(?\b\d{3}\)?[ .-]\d{3}[ .-]\d{4}\b"), always),
    ("PHONE", compiled(r"\+\d{1,3}(?:[ .-]?\d{2,4}){2,5}\b"), always),
    ("CARD", compiled(r"\b(?:\d[ -]?){12,18}\d\b"), luhn),
]
IBAN: Final = compiled(r"\b[A-Z]{2}\d{2}(?: ?[A-Z0-9]{4}){2,7}(?: ?[A-Z0-9]{1,3})?\b")
IPV4: Final = compiled(r"\b(?:(?:25[0-5]|2[0-4]\d|1?\d?\d)\.){3}(?:25[0-5]|2[0-4]\d|1?\d?\d)\b")
IPV6: Final = compiled(
    r"(?<![:\w])(?:[A-Fa-f0-9]{1,4}:){2,7}:?(?:[A-Fa-f0-9]{1,4}(?::[A-Fa-f0-9]{1,4}){0,5})?(?![:\w])"
)


def identifiers(text: str, data: bytes) -> list[tuple[int, int, str]]:
    found: list[tuple[int, int, str]] = []
    if b"@" in data:
        found += [(*match.span(), "EMAIL") for match in EMAIL(text)]
    if b"ddddddd" in data.translate(DIGIT_RUNS, SEPARATORS):
        for label, search, valid in NUMBERS:
            found += [(*match.span(), label) for match in search(text) if valid(match[0])]
    if b"AAdd" in data.translate(UPPER_RUNS):
        found += [(*match.span(), "IBAN") for match in IBAN(text) if mod97(match[0])]
    if b"d.d" in data.translate(QUADS):
        found += [(*match.span(), "IP") for match in IPV4(text)]
    if b"cc" in (hexes := data.translate(HEXES)) or b"hchc" in hexes:
        found += [(*match.span(), "IP") for match in IPV6(text)]
    return found


def redacted(text: str, spans: list[tuple[int, int, str]]) -> str:
    pieces: list[str] = []
    position = 0
    for start, end, label in sorted(spans, key=lambda span: (span[0], -span[1])):
        if start >= position:
            pieces += (text[position:start], f"[{label}]")
            position = end
    return "".join((*pieces, text[position:]))


# --- Words: a rule is looked for only when a word that it needs is in the text ----------------------------------------

WORDS: Final = bytes(
    byte + 32 if chr(byte) in _UPPER else byte if chr(byte).isalnum() and byte < 128 else 32 for byte in range(256)
)
NEEDED: Final = [
    *({"ignore"}, {"disregard"}, {"forget"}, {"now"}, {"act"}, {"pretend"}),
    *({"jail", "jailbreak", "jailbreaks", "jailbreaking", "jailbreaker"}, {"prompt", "instructions"}),
    *({"instruction", "instructions"}, {"override"}, {"guidelines", "constraints"}, {"bypass"}, {"now"}),
    *({"translate"}, {"base64"}),
]


class WordRules:
    """Phrases and patterns, each filed under words of which every match holds one."""

    def __init__(self, phrases: list[str], patterns: list[tuple[str, set[str]]]) -> None:
        self.by_word: dict[bytes, list[Any]] = {}
        for phrase in phrases:
            self.file(rf"\b{regex.escape(phrase)}\b", {max(phrase.split(), key=len)})
        for pattern, words in patterns:
            self.file(pattern, words)
        self.interesting = frozenset(self.by_word).intersection

    def file(self, pattern: str, words: set[str]) -> None:
        search = regex.compile(pattern, regex.IGNORECASE).search
        for word in words:
            self.by_word.setdefault(word.encode(), []).append(search)

    def found(self, text: str, data: bytes) -> bool:
        words = self.interesting(data.translate(WORDS).split())
        return bool(words) and any(search(text) for word in words for search in self.by_word[word])


BLOCKED_IN: Final = WordRules([*KEYWORDS, *INJECTION_PHRASES], list(zip(INJECTION_REGEXES, NEEDED, strict=True)))
BLOCKED_OUT: Final = WordRules(KEYWORDS, [])


def guarded(text: str, rules: WordRules) -> tuple[str, list[tuple[int, int, str]], int]:
    data = text.encode()
    if len(data) > MAX_TOKENS:  # a token is at least one byte
        raise Blocked("too long")
    if rules.found(text, data):
        raise Blocked("forbidden words")
    spans = identifiers(text, data)
    return (redacted(text, spans) if spans else text), spans, len(data) // 4 + 1


# --- Limits: the theoretical arrival time of GCRA, one integer for a limit --------------------------------------------


class Limits:
    """So many requests and tokens a minute for all, and requests a minute for each user."""

    def __init__(self, requests: int, tokens: int, user_requests: int) -> None:
        minute = 60_000_000_000
        self.request_ns, self.token_ns, self.user_ns = minute / requests, minute / tokens, minute / user_requests
        self.burst = minute
        self.requests = self.tokens = 0.0
        self.users: dict[str, float] = {}
        self.lock = threading.Lock()

    def reserve(self, who: str, tokens: int) -> None:
        with self.lock:
            now = time.monotonic_ns()
            requests = max(self.requests, now) + self.request_ns
            spent = max(self.tokens, now) + self.token_ns * tokens
            mine = max(self.users.get(who, 0.0), now) + self.user_ns
            if max(requests, spent, mine) - now > self.burst:
                raise Limited
            self.requests, self.tokens, self.users[who] = requests, spent, mine

    def settle(self, reserved: int, used: int) -> None:
        with self.lock:
            self.tokens += self.token_ns * (used - reserved)


# --- Metrics ----------------------------------------------------------------------------------------------------------


class Event(NamedTuple):
    """One call."""

    request_id: int
    status: str
    user: str
    variant: str
    latency_ns: int
    tokens: int
    hits: int


class Metrics:
    """Counters, a histogram of latencies by powers of two, and what the four alerts look at."""

    def __init__(self) -> None:
        self.lock = threading.Lock()
        self.calls = self.errors = self.tokens = self.hits = self.slow = 0
        self.histogram = [0] * 64
        self.by_variant: dict[str, int] = {}
        self.fired: set[str] = set()

    def record(self, event: Event) -> None:
        with self.lock:
            self.calls += 1
            self.histogram[event.latency_ns.bit_length()] += 1
            self.by_variant[event.variant] = self.by_variant.get(event.variant, 0) + 1
            self.tokens += event.tokens
            self.errors += event.status != "ok"
            self.slow += event.latency_ns > 500_000_000
            self.hits += event.hits
            if self.slow * 100 > self.calls and self.calls >= 100:
                self.fired.add("latency")
            if self.errors * 100 > self.calls and self.calls >= 100:
                self.fired.add("errors")
            if self.tokens > 50_000_000:
                self.fired.add("budget")
            if self.hits:
                self.fired.add("hits")


class Call:
    """A model behind all of it."""

    def __init__(self, model: Callable[..., str]) -> None:
        self.model = model
        self.limits = Limits(10**9, 10**12, 10**9)
        self.metrics = Metrics()

    def __call__(self, prompt: str) -> str:
        """Do one call."""
        start = time.perf_counter_ns()
        who, variant, status, used, hits = user.get(), "", "error", 0, 0
        reserved = 0
        try:
            prompt, spans, asked = guarded(prompt, BLOCKED_IN)
            hits = len(spans)
            bucket = mmh3.mmh3_32_uintdigest(f"model-comparison:{who}".encode(), 0)
            variant, model = ("control", "small") if bucket < 1 << 31 else ("treatment", "large")
            self.limits.reserve(who, asked + OUTPUT_TOKENS)
            reserved = used = asked + OUTPUT_TOKENS
            reply, spans, answered = guarded(self.model(prompt, model=model), BLOCKED_OUT)
            used, hits, status = asked + answered, hits + len(spans), "ok"
        finally:
            if reserved:
                self.limits.settle(reserved, used)
            latency_ns = time.perf_counter_ns() - start
            self.metrics.record(Event(random.getrandbits(64), status, who, variant, latency_ns, used, hits))
        return reply
