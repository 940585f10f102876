"""The canonical form: a text as a reader means it, whatever it is disguised as, with a map back to the original."""

from genai_guard.text.canonical.form import (
    NOTHING_BEFORE,
    Before,
    Canonical,
    canonical,
    edited,
    islands_in,
    prepare,
    spelled,
)
from genai_guard.text.canonical.letters import letters_in, may_mean, unleet
from genai_guard.text.canonical.offsets import Offsets
from genai_guard.text.canonical.plain import may_be_disguised
from genai_guard.text.canonical.settled import plainly_settled, settled

__all__ = [
    "NOTHING_BEFORE",
    "Before",
    "Canonical",
    "Offsets",
    "canonical",
    "edited",
    "islands_in",
    "letters_in",
    "may_be_disguised",
    "may_mean",
    "plainly_settled",
    "prepare",
    "settled",
    "spelled",
    "unleet",
]
