r"""`@guard`: a guard made of a function that looks at one text.

    @guard(action="redact")
    def ticket_numbers(text):
        return [(m.start(), m.end(), "TICKET") for m in re.finditer(r"TCK-\d+", text)]

What the function may return:

- `None` or `False`: nothing found. `True`: found, in the whole text.
- A number from 0 to 1, with `threshold=`: found, if it is at least that.
- A `Finding`, a span `(start, end)` or `(start, end, label)`, or a list of any of these: found there. A finding without
  a place stands for the whole text. An empty list: nothing found.
- A `Verdict`, which is taken as it is.
"""

from __future__ import annotations

import inspect
import sys
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass, field, replace
from functools import partial
from typing import Any, ClassVar, TypeGuard, cast, overload

from genai_guard.errors import ConfigurationError
from genai_guard.guards.base import GuardBase, check_interval, settle
from genai_guard.text.edits import Edit, apply_edits
from genai_guard.verdicts import Action, ActionLike, Finding, Mode, OnError, Verdict

__all__ = ["AsyncFunctionGuard", "FunctionGuard", "guard"]


@dataclass(frozen=True)
class FunctionGuard(GuardBase):
    """A guard that asks a function. Still callable like the function itself.

    Args:
        function: Takes a text, and returns what the module describes.
        action: What to do with what is found: `flag`, `redact` or `block`.
        name: Name in verdicts; that of the function when empty. In capitals it is the category of what is found.
        threshold: From where on a score counts as found.
        blocking: Whether the function waits for something, so that an asynchronous call runs it in a thread.
        check_every_chars: In a stream, ask the function about the text so far each time that so many characters have
            come, and at the end, and hand out what it had no objection to. None holds the stream to its end.

    Raises:
        ConfigurationError: not a function of one text, a threshold outside of 0 to 1, or no characters to check after.
    """

    kind: ClassVar[str] = "custom"
    allowed_actions: ClassVar[frozenset[Action]] = frozenset({Action.FLAG, Action.REDACT, Action.BLOCK})

    function: Callable[[str], Any]
    threshold: float | None = field(default=None, kw_only=True)
    blocking: bool = field(default=False, kw_only=True)
    check_every_chars: int | None = field(default=None, kw_only=True)

    def __post_init__(self) -> None:
        _refuse_what_is_no_check(self.function)
        name = getattr(self.function, "__name__", type(self.function).__name__)
        settle(self, name=self.name or name)
        super().__post_init__()
        if self.threshold is not None and not 0 <= self.threshold <= 1:
            raise ConfigurationError(f"@guard(threshold={self.threshold!r}) must be a number from 0 to 1")
        check_interval("@guard", self.check_every_chars)
        for attribute in ("__module__", "__qualname__", "__name__", "__doc__"):
            settle(self, **{attribute: getattr(self.function, attribute, None)})

    def __call__(self, text: str, /) -> Any:
        """Call the function."""
        return self.function(text)

    def check(self, text: str, /) -> Any:
        """Return the verdict about `text`.

        Raises:
            TypeError: the function returned something else than the module describes.
            ValueError: it returned a span outside of the text, or a score that is not from 0 to 1.
        """
        return self._verdict(text, self.function(text))

    def __reduce__(self) -> Any:
        """Pickle a decorated function by its name, as functions are."""
        module = sys.modules.get(self.__module__)
        name = getattr(self.function, "__name__", "")
        return name if getattr(module, name, None) is self else super().__reduce__()

    def _verdict(self, text: str, answer: object) -> Verdict:
        if isinstance(answer, Verdict):
            given = answer.text if answer.action.edits else text
            return replace(answer, text=given, guard=self.name, mode=self.mode)
        found = tuple(self._findings(text, answer))
        if not found:
            return Verdict(Action.ALLOW, text, (), self.name, self.mode)
        if self.action is Action.REDACT and self.mode == "enforce":
            text = apply_edits(text, (Edit(each.start, each.end, f"[{each.category}]") for each in found))
        return Verdict(Action(self.action), text, found, self.name, self.mode)

    def _findings(self, text: str, answer: object) -> Iterator[Finding]:
        if answer is None or answer is False:
            return
        if answer is True:
            yield self._found(text, 0, len(text))
        elif isinstance(answer, int | float):
            if self._is_above(answer):
                yield self._found(text, 0, len(text), score=float(answer))
        elif isinstance(answer, Finding):
            yield self._placed(text, answer)
        elif _is_span(answer):
            yield self._span(text, answer)
        elif isinstance(answer, Iterable) and not isinstance(answer, str | bytes):
            for each in cast("Iterable[object]", answer):
                yield from self._findings(text, self._refuse_number(each))
        else:
            raise TypeError(
                f"{self.name} returned {type(answer).__name__}; a guard's function returns None, a bool, a score, "
                "a Finding, spans or a Verdict"
            )

    def _is_above(self, score: float) -> bool:
        if self.threshold is None:
            raise TypeError(f"{self.name} returned a number; say from where on it counts: @guard(threshold=...)")
        if not 0 <= score <= 1:
            raise ValueError(f"{self.name} returned a score that is not from 0 to 1")
        return score >= self.threshold

    def _refuse_number(self, each: object) -> object:
        if isinstance(each, int | float):
            raise TypeError(f"{self.name} returned a list of numbers; a list holds findings or (start, end) spans")
        return each

    def _placed(self, text: str, finding: Finding) -> Finding:
        if finding.start == finding.end == 0:
            return replace(finding, end=len(text), guard=self.name)
        self._check_span(text, finding.start, finding.end)
        return replace(finding, guard=self.name)

    def _span(self, text: str, span: tuple[Any, ...]) -> Finding:
        if len(span) not in {2, 3} or not isinstance(span[1], int) or not isinstance(span[-1], int | str):
            raise TypeError(f"{self.name} returned a tuple that is neither (start, end) nor (start, end, label)")
        self._check_span(text, span[0], span[1])
        return self._found(text, span[0], span[1], label=span[2] if len(span) == 3 else "")

    def _check_span(self, text: str, start: int, end: int) -> None:
        if not 0 <= start <= end <= len(text):
            raise ValueError(f"{self.name} returned the span {start}:{end} of a text of {len(text)} characters")

    def _found(self, text: str, start: int, end: int, *, label: str = "", score: float = 1.0) -> Finding:  # noqa: ARG002
        category = label or self.name.upper()
        return Finding(f"custom.{self.name}", category, start, end, score, self.name)


