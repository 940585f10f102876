"""The packages of Databricks, which are an extra: modules of theirs, imported when they are needed."""

from __future__ import annotations

import importlib
from typing import Any

from genai_guard.errors import ConfigurationError

__all__ = ["module"]


def module(name: str) -> Any:
    """Return a module of `databricks-sdk` or `databricks-bundles`, whose types are not known where they are missing.

    Raises:
        ConfigurationError: it is not installed.
    """
    try:
        return importlib.import_module(name)
    except ImportError as error:
        package = "-".join(name.split(".")[:2])
        raise ConfigurationError(
            f"{name} needs the package {package}: pip install 'genai_guard[databricks]'"
        ) from error
