"""What the guards of one side said about the texts of one request or reply."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from typing import Any, NamedTuple

from genai_guard.guards.seat import Seat
from genai_guard.messages import Part, Usage
from genai_guard.text.edits import Edit, original_span
from genai_guard.verdicts import Action, Finding, Verdict, gravest

__all__ = ["Failure", "Feedback", "Judgement", "Spent", "place_in_original"]


class Failure(NamedTuple):
    """A guard that broke, and what it raised."""

    seat: Seat
    error: BaseException


class Feedback(NamedTuple):
    """What a model has to be told to do better, and by whom."""

    seat: Seat
    text: str


class Spent(NamedTuple):
    """What a guard spent on a model of its own."""

    model: str
    usage: Usage


@dataclass(slots=True)
class Judgement:
    """What the guards said.

    Attributes:
        texts: The texts to go on with, parallel to the parts.
        verdicts: What was found, without the texts.
        blocked: The verdict that ends the call.
        failed: The failure that ends the call.
        edits: Edits of each part by its index, in coordinates of the original; None where they are not known.
        value: What a guard made of a text.
        feedback: What the guard that blocked wants the model to be told.
        spent: What guards spent on models of their own, allowances included.
    """

    texts: list[str]
    verdicts: list[Verdict] = field(default_factory=list[Verdict])
    blocked: Verdict | None = None
    failed: Failure | None = None
    edits: dict[int, list[Edit] | None] = field(default_factory=dict[int, list[Edit] | None])
    value: Any = None
    feedback: Feedback | None = None
    spent: list[Spent] = field(default_factory=list[Spent])

    @classmethod
    def of(cls, parts: Sequence[Part]) -> Judgement:
        """Return a judgement that has nothing to say yet."""
        return cls([part.text for part in parts])

    def add(self, verdict: Verdict) -> None:
        """Keep a verdict; remember it if it ends the call."""
        self.verdicts.append(verdict)
        if verdict.blocked and self.blocked is None:
            self.blocked = verdict

    def take(self, seat: Seat, verdict: Verdict, placed: Verdict) -> None:
        """Keep what a guard of step 3 said; `placed` is the same in coordinates of the original."""
        if verdict.value is not None:
            self.value = verdict.value
        if verdict.usage is not None:
            self.spent.append(Spent(verdict.model, verdict.usage))
        if placed.action is Action.ALLOW:
            return
        if verdict.feedback and placed.blocked and self.blocked is None and seat.max_reasks:
            self.feedback = Feedback(seat, verdict.feedback)
        self.add(placed)

    def fail(self, seat: Seat, error: BaseException) -> None:
        """Keep the failure of a guard; remember it if it ends the call."""
        self.verdicts.append(seat.failure(error))
        if self.failed is None and seat.on_error == "block" and seat.mode == "enforce":
            self.failed = Failure(seat, error)

    def summary(self) -> Verdict:
        """Return what was said about the first text, as one verdict."""
        enforced = [verdict for verdict in self.verdicts if verdict.mode == "enforce"]
        names = dict.fromkeys(verdict.guard for verdict in self.verdicts)
        return Verdict(
            gravest(verdict.action for verdict in enforced),
            self.texts[0],
            tuple(finding for verdict in self.verdicts for finding in verdict.findings),
            ", ".join(names),
            "enforce" if enforced or not self.verdicts else "shadow",
            next((verdict.error for verdict in self.verdicts if verdict.error), ""),
            self.value,
        )

    @property
    def stopped(self) -> bool:
        """Whether the call must not go on."""
        return self.blocked is not None or self.failed is not None


def place_in_original(verdict: Verdict, seat: Seat, part: Part, edits: Sequence[Edit] | None) -> Verdict:
    """Return what a guard of step 3 said, with its findings in coordinates of the original text, which `part` holds.

    What it made of the text and would tell the model stays behind: a verdict goes to recorders.

    `edits` are those that led from the original to the text that the guard saw; None when they are not known, in
    which case each finding covers the whole text.
    """
    placed: list[Finding] = []
    for finding in verdict.findings:
        span = (0, len(part.text)) if edits is None else original_span(edits, finding.start, finding.end)
        placed.append(replace(finding, start=span[0], end=span[1], guard=finding.guard or seat.name, where=part.where))
    return Verdict(verdict.action, "", tuple(placed), seat.name, seat.mode, verdict.error)
