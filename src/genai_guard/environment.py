"""Secrets from environment variables: text that knows which variable it came from, and does not show itself."""

from __future__ import annotations

import os
import re
from collections.abc import Generator, MutableMapping
from contextlib import contextmanager
from contextvars import ContextVar
from typing import Final, Self

from genai_guard.errors import ConfigurationError

__all__ = ["VARIABLE", "FromEnv", "elsewhere", "env", "is_elsewhere", "remember", "remembering"]

VARIABLE: Final = r"^[A-Za-z_][A-Za-z0-9_]*$"
"""Names of variables."""

_STAND_IN: Final = "redis://variable-that-is-not-set.invalid:6379/0"
"""A text that every parameter takes: a URL, and longer than a key must be. No server has a name that ends so (RFC 2606)."""
_unset: Final[ContextVar[set[str] | None]] = ContextVar("unset", default=None)
_remembered: Final[ContextVar[MutableMapping[str, str] | None]] = ContextVar("remembered", default=None)


class FromEnv(str):
    """The text of an environment variable. It is the text wherever text is taken, and its `repr` is the variable.

    Attributes:
        variable: Name of the variable.
    """

    __slots__ = ("variable",)
    variable: str

    def __new__(cls, value: str, variable: str) -> Self:
        """Return `value` with the name of the variable that holds it."""
        self = super().__new__(cls, value)
        self.variable = variable
        return self

    def __getnewargs__(self) -> tuple[str, str]:  # type: ignore[override]  # str has no name to give
        return str(self), self.variable

    def __repr__(self) -> str:
        return f"env({self.variable!r})"


def env(variable: str) -> FromEnv:
    """Return the text of an environment variable, for parameters that are secret.

    A pipeline that is written to a policy file names the variable there, as `{env: NAME}`, and never its text.

    Args:
        variable: Its name.

    Raises:
        ConfigurationError: there is no such variable, or it is empty.
    """
    if not isinstance(variable, str) or not re.fullmatch(VARIABLE, variable):
        raise ConfigurationError("env(...): takes the name of an environment variable, such as 'LIMITS_URL'")
    kept = _remembered.get()
    value = (kept or {}).get(variable) or os.environ.get(variable)
    unset = _unset.get()
    if not value and unset is not None:
        unset.add(variable)
        value = _STAND_IN
    if not value:
        state = "empty" if value is not None else "not set"
        raise ConfigurationError(f"the environment variable {variable} is {state}")
    return FromEnv(value, variable)


@contextmanager
def elsewhere() -> Generator[set[str]]:
    """Let `env` return a stand-in for what is not set, and note its name: here is not where the pipeline will run.

    For tests and commands, which judge texts by a policy and leave its stores alone: they are not opened either.
    """
    outer = _unset.get()
    unset: set[str] = set() if outer is None else outer
    token = _unset.set(unset)
    try:
        yield unset
    finally:
        _unset.reset(token)


def is_elsewhere() -> bool:
    """Whether here is not where the pipeline will run."""
    return _unset.get() is not None


@contextmanager
def remembering() -> Generator[None]:
    """Let `env` return what `remember` is told meanwhile: the environment may have been cleared of it."""
    token = _remembered.set({})
    try:
        yield
    finally:
        _remembered.reset(token)


def remember(text: FromEnv) -> None:
    """Let `env` know what a variable had held when it was read."""
    kept = _remembered.get()
    if kept is not None:
        kept[text.variable] = str(text)
