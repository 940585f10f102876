"""Running policy tests: one, many, or one in a test of one's own."""

from __future__ import annotations

import os
import sys
import time
from collections.abc import Callable, Iterable, Sequence
from contextlib import ExitStack
from pathlib import Path
from typing import Any, TypeAlias
from weakref import WeakKeyDictionary

from genai_guard.environment import elsewhere
from genai_guard.errors import ConfigurationError
from genai_guard.pipeline import Pipeline
from genai_guard.policy.problems import Problems
from genai_guard.policy.references import imported
from genai_guard.testing.cases.bench import Bench
from genai_guard.testing.cases.case import Case
from genai_guard.testing.cases.checking import differences
from genai_guard.testing.cases.reading import is_reference
from genai_guard.testing.cases.results import CaseResult, KnownRule, Report, Status

__all__ = ["Progress", "known_rules", "load_policy", "run_case", "run_cases"]

Progress: TypeAlias = Callable[[CaseResult, int, int], object]
"""Told of each result, how many there are by now, and how many there will be."""

_benches: WeakKeyDictionary[Pipeline, Bench] = WeakKeyDictionary()


def load_policy(policy: str | os.PathLike[str]) -> Pipeline:
    """Return the pipeline of a policy file, or of a reference `package.module:name` to one made in Python.

    A function of no arguments is called for its pipeline. Modules are looked for from the working directory too. Where
    an environment variable that a policy file names is not set, something else stands in for it, and its store of limits
    is not opened: tests need neither.

    Raises:
        ConfigurationError: the policy is wrong, or there is no such pipeline.
    """
    name = os.fspath(policy)
    if not is_reference(name):
        with elsewhere():
            return Pipeline.from_policy(name)
    value = _imported(name)
    if callable(value) and not isinstance(value, Pipeline):
        value = value()
    if not isinstance(value, Pipeline):
        raise ConfigurationError(f"{name}: is no Pipeline but an object of type {type(value).__name__}")
    return value


def run_case(pipeline: Pipeline | None, case: Case) -> CaseResult:
    """Run one policy test.

    Args:
        pipeline: The policy; None for the one that the file of the case names.
        case: The test.

    Raises:
        ConfigurationError: there is no policy, or it is wrong.
    """
    bench = _bench(_policy_of(case) if pipeline is None else pipeline)
    with bench.running():
        return _result(bench, case)


def run_cases(pipeline: Pipeline | None, cases: Iterable[Case], *, progress: Progress | None = None) -> Report:
    """Run policy tests.

    Args:
        pipeline: The policy; None for the ones that the files of the cases name.
        cases: The tests.
        progress: Told of each result as it comes.

    Raises:
        ConfigurationError: there is no policy for a case, or it is wrong.
    """
    cases = tuple(cases)
    start = time.perf_counter()
    benches = _benches_for(pipeline, cases)
    results: list[CaseResult] = []
    with ExitStack() as stack:
        for bench in dict.fromkeys(benches.values()):
            stack.enter_context(bench.running())
        for case in cases:
            results.append(_result(benches[case.policy], case))
            if progress is not None:
                progress(results[-1], len(results), len(cases))
    known = dict.fromkeys(rule for bench in benches.values() for rule in bench.known)
    return Report(results=tuple(results), known=tuple(known), elapsed_s=time.perf_counter() - start)


def known_rules(pipeline: Pipeline) -> tuple[KnownRule, ...]:
    """Return the rules of a policy."""
    return _bench(pipeline).known


def _benches_for(pipeline: Pipeline | None, cases: Sequence[Case]) -> dict[str, Bench]:
    """Return what runs the cases, by the policy that their files name."""
    policies: dict[str, Case] = {}
    for case in cases:
        policies.setdefault(case.policy, case)
    if pipeline is not None:
        return dict.fromkeys(policies, _bench(pipeline))
    return {policy: _bench(_policy_of(case)) for policy, case in policies.items()}


def _policy_of(case: Case) -> Pipeline:
    if not case.policy:
        raise ConfigurationError(
            f"{case.place}: no policy to test: name one at the head of the file, policy: policy.yaml, or give one"
        )
    return load_policy(case.policy)


def _bench(pipeline: Pipeline) -> Bench:
    """Return what runs cases through a pipeline; to build it takes longer than a case."""
    if not isinstance(pipeline, Pipeline):
        raise ConfigurationError(f"cases are run through a Pipeline, not an object of type {type(pipeline).__name__}")
    bench = _benches.get(pipeline)
    if bench is None:
        bench = _benches[pipeline] = Bench(pipeline)
    return bench


def _result(bench: Bench, case: Case) -> CaseResult:
    if case.skip:
        return CaseResult(case=case, status="skipped")
    try:
        observed = bench.observe(case)
    except ConfigurationError as error:
        return CaseResult(case=case, status="error", problem=str(error))
    found = differences(case, observed)
    status: Status = "failed" if found else "passed"
    if case.xfail:
        status = "xfailed" if found else "xpassed"
    return CaseResult(case=case, status=status, differences=found, observed=observed)


def _imported(reference: str) -> Any:
    here = str(Path.cwd())
    added = here not in sys.path
    if added:
        sys.path.insert(0, here)
    try:
        return imported(reference)
    except Problems as error:
        raise error.report(reference, lambda _: None) from None
    finally:
        if added:
            sys.path.remove(here)
