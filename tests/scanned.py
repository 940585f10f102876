"""A pipeline that scanners in other processes import, and that notes who builds it."""

from __future__ import annotations

import os
from pathlib import Path

from genai_guard import Pipeline
from genai_guard.guards import PII


def factory() -> Pipeline:
    """Build it, and note the process."""
    with Path(os.environ["BUILT"]).open("a", encoding="utf-8") as file:
        file.write(f"{os.getpid()}\n")
    return Pipeline(input=[PII(action="redact")])
