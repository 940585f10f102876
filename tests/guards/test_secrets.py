"""`Secrets` alone: what each action leaves, and what is refused."""

from __future__ import annotations

import pickle
from dataclasses import FrozenInstanceError, replace

import pytest

from genai_guard import ConfigurationError, Pipeline
from genai_guard.guards import MatchingGuard, Secrets
from genai_guard.guards.base import Guard
from genai_guard.guards.credentials import CREDENTIALS
from genai_guard.verdicts import Action, Finding, Verdict
from guards.keys import SHAPES, made

TOKEN = made(SHAPES["GITHUB_TOKEN"][0], 1)
PASSWORD = made("{mix12}", 1)
KEY = "correct horse battery staple"


def test_a_clean_text_is_allowed_as_it_is() -> None:
    assert Secrets().check("hello") == Verdict(Action.ALLOW, "hello", (), "secrets")


def test_redact_is_what_happens_unless_said_otherwise() -> None:
    verdict = Secrets().check(f"use {TOKEN}, please")
    assert verdict.text == "use [GITHUB_TOKEN], please"
    assert verdict.action is Action.REDACT


@pytest.mark.parametrize(
    ("text", "redacted"),
    [
        (f"password = '{PASSWORD}'", "password = '[PASSWORD]'"),
        (f"DB_PASSWORD={PASSWORD};", "DB_PASSWORD=[PASSWORD];"),
        (f'{{"apiKey": "{made("{a40}", 2)}"}}', '{"apiKey": "[SECRET]"}'),
        (f"redis://app:{PASSWORD.replace('#', '-')}@cache:6379", "redis://app:[CONNECTION_STRING]@cache:6379"),
        (f"Authorization: Bearer {made('{w40}', 2)}", "Authorization: Bearer [BEARER_TOKEN]"),
        (made(SHAPES["BASIC_AUTH"][0], 2), "Authorization: Basic [BASIC_AUTH]"),
        (f"DD_API_KEY={made('{h32}', 2)}", "DD_API_KEY=[DATADOG_API_KEY]"),
    ],
)
def test_what_stands_before_a_secret_stays(text: str, redacted: str) -> None:
    assert Secrets().check(text).text == redacted


@pytest.mark.parametrize("before", ["token = ", "GITHUB_TOKEN=", "Authorization: Bearer "])
def test_the_form_of_an_assigned_key_says_what_it_is(before: str) -> None:
    assert Secrets().check(before + TOKEN).text == before + "[GITHUB_TOKEN]"


def test_mask_keeps_the_last_four_of_long_secrets_and_nothing_of_short_ones() -> None:
    text = f"{TOKEN} password={PASSWORD}"
    assert Secrets(action="mask").check(text).text == f"***{TOKEN[-4:]} password=***"


def test_a_keyed_hash_is_equal_for_equal_secrets_wherever_they_stand() -> None:
    guard = Secrets(action="hash", hash_key=KEY)
    hashed = guard.check(TOKEN).text
    assert hashed.startswith("[GITHUB_TOKEN:")
    assert guard.check(f"token={TOKEN}").text == f"token={hashed}"
    assert Secrets(action="hash", hash_key=KEY.encode() * 9).check(TOKEN).text != hashed
    assert Secrets(action="hash").check(TOKEN) == Secrets(action="hash").check(TOKEN)


def test_flag_and_block_leave_the_text() -> None:
    assert Secrets(action="flag").check(TOKEN).text == TOKEN
    assert Secrets(action="block").check(TOKEN).blocked


def test_findings_say_what_and_where_and_how_sure() -> None:
    assert Secrets(name="keys").check(f"to {TOKEN}").findings == (
        Finding("secrets.github_token", "GITHUB_TOKEN", 3, 43, 1.0, "keys"),
    )
    (weak,) = Secrets().check(f"password={PASSWORD}").findings
    assert weak.score < 0.7


