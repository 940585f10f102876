"""`PromptInjection`: orders to the model in texts that have none to give."""

from __future__ import annotations

import inspect
from bisect import bisect_right
from collections.abc import Awaitable, Collection, Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Any, ClassVar, Final, Literal, cast, get_args

from genai_guard.errors import ConfigurationError
from genai_guard.guards.base import Classifier, Context, GuardBase, check_interval, settle
from genai_guard.guards.classifiers.cascade import Cascade
from genai_guard.guards.classifiers.categories import spent_on
from genai_guard.guards.injection.finder import finder
from genai_guard.guards.injection.learned import learned_findings, thresholds
from genai_guard.guards.injection.places import Place, documents_in
from genai_guard.guards.injection.scoring import Sign, combined, signs_of
from genai_guard.messages import Part
from genai_guard.text.rules import Match
from genai_guard.verdicts import Action, ActionLike, Finding, Verdict

__all__ = ["AsyncPromptInjection", "PromptInjection"]

_CATEGORY: Final = "PROMPT_INJECTION"
_SCORED: Final = "injection"
_WORDS: Final[Mapping[Place, str]] = {"user": "user text", "document": "documents", "tool": "results of tools"}
_FALSE_POSITIVES: Final = 0.02
_TRUSTED: Final = ("system", "assistant")


