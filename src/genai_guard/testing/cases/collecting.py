"""Files of cases as pytest collects them. Imported by the plugin when there is such a file."""

from __future__ import annotations

import base64
import os
import pickle
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any, Final

import pytest

from genai_guard.errors import ConfigurationError
from genai_guard.pipeline import Pipeline
from genai_guard.testing.cases.calibration import calibrate, write_back
from genai_guard.testing.cases.case import Case, Place
from genai_guard.testing.cases.reading import is_reference, load_cases, read_cases
from genai_guard.testing.cases.results import CaseResult, Report
from genai_guard.testing.cases.running import known_rules, load_policy, run_case
from genai_guard.testing.cases.scores import score
from genai_guard.testing.cases.show import describe_failure
from genai_guard.testing.cases.variation import vary

__all__ = ["CaseItem", "CasesFile", "calibrated", "packed", "table"]

_policies: Final = pytest.StashKey[dict[str, Pipeline]]()
_told: Final = pytest.StashKey[set[str]]()


class CaseFailedError(Exception):
    """A case is not as expected."""

    def __init__(self, result: CaseResult) -> None:
        self.result = result
        super().__init__(result.case.name)


class CasesFile(pytest.File):
    """A file of cases."""

    def collect(self) -> Iterator[CaseItem]:
        """Yield an item for each case, and where that is asked for, for each of its variations."""
        option: Any = self.config.getoption
        count, seed = option("genai_guard_fuzz"), option("genai_guard_seed")
        try:
            for case in read_cases(self.path):
                here = replace(case, policy=self._policy(case), place=Place(self._shown(), case.place.line))
                pipeline = self._pipeline(here)
                for each in (here, *vary(here, seed=seed, n=count)):
                    yield CaseItem.of(self, each, pipeline)
        except ConfigurationError as error:
            raise self.CollectError(str(error)) from None

    def _policy(self, case: Case) -> str:
        """Return the policy of a case: that of the command line, else of its file, else of the settings."""
        given: str = self.config.getoption("genai_guard_policy") or ""
        if given:
            return self._resolved(given, self.config.invocation_params.dir)
        if case.policy:
            return case.policy
        default = str(self.config.getini("genai_guard_policy") or "")
        base = self.config.inipath.parent if self.config.inipath else self.config.rootpath
        return self._resolved(default, base) if default else ""

    def _resolved(self, policy: str, base: Path) -> str:
        return policy if is_reference(policy) else str(base / policy)

    def _pipeline(self, case: Case) -> Pipeline:
        if not case.policy:
            raise ConfigurationError(
                f"{case.place}: no policy to test: name one at the head of the file, policy: policy.yaml, in the "
                "settings of pytest as genai_guard_policy, or by --genai-guard-policy"
            )
        loaded = self.config.stash.setdefault(_policies, {})
        if case.policy not in loaded:
            loaded[case.policy] = load_policy(case.policy)
        return loaded[case.policy]

    def _shown(self) -> str:
        """Return the path as people would write it here."""
        shown = os.path.relpath(self.path, self.config.invocation_params.dir)
        return str(self.path) if shown.startswith("..") else shown


class CaseItem(pytest.Item):
    """A case, as a test."""

    case: Case
    pipeline: Pipeline
    result: CaseResult | None = None

    @classmethod
    def of(cls, parent: CasesFile, case: Case, pipeline: Pipeline) -> CaseItem:
        """Make the test of a case."""
        item: CaseItem = cls.from_parent(parent, name=case.name)  # pyright: ignore[reportUnknownMemberType]  pytest's own
        item.case, item.pipeline = case, pipeline
        item.extra_keyword_matches.update({*case.tags, *filter(None, (case.source, case.evasion))})
        if case.skip:
            item.add_marker(pytest.mark.skip(reason=case.skip))
        if case.xfail:
            item.add_marker(pytest.mark.xfail(reason=case.xfail, strict=True, raises=CaseFailedError))
        return item

    def runtest(self) -> None:
        """Run the case."""
        self.result = run_case(self.pipeline, self.case)
        if self.result.differences or self.result.problem:
            raise CaseFailedError(self.result)

    def repr_failure(self, excinfo: pytest.ExceptionInfo[BaseException], style: Any = None) -> Any:
        """Return what is wrong with the case, without a traceback; one of anything else that was raised."""
        if isinstance(excinfo.value, CaseFailedError):
            return describe_failure(excinfo.value.result)
        return super().repr_failure(excinfo, style)

    def reportinfo(self) -> tuple[os.PathLike[str] | str, int | None, str]:
        """Return where the case is written."""
        return self.path, max(self.case.place.line - 1, 0), self.name


def packed(item: CaseItem) -> str:
    """Return the result of a test, without its texts, in a form that goes from one process to another.

    The first result of each policy takes the rules of the policy along.
    """
    result = item.result
    if result is None:
        return ""
    verdicts = tuple(replace(verdict, text="", value=None, feedback="") for verdict in result.observed.verdicts)
    observed = replace(result.observed, verdicts=verdicts, texts={}, after=None, reply_after=None)
    place = Place(str(item.path), result.case.place.line)
    case = replace(result.case, text="", messages=(), reply=None, place=place)
    slim = replace(result, case=case, observed=observed, differences=())
    told = item.config.stash.setdefault(_told, set())
    known = () if case.policy in told else known_rules(item.pipeline)
    told.add(case.policy)
    return base64.b64encode(pickle.dumps((slim, known))).decode()


def table(results: list[str]) -> str:
    """Return the scores of results, as `packed` returned them."""
    return score(_report(results)).table()


def calibrated(results: list[str], fpr: float) -> str:
    """Fit the thresholds of the policies to the cases that were run, and write them back; return what was done."""
    files: dict[str, dict[str, None]] = {}
    for result in _report(results):
        files.setdefault(result.case.policy, {})[result.case.place.file] = None
    return "\n".join(_calibrated(policy, list(paths), fpr) for policy, paths in files.items())


def _calibrated(policy: str, paths: list[str], fpr: float) -> str:
    try:
        calibration = calibrate(load_policy(policy), load_cases(*paths), fpr=fpr)
        done = (
            f"{policy}: is made in Python: set them there" if is_reference(policy) else write_back(policy, calibration)
        )
    except ConfigurationError as error:
        return str(error)
    return f"{calibration.text()}\n{done}"


def _report(results: list[str]) -> Report:
    pairs = [pickle.loads(base64.b64decode(each)) for each in results]  # noqa: S301  of this very run
    known = dict.fromkeys(rule for _, rules in pairs for rule in rules)
    return Report(results=tuple(result for result, _ in pairs), known=tuple(known))
