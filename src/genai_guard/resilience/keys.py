"""Which calls are the same call, for a cache."""

from __future__ import annotations

import json
from collections.abc import Callable
from typing import TYPE_CHECKING, Any, NamedTuple

if TYPE_CHECKING:
    from genai_guard.messages import Part
    from genai_guard.outcome import Call
    from genai_guard.plan import Args, Kwargs
    from genai_guard.reask import Asked

__all__ = ["Key", "key_of", "question_of"]


class Key(NamedTuple):
    """A call.

    Attributes:
        function: Identities of the function and of the object it is bound to.
        digest: Of everything that is asked, and on whose behalf.
    """

    function: tuple[int, int]
    digest: bytes


def key_of(call: Call, version: str, fn: Callable[..., Any], args: Args, kwargs: Kwargs) -> Key | None:
    """Return what is equal for the same call; None if something in it cannot be compared.

    Two calls are the same if they go to the same function with the same arguments as the model gets them (messages,
    model, parameters, tools), for the same tenant, in the same variants, under the same pipeline and version.
    """
    from hashlib import blake2b  # noqa: PLC0415  takes a millisecond to import, and only caches need it

    variants = [(each.experiment, each.variant) for each in call.assignments if each.mode == "enforce"]
    asked = [call.plan.pipeline, version, call.caller.tenant, variants, args, dict(kwargs)]
    try:
        text = json.dumps(asked, sort_keys=True, default=_plain, ensure_ascii=True)
    except (TypeError, ValueError, RecursionError):
        return None
    function = (id(getattr(fn, "__self__", None)), id(getattr(fn, "__func__", fn)))
    return Key(function, blake2b(text.encode(), digest_size=20).digest())


def question_of(call: Call, version: str, asked: Asked) -> tuple[Key, str] | None:
    """Return the last text of the user, and what is equal for the same call around it; None if there is none."""
    content = asked.carrier.read(asked.args, asked.kwargs)
    texts = asked.client.read_request(content, asked.kwargs).parts
    last = next((place for place in reversed(range(len(texts))) if _is_said(texts[place])), None)
    if last is None or not texts[last].text.strip():
        return None
    rest = [part.text for part in texts]
    rest[last] = ""
    content, kwargs = asked.client.write_request(content, asked.kwargs, rest)
    args, kwargs = asked.carrier.write(asked.args, kwargs, content)
    key = key_of(call, version, asked.fn, args, kwargs)
    return None if key is None else (key, texts[last].text)


def _is_said(part: Part) -> bool:
    """Whether a text is what a user says, and not the name that a message says it under."""
    return part.role == "user" and not part.where.endswith(".name")


def _plain(value: Any) -> Any:
    """Return what JSON knows of a model of pydantic, such as the SDKs' messages.

    Raises:
        TypeError: it is something else.
    """
    dump = getattr(value, "model_dump", None)
    if dump is None or isinstance(value, type):
        raise TypeError
    return [type(value).__module__, type(value).__qualname__, dump(mode="json")]
