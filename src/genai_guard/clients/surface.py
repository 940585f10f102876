"""What of a client asks a model: the methods that `Pipeline.wrap_client` guards."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field

from genai_guard.errors import ConfigurationError
from genai_guard.frozen import FrozenDict

__all__ = ["Routes", "Surface", "surface_of"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Routes:
    """The HTTP routes of a client all of whose methods go through its one method `request`.

    A POST to any other route is refused, as it may ask a model: what a later version of the client adds is closed until
    it is known.

    Attributes:
        asks: The end of each path that asks a model, and the dotted path of the method that posts to it: its signature
            says what such a call takes.
        passes: Paths of POSTs that ask no model.
        withheld: Paths of GETs that return what a model said and no guard has seen. They are refused.
        refused_fields: Fields of a request that carry or leave text where it is not read, and what to do instead of each.
            They are refused where they are given, unless they are false or empty.
    """

    asks: Mapping[str, str]
    passes: re.Pattern[str]
    withheld: re.Pattern[str]
    refused_fields: Mapping[str, str] = field(default_factory=FrozenDict[str, str])


@dataclass(frozen=True, slots=True, kw_only=True)
class Surface:
    """What of one client asks a model.

    All paths are dotted and start at the client: `chat.completions.create`. Those that the client at hand does not have,
    because its version is another, are left out.

    Attributes:
        name: What its users call it; shown in errors.
        classes: Its classes, each by its top package and name: `openai.OpenAI`. Subclasses are included.
        methods: Methods that ask a model, each guarded as `Pipeline.wrap` does it.
        clones: Methods that return one more client of the kind, to be guarded alike.
        refused: Methods that ask a model in a way that cannot be read, and what to use instead of each.
        routes: In place of `methods`, for a client that sends everything through one method `request`.
    """

    name: str
    classes: tuple[str, ...]
    methods: tuple[str, ...] = ()
    clones: tuple[str, ...] = ()
    refused: Mapping[str, str] = field(default_factory=FrozenDict[str, str])
    routes: Routes | None = None


def surface_of(client: object, surfaces: Iterable[Surface]) -> Surface:
    """Return the surface of a client, found by the names of its classes.

    Raises:
        ConfigurationError: it is none of the known clients.
    """
    known = tuple(surfaces)
    for base in type(client).__mro__:
        name = f"{base.__module__.partition('.')[0]}.{base.__qualname__}"
        for surface in known:
            if name in surface.classes:
                return surface
    kind = type(client)
    raise ConfigurationError(
        f"{kind.__module__}.{kind.__qualname__} is no client whose methods are known. Known: "
        f"{', '.join(name for surface in known for name in surface.classes)}. For another one name the methods that ask "
        "a model: pipeline.wrap_client(client, methods=['chat.complete']), or wrap a single function: "
        "pipeline.wrap(client.chat.complete)"
    )
