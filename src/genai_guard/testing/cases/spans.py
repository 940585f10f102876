"""From spans as they are written, by their characters or by two numbers, to places in the texts of a case."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field

from genai_guard.policy.problems import Problem, quoted, suggestion
from genai_guard.testing.cases.case import ExpectedSpan
from genai_guard.testing.cases.texts import REPLY
from genai_guard.testing.cases.written import WrittenSpan

__all__ = ["SpanFinder"]


@dataclass(slots=True)
class SpanFinder:
    """Finds the spans of one case.

    Attributes:
        texts: The texts of the case by their places.
        problems: What is wrong with the spans so far.
    """

    texts: Mapping[str, str]
    problems: list[Problem] = field(default_factory=list[Problem])
    _found: dict[tuple[str, str], int] = field(default_factory=dict[tuple[str, str], int])

    def find(self, written: Sequence[str | Sequence[int] | WrittenSpan]) -> tuple[ExpectedSpan, ...]:
        """Return the spans that stand in the texts; what is wrong with the others is a problem."""
        spans: list[ExpectedSpan] = []
        for index, span in enumerate(written):
            try:
                spans.append(self._span(_full(span)))
            except _WrongSpanError as error:
                self.problems.append(Problem(("spans", index), str(error)))
        return tuple(spans)

    def _span(self, span: WrittenSpan) -> ExpectedSpan:
        if bool(span.text) == (span.start is not None) or (span.start is None) != (span.end is None):
            raise _WrongSpanError("takes either the characters themselves, text: ..., or both start: and end:")
        where, start, end = self._by_text(span) if span.text else self._by_place(span)
        return ExpectedSpan(start=start, end=end, category=span.category, rule=span.rule, guard=span.guard, where=where)

    def _by_text(self, span: WrittenSpan) -> tuple[str, int, int]:
        places = [where for where in self._places(span.where) if span.text in self.texts[where]]
        if not places:
            raise _WrongSpanError(f"{quoted(span.text)} does not stand in {self._named(span.where)}{self._near(span)}")
        if len(places) > 1:
            raise _WrongSpanError(f"{quoted(span.text)} stands in {', '.join(places)}: say which by where:")
        where = places[0]
        start = self.texts[where].find(span.text, self._found.get((where, span.text), 0))
        if start < 0:
            count = self.texts[where].count(span.text)
            raise _WrongSpanError(f"{quoted(span.text)} stands there only {count} times: write it as often as that")
        end = start + len(span.text)
        self._found[where, span.text] = end
        return where, start, end

    def _by_place(self, span: WrittenSpan) -> tuple[str, int, int]:
        places = list(self._places(span.where))
        if len(places) > 1:
            raise _WrongSpanError(f"is in one of {', '.join(places)}: say which by where:")
        start, end, text = span.start or 0, span.end or 0, self.texts[places[0]]
        if not 0 <= start < end <= len(text):
            raise _WrongSpanError(f"[{start}, {end}] is no span of a text of {len(text)} characters")
        return places[0], start, end

    def _places(self, where: str) -> Iterator[str]:
        if not where:
            yield from self.texts
        elif where == "reply":
            yield from (place for place in self.texts if place.startswith(REPLY))
        elif where in self.texts:
            yield where
        else:
            known = [place for place in self.texts if place]
            raise _WrongSpanError(
                f"where: {quoted(where)} is no text of this case"
                + (suggestion(where, known) or f"; there are {', '.join(known) or 'none but the text'}")
            )

    def _named(self, where: str) -> str:
        return f"the text {where}" if where else "the text" if len(self.texts) == 1 else "any of the texts"

    def _near(self, span: WrittenSpan) -> str:
        """Say what is nearly there: the same in other case, or with other white space."""
        folded = " ".join(span.text.split()).casefold()
        if any(folded in " ".join(text.split()).casefold() for text in self.texts.values()):
            return "; it does in another case or with other spaces: copy it as it is written"
        return ": copy it from there"


class _WrongSpanError(Exception):
    """A span that cannot be found; the message says why."""


def _full(span: str | Sequence[int] | WrittenSpan) -> WrittenSpan:
    if isinstance(span, WrittenSpan):
        return span
    if isinstance(span, str):
        if not span:
            raise _WrongSpanError("is empty: write the characters that are found")
        return WrittenSpan(text=span)
    if len(span) != 2:
        raise _WrongSpanError(f"takes two numbers, [start, end], not {len(span)}")
    return WrittenSpan(start=span[0], end=span[1])
