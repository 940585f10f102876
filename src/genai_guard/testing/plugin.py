"""The pytest plugin: policy tests in `*.cases.yaml` and the like, and the fixtures `fake_clock`, `fake_llm`, `memory_log`.

Loaded by pytest itself, before warning filters and coverage are set up: it imports the fakes only when a test asks for
one, and what runs policy tests only when there is a file of them. Switched off by `-p no:genai_guard`.
"""

from __future__ import annotations

from collections.abc import Generator
from typing import TYPE_CHECKING, Final

import pytest

if TYPE_CHECKING:
    from pathlib import Path

    from genai_guard.testing import FakeClock, FakeLLM, MemoryLog

__all__ = ["fake_clock", "fake_llm", "memory_log"]

_ENDS: Final = (".cases.yaml", ".cases.yml", ".cases.json", ".cases.jsonl", ".cases.toml")
_RESULT: Final = "genai_guard_case"
"""Attribute of a report; it goes along where tests run in several processes."""


@pytest.fixture
def fake_clock() -> FakeClock:
    """Return a clock that stands still until it is moved: `fake_clock.advance(60)`."""
    from genai_guard.testing import FakeClock  # noqa: PLC0415

    return FakeClock()


@pytest.fixture
def fake_llm(fake_clock: FakeClock) -> FakeLLM:
    """Return a model without replies, on the same clock: give it some by `fake_llm.script("hello")`."""
    from genai_guard.testing import FakeLLM  # noqa: PLC0415

    return FakeLLM(clock=fake_clock)


@pytest.fixture
def memory_log() -> MemoryLog:
    """Return a log that keeps events, and their texts, in memory."""
    from genai_guard.testing import MemoryLog  # noqa: PLC0415

    return MemoryLog(wants_text=True)


# --- policy tests -----------------------------------------------------------------------------------------------------


def pytest_addoption(parser: pytest.Parser) -> None:
    """Add the options of policy tests."""
    group = parser.getgroup("genai_guard", "policy tests of genai_guard (*.cases.yaml and the like)")
    group.addoption(
        "--genai-guard-policy", metavar="POLICY", help="policy to test, in place of those that files of cases name"
    )
    group.addoption(
        "--genai-guard-fuzz", metavar="N", type=int, default=0, help="run each case in N evasions as well (0)"
    )
    group.addoption("--genai-guard-seed", metavar="SEED", type=int, default=0, help="choose other evasions (0)")
    group.addoption(
        "--genai-guard-calibrate",
        "--calibrate",
        metavar="fpr=RATE",
        type=_rate,
        help="fit thresholds so that at most this rate of negative cases is a false alarm, and write them back",
    )
    parser.addini("genai_guard_policy", "policy of files of cases that name none; starts from the folder of this file")


def pytest_configure(config: pytest.Config) -> None:
    """Take part in the run."""
    config.pluginmanager.register(_Board(config), "genai_guard_board")


def pytest_collect_file(file_path: Path, parent: pytest.Collector) -> pytest.Collector | None:
    """Collect files of cases."""
    if not file_path.name.lower().endswith(_ENDS):
        return None
    from genai_guard.testing.cases.collecting import CasesFile  # noqa: PLC0415

    return CasesFile.from_parent(parent, path=file_path)  # pyright: ignore[reportUnknownMemberType]  pytest's own


class _Board:
    """Keeps the results of policy tests for the summary."""

    def __init__(self, config: pytest.Config) -> None:
        self._rate: float | None = config.getoption("genai_guard_calibrate")
        self._results: list[str] = []

    @pytest.hookimpl(wrapper=True)
    def pytest_runtest_makereport(
        self, item: pytest.Item, call: pytest.CallInfo[None]
    ) -> Generator[None, pytest.TestReport, pytest.TestReport]:
        """Put the result of a policy test on its report."""
        report = yield
        if call.when == "call" and item.path.name.lower().endswith(_ENDS):
            from genai_guard.testing.cases.collecting import CaseItem, packed  # noqa: PLC0415

            if isinstance(item, CaseItem):
                setattr(report, _RESULT, packed(item))
        return report

    def pytest_runtest_logreport(self, report: pytest.TestReport) -> None:
        """Keep the result that is on a report."""
        result = getattr(report, _RESULT, "")
        if result:
            self._results.append(result)

    def pytest_terminal_summary(self, terminalreporter: pytest.TerminalReporter) -> None:
        """Print the scores, and fit thresholds if that is asked for."""
        if not self._results or hasattr(terminalreporter.config, "workerinput"):  # the last is a worker of xdist
            return
        from genai_guard.testing.cases.collecting import calibrated, table  # noqa: PLC0415

        if terminalreporter.verbosity >= 0:
            terminalreporter.section("policy tests", sep="=")
            terminalreporter.write_line(table(self._results))
        if self._rate is not None:
            terminalreporter.section("calibration", sep="=")
            terminalreporter.write_line(calibrated(self._results, self._rate))


def _rate(words: str) -> float:
    """Read `fpr=0.01`."""
    import argparse  # noqa: PLC0415  pytest has it

    name, _, number = words.rpartition("=")
    try:
        rate = float(number)
    except ValueError:
        rate = -1.0
    if name not in {"", "fpr"} or not 0 <= rate < 1:
        raise argparse.ArgumentTypeError(f"takes a rate of false alarms such as fpr=0.01, not {words!r}")
    return rate
