"""A text of a failed case with its spans marked: what was found, what was missed, and what should not have been found."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from itertools import pairwise
from typing import Final, NamedTuple

from genai_guard.markup import Markup, element, joined
from genai_guard.testing.cases.results import CaseResult
from genai_guard.testing.cases.texts import REPLY

__all__ = ["Span", "marked", "spans_of", "texts_of"]

_LABELS: Final = {"hit": "", "missing": "missing ", "extra": "not expected "}
_LONGEST: Final = 20_000
"""Characters of one text that are shown."""


class Span(NamedTuple):
    """Characters to mark.

    Attributes:
        start: First character.
        end: One past the last.
        kind: `hit`, `missing` or `extra`.
        label: What they are.
    """

    start: int
    end: int
    kind: str
    label: str


def texts_of(result: CaseResult) -> dict[str, str]:
    """Return the texts of a case by their place: those that were judged, or as it is written if none was."""
    return dict(result.observed.texts) or {"": result.case.text}


def spans_of(result: CaseResult, where: str) -> list[Span]:
    """Return what to mark in one text of a case."""
    places = {"", REPLY} if where in {"", REPLY} else {where}
    extra = [each.extra for each in result.differences if each.extra is not None]
    missing = [each.missing for each in result.differences if each.missing is not None]
    found = [each for each in result.observed.findings if each not in extra]
    kind = "extra" if result.case.expect.is_negative else "hit"
    spans = [Span(each.start, each.end, kind, each.category) for each in found if each.where in places]
    spans += (Span(each.start, each.end, "extra", each.category) for each in extra if each.where in places)
    spans += (
        Span(each.start, each.end, "missing", each.category or "a finding") for each in missing if each.where in places
    )
    return sorted(set(spans), key=lambda span: (span.start, -span.end, span.kind))


def marked(text: str, spans: Iterable[Span], *, redact: bool = False) -> Markup:
    """Return a text as HTML.

    Args:
        text: The text.
        spans: What to mark; they may overlap.
        redact: Whether to say how long everything is instead of showing it.
    """
    spans = [span for span in spans if 0 <= span.start < span.end <= len(text)]
    if redact:
        return _redacted(len(text), spans)
    shown = text[:_LONGEST]
    rest = f" … {len(text) - _LONGEST:,} more characters" if len(text) > _LONGEST else None
    note = None if rest is None else element("span", rest, class_="note")
    return element("pre", joined((*_pieces(shown, spans), note)), class_="text", tabindex="0")


def _pieces(text: str, spans: list[Span]) -> Iterator[str]:
    """Yield a text, cut wherever a span begins or ends. Each piece is marked as the gravest of the spans that cover it."""
    cuts = sorted({0, len(text)}.union(*((span.start, span.end) for span in spans if span.start < len(text))))
    begins: dict[int, list[Span]] = {}
    for span in spans:
        begins.setdefault(span.start, []).append(span)
    open_spans: list[Span] = []
    for start, end in pairwise(cuts):
        open_spans = [span for span in (*open_spans, *begins.get(start, ())) if span.end > start]
        if not open_spans:
            yield text[start:end]
            continue
        kinds = {span.kind for span in open_spans}
        kind = next(each for each in ("missing", "extra", "hit") if each in kinds)
        ends = [f"{_LABELS[span.kind]}{span.label}" for span in open_spans if span.end == end]
        label = element("small", ", ".join(dict.fromkeys(ends))) if ends else None
        yield element("mark", text[start:end], class_=kind)
        yield label or ""


def _redacted(size: int, spans: list[Span]) -> Markup:
    items = (
        element(
            "li", f"{_LABELS[span.kind]}{span.label} at {span.start}-{span.end}, {span.end - span.start} characters"
        )
        for span in spans
    )
    listed = element("ul", joined(items)) if spans else None
    return element("div", element("p", f"{size:,} characters, not shown", class_="note"), listed, class_="text")
