"""From a policy to the pipeline it describes."""

from __future__ import annotations

import json
import os
from collections.abc import Callable, Mapping
from contextlib import suppress
from functools import cache
from hashlib import sha256
from typing import Any, cast

from pydantic import TypeAdapter, ValidationError

from genai_guard.errors import ConfigurationError
from genai_guard.pipeline import Pipeline
from genai_guard.policy.assembly import policy_form
from genai_guard.policy.data import is_mapping, plain
from genai_guard.policy.entries import nested
from genai_guard.policy.files import Document, read
from genai_guard.policy.problems import Path, Problems, describe
from genai_guard.policy.shapes import entry_of

__all__ = ["adapter", "load"]


def load(source: str | os.PathLike[str] | Mapping[str, Any]) -> Pipeline:
    """Build the pipeline that a policy describes.

    Every problem is found in one go, and stands in a line of the message of its own. Paths in a policy, such as that
    of the inference log, start from the working directory, as they do in Python.

    Args:
        source: Path of a `.toml`, `.json`, `.yaml` or `.yml` file, or the policy itself as a mapping.

    Raises:
        ConfigurationError: the policy is wrong; the message names the file, the line where there is one, the field,
            and what would be right.
    """
    document = _document(source)
    try:
        data = plain(document.data)
        pipeline = _validated(data)
    except Problems as error:
        raise error.report(document.source, document.line_of) from None
    if (audit := getattr(pipeline.recorder, "audit", None)) is not None:
        facts = {"pipeline": pipeline.name, **_identity(document, data)}
        pipeline.when_used = _once(lambda: audit.record("policy_loaded", **facts))
    return pipeline


@cache
def adapter() -> TypeAdapter[Pipeline]:
    """Return what validates a policy and builds its pipeline."""
    return TypeAdapter(cast("type[Pipeline]", entry_of(policy_form())))


def _validated(data: Any) -> Pipeline:
    try:
        return adapter().validate_python(data)
    except ValidationError as error:
        raise nested(error.errors(include_url=False)[0]) from None


def _once(action: Callable[[], object]) -> Callable[[], None]:
    """Return what does it the first time that it is called."""
    left = [action]

    def act() -> None:
        with suppress(IndexError):
            left.pop()()

    return act


def _identity(document: Document, data: Any) -> dict[str, str]:
    """Return what tells one policy from another: equal policies, however they are written, have one digest."""
    text = json.dumps(data, sort_keys=True, separators=(",", ":"))
    return {"source": str(document.source), "digest": sha256(text.encode()).hexdigest()}


def _document(source: object) -> Document:
    if isinstance(source, str | os.PathLike):
        return read(os.fspath(cast("str", source)))
    if is_mapping(source):
        return Document("policy", source, _nowhere)
    raise ConfigurationError(f"a policy is the path of a file or a mapping, not {describe(source)}")


def _nowhere(path: Path) -> None:
    """A mapping has no lines."""
    del path
