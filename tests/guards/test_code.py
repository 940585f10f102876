"""`Code`: source code, its language, and calls that do harm."""

from __future__ import annotations

import json
import pickle
import re
from typing import Any

import pytest

from doubling import grows_faster
from genai_guard import ConfigurationError
from genai_guard.guards import Code
from genai_guard.guards.base import Context, ContextGuard
from genai_guard.guards.sources.dangers import DANGERS
from genai_guard.guards.sources.languages import FORMATS, LANGUAGES
from genai_guard.messages import Part
from genai_guard.verdicts import Action, Verdict
from guards.code_texts import CODE, DANGEROUS, FALSE_ALARMS, HARMLESS, MISSED, NEGATIVES

EVERYTHING: Any = [*LANGUAGES, "unknown"]


def rules(verdict: Verdict) -> list[str]:
    return [finding.rule for finding in verdict.findings]


@pytest.mark.parametrize(("text", "language"), CODE)
def test_code_is_found_and_its_language_told(text: str, language: str) -> None:
    verdict = Code(deny=EVERYTHING, dangerous=False).check(text)
    assert verdict.blocked
    assert set(rules(verdict)) == {f"code.{language}"}


@pytest.mark.parametrize(("text", "name"), DANGEROUS)
def test_a_call_that_does_harm_is_found(text: str, name: str) -> None:
    assert f"code.dangerous.{name}" in rules(Code(deny=[]).check(text))


@pytest.mark.parametrize("text", HARMLESS)
def test_a_call_that_does_no_harm_passes(text: str) -> None:
    assert Code(deny=[]).check(text).action is Action.ALLOW


@pytest.mark.parametrize("text", NEGATIVES)
def test_prose_is_no_code(text: str) -> None:
    assert Code(deny=EVERYTHING).check(text) == Verdict(Action.ALLOW, text, (), "code")


@pytest.mark.parametrize("text", MISSED)
def test_what_is_known_to_be_missed(text: str) -> None:
    assert Code(deny=EVERYTHING).check(text).action is Action.ALLOW


@pytest.mark.parametrize("text", FALSE_ALARMS)
def test_what_is_known_to_be_a_false_alarm(text: str) -> None:
    assert Code().check(text).blocked


def test_every_language_and_every_danger_has_a_text() -> None:
    assert {language for _, language in CODE} == set(EVERYTHING)
    assert {name for _, name in DANGEROUS} == set(DANGERS)


def test_allowed_languages_pass() -> None:
    text = "```python\nx = 1\n```\n\n```go\nx := 1\n```"
    assert rules(Code(["python"]).check(text)) == ["code.go"]
    assert rules(Code(["python", "go"]).check(text)) == []


def test_only_denied_languages_are_found() -> None:
    text = "```python\nx = 1\n```\n\n```go\nx := 1\n```"
    assert rules(Code(deny=["python"]).check(text)) == ["code.python"]


@pytest.mark.parametrize("language", sorted(FORMATS))
def test_data_is_no_code_unless_it_is_named(language: str) -> None:
    text = next(text for text, name in CODE if name == language)
    assert Code().check(text).action is Action.ALLOW


def test_the_finding_spans_the_code() -> None:
    text = "So:\n\ndef f(x):\n    return x\n\ndef g(x):\n    return f(x)\n\nThat is all."
    (finding,) = Code().check(text).findings
    assert finding.of(text) == "def f(x):\n    return x\n\ndef g(x):\n    return f(x)\n"
    assert (finding.category, finding.score) == ("CODE", 0.8)


def test_redact_keeps_the_fence() -> None:
    text = "So:\n```python\nx = 1\n```\nDone."
    assert Code(action="redact").check(text).text == "So:\n```python\n[CODE]```\nDone."
    assert Code(action="redact", mode="shadow").check(text).text == text


def test_arguments_of_a_tool_are_read_string_by_string() -> None:
    written = json.dumps({"lang": "py", "code": 'import os\nos.system("ls")\ndef f(x):\n    return x\n'})
    part = Part(written, "assistant", "arguments")
    assert rules(Code().check_part(part, Context())) == ["code.dangerous.command", "code.python"]
    assert Code().check_part(Part("def f(x):\n    return x"), Context()).blocked


def test_nothing_of_the_text_stands_in_a_verdict() -> None:
    assert "secret" not in repr(Code().check("os.system('secret')"))


def test_an_unclosed_fence_goes_to_the_end() -> None:
    text = "```python\nx = 1\n"
    (finding,) = Code().check(text).findings
    assert finding.of(text) == "x = 1\n"


@pytest.mark.parametrize(
    ("parameters", "problem"),
    [
        ({"allow": ["python"], "deny": ["go"]}, "give one of the two"),
        ({"allow": ["cobol"]}, "Code(allow=...): 'cobol' is not one of python, javascript"),
        ({"deny": ["typescript"]}, "'javascript' covers it"),
        ({"deny": [], "dangerous": False}, "has nothing to look for"),
        ({"action": "mask"}, "must be one of 'block', 'flag', 'redact'"),
    ],
)
def test_what_cannot_work_is_refused_when_built(parameters: dict[str, object], problem: str) -> None:
    with pytest.raises(ConfigurationError, match=re.escape(problem)):
        Code(**parameters)  # type: ignore[arg-type]


def test_it_is_a_value() -> None:
    guard = Code(["python"])
    assert guard == pickle.loads(pickle.dumps(guard)) != Code()
    assert hash(guard) == hash(Code(("python",)))
    assert isinstance(guard, ContextGuard)


UNITS = [
    "a", "a ", "(", "{ ", "def f(", "const a = ", "=> ", "<div ", "```\n", "```", "~~~\n", "$x = ", "rm -r ", "curl a ", "socket ", ": | ", "import a.",
    "\n", " \n", "x\n\n", "[a for a in ", "public static ", "public void\n", '"a": ', "a: b\n", "- a: b\n", "- ", "func (a *b) ", "#[a", "git push a/", "a a a=", "exec(", "nc a ",
]  # fmt: skip


@pytest.mark.parametrize("unit", UNITS)
def test_looking_for_code_is_linear(unit: str) -> None:
    half = unit * (10_000 // len(unit))
    assert not grows_faster(Code().check, half.__mul__)


@pytest.mark.parametrize("text", ["", "\x00", "\ud800" * 3, "```", "\n" * 50])
def test_unusual_texts_pass(text: str) -> None:
    assert Code().check(text).action is Action.ALLOW
