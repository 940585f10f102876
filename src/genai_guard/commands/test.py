"""`test`: runs the policy tests of cases files, and says what is not as expected, where, and how good the policy is."""

from __future__ import annotations

import argparse
import json
import sys
import time
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Final

from genai_guard.commands.bounds import bounds, complaints
from genai_guard.commands.progress import Progress
from genai_guard.commands.shared import NO, OK, UsageError, load, write_text
from genai_guard.commands.terminal import Paint, add_colour, is_terminal, paint_for, printable
from genai_guard.errors import ConfigurationError

if TYPE_CHECKING:
    from genai_guard.pipeline import Pipeline
    from genai_guard.testing.cases.calibration import Calibration
    from genai_guard.testing.cases.case import Case
    from genai_guard.testing.cases.comparison import PolicyDiff
    from genai_guard.testing.cases.results import CaseResult, Report, Status
    from genai_guard.testing.cases.scores import Scores

__all__ = ["add_arguments", "run"]

_MARKS: Final = {"passed": ".", "failed": "F", "error": "E", "skipped": "s", "xfailed": "x", "xpassed": "F"}
_COUNTED: Final[tuple[tuple[Status, str], ...]] = (
    ("passed", "passed"),
    ("failed", "failed"),
    ("error", "could not run"),
    ("skipped", "skipped"),
    ("xfailed", "failed as known"),
    ("xpassed", "passed against what is known"),
)


