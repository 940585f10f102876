"""`PII`: personal data, found by pattern and validated by checksum or structure."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from functools import cached_property
from typing import ClassVar

from genai_guard.errors import ConfigurationError
from genai_guard.guards.base import settle
from genai_guard.guards.entities.catalogue import CATALOGUE, ENTITIES
from genai_guard.guards.hashing import check_key, stand_in
from genai_guard.guards.matching import RuleGuard
from genai_guard.text.rules import Rule
from genai_guard.verdicts import Action, ActionLike

__all__ = ["PII"]


@dataclass(frozen=True)
class PII(RuleGuard):
    """Find personal data, and flag, redact, mask, hash or block it.

    What the actions leave of `bob@example.com` and of `4111 1111 1111 1111`:

    - `redact`: `[EMAIL]` and `[PAYMENT_CARD]`.
    - `mask`: `***@example.com` and `**** **** **** 1111`. Nothing of a local part or an IP address remains; of other
      numbers the last four characters.
    - `hash`: `[EMAIL:kfbdihapleocmjgn]`, equal for equal values however they are grouped or cased, and not to be
      turned back without the key.
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
        hash_key: Secret of at least 16 bytes for `hash`. The same key gives the same hashes in every process. Without
            one a random key is used that dies with the process.

    Raises:
        ConfigurationError: an entity or action that does not exist, or a key that is too short or not used.
    """

    kind: ClassVar[str] = "pii"
    allowed_actions: ClassVar[frozenset[Action]] = frozenset(
        {Action.FLAG, Action.REDACT, Action.MASK, Action.HASH, Action.BLOCK}
    )

    entities: Sequence[str] | None = None
    action: ActionLike = field(default=Action.REDACT, kw_only=True)
    hash_key: str | bytes | None = field(default=None, kw_only=True, repr=False)

    def __post_init__(self) -> None:
        super().__post_init__()
        if self.entities is not None:
            settle(self, entities=_known(self.entities))
        check_key("PII", self.hash_key, self.action)

    @cached_property
    def rules(self) -> tuple[Rule, ...]:
        """The rules of the entities."""
        names = ENTITIES if self.entities is None else self.entities
        return tuple(rule for name in names for rule in CATALOGUE[name].rules)

    def replacement(self, rule: Rule, matched: str, /) -> str:
        """Return what the action leaves of a match."""
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