@dataclass(frozen=True)
class PromptInjection(GuardBase):
    """Find attempts to take over the model: by its user, or by a document or result of a tool that it reads.

    Some 260 signs are looked for, each with a weight: orders to drop the instructions, personas without rules,
    questions for the system prompt or a secret in it, forged turns, tags and templates, encoded or split orders, many
    faked turns, orders to an assistant in what it was only to read, pressure on the form of the reply; in English, and
    the main ones in eighteen other languages. Disguises are undone first, base64 and digits for letters included.

    The score is one minus the product over the families of `1 - weight`, where of each family the heaviest sign
    counts. A sign weighs less where the text speaks of somebody ("users may ignore ...") and where it quotes an example.
    What the signs let pass is scored by a model that was trained on attacks and on harmless texts of many sorts
    (`LearnedClassifier("injection")`), and counts from a probability on that `false_positives` of the harmless texts reach.
    Each text has a place, each place a threshold: documents are parts of the text of a user in `<document>`,
    `<context>` and similar tags, or in a fence after a line such as "Context:"; results of tools are texts of the role
    `tool`. Texts of the roles `system` and `assistant` are the application's own, and pass on the input side.

    Args:
        action: `block` or `flag`.
        threshold: The least score that counts in the text of a user.
        document_threshold: The same for documents.
        tool_threshold: The same for results of tools.
        false_positives: Share of harmless texts that the learned scorer may take for attacks, beside what the signs do;
            None leaves it to the signs. Measured on sources that it was not trained on; yours will differ. Beside a
            `Cascade` the built-in scorer is not asked, since it would count what the expensive one has cleared; a share
            other than that unless said is refused there.
        classifier: Gives a learned score of the category `injection`. What it is above 0.5 counts as one more family,
            of weight `2 * score - 1`. Asked of every text that is judged, whatever the rules say. If its `classify` is
            `async def`, so are `check` and `check_part`.
        blocking: Whether the classifier waits for something, so that an asynchronous call runs it in a thread. Also
            true if the classifier says so.
        judge: Roles whose texts are judged besides, like text of a user: `system`, `assistant`.
        check_every_chars: In a stream, judge the text so far each time that so many characters have come, and at the
            end. None holds the stream to its end.

    Raises:
        ConfigurationError: a threshold that is not above 0 and at most 1, a share of false positives that was not measured,
            an unknown role, no classifier, a `Cascade` beside `false_positives`, a number of characters that is none, or a model
            file that is missing or damaged.
    """

    kind: ClassVar[str] = "prompt_injection"
    allowed_actions: ClassVar[frozenset[Action]] = frozenset({Action.FLAG, Action.BLOCK})

    action: ActionLike = field(default=Action.BLOCK, kw_only=True)
    threshold: float = field(default=0.6, kw_only=True)
    document_threshold: float = field(default=0.5, kw_only=True)
    tool_threshold: float = field(default=0.5, kw_only=True)
    false_positives: float | None = field(default=_FALSE_POSITIVES, kw_only=True)
    classifier: Classifier | None = field(default=None, kw_only=True)
    blocking: bool = field(default=False, kw_only=True)
    judge: Sequence[Literal["system", "assistant"]] = field(default=(), kw_only=True)
    check_every_chars: int | None = field(default=None, kw_only=True)

    def __post_init__(self) -> None:
        super().__post_init__()
        for name in ("threshold", "document_threshold", "tool_threshold"):
            _check_threshold(name, getattr(self, name))
        settle(self, judge=_roles(self.judge))
        check_interval("PromptInjection", self.check_every_chars)
        classify = getattr(self.classifier, "classify", None)
        if self.classifier is not None and not callable(classify):
            raise ConfigurationError(
                f"PromptInjection(classifier=...): {type(self.classifier).__name__} has no method classify(text)"
            )
        if isinstance(self.classifier, Cascade) and self.false_positives not in (None, _FALSE_POSITIVES):
            raise ConfigurationError(
                f"PromptInjection(classifier=Cascade(...), false_positives={self.false_positives!r}): the built-in scorer is not "
                "asked beside a cascade, whose own ends decide; leave false_positives out"
            )
        settle(self, blocking=self.blocking or bool(getattr(self.classifier, "blocking", False)))
        if inspect.iscoroutinefunction(classify) and not isinstance(self, AsyncPromptInjection):
            _make_async(self)
        finder()  # compiled now, rather than with the first text
        if self._learned_share is not None:
            thresholds(self.false_positives)

    def check(self, text: str, /, *, place: Place = "user") -> Any:
        """Return the verdict about `text`.

        Args:
            text: What to judge.
            place: Where it stands: `user`, `document` or `tool`.

        Raises:
            ValueError: `place` is something else, or the classifier gave no score from 0 to 1 of `injection`.
        """
        _check_place(place)
        return self._verdict(text, place, self._scores(text))

    def check_part(self, part: Part, context: Context, /) -> Any:
        """Return the verdict about `part.text`, by the threshold of its place.

        Raises:
            ValueError: as for `check`.
        """
        if self._is_trusted(part, context):
            return self._allowed(part.text)
        return self.check(part.text, place=_place_of(part))

    def _is_trusted(self, part: Part, context: Context) -> bool:
        if context.side == "output" or part.kind == "result" or part.role not in _TRUSTED:
            return False
        return part.role not in self.judge

    def _scores(self, text: str) -> Any:
        return None if self.classifier is None else self.classifier.classify(text)

    def _allowed(self, text: str) -> Verdict:
        return Verdict(Action.ALLOW, text, (), self.name, self.mode)

    def _verdict(self, text: str, place: Place, scores: Any) -> Verdict:
        learned = {} if scores is None else {"classifier": _evidence(scores)}
        verdict, spent = self._judged(text, place, finder().find(text), learned), spent_on(scores)
        return replace(verdict, **spent) if spent else verdict

    def _judged(self, text: str, place: Place, matches: Sequence[Match], learned: Mapping[str, float]) -> Verdict:
        findings: list[Finding] = []
        for where, there in _by_place(text, matches, place).items() if matches or learned else ():
            signs = signs_of(text, there, where)
            score, least = combined(signs, learned), self._threshold(where)
            if score >= least:
                detail = f"score {score:.2f} of at least {least:.2f} in {_WORDS[where]}"
                findings += self._findings(text, signs, learned, detail)
        if not findings and (share := self._learned_share) is not None:
            findings = learned_findings(text, place, share, name=self.name, kind=self.kind)
        if not findings:
            return self._allowed(text)
        findings.sort(key=_by_span)
        return Verdict(Action(self.action), text, tuple(findings), self.name, self.mode)

    @property
    def _learned_share(self) -> float | None:
        """The share of false positives by which the built-in scorer counts; None if it is not asked."""
        return None if isinstance(self.classifier, Cascade) else self.false_positives

    def _threshold(self, place: Place) -> float:
        thresholds = {"document": self.document_threshold, "tool": self.tool_threshold}
        return thresholds.get(place, self.threshold)

    def _findings(self, text: str, signs: Sequence[Sign], learned: Mapping[str, float], detail: str) -> list[Finding]:
        findings = [
            Finding(sign.rule, _CATEGORY, sign.start, sign.end, round(sign.weight, 3), self.name, detail=detail)
            for sign in signs
        ]
        for name, weight in learned.items():
            if weight:
                rule = f"{self.kind}.{name}"
                findings.append(Finding(rule, _CATEGORY, 0, len(text), round(weight, 3), self.name, detail=detail))
        return findings


