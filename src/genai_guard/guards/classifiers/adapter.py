"""What classifiers have in common that stand for a model or service of somebody else."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, fields
from functools import partial
from importlib import import_module
from typing import Any

from genai_guard.errors import ConfigurationError

__all__ = ["Adapter", "imported"]


@dataclass(frozen=True)
class Adapter:
    """A classifier that is its parameters: equal to one of the same, and loaded again where it is unpickled."""

    def __reduce__(self) -> tuple[Callable[[], Any], tuple[()]]:
        given = {each.name: getattr(self, each.name) for each in fields(self) if each.init}
        return partial(type(self), **given), ()


def imported(module: str, *, needed_by: str, extra: str) -> Any:
    """Return a module of an extra.

    Raises:
        ConfigurationError: it is not installed.
    """
    try:
        return import_module(module)
    except ModuleNotFoundError:
        raise ConfigurationError(f"{needed_by} needs an extra: pip install 'genai_guard[{extra}]'") from None
