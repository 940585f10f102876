"""Exports as resources of `databricks-bundles`, for bundles whose resources are written in Python.

Needs the extra `databricks`: `pip install 'genai_guard[databricks]'`. Nothing else of the library imports this module.
"""

from __future__ import annotations

import importlib
from typing import Any

from genai_guard.databricks.bundle import bundle
from genai_guard.databricks.values import Export
from genai_guard.errors import ConfigurationError

try:  # types of the package are not known where it is not installed
    _core: Any = importlib.import_module("databricks.bundles.core")
except ImportError as error:
    raise ConfigurationError(
        "genai_guard.databricks.bundles needs the package databricks-bundles: pip install 'genai_guard[databricks]'"
    ) from error

__all__ = ["resources"]


def resources(*exports: Export) -> Any:
    """Return exports as `databricks.bundles.core.Resources`: what `load_resources(bundle)` of a bundle returns.

    Args:
        *exports: Of endpoints, model services and monitors.

    Raises:
        ConfigurationError: as for `bundle`; or the installed package knows another form of a resource.
    """
    made: Any = _core.Resources()
    for kind, of_kind in bundle(*exports).config["resources"].items():
        add = getattr(made, f"add_{kind.removesuffix('s')}")
        for key, config in of_kind.items():
            try:
                add(key, config)
            except ValueError as error:
                raise ConfigurationError(f"{kind}.{key}: databricks-bundles refuses it: {error}") from None
    return made
