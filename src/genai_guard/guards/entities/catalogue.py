"""All the entities by name."""

from __future__ import annotations

from collections.abc import Mapping
from types import MappingProxyType
from typing import Final

from genai_guard.guards.entities import contact, devices, europe, finance, national, network, world
from genai_guard.guards.entities.entity import Entity

__all__ = ["CATALOGUE", "ENTITIES"]

ENTITIES: Final[Mapping[str, Entity]] = MappingProxyType(
    {entity.name: entity for family in (contact, finance, national, network) for entity in family.ENTITIES}
)
"""What is looked for unless entities are named."""

CATALOGUE: Final[Mapping[str, Entity]] = MappingProxyType(
    {**ENTITIES, **{entity.name: entity for family in (devices, europe, world) for entity in family.ENTITIES}}
)
"""What can be named."""
