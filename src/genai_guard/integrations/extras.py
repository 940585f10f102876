"""Packages of an extra, imported when an integration is, or when it needs them."""

from __future__ import annotations

import importlib
from typing import Any

from genai_guard.errors import ConfigurationError

__all__ = ["missing", "module_of"]


def module_of(name: str, *, extra: str, package: str = "") -> Any:
    """Import a module of the packages behind an extra.

    Its names have no types here: the library is checked without the packages.

    Args:
        name: Of the module.
        extra: The extra that installs it.
        package: What it is installed as, where that is not the name of the module at the top.

    Raises:
        ConfigurationError: it is not installed; the message names the extra.
    """
    try:
        return importlib.import_module(name)
    except ImportError as error:
        raise missing(package or name.partition(".")[0], extra=extra) from error


def missing(package: str, *, extra: str) -> ConfigurationError:
    """Return the error that says which package is missing, and how to have it."""
    return ConfigurationError(f"this integration needs the package {package}: pip install 'genai_guard[{extra}]'")
