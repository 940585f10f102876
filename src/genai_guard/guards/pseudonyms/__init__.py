"""The action `pseudonymize`: stand-ins for personal data, and the way back.

`vault` keeps them, `calls` says which vault a call uses, `restoring` turns them back. What makes them up is loaded when
there is something to replace.
"""

from genai_guard.guards.pseudonyms.pending import Pending, Pseudonyms

__all__ = ["Pending", "Pseudonyms"]
