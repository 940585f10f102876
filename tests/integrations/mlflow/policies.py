"""The policy that the tests with MLflow serve."""

from __future__ import annotations

from pathlib import Path
from typing import Any, Final

__all__ = ["CODE", "POLICY"]

POLICY: Final[dict[str, Any]] = {
    "version": 1,
    "name": "support",
    "input": [{"guard": "pii", "action": "redact"}, {"guard": "blocked_patterns", "keywords": ["falcon"]}],
    "output": [{"guard": "pii", "action": "redact"}],
    "limits": [{"requests": 1000, "per": "day", "by": "user", "overrides": {"limited": 2}}],
}
CODE: Final = [str(Path(__file__).parent / "served" / "asked.py")]
