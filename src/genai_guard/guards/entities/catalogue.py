"""All the entities by name, and the names of groups of them."""

from __future__ import annotations

from collections.abc import Mapping
from types import MappingProxyType
from typing import Final

from genai_guard.guards.entities import (
    accounts,
    americas,
    asia,
    borrowed,
    companies,
    contact,
    crypto,
    dates,
    devices,
    documents,
    east,
    europe,
    finance,
    health,
    network,
    places,
)
from genai_guard.guards.entities.entity import Entity

__all__ = ["CATALOGUE", "DEFAULT_THRESHOLD", "ENTITIES", "GROUPS", "NAMED_THRESHOLD"]

DEFAULT_THRESHOLD: Final = 0.8
"""Score that a rule needs, unless its entity is named or a threshold is given: what ordinary texts hardly ever hold."""
NAMED_THRESHOLD: Final = 0.5
"""Score that the rules of a named entity need, unless a threshold is given."""

_FAMILIES: Final = (
    *(contact, finance, americas, network, accounts, crypto, dates, devices, documents, europe, east, companies, asia),
    *(health, places, borrowed),
)
CATALOGUE: Final[Mapping[str, Entity]] = MappingProxyType(
    {entity.name: entity for family in _FAMILIES for entity in family.ENTITIES}
)
"""What can be named."""

ENTITIES: Final[Mapping[str, Entity]] = MappingProxyType(
    {
        name: entity
        for name, entity in CATALOGUE.items()
        if not entity.extra and any(rule.score >= DEFAULT_THRESHOLD for rule in entity.rules)
    }
)
"""What is looked for unless entities are named."""


def _groups() -> dict[str, tuple[str, ...]]:
    groups = {"ALL": tuple(name for name, entity in CATALOGUE.items() if not entity.extra), "DEFAULT": tuple(ENTITIES)}
    for region, families in (("EUROPE", (europe, east, companies)), ("AMERICAS", (americas,)), ("ASIA", (asia,))):
        groups[region] = tuple(entity.name for family in families for entity in family.ENTITIES)
    for name in CATALOGUE:
        country, rest = name[:2], name[2:3]
        if rest == "_" and not CATALOGUE[name].extra:
            groups[country] = (*groups.get(country, ()), name)
    return groups


GROUPS: Final[Mapping[str, tuple[str, ...]]] = MappingProxyType(_groups())
"""Names that stand for several entities, none of which needs an extra: `ALL`, `DEFAULT`, `EUROPE`, `AMERICAS`, `ASIA` with Africa and the Pacific, and
each country by its two letters."""