@dataclass(frozen=True)
class AsyncPromptInjection(PromptInjection):
    """What a `PromptInjection` becomes whose classifier is `async def`: its checks have to be awaited."""

    async def check(self, text: str, /, *, place: Place = "user") -> Verdict:
        """Return the verdict about `text`, as `PromptInjection.check` does."""
        _check_place(place)
        return self._verdict(text, place, await self._later(text))

    async def check_part(self, part: Part, context: Context, /) -> Verdict:
        """Return the verdict about `part.text`, as `PromptInjection.check_part` does."""
        if self._is_trusted(part, context):
            return self._allowed(part.text)
        return await self.check(part.text, place=_place_of(part))

    async def _later(self, text: str) -> Any:
        scores = self._scores(text)
        return await cast("Awaitable[object]", scores) if isinstance(scores, Awaitable) else scores


def _make_async(guard: PromptInjection) -> None:
    """Turn a guard into its asynchronous kind, so that whoever asks whether `check` is `async def` sees it."""
    if type(guard) is not PromptInjection:
        raise ConfigurationError(
            f"{type(guard).__name__}(classifier=...): its classify is async def; derive from AsyncPromptInjection"
        )
    settle(guard, __class__=AsyncPromptInjection)


def _place_of(part: Part) -> Place:
    return "tool" if part.kind == "result" or part.role == "tool" else "user"


def _by_place(text: str, matches: Collection[Match], place: Place) -> Mapping[Place, Sequence[Match]]:
    """Return the matches by the place in which they stand; those in the documents of a user's text apart."""
    documents = documents_in(text) if place == "user" and matches else ()
    if not documents:
        return {place: tuple(matches)}
    apart: dict[Place, list[Match]] = {"user": [], "document": []}
    starts = [start for start, _ in documents]
    for match in matches:
        at = bisect_right(starts, match.start) - 1
        apart["document" if at >= 0 and match.start < documents[at][1] else "user"].append(match)
    return apart


def _evidence(scores: Any) -> float:
    """Return the weight of what a classifier says: nothing up to an even chance, and all of certainty."""
    if isinstance(scores, Awaitable):
        raise TypeError("classify returned an awaitable; define it with async def")
    score = cast("Mapping[str, object]", scores).get(_SCORED) if isinstance(scores, Mapping) else None
    if isinstance(score, bool) or not isinstance(score, int | float) or not 0 <= score <= 1:
        raise ValueError(f"the classifier gave no score from 0 to 1 of {_SCORED!r}")
    return max(0.0, 2 * score - 1)


def _by_span(finding: Finding) -> tuple[int, float, int, str]:
    return finding.start, -finding.score, -finding.end, finding.rule


def _check_place(place: object) -> None:
    if place not in get_args(Place):
        raise ValueError("place must be 'user', 'document' or 'tool'")


def _check_threshold(name: str, value: object) -> None:
    if isinstance(value, bool) or not isinstance(value, int | float) or not 0 < value <= 1:
        raise ConfigurationError(f"PromptInjection({name}={value!r}) must be a number above 0 and at most 1")


def _roles(judge: object) -> tuple[str, ...]:
    if isinstance(judge, str) or not isinstance(judge, Sequence):
        raise ConfigurationError("PromptInjection(judge=...) takes a list of roles: 'system', 'assistant'")
    roles = tuple(cast("Sequence[str]", judge))
    for role in roles:
        if role not in _TRUSTED:
            raise ConfigurationError(f"PromptInjection(judge=...): {role!r} must be one of 'system', 'assistant'")
    return tuple(dict.fromkeys(roles))
