"""MLflow itself, which takes seconds to import, and so is imported when it is used."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, TypeVar

from genai_guard.integrations.extras import module_of

__all__ = ["package", "told", "unhinted"]

F = TypeVar("F", bound=Callable[..., Any])


def package(name: str = "mlflow", *, needs: str = "mlflow") -> Any:
    """Return a module of MLflow, or of what belongs to it.

    Raises:
        ConfigurationError: it is not installed.
    """
    return module_of(name, extra="mlflow", package=needs)


def told(error: BaseException) -> str:
    """Return what may be told of an error of MLflow: its code or class. Its message may quote what it was given."""
    code = getattr(error, "error_code", "")
    return code if isinstance(code, str) and code.replace("_", "").isalpha() else type(error).__name__


def unhinted(method: F) -> F:
    """Take the hints off a method, which MLflow would read as the schema of its input."""
    method.__annotations__.clear()
    return method
