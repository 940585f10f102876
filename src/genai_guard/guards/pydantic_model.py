"""`PydanticModel`: the reply must be JSON that a pydantic model can be made of."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field, fields
from functools import cached_property
from inspect import isroutine
from typing import Any, ClassVar, Final, cast

from genai_guard.errors import ConfigurationError
from genai_guard.guards.structured.reply import Problem, StructuredReply, Validated

__all__ = ["PydanticModel"]

_LONGEST: Final = 200


@dataclass(frozen=True)
class PydanticModel(StructuredReply):
    """Let only JSON pass that a pydantic model takes. The verdict's `value` is an instance.

    JSON is read strictly, and repaired where nothing is lost, as `JSONSchema` does; so are streams and the texts of a reply
    treated. A validator of the model that raises anything but `ValueError` or `AssertionError` is an error of the guard.

    Args:
        model: A subclass of `pydantic.BaseModel`, or any type that `pydantic.TypeAdapter` takes, such as
            `list[Answer]` or a dataclass.
        strict: Whether values must have the type that is asked for: `"3"` is no number then. None leaves it to the model.
        action: What to do with a reply that is not valid: `block` or `flag`.

    Raises:
        ConfigurationError: nothing that pydantic can validate, or another parameter is wrong.
    """

    kind: ClassVar[str] = "pydantic_model"

    model: type[Any]
    strict: bool | None = field(default=None, kw_only=True)

    def __post_init__(self) -> None:
        super().__post_init__()
        if self.strict is not None and not isinstance(self.strict, bool):
            raise ConfigurationError(f"PydanticModel(strict={self.strict!r}) must be True, False or None")
        _ = self._adapter

    def validated(self, text: str, value: Any, /) -> Validated:  # noqa: ARG002  pydantic reads JSON by itself
        """Return an instance, or what the model has against the reply."""
        from pydantic import ValidationError  # noqa: PLC0415  at first use

        try:
            return Validated(self._adapter.validate_json(text, strict=self.strict))
        except ValidationError as error:
            found = error.errors(include_url=False, include_context=False, include_input=False)
            return Validated(None, [_problem(cast("Mapping[str, Any]", each)) for each in found])

    @cached_property
    def known_names(self) -> frozenset[str]:
        """The fields of the model and of those within it, as its JSON Schema names them."""
        from pydantic import PydanticUserError  # noqa: PLC0415  at first use

        try:
            return frozenset(_names(self._adapter.json_schema()))
        except (PydanticUserError, RecursionError):
            return frozenset()  # a model of which there is no schema can still be validated

    def __getstate__(self) -> dict[str, Any]:
        """Leave out what is made of the model: it is made again where it is needed."""
        return {each.name: getattr(self, each.name) for each in fields(self)}

    @cached_property
    def _adapter(self) -> Any:
        from pydantic import TypeAdapter  # noqa: PLC0415  at first use

        if self.model is None or isroutine(self.model) or isinstance(self.model, (str, bytes, int, float, list, dict)):
            raise ConfigurationError(f"PydanticModel() takes a model or a type, not {type(self.model).__name__}")
        try:
            adapter = TypeAdapter(self.model)
            adapter.rebuild(force=False)
        except Exception as error:  # noqa: BLE001  pydantic raises many kinds, and stumbles over what is no type
            raise ConfigurationError(
                f"PydanticModel(): pydantic cannot validate {_described(self.model, error)}"
            ) from None
        return adapter


def _problem(error: Mapping[str, Any]) -> Problem:
    """Return a problem. What a validator says may quote the reply, so that only the model is told."""
    return Problem(error["type"], error["loc"], f"fails {error['type']}", str(error["msg"])[:_LONGEST])


def _described(model: Any, error: Exception) -> str:
    """Return what is no model, and why; of an instance only its type, since its `repr` may hold anything."""
    if isinstance(model, type):
        return f"{model.__qualname__}: {str(error).partition(chr(10))[0]}"
    return f"a {type(model).__name__}" + (f": {error}" if isinstance(error, NameError) else "")


def _names(schema: Any) -> Iterator[str]:
    if isinstance(schema, dict):
        known = cast("dict[str, Any]", schema)
        properties = known.get("properties")
        if isinstance(properties, dict):
            yield from cast("dict[str, Any]", properties)
        for value in known.values():
            yield from _names(value)
    elif isinstance(schema, list):
        for value in cast("Sequence[Any]", schema):
            yield from _names(value)
