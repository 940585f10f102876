"""Exports as resources of `databricks-bundles`, for bundles whose resources are written in Python.

Needs the extra `databricks`: `pip install 'genai_guard[databricks]'`.
"""

from __future__ import annotations

from typing import Any

from genai_guard.databricks.bundle import bundle
from genai_guard.databricks.packages import module
from genai_guard.databricks.values import Export
from genai_guard.errors import ConfigurationError

__all__ = ["resources"]


def resources(*exports: Export) -> Any:
    """Return exports as `databricks.bundles.core.Resources`: what `load_resources(bundle)` of a bundle returns.

    Args:
        *exports: Of endpoints, model services and monitors.

    Raises:
        ConfigurationError: as for `bundle`; the package is missing, or knows another form of a resource.
    """
    made: Any = module("databricks.bundles.core").Resources()
    for kind, of_kind in bundle(*exports).config["resources"].items():
        add = getattr(made, f"add_{kind.removesuffix('s')}")
        for key, config in of_kind.items():
            try:
                add(key, config)
            except ValueError as error:
                raise ConfigurationError(f"{kind}.{key}: databricks-bundles refuses it: {error}") from None
    return made
