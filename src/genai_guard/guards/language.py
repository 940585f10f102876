"""`Language`: in which languages people and models may speak."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from functools import cache
from importlib import import_module
from typing import Any, ClassVar, Final, cast

from genai_guard.errors import ConfigurationError
from genai_guard.guards.base import GuardBase, check_interval, settle
from genai_guard.messages import PartKind
from genai_guard.verdicts import Action, Finding, Verdict

__all__ = ["Language", "language_of"]

_PIECE: Final = 1_500
"""Characters that are judged together: enough to be sure, few enough that a paragraph in another language counts."""
_NO_LANGUAGE: Final = re.compile(
    r"```.*?(?:```|\Z)|`[^`\n]{1,200}`|https?://\S+|www\.\S+|\S+@\S+|<[^<>\n]{1,200}>|[\w./\\-]*[/\\_][\w./\\-]*|\S*\d\S*",
    re.DOTALL,
)
_NONE: Final = "zxx"
"""What the detector calls a text that is written in no language."""
_DENSE: Final = re.compile(r"[\u1100-\u11ff\u3040-\u30ff\u3400-\u9fff\uac00-\ud7af\uf900-\ufaff]")
"""Scripts of which a character says as much as three letters."""


@dataclass(frozen=True)
class Language(GuardBase):
    """Let only texts pass that are written in one of some languages.

    The language is told by py3langid, which knows 140, works offline and always answers alike. Code, addresses, tags,
    paths and numbers are left out. A long text is judged in pieces of 1,500 characters, each by itself. What has fewer
    than `min_chars` letters is not judged, and neither is what has no letters.

    Args:
        allow: Codes of the languages that may pass, such as `en` and `de` (ISO 639-1).
        min_chars: Letters that a text, or a piece of one, must have to be judged. Of Chinese, Japanese and Korean each
            character counts for three.
        threshold: How sure it has to be that a piece is written in another language, from 0.5 to 1.
        check_every_chars: Characters of a stream after which it is looked at; None holds the stream to its end.

    Raises:
        ConfigurationError: no language, one that is not known, a number out of range, or py3langid is missing.
    """

    kind: ClassVar[str] = "language"
    kinds: ClassVar[frozenset[PartKind]] = frozenset({"text", "refusal"})
    allowed_actions: ClassVar[frozenset[Action]] = frozenset({Action.FLAG, Action.BLOCK})

    allow: Sequence[str]
    min_chars: int = field(default=30, kw_only=True)
    threshold: float = field(default=0.7, kw_only=True)
    check_every_chars: int | None = field(default=None, kw_only=True)

    def __post_init__(self) -> None:
        super().__post_init__()
        settle(self, allow=_codes(self.allow))
        if type(self.min_chars) is not int or self.min_chars < 1:
            raise ConfigurationError(f"Language(min_chars={self.min_chars!r}) must be a whole number of at least 1")
        if (
            isinstance(self.threshold, bool)
            or not isinstance(self.threshold, int | float)
            or not 0.5 <= self.threshold <= 1
        ):
            raise ConfigurationError(f"Language(threshold={self.threshold!r}) must be a number from 0.5 to 1")
        check_interval("Language", self.check_every_chars)
        known = {*_detector()("")}
        for code in self.allow:
            if code not in known:
                raise ConfigurationError(f"Language(allow=...): {code!r} is not one of {', '.join(sorted(known))}")

    def check(self, text: str, /) -> Verdict:
        """Return the verdict about a text."""
        findings = tuple(self._found(text))
        action = Action(self.action) if findings else Action.ALLOW
        return Verdict(action, text, findings, self.name, self.mode)

    def _found(self, text: str) -> Iterator[Finding]:
        for start, end in _pieces(text):
            words = _NO_LANGUAGE.sub(" ", text[start:end])
            if _letters(words) < self.min_chars:
                continue
            shares = _detector()(words)
            language = max(shares, key=shares.__getitem__)
            others = 1 - sum(shares[code] for code in self.allow)
            if language not in {*self.allow, _NONE} and others >= self.threshold:
                yield Finding("language", "LANGUAGE", start, end, min(others, 1.0), self.name, "", language)


def language_of(text: str, *, min_chars: int = 30) -> str | None:
    """Return the language of a text, by its first 1,500 characters; None of one that is too short or written in none.

    Args:
        text: The text.
        min_chars: Letters that it must have; of Chinese, Japanese and Korean each character counts for three.

    Raises:
        ConfigurationError: py3langid is missing.
    """
    detect = _detector()
    words = _NO_LANGUAGE.sub(" ", text[:_PIECE])
    if _letters(words) < min_chars:
        return None
    shares = detect(words)
    language = max(shares, key=shares.__getitem__)
    return None if language == _NONE else language


@cache
def _detector() -> Callable[[str], Mapping[str, float]]:
    """Return what tells the shares of all languages of a text."""
    try:
        langid: Any = import_module("py3langid.langid")
    except ImportError as error:
        raise ConfigurationError("Language() needs py3langid: pip install 'genai_guard[language]'") from error
    identifier = langid.LanguageIdentifier.from_model_file(langid.MODEL_FILE, norm_probs=True)

    def shares(text: str) -> Mapping[str, float]:
        return dict(cast("list[tuple[str, float]]", identifier.rank(text)))

    return shares


def _pieces(text: str) -> Iterator[tuple[int, int]]:
    """Cut a text where a line or a word ends; the last piece is not much shorter than the others."""
    start = 0
    while len(text) - start > 2 * _PIECE:
        half = start + _PIECE // 2
        end = start + _PIECE
        cut = max(text.rfind("\n", half, end), text.rfind(" ", half, end)) + 1
        yield start, cut or end
        start = cut or end
    if start < len(text):
        yield start, len(text)


def _letters(text: str) -> int:
    count = len(text) if text.isalpha() else sum(map(str.isalpha, text))
    count += sum(unicodedata.combining(char) > 0 for char in text) if not text.isascii() else 0
    return count + (0 if text.isascii() else 2 * len(_DENSE.findall(text)))


def _codes(values: object) -> tuple[str, ...]:
    items: Any = (values,) if isinstance(values, str) else values
    if not isinstance(items, Sequence) or not items:
        raise ConfigurationError("Language(allow=...) takes a list of codes such as 'en' and 'de'")
    return tuple(dict.fromkeys(str(item).lower() for item in cast("Sequence[object]", items)))