def test_only_the_kinds_asked_for_are_found() -> None:
    text = f"{TOKEN} password={PASSWORD}"
    assert [finding.category for finding in Secrets(["PASSWORD"]).check(text).findings] == ["PASSWORD"]
    assert Secrets("PASSWORD") == Secrets(["PASSWORD"]) == Secrets(("PASSWORD", "PASSWORD"))


def test_the_entropy_that_a_password_needs_can_be_chosen() -> None:
    text = "password=" + "abd135" * 2
    assert Secrets(min_entropy_bits=1).check(text).text == "password=[PASSWORD]"
    assert Secrets().check(text).text == text


@pytest.mark.parametrize(
    ("parameters", "problem"),
    [
        ({"action": "pseudonymize"}, "must be one of 'block', 'flag', 'hash', 'mask', 'redact'"),
        ({"kinds": ["GITHUB"]}, "'GITHUB' is not one of AWS_ACCESS_KEY_ID"),
        ({"kinds": []}, "would find nothing"),
        ({"min_entropy_bits": 9}, "must be from 0 to 6"),
        ({"hash_key": KEY}, "used by action='hash' alone"),
        ({"action": "hash", "hash_key": "short"}, "at least 16 bytes"),
    ],
)
def test_what_cannot_work_is_refused_when_built(parameters: dict[str, object], problem: str) -> None:
    with pytest.raises(ConfigurationError, match=problem):
        Secrets(**parameters)  # type: ignore[arg-type]


def test_it_is_a_value() -> None:
    guard = Secrets(["JWT"], action="mask")
    assert guard == Secrets(["JWT"], action="mask") != Secrets(["JWT"])
    assert replace(guard, action="block").action is Action.BLOCK
    assert KEY not in repr(Secrets(action="hash", hash_key=KEY))
    with pytest.raises(FrozenInstanceError):
        guard.action = Action.FLAG  # type: ignore[misc]


def test_it_survives_pickling_before_and_after_use() -> None:
    guard = Secrets(action="hash", hash_key=KEY)
    before = pickle.loads(pickle.dumps(guard))
    text = guard.check(f"x {TOKEN}").text
    assert before == guard == pickle.loads(pickle.dumps(guard))
    assert before.check(f"x {TOKEN}").text == text
    assert pickle.loads(pickle.dumps(guard._views)).find(TOKEN) == guard._views.find(TOKEN)


def test_it_is_a_matching_guard_with_one_rule_for_each_kind() -> None:
    guard = Secrets()
    assert isinstance(guard, MatchingGuard)
    assert isinstance(guard, Guard)
    assert guard.rules is guard.rules
    assert [rule.category for rule in guard.rules] == list(CREDENTIALS)
    assert {rule.id for rule in guard.rules} == {f"secrets.{name.lower()}" for name in CREDENTIALS}


def test_a_pipeline_scans_for_it_beside_other_guards() -> None:
    verdict = Pipeline(input=[Secrets()]).scan_input(f"token: {TOKEN}")
    assert verdict.text == "token: [GITHUB_TOKEN]"


@pytest.mark.parametrize("text", ["", "\x00", "\ud800 {} \udfff", "“{}”", "請{}弾", "é{}é"])
def test_unusual_texts_pass_untouched_but_for_what_is_found(text: str) -> None:
    assert Secrets().check(text.format(TOKEN)).text == text.format("[GITHUB_TOKEN]")


def test_a_private_key_that_was_cut_off_is_redacted_as_far_as_it_goes() -> None:
    body = "\n".join(["MIIEvQIBADANBgkqhkiG9w0BAQEFAASCBKcwggSjAgEAAoIBAQC7VJTUt9Us8cKj"] * 3)
    text = f"here: -----BEGIN PRIVATE KEY-----\n{body}"
    assert Secrets().check(text).text == "here: [PRIVATE_KEY]"
    assert Secrets().check(f"{text}. That was all.").text == "here: [PRIVATE_KEY]. That was all."
