"""What of OpenAI's clients asks a model.

Embeddings, moderation, files, fine-tuning and administration pass. Pictures, speech, videos, assistants, batches, runs of
evaluations and of graders, and real-time sessions ask models in ways that no reader reads: they are refused, and go through
the client itself.
"""

from __future__ import annotations

import re
from typing import Final

from genai_guard.clients.surface import Routes, Surface

__all__ = ["SURFACE"]

_SOCKET: Final = "a socket is not read: use responses.create(stream=True)"

SURFACE: Final = Surface(
    name="OpenAI",
    classes=("openai.OpenAI", "openai.AsyncOpenAI"),
    clones=("copy", "with_options"),
    refused={
        "responses.connect": _SOCKET,
        "realtime.connect": _SOCKET,
        "realtime.translations.connect": _SOCKET,
        "live.connect": _SOCKET,
        "live.forks.connect": _SOCKET,
        "live.sideband.connect": _SOCKET,
        "beta.responses.connect": _SOCKET,
        "beta.realtime.connect": _SOCKET,
    },
    routes=Routes(
        asks={
            "/chat/completions": "chat.completions.create",
            "/responses": "responses.create",
            "/completions": "completions.create",
        },
        passes=re.compile(
            r"/(embeddings|moderations|files|uploads|vector_stores|containers|skills|organization|projects"
            r"|fine_tuning/(jobs|checkpoints|alpha/graders/validate)"
            r"|webhook_endpoints|content_provenance_checks|responses/input_tokens)(/.*)?"
            r"|/evals(/[^/]+(/runs/[^/]+)?)?|/chat/completions/[^/]+|/conversations(/[^/]+)?"
            r"|/(responses|batches)/[^/]+/cancel"
        ),
        withheld=re.compile(
            r"/(responses|chat/completions|conversations|threads|agents/sessions)/.+|/chat/completions"
            r"|/evals/[^/]+/runs/[^/]+/output_items(/.*)?"
        ),
        refused_fields={
            "background": "its reply is fetched later, unguarded: leave it out",
            "items": "texts of a conversation that is kept by OpenAI are not read: send them as input=",
        },
    ),
)
