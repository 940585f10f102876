"""Which vault a call uses: one of its own, or that of its session."""

from __future__ import annotations

import time
from collections import OrderedDict
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from threading import Lock
from typing import TYPE_CHECKING, Any, Final, NoReturn

from genai_guard.errors import ConfigurationError
from genai_guard.guards.pseudonyms.draw import derived
from genai_guard.guards.pseudonyms.pending import Pseudonyms
from genai_guard.guards.pseudonyms.presence import Presence
from genai_guard.guards.pseudonyms.vault import Vault, VaultFull
from genai_guard.messages import Caller, Part
from genai_guard.text.edits import Edit

if TYPE_CHECKING:
    from genai_guard.guards.pseudonyms.restoring import Restorer

__all__ = ["CallVault", "Vaults"]


class CallVault:
    """The vault of one call, which is made when there is something to put into it."""

    __slots__ = ("_make", "_parts", "_presence", "_restorer", "_vault")

    def __init__(self, vault: Vault | None, make: Callable[[], Vault], parts: Sequence[Part]) -> None:
        self._vault = vault
        self._make = make
        self._parts = parts
        self._presence: Presence | None = None
        self._restorer: Restorer | None = None

    def knows(self, text: str) -> bool:
        """Whether `text` is a stand-in of this call or its session."""
        return self._vault is not None and self._vault.knows(text)

    def fill(self, text: str, edits: Iterable[Edit], *, is_json: bool = False) -> list[Edit]:
        """Return edits with stand-ins that stand in no text of the request; see `Vault.fill`."""
        if self._presence is None:
            self._presence = Presence([part.text for part in self._parts])
        if self._vault is None:
            self._vault = self._make()
        return self._vault.fill(text, edits, is_json=is_json, present=self._presence)

    @property
    def restores(self) -> bool:
        """Whether there may be stand-ins in the reply."""
        return self._vault is not None and len(self._vault) > 0

    def restorer(self) -> Restorer | None:
        """Return what turns the stand-ins in the reply back; None when there are none."""
        if self._vault is not None and self.restores:
            from genai_guard.guards.pseudonyms.restoring import Restorer  # noqa: PLC0415  for who has something to restore

            self._restorer = Restorer(self._vault.literals)
        return self._restorer

    def restored(self, parts: Sequence[Part], texts: list[str] | None) -> list[str] | None:
        """Return the texts of a whole reply with the values in place of their stand-ins; see `Restorer.whole`."""
        restorer = self.restorer()
        return texts if restorer is None else restorer.whole(parts, texts)

    def close(self) -> None:
        """Forget everything, whoever still refers to this: the frames in the traceback of an error, for instance."""
        if self._restorer is not None:
            self._restorer.close()
        self._vault = self._restorer = self._presence = None
        self._parts = ()

    def __repr__(self) -> str:
        return f"<CallVault, entries: {0 if self._vault is None else len(self._vault)}>"

    def __reduce__(self) -> NoReturn:
        raise TypeError("a CallVault is neither pickled nor copied: what it holds must not leave the process")


@dataclass(slots=True)
class _Session:
    vault: Vault
    used_s: float


class Vaults:
    """Opens the vault of each call of a pipeline.

    A session is that of one user of one tenant. It is kept from the first stand-in that it needs, until no call of it
    has come for a while. When there are too many, a new one gets no vault, and the guard fails: forgetting another
    would break a conversation.

    Args:
        pseudonyms: How the stand-ins are to be kept.
        now: Monotonic clock, in seconds.
    """

    __slots__ = ("_lock", "_now", "_sessions", "pseudonyms")

    def __init__(self, pseudonyms: Pseudonyms, *, now: Callable[[], float] = time.monotonic) -> None:
        self.pseudonyms: Final = pseudonyms
        self._now: Final = now
        self._lock: Final = Lock()
        self._sessions: OrderedDict[tuple[str, str, str], _Session] = OrderedDict()

    @classmethod
    def of(cls, input: Iterable[Any], output: Iterable[Any]) -> Vaults | None:  # noqa: A002  the word of the pipeline
        """Return what the guards of a pipeline need; None if none of them pseudonymises.

        Raises:
            ConfigurationError: a guard of replies pseudonymises, or two of requests want different vaults.
        """
        if any(_wanted(guard) for guard in output):
            raise ConfigurationError(
                "action='pseudonymize' belongs into Pipeline(input=[...]): stand-ins are turned back in the reply. "
                "For what a reply may not tell use 'redact', 'mask' or 'hash' in output=[...]"
            )
        wanted = [each for each in map(_wanted, input) if each is not None]
        if not wanted:
            return None
        if any(each != wanted[0] for each in wanted):
            raise ConfigurationError(
                "all guards of a pipeline that pseudonymise share one vault: give them the same scope, hash_key, "
                "session_idle_s and max_sessions"
            )
        return cls(wanted[0])

    def open(self, caller: Caller, parts: Sequence[Part]) -> CallVault:
        """Return the vault of a call.

        Args:
            caller: Whose call it is. Without a session the vault is that of the call alone.
            parts: The texts of the request.
        """
        if self.pseudonyms.scope == "request" or not caller.session:
            return CallVault(None, self._for_call, parts)
        session = caller.tenant, caller.user, caller.session
        return CallVault(self._known(session), lambda: self._for_session(session), parts)

    def __len__(self) -> int:
        """Return how many sessions are kept."""
        return len(self._sessions)

    def __bool__(self) -> bool:
        """Vaults are there even when no session is."""
        return True

    def __repr__(self) -> str:
        return f"<Vaults, sessions: {len(self)}>"

    def _for_call(self) -> Vault:
        return Vault(key=self.pseudonyms.key)

    def _known(self, session: tuple[str, str, str]) -> Vault | None:
        with self._lock:
            now_s = self._now()
            self._forget_idle(now_s)
            found = self._sessions.get(session)
            if found is None:
                return None
            found.used_s = now_s
            self._sessions.move_to_end(session)
            return found.vault

    def _for_session(self, session: tuple[str, str, str]) -> Vault:
        vault = self._known(session)
        if vault is not None:
            return vault
        key = self.pseudonyms.key
        made = Vault(key=None if key is None else derived(key, session))
        with self._lock:
            found = self._sessions.get(session)
            if found is not None:
                return found.vault
            if len(self._sessions) >= self.pseudonyms.max_sessions:
                raise VaultFull(f"{self.pseudonyms.max_sessions} sessions are kept, and no more may be")
            self._sessions[session] = _Session(made, self._now())
            return made

    def _forget_idle(self, now_s: float) -> None:
        while self._sessions:
            oldest = next(iter(self._sessions))
            if now_s - self._sessions[oldest].used_s < self.pseudonyms.session_idle_s:
                return
            del self._sessions[oldest]


def _wanted(guard: Any) -> Pseudonyms | None:
    found = getattr(guard, "pseudonyms", None)
    return found if isinstance(found, Pseudonyms) else None
