"""All the entities by name."""

from __future__ import annotations

from collections.abc import Mapping
from types import MappingProxyType
from typing import Final

from genai_guard.guards.entities import contact, finance, national, network
from genai_guard.guards.entities.entity import Entity

__all__ = ["ENTITIES"]

ENTITIES: Final[Mapping[str, Entity]] = MappingProxyType(
    {entity.name: entity for family in (contact, finance, national, network) for entity in family.ENTITIES}
)
