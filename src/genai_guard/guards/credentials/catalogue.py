"""All the kinds of credentials by name."""

from __future__ import annotations

from collections.abc import Mapping
from types import MappingProxyType
from typing import Final

from genai_guard.guards.credentials import (
    cloud,
    code,
    commerce,
    generic,
    infrastructure,
    messaging,
    models,
    observability,
    office,
)
from genai_guard.guards.credentials.credential import Credential

__all__ = ["CREDENTIALS"]

_FAMILIES: Final = (cloud, code, commerce, infrastructure, messaging, models, observability, office, generic)

CREDENTIALS: Final[Mapping[str, Credential]] = MappingProxyType(
    {credential.name: credential for family in _FAMILIES for credential in family.CREDENTIALS}
)
