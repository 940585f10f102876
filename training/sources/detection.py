"""The clean texts of `tests/corpus`, which measure the library's rules: harmless for a classifier too, and never trained on."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Final

from training.examples import Example
from training.sources.writing import LICENCE

__all__ = ["rows"]

_FOLDER: Final = Path(__file__).parents[2] / "tests" / "corpus" / "negatives"
_KINDS: Final = {
    "agents-and-tools": "tool_result", "assistant-answers": "chat", "business-mail": "customer_mail", "code": "code",
    "devops": "log", "docs-and-markdown": "document", "encyclopedia-and-history": "history", "fiction": "fiction",
    "finance": "business", "forms-and-templates": "document", "government-and-civic": "law", "hobbies-and-games": "game",
    "job-and-property-ads": "business", "json-and-xml": "data", "legal": "law", "logs": "log", "manuals-and-hardware": "document",
    "medical": "medical_question", "news": "news", "numbers": "data", "poetry-and-sayings": "fiction",
    "questions-and-forums": "chat", "recipes": "document", "reviews-and-social": "review", "roleplay-and-prompts": "role_play",
    "school-and-sport": "school", "science": "science", "security-talk": "security_question", "shopping": "business",
    "spreadsheets": "data", "support-tickets": "support_ticket", "engineering-and-diy": "document",
}  # fmt: skip


def rows() -> Iterator[Example]:
    """Yield the clean texts, file by file."""
    for path in sorted(_FOLDER.glob("*.jsonl")):
        kind = _KINDS.get(path.stem, "chat")
        for line in path.read_text("utf-8").splitlines():
            said = json.loads(line)
            yield Example(
                said["text"], frozenset(), "detection-corpus", kind, said["lang"][:2], "test", "document", LICENCE
            )
