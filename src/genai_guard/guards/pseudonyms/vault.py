"""The vault: which stand-in was given for which value."""

from __future__ import annotations

import os
from collections.abc import Iterable, Iterator
from itertools import islice
from threading import Lock
from typing import Final, NoReturn

from genai_guard.errors import ConfigurationError, GenAIGuardError
from genai_guard.guards.pseudonyms.draw import Draw, derived
from genai_guard.guards.pseudonyms.literals import Literals
from genai_guard.guards.pseudonyms.pending import Pending
from genai_guard.guards.pseudonyms.presence import Presence
from genai_guard.guards.pseudonyms.shapes import in_case, letters_and_digits, plain, poured
from genai_guard.text.edits import Edit, apply_edits, merge_edits
from genai_guard.text.rules import Rule

__all__ = ["Vault", "VaultFull"]

_MIN_CHARS: Final = 6
"""No stand-in is shorter: it would be found where it does not stand."""

_MAX_ENTRIES: Final = 10_000
_TRIES: Final = 96
_PLAUSIBLE: Final = 64
_CASES: Final = 64
_NOWHERE: Final = Presence(())


class VaultFull(GenAIGuardError):  # noqa: N818  named after what happened, like ComponentFailed
    """A value got no stand-in, because the vault or the store of sessions is full. Nothing is forgotten for it."""


