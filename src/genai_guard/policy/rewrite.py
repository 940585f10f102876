"""Numbers in a policy file are changed where they stand: comments, order and layout stay as they are.

Nothing is trusted to have worked. What comes out is parsed, and refused unless it says exactly what it said before with
the numbers changed: an alias in YAML that stands for several guards, for instance, cannot be changed for one of them.
"""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Iterator, Mapping, Sequence
from typing import Any, Final, NamedTuple, TypeAlias, cast

from genai_guard.errors import ConfigurationError
from genai_guard.policy.data import is_list, is_mapping
from genai_guard.policy.files import Unreadable, parse
from genai_guard.policy.positions import json_offsets, toml_offsets
from genai_guard.policy.problems import Path, written

__all__ = ["rewrite", "to_set"]

Changes: TypeAlias = Mapping[Path, float]

_NUMBER: Final = re.compile(r"[-+]?[0-9.][0-9_.]*(?:[eE][-+]?[0-9]+)?")
_JSON_KEY: Final = re.compile(r'"(?:\\.|[^"\\])*"\s*:\s*')
_JSON_SCALAR: Final = re.compile(r'"(?:\\.|[^"\\])*"|[^\s{}\[\],:"]+')
_TOML_KEY: Final = re.compile(r"[^=\n]+=[ \t]*")
_TOML_SCALAR: Final = re.compile(r'"(?:\\.|[^"\\\n])*"|\'[^\'\n]*\'|[^\s{}\[\],="\'#]+')
_PLAIN_KEY: Final = re.compile(r"[A-Za-z_][A-Za-z0-9_-]*")


class _Edit(NamedTuple):
    start: int
    end: int
    text: str


def rewrite(text: str, suffix: str, changes: Changes) -> str:
    """Return the text of a policy with other numbers in it.

    A number that is not there yet, because its parameter is left out, is put behind the first field of its part.

    Args:
        text: The text of the file.
        suffix: End of its name, which tells its format.
        changes: New numbers by the fields they are for.

    Raises:
        ConfigurationError: that cannot be done without changing something else; the message has the values to set.
    """
    for path, value in changes.items():
        text = _changed(text, suffix, path, value)
    return text


def to_set(changes: Changes) -> str:
    """Return the numbers to set, a line each: `input[0].threshold: 0.7`."""
    return "\n".join(f"  {written(path)}: {value!r}" for path, value in changes.items())


def _changed(text: str, suffix: str, path: Path, value: float) -> str:
    """Return a text with one number changed, by the first way of doing it that leaves all else alone."""
    try:
        data, _ = parse(text, suffix)
        wanted = _with(data, path, value)
        for edit in _EDITORS[suffix.lower()](text, data, path, value):
            new = text[: edit.start] + edit.text + text[edit.end :]
            if _says(new, suffix, wanted):
                return new
    except (Unreadable, KeyError, IndexError, TypeError, AttributeError, StopIteration):
        pass
    raise ConfigurationError(
        f"{written(path)} cannot be changed in the file without changing something else: set it by hand\n"
        f"{to_set({path: value})}"
    )


def _says(text: str, suffix: str, wanted: Any) -> bool:
    try:
        data, _ = parse(text, suffix)
    except Unreadable:
        return False
    return bool(data == wanted)


def _with(data: Any, path: Path, value: float) -> Any:
    """Return data with one number changed; mappings that are missing on the way are made."""
    copied: Any = _copied(data)
    node = copied
    for step in path[:-1]:
        if isinstance(step, str):
            node.setdefault(step, {})
        node = node[step]
    node[path[-1]] = value
    return copied


def _copied(value: Any) -> Any:
    """Return a copy in which nothing is shared, not even what an alias of YAML stands for."""
    if is_mapping(value):
        return {key: _copied(inner) for key, inner in value.items()}
    return [_copied(inner) for inner in value] if is_list(value) else value


def _known(data: Any, path: Path) -> tuple[Path, Any]:
    """Return as much of the path as is there, and what is there."""
    there = data
    for length, step in enumerate(path):
        if isinstance(step, str) and step not in there:
            return path[:length], there
        there = there[step]
    return path, there


