"""Which rules a `PII` guard is made of: entities and groups by name, thresholds, exceptions."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

from genai_guard.errors import ConfigurationError
from genai_guard.guards.entities.catalogue import CATALOGUE, DEFAULT_THRESHOLD, ENTITIES, GROUPS, NAMED_THRESHOLD
from genai_guard.guards.entities.checks import needs
from genai_guard.guards.entities.phones import known_regions, national_rules
from genai_guard.text.rules import Rule

__all__ = [
    "check_entities",
    "check_regions",
    "check_threshold",
    "check_thresholds",
    "chosen_rules",
    "plain",
    "with_exceptions",
]


def plain(matched: str) -> str:
    """Return what is the same in every way of writing it."""
    return "".join(char for char in matched if char.isalnum() or char in "@.:").casefold()


def check_entities(entities: str | Iterable[str]) -> tuple[str, ...]:
    """Return the names of entities and groups, each once.

    Raises:
        ConfigurationError: a name that does not exist, none at all, or an extra that is missing.
    """
    names = (entities,) if isinstance(entities, str) else tuple(entities)
    for name in names:
        if name not in CATALOGUE and name not in GROUPS:
            raise ConfigurationError(
                f"PII(entities=...): {name!r} is not one of {', '.join(CATALOGUE)}; nor of the groups {', '.join(GROUPS)}"
            )
        if name in CATALOGUE and CATALOGUE[name].extra:
            needs(CATALOGUE[name].extra, f"PII(entities=[{name!r}])")
    if not names:
        raise ConfigurationError("PII(entities=[]) would find nothing; leave it out to look for all entities")
    return tuple(dict.fromkeys(names))


def check_threshold(value: Any, where: str) -> float:
    """Return a threshold.

    Raises:
        ConfigurationError: it is not a number from 0 to 1.
    """
    if isinstance(value, bool) or not isinstance(value, int | float) or not 0 <= value <= 1:
        raise ConfigurationError(f"PII({where}) must be a number from 0 to 1")
    return float(value)


def check_thresholds(thresholds: Mapping[str, Any], entities: Sequence[str] | None) -> dict[str, float]:
    """Return the thresholds of single entities.

    Raises:
        ConfigurationError: an entity that does not exist or is not looked for, or no number from 0 to 1.
    """
    looked_for = ENTITIES if entities is None else _names(entities)
    for name in thresholds:
        if name not in CATALOGUE:
            raise ConfigurationError(f"PII(thresholds=...): {name!r} is not one of {', '.join(CATALOGUE)}")
        if name not in looked_for:
            raise ConfigurationError(f"PII(thresholds=...): {name} is not looked for; add it to entities")
    return {name: check_threshold(value, f"thresholds={{{name!r}: ...}}") for name, value in thresholds.items()}


def check_regions(regions: str | Iterable[str], entities: Sequence[str] | None) -> tuple[str, ...]:
    """Return the codes of regions.

    Raises:
        ConfigurationError: a code that does not exist, PHONE is not looked for, or the extra is missing.
    """
    if entities is not None and "PHONE" not in _names(entities):
        raise ConfigurationError("PII(phone_regions=...) needs PHONE among the entities")
    try:
        return known_regions((regions,) if isinstance(regions, str) else regions)
    except ValueError as error:
        region = error.args[0]
        raise ConfigurationError(
            f"PII(phone_regions=...): {region!r} is no region; name it by its two letters of ISO 3166-1, such as 'DE'"
        ) from None


def chosen_rules(
    entities: Sequence[str] | None,
    threshold: float | None,
    thresholds: Mapping[str, float],
    regions: Sequence[str],
) -> tuple[Rule, ...]:
    """Return the rules of the entities that reach their thresholds.

    Raises:
        ConfigurationError: no rule of an entity that is named by itself does.
    """
    names = ENTITIES if entities is None else _names(entities)
    usual = (DEFAULT_THRESHOLD if entities is None else NAMED_THRESHOLD) if threshold is None else threshold
    rules: list[Rule] = []
    for name in names:
        least = thresholds.get(name, usual)
        found = [rule for rule in CATALOGUE[name].rules if rule.score >= least]
        if name == "PHONE" and regions:
            found = [rule for rule in found if rule.id not in _replaced(regions)]
            found += [rule for rule in national_rules(regions) if rule.score >= least]
        if not found and (name in thresholds or name in (entities or ())):
            best = max(rule.score for rule in CATALOGUE[name].rules)
            raise ConfigurationError(
                f"PII(...): no rule of {name} reaches the threshold {least:g}; thresholds={{{name!r}: {best:g}}} would do"
            )
        rules += found
    return tuple(rules)


def with_exceptions(rules: Iterable[Rule], allow: str | Iterable[str]) -> tuple[Rule, ...]:
    """Return the rules, made to pass over the values of `allow`.

    Raises:
        ConfigurationError: a value that is no text, or empty but for separators.
    """
    values = (allow,) if isinstance(allow, str) else tuple(allow)
    exceptions = _Exceptions(
        frozenset(_checked(values)), tuple(value.casefold() for value in values if value[0] == "@")
    )
    return tuple(
        replace(rule, ignore=exceptions if rule.category == "EMAIL" else exceptions.of_value) for rule in rules
    )


@dataclass(frozen=True, slots=True)
class _Exceptions:
    values: frozenset[str]
    domains: tuple[str, ...]

    def __call__(self, matched: str) -> bool:
        return matched.casefold().endswith(self.domains) or self.of_value(matched)

    def of_value(self, matched: str) -> bool:
        return plain(matched) in self.values


def _checked(values: Sequence[Any]) -> Iterator[str]:
    for number, value in enumerate(values):
        if not isinstance(value, str) or not any(char.isalnum() for char in value):
            raise ConfigurationError(f"PII(allow=...): entry {number} must be a text with a letter or digit in it")
        yield plain(value)


def _names(entities: Iterable[str]) -> dict[str, None]:
    return dict.fromkeys(member for name in entities for member in GROUPS.get(name, (name,)))


def _replaced(regions: Sequence[str]) -> set[str]:
    """Return the rules that those of regions stand in for."""
    return {"pii.phone_named"} | ({"pii.phone_north_america"} if {"US", "CA"}.intersection(regions) else set())
