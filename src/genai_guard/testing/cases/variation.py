"""Cases in disguise: the same case in the evasions that a policy should see through."""

from __future__ import annotations

import re
from collections.abc import Iterable
from dataclasses import replace
from itertools import pairwise
from typing import Final

from genai_guard.testing.cases.case import Case, ExpectedSpan
from genai_guard.testing.cases.evasion import Variation, fuzz
from genai_guard.testing.cases.texts import REPLY, texts_of
from genai_guard.verdicts import Action

__all__ = ["vary", "vary_all"]

_message: Final = re.compile(r"messages\[(\d+)\]\.content").fullmatch


def vary(case: Case, *, seed: int = 0, n: int = 5) -> tuple[Case, ...]:
    """Return a case in disguise: the same is expected of it, with the spans where they are now.

    More than that may be found, and the text may be blocked: some guards look for the disguise itself.

    The spans are disguised, or where a case has none, all of its text: of a conversation with spans in several texts, those
    in the text of the first; of one without spans, its last message. Only cases in which something is to be found are
    varied, none that is skipped or known to fail. What is expected of the text after the guards stays if the spans are
    known, since all around them stays.

    Args:
        case: The case.
        seed: Another one gives other variations.
        n: How many at most.
    """
    where = _place(case) if _finds(case) else None
    text = None if where is None else texts_of(case).get(where)
    if where is None or not text or _rewritten(case, where, text) is None:
        return ()
    spans = [span for span in case.expect.spans or () if span.where == where]
    places = list(dict.fromkeys((span.start, span.end) for span in spans))
    if _overlap(places):
        return ()
    numbers: dict[str, int] = {}
    made: list[Case] = []
    for variation in fuzz(text, places, seed=seed, n=n, evasions=case.fuzz):
        number = numbers[variation.evasion] = numbers.get(variation.evasion, 0) + 1
        moved = dict(zip(places, variation.spans, strict=True))
        made += _varied(case, where, variation, moved, number)
    return tuple(made)


def vary_all(cases: Iterable[Case], *, seed: int = 0, n: int = 5) -> tuple[Case, ...]:
    """Return cases, each followed by its variations."""
    return tuple(each for case in cases for each in (case, *vary(case, seed=seed, n=n)))


def _finds(case: Case) -> bool:
    """Whether something is to be found in a case, and it is to be run in disguise."""
    expect = case.expect
    finds = bool(expect.spans or expect.labels or expect.rules)
    if expect.actions is not None:
        finds = Action.ALLOW not in expect.actions
    return finds and case.fuzz != () and not case.skip and not case.xfail


def _place(case: Case) -> str | None:
    """Return which text of a case is disguised; None if there is no telling where something is to be found."""
    if case.expect.spans:
        return case.expect.spans[0].where
    places = list(texts_of(case))
    if case.is_whole_call and len(places) > 1:
        return None
    return places[-1] if places else None


def _rewritten(case: Case, where: str, text: str) -> Case | None:
    """Return a case with another text in a place; None if it has no plain text there."""
    if where.startswith(REPLY):
        if case.reply is None or case.reply.tool_calls:
            return None
        is_all = case.side == "output" and not case.messages
        return replace(case, reply=replace(case.reply, text=text), text=text if is_all else case.text)
    if not case.messages:
        return replace(case, text=text)
    found = _message(where)
    messages = list(case.messages)
    if found is None or not isinstance(messages[int(found[1])].get("content"), str):
        return None
    messages[int(found[1])] = {**messages[int(found[1])], "content": text}
    is_last = int(found[1]) == len(messages) - 1
    return replace(case, messages=tuple(messages), text=text if is_last else case.text)


def _varied(
    case: Case, where: str, variation: Variation, moved: dict[tuple[int, int], tuple[int, int]], number: int
) -> list[Case]:
    rewritten = _rewritten(case, where, variation.text)
    if rewritten is None:
        return []
    expect = case.expect
    spans = tuple(_moved(span, moved) if span.where == where else span for span in expect.spans or ())
    expect = replace(
        expect,
        spans=spans if expect.spans is not None else None,
        others=True,
        redacted=expect.redacted if spans else None,
        redacted_reply=expect.redacted_reply if spans else None,
    )
    again = f" {number}" if number > 1 else ""
    name = f"{case.name}[{variation.evasion}{again}]"
    return [replace(rewritten, name=name, expect=expect, evasion=variation.evasion, original=case.name)]


def _moved(span: ExpectedSpan, places: dict[tuple[int, int], tuple[int, int]]) -> ExpectedSpan:
    start, end = places[span.start, span.end]
    return replace(span, start=start, end=end)


def _overlap(places: Iterable[tuple[int, int]]) -> bool:
    return any(second[0] < first[1] for first, second in pairwise(sorted(places)))
