"""Packages of an extra, imported when an integration is."""

from __future__ import annotations

import importlib
from typing import Any

from genai_guard.errors import ConfigurationError

__all__ = ["module_of"]


def module_of(name: str, *, extra: str) -> Any:
    """Import a module of the packages behind an extra.

    Its names have no types here: the library is checked without the packages.

    Raises:
        ConfigurationError: it is not installed; the message names the extra.
    """
    try:
        return importlib.import_module(name)
    except ImportError as error:
        raise ConfigurationError(
            f"{name} cannot be imported, which genai_guard.integrations needs: pip install 'genai_guard[{extra}]'"
        ) from error
