"""Numbers that a state gives to its people."""

from __future__ import annotations

from typing import Final

from genai_guard.guards.entities.entity import DIGITS, Entity
from genai_guard.text.rules import Rule

__all__ = ["ENTITIES"]

# Areas 000, 666 and from 900 on, group 00 and serial 0000 were never given out (SSA, POMS RM 10201.035).
_US_SSN: Final = r"(?<!\w)(?<!\w-)(?!000|666|9)\d{3}-(?!00)\d{2}-(?!0000)\d{4}(?!\w|-\w)"

ENTITIES: Final = (
    Entity(
        "US_SSN",
        (
            Rule(
                id="pii.us_ssn",
                category="US_SSN",
                pattern=_US_SSN,
                gate="dashed_3_2_4",
                look_behind=2,
                max_length=13,
                min_length=11,
                alphabet=DIGITS + "-",
                prose=False,
            ),
        ),
    ),
)
