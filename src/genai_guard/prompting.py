"""Putting the prompts of variants into a request, after the input guards have judged it as it was.

A system prompt goes where the function takes one: into its parameter `system` or `instructions` if it has one or was
given one, else to the first system message among messages, else before the text. A user prompt is put around the last
text of the user. Nothing is changed in place.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any, Final, NamedTuple

from genai_guard.clients import request_client
from genai_guard.clients.base import TakesSystem
from genai_guard.clients.duck import get, put
from genai_guard.clients.turns import turn_like
from genai_guard.clients.walk import is_list, role_of
from genai_guard.errors import ConfigurationError
from genai_guard.messages import Part
from genai_guard.plan import Args, Kwargs, Plan

if TYPE_CHECKING:
    from genai_guard.clients.base import Client
    from genai_guard.outcome import Call
    from genai_guard.routing.prompts import Prompt

__all__ = ["Asking", "prompted"]

_BESIDE: Final = ("system", "instructions")
"""Parameters that take a system prompt beside the request, in the order they are looked for."""
_TEXTS: Final = frozenset({"", "content", "text", "request"})
"""Fields in which a user's own words stand, by the last step of their place; names and titles are no such words."""


class Asking(NamedTuple):
    """A request on its way.

    Attributes:
        client: What reads and writes it.
        content: What carries it.
        args: Positional arguments of the call.
        kwargs: Its keyword arguments.
        parts: Its texts, as they are in `content`.
        texts: What they are to become; None if they stay.
    """

    client: Client
    content: Any
    args: Args
    kwargs: Kwargs
    parts: tuple[Part, ...]
    texts: list[str] | None


def prompted(plan: Plan, call: Call, asking: Asking) -> Asking:
    """Return the request with the prompts of the call's variants in it, and tell the call what it was given.

    Raises:
        ConfigurationError: a variable of a prompt has no value, or the request takes no system prompt.
    """
    client, content, args, kwargs, _, texts = asking
    if texts is not None:
        content, kwargs = client.write_request(content, kwargs, texts)
    told: list[Part] = []
    for prompt in sorted(call.prompts, key=_order):
        if prompt.role == "system":
            text = prompt.render_for(call.caller)
            told.append(Part(text, "system", "text", "prompt"))
            if isinstance(client, TakesSystem):
                content, kwargs = client.with_system(content, kwargs, text)
            else:
                content, args, kwargs = _with_system(plan, content, args, kwargs, text)
            client = request_client(content, kwargs, plan.reader)
        else:
            parts = client.read_request(content, kwargs).parts
            place = _last_of_user(parts)
            if place is not None:
                told.append(Part(prompt.render_for(call.caller), "user", "text", "prompt"))
                new = [part.text for part in parts]
                new[place] = prompt.render_for(call.caller, new[place])
                content, kwargs = client.write_request(content, kwargs, new)
    call.told = tuple(told)
    parts = client.read_request(content, kwargs).parts
    return Asking(client, content, args, kwargs, parts, [part.text for part in parts])


def _order(prompt: Prompt) -> bool:
    """The user's text first: a system prompt may stand before it in one text, and decide who reads the rest."""
    return prompt.role == "system"


def _with_system(plan: Plan, content: Any, args: Args, kwargs: Kwargs, text: str) -> tuple[Any, Args, Kwargs]:
    """Return content and arguments with another system prompt."""
    for name in _BESIDE:
        if name != plan.content.name and (name in kwargs or name in plan.signature.parameters):
            return content, *plan.signature.parameter(name).write(args, kwargs, text)
    if isinstance(content, str):
        return f"{text}\n\n{content}", args, kwargs
    if not is_list(content):
        raise ConfigurationError(
            f"a request of type {type(content).__name__} takes no system prompt: give {plan.name} a parameter 'system', or "
            "its prompt role='user'"
        )
    after = list(content)
    for at, message in enumerate(after):
        if role_of(get(message, "role") or get(message, "type")) == "system":
            after[at] = put(message, content=text)
            break
    else:
        after.insert(0, turn_like(after, "system", text))
    return (tuple(after) if isinstance(content, tuple) else after), args, kwargs


def _last_of_user(parts: Sequence[Part]) -> int | None:
    for place in reversed(range(len(parts))):
        _, role, kind, where, _ = parts[place]
        if role == "user" and kind == "text" and where.rpartition(".")[2].partition("[")[0] in _TEXTS:
            return place
    return None
