"""The packages of Databricks, which are an extra: modules of theirs, imported when they are needed."""

from __future__ import annotations

from typing import Any

from genai_guard.integrations.extras import module_of

__all__ = ["module"]


def module(name: str) -> Any:
    """Return a module of `databricks-sdk` or `databricks-bundles`, whose types are not known where they are missing.

    Raises:
        ConfigurationError: it is not installed.
    """
    return module_of(name, extra="databricks", package="-".join(name.split(".")[:2]))
