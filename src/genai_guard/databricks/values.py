"""What comes out of a translation: the configuration, and what of it could not be said on the other side."""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import asdict, dataclass, field
from typing import Any, Literal, TypeAlias

from genai_guard.errors import ConfigurationError
from genai_guard.frozen import FrozenDict

__all__ = ["Export", "Extent", "Imported", "Kind", "Leftover", "Notes", "as_yaml"]

Extent: TypeAlias = Literal["approximate", "missing"]
Kind: TypeAlias = Literal["endpoint", "bundle", "model-service", "monitors"]

_WORDS: Mapping[Extent, str] = FrozenDict({"approximate": "approximately", "missing": "not there"})


@dataclass(frozen=True, slots=True)
class Leftover:
    """One thing that the other side does not do, or does differently.

    Attributes:
        where: The part: `input[0] pii`, `limits[2] 50 usd/calendar day`, `served_entities[1]`.
        what: What of it.
        why: Why, or what happens instead.
        extent: `missing`: nothing of it is there, so it has to stay where it was. `approximate`: it is there, and not
            quite the same.
    """

    where: str
    what: str
    why: str
    extent: Extent = "missing"

    def __str__(self) -> str:
        return f"{_WORDS[self.extent]}: {self.where}: {self.what}: {self.why}"


class Notes(list[Leftover]):
    """Leftovers, collected while something is translated."""

    def miss(self, where: str, what: str, why: str) -> None:
        """Note what is not there."""
        self.append(Leftover(where, what, why))

    def differ(self, where: str, what: str, why: str) -> None:
        """Note what is there, and not quite the same."""
        self.append(Leftover(where, what, why, "approximate"))


@dataclass(frozen=True, slots=True)
class Export:
    """A policy as Databricks has it. Prints as what is left over.

    Attributes:
        kind: `endpoint`, `bundle`, `model-service` or `monitors`.
        name: Of the endpoint, service, bundle or monitored table.
        config: The configuration, of values that JSON has.
        leftovers: What of the policy it does not say, or not quite.
    """

    kind: Kind
    name: str
    config: Mapping[str, Any] = field(repr=False)
    leftovers: tuple[Leftover, ...] = ()

    @property
    def in_process(self) -> tuple[Leftover, ...]:
        """What is not there at all, and so stays with the pipeline."""
        return tuple(each for each in self.leftovers if each.extent == "missing")

    def to_json(self) -> str:
        """Return the configuration as indented JSON."""
        return json.dumps(self.config, indent=2, ensure_ascii=False)

    def to_yaml(self) -> str:
        """Return the configuration as YAML.

        Raises:
            ConfigurationError: pyyaml is not installed.
        """
        return as_yaml(self.config)

    def to_dict(self) -> dict[str, Any]:
        """Return all of it as values that JSON has."""
        return {
            "kind": self.kind,
            "name": self.name,
            "config": self.config,
            "leftovers": [asdict(each) for each in self.leftovers],
        }

    def __str__(self) -> str:
        return "\n".join(_lines(f"{self.kind} {self.name}", self.leftovers))


@dataclass(frozen=True, slots=True)
class Imported:
    """An endpoint as a policy. Prints as what is left over.

    Attributes:
        name: Of the endpoint.
        policy: The policy, canonical, as `genai_guard.policy.dump` writes it.
        targets: The served entities by the variant or target that stands for them, as an export takes them.
        catalog: Catalog of the inference table; empty without one.
        schema: Its schema.
        table_prefix: Beginning of its name.
        leftovers: What of the endpoint the policy does not say, or not quite.
    """

    name: str
    policy: Mapping[str, Any] = field(repr=False)
    targets: Mapping[str, Mapping[str, Any]] = field(repr=False)
    catalog: str = ""
    schema: str = ""
    table_prefix: str = ""
    leftovers: tuple[Leftover, ...] = ()

    @property
    def options(self) -> dict[str, Any]:
        """What `export_endpoint` needs beside the policy to make the endpoint again."""
        names = ("name", "targets", "catalog", "schema", "table_prefix")
        return {name: getattr(self, name) for name in names}

    def to_yaml(self) -> str:
        """Return the policy as YAML.

        Raises:
            ConfigurationError: pyyaml is not installed.
        """
        return as_yaml(self.policy)

    def to_dict(self) -> dict[str, Any]:
        """Return all of it as values that JSON has."""
        return {"policy": self.policy, **self.options, "leftovers": [asdict(each) for each in self.leftovers]}

    def __str__(self) -> str:
        return "\n".join(_lines(f"policy {self.name}", self.leftovers))


def as_yaml(data: Mapping[str, Any]) -> str:
    """Return data as YAML.

    Raises:
        ConfigurationError: pyyaml is not installed.
    """
    try:
        import yaml  # noqa: PLC0415  an extra
    except ImportError as error:
        raise ConfigurationError("YAML needs the package pyyaml: pip install 'genai_guard[yaml]'") from error
    return yaml.safe_dump(json.loads(json.dumps(data)), sort_keys=False, allow_unicode=True, width=1 << 20)


def _lines(head: str, leftovers: Iterable[Leftover]) -> Iterator[str]:
    listed = list(leftovers)
    yield head if listed else f"{head}: all of it"
    yield from (f"  {each}" for each in listed)
