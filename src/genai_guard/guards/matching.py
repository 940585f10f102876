"""What the guards have in common that find spans by rules: working alone, by `check`."""

from __future__ import annotations

from dataclasses import dataclass, fields
from functools import cached_property
from typing import Any

from genai_guard.guards.base import GuardBase
from genai_guard.guards.pseudonyms.vault import Vault
from genai_guard.text.edits import Edit, apply_edits
from genai_guard.text.rules import Match, Rule
from genai_guard.text.scanner import shared_scanner
from genai_guard.text.views import Views
from genai_guard.verdicts import Action, Finding, Verdict

__all__ = ["RuleGuard"]


@dataclass(frozen=True, kw_only=True)
class RuleGuard(GuardBase):
    """A `MatchingGuard` as a frozen dataclass; a kind of it says what `rules` are.

    In a pipeline its rules are scanned for together with those of other guards, and only `rules`, `action`,
    `normalize` and `replacement` are asked for.

    Args:
        normalize: Whether to see through disguises: zero-width, full-width and look-alike characters, marks, digits of
            other scripts, HTML, URL and backslash escapes, base64 and hexadecimal, "[at]" and "dot"; and for keywords
            spaced-out words and digits in place of letters. Findings point at the disguise as it is written.
    """

    normalize: bool = True

    @cached_property
    def rules(self) -> tuple[Rule, ...]:
        """What to look for. The same tuple each time."""
        return ()

    def replacement(self, rule: Rule, matched: str, /) -> str:  # noqa: ARG002  a kind of guard may need it
        """Return what to put in place of a match: its category in brackets, unless the kind of guard says more."""
        return f"[{rule.category}]"

    def check(self, text: str, /, *, vault: Vault | None = None) -> Verdict:
        """Return a verdict whose findings point into `text` and whose `text` is the one to go on with.

        Args:
            text: What to look at.
            vault: Keeps the stand-ins of the action `pseudonymize`, for `vault.restore(reply)`; those that it gave are
                passed over. Without one each text gets new ones, which nothing turns back.

        Raises:
            RuleFailed: a rule could not be evaluated, for instance because it ran into its time bound.
            VaultFull: the vault may not give more stand-ins.
        """
        matches = self._views.find(text)
        if vault is not None:
            matches = [match for match in matches if not vault.knows(text[match.start : match.end])]
        if not matches:
            return Verdict(Action.ALLOW, text, (), self.name, self.mode)
        action = Action(self.action)
        if action.edits and self.mode == "enforce":
            edits = [self._edit(match, text[match.start : match.end]) for match in matches]
            if action is Action.PSEUDONYMIZE:
                edits = (Vault() if vault is None else vault).fill(text, edits)
            text = apply_edits(text, edits)
        return Verdict(action, text, tuple(map(self._finding, matches)), self.name, self.mode)

    @cached_property
    def _views(self) -> Views:
        scanner = shared_scanner(self.rules)
        return Views(scanner, plain=() if self.normalize else range(len(self.rules)))

    def _edit(self, match: Match, written: str) -> Edit:
        matched = written if match.reads is None else match.reads
        return Edit(match.start, match.end, self.replacement(self.rules[match.rule], matched))

    def _finding(self, match: Match) -> Finding:
        rule = self.rules[match.rule]
        return Finding(rule.id, rule.category, match.start, match.end, rule.score, self.name)

    def __getstate__(self) -> dict[str, Any]:
        """Leave out what is compiled: it is made again where it is needed."""
        return {field.name: getattr(self, field.name) for field in fields(self)}
