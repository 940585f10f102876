"""`JSONSchema`: the reply must be JSON that satisfies a schema."""

from __future__ import annotations

import json
import os
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field, fields
from functools import cached_property
from pathlib import Path
from types import ModuleType
from typing import Any, ClassVar, NoReturn, cast

from genai_guard.errors import ConfigurationError
from genai_guard.frozen import FrozenDict
from genai_guard.guards.base import settle
from genai_guard.guards.structured.complaints import problems_of
from genai_guard.guards.structured.contradictions import contradiction_in
from genai_guard.guards.structured.reply import Problem, StructuredReply, Validated, pointer

__all__ = ["JSONSchema", "Validator"]


@dataclass(frozen=True)
class JSONSchema(StructuredReply):
    """Let only JSON pass that satisfies a JSON Schema. The verdict's `value` is what it stands for.

    Drafts 4 to 2020-12 are known, by `$schema`; without it the newest holds. References lead to places within the schema:
    none is fetched. Patterns are matched in linear time, so they may have neither lookaround nor backreferences.

    JSON is read strictly: a key that stands twice in an object, `NaN`, a number that no float holds and a second value are
    errors. What is nearly JSON is repaired where nothing is lost, see `genai_guard.guards.structured.repair`; the verdict
    then edits, whatever `action` is, and has findings `JSON_REPAIRED`.

    A stream is held to its end. Each text of a reply is judged by itself, reasoning and tool calls are not.

    Args:
        schema: The schema. `{}` takes any JSON.
        schema_file: A UTF-8 file with the schema, in JSON, instead. It is read once, when the guard is built.
        check_formats: Whether `format` is checked, for instance of `date-time`, or is a remark only.
        action: What to do with a reply that is not valid: `block` or `flag`.

    Raises:
        ConfigurationError: no schema, a file that cannot be read, a schema that is none or that nothing can satisfy, a
            reference that leads out of it, or the extra is not installed.
    """

    kind: ClassVar[str] = "json_schema"

    schema: Mapping[str, Any] | None = None
    schema_file: str | os.PathLike[str] | None = field(default=None, kw_only=True)
    check_formats: bool = field(default=True, kw_only=True)
    _plain: Any = field(init=False, repr=False)

    def __post_init__(self) -> None:
        super().__post_init__()
        if (self.schema is None) == (self.schema_file is None):
            raise ConfigurationError(
                "JSONSchema() takes a schema or a schema_file; the schema {} lets every JSON value pass"
            )
        if self.schema_file is not None:
            settle(self, schema_file=os.fspath(self.schema_file))
        given = self.schema if self.schema_file is None else _read(self.schema_file)
        if not isinstance(given, Mapping):
            raise ConfigurationError(f"JSONSchema(): a schema is a mapping, not {type(given).__name__}")
        settle(self, _plain=_frozen(given), schema=None if self.schema is None else _frozen(given))
        _ = self._validator
        contradiction = contradiction_in(self._plain, _matches)
        if contradiction:
            raise ConfigurationError(f"JSONSchema(): nothing can satisfy the schema: {contradiction}")

    def validated(self, text: str, value: Any, /) -> Validated:  # noqa: ARG002  part of the seam
        """Return the value, or what the schema has against it."""
        validator = self._validator
        if validator.is_valid(value):
            return Validated(value)
        problems = problems_of(validator.iter_errors(value))
        return Validated(None, problems or [Problem("schema", (), "does not satisfy the schema")])

    @cached_property
    def known_names(self) -> frozenset[str]:
        """The properties that the schema names."""
        return frozenset(_names(self._plain))

    def __getstate__(self) -> dict[str, Any]:
        """Leave out the compiled schema: it is compiled again where it is needed."""
        return {each.name: getattr(self, each.name) for each in fields(self)}

    @cached_property
    def _validator(self) -> Any:
        return _compiled(self._plain, validate_formats=self.check_formats)


class Validator:
    """A schema for one thing, such as the arguments of a tool, with what `JSONSchema` says of values.

    Args:
        schema: The schema.
        where: What has it, for errors.

    Raises:
        ConfigurationError: as `JSONSchema`.
    """

    __slots__ = ("_guard",)

    def __init__(self, schema: Any, *, where: str) -> None:
        try:
            self._guard = JSONSchema(schema)
        except ConfigurationError as error:
            raise ConfigurationError(f"{where}: {error}") from None

    def problems(self, value: Any) -> list[str]:
        """Return what is wrong with a value, as pointers and reasons that hold nothing of it."""
        found = self._guard.validated("", value)
        names = self._guard.known_names
        return [
            f"{pointer(each.place, names) or 'the value'} {each.reason or 'fails ' + each.rule}"
            for each in found.problems
        ]


def _compiled(schema: Mapping[str, Any], **options: Any) -> Any:
    rs = _library()
    try:
        return rs.validator_for(
            _thawed(schema),
            retriever=_never_fetched,
            pattern_options=rs.RegexOptions(),
            ignore_unknown_formats=True,
            **options,
        )
    except (ValueError, RecursionError) as error:
        where = pointer(tuple(getattr(error, "instance_path", ())))
        message = str(getattr(error, "message", error)).partition("\n")[0]
        raise ConfigurationError(f"JSONSchema(): not a schema, at #{where}: {message}") from None


def _matches(schema: Mapping[str, Any], value: Any) -> bool:
    return bool(_library().is_valid(_thawed(schema), _thawed(value)))


def _library() -> ModuleType:
    try:
        import jsonschema_rs  # noqa: PLC0415  an extra
    except ImportError:
        raise ConfigurationError(
            "JSON Schema needs an extra: pip install 'genai_guard[schema]' (it brings jsonschema-rs)"
        ) from None
    return jsonschema_rs


def _never_fetched(uri: str) -> NoReturn:
    raise ConfigurationError(f"the reference {uri} leads out of the schema, and nothing is fetched: put it under $defs")


def _read(path: str | os.PathLike[str]) -> Any:
    where = f"JSONSchema(schema_file={os.fspath(path)!r})"
    try:
        return json.loads(Path(path).read_text(encoding="utf-8"))
    except OSError as error:
        raise ConfigurationError(f"{where} cannot be read: {error.strerror}") from None
    except (ValueError, RecursionError) as error:
        raise ConfigurationError(f"{where} is no JSON in UTF-8: {error}") from None


def _frozen(value: Any, depth: int = 0) -> Any:
    if depth > 200:  # a schema that holds itself
        raise ConfigurationError("JSONSchema(): the schema is nested too deeply; use $defs and $ref")
    if isinstance(value, Mapping):
        known = cast("Mapping[str, Any]", value)
        return FrozenDict({key: _frozen(each, depth + 1) for key, each in known.items()})
    if isinstance(value, (list, tuple)):
        return tuple(_frozen(each, depth + 1) for each in cast("list[Any]", value))
    return value


def _thawed(value: Any) -> Any:
    if isinstance(value, Mapping):
        return {key: _thawed(each) for key, each in cast("Mapping[str, Any]", value).items()}
    if isinstance(value, tuple):
        return [_thawed(each) for each in cast("Sequence[Any]", value)]
    return value


def _names(schema: Any) -> Iterator[str]:
    if isinstance(schema, Mapping):
        for key, value in cast("Mapping[str, Any]", schema).items():
            if key in {"properties", "dependentSchemas", "dependentRequired"} and isinstance(value, Mapping):
                yield from cast("Mapping[str, Any]", value)
            yield from _names(value)
    elif isinstance(schema, tuple):
        for value in cast("Sequence[Any]", schema):
            yield from [value] if isinstance(value, str) else _names(value)
