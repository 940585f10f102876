"""`explain`: which rule fired, why, and what the rules of a policy are."""

from __future__ import annotations

import io
import json
import sys
from pathlib import Path
from typing import Any

import pytest

from genai_guard.__main__ import main
from genai_guard.guards.injection.catalogue import SIGNALS

POLICY = """\
version = 1
[[input]]
guard = "pii"
action = "redact"
allow = ["help@example.com"]
[[input]]
guard = "blocked_patterns"
keywords = ["some heron", "project falcon"]
regexes = ["TCK-[0-9]+"]
action = "flag"
[[input]]
guard = "length"
max_chars = 200
[[output]]
guard = "pii"
normalize = false
thresholds = { EMAIL = 0.9 }
"""


@pytest.fixture(autouse=True)
def no_colours_from_outside(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("NO_COLOR", "1")


@pytest.fixture
def policy(tmp_path: Path) -> str:
    path = tmp_path / "policy.toml"
    path.write_text(POLICY)
    return str(path)


@pytest.fixture
def give(monkeypatch: pytest.MonkeyPatch) -> Any:
    def put(text: str) -> None:
        monkeypatch.setattr(sys, "stdin", io.TextIOWrapper(io.BytesIO(text.encode())))

    return put


def printed(capsys: pytest.CaptureFixture[str], *argv: str, code: int = 0) -> str:
    assert main(["explain", *argv]) == code
    return capsys.readouterr().out


def rows(out: str) -> dict[str, str]:
    """Return the rows of the first reason."""
    lines = out.partition("\n1. ")[2].partition("\n\n")[0].splitlines()[1:]
    return {line[:15].strip(): line[15:] for line in lines}


# --- a verdict --------------------------------------------------------------------------------------------------------


def test_the_deciding_guard_is_named(policy: str, give: Any, capsys: pytest.CaptureFixture[str]) -> None:
    give("bob@example.com on TCK-77")
    out = printed(capsys, policy)
    assert out.startswith("redact, because of pii\nasked were: pii (")
    assert "1. pii.email found EMAIL at 1:1 (0-15)\n" in out
    assert "2. blocked_patterns.regexes[0] found BLOCKED at 1:20 (19-25)\n" in out


def test_a_rule_says_what_it_looks_for_and_what_was_checked(
    policy: str, give: Any, capsys: pytest.CaptureFixture[str]
) -> None:
    give("pay from 4111 1111 1111 1111")
    found = rows(printed(capsys, policy))
    assert found["looks for"] == "personal data, PAYMENT_CARD"
    assert found["passed"] == "issuers and their lengths; Luhn (ISO/IEC 7812-1)"
    assert found["score"] == "1, at least 0.8 is needed"
    assert found["disguised"] == "no, it is written so"
    assert found["exceptions"] == "1 in the policy; this is none of them"


def test_the_word_that_raised_a_number_is_named(policy: str, give: Any, capsys: pytest.CaptureFixture[str]) -> None:
    give("my passport no. A1234567 is lost")
    assert rows(printed(capsys, policy))["named by"] == "passport"


@pytest.mark.parametrize(
    ("text", "seen"),
    [
        ("to bob@example.com", ("raw", None)),
        ("to bob[at]example.com", ("canonical", "bob@example.com")),
        ("to bob%40example.com", ("canonical", "bob@example.com")),
        ("p r o j e c t  f4lc0n", ("letters", "project  falcon")),
    ],
)
def test_a_disguise_is_named_with_what_it_reads(
    text: str, seen: tuple[str, str | None], policy: str, give: Any, capsys: pytest.CaptureFixture[str]
) -> None:
    give(text)
    (reason,) = json.loads(printed(capsys, policy, "--json", "--show-text"))["reasons"]
    assert (reason["form"], reason["reads"]) == seen


def test_nothing_of_the_text_is_shown_unless_asked_for(
    policy: str, give: Any, capsys: pytest.CaptureFixture[str]
) -> None:
    give("bob[at]example.com on project falcon")
    out = printed(capsys, policy)
    assert "reads       15 characters (--show-text)" in out
    give("bob[at]example.com on project falcon")
    values = printed(capsys, policy, "--json")
    assert not any(word in out + values for word in ("bob", "project", "falcon"))


def test_the_text_is_shown_on_request(policy: str, give: Any, capsys: pytest.CaptureFixture[str]) -> None:
    give("bob[at]example.com")
    found = rows(printed(capsys, policy, "--show-text"))
    assert (found["reads"], found["text"]) == ("'bob@example.com'", "'bob[at]example.com'")


def test_a_keyword_is_told_by_its_number(policy: str, give: Any, capsys: pytest.CaptureFixture[str]) -> None:
    give("on Project\nFalcon")
    assert rows(printed(capsys, policy))["keyword"] == "number 2 of the list"


def test_a_regex_of_the_policy_is_shown(policy: str, give: Any, capsys: pytest.CaptureFixture[str]) -> None:
    give("see tck-9")
    assert rows(printed(capsys, policy))["looks for"] == "the regex `TCK-[0-9]+`, in either case"


def test_a_guard_without_rules_says_its_reason(policy: str, give: Any, capsys: pytest.CaptureFixture[str]) -> None:
    give("long " * 100)
    out = printed(capsys, policy, code=1)
    assert out.startswith("block, because of length\n")
    assert rows(out)["because"] == "500 characters, limit 200"
    assert rows(out)["purpose"].endswith("(kind length)")


def test_a_text_without_findings_names_who_was_asked(
    policy: str, give: Any, capsys: pytest.CaptureFixture[str]
) -> None:
    give("good day")
    out = printed(capsys, policy, "--side", "output")
    assert out.startswith("allow: no rule fired that is enforced\nasked were: pii (")


GUARDS = """\
from genai_guard import Finding, Pipeline
from genai_guard.guards.injection.catalogue import SIGNALS
from genai_guard.guards import PII, BlockedPatterns, all_of, escalate, guard, when

@guard(action="flag")
def shouting(text):
    "Text in capitals."
    return text.isupper()

@guard(action="flag")
def signs(text):
    found = Finding("signs.new_orders.real_task", "SIGN", 0, 3, 0.4, detail="score 0.7 of at least 0.6")
    return [found] if "task" in text else None

pipeline = Pipeline(input=[
    all_of(PII(["EMAIL"]), BlockedPatterns(["project falcon"]), name="both", action="block"),
    when(BlockedPatterns(["blue heron"], name="birds"), role="user", content=["text", "result"]),
    escalate(BlockedPatterns(["red kite"], name="kites", action="flag"), after=3, by="user"),
    shouting,
    signs,
])
"""


@pytest.fixture
def guards(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> str:
    (tmp_path / "guards_to_explain.py").write_text(GUARDS)
    monkeypatch.syspath_prepend(tmp_path)
    return "guards_to_explain:pipeline"


def test_the_rules_of_a_combined_guard_are_explained(
    guards: str, give: Any, capsys: pytest.CaptureFixture[str]
) -> None:
    give("bob[at]example.com on project falcon")
    out = printed(capsys, guards, code=1)
    assert out.startswith("block, because of both\nasked were: both (2 rules), birds, kites, shouting, signs\n")
    assert rows(out)["guard"] == "both, which answers with block"
    assert rows(out)["disguised"].startswith("yes")


@pytest.mark.parametrize(
    ("text", "condition"),
    [("a blue heron", "only where role=user"), ("a red kite", "blocks from finding 3 of a user on")],
)
def test_it_is_said_when_a_guard_is_asked(
    text: str, condition: str, guards: str, give: Any, capsys: pytest.CaptureFixture[str]
) -> None:
    give(text)
    main(["explain", guards])
    assert f"   asked       {condition}\n" in capsys.readouterr().out


def test_a_function_is_explained_by_its_docstring(guards: str, give: Any, capsys: pytest.CaptureFixture[str]) -> None:
    give("WHERE IS MY PARCEL")
    assert rows(printed(capsys, guards))["purpose"] == "Text in capitals (kind custom)"


def test_a_sign_is_named_with_its_family(guards: str, give: Any, capsys: pytest.CaptureFixture[str]) -> None:
    give("your task")
    found = rows(printed(capsys, guards))
    assert (found["sign"], found["score"]) == ("real task, of the family new orders", "0.4")
    assert found["because"] == "score 0.7 of at least 0.6"


# --- near misses ------------------------------------------------------------------------------------------------------


def test_a_look_alike_is_a_near_miss(policy: str, give: Any, capsys: pytest.CaptureFixture[str]) -> None:
    give("pay from 4111 1111 1111 1112")
    out = printed(capsys, policy, "--near")
    assert "pii.payment_card at 1:10 (9-28): its check refused it: issuers and their lengths; Luhn" in out


def test_an_exception_of_the_policy_is_a_near_miss(policy: str, give: Any, capsys: pytest.CaptureFixture[str]) -> None:
    give("write to help@example.com")
    out = printed(capsys, policy, "--near", "--show-text")
    assert "pii.email at 1:10 (9-25): it is an exception of the policy: 'help@example.com'" in out


def test_what_was_found_is_no_near_miss(policy: str, give: Any, capsys: pytest.CaptureFixture[str]) -> None:
    give("write to bob@example.com")
    assert printed(capsys, policy, "--near").endswith("no near misses\n")


# --- rules ------------------------------------------------------------------------------------------------------------


def test_the_rules_of_a_policy_are_listed(policy: str, capsys: pytest.CaptureFixture[str]) -> None:
    lines = printed(capsys, policy, "--rules").splitlines()
    assert lines[0] == "input: pii (kind pii), redact"
    assert lines[1].split()[:3] == ["pii.email", "EMAIL", "1"]
    assert "output: pii (kind pii), redact" in lines
    assert any(line.split()[0] == "blocked_patterns.keywords" for line in lines)


def test_a_rule_of_a_policy_is_described_for_each_side(policy: str, capsys: pytest.CaptureFixture[str]) -> None:
    first, second = json.loads(printed(capsys, policy, "--rule", "pii.email", "--json"))
    assert (first["side"], first["needed"], first["disguises"]) == ("input", 0.8, True)
    assert (second["side"], second["needed"], second["disguises"]) == ("output", 0.9, False)


@pytest.mark.parametrize("rule", ["pii.email", "pii.us_routing_number", "secrets.npm_token"])
def test_a_built_in_rule_is_described_without_a_policy(rule: str, capsys: pytest.CaptureFixture[str]) -> None:
    out = printed(capsys, "--rule", rule)
    assert out.startswith(f"{rule}\n   category    {rule.partition('.')[2].upper()}\n")
    assert "   checks      " in out


def test_a_sign_of_an_injection_is_described(capsys: pytest.CaptureFixture[str]) -> None:
    rule = "prompt_injection.override.earlier_instructions"
    out = printed(capsys, "--rule", rule)
    assert out.startswith(f"{rule}\n   category    PROMPT_INJECTION\n")
    assert "looks for   a sign of an injection: earlier instructions, of the family override\n" in out
    assert "counts in full as an order only" in out
    assert "a text needs 0.6, a document 0.5, a result of a tool 0.5\n" in out


def test_every_sign_that_fires_can_be_described(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    path = tmp_path / "policy.json"
    path.write_text('{"version": 1, "input": [{"guard": "prompt_injection", "threshold": 0.9}]}')
    listed = {each["rule"]: each for each in json.loads(printed(capsys, str(path), "--rules", "--json"))}
    assert {signal.rule.id for signal in SIGNALS} == listed.keys() - {"prompt_injection.many_shot.faked_turns"}
    assert all("a text needs 0.9" in each["checks"][-1] for each in listed.values())
    assert "prompt_injection.many_shot.faked_turns" in listed


def test_words_that_name_a_number_are_listed_without_their_endings(capsys: pytest.CaptureFixture[str]) -> None:
    out = printed(capsys, "--rule", "pii.passport_named")
    (words,) = [line[15:].split(", ") for line in out.splitlines() if line.startswith("   words")]
    assert "passport" in words
    assert "passport_no" not in words


def test_a_rule_that_is_not_there_is_told(policy: str, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["explain", policy, "--rule", "pii.\x1bemail"]) == 1
    assert capsys.readouterr().err == f"{policy}: no rule 'pii.\\x1bemail'; --rules lists them\n"


@pytest.mark.parametrize("argv", [[], ["--rules"]])
def test_without_a_policy_there_is_nothing_to_explain(argv: list[str], capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["explain", *argv]) == 2
    assert "name a policy" in capsys.readouterr().err
