"""`Refusal`: a reply that says no."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import ClassVar

from genai_guard.errors import ConfigurationError
from genai_guard.guards.base import Context, GuardBase, check_interval, settle
from genai_guard.guards.refusals import REFUSALS, find_refusal
from genai_guard.messages import Part, PartKind
from genai_guard.verdicts import Action, ActionLike, Finding, Verdict

__all__ = ["Refusal"]


@dataclass(frozen=True)
class Refusal(GuardBase):
    """Tell that a reply is a refusal, so that it can be counted, or replaced by something better.

    Found is what an assistant says of itself: "I'm sorry, but I can't help with that", "As an AI language model, I
    cannot ...", "Ich kann dabei nicht helfen". It has to begin within the first `head_chars` characters, and it has
    to begin a clause. What stands in quotation marks, in a quoted line, below a salutation or behind words such as
    "Here is a draft:" is somebody else's. A text that the provider itself marks as a refusal is one.

    Args:
        languages: Codes of the languages to look for; None for all there are.
        head_chars: Characters from the beginning of a text within which a refusal counts.
        check_every_chars: Characters of a stream after which it is looked at; they are held that long. None holds the
            stream to its end.
        action: What to do with a refusal: `flag` or `block`.

    Raises:
        ConfigurationError: a language that is not known, or a number of characters out of range.
    """

    kind: ClassVar[str] = "refusal"
    kinds: ClassVar[frozenset[PartKind]] = frozenset({"text", "refusal"})
    allowed_actions: ClassVar[frozenset[Action]] = frozenset({Action.FLAG, Action.BLOCK})

    languages: Sequence[str] | None = None
    head_chars: int = field(default=400, kw_only=True)
    check_every_chars: int | None = field(default=100, kw_only=True)
    action: ActionLike = field(default=Action.FLAG, kw_only=True)

    def __post_init__(self) -> None:
        super().__post_init__()
        if self.languages is not None:
            settle(self, languages=_known(self.languages))
        if type(self.head_chars) is not int or not 1 <= self.head_chars <= 4_000:
            raise ConfigurationError(
                f"Refusal(head_chars={self.head_chars!r}) must be a whole number of characters from 1 to 4,000"
            )
        check_interval("Refusal", self.check_every_chars)

    def check(self, text: str, /) -> Verdict:
        """Return the verdict about a reply."""
        found = find_refusal(text, self.languages or REFUSALS, self.head_chars)
        if found is None:
            return Verdict(Action.ALLOW, text, (), self.name, self.mode)
        start, end, language = found
        return self._verdict(text, f"refusal.{language}", start, end, 0.9)

    def check_part(self, part: Part, context: Context, /) -> Verdict:  # noqa: ARG002  where it stands says enough
        """Return the verdict about a text of a call."""
        if part.kind == "refusal" and part.text:
            return self._verdict(part.text, "refusal.said", 0, len(part.text), 1.0)
        return self.check(part.text)

    def _verdict(self, text: str, rule: str, start: int, end: int, score: float) -> Verdict:
        found = Finding(rule, "REFUSAL", start, end, score, self.name)
        return Verdict(Action(self.action), text, (found,), self.name, self.mode)


def _known(languages: Sequence[str]) -> tuple[str, ...]:
    codes = (languages,) if isinstance(languages, str) else tuple(languages)
    if not codes:
        raise ConfigurationError("Refusal(languages=[]) would find nothing; leave it out to look for all languages")
    for code in codes:
        if code not in REFUSALS:
            raise ConfigurationError(f"Refusal(languages=...): {code!r} is not one of {', '.join(REFUSALS)}")
    return tuple(dict.fromkeys(codes))
