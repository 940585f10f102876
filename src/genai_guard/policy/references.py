"""Objects of a program, named in a policy: `"package.module:name"`.

To read one is to import the module, and so to run it: a policy that holds references must be trusted like code.
"""

from __future__ import annotations

import importlib
import re
from collections.abc import Callable
from contextvars import Context
from functools import reduce
from types import NoneType, UnionType
from typing import Annotated, Any, Final, Union, get_args, get_origin

from genai_guard.policy.problems import Problem, Problems, describe

__all__ = ["PATTERN", "imported", "is_referable", "reference_of"]

PATTERN: Final = r"^[A-Za-z_][\w.]*:[A-Za-z_][\w.]*$"
_named: Final[dict[int, tuple[str, object]]] = {}
"""Objects that were named in policies, by their ids: they belong to modules, and live as long."""


def is_referable(annotation: Any) -> bool:
    """Whether values of a type are objects that only a program makes: functions, classes, or what fits a Protocol."""
    origin, args = get_origin(annotation) or annotation, get_args(annotation)
    if origin is Annotated:
        return is_referable(args[0])
    if origin in {Union, UnionType}:
        return any(is_referable(member) for member in args if member is not NoneType)
    return origin in {Callable, type} or bool(getattr(origin, "_is_protocol", False))


def imported(value: Any) -> Any:
    """Return the object that a reference names.

    Raises:
        Problems: it is no reference, or cannot be imported.
    """
    if not isinstance(value, str):
        raise _problem(f'must be an import reference such as "package.module:name", not {describe(value)}')
    module, colon, name = value.partition(":")
    if not (module and colon and name):
        raise _problem('must be an import reference such as "package.module:name", with a colon before the name')
    try:
        found: Any = Context().run(importlib.import_module, module)  # what a policy is read for is none of its business
    except ModuleNotFoundError as error:
        raise _problem(f"cannot be imported: there is no module {error.name!r}") from error
    except Exception as error:
        raise _problem(f"cannot be imported: the module {module} raised {type(error).__name__}") from error
    try:
        found = reduce(getattr, name.split("."), found)
    except AttributeError as error:
        raise _problem(f"cannot be imported: there is no {name!r} in {module}") from error
    _named.setdefault(id(found), (value, found))
    return found


def reference_of(value: object) -> str | None:
    """Return the reference that names a function or class, or by which a policy has named it; None if there is none."""
    module, name = getattr(value, "__module__", None), getattr(value, "__qualname__", None)
    reference = f"{module}:{name}" if isinstance(module, str) and isinstance(name, str) else ""
    given, found = _named.get(id(value), ("", None))
    return next((each for each in (reference, given if found is value else "") if _leads_to(value, each)), None)


def _leads_to(value: object, reference: str) -> bool:
    if not re.match(PATTERN, reference) or reference.startswith("__main__:"):
        return False
    try:
        return imported(reference) is value
    except Problems:
        return False


def _problem(text: str) -> Problems:
    return Problems([Problem((), text)])
