"""Every method of the real SDKs: whatever posts a prompt is guarded or refused, now and in their next version."""

from __future__ import annotations

import inspect
import re
from collections.abc import Iterator
from functools import cached_property
from operator import attrgetter
from typing import Any

import pytest

from genai_guard import ConfigurationError, Pipeline
from genai_guard.clients import SURFACES
from genai_guard.clients.surface import surface_of
from genai_guard.guards import PII
from genai_guard.wrapping import Desk
from loopback import sdk_client

openai = pytest.importorskip("openai", reason="the openai SDK is not installed: pip install openai")
anthropic = pytest.importorskip("anthropic", reason="the anthropic SDK is not installed: pip install anthropic")

_PATH = re.compile(r'self\._post\(\s*(?:path_template\(\s*)?f?"([^"]+)"')
_ASKING = {"messages", "prompt", "input", "model", "events"}
_ASKS_NO_MODEL = re.compile(
    r"(embeddings|moderations|fine_tuning|evals|vector_stores|messages.count_tokens|responses.input_tokens"
    r"|admin|organization|beta.organization|beta.messages.count_tokens|beta.responses.input_tokens)\b.*"
)
"""Methods that take such a parameter and let no model write; of evals and fine-tuning the provider keeps the results."""


def wrapped(sdk: Any, *, is_async: bool = False) -> Any:
    return Pipeline(output=[PII()]).wrap_client(sdk_client(sdk, {}, is_async=is_async))


def resource_methods(node: Any, path: str = "") -> Iterator[tuple[str, Any]]:
    """Walk the resources of a client; return every public method by its path."""
    for name in dir(type(node)):
        if name.startswith(("_", "with_")):
            continue
        value = inspect.getattr_static(type(node), name)
        if isinstance(value, cached_property):
            below = getattr(node, name)
            if ".resources." in type(below).__module__:
                yield from resource_methods(below, f"{path}{name}.")
        elif path and inspect.isfunction(value):
            yield f"{path}{name}", getattr(node, name)


@pytest.mark.parametrize("is_async", [False, True], ids=["sync", "async"])
@pytest.mark.parametrize("sdk", [openai, anthropic], ids=["openai", "anthropic"])
def test_whatever_of_an_sdk_posts_a_prompt_is_guarded_or_refused(sdk: Any, is_async: bool) -> None:
    client = wrapped(sdk, is_async=is_async)
    surface = surface_of(client, SURFACES)
    assert surface.routes is not None
    desk = Desk(client, surface.routes, lambda method: method.__name__)
    found: dict[str, list[str]] = {"guarded": [], "refused": [], "passed": []}
    for path, method in resource_methods(client):
        for route in _PATH.findall(inspect.getsource(inspect.unwrap(method))):
            try:
                plan = desk.plan({"method": "post", "url": re.sub(r"\{.+?\}", "x", route)})
            except ConfigurationError:
                found["refused"].append(path)
            else:
                found["guarded" if plan else "passed"].append(path)
    unread = [
        path
        for path in found["passed"]
        if _ASKING & inspect.signature(attrgetter(path)(client)).parameters.keys()
        and not _ASKS_NO_MODEL.fullmatch(path)
    ]
    assert unread == []
    assert {"openai": "responses.create", "anthropic": "messages.create"}[sdk.__name__] in found["guarded"]
    assert len(found["passed"]) > 10


def test_a_method_that_opens_a_socket_is_refused() -> None:
    client = wrapped(openai)
    sockets = [method for path, method in resource_methods(client) if path.rpartition(".")[2] == "connect"]
    assert sockets
    for method in sockets:
        with pytest.raises(ConfigurationError, match="a socket is not read"):
            method()
