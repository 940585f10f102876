"""Where what came out is not what was expected. Pure functions of the two."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Final

from genai_guard.testing.cases.case import EVERY_ACTION, Case, Expectation, ExpectedSpan
from genai_guard.testing.cases.results import Difference, Observed
from genai_guard.testing.cases.texts import REPLY
from genai_guard.verdicts import Action, Finding

__all__ = ["differences", "in_words", "meets"]

_NOTHING: Final = "nothing"


def differences(case: Case, observed: Observed) -> tuple[Difference, ...]:
    """Return everything that is not as the case expects.

    A case in disguise that is blocked is as expected whatever was found: a disguise is reason enough.
    """
    expect = case.expect
    if case.evasion and observed.action is Action.BLOCK:
        return ()
    return (
        *_action(expect, observed),
        *_categories(expect, observed),
        *_rules(expect, observed),
        *_spans(expect, observed),
        *_text("redacted", expect.redacted, observed.after),
        *_text("redacted_reply", expect.redacted_reply, observed.reply_after),
        *_variants(expect.variants, observed.variants),
        *_limit(expect.limit, case.calls, observed),
    )


def meets(span: ExpectedSpan, finding: Finding) -> bool:
    """Whether a finding is the one that a span expects."""
    return (
        (span.start, span.end) == (finding.start, finding.end)
        and _same_place(span.where, finding.where)
        and span.category in {"", finding.category}
        and span.rule in {"", finding.rule}
        and span.guard in {"", finding.guard}
    )


def in_words(actions: frozenset[Action]) -> str:
    """Return actions as they are written."""
    if len(actions) > len(EVERY_ACTION) // 2:
        return f"not {' or '.join(sorted(EVERY_ACTION - actions))}"
    return " or ".join(action for action in Action if action in actions)


def _same_place(expected: str, found: str) -> bool:
    """A plain text has no place, and a plain reply is found in `response`."""
    return expected == found or {expected, found} == {"", REPLY}


def _action(expect: Expectation, observed: Observed) -> Iterator[Difference]:
    if expect.actions is None:
        if observed.error:
            yield Difference(aspect="error", expected="no guard breaks", found=f"broken: {observed.error}")
    elif observed.action not in expect.actions:
        broken = f" ({observed.error})" if observed.error else ""
        yield Difference(aspect="action", expected=in_words(expect.actions), found=observed.action.value + broken)


def _categories(expect: Expectation, observed: Observed) -> Iterator[Difference]:
    if expect.categories is None:
        return
    found = list(dict.fromkeys(finding.category for finding in observed.findings))
    missing = set(expect.categories) - set(found)
    extra: set[str] = set() if expect.others else set(found) - set(expect.categories)
    if missing or extra:
        yield Difference(
            aspect="category", expected=", ".join(expect.categories) or _NOTHING, found=", ".join(found) or _NOTHING
        )


def _rules(expect: Expectation, observed: Observed) -> Iterator[Difference]:
    found = list(dict.fromkeys(finding.rule for finding in observed.findings))
    for rule in expect.rules:
        if rule not in found:
            yield Difference(aspect="rule", expected=rule, found=", ".join(found) or _NOTHING)


def _spans(expect: Expectation, observed: Observed) -> Iterator[Difference]:
    if expect.spans is None:
        return
    findings = observed.findings
    for span in expect.spans:
        if not any(meets(span, finding) for finding in findings):
            near = [finding for finding in findings if _overlap(span, finding)]
            found = ", ".join(f"{_named(finding)} at {finding.start}-{finding.end}" for finding in near)
            yield Difference(
                aspect="span",
                expected=f"{_asked(span)} at {span.start}-{span.end}",
                found=found or _NOTHING,
                missing=span,
            )
    for finding in () if expect.others else findings:
        if not any(meets(span, finding) for span in expect.spans):
            yield Difference(
                aspect="span",
                expected=_NOTHING,
                found=f"{_named(finding)} at {finding.start}-{finding.end}",
                extra=finding,
            )


def _overlap(span: ExpectedSpan, finding: Finding) -> bool:
    return _same_place(span.where, finding.where) and span.start < finding.end and finding.start < span.end


def _named(finding: Finding) -> str:
    return f"{finding.category} ({finding.guard}: {finding.rule})"


def _asked(span: ExpectedSpan) -> str:
    words = [word for word in (span.category, span.guard, span.rule) if word]
    return " ".join(words) or "a finding"


def _text(aspect: str, expected: str | None, found: str | None) -> Iterator[Difference]:
    if expected is not None and expected != found:
        shown = "nothing went on" if found is None else found
        yield Difference(
            aspect="redacted" if aspect == "redacted" else "redacted_reply", expected=expected, found=shown
        )


def _variants(expected: Mapping[str, str], found: Mapping[str, str]) -> Iterator[Difference]:
    for experiment, variant in expected.items():
        got = next(iter(found.values()), "") if not experiment else found.get(experiment, "")
        if got != variant:
            of = f" of {experiment}" if experiment else ""
            yield Difference(
                aspect="variant", expected=f"{variant}{of}", found=got or "none: the call was not assigned"
            )


def _limit(expected: str | None, calls: int, observed: Observed) -> Iterator[Difference]:
    if expected is None or (expected, calls if expected else 0) == (observed.denied_by, observed.denied_call):
        return
    found = f"{observed.denied_by} refused call {observed.denied_call}" if observed.denied_by else "no limit refused"
    yield Difference(
        aspect="limit", expected=f"{expected} refuses call {calls}" if expected else "no limit refuses", found=found
    )