@dataclass(frozen=True)
class AsyncFunctionGuard(FunctionGuard):
    """The same for an `async def` function."""

    async def check(self, text: str, /) -> Verdict:
        """Return the verdict about `text`; raises like `FunctionGuard.check`."""
        return self._verdict(text, await self.function(text))


@overload
def guard(function: Callable[[str], Any], /) -> FunctionGuard: ...


@overload
def guard(
    *,
    name: str = "",
    action: ActionLike = Action.BLOCK,
    mode: Mode = "enforce",
    on_error: OnError = "block",
    threshold: float | None = None,
    blocking: bool = False,
    check_every_chars: int | None = None,
) -> Callable[[Callable[[str], Any]], FunctionGuard]: ...


def guard(function: Callable[[str], Any] | None = None, /, **parameters: Any) -> Any:
    """Make a guard of a function that takes one text and says whether it found something.

    `True` means that it did: by default the text is then blocked. An `async def` makes an asynchronous guard. Use it
    as `@guard` or with parameters, which are those of `FunctionGuard`.

    Raises:
        ConfigurationError: not a function of one text, or a wrong parameter.
    """
    if function is None:
        return partial(_guard, **parameters)
    return _guard(function, **parameters)


def _guard(function: Callable[[str], Any], **parameters: Any) -> FunctionGuard:
    is_async = inspect.iscoroutinefunction(function) or inspect.iscoroutinefunction(
        getattr(function, "__call__", None)  # noqa: B004  not whether it can be called, but how
    )
    return (AsyncFunctionGuard if is_async else FunctionGuard)(function, **parameters)


def _refuse_what_is_no_check(function: object) -> None:
    if not callable(function):
        raise ConfigurationError(f"@guard takes a function of one text, not {type(function).__name__}")
    name = getattr(function, "__qualname__", type(function).__name__)
    if isinstance(function, type):
        raise ConfigurationError(f"@guard takes a function; the class {name} is a guard if it has a method check(text)")
    if inspect.isgeneratorfunction(function) or inspect.isasyncgenfunction(function):
        raise ConfigurationError(f"@guard: {name} is a generator function; return a list instead of yielding")
    try:
        inspect.signature(function).bind("")
    except TypeError:
        raise ConfigurationError(f"@guard: {name} must be callable with one argument, the text") from None
    except ValueError:
        return  # a function of an extension module that does not tell its signature


def _is_span(answer: object) -> TypeGuard[tuple[Any, ...]]:
    """Tell one span from a tuple of them."""
    return isinstance(answer, tuple) and isinstance(next(iter(cast("tuple[object, ...]", answer)), None), int)
