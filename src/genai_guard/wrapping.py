"""A copy of a client in which every method that asks a model is guarded.

Rules:

1. The client that was given stays as it is. Its copy has the same class and attributes, and shares its connections:
   closing either closes both.
2. Only the objects on the way to a guarded method are copied. What they hold that knows them is built anew, out of the
   copy: what hangs on the client leads back to the copy.
3. Where the class of an object does not let an attribute be set, the object gets a subclass of the same name that has it.
"""

from __future__ import annotations

import copy
from collections.abc import Callable, Iterator, Mapping
from functools import cached_property, partial, update_wrapper
from inspect import getattr_static
from operator import attrgetter
from posixpath import normpath
from typing import Any, Final, NamedTuple, NoReturn, TypeAlias, TypeVar, cast
from urllib.parse import unquote, urlsplit

from genai_guard.clients.duck import get, put, stored
from genai_guard.clients.surface import Routes, Surface
from genai_guard.errors import ConfigurationError
from genai_guard.outcome import Call
from genai_guard.plan import Plan
from genai_guard.shells import arun, run

__all__ = ["Desk", "Guarding", "guarded_client"]

C = TypeVar("C")
_Replace: TypeAlias = Callable[[Any], Any]
_Tree: TypeAlias = dict[str, Any]
"""What becomes of the attributes of an object, by name: a `_Replace`, or the tree of what the attribute holds."""

_MISSING: Final = object()
_RAW: Final = "x-stainless-raw-response"


class Guarding(NamedTuple):
    """What a pipeline does for a client.

    Attributes:
        wrap: Returns a method, guarded.
        plan: Returns the plan of a method's calls.
    """

    wrap: Callable[[Any], Any]
    plan: Callable[[Any], Plan]


def guarded_client(client: C, surface: Surface, guarding: Guarding, *, desk: Desk | None = None) -> C:
    """Return a copy of a client whose methods are guarded as its surface says.

    Args:
        client: The client.
        surface: What of it asks a model.
        guarding: Guards a method, or plans it.
        desk: Of the client of which this one is a clone.

    Raises:
        ConfigurationError: it has none of these methods, or they cannot be guarded.
    """
    _check(client, surface)
    new = _copy(client)
    if surface.routes is not None:
        _rebind(new, client)
        desk = desk or Desk(new, surface.routes, guarding.plan)
        _set(new, "request", _requests(new, desk))
    tree: _Tree = {}
    for path in surface.methods:
        _plant(tree, path, guarding.wrap)
    for path in surface.clones:
        _plant(tree, path, lambda method: _cloning(method, surface, guarding, desk))
    for path, instead in surface.refused.items():
        _plant(tree, path, _Refusal(f"{path}: {instead}"))
    _graft(new, tree)
    return cast("C", new)


def _check(client: object, surface: Surface) -> None:
    if surface.routes is None:
        lacks = not any(_has(client, path) for path in surface.methods)
    else:
        lacks = not callable(getattr(client, "request", None))
    if lacks:
        known = ", ".join(surface.methods or ("request",))
        raise ConfigurationError(
            f"this {type(client).__qualname__} has no method {known}: its version may have moved it. "
            "Wrap the methods that ask a model one by one: pipeline.wrap(client.chat.complete)"
        )


# --- copies -------------------------------------------------------------------------------------------------------


def _plant(tree: _Tree, path: str, replace: _Replace) -> None:
    *above, name = path.split(".")
    for step in above:
        tree = tree.setdefault(step, {})
    tree[name] = replace


def _graft(new: Any, tree: _Tree) -> None:
    """Replace attributes of a copy."""
    for name, below in tree.items():
        held = getattr_static(new, name, _MISSING)
        if held is _MISSING and not hasattr(new, name):
            continue
        if isinstance(below, _Refusal):
            # What a property would make is not made: that may load packages.
            is_made = not isinstance(held, (property, cached_property))
            _set(new, name, below.of(getattr(new, name)) if is_made else below)
        elif isinstance(held, cached_property) and not callable(below):
            # What it holds is made when it is asked for: to import all of an SDK takes half a second.
            _set(new, name, _Later(partial(_replaced, partial(held.func, new), below)))
        else:
            _set(new, name, _replaced(partial(getattr, new, name), below))


def _replaced(make: Callable[[], Any], below: _Tree | _Replace) -> Any:
    if callable(below):
        return below(make())
    new = _copy(make())
    _graft(new, below)
    return new


class _Later:
    """Stands for an object that is made when something is asked of it."""

    __slots__ = ("_made", "_make")

    def __init__(self, make: Callable[[], Any]) -> None:
        self._make = make
        self._made: Any = _MISSING

    def _it(self) -> Any:
        if self._made is _MISSING:
            self._made = self._make()
        return self._made

    @property  # type: ignore[misc]  # what `isinstance` asks
    def __class__(self) -> Any:  # pyright: ignore[reportIncompatibleMethodOverride]
        return self._it().__class__

    def __getattr__(self, name: str) -> Any:
        return getattr(self._it(), name)

    def __repr__(self) -> str:
        return repr(self._it())


def _copy(node: Any) -> Any:
    new = copy.copy(node)
    kind: Any = node.__class__
    for name in _ways_back(node):
        if isinstance(getattr_static(kind, name, None), cached_property):
            del new.__dict__[name]
    if hasattr(node, "__del__"):
        # The copy must not close what it shares when it is no longer used; nor must the one it was copied from, while
        # the copy is used.
        _subclass(new, __del__=_nothing, __copied__=node)
    return new


def _ways_back(node: Any) -> list[str]:
    """Return the attributes of an object whose values know the object, such as the resources of a client."""
    held: Mapping[str, Any] = getattr(node, "__dict__", {})
    return [name for name, value in held.items() if any(known is node for known in stored(value).values())]


