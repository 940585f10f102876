"""Guards that found something."""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar

from genai_guard.guards.base import one_of, settle
from genai_guard.recording.alerts.base import Alert, Reading
from genai_guard.recording.alerts.checks import check_number, check_window, span
from genai_guard.recording.facts import Facts
from genai_guard.verdicts import Action

__all__ = ["GuardrailHits"]


@dataclass(frozen=True, kw_only=True)
class GuardrailHits(Alert):
    """Fires when guards found something; what is in shadow mode does not count, a guard that broke does.

    Args:
        at_least: How many verdicts.
        window_s: How far to look back, from 10 seconds to three days.
        guard: Only those of the guard of this name.
        action: Only those with this action, for instance `block`.
    """

    kind: ClassVar[str] = "guardrail_hits"
    at_least: int = 1
    window_s: float = 300.0
    guard: str = ""
    action: Action | str = ""

    def __post_init__(self) -> None:
        check_number(self, "at_least", least=1)
        check_window(self)
        one_of(self, "action", {"", *(action.value for action in Action)})
        settle(self, action=str(self.action))
        super().__post_init__()

    @property
    def threshold(self) -> float:
        """How many verdicts."""
        return float(self.at_least)

    @property
    def looks_back_s(self) -> float:
        """The window."""
        return self.window_s

    def read(self, facts: Facts, /) -> Reading:
        """Return the number of hits, and whether they are enough."""
        hits: dict[str, int] = {}
        for hit, count in sorted(facts.counts(self.window_s).hits.items()):
            if hit.mode != "shadow" and self.guard in {"", hit.guard} and self.action in {"", hit.action}:
                hits[f"{hit.guard} {hit.action}"] = count
        total = sum(hits.values())
        listed = ", ".join(f"{name} {count:,}" for name, count in hits.items())
        text = f"{total:,} guardrail {'hit' if total == 1 else 'hits'} in the last {span(self.window_s)}" + (
            f": {listed}" if listed else ""
        )
        return Reading(total >= self.at_least, total, text)

    def _default_name(self) -> str:
        return "_".join(filter(None, ("guardrail_hits", self.guard, str(self.action))))
