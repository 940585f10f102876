"""Cases in disguise: the same case in the evasions that a policy should see through."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import replace
from itertools import pairwise

from genai_guard.testing.cases.case import Case, ExpectedSpan
from genai_guard.testing.cases.evasion import Variation, fuzz
from genai_guard.verdicts import Action

__all__ = ["vary", "vary_all"]


def vary(case: Case, *, seed: int = 0, n: int = 5) -> tuple[Case, ...]:
    """Return a case in disguise: the same is expected of it, with the spans where they are now.

    The spans are disguised, or where a case has none, all of the text. Only cases in which something is to be found
    are varied, none that is skipped or known to fail, and only those of a plain text. What is expected of the text after the guards stays if the spans are
    known, since all around them stays.

    Args:
        case: The case.
        seed: Another one gives other variations.
        n: How many at most.
    """
    if not _can_be_varied(case):
        return ()
    spans = case.expect.spans or ()
    places = list(dict.fromkeys((span.start, span.end) for span in spans))
    if _overlap(places):
        return ()
    variations = fuzz(case.text, places, seed=seed, n=n, evasions=case.fuzz)
    numbers: dict[str, int] = {}
    made: list[Case] = []
    for variation in variations:
        number = numbers[variation.evasion] = numbers.get(variation.evasion, 0) + 1
        moved = dict(zip(places, variation.spans, strict=True))
        made.append(_varied(case, variation, tuple(_moved(span, moved) for span in spans), number))
    return tuple(made)


def vary_all(cases: Iterable[Case], *, seed: int = 0, n: int = 5) -> tuple[Case, ...]:
    """Return cases, each followed by its variations."""
    return tuple(each for case in cases for each in (case, *vary(case, seed=seed, n=n)))


def _can_be_varied(case: Case) -> bool:
    expect = case.expect
    finds = bool(expect.spans or expect.labels or expect.rules)
    if expect.actions is not None:
        finds = Action.ALLOW not in expect.actions
    plain = not case.messages and not case.is_whole_call and bool(case.text)
    return plain and finds and case.fuzz != () and not case.skip and not case.xfail


def _varied(case: Case, variation: Variation, spans: tuple[ExpectedSpan, ...], number: int) -> Case:
    expect = case.expect
    expect = replace(
        expect,
        spans=spans if expect.spans is not None else None,
        redacted=expect.redacted if spans else None,
    )
    again = f" {number}" if number > 1 else ""
    reply = case.reply if case.reply is None else replace(case.reply, text=variation.text)
    return replace(
        case,
        name=f"{case.name}[{variation.evasion}{again}]",
        text=variation.text,
        reply=reply,
        expect=expect,
        evasion=variation.evasion,
        original=case.name,
    )


def _moved(span: ExpectedSpan, places: dict[tuple[int, int], tuple[int, int]]) -> ExpectedSpan:
    start, end = places[span.start, span.end]
    return replace(span, start=start, end=end)


def _overlap(places: Iterable[tuple[int, int]]) -> bool:
    ordered = sorted(places)
    return any(second[0] < first[1] for first, second in pairwise(ordered))
