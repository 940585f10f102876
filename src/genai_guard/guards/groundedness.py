"""`Groundedness`: whether a reply says what its sources say. By words it is a proxy, and named so."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field
from typing import Any, ClassVar, Final, Literal

from genai_guard.errors import ConfigurationError
from genai_guard.guards.asking import check_fraction, is_async
from genai_guard.guards.base import Context, settle
from genai_guard.guards.comparing import ComparingGuard, is_reply
from genai_guard.guards.overlap import STOP_WORDS, content_words, names, numbers, sentences, stem, stems, values
from genai_guard.messages import Part
from genai_guard.text.words import fold
from genai_guard.verdicts import Finding, Verdict

__all__ = ["Groundedness"]

_LEAST_WORDS: Final = 3
_WORD: Final = re.compile(r"\w+")
_MARKED: Final = re.compile(
    r"<(?:context|documents?|sources?|passages?|articles?|data|excerpts?|references?)\b"
    r"|^\s*(?:#+\s*|\*\*)?(?:context|documents?|sources?|passages?|background|article|excerpts?|references?|facts)\b[^\n:]{0,20}:",
    re.IGNORECASE | re.MULTILINE,
)
"""How the text of a request says that it holds documents."""
_NO_CLAIM: Final = re.compile(
    r"\b(?:i don['\u2019]t know|i do not know|not (?:mentioned|stated|specified|said|clear|given|covered|listed|available|provided|included)|"
    r"(?:does|do|did)(?:n['\u2019]t| not) (?:say|mention|state|specify|contain|include|cover|tell|list|give|provide)|no information|"
    r"let me know|feel free|happy to help|hope (?:this|that) helps|you(?:['\u2019]re| are) welcome|anything else|i(?:['\u2019]m| am) sorry|"
    r"here (?:is|are)|in summary|to summari[sz]e|if you (?:have|need|want|would)|based on the)\b",
    re.IGNORECASE,
)


@dataclass(frozen=True)
class Groundedness(ComparingGuard):
    """Say which parts of a reply its sources do not support. Without a scorer this is a lexical proxy.

    What is found by words: numbers and names that stand neither in a source nor in the request, each with its place; and,
    where less than `threshold` of the sentences are supported, those that are not. A sentence is supported if at least
    `min_overlap` of its content words, by a crude stem, are in the sources or the rest of the request. Questions, greetings and sentences that say
    that something is not known claim nothing.

    It sees words, not meaning: a sentence that says the opposite in the words of the source passes, and one that is a fair
    paraphrase in other words does not. Use a `scorer`, or a `Judge` with the rubric `groundedness`, where that matters.

    Sources are the results of tools, and the texts of system and user that are marked as context: by a tag such as
    `<document>`, or a line such as `Context:`. Without a source nothing is found.

    Args:
        scorer: Takes the sources, joined, and the reply, and returns how far they support it, from 0 to 1; it may be
            `async def`. Asked in place of the comparison by words.
        threshold: Share of sentences that must be supported, or the least score of a scorer.
        min_overlap: Share of the content words of a sentence that must be in the sources.
        sources: `context` as above; `request` takes every text of the request for a source.
        facts: Whether to look for numbers and names that are in no source.

    Raises:
        ConfigurationError: a scorer that is no function of two texts, or a number out of range.
    """

    kind: ClassVar[str] = "groundedness"

    scorer: Callable[[str, str], Any] | None = None
    threshold: float = field(default=0.5, kw_only=True)
    min_overlap: float = field(default=0.5, kw_only=True)
    sources: Literal["context", "request"] = field(default="context", kw_only=True)
    facts: bool = field(default=True, kw_only=True)

    def __post_init__(self) -> None:
        super().__post_init__()
        check_fraction("Groundedness", "min_overlap", self.min_overlap)
        if self.sources not in {"context", "request"}:
            raise ConfigurationError(f"Groundedness(sources={self.sources!r}): must be one of 'context', 'request'")
        settle(self, __class__=_AsyncGroundedness if is_async(self.scorer) else Groundedness)

    def check(self, text: str, /, *, sources: Sequence[str] = ()) -> Any:
        """Return the verdict about a reply.

        Args:
            text: The reply.
            sources: What it should be supported by. Without any nothing is found.

        Raises:
            TimeoutError: the scorer took too long.
            TooManyStuck: too many earlier calls of it have not returned.
            TypeError: it did not return a number.
            ValueError: the number is not from 0 to 1.
        """
        return self._compared(text, _texts(sources), ())

    def check_part(self, part: Part, context: Context, /) -> Any:
        """Return the verdict about a text of a reply, given the request; raises like `check`."""
        if not is_reply(part, context):
            return self._verdict(part.text, ())
        sources, others = self._sources(context)
        return self._compared(part.text, sources, others)

    def support(self, part: Part, context: Context, /) -> float | None:
        """Return the share of sentences that sources support, by words; None without a source, or where nothing is claimed."""
        sources, others = self._sources(context)
        claims = list(_claims(part.text, stems([*sources, *others]))) if sources and is_reply(part, context) else []
        return sum(self._is_supported(claim) for claim in claims) / len(claims) if claims else None

    def _is_supported(self, claim: tuple[int, int, int, int]) -> bool:
        _, _, met, total = claim
        return met >= self.min_overlap * total

    def _compared(self, text: str, sources: Sequence[str], others: Sequence[str]) -> Verdict:
        if not text.strip() or not sources:
            return self._verdict(text, ())
        if self.scorer is None:
            return self._verdict(text, sorted(self._by_words(text, sources, others), key=lambda each: each.start))
        return self._verdict(text, self._by_score(text, self._score("\n\n".join(sources), text), "UNSUPPORTED"))

    def _sources(self, context: Context) -> tuple[list[str], list[str]]:
        """Return the sources of a request, and its other texts."""
        sources: list[str] = []
        others: list[str] = []
        for part in context.request.parts:
            is_source = self.sources == "request" or part.kind == "result" or part.role == "tool"
            is_source = is_source or (part.role in {"system", "user"} and _MARKED.search(part.text) is not None)
            (sources if is_source else others).append(part.text)
        return sources, others

    def _by_words(self, text: str, sources: Sequence[str], others: Sequence[str]) -> Iterator[Finding]:
        if self.facts:
            yield from self._facts(text, [*sources, *others])
        known = stems([*sources, *others])
        claims = list(_claims(text, known))
        unsupported = [claim for claim in claims if not self._is_supported(claim)]
        if claims and 1 - len(unsupported) / len(claims) < self.threshold:
            for start, end, met, total in unsupported:
                detail = f"lexical proxy: {met} of {total} words are in the sources"
                yield self._found("sentence", start, end, 1 - met / total, detail)

    def _facts(self, text: str, known: Sequence[str]) -> Iterator[Finding]:
        """Yield the numbers and names that are in none of the texts."""
        said = list(numbers(text))
        met = set[float]().union(*map(values, known)) if said else set[float]()
        for span, readings in said:
            if readings.isdisjoint(met):
                yield self._found("number", span.start, span.end, 0.9, "lexical proxy: in no source")
        named = list(names(text))
        words = {fold(word) for each in known for word in _WORD.findall(each)} if named else set[str]()
        words |= {stem(word) for word in words}
        for span in named:
            parts = [word for word in _WORD.findall(span.key) if len(word) > 1 and word not in STOP_WORDS]
            if any(part not in words and stem(part) not in words for part in parts):
                yield self._found("name", span.start, span.end, 0.7, "lexical proxy: in no source")

    def _found(self, what: str, start: int, end: int, score: float, detail: str) -> Finding:
        category = f"UNSUPPORTED_{what.upper()}"
        return Finding(f"{self.name}.{what}", category, start, end, score, self.name, "", detail)


@dataclass(frozen=True)
class _AsyncGroundedness(Groundedness):
    """The same for an asynchronous scorer."""

    async def check(self, text: str, /, *, sources: Sequence[str] = ()) -> Verdict:
        """Return the verdict about a reply; raises like `Groundedness.check`."""
        return await self._asked(text, _texts(sources))

    async def check_part(self, part: Part, context: Context, /) -> Verdict:
        """Return the verdict about a text of a reply; raises like `Groundedness.check`."""
        return await self._asked(part.text, self._sources(context)[0] if is_reply(part, context) else [])

    async def _asked(self, text: str, sources: Sequence[str]) -> Verdict:
        if not text.strip() or not sources:
            return self._verdict(text, ())
        score = await self._score_later("\n\n".join(sources), text)
        return self._verdict(text, self._by_score(text, score, "UNSUPPORTED"))


def _claims(text: str, known: set[str]) -> Iterator[tuple[int, int, int, int]]:
    """Yield the sentences that claim something: where they stand, and how many of their words are known, of how many."""
    spans = list(content_words(text))
    at = 0
    for start, end in sentences(text):
        words: set[str] = set()
        while at < len(spans) and spans[at].start < end:
            words.add(spans[at].key)
            at += 1
        if len(words) >= _LEAST_WORDS and not _claims_nothing(text[start:end]):
            yield start, end, len(words & known), len(words)


def _claims_nothing(sentence: str) -> bool:
    return sentence.rstrip().endswith(("?", "\uff1f")) or _NO_CLAIM.search(sentence) is not None


def _texts(sources: Any) -> list[str]:
    listed: list[Any] = [sources] if isinstance(sources, str) else list(sources)
    if not all(isinstance(source, str) for source in listed):
        raise TypeError("Groundedness.check(sources=...) takes a list of texts")
    return [source for source in listed if source.strip()]
