"""`ToolArgument`: what one argument of a tool may be."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, fields
from functools import cached_property
from typing import Any, Final, TypeAlias, cast

import regex as regex_module

from genai_guard.errors import ConfigurationError
from genai_guard.guards.base import settle
from genai_guard.guards.tools.places import host_of, is_host, is_under, plain_path
from genai_guard.text.lint import lint

__all__ = ["ToolArgument", "values_at"]

Scalar: TypeAlias = str | int | float | bool
_TIMEOUT_S: Final = 1.0
_NUMBER: Final = (int, float)


@dataclass(frozen=True, kw_only=True)
class ToolArgument:
    r"""What one argument of a tool may be. Every rule that is given has to hold; of a list, for each item.

    Args:
        one_of: Values that are allowed.
        regex: A regular expression that has to match the whole text, in the syntax of the `regex` package.
        minimum: The least number.
        maximum: The greatest number.
        max_chars: Characters that a text may have.
        under: Folders, of which the path has to lead into one. Paths are taken as they are written: `..`, `%2e` and
            backslashes are read as what they stand for, links of the file system are not seen.
        hosts: Hosts that a URL, an e-mail address or a host may name; `*.example.com` stands for all below it.
        required: Whether the argument must be there.

    Raises:
        ConfigurationError: no rule at all, or one that cannot work.
    """

    one_of: Sequence[Scalar] = ()
    regex: str | None = None
    minimum: float | None = None
    maximum: float | None = None
    max_chars: int | None = None
    under: Sequence[str] = ()
    hosts: Sequence[str] = ()
    required: bool = False

    def __post_init__(self) -> None:
        for name in ("one_of", "under", "hosts"):
            settle(self, **{name: _listed(name, getattr(self, name))})
        if all(getattr(self, each.name) == each.default for each in fields(self)):
            raise ConfigurationError(
                "ToolArgument() has no rule: give it one_of, regex, minimum, maximum, under or hosts"
            )
        self._check_bounds()
        self._check_places()
        if self.regex is not None:
            _compiled(self.regex)

    def problem(self, value: Any) -> str:
        """Return what is wrong with a value, in words that hold nothing of it; empty if nothing is."""
        if isinstance(value, list):
            return next((found for each in cast("Sequence[Any]", value) if (found := self.problem(each))), "")
        return next((words for test, words in self._tests if not test(value)), "")

    def __getstate__(self) -> dict[str, Any]:
        """Leave out what is made of the rules."""
        return {each.name: getattr(self, each.name) for each in fields(self)}

    @cached_property
    def _tests(self) -> list[tuple[Callable[[Any], bool], str]]:
        tests: list[tuple[Callable[[Any], bool], str]] = []
        if self.one_of:
            tests.append((self._is_one, "is none of the values that are allowed"))
        if self.minimum is not None or self.maximum is not None:
            tests.append((self._is_within, f"is no number {_range(self.minimum, self.maximum)}"))
        if self.max_chars is not None:
            most = self.max_chars
            tests.append((lambda value: len(_text(value)) <= most, f"has more than {most:,} characters"))
        if self.regex is not None:
            match = _compiled(self.regex).fullmatch
            tests.append((lambda value: bool(match(_text(value), timeout=_TIMEOUT_S)), "does not match its regex"))
        if self.under:
            tests.append(
                (lambda value: isinstance(value, str) and is_under(value, self.under), "leads to no allowed folder")
            )
        if self.hosts:
            tests.append((lambda value: isinstance(value, str) and is_host(value, self.hosts), "names no allowed host"))
        return tests

    def _is_one(self, value: Any) -> bool:
        return any(value == each and isinstance(value, bool) is isinstance(each, bool) for each in self.one_of)

    def _is_within(self, value: Any) -> bool:
        if isinstance(value, bool) or not isinstance(value, _NUMBER):
            return False
        return (self.minimum is None or value >= self.minimum) and (self.maximum is None or value <= self.maximum)

    def _check_bounds(self) -> None:
        for name in ("minimum", "maximum"):
            bound = getattr(self, name)
            if bound is not None and (isinstance(bound, bool) or not isinstance(bound, _NUMBER) or bound != bound):  # noqa: PLR0124  not a number
                raise ConfigurationError(f"ToolArgument({name}=...) must be a number, not {type(bound).__name__}")
        if self.minimum is not None and self.maximum is not None and self.minimum > self.maximum:
            raise ConfigurationError(
                f"ToolArgument(minimum={self.minimum}, maximum={self.maximum}) lets no number pass"
            )
        if self.max_chars is not None and (type(self.max_chars) is not int or self.max_chars < 0):
            raise ConfigurationError(f"ToolArgument(max_chars={self.max_chars!r}) must be a whole number of at least 0")

    def _check_places(self) -> None:
        for number, folder in enumerate(self.under):
            if not isinstance(folder, str) or not folder or plain_path(folder).startswith(".."):
                raise ConfigurationError(f"ToolArgument(under=...): item {number} is no folder, such as '/srv/data'")
        for number, host in enumerate(self.hosts):
            if not isinstance(host, str) or host_of(host.removeprefix("*.")) is None or "/" in host or "@" in host:
                raise ConfigurationError(
                    f"ToolArgument(hosts=...): item {number} is no host, such as 'example.com' or '*.example.com'"
                )


def values_at(arguments: Any, path: str) -> Iterator[tuple[tuple[str | int, ...], Any]]:
    """Yield the values that a path leads to, with their places: `to`, `filter/from`, `items/*/url`; all for the empty path."""
    found: list[tuple[tuple[str | int, ...], Any]] = [((), arguments)]
    for step in path.split("/") if path else ():
        found = [
            ((*place, key), value)
            for place, within in found
            for key, value in _within(within)
            if step in {"*", str(key)}
        ]
    yield from found


def _within(value: Any) -> Iterator[tuple[str | int, Any]]:
    if isinstance(value, dict):
        yield from cast("Mapping[str, Any]", value).items()
    elif isinstance(value, list):
        yield from enumerate(cast("Sequence[Any]", value))


def _text(value: Any) -> str:
    """Return a value as the text that a tool would make of it."""
    return value if isinstance(value, str) else str(value)


def _range(minimum: float | None, maximum: float | None) -> str:
    if minimum is None:
        return f"of at most {maximum:g}"
    return f"of at least {minimum:g}" if maximum is None else f"from {minimum:g} to {maximum:g}"


def _listed(name: str, values: object) -> tuple[Any, ...]:
    if isinstance(values, str) or not isinstance(values, Sequence):
        raise ConfigurationError(f"ToolArgument({name}=...) takes a list, not {type(values).__name__}")
    return tuple(cast("tuple[Any, ...]", values))


def _compiled(source: str) -> Any:
    try:
        pattern = regex_module.compile(source, regex_module.VERSION0 | regex_module.UNICODE)
    except (regex_module.error, TypeError, RecursionError) as error:
        raise ConfigurationError(f"ToolArgument(regex=...) is not valid: {error}") from None
    for problem in lint(source, ignore_case=False):
        if problem.severity == "error":
            raise ConfigurationError(f"ToolArgument(regex=...): {problem}")
    return pattern
