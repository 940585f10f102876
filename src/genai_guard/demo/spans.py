"""Shows what guards found in a text without showing what they found it for."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

from genai_guard.demo.console import harmless
from genai_guard.verdicts import Finding

__all__ = ["marked", "shortened"]


def marked(text: str, findings: Iterable[Finding], *, quote: frozenset[str] = frozenset()) -> str:
    """Return `text` with every span of `findings` replaced by its category: `write to [EMAIL]`.

    Where spans overlap, the one that begins first stands for the others. Findings without a span are not shown.

    Args:
        text: The text as the caller wrote it.
        findings: What was found in it.
        quote: Guards whose spans are shown as they are, >>between marks<<, unless another guard found something in them.
    """
    spans = [finding for finding in findings if 0 <= finding.start < finding.end <= len(text)]
    hidden = [span for span in spans if span.guard not in quote]
    quoted = [span for span in spans if span.guard in quote and not _overlaps(span, hidden)]
    pieces: list[str] = []
    end = 0
    for span in sorted((*hidden, *quoted), key=lambda span: (span.start, -span.end)):
        start = max(span.start, end)
        pieces.append(harmless(text[end:start]))
        if span.guard in quote:
            pieces.append(f">>{harmless(text[start : span.end])}<<" if start < span.end else "")
        elif span.start >= end:
            pieces.append(f"[{span.category}]")
        end = max(end, span.end)
    return "".join((*pieces, harmless(text[end:])))


def shortened(text: str, limit_chars: int) -> str:
    """Return the beginning of a text that is longer than the limit, and how long it is."""
    flat = " ".join(text.split())
    if len(flat) <= limit_chars:
        return flat
    return f"{flat[:limit_chars].rsplit(' ', 1)[0]} … ({len(text):,} characters)"


def _overlaps(span: Finding, others: Sequence[Finding]) -> bool:
    return any(span.start < other.end and other.start < span.end for other in others)
