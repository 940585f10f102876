"""What of Anthropic's clients asks a model.

Token counts, files, skills and administration pass. Batches, and agents that run on Anthropic's side, are refused: what
they are asked and answer is not read.
"""

from __future__ import annotations

import re
from typing import Final

from genai_guard.clients.surface import Routes, Surface

__all__ = ["SURFACE"]

SURFACE: Final = Surface(
    name="Anthropic",
    classes=(
        "anthropic.Anthropic",
        "anthropic.AsyncAnthropic",
        "anthropic.AnthropicBedrock",
        "anthropic.AsyncAnthropicBedrock",
        "anthropic.AnthropicVertex",
        "anthropic.AsyncAnthropicVertex",
    ),
    clones=("copy", "with_options"),
    routes=Routes(
        asks={"/v1/messages": "messages.create"},
        passes=re.compile(
            r"/v1/(files|skills|organizations|user_profiles|vaults|tunnels|messages/count_tokens)(/.*)?"
            r"|/v1/messages/batches/[^/]+/cancel"
        ),
        withheld=re.compile(r"/v1/(messages/batches/[^/]+/results|sessions/.+)"),
    ),
)
