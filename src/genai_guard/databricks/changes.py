"""What changes when one configuration takes the place of another. Pure; secrets are not shown."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final, cast

from genai_guard.databricks.secrecy import is_reference, is_secret
from genai_guard.policy.data import is_list

__all__ = ["Change", "changes_of", "without_off"]

_HIDDEN: Final = "***"
_KEYS: Final = (("name",), ("served_entity_name",), ("key", "principal", "renewal_period"), ("key",))
"""By which fields the items of a list are told apart, whatever their order."""


@dataclass(frozen=True, slots=True)
class Change:
    """One value that becomes another.

    Attributes:
        path: Where: `config.traffic_config.routes[control].traffic_percentage`.
        was: The value before; None where there was none. What may be a secret is `***`.
        becomes: The value afterwards; None where it goes.
    """

    path: str
    was: Any
    becomes: Any

    def __str__(self) -> str:
        if self.was is None:
            return f"+ {self.path}: {self.becomes}"
        return f"- {self.path}: {self.was}" if self.becomes is None else f"~ {self.path}: {self.was} -> {self.becomes}"


def changes_of(was: Any, becomes: Any, *, path: str = "", ours_alone: bool = False) -> Iterator[Change]:
    """Yield what changes, leaf by leaf.

    Args:
        was: The configuration that is there.
        becomes: The one that takes its place.
        path: Where both stand.
        ours_alone: Whether fields that only the first has are defaults of the workspace, and no change. What is None in the
            second, and items of lists that only the first has, go all the same.
    """
    ours_alone = ours_alone and becomes is not None
    old, new = _by_key(was), _by_key(becomes)
    if not (isinstance(old, Mapping) and isinstance(new, Mapping)):
        if was != becomes:
            yield Change(path, _shown(path, was), _shown(path, becomes))
        return
    before, after = cast("Mapping[str, Any]", old), cast("Mapping[str, Any]", new)
    is_list = isinstance(was, list) or isinstance(becomes, list)
    for key in dict.fromkeys([*before, *after]):
        inner = f"{path}[{key}]" if is_list else f"{path}.{key}" if path else str(key)
        if key not in after and ours_alone and not is_list:
            continue
        yield from changes_of(before.get(key), after.get(key), path=inner, ours_alone=ours_alone)


def without_off(config: Mapping[str, Any]) -> dict[str, Any]:
    """Return the settings of a gateway without those that are switched off, which is as if they were not there."""
    found: dict[str, Any] = {}
    for key, value in config.items():
        inner = without_off(cast("Mapping[str, Any]", value)) if isinstance(value, Mapping) else value
        is_off = isinstance(inner, Mapping) and (not inner or inner == {"behavior": "NONE"})
        if not is_off and inner is not False and inner != []:
            found[key] = inner
    is_disabled = config.get("enabled") is False
    return {} if is_disabled else found


def _by_key(value: Any) -> Any:
    """Return a list as a mapping, if its items are mappings; nothing as one without fields."""
    if not is_list(value):
        return cast("dict[str, Any]", {}) if value is None else value
    if not all(isinstance(each, Mapping) for each in value):
        return tuple(value)
    named = cast("Sequence[Mapping[str, Any]]", value)
    for fields in _KEYS:
        keys = [" ".join(str(each[field]) for field in fields if field in each) for each in named]
        if all(keys) and len(set(keys)) == len(keys):
            return dict(zip(keys, named, strict=True))
    return dict(enumerate(named))


def _shown(path: str, value: Any) -> Any:
    """Return a value as it may be shown: a reference to a secret may, a secret may not."""
    if value is None:
        return None
    if (is_secret(path) or ".environment_vars" in path) and not is_reference(value):
        return _HIDDEN
    return list(value) if is_list(value) else value