def _rebind(new: Any, client: Any) -> None:
    """Build anew what some clients make of themselves at once: it would lead to the client that is not guarded."""
    for name in _ways_back(client):
        if name in new.__dict__:
            _set(new, name, new.__dict__[name].__class__(new))


def _nothing(_self: object) -> None: ...


def _set(new: Any, name: str, value: Any) -> None:
    try:
        setattr(new, name, value)
    except (AttributeError, TypeError, ValueError):
        _subclass(new, **{name: property(lambda _self: value)})


def _subclass(new: Any, **names: Any) -> None:
    kind: type[Any] = new.__class__
    about = {"__module__": kind.__module__, "__qualname__": kind.__qualname__, "__doc__": kind.__doc__, "__slots__": ()}
    new.__class__ = type(kind.__name__, (kind,), {**about, **names})


def _has(client: Any, path: str) -> bool:
    try:
        attrgetter(path)(client)
    except AttributeError:
        return False
    return True


# --- methods that are replaced --------------------------------------------------------------------------------------


class _Refusal:
    """Stands in the place of what is not to be used: to call it, and to take anything from it, is an error."""

    __slots__ = ("_reason",)

    def __init__(self, reason: str) -> None:
        self._reason = reason

    def of(self, method: Any) -> Any:
        """Return a function with the signature of a method, which refuses."""

        def refuse(*_args: Any, **_kwargs: Any) -> NoReturn:
            raise _refused(self._reason)

        return update_wrapper(refuse, method)

    def __call__(self, *_args: Any, **_kwargs: Any) -> NoReturn:
        raise _refused(self._reason)

    def __getattr__(self, name: str) -> NoReturn:
        if name.startswith("__"):
            raise AttributeError(name)
        raise _refused(self._reason)


def _cloning(method: Callable[..., C], surface: Surface, guarding: Guarding, desk: Desk | None) -> Callable[..., C]:
    def clone(*args: Any, **kwargs: Any) -> C:
        return guarded_client(method(*args, **kwargs), surface, guarding, desk=desk)

    return update_wrapper(clone, method)


def _refused(what: str) -> ConfigurationError:
    return ConfigurationError(f"{what}. For calls that are to go unguarded, use the client that was wrapped")


# --- clients with routes --------------------------------------------------------------------------------------------


class Desk:
    """Decides about each request of a client: it passes, is refused, or has a plan."""

    def __init__(self, client: Any, routes: Routes, plan: Callable[[Any], Plan]) -> None:
        self._routes = routes
        self._plans: dict[str, Plan | ConfigurationError] = {}
        for end in sorted(routes.asks, key=len, reverse=True):
            if _has(client, routes.asks[end]):
                try:
                    self._plans[end] = plan(attrgetter(routes.asks[end])(client))
                except ConfigurationError as error:
                    self._plans[end] = error
        problems = [plan for plan in self._plans.values() if isinstance(plan, ConfigurationError)]
        if problems and len(problems) == len(self._plans):
            raise problems[0]

    def plan(self, options: Any) -> Plan | None:
        """Return the plan for a request; None if it passes.

        Raises:
            ConfigurationError: it is refused, or cannot be planned.
        """
        method, path, body = str(get(options, "method", "")).lower(), _path(options), _body(options)
        if method == "get" and any(map(self._routes.withheld.fullmatch, _ends(path))):
            raise _refused(f"GET {path} returns what a model said and no guard has seen")
        if method != "post":
            return None
        for name, instead in self._routes.refused_fields.items():
            if body.get(name):
                raise _refused(f"{name}=: {instead}")
        for end, plan in self._plans.items():
            if path.endswith(end):
                if isinstance(plan, ConfigurationError):
                    raise plan
                return plan
        if self._routes.passes.fullmatch(path) is None:
            raise _refused(f"POST {path} may ask a model in a way that is not read")
        return None


def _path(options: Any) -> str:
    """Return the path that a request goes to, in lower case and without a step up: a server may take it for another one."""
    path = urlsplit(str(get(options, "url", ""))).path
    return normpath(f"/{unquote(path)}".lower()).replace("//", "/")


def _ends(path: str) -> Iterator[str]:
    """Return a path, and what remains of it after each of its steps: an address has what clients put in front as well."""
    return (path[at:] for at, letter in enumerate(path) if letter == "/")


def _body(options: Any) -> dict[str, Any]:
    """Return all that a request says, `extra_body=` included: the client would put it in the place of what was read."""
    said = (get(options, name) for name in ("json_data", "extra_json"))
    bodies: list[Mapping[str, Any]] = [each for each in said if isinstance(each, Mapping)]
    return {name: value for body in bodies for name, value in body.items()}


def _is_raw(options: Any) -> bool:
    headers: Mapping[Any, Any] | None = get(options, "headers")
    return isinstance(headers, Mapping) and _RAW in {str(name).lower() for name in headers}


def _requests(client: Any, desk: Desk) -> Callable[..., Any]:
    """Return the method `request` of a client, guarded."""
    send: Callable[..., Any] = client.request

    def request(cast_to: Any, options: Any, *rest: Any, **named: Any) -> Any:
        plan = desk.plan(options)
        if plan is None:
            return send(cast_to, options, *rest, **named)
        if _is_raw(options):
            raise _refused("a raw response is bytes that no guard has read: call the method itself")

        def ask(**body: Any) -> Any:
            return send(cast_to, put(options, json_data=body, extra_json=None), *rest, **named)

        return (arun if plan.awaits else run)(Call(plan), ask, (), _body(options))

    return update_wrapper(request, send)
