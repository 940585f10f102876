"""`PII`: personal data, found by pattern and validated by checksum or structure."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from functools import cached_property
from typing import ClassVar

from genai_guard.errors import ConfigurationError
from genai_guard.guards.base import one_of, settle
from genai_guard.guards.entities.catalogue import CATALOGUE, ENTITIES
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

    Looked for unless entities are named: EMAIL, PHONE (international with `+`, North America also without), PAYMENT_CARD (known issuers and
    lengths, Luhn), IBAN (length of the country, remainder by 97), US_SSN (areas, groups and serials in use) and
    IP_ADDRESS (version 4 and 6; not the loopback, not a netmask, not a number that the context calls a version).

    Looked for when named, each by its form and its check digits:

    - Of Europe: AT_SVNR, BE_NATIONAL, CH_AHV, DE_TAX_ID, FR_INSEE (not those of Corsica with 2A or 2B),
      IT_CODICE_FISCALE, NO_FODSELSNUMMER, PL_PESEL, SE_PERSONNUMMER; UK_NHS after `NHS`. Without check digits: DK_CPR
      (a date) after `CPR`, and UK_NINO (prefixes in use), whose letters have to be followed by a digit at once.
    - Of other countries: CN_RESIDENT_ID, KR_RRN (given before October 2020), MX_CURP, ZA_ID; BR_CPF and BR_CNPJ with
      their dots, or after their names; IN_AADHAAR after `Aadhaar` or `UID`.
    - IMEI after `IMEI`, and URL_CREDENTIALS (`scheme://user:password@host`).

    Where a word is asked for, it stands right before the number; `number`, `no.`, `nr.`, `id` and `is` may stand
    between, and `:`, `=` or `#`. Plain numbers are sometimes mistaken for those of a country: two in a hundred random
    numbers of eleven digits pass for a PL_PESEL, the worst of them. Name the countries that are of concern.

    Args:
        entities: Names of the entities to look for; None for those of the first list.
        action: What to do with what is found.
        hash_key: Secret of at least 16 bytes for `hash` and `pseudonymize`. The same key gives the same hashes and, as
            far as they are free, the same stand-ins in every process. Without one a random key is used that dies with
            the process, or with the stand-ins.
        scope: How long a value keeps its stand-in: for one call, or for all calls of one session of one user, as
            `caller(session=...)` names it. A call without a session stands alone. At most 10,000 values have one.
        session_idle_s: Seconds without a call after which the stand-ins of a session are forgotten.
        max_sessions: Sessions that are kept at a time. One more fails, which `on_error` decides about, until another
            has been idle for long enough.

    Raises:
        ConfigurationError: an entity or action that does not exist, a key that is too short or not used, or a scope
            that is not used.
    """

    kind: ClassVar[str] = "pii"
    allowed_actions: ClassVar[frozenset[Action]] = frozenset(
        {Action.FLAG, Action.REDACT, Action.MASK, Action.HASH, Action.PSEUDONYMIZE, Action.BLOCK}
    )

    entities: Sequence[str] | None = None
    action: ActionLike = field(default=Action.REDACT, kw_only=True)
    hash_key: str | bytes | None = field(default=None, kw_only=True, repr=False)
    scope: Scope = field(default="request", kw_only=True)
    session_idle_s: float = field(default=3600.0, kw_only=True)
    max_sessions: int = field(default=10_000, kw_only=True)

    def __post_init__(self) -> None:
        super().__post_init__()
        if self.entities is not None:
            settle(self, entities=_known(self.entities))
        check_key("PII", self.hash_key, self.action, users=(Action.HASH, Action.PSEUDONYMIZE))
        one_of(self, "scope", {"request", "session"})
        if self.scope == "session" and self.action is not Action.PSEUDONYMIZE:
            raise ConfigurationError(
                f"PII(scope='session') is used by action='pseudonymize' alone, not by {self.action}"
            )
        Pseudonyms(session_idle_s=self.session_idle_s, max_sessions=self.max_sessions)

    @cached_property
    def rules(self) -> tuple[Rule, ...]:
        """The rules of the entities."""
        names = ENTITIES if self.entities is None else self.entities
        return tuple(rule for name in names for rule in CATALOGUE[name].rules)

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
            return CATALOGUE[rule.category].mask(matched)
        if self.action is Action.HASH:
            return f"[{rule.category}:{stand_in(_plain(matched), self.hash_key)}]"
        return f"[{rule.category}]"


def _known(entities: Iterable[str]) -> tuple[str, ...]:
    names = (entities,) if isinstance(entities, str) else tuple(entities)
    for name in names:
        if name not in CATALOGUE:
            raise ConfigurationError(f"PII(entities=...): {name!r} is not one of {', '.join(CATALOGUE)}")
    if not names:
        raise ConfigurationError("PII(entities=[]) would find nothing; leave it out to look for all entities")
    return tuple(dict.fromkeys(names))


def _plain(matched: str) -> str:
    """Return what is the same in every way of writing it."""
    return "".join(char for char in matched if char.isalnum() or char in "@.:").casefold()
