"""Questions out of what MLflow hands to a model, and answers as it takes them back. Pure."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import Any, Final, TypeGuard, cast

from genai_guard.clients.walk import is_list
from genai_guard.integrations.mlflow.answering import Answer, Question
from genai_guard.routing.analysis.sources import is_gap

__all__ = ["FIELDS", "answers_for", "question_in", "rows_of"]

FIELDS: Final = ("user", "tenant", "session", "request_id")
"""Columns that say on whose behalf; columns of other names are tags of the caller."""

_CONTENT: Final = ("prompt", "messages")
_NO_QUESTION: Final = Answer(status="bad_request", http_status=400, reason="a row needs a prompt, or messages")
_NO_PROMPT: Final = Answer(status="bad_request", http_status=400, reason="this model takes a prompt and no messages")


def rows_of(given: Any) -> list[Any]:
    """Return the rows of a table, a list, a mapping of columns, or of one row by itself."""
    if hasattr(given, "to_dict"):  # MLflow makes one row of a mapping of columns
        return [each for row in given.to_dict(orient="records") for each in _rows_of_mapping(row)]
    if isinstance(given, Mapping):
        return _rows_of_mapping(cast("Mapping[str, Any]", given))
    return list(cast("Sequence[Any]", given)) if is_list(given) else [given]


def question_in(row: Any, *, takes: str, params: Mapping[str, Any]) -> Question | Answer:
    """Return what a row asks, or the answer to one that asks nothing.

    Args:
        row: A text, or a mapping with `prompt` or `messages`.
        takes: The parameter of the function that the question goes to.
        params: Further arguments of it.
    """
    present = {name: value for name, value in _fields(row) if _is_there(value)}
    content = _content(present, takes)
    if isinstance(content, Answer):
        return content
    who: dict[str, str] = {name: str(present[name]) for name in FIELDS if name in present}
    tags = {name: str(value) for name, value in present.items() if name not in {*FIELDS, *_CONTENT}}
    return Question(content, who, tags, params)


def answers_for(given: Any, answers: Iterable[Answer]) -> Any:
    """Return answers as a list of mappings, or as a table for a table."""
    rows = [answer._asdict() for answer in answers]
    if not hasattr(given, "to_dict") or isinstance(given, Mapping):
        return rows
    return type(given)(rows, columns=list(Answer._fields), dtype=object)


def _rows_of_mapping(given: Mapping[str, Any]) -> list[Any]:
    columns = {name: _plain(value) for name, value in given.items()}
    lengths = {len(value) for name, value in columns.items() if name != "messages" and is_list(value)}
    if len(lengths) != 1:
        return [given]
    (length,) = lengths
    return [
        {name: value[row] if is_list(value) and len(value) == length else value for name, value in columns.items()}
        for row in range(length)
    ]


def _fields(row: Any) -> Iterator[tuple[str, Any]]:
    if isinstance(row, str):
        yield "prompt", row
    elif isinstance(row, Mapping):
        for name, value in cast("Mapping[object, Any]", row).items():
            yield str(name), _plain(value)


def _content(present: Mapping[str, Any], takes: str) -> Any:
    prompt, messages = present.get("prompt"), present.get("messages")
    if _are_messages(messages):
        return messages if takes == "messages" else _NO_PROMPT
    if not isinstance(prompt, str):
        return _NO_QUESTION
    return [{"role": "user", "content": prompt}] if takes == "messages" else prompt


def _are_messages(value: Any) -> TypeGuard[list[Any]]:
    return is_list(value) and len(value) > 0 and all(isinstance(each, Mapping) for each in value)


def _plain(value: Any) -> Any:
    """Return what an array of NumPy holds."""
    return value.tolist() if hasattr(value, "tolist") else value


def _is_there(value: Any) -> bool:
    return value is not None and value != "" and not is_gap(value)
