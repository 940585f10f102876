"""`PII`: personal data, found by pattern and validated by checksum or structure."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from functools import cached_property
from typing import Any, ClassVar

from genai_guard.environment import FromEnv
from genai_guard.errors import ConfigurationError
from genai_guard.frozen import FrozenDict
from genai_guard.guards.base import one_of, settle
from genai_guard.guards.entities.catalogue import CATALOGUE
from genai_guard.guards.entities.choice import (
    check_entities,
    check_regions,
    check_threshold,
    check_thresholds,
    chosen_rules,
    plain,
    with_exceptions,
)
from genai_guard.guards.hashing import check_key, stand_in
from genai_guard.guards.matching import RuleGuard
from genai_guard.guards.pseudonyms.pending import Pending, Pseudonyms, Scope
from genai_guard.text.rules import Rule
from genai_guard.verdicts import Action, ActionLike

__all__ = ["PII"]


@dataclass(frozen=True)
class PII(RuleGuard):
    """Find personal data, and flag, redact, mask, hash, pseudonymize or block it.

    What the actions leave of `bob@example.com` and of `4111 1111 1111 1111`:

    - `redact`: `[EMAIL]` and `[PAYMENT_CARD]`.
    - `mask`: `***@example.com` and `**** **** **** 1111`. Nothing of a local part or an IP address remains; of other
      numbers the last four characters.
    - `hash`: `[EMAIL:kfbdihapleocmjgn]`, equal for equal values however they are grouped or cased, and not to be
      turned back without the key.
    - `pseudonymize`: a stand-in that looks like a value of its kind and is nobody's, `mara.holm@example.net`. The same
      value has the same stand-in wherever it stands, and in the reply, its tool calls included, the stand-in is turned
      back. For requests alone: `Pipeline(input=[...])`. Guards of replies pass over stand-ins.
    - `flag` leaves the text as it is, `block` refuses it.

    Every rule has a score from 0 to 1. A number is worth more where a check digit confirms it, and where a word before
    it, on its line, says what it is: `passport`, `Steuer-ID`, `date of birth`. A rule below the threshold of its entity
    is not looked for. Unless entities are named, the threshold is 0.8: rules that hardly ever find something else in
    mail, code, logs or prose. For entities that are named it is 0.5: some of them find a plain number by its check digit
    alone, which two in a hundred other numbers of eleven digits pass for a PL_PESEL, the worst of them. Name the
    entities or countries that are of concern.

    The entities, what each of them checks and what its rules score are in a table of the reference.

    Args:
        entities: Names of the entities to look for, or of groups of them: DEFAULT, ALL, EUROPE, AMERICAS, ASIA, or a
            country by two letters, such as DE. None for DEFAULT.
        action: What to do with what is found.
        hash_key: Secret of at least 16 bytes for `hash` and `pseudonymize`. The same key gives the same hashes and, as
            far as they are free, the same stand-ins in every process. Without one a random key is used that dies with
            the process, or with the stand-ins.
        scope: How long a value keeps its stand-in: for one call, or for all calls of one session of one user, as
            `caller(session=...)` names it. A call without a session stands alone. At most 10,000 values have one.
        session_idle_s: Seconds without a call after which the stand-ins of a session are forgotten.
        max_sessions: Sessions that are kept at a time. One more fails, which `on_error` decides about, until another
            has been idle for long enough.
        threshold: Score that a rule needs, from 0 to 1; None for 0.5 where entities are named, and else for 0.8.
        thresholds: The same for single entities, by their names.
        allow: Values that are not found, whatever their case and separators. `@example.com` stands for every e-mail
            address of that domain.
        keep_last: Letters and digits that `mask` leaves at the end of a number, from 0 to 8; never more than half.
        phone_regions: Regions, such as DE, whose phone numbers are found as people write them there, without `+`. Needs
            the extra `pii`.

    Raises:
        ConfigurationError: an entity, group, region or action that does not exist, a threshold that is out of range or
            that no rule of a named entity reaches, an empty exception, a key that is too short or not used, a scope that
            is not used, or an extra that is missing.
    """

    kind: ClassVar[str] = "pii"
    allowed_actions: ClassVar[frozenset[Action]] = frozenset(
        {Action.FLAG, Action.REDACT, Action.MASK, Action.HASH, Action.PSEUDONYMIZE, Action.BLOCK}
    )

    entities: Sequence[str] | None = None
    action: ActionLike = field(default=Action.REDACT, kw_only=True)
    hash_key: str | bytes | FromEnv | None = field(default=None, kw_only=True, repr=False)
    scope: Scope = field(default="request", kw_only=True)
    session_idle_s: float = field(default=3600.0, kw_only=True)
    max_sessions: int = field(default=10_000, kw_only=True)
    threshold: float | None = field(default=None, kw_only=True)
    thresholds: Mapping[str, float] = field(default_factory=FrozenDict[str, float], kw_only=True)
    allow: Sequence[str] = field(default=(), kw_only=True, repr=False)
    keep_last: int = field(default=4, kw_only=True)
    phone_regions: Sequence[str] = field(default=(), kw_only=True)

    def __post_init__(self) -> None:
        super().__post_init__()
        if self.entities is not None:
            settle(self, entities=check_entities(self.entities))
        if self.threshold is not None:
            settle(self, threshold=check_threshold(self.threshold, "threshold=..."))
        settle(self, thresholds=FrozenDict(check_thresholds(self.thresholds, self.entities)))
        settle(self, allow=(self.allow,) if isinstance(self.allow, str) else tuple(self.allow))
        if self.phone_regions:
            settle(self, phone_regions=check_regions(self.phone_regions, self.entities))
        _check_keep_last(self.keep_last)
        check_key("PII", self.hash_key, self.action, users=(Action.HASH, Action.PSEUDONYMIZE))
        one_of(self, "scope", {"request", "session"})
        if self.scope == "session" and self.action is not Action.PSEUDONYMIZE:
            raise ConfigurationError(
                f"PII(scope='session') is used by action='pseudonymize' alone, not by {self.action}"
            )
        Pseudonyms(session_idle_s=self.session_idle_s, max_sessions=self.max_sessions)
        _ = self.rules

    @cached_property
    def rules(self) -> tuple[Rule, ...]:
        """The rules of the entities."""
        rules = chosen_rules(self.entities, self.threshold, self.thresholds, self.phone_regions)
        return with_exceptions(rules, self.allow) if self.allow else rules

    @property
    def pseudonyms(self) -> Pseudonyms | None:
        """How stand-ins are to be kept; None if no text gets any."""
        if self.action is not Action.PSEUDONYMIZE or self.mode == "shadow":
            return None
        return Pseudonyms(self.scope, self.hash_key, self.session_idle_s, self.max_sessions)

    def replacement(self, rule: Rule, matched: str, /) -> str:
        """Return what the action leaves of a match; a label that a stand-in takes the place of, if that is what it does."""
        if self.action is Action.PSEUDONYMIZE:
            return Pending.of(rule)
        if self.action is Action.MASK:
            return CATALOGUE[rule.category].mask(matched, self.keep_last)
        if self.action is Action.HASH:
            return f"[{rule.category}:{stand_in(plain(matched), self.hash_key)}]"
        return f"[{rule.category}]"


def _check_keep_last(keep_last: Any) -> None:
    if isinstance(keep_last, bool) or not isinstance(keep_last, int) or not 0 <= keep_last <= 8:
        raise ConfigurationError("PII(keep_last=...) must be a whole number from 0 to 8")