@dataclass(frozen=True, slots=True)
class _Run:
    """What a run came to."""

    report: Report
    scores: Scores
    calibration: Calibration | None
    diff: PolicyDiff | None
    complaints: tuple[str, ...]
    by_rates: bool

    @property
    def ok(self) -> bool:
        """Whether all is as wanted: by every case, or where rates are wanted, by these and every case that could run."""
        could_run = not self.report.count("error")
        return not self.complaints and could_run and (self.by_rates or self.report.ok)


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Say what the command takes."""
    parser.add_argument("policy", metavar="POLICY", help="a .yaml, .yml, .toml or .json file, or package.module:name")
    parser.add_argument("cases", metavar="CASES", nargs="+", help="cases files, or folders with *.cases.yaml or .jsonl")
    parser.add_argument(
        "--tag", action="append", default=[], help="run only cases with this tag; may stand several times"
    )
    parser.add_argument("--fuzz", metavar="N", type=_count, default=0, help="run each case in N disguises too")
    parser.add_argument("--seed", metavar="S", type=int, default=0, help="which disguises (%(default)s)")
    parser.add_argument(
        "--fail-under",
        metavar="RATES",
        type=bounds("recall", "precision", "fpr"),
        default={},
        help="judge by rates instead of by every case: recall=0.9,fpr=0.01",
    )
    parser.add_argument(
        "--calibrate", metavar="fpr=SHARE", type=bounds("fpr"), help="fit thresholds to so many false alarms"
    )
    parser.add_argument("--write", action="store_true", help="write the fitted thresholds into the policy")
    parser.add_argument("--diff", metavar="POLICY", help="show what another policy makes of the same cases")
    _add_reports(parser)
    add_colour(parser)


def _add_reports(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("--html", metavar="FILE", help="write a report to be looked at")
    parser.add_argument("--junit", metavar="FILE", help="write the results as JUnit XML")
    parser.add_argument("--json", action="store_true", help="print the results as JSON")
    parser.add_argument("--redact", action="store_true", help="show no text of a case, only how long it is")
    parser.add_argument("-q", "--quiet", action="store_true", help="no progress and no tables, only what is wrong")


def run(args: argparse.Namespace) -> int:
    """Run the tests. Returns 0 if all is as expected, 1 if not; a file that is wrong is an error of usage."""
    if args.write and args.calibrate is None:
        raise UsageError("--write writes what --calibrate fits: name a rate, such as --calibrate fpr=0.01")
    for path in (args.html, args.junit):
        if path and not Path(path).absolute().parent.is_dir():
            raise UsageError(f"{path}: cannot be written: there is no such folder")
    try:
        done = _run(args)
    except ConfigurationError as error:
        raise UsageError(str(error)) from None
    _write_reports(args, done)
    if args.json:
        sys.stdout.write(_as_json(args, done))
    else:
        paint = paint_for(args.color, sys.stdout)
        sys.stdout.write("".join(f"{line}\n" for line in _as_text(args, done, paint)))
    if args.write and done.calibration is not None:
        _write_back(args, done.calibration)
    return OK if done.ok else NO


def _run(args: argparse.Namespace) -> _Run:
    from genai_guard.testing.cases.reading import load_cases  # noqa: PLC0415  loads what reads policies
    from genai_guard.testing.cases.running import run_cases  # noqa: PLC0415  as above
    from genai_guard.testing.cases.scores import score  # noqa: PLC0415  as above

    pipeline = load(args.policy)
    other = load(args.diff) if args.diff else None
    cases = _varied(_tagged(load_cases(*args.cases), args.tag), args)
    progress = _progress(args)
    try:
        report = run_cases(pipeline, cases, progress=lambda result, done, total: _step(progress, result, done, total))
    finally:
        progress.clear()
    scores = score(report)
    calibration = _calibration(pipeline, cases, args)
    diff = None if other is None else _diff(pipeline, other, cases, args)
    return _Run(report, scores, calibration, diff, tuple(complaints(scores, args.fail_under)), bool(args.fail_under))


def _tagged(cases: tuple[Case, ...], tags: list[str]) -> tuple[Case, ...]:
    chosen = tuple(case for case in cases if not tags or set(tags) & set(case.tags))
    if not chosen:
        known = sorted({tag for case in cases for tag in case.tags})
        raise UsageError(f"no case has the tag {' or '.join(tags)}; there are {', '.join(known) or 'no tags'}")
    return chosen


def _varied(cases: tuple[Case, ...], args: argparse.Namespace) -> tuple[Case, ...]:
    if not args.fuzz:
        return cases
    from genai_guard.testing.cases.variation import vary_all  # noqa: PLC0415  as above

    return vary_all(cases, seed=args.seed, n=args.fuzz)


def _calibration(pipeline: Pipeline, cases: tuple[Case, ...], args: argparse.Namespace) -> Calibration | None:
    if args.calibrate is None:
        return None
    from genai_guard.testing.cases.calibration import calibrate  # noqa: PLC0415  as above

    progress = _progress(args)
    try:
        return calibrate(
            pipeline, cases, fpr=args.calibrate["fpr"], progress=lambda done, total: progress.step(".", done, total)
        )
    finally:
        progress.clear()


def _diff(pipeline: Pipeline, other: Pipeline, cases: tuple[Case, ...], args: argparse.Namespace) -> PolicyDiff:
    from genai_guard.testing.cases.comparison import compare  # noqa: PLC0415  as above

    progress = _progress(args)
    try:
        return compare(pipeline, other, cases, progress=lambda _, done, total: progress.step(".", done, total))
    finally:
        progress.clear()


def _progress(args: argparse.Namespace) -> Progress:
    return Progress(None if args.quiet else sys.stderr, terminal=is_terminal(sys.stderr))


def _step(progress: Progress, result: CaseResult, done: int, total: int) -> None:
    progress.step(_MARKS[result.status], done, total)


# --- reports ----------------------------------------------------------------------------------------------------------


def _write_reports(args: argparse.Namespace, done: _Run) -> None:
    if args.html:
        from genai_guard.testing.report import html_report  # noqa: PLC0415  as above

        about = {
            "Policy": args.policy,
            "Cases": ", ".join(args.cases),
            "Made at": time.strftime("%Y-%m-%d %H:%M:%S %z"),
        }
        if args.fuzz:
            about["Disguises"] = f"{args.fuzz} for each case, seed {args.seed}"
        page = html_report(
            done.report,
            done.scores,
            title=f"Policy tests of {Path(args.policy).name}",
            about=about,
            calibration=done.calibration,
            diff=done.diff,
            redact=args.redact,
        )
        write_text(args.html, page)
    if args.junit:
        from genai_guard.testing.report import junit_report  # noqa: PLC0415  as above

        write_text(args.junit, junit_report(done.report, name=args.policy, redact=args.redact))


def _as_json(args: argparse.Namespace, done: _Run) -> str:
    from genai_guard.testing.report import json_report  # noqa: PLC0415  as above

    values = json_report(done.report, done.scores, calibration=done.calibration, diff=done.diff, redact=args.redact)
    return json.dumps(values | {"ok": done.ok, "complaints": done.complaints}) + "\n"


def _as_text(args: argparse.Namespace, done: _Run, paint: Paint) -> Iterator[str]:
    for result in done.report.failures:
        yield from _failure(result, paint, redact=args.redact)
    if not args.quiet:
        yield printable(done.scores.table())
        yield ""
    if done.calibration is not None:
        yield printable(done.calibration.text())
        yield ""
    if done.diff is not None:
        yield printable(_short_diff(done.diff) if args.redact else done.diff.text())
        yield ""
    for line in done.complaints:
        yield paint(line, "red")
    yield _summary(done, paint)


def _short_diff(diff: PolicyDiff) -> str:
    changes = [f"{each.case.place}: {each.before.action}, and then {each.after.action}" for each in diff.changes]
    return "\n".join((*changes, f"{len(diff.changes):,} cases come out differently, {diff.same:,} the same"))


def _failure(result: CaseResult, paint: Paint, *, redact: bool) -> Iterator[str]:
    from genai_guard.testing.cases.show import describe_failure  # noqa: PLC0415  as above

    if redact:
        aspects = ", ".join(dict.fromkeys(each.aspect for each in result.differences)) or result.status
        disguise = f" [{result.case.evasion}]" if result.case.evasion else ""
        yield f"{paint(printable(str(result.case.place)), 'red')}{disguise}: {aspects}, {len(result.case.text):,} characters"
        return
    first, *rest = printable(describe_failure(result)).split("\n")
    yield paint(first, "red")
    for line in rest:
        yield paint(line, "yellow") if line.lstrip().startswith("^") else line
    yield ""


def _summary(done: _Run, paint: Paint) -> str:
    counts = [(done.report.count(status), words) for status, words in _COUNTED]
    said = ", ".join(f"{count:,} {words}" for count, words in counts if count) or "no cases"
    return paint(f"{said} in {done.report.elapsed_s:.2f} s", "green" if done.ok else "red")


def _write_back(args: argparse.Namespace, calibration: Calibration) -> None:
    from genai_guard.testing.cases.calibration import write_back  # noqa: PLC0415  as above

    try:
        said = write_back(args.policy, calibration)
    except ConfigurationError as error:
        raise UsageError(str(error)) from None
    sys.stderr.write(f"{said}\n")


def _count(text: str) -> int:
    number = int(text) if text.isdecimal() else 0
    if number < 1:
        raise argparse.ArgumentTypeError(f"{text!r}: must be a number of at least 1")
    return number
