"""Long texts cut into pieces for classifiers that see only so much at a time."""

from __future__ import annotations

from collections.abc import Iterator

__all__ = ["pieces"]


def pieces(text: str, chars: int) -> Iterator[str]:
    """Yield stretches of at most `chars` characters that end at white space where there is some.

    Each begins a tenth of its length before the end of the one before, so that little is torn apart.
    """
    start = 0
    while start < len(text):
        end = min(start + chars, len(text))
        if end < len(text):
            space = max(text.rfind(" ", start + chars // 2, end), text.rfind("\n", start + chars // 2, end))
            end = space if space > 0 else end
        yield text[start:end]
        start = end if end == len(text) else max(end - chars // 10, start + 1)
