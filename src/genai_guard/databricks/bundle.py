"""A policy as an asset bundle: the endpoint, or the model service, and the monitor, as resources."""

from __future__ import annotations

import re
from collections.abc import Sequence
from typing import Any, Final

from genai_guard.databricks.values import Export, Kind
from genai_guard.errors import ConfigurationError

__all__ = ["RESOURCES", "bundle"]

RESOURCES: Final[dict[Kind, str]] = {
    "endpoint": "model_serving_endpoints",
    "model-service": "model_services",
    "monitors": "quality_monitors",
}
"""What each kind of export is called among the resources of a bundle."""


def bundle(*exports: Export, name: str = "") -> Export:
    """Return exports as one asset bundle, the content of a `databricks.yml`.

    Args:
        *exports: Of an endpoint, of model services, of monitors.
        name: Of the bundle; that of the first export when empty.

    Raises:
        ConfigurationError: there is nothing to bundle, a bundle is among it, or two resources of a kind have one name.
    """
    if not exports:
        raise ConfigurationError("bundle(): takes what export_endpoint, export_model_service or export_monitors return")
    resources: dict[str, dict[str, Any]] = {}
    for export in exports:
        if export.kind not in RESOURCES:
            raise ConfigurationError("bundle(): one of them is a bundle already")
        of_kind, key = resources.setdefault(RESOURCES[export.kind], {}), _key(export.name)
        if key in of_kind:
            raise ConfigurationError(f"bundle(): two {RESOURCES[export.kind]} are called {key}")
        of_kind[key] = export.config
    named = name or re.sub(r"[^A-Za-z0-9_-]", "-", exports[0].name)
    config = {"bundle": {"name": named}, "resources": resources}
    return Export("bundle", named, config, _together(exports))


def _together(exports: Sequence[Export]) -> tuple[Any, ...]:
    return tuple(dict.fromkeys(leftover for export in exports for leftover in export.leftovers))


def _key(name: str) -> str:
    """Return a name as keys of resources may be."""
    return re.sub(r"[^A-Za-z0-9_]", "_", name)
