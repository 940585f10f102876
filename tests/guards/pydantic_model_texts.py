"""Replies that a model takes although a JSON Schema of it would not, and the other way round."""

from __future__ import annotations

from typing import Annotated, Final

from pydantic import AfterValidator, BaseModel, field_validator, model_validator


class Booking(BaseModel):
    """A form with rules that no schema can tell."""

    guest: str
    nights: int
    arrives: int
    leaves: int

    @field_validator("guest")
    @classmethod
    def has_two_names(cls, value: str) -> str:
        if len(value.split()) < 2:
            raise ValueError(f"{value} is one name only")
        return value

    @model_validator(mode="after")
    def nights_fit(self) -> Booking:
        if self.leaves - self.arrives != self.nights:
            raise ValueError("nights must be leaves minus arrives")
        return self


def _even(value: int) -> int:
    assert value % 2 == 0, "must be even"
    return value


Even = Annotated[int, AfterValidator(_even)]

LAX: Final = (
    '{"guest": "Ada Lovelace", "nights": "2", "arrives": 3, "leaves": 5}',
    '{"guest": "Ada Lovelace", "nights": 2.0, "arrives": 3, "leaves": 5}',
    '{"guest": "Ada Lovelace", "nights": 2, "arrives": "3", "leaves": " 5 "}',
)
"""Taken by a model that is not strict."""
BROKEN: Final = (
    '{"guest": "Ada", "nights": 2, "arrives": 3, "leaves": 5}',
    '{"guest": "Ada Lovelace", "nights": 3, "arrives": 3, "leaves": 5}',
    '{"guest": "Ada Lovelace", "nights": 2.5, "arrives": 3, "leaves": 5}',
    '{"guest": ["Ada", "Lovelace"], "nights": 2, "arrives": 3, "leaves": 5}',
    '{"guest": "Ada Lovelace", "nights": 2, "arrives": 3}',
)
"""Against a rule of the form."""
