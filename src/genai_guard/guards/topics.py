"""`Topics`: what a text may be about, and what not."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, fields
from functools import cached_property
from typing import Any, ClassVar, Final, NamedTuple, cast

from genai_guard.errors import ConfigurationError
from genai_guard.frozen import FrozenDict
from genai_guard.guards.asking import MAX_STUCK, BoundedAwaits, check_callable, check_fraction, check_timeout, is_async
from genai_guard.guards.base import Context, GuardBase, settle
from genai_guard.guards.bounded import BoundedCalls
from genai_guard.guards.topic_vectors import TopicVectors
from genai_guard.messages import Part
from genai_guard.text.rules import Rule
from genai_guard.text.scanner import shared_scanner
from genai_guard.text.views import Views
from genai_guard.text.words import WORDS_AND_MARKS, fold
from genai_guard.verdicts import Action, ActionLike, Finding, Verdict

__all__ = ["Topics"]

_NEAR: Final = 600
"""Characters within which keywords count together."""
_SMALL_TALK: Final = frozenset(
    """hi hello hey yo there good morning afternoon evening night day greetings dear thanks thank you so much very many
    lot a was it that your my i am are how what today fine well great nice perfect ok okay yes no sure
    please sorry bye goodbye see have helpful help friend all right cheers lol haha welcome do we me of
    hallo guten morgen tag abend danke vielen dank bitte tschüss schönen einen noch und ja nein
    hola buenos buenas días tardes noches gracias muchas por favor todo adiós sí
    bonjour bonsoir salut merci beaucoup bonne journée au revoir oui non s'il vous plaît
    ciao buongiorno buonasera grazie mille prego olá obrigado obrigada bom dia""".split()  # noqa: SIM905
)
"""Words that a text may hold any number of without being about something."""


class _Hit(NamedTuple):
    start: int
    end: int
    keyword: str
    weight: int


@dataclass(frozen=True)
class Topics(GuardBase):
    """Find texts about topics that are denied, or about none of those that are allowed, and block or flag them.

    By keywords: a text is about a topic if enough different keywords of it stand within 600 characters. A keyword of one
    word counts one, a phrase two, however often it is met, and `min_keywords` is what it takes: one word alone may mean
    something else. English plurals need not be listed; keywords match whole words in any script, disguised ones too. To
    be about an allowed topic one keyword is enough.

    By meaning: with `embed`, a function of yours that returns the vector of a text, topics are lists of example texts. A
    text is about a topic if the cosine with one of its examples, or with their mean, reaches `threshold`. The examples
    are embedded with the first text. Vectors of long texts are taken of each 2,000 characters.

    With `allow`, a text that is about no allowed topic is off topic, unless, greetings and thanks left out, it has fewer
    than `min_words` words. On the side of the request only what the user wrote is judged.

    Args:
        deny: Topics that a text must not be about: keywords, or examples for `embed`, by name.
        allow: Topics of which a text must be about one.
        min_keywords: What it takes to be about a denied topic, in words.
        min_words: Words from which on a text can be off topic.
        embed: Takes a text, and returns its vector; it may be `async def`.
        batches: Whether `embed` takes a list of texts and returns a list of vectors.
        threshold: Cosine from which on a text is about a topic, with `embed`.
        action: What to do with what is found: `block` or `flag`.
        blocking: Whether `embed` takes so long that an asynchronous call should ask it in a thread.
        timeout_s: Seconds that `embed` may take.

    Raises:
        ConfigurationError: no topic, one without keywords, one that is allowed and denied, or a number out of range.
    """

    kind: ClassVar[str] = "topics"
    allowed_actions: ClassVar[frozenset[Action]] = frozenset({Action.FLAG, Action.BLOCK})

    deny: Mapping[str, Sequence[str]] = field(default_factory=FrozenDict[str, Sequence[str]])
    allow: Mapping[str, Sequence[str]] = field(default_factory=FrozenDict[str, Sequence[str]], kw_only=True)
    min_keywords: int = field(default=2, kw_only=True)
    min_words: int = field(default=6, kw_only=True)
    embed: Callable[[Any], Any] | None = field(default=None, kw_only=True)
    batches: bool = field(default=False, kw_only=True)
    threshold: float = field(default=0.6, kw_only=True)
    action: ActionLike = field(default=Action.BLOCK, kw_only=True)
    blocking: bool = field(default=True, kw_only=True)
    timeout_s: float = field(default=10.0, kw_only=True)

    def __post_init__(self) -> None:
        super().__post_init__()
        settle(self, deny=_topics("deny", self.deny), allow=_topics("allow", self.allow))
        if not self.deny and not self.allow:
            raise ConfigurationError("Topics() has nothing to look for: give it deny or allow")
        for topic in self.deny.keys() & self.allow.keys():
            raise ConfigurationError(f"Topics(): {topic!r} is both allowed and denied")
        for name in ("min_keywords", "min_words"):
            value = getattr(self, name)
            if type(value) is not int or value < 1:
                raise ConfigurationError(f"Topics({name}={value!r}) must be a whole number of at least 1")
        check_fraction("Topics", "threshold", self.threshold)
        check_timeout("Topics", self.timeout_s)
        if self.embed is not None:
            check_callable("Topics(embed=...)", self.embed, "texts" if self.batches else "text")
        later = is_async(self.embed)
        settle(self, blocking=self.embed is not None and not later and self.blocking)
        _ = self._calls, self._awaits, self._vectors, self._views  # here, where no two threads make one each
        settle(self, __class__=_AsyncTopics if later else Topics)  # asynchronous if its `check` is

    def check(self, text: str, /) -> Any:
        """Return the verdict about `text`.

        Raises:
            RuleFailed: a rule could not be evaluated.
            TimeoutError: `embed` took too long.
            TooManyStuck: too many earlier calls of it have not returned.
            TypeError: what it returned is no vector of numbers.
            ValueError: its vectors have different lengths, or no direction.
        """
        if self._vectors is None:
            return self._verdict(text, self._findings_by_words(text))
        if not text.strip():
            return self._verdict(text, [])
        nearness = self._calls(text) if self.blocking else self._vectors.nearness(text)
        return self._verdict(text, self._findings_by_nearness(text, nearness))

    def check_part(self, part: Part, context: Context, /) -> Any:
        """Return the verdict about a text; of a request only what the user wrote is judged. Raises like `check`."""
        return self._passed(part.text) if _is_other(part, context) else self.check(part.text)

    def __getstate__(self) -> dict[str, Any]:
        """Leave out what is compiled, embedded, or a thread: it is made again where it is needed."""
        return {each.name: getattr(self, each.name) for each in fields(self)}

    @cached_property
    def _vectors(self) -> TopicVectors | None:
        if self.embed is None:
            return None
        return TopicVectors(self.name, self.embed, {**self.deny, **self.allow}, batches=self.batches)

    @cached_property
    def _calls(self) -> BoundedCalls[dict[str, float]]:
        return BoundedCalls(self._nearness, timeout_s=self.timeout_s, max_stuck=MAX_STUCK)

    @cached_property
    def _awaits(self) -> BoundedAwaits:
        return BoundedAwaits(timeout_s=self.timeout_s)

    def _nearness(self, text: str) -> dict[str, float]:
        return cast("TopicVectors", self._vectors).nearness(text)

    @cached_property
    def _forms(self) -> dict[str, dict[str, str]]:
        """For each topic its keywords, by every form in which they are met."""
        topics = {**self.deny, **self.allow}
        return {topic: {form: word for word in words for form in _forms(word)} for topic, words in topics.items()}

    @cached_property
    def _views(self) -> Views | None:
        if self.embed is not None:
            return None
        rules = [
            Rule(f"topics.{topic}", topic, keywords=tuple(forms), ignore_case=True)
            for topic, forms in self._forms.items()
        ]
        return Views(shared_scanner(rules))

    def _findings_by_words(self, text: str) -> list[Finding]:
        hits = self._hits(text)
        found = [finding for topic in self.deny if (finding := self._denied(topic, hits.get(topic, []))) is not None]
        if self.allow and not any(topic in hits for topic in self.allow):
            found += self._off_topic(text, 1.0)
        return found

    def _hits(self, text: str) -> dict[str, list[_Hit]]:
        hits: dict[str, list[_Hit]] = {}
        topics = list(self._forms)
        for match in () if self._views is None else self._views.find(text):
            topic = topics[match.rule]
            written = text[match.start : match.end] if match.reads is None else match.reads
            keyword = self._forms[topic].get(_plain(written), _plain(written))
            weight = 2 if len(keyword.split()) > 1 else 1
            hits.setdefault(topic, []).append(_Hit(match.start, match.end, keyword, weight))
        return hits

    def _denied(self, topic: str, hits: Sequence[_Hit]) -> Finding | None:
        """Return what there is to say about a denied topic: where most of its keywords stand together."""
        best = max(_together(hits), key=lambda group: group[0], default=None)
        if best is None or best[0] < self.min_keywords:
            return None
        weight, start, end, keywords = best
        score, detail = 1 - 0.5**weight, f"{keywords} different keywords"
        return Finding(f"{self.name}.{topic}", "DENIED_TOPIC", start, end, score, self.name, "", detail)

    def _findings_by_nearness(self, text: str, nearness: Mapping[str, float]) -> list[Finding]:
        found = [
            Finding(
                f"{self.name}.{topic}", "DENIED_TOPIC", 0, len(text), min(nearness[topic], 1.0), self.name, "", detail
            )
            for topic in self.deny
            if nearness[topic] >= self.threshold and (detail := f"cosine {nearness[topic]:.2f}")
        ]
        nearest = max((nearness[topic] for topic in self.allow), default=1.0)
        return found + self._off_topic(text, 1 - max(nearest, 0.0)) if nearest < self.threshold else found

    def _off_topic(self, text: str, score: float) -> list[Finding]:
        words = sum(fold(token) not in _SMALL_TALK for token in WORDS_AND_MARKS.findall(text) if token[0].isalnum())
        if words < self.min_words:
            return []
        detail = f"about none of {len(self.allow)} allowed topics"
        return [Finding(f"{self.name}.off_topic", "OFF_TOPIC", 0, len(text), score, self.name, "", detail)]

    def _verdict(self, text: str, found: Iterable[Finding]) -> Verdict:
        findings = tuple(found)
        return Verdict(Action(self.action) if findings else Action.ALLOW, text, findings, self.name, self.mode)

    def _passed(self, text: str) -> Verdict:
        return self._verdict(text, ())


@dataclass(frozen=True)
class _AsyncTopics(Topics):
    """The same for an asynchronous `embed`."""

    async def check(self, text: str, /) -> Verdict:
        """Return the verdict about `text`; raises like `Topics.check`."""
        if not text.strip():
            return self._passed(text)
        nearness = await self._awaits(cast("TopicVectors", self._vectors).nearness_later(text))
        return self._verdict(text, self._findings_by_nearness(text, nearness))

    async def check_part(self, part: Part, context: Context, /) -> Verdict:
        """Return the verdict about a text; raises like `Topics.check`."""
        return self._passed(part.text) if _is_other(part, context) else await self.check(part.text)


def _is_other(part: Part, context: Context) -> bool:
    return context.side == "input" and part.role != "user"


def _together(hits: Sequence[_Hit]) -> Iterator[tuple[int, int, int, int]]:
    """Yield, for each hit, the weight of the different keywords that end there or shortly before, and where they stand."""
    counts: dict[str, int] = {}
    weight = first = 0
    for at, hit in enumerate(hits):
        counts[hit.keyword] = counts.get(hit.keyword, 0) + 1
        weight += hit.weight if counts[hit.keyword] == 1 else 0
        while first < at and hits[first].start < hit.end - _NEAR:
            left = hits[first]
            counts[left.keyword] -= 1
            if not counts[left.keyword]:
                del counts[left.keyword]
                weight -= left.weight
            first += 1
        yield weight, hits[first].start, hit.end, len(counts)


def _plain(text: str) -> str:
    return fold(" ".join(text.split()))


def _forms(keyword: str) -> list[str]:
    """Return a keyword with the plurals of its last word, as English makes them."""
    word = _plain(keyword)
    if not word.isascii() or not word[-1:].isalpha() or len(word) < 3:
        return [word]
    if word.endswith("y") and word[-2] not in "aeiou":
        return [word, f"{word[:-1]}ies"]
    return [word, f"{word}es" if word.endswith(("s", "x", "z", "ch", "sh")) else f"{word}s"]


def _topics(name: str, given: object) -> FrozenDict[str, Sequence[str]]:
    if not isinstance(given, Mapping):
        raise ConfigurationError(
            f"Topics({name}=...) takes a mapping such as {{'politics': ['election', 'senator']}}, not {type(given).__name__}"
        )
    topics: dict[str, Sequence[str]] = {}
    for topic, words in cast("Mapping[object, object]", given).items():
        where = f"Topics({name}=...): {topic!r}"
        if not isinstance(topic, str) or not topic.strip():
            raise ConfigurationError(f"{where} is no name of a topic")
        if isinstance(words, str) or not isinstance(words, Iterable):
            raise ConfigurationError(f"{where} takes a list of strings, not {type(words).__name__}")
        listed = tuple(cast("Iterable[object]", words))
        for number, word in enumerate(listed):
            if not isinstance(word, str) or not word.strip():
                raise ConfigurationError(f"{where}: item {number} is no word or text")
        if not listed:
            raise ConfigurationError(f"{where} has no keywords")
        topics[topic] = cast("tuple[str, ...]", listed)
    return FrozenDict(topics)
