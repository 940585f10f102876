"""Two policies on the same cases: which verdicts change, and which rules make the difference."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Iterator
from dataclasses import dataclass

from genai_guard.pipeline import Pipeline
from genai_guard.testing.cases.case import Case
from genai_guard.testing.cases.checking import differences
from genai_guard.testing.cases.results import CaseResult, Observed
from genai_guard.testing.cases.running import Progress, run_cases
from genai_guard.testing.cases.show import printable

__all__ = ["Change", "PolicyDiff", "compare"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Change:
    """A case of which two policies make different things.

    Attributes:
        case: The case.
        before: What the first policy makes of it.
        after: What the second does.
        problem: Why one of them could not run it; empty if both could.
    """

    case: Case
    before: Observed
    after: Observed
    problem: str = ""

    @property
    def is_action(self) -> bool:
        """Whether the action changes, and not only what is found."""
        return _outcome(self.before) != _outcome(self.after)

    @property
    def lost(self) -> tuple[str, ...]:
        """Rules that find something in it with the first policy alone."""
        return tuple(sorted(_rules(self.before) - _rules(self.after)))

    @property
    def gained(self) -> tuple[str, ...]:
        """Rules that find something in it with the second policy alone."""
        return tuple(sorted(_rules(self.after) - _rules(self.before)))

    @property
    def moved(self) -> tuple[str, ...]:
        """Rules that find something in it with both, at other places: `pii: pii.email at 3-9 -> 3-12`."""
        before, after = _spans(self.before), _spans(self.after)
        both = sorted(before.keys() & after.keys())
        return tuple(f"{rule} at {before[rule]} -> {after[rule]}" for rule in both if before[rule] != after[rule])

    @property
    def step(self) -> str:
        """The outcomes, as in `allow -> block`."""
        return f"{_outcome(self.before)} -> {_outcome(self.after)}"

    @property
    def effect(self) -> str:
        """Whether the case is now as expected: `fixed`, `broken`, or empty if that did not change or is not said."""
        was, is_now = differences(self.case, self.before), differences(self.case, self.after)
        return "fixed" if was and not is_now else "broken" if is_now and not was else ""


@dataclass(frozen=True, slots=True, kw_only=True)
class PolicyDiff:
    """What changes from one policy to another.

    Attributes:
        changes: The cases of which they make different things, in order.
        same: How many cases they agree on.
    """

    changes: tuple[Change, ...]
    same: int

    def counts(self) -> dict[tuple[str, str], int]:
        """Return how many cases change, by their source and by how: `("mail", "allow -> block")`."""
        return dict(Counter((change.case.source, change.step) for change in self.changes if change.is_action))

    def text(self, *, width: int = 100) -> str:
        """Return the difference for people: a summary, and a paragraph for each case that changes."""
        return "\n".join(line.rstrip() for line in _lines(self, max(width, 40)))


def compare(old: Pipeline, new: Pipeline, cases: Iterable[Case], *, progress: Progress | None = None) -> PolicyDiff:
    """Return what changes from one policy to another on the same cases.

    Args:
        old: The first policy.
        new: The second.
        cases: The cases; what they expect only tells which changes are for the better.
        progress: Told of each result as it comes, first those of the old policy.

    Raises:
        ConfigurationError: one of them is no pipeline.
    """
    cases = tuple(case for case in cases if not case.skip)
    pairs = zip(run_cases(old, cases, progress=progress), run_cases(new, cases, progress=progress), strict=True)
    changes = [_change(before, after) for before, after in pairs if _differ(before, after)]
    return PolicyDiff(changes=tuple(changes), same=len(cases) - len(changes))


def _differ(before: CaseResult, after: CaseResult) -> bool:
    return before.problem != after.problem or _essence(before.observed) != _essence(after.observed)


def _change(before: CaseResult, after: CaseResult) -> Change:
    problem = before.problem or after.problem
    return Change(case=after.case, before=before.observed, after=after.observed, problem=problem)


def _essence(observed: Observed) -> tuple[object, ...]:
    """Return what two policies have to agree on; scores may differ."""
    found = {(finding.rule, finding.where, finding.start, finding.end) for finding in observed.findings}
    return _outcome(observed), found, observed.after, observed.reply_after, dict(observed.variants)


def _outcome(observed: Observed) -> str:
    return f"refused by {observed.denied_by}" if observed.denied_by else observed.action.value


def _spans(observed: Observed) -> dict[str, str]:
    """Return the places that each rule finds, for people."""
    spans: dict[str, list[str]] = {}
    for finding in observed.findings:
        where = f"{finding.where} " if finding.where else ""
        spans.setdefault(f"{finding.guard}: {finding.rule}", []).append(f"{where}{finding.start}-{finding.end}")
    return {rule: ", ".join(places) for rule, places in spans.items()}


def _rules(observed: Observed) -> set[str]:
    return {f"{finding.guard}: {finding.rule}" for finding in observed.findings}


def _lines(diff: PolicyDiff, width: int) -> Iterator[str]:
    changes = diff.changes
    if not changes:
        yield f"no difference in {diff.same} cases"
        return
    effects = Counter(change.effect for change in changes)
    told = [f"{effects[word]} {word}" for word in ("fixed", "broken") if effects[word]]
    yield f"{len(changes)} of {len(changes) + diff.same} cases change" + (f": {', '.join(told)}" if told else "")
    for (source, step), count in sorted(diff.counts().items()):
        yield f"  {count:>5}  {step}" + (f"  ({source})" if source else "")
    for change in changes:
        yield ""
        yield from _paragraph(change, width)


def _paragraph(change: Change, width: int) -> Iterator[str]:
    place = f"{change.case.place}: " if change.case.place.file else ""
    effect = f"  [{change.effect}]" if change.effect else ""
    yield f"{place}{change.case.name}{effect}"
    yield f"  {change.step}" if change.is_action else f"  {change.before.action}, as before"
    if change.problem:
        yield f"  cannot be run: {change.problem}"
    yield from (f"  - {rule}" for rule in change.lost)
    yield from (f"  + {rule}" for rule in change.gained)
    yield from (f"  ~ {rule}" for rule in change.moved)
    text = printable(change.case.text).replace("\n", "\\n")
    yield f"  | {text if len(text) <= width - 4 else text[: width - 7] + '...'}"
