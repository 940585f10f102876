"""Who is calling, out of a request."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from typing import Any, Final, TypeAlias

from genai_guard.errors import ConfigurationError
from genai_guard.messages import Caller

__all__ = ["AmbiguousCallerError", "Callers", "Scope", "Who", "header_of", "keys_of", "request_id_of"]

Scope: TypeAlias = Mapping[str, Any]
Who: TypeAlias = str | Callable[[Scope], str | int | None] | None
"""Where one thing about a caller is found: the name of a header, or a function of the scope; None for nowhere."""

_LONGEST: Final = 256
_REQUEST_ID: Final = re.compile(r"[A-Za-z0-9][A-Za-z0-9._:/+=@-]{0,127}")
_FIELDS: Final = ("user", "tenant", "session", "request_id")


class AmbiguousCallerError(Exception):
    """A header that says who is calling came twice, or is too long to be a name."""


class Callers:
    """Reads from the scope of a request what `caller(...)` takes.

    Headers say what whoever sets them wants: take a name from one only where a proxy of yours sets it, and removes that
    of the client. A function of the scope can go by what an authentication has put there.

    Args:
        user: Where the user is found.
        tenant: Where the tenant is found.
        session: Where the session is found.
        request_id: Where the id of the request is found. It becomes that of the event of each call; what does not look
            like an id is left out.

    Raises:
        ConfigurationError: one of them is neither the name of a header nor a function.
    """

    def __init__(self, *, user: Who = None, tenant: Who = None, session: Who = None, request_id: Who = None) -> None:
        given = {"user": user, "tenant": tenant, "session": session, "request_id": request_id}
        self._sources = tuple((name, _source(name, who)) for name, who in given.items() if who is not None)

    def of(self, scope: Scope) -> dict[str, Any]:
        """Return the arguments of `caller(...)` that are known.

        Raises:
            AmbiguousCallerError: a header came twice, or holds more than 256 characters.
        """
        found: dict[str, Any] = {}
        for name, source in self._sources:
            value = source(scope)
            if value is None or value == "":
                continue
            value = request_id_of(value) if name == "request_id" else value
            if value is not None:
                found[name] = value
        return found


def request_id_of(value: object) -> str | None:
    """Return what looks like the id of a request: at most 128 letters, digits and some signs; else None."""
    return value if isinstance(value, str) and _REQUEST_ID.fullmatch(value) else None


def header_of(scope: Scope, name: bytes) -> str | None:
    """Return the value of a header, whose name is in lower case; None if it is not there.

    Raises:
        AmbiguousCallerError: it came twice, as when a client sends what a proxy adds, or is longer than 256 characters.
    """
    found = None
    for key, value in scope.get("headers", ()):
        if key == name:
            if found is not None or len(value) > _LONGEST:
                raise AmbiguousCallerError(name.decode("latin-1"))
            found = value
    return None if found is None else found.decode("latin-1").strip()


def keys_of(caller: Caller) -> dict[str, str]:
    """Return what limits may go by, of a caller."""
    return {**caller.tags, **{name: value for name in _FIELDS[:3] if (value := caller.value(name))}}


def _source(name: str, who: object) -> Callable[[Scope], Any]:
    if isinstance(who, str) and who:
        header = who.lower().encode("latin-1", "replace")
        return lambda scope: header_of(scope, header)
    if callable(who):
        return who
    raise ConfigurationError(f"{name}={who!r}: must be the name of a header, or a function of the scope")
