"""Arguments of tool calls: JSON for the guards, and whatever the provider had for the provider."""

from __future__ import annotations

import json
import re
from contextlib import suppress
from typing import Any, Final

from genai_guard.clients.duck import stored

__all__ = ["dump", "load", "load_partial", "reparse"]

_LABEL: Final = r"\[[A-Za-z][^\[\]{}\",:]*\]"
_TOKEN: Final = re.compile(rf'"(?:[^"\\]|\\.)*+(?:"|\\?\Z)|(?:{_LABEL}|[^\s\[\]{{}}:,"])+', re.DOTALL)


def dump(value: Any) -> str:
    """Return `value` as JSON in which letters of every script stand as themselves, where a rule can see them."""
    return json.dumps(value, ensure_ascii=False, default=_plain)


def load(text: str, like: object) -> Any:
    """Return the value of edited JSON.

    An edit inside a string leaves JSON; an edit of a number, as in `{"card": [CARD]}`, does not. What stands bare
    where a value belongs is taken for a string.

    Args:
        text: What `dump` returned, after edits.
        like: What it was made of: the result is an object or a list as this is.

    Raises:
        ValueError: the edits left no JSON, or another kind of value.
    """
    try:
        value: Any = json.loads(text)
    except ValueError:
        value = _loads(_TOKEN.sub(_quoted, text))
    if value.__class__ is not json.loads(dump(like)).__class__:
        raise ValueError("the edited arguments are another kind of value")
    return value


def load_partial(text: str) -> Any:
    """Return the value of JSON that is not complete yet; an empty object while nothing can be made of it."""
    from pydantic_core import from_json  # noqa: PLC0415  at first use

    for attempt in (text, _TOKEN.sub(_quoted, text)):
        with suppress(ValueError):
            value = from_json(attempt, allow_partial="trailing-strings")
            return value if value.__class__ in {dict, list} else {}
    return {}


def reparse(parsed: object, text: object) -> Any:
    """Return what a structured output becomes when its text was edited.

    A pydantic model is built again from the new text; so is plain JSON. None if the new text no longer fits, or if
    it is not known how the value was made: the old one would still hold what was edited away.
    """
    if parsed is None or not isinstance(text, str):
        return None
    kind = type(parsed)
    validate = getattr(kind, "model_validate_json", json.loads)
    try:
        value = validate(text)
    except ValueError:
        return None
    return value if value.__class__ is kind else None


def _plain(value: object) -> object:
    known = stored(value)
    return dict(known) or str(value)


def _quoted(match: re.Match[str]) -> str:
    token = match[0]
    try:
        json.loads(token)
    except ValueError:
        return json.dumps(token, ensure_ascii=False)
    return token


def _loads(text: str) -> Any:
    try:
        return json.loads(text)
    except ValueError:
        # The decoder's own exception quotes the whole text.
        raise ValueError("the edited arguments are no longer JSON") from None
