"""What is reviewed, and what reviewers said of it. Values only."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, Final, Literal, NamedTuple, TypeAlias

from genai_guard.errors import ConfigurationError
from genai_guard.frozen import FrozenDict
from genai_guard.guards.base import settle

__all__ = ["CALL", "Fired", "Labels", "Review", "ReviewItem", "ReviewStats", "ReviewStatus"]

ReviewStatus: TypeAlias = Literal["open", "escalated", "done"]
"""`open`: waits for reviews; `escalated`: waits for somebody to decide; `done`: everything is said."""

CALL: Final = ""
"""Stands in the place of a rule for the call as a whole."""

_NO_RULES: Final[Mapping[str, str]] = FrozenDict()


class Fired(NamedTuple):
    """A rule that found something in a call.

    Attributes:
        guard: Name of the guard.
        rule: The rule.
        category: What it found.
        action: What the guard did.
        mode: `shadow` when that was only recorded.
        side: `request` or `response`.
        message: Which of the messages of that side it was in, from 0; -1 if that is not known.
        is_shown: Whether the text of the item still has what was found: `Redactor(keep=...)` says so.
    """

    guard: str
    rule: str
    category: str
    action: str
    mode: str = "enforce"
    side: str = "request"
    message: int = -1
    is_shown: bool = False


@dataclass(frozen=True, slots=True)
class Review:
    """What one reviewer said of one item.

    Attributes:
        reviewer: Who.
        kind: `judged`, `skipped` or `escalated`.
        label: Of the call as a whole, and of every rule that has none of its own; empty unless it was judged.
        rules: Labels of rules by their names.
        comment: Redacted.
        time_s: When, in seconds since 1970.
        is_final: Whether it decides an item that was escalated.
    """

    reviewer: str
    kind: Literal["judged", "skipped", "escalated"] = "judged"
    label: str = ""
    rules: Mapping[str, str] = _NO_RULES
    comment: str = field(default="", repr=False)
    time_s: float = 0.0
    is_final: bool = False

    def label_of(self, rule: str) -> str:
        """Return the label of a rule, or of the call as a whole."""
        return self.rules.get(rule, self.label)


@dataclass(frozen=True, slots=True)
class ReviewItem:
    """A call that somebody is to look at.

    Attributes:
        id: Its number in the queue.
        request_id: The call.
        time_s: When the call began, or was spoken of, in seconds since 1970.
        reasons: Why it is there: names of selections, `thumbs down`.
        priority: What is highest comes first.
        propensity: Probability that a call like it is in the queue.
        status: Where it stands.
        fired: The rules that found something, each once.
        row: The call as a row of the inference log, redacted; only its `request_id` when that is all that is known.
        reviews: What was said of it.
    """

    id: int
    request_id: str
    time_s: float
    reasons: tuple[str, ...]
    priority: int
    propensity: float
    status: ReviewStatus
    fired: tuple[Fired, ...]
    row: Mapping[str, Any] = field(repr=False)
    reviews: tuple[Review, ...] = ()

    @property
    def judgements(self) -> tuple[Review, ...]:
        """What decides: the judgement of an escalated item if there is one, else all there are."""
        judged = tuple([each for each in self.reviews if each.kind == "judged"])
        return tuple([each for each in judged if each.is_final]) or judged

    @property
    def subjects(self) -> tuple[str, ...]:
        """What can be judged apart: the rules that fired; the call as a whole where none did."""
        return tuple(dict.fromkeys(each.rule for each in self.fired)) or (CALL,)


@dataclass(frozen=True, kw_only=True)
class Labels:
    """What a judgement may say. Labels that are in none of the sets are refused.

    Args:
        positive: There was something to find: a rule that fired was right, a guard that was silent was wrong.
        negative: There was nothing.
        unsure: Neither. Such judgements count in no estimate.
    """

    positive: tuple[str, ...] = ("true_positive", "false_negative")
    negative: tuple[str, ...] = ("false_positive", "true_negative")
    unsure: tuple[str, ...] = ("unsure",)

    def __post_init__(self) -> None:
        for name in ("positive", "negative", "unsure"):
            given: Any = getattr(self, name)
            if isinstance(given, str) or not all(isinstance(each, str) and each for each in given):
                raise ConfigurationError(f"Labels({name}=...) takes words, such as ('harmful',)")
            settle(self, **{name: tuple(given)})
        if not self.positive or not self.negative:
            raise ConfigurationError("Labels(positive=..., negative=...) need a word each")
        if len(set(self.all)) < len(self.all):
            raise ConfigurationError("Labels(...): a word stands in two of the sets: keep it in the one that is meant")

    @property
    def all(self) -> tuple[str, ...]:
        """All of them."""
        return (*self.positive, *self.negative, *self.unsure)

    def sense(self, label: str) -> bool | None:
        """Return whether a label says that there was something to find; None if it says neither."""
        return True if label in self.positive else False if label in self.negative else None

    def decided(self, item: ReviewItem, rule: str = CALL) -> bool | None:
        """Return what the reviewers of an item say by majority; None without one."""
        senses = [self.sense(each.label_of(rule)) for each in item.judgements]
        right, wrong = senses.count(True), senses.count(False)
        return None if right == wrong else right > wrong


@dataclass(frozen=True, slots=True, kw_only=True)
class ReviewStats:
    """How a queue is doing.

    Attributes:
        open: Items that wait for reviews, those that somebody has at hand included.
        claimed: How many of the open and escalated ones somebody has at hand.
        escalated: Items that wait for somebody to decide.
        done: Items about which everything is said.
        dropped: Calls that found no room.
        oldest_s: Age of the oldest that waits, in seconds; 0 if none does.
        reviewers: How many judgements each reviewer gave.
    """

    open: int = 0
    claimed: int = 0
    escalated: int = 0
    done: int = 0
    dropped: int = 0
    oldest_s: float = 0.0
    reviewers: Mapping[str, int] = field(default_factory=FrozenDict[str, int])