class Vault:
    """Gives stand-ins for values, always the same for the same value, and turns them back.

    A vault lives in memory alone: it shows nothing of what it holds in its `repr`, cannot be pickled or copied, and is
    gone when nobody refers to it any more. Safe to share between threads and tasks.

    Values that differ in grouping or case alone get stand-ins that differ in the same way, so that each is turned back
    to what was written.

    Args:
        key: Makes the same stand-ins of the same values in every process and vault, as far as they are free; at least
            16 bytes. Without it they are drawn at random.
        max_entries: Stand-ins that are given at most; then `VaultFull` is raised.

    Raises:
        ConfigurationError: the key is too short, or there is room for nothing.
    """

    __slots__ = (
        "__weakref__",
        "_cores",
        "_folded",
        "_given",
        "_key",
        "_literals",
        "_lock",
        "_originals",
        "_values",
        "max_entries",
    )

    def __init__(self, *, key: str | bytes | None = None, max_entries: int = _MAX_ENTRIES) -> None:
        if key is not None and len(key) < 16:
            raise ConfigurationError("Vault(key=...) must be at least 16 bytes long, and random")
        if max_entries < 1:
            raise ConfigurationError(f"Vault(max_entries={max_entries!r}) must be at least 1")
        self.max_entries: Final = max_entries
        self._key: Final = os.urandom(32) if key is None else derived(key, "vault")
        self._lock: Final = Lock()
        self._cores: dict[tuple[str, str], str] = {}
        """What the stand-ins of one value have in common, by its category and what is the same in every writing."""
        self._given: dict[tuple[str, str], str] = {}
        """Stand-ins by category and value."""
        self._originals: dict[str, str] = {}
        """Values by stand-in."""
        self._folded: dict[str, str] = {}
        """Values by stand-in in lower case, for e-mail addresses, which are the same in every case."""
        self._values: set[str] = set()
        """Values in lower case: none of them may be a stand-in."""
        self._literals: Literals | None = None

    def stand_in(self, rule: Rule, value: str, *, present: Presence = _NOWHERE) -> str:
        """Return the stand-in of `value`, which `rule` found.

        Args:
            rule: Says what kind of value it is.
            value: As it was written.
            present: Knows what the stand-in must not be, because it stands in a text already.

        Raises:
            VaultFull: there are as many entries as there may be.
        """
        known = self._given.get((rule.category, value))
        if known is not None:
            return known
        with self._lock:
            known = self._given.get((rule.category, value))
            return self._new(rule, value, present) if known is None else known

    def knows(self, text: str) -> bool:
        """Whether `text` is a stand-in of this vault."""
        return text in self._originals or (bool(self._folded) and text.lower() in self._folded)

    def fill(
        self,
        text: str,
        edits: Iterable[Edit],
        *,
        offset: int = 0,
        is_json: bool = False,
        present: Presence | None = None,
    ) -> list[Edit]:
        """Return edits of `text` with a stand-in for each replacement that is pending, merged and in order.

        Args:
            text: A whole text, or a stretch of it.
            edits: In any order. Where edits overlap, all that they cover gets one stand-in.
            offset: Place of `text` in the whole text, to which the edits refer.
            is_json: Whether `text` is JSON, so that what is covered may hold escape sequences.
            present: See `stand_in`; what stands in `text` when None.

        Raises:
            VaultFull: see `stand_in`.
        """
        present = Presence((text,)) if present is None else present
        filled: list[Edit] = []
        for edit in merge_edits(edits):
            pending = edit.replacement
            if isinstance(pending, Pending):
                value = text[edit.start - offset : edit.end - offset]
                value = _unescaped(value) if is_json and "\\" in value else value
                filled.append(edit._replace(replacement=self.stand_in(pending.rule, value, present=present)))
            else:
                filled.append(edit)
        return filled

    def restore(self, text: str) -> str:
        """Return `text` with every stand-in turned back into the value that it stands for."""
        edits, _ = self.literals.find(text)
        return apply_edits(text, edits) if edits else text

    @property
    def literals(self) -> Literals:
        """The stand-ins that were given by now, and their values."""
        literals = self._literals
        if literals is None:
            with self._lock:
                literals = self._literals = Literals(self._originals, self._folded)
        return literals

    def __len__(self) -> int:
        """Return how many stand-ins were given."""
        return len(self._originals)

    def __bool__(self) -> bool:
        """A vault is true even when it is empty."""
        return True

    def __repr__(self) -> str:
        return f"<Vault, entries: {len(self)}>"

    def __reduce__(self) -> NoReturn:
        raise TypeError("a Vault is neither pickled nor copied: what it holds must not leave the process")

    def _new(self, rule: Rule, value: str, present: Presence) -> str:
        if len(self._originals) >= self.max_entries:
            raise VaultFull(f"a vault holds {self.max_entries} stand-ins and may not hold more")
        self._values.add(value.lower())
        identity = rule.category, plain(value)
        core = self._cores.get(identity)
        form = None if core is None else self._free(_written(core, value), present, any_case=False)
        if form is None:
            core, form = self._made_up(rule, value, present)
            self._cores.setdefault(identity, core)
        self._originals[form] = value
        if rule.category == "EMAIL":
            self._folded.setdefault(form.lower(), value)
        self._given[rule.category, value] = form
        self._literals = None
        return form

    def _made_up(self, rule: Rule, value: str, present: Presence) -> tuple[str, str]:
        from genai_guard.guards.pseudonyms.stand_ins import labelled, made_up  # noqa: PLC0415  for who replaces

        for turn in range(_TRIES):
            draw = Draw(self._key, rule.category, plain(value), turn=turn)
            core = made_up(draw, rule, value) if turn < _PLAUSIBLE else labelled(draw, rule)
            form = self._free(islice(_written(core, value), 1), present, any_case=True)
            if form is not None and form.lower() not in self._folded:
                return core, form
        raise VaultFull("no stand-in is free for a value")

    def _free(self, forms: Iterable[str], present: Presence, *, any_case: bool) -> str | None:
        """Return the first of `forms` that stands for nothing yet, and stands nowhere."""
        for form in forms:
            is_taken = form in self._originals or form.lower() in self._values
            if len(form) >= _MIN_CHARS and not is_taken and not present(form, any_case=any_case):
                return form
        return None


def _written(core: str, value: str) -> Iterator[str]:
    """Yield the ways in which a stand-in for `value` may be written, the best first."""
    if core.isalnum() and len(core) == len(letters_and_digits(value)):
        yield poured(core, value)
    else:
        yield from (in_case(core, number) for number in range(_CASES))


def _unescaped(value: str) -> str:
    import json  # noqa: PLC0415  hardly ever needed

    try:
        return str(json.loads(f'"{value}"'))
    except ValueError:
        return value
