from __future__ import annotations

import subprocess
import sys

import pytest

from genai_guard.testing import FakeClock, FakeLLM, MemoryLog

pytest_plugins = ["pytester"]


def run(pytester: pytest.Pytester, *arguments: str) -> pytest.RunResult:
    return pytester.runpytest("-p", "no:asyncio", *arguments)


def test_fixtures_are_there_without_an_import(fake_llm: FakeLLM, fake_clock: FakeClock, memory_log: MemoryLog) -> None:
    fake_llm.script("hello")
    assert fake_llm("hi") == "hello"
    assert (fake_clock.monotonic(), memory_log.events) == (1000.0, ())


def test_the_model_of_a_test_waits_on_the_clock_of_the_test(fake_llm: FakeLLM, fake_clock: FakeClock) -> None:
    fake_llm.pause(5)
    assert fake_clock.monotonic() == 1005.0


def test_each_test_has_its_own(pytester: pytest.Pytester) -> None:
    pytester.makepyfile(
        """
        def test_a(fake_llm, fake_clock, memory_log):
            fake_llm.script("x")
            fake_llm("hi")
            fake_clock.advance(5)
            memory_log.write(None)

        def test_b(fake_llm, fake_clock, memory_log):
            assert not fake_llm.calls
            assert fake_clock.monotonic() == 1000
            assert not memory_log.events
        """
    )
    run(pytester).assert_outcomes(passed=2)


def test_pytest_runs_without_the_plugin(pytester: pytest.Pytester) -> None:
    pytester.makepyfile("def test_a(): pass")
    run(pytester, "-p", "no:genai_guard").assert_outcomes(passed=1)
    pytester.makepyfile("def test_b(fake_llm): pass")
    result = run(pytester, "-p", "no:genai_guard")
    result.assert_outcomes(errors=1)
    result.stdout.fnmatch_lines(["*fixture 'fake_llm' not found*"])


def test_fixtures_describe_themselves(pytester: pytest.Pytester) -> None:
    result = run(pytester, "--fixtures")
    result.stdout.fnmatch_lines(["fake_clock*", "fake_llm*", "memory_log*"])


def test_the_fakes_import_neither_pytest_nor_anything_heavy() -> None:
    code = """
import sys
import genai_guard.testing
heavy = {"pytest", "_pytest", "pydantic", "pydantic_core", "tiktoken", "structlog", "opentelemetry", "asyncio"}
print(*sorted(heavy & sys.modules.keys()))
"""
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.split() == []


def test_the_plugin_imports_nothing_heavy() -> None:
    code = """
import sys
import pytest
before = set(sys.modules)
import genai_guard.testing.plugin
heavy = {"pydantic", "pydantic_core", "tiktoken", "structlog", "opentelemetry"}
print(*sorted(heavy & (sys.modules.keys() - before)))
"""
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.split() == []
