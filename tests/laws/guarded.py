"""The guards, the texts and the cuts that the laws of the text engine are tried with."""

from __future__ import annotations

import re
from collections.abc import Sequence
from functools import cache
from random import Random
from typing import Any, Final, NamedTuple

from hypothesis import settings
from hypothesis import strategies as st

from calls import Events
from genai_guard import Pipeline
from genai_guard.guards import PII, BlockedPatterns, InvisibleText, Links, Secrets
from genai_guard.guards.entities.catalogue import CATALOGUE
from guards.keys import SHAPES as KEY_SHAPES
from guards.keys import made
from laws.hostile import example, parse
from text.texts import FRAGMENTS, KEYWORDS

__all__ = ["ACTIONS", "GUARDS", "Guarded", "arguments", "cut", "examples", "guarded", "texts"]

ACTIONS: Final = ("flag", "redact", "mask", "hash", "block")
_KEY: Final = "a key of more than 16 bytes"
REGEXES: Final = [r"\bfoo(?:bar)+\b", r"\bignore\s+(?:all\s+)?previous\b", r"<secret>.*?</secret>", r"(?<!x)zz+"]
GUARDS: Final = {
    **{f"pii {action}": ("pii", action) for action in ACTIONS},
    **{f"secrets {action}": ("secrets", action) for action in ACTIONS},
    **{f"words {action}": ("words", action) for action in ("flag", "redact", "block")},
    **{f"links {action}": ("links", action) for action in ("redact", "block")},
    **{f"invisible {action}": ("invisible", action) for action in ("redact", "block")},
    **{f"all {action}": ("all", action) for action in ("flag", "redact", "mask", "hash")},
}
"""Each guard that matches, with each action that it knows, and all of them together."""


class Guarded(NamedTuple):
    """A pipeline around the replies, and what it recorded."""

    pipeline: Pipeline
    events: Events
    guards: list[Any]


@cache
def guarded(kind: str, action: str) -> Guarded:
    """Return the pipeline of a row of `GUARDS`."""
    events = Events()
    guards = _guards(kind, action)
    return Guarded(Pipeline(output=guards, recorder=events), events, guards)


def _guards(kind: str, action: Any) -> list[Any]:
    key = _KEY if action == "hash" else None
    words: Any = action if action in {"flag", "redact", "block"} else "redact"
    made_of: dict[str, list[Any]] = {
        "pii": [PII(list(CATALOGUE), action=action, hash_key=key)],
        "secrets": [Secrets(action=action, hash_key=key)],
        "words": [BlockedPatterns(KEYWORDS, regexes=REGEXES, action=words)],
        "links": [Links(action=words)],
        "invisible": [InvisibleText(action=words)],
    }
    if kind != "all":
        return made_of[kind]
    return [guard for each in made_of.values() for guard in each]


IDENTIFIERS: Final = (
    "bob@example.com", "first.last@mail.example.org", "+1 415-555-0132", "+44 20 7946 0958", "(415) 555-0132",
    "4111 1111 1111 1111", "378282246310005", "GB82 WEST 1234 5698 7654 32", "078-05-1120", "10.0.0.1", "2001:db8::1",
    "imei 490154203237518", "CPF: 529.982.247-25", "756.9217.0769.85", "85073003328", "AB123456C", "943 476 5919",
    "https://jo:hunter2pass@example.com/x", "postgres://app:S3cr3t9xQ@db.example/x", "00:1A:2B:3C:4D:5E",
)  # fmt: skip
LINKS: Final = (
    "http://127.0.0.1/x", "https://a:b@example.com", "![a](https://e.example/?password=x)", "www.аpple.com", "](", "[x]: ",  # noqa: RUF001
    "https://example.com/a?b=c", "javascript:alert(1)", "file:///etc/passwd", "src='//", "https://paypa1.com/(a)", "hxxp://",
)  # fmt: skip
HIDDEN: Final = (
    "\U000e0061\U000e0062\U000e0063\U000e0064", "\U0001f3f4", "\U000e007f", "\ufe0f", "\U000e0100", "\u200b", "\u2066", "\u2069",
    "\x1b[31m", "\ue000\ue001\ue002\ue003", "\u00ad", "\ufeff", "\u3164", "葛", "م", "❤",
)  # fmt: skip
SECRETS: Final = tuple(
    made(shape, 5) for shapes in KEY_SHAPES.values() for shape in shapes[:1] if "PRIVATE" not in shape
)
SURROGATES: Final = (
    "\ud83d",
    "\ude00",
    "\ud83d\ude00",
    "😀",
    "é\u0301",
    "\u200d",
    "\u202e",
    "\x00",
    "\\",
    "\\u00e",
    '"',
    "{",
)


@cache
def near_matches() -> tuple[str, ...]:
    """Return a string for each rule that its pattern reads, and mostly its validator refuses."""
    rng = Random("near")
    rules = [rule for guard in _guards("all", "flag") for rule in guard.rules if rule.pattern]
    made_up = (example((parse(rule.pattern),), rng) for rule in rules)
    return tuple(text for text in made_up if len(text) < 80)


def texts() -> st.SearchStrategy[str]:
    """Return texts of fragments glued together: identifiers, credentials, keywords, halves of them, and other scripts."""
    pieces = st.one_of(
        st.sampled_from(FRAGMENTS),
        st.sampled_from(IDENTIFIERS),
        st.sampled_from(SECRETS),
        st.sampled_from(LINKS),
        st.sampled_from(HIDDEN),
        st.sampled_from(KEYWORDS),
        st.sampled_from(near_matches()),
        st.sampled_from(SURROGATES),
        st.sampled_from([" ", ", ", ". ", "\n", "= ", ": "]),
        st.text(max_size=6),
    )
    return st.lists(pieces, max_size=7).map("".join)


@st.composite
def arguments(draw: st.DrawFn) -> str:
    """Draw the arguments of a tool call as a model writes them: JSON, with or without escapes for all but ASCII."""
    import json

    value = {
        "to": draw(texts()),
        "n": [draw(texts()), 4111111111111111, -4111111111111111, -0.5, None],
        "more": {"é": draw(texts())},
    }
    return json.dumps(value, ensure_ascii=draw(st.booleans()))


@st.composite
def cut(draw: st.DrawFn, text: str) -> Sequence[str]:
    """Cut a text: into characters, into tokens, or anywhere, with empty pieces between."""
    kind = draw(st.sampled_from(["characters", "tokens", "anywhere", "halves"]))
    if kind == "characters":
        return list(text)
    if kind == "tokens":
        return re.findall(r" ?\w{1,6}|\W", text)
    most = 1 if kind == "halves" else 12
    cuts = sorted(place % (len(text) + 1) for place in draw(st.lists(st.integers(0, 800), max_size=most)))
    return [text[start:end] for start, end in zip([0, *cuts], [*cuts, len(text)], strict=True)]


def examples(count: int) -> settings:
    """Return settings for so many examples; many more under the profile `thorough`."""
    return settings(max_examples=count * (50 if settings().max_examples > 1_000 else 1))
