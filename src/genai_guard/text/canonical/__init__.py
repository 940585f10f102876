"""The canonical form: a text as a reader means it, whatever it is disguised as, with a map back to the original."""

from genai_guard.text.canonical.form import Canonical, canonical, prepare
from genai_guard.text.canonical.letters import unleet
from genai_guard.text.canonical.offsets import Offsets

__all__ = ["Canonical", "Offsets", "canonical", "prepare", "unleet"]
