"""`Secrets`: keys, tokens and passwords, found by their published formats, checksums and context."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from functools import cached_property, partial
from typing import ClassVar, Final

from genai_guard.environment import FromEnv
from genai_guard.errors import ConfigurationError
from genai_guard.guards.base import settle
from genai_guard.guards.credentials import CREDENTIALS
from genai_guard.guards.credentials.generic import ASSIGNED, is_assigned_secret
from genai_guard.guards.hashing import check_key, stand_in
from genai_guard.guards.matching import RuleGuard
from genai_guard.text.rules import Rule
from genai_guard.verdicts import Action, ActionLike

__all__ = ["Secrets"]

_KEPT: Final = 4
_MIN_LENGTH_KEPT: Final = 20


@dataclass(frozen=True)
class Secrets(RuleGuard):
    """Find credentials, and redact, mask, hash, flag or block them.

    What is found:

    - Keys of more than a hundred kinds whose form alone gives them away, by prefix, length, alphabet and, for GitHub
      and npm, checksum (score 0.9 to 1).
    - Keys without a form of their own by the name that they are assigned to, as in `DD_API_KEY=` (0.8 to 0.95).
    - `PRIVATE_KEY` (PEM, OpenSSH, PGP), `JWT` whose header decodes, `CONNECTION_STRING` and other URLs with a
      password, `BASIC_AUTH` and `BEARER_TOKEN` of headers.
    - `PASSWORD` and `SECRET`: what is assigned to `password`, `api_key`, `client_secret` and the like, if it looks
      drawn at random (0.6).

    Of what is assigned, of a URL and of a header, the actions change the secret alone: `redact` turns
    `password = "..."` into `password = "[PASSWORD]"`. `mask` leaves the last four characters of a secret of 20 or
    more, of others nothing. `hash` gives `[NPM_TOKEN:kfbdihapleocmjgn]`, equal for equal secrets and not to be turned
    back without the key.

    Left alone: placeholders, such as `<your-token>`, `changeme`, runs of `x`, and the example keys of AWS, which end in
    `EXAMPLE`; UUIDs, hashes and numbers, whatever they are assigned to; keys that are made to be public.

    Args:
        kinds: Names of the kinds to look for; None for all there are.
        action: What to do with what is found.
        min_entropy_bits: Bits that each character of a `PASSWORD` or `SECRET` carries at least: 3 is eight different
            characters, 4 sixteen.
        hash_key: Secret of at least 16 bytes for `hash`. The same key gives the same hashes in every process. Without
            one a random key is used that dies with the process.

    Raises:
        ConfigurationError: a kind or action that does not exist, an entropy out of range, or a key that is too short or
            not used.
    """

    kind: ClassVar[str] = "secrets"
    allowed_actions: ClassVar[frozenset[Action]] = frozenset(
        {Action.FLAG, Action.REDACT, Action.MASK, Action.HASH, Action.BLOCK}
    )

    kinds: Sequence[str] | None = None
    action: ActionLike = field(default=Action.REDACT, kw_only=True)
    min_entropy_bits: float = field(default=3.0, kw_only=True)
    hash_key: str | bytes | FromEnv | None = field(default=None, kw_only=True, repr=False)

    def __post_init__(self) -> None:
        super().__post_init__()
        if self.kinds is not None:
            settle(self, kinds=_known(self.kinds))
        if not 0 <= self.min_entropy_bits <= 6:
            raise ConfigurationError(f"Secrets(min_entropy_bits={self.min_entropy_bits!r}) must be from 0 to 6")
        check_key("Secrets", self.hash_key, self.action)

    @cached_property
    def rules(self) -> tuple[Rule, ...]:
        """One rule for each kind."""
        is_secret = partial(is_assigned_secret, min_entropy_bits=self.min_entropy_bits)
        rules = (CREDENTIALS[name].rule for name in self.kinds or CREDENTIALS)
        return tuple(replace(rule, validator=is_secret) if rule.category in ASSIGNED else rule for rule in rules)

    def replacement(self, rule: Rule, matched: str, /) -> str:
        """Return what the action leaves of a match: its context as it is, and of the secret what the action says."""
        start = CREDENTIALS[rule.category].context(matched)
        context, secret = matched[:start], matched[start:]
        if self.action is Action.MASK:
            return context + _masked(secret)
        category = self._category(secret) if start else rule.category
        if self.action is Action.HASH:
            return f"{context}[{category or rule.category}:{stand_in(secret, self.hash_key)}]"
        return f"{context}[{category or rule.category}]"

    def _category(self, secret: str) -> str:
        """Return the kind that the form of an assigned secret gives away, if it does."""
        matches = self._views.scanner.find(secret)
        return self.rules[matches[0].rule].category if matches else ""


def _masked(secret: str) -> str:
    return "***" + (secret[-_KEPT:] if len(secret) >= _MIN_LENGTH_KEPT and secret[-_KEPT:].isalnum() else "")


def _known(kinds: Sequence[str]) -> tuple[str, ...]:
    names = (kinds,) if isinstance(kinds, str) else tuple(kinds)
    for name in names:
        if name not in CREDENTIALS:
            raise ConfigurationError(f"Secrets(kinds=...): {name!r} is not one of {', '.join(CREDENTIALS)}")
    if not names:
        raise ConfigurationError("Secrets(kinds=[]) would find nothing; leave it out to look for all kinds")
    return tuple(dict.fromkeys(names))