# --- JSON -------------------------------------------------------------------------------------------------------------


def _json_edits(text: str, data: Any, path: Path, value: float) -> Iterator[_Edit]:
    offsets = json_offsets(text)
    known, there = _known(data, path)
    if known == path:
        start = _after_key(text, offsets[path], _JSON_KEY)
        yield _over(text, start, value)
        return
    first = next(iter(cast("dict[str, Any]", there)))
    key_at = offsets[*known, first]
    scalar = _JSON_SCALAR.match(text, _after_key(text, key_at, _JSON_KEY))
    if scalar is not None:
        break_before = text[text.rfind("{", 0, key_at) + 1 : key_at]
        separator = f",{break_before}" if break_before.strip() == "" and break_before else ", "
        field = _nested(path[len(known) :], value, json.dumps, ": ")
        yield _Edit(scalar.end(), scalar.end(), separator + field)


# --- TOML -------------------------------------------------------------------------------------------------------------


def _toml_edits(text: str, data: Any, path: Path, value: float) -> Iterator[_Edit]:
    offsets = toml_offsets(text)
    known, there = _known(data, path)
    if known == path:
        yield _over(text, _after_key(text, offsets[path], _TOML_KEY), value)
        return
    field = _nested(path[len(known) :], value, _toml_key, " = ")
    for key in cast("dict[str, Any]", there):
        place = offsets.get((*known, key))
        scalar = None if place is None else _TOML_SCALAR.match(text, _after_key(text, place, _TOML_KEY))
        if scalar is not None:
            line_end = _line_end(text, scalar.end())
            yield _Edit(line_end, line_end, f"{_line_break(text)}{field}")
            yield _Edit(scalar.end(), scalar.end(), f", {field}")


def _toml_key(key: str) -> str:
    return key if _PLAIN_KEY.fullmatch(key) else json.dumps(key)


# --- YAML -------------------------------------------------------------------------------------------------------------


def _yaml_edits(text: str, data: Any, path: Path, value: float) -> Iterator[_Edit]:
    from genai_guard.policy.yaml_files import places_of  # noqa: PLC0415  needs an extra, which has been found by now

    known, _ = _known(data, path)
    places = places_of(text, known)
    if known == path:
        yield _Edit(*places.value, repr(value))
        return
    field = _nested(path[len(known) :], value, _yaml_key, ": ")
    for end in places.scalars:
        if places.is_flow:
            yield _Edit(end, end, f", {field}")
        else:
            line_end = _line_end(text, end)
            yield _Edit(line_end, line_end, f"{_line_break(text)}{' ' * places.column}{field}")


def _yaml_key(key: str) -> str:
    return key if _PLAIN_KEY.fullmatch(key) else json.dumps(key, ensure_ascii=False)


# --- in common --------------------------------------------------------------------------------------------------------


def _after_key(text: str, at: int, key: re.Pattern[str]) -> int:
    """Return where a value begins, given where it or its key does."""
    found = key.match(text, at)
    return at if found is None else found.end()


def _over(text: str, at: int, value: float) -> _Edit:
    number = _NUMBER.match(text, at)
    return _Edit(at, at if number is None else number.end(), repr(value))


def _nested(steps: Sequence[str | int], value: float, key: Callable[[str], str], colon: str) -> str:
    """Return a field as it is written, in a mapping of its own for each further step."""
    inner = repr(value) if len(steps) == 1 else f"{{{_nested(steps[1:], value, key, colon)}}}"
    return f"{key(str(steps[0]))}{colon}{inner}"


def _line_end(text: str, at: int) -> int:
    end = text.find("\n", at)
    end = len(text) if end < 0 else end
    return end - 1 if end > at and text[end - 1] == "\r" else end


def _line_break(text: str) -> str:
    return "\r\n" if "\r\n" in text else "\n"


_EDITORS: Final[Mapping[str, Callable[[str, Any, Path, float], Iterator[_Edit]]]] = {
    ".json": _json_edits,
    ".toml": _toml_edits,
    ".yaml": _yaml_edits,
    ".yml": _yaml_edits,
}
