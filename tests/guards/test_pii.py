"""`PII` alone: what each action leaves, and what is refused."""

from __future__ import annotations

import json
import math
import pickle
import subprocess
import sys
from dataclasses import FrozenInstanceError, replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from genai_guard import ConfigurationError
from genai_guard.guards import PII, MatchingGuard
from genai_guard.guards.base import Guard
from genai_guard.guards.entities import ENTITIES
from genai_guard.verdicts import Action, Finding, Verdict

TEXT = "bob@example.com, +1 415-555-0132, 4111 1111 1111 1111, GB82WEST12345698765432, 078-05-1120, 10.0.0.74"
KEY = "correct horse battery staple"


def test_a_clean_text_is_allowed_as_it_is() -> None:
    assert PII().check("hello") == Verdict(Action.ALLOW, "hello", (), "pii")


def test_redact_is_what_happens_unless_said_otherwise() -> None:
    verdict = PII().check(f"to {TEXT}")
    assert verdict.text == "to [EMAIL], [PHONE], [PAYMENT_CARD], [IBAN], [US_SSN], [IP_ADDRESS]"
    assert verdict.action is Action.REDACT


def test_mask_keeps_the_last_four_and_nothing_of_a_local_part_or_an_address() -> None:
    masked = "***@example.com, +* ***-***-0132, **** **** **** 1111, ******************5432, ***-**-1120, *.*.*.*"
    assert PII(action="mask").check(TEXT).text == masked


@pytest.mark.parametrize(
    ("text", "masked"),
    [
        ("a@b.co", "***@b.co"),
        ("fe80::1", "*::*"),
        ("(415) 555-0132", "(***) ***-0132"),
        ("3782 822463 10005", "**** ****** *0005"),
    ],
)
def test_a_mask_leaves_separators(text: str, masked: str) -> None:
    assert PII(action="mask").check(text).text == masked


def test_flag_and_block_leave_the_text() -> None:
    assert PII(action="flag").check(TEXT).text == TEXT
    verdict = PII(action="block").check(TEXT)
    assert (verdict.text, verdict.blocked) == (TEXT, True)


def test_shadow_tells_and_does_nothing() -> None:
    verdict = PII(mode="shadow").check("bob@example.com")
    assert (verdict.action, verdict.text, verdict.mode) == (Action.REDACT, "bob@example.com", "shadow")


def test_findings_say_what_and_where_and_by_whom() -> None:
    assert PII(name="customer data").check("to bob@example.com").findings == (
        Finding("pii.email", "EMAIL", 3, 18, 1.0, "customer data"),
    )


def test_a_keyed_hash_is_the_same_in_every_process() -> None:
    code = (
        f"from genai_guard.guards import PII; print(PII(action='hash', hash_key={KEY!r}).check('bob@example.com').text)"
    )
    elsewhere = subprocess.run([sys.executable, "-c", code], check=True, capture_output=True, text=True).stdout.strip()
    assert elsewhere == PII(action="hash", hash_key=KEY).check("bob@example.com").text
    assert elsewhere == PII(action="hash", hash_key=KEY.encode()).check("bob@example.com").text


@pytest.mark.parametrize(
    ("one", "other"),
    [
        ("4111 1111 1111 1111", "4111-1111-1111-1111"),
        ("Bob@Example.com", "bob@example.com"),
        ("GB82 WEST 1234 5698 7654 32", "gb82west12345698765432"),
    ],
)
def test_a_hash_does_not_depend_on_grouping_and_case(one: str, other: str) -> None:
    guard = PII(action="hash")
    assert guard.check(one).text == guard.check(other).text


def test_different_values_and_different_keys_give_different_hashes() -> None:
    texts = {
        PII(action="hash", hash_key=key).check(text).text for key in (KEY, KEY * 9) for text in ("a@b.co", "b@b.co")
    }
    assert len(texts) == 4


def test_without_a_key_hashes_are_those_of_the_process() -> None:
    assert PII(action="hash").check("a@b.co").text == PII(action="hash", name="other").check("a@b.co").text


@given(st.text(alphabet="abcdef.", min_size=1, max_size=9))
def test_a_hash_has_no_digit_that_another_guard_could_take_for_a_number(local: str) -> None:
    text = PII(["EMAIL"], action="hash").check(f"x{local}x@example.com").text
    assert not any(char.isdigit() for char in text)


def test_only_the_entities_asked_for_are_found() -> None:
    assert [finding.category for finding in PII(["IBAN", "EMAIL"]).check(TEXT).findings] == ["EMAIL", "IBAN"]


def test_one_entity_may_be_given_by_its_name_alone() -> None:
    assert PII("EMAIL") == PII(["EMAIL"]) == PII(("EMAIL", "EMAIL"))


@pytest.mark.parametrize(
    ("parameters", "problem"),
    [
        ({"action": "truncate"}, "must be one of 'block', 'flag', 'hash', 'mask', 'pseudonymize', 'redact'"),
        ({"entities": ["SSN"]}, "'SSN' is not one of EMAIL, PHONE"),
        ({"entities": []}, "would find nothing"),
        ({"mode": "off"}, "must be one of 'enforce', 'shadow'"),
        ({"on_error": "ignore"}, "must be one of 'allow', 'block'"),
        ({"hash_key": KEY}, "used by action='hash' and action='pseudonymize' alone"),
        ({"scope": "session"}, "used by action='pseudonymize' alone"),
        ({"action": "pseudonymize", "scope": "user"}, "must be one of 'request', 'session'"),
        ({"action": "pseudonymize", "session_idle_s": 0}, "more than 0 seconds"),
        ({"action": "pseudonymize", "max_sessions": 0}, "at least 1"),
        ({"action": "hash", "hash_key": "short"}, "at least 16 bytes"),
        ({"threshold": 1.5}, r"PII\(threshold=...\) must be a number from 0 to 1"),
        ({"threshold": True}, "must be a number from 0 to 1"),
        ({"threshold": math.nan}, "must be a number from 0 to 1"),
        ({"thresholds": {"EMAIL": -1}}, "'EMAIL': ...}.* must be a number from 0 to 1"),
        ({"thresholds": {"MAIL": 0.5}}, "'MAIL' is not one of EMAIL, PHONE"),
        ({"entities": ["EMAIL"], "thresholds": {"PHONE": 0.5}}, "PHONE is not looked for; add it to entities"),
        ({"entities": ["AU_TFN"], "threshold": 0.99}, r"the threshold 0.99; thresholds=\{'AU_TFN': 0.95\} would do"),
        ({"thresholds": {"POSTAL_ADDRESS": 1.0}}, r"thresholds=\{'POSTAL_ADDRESS': 0.8\} would do"),
        ({"allow": ["bob@example.com", " - "]}, "entry 1 must be a text with a letter or digit"),
        ({"allow": [""]}, "entry 0 must be a text"),
        ({"allow": [7]}, "entry 0 must be a text"),
        ({"keep_last": 9}, "whole number from 0 to 8"),
        ({"keep_last": -1}, "whole number from 0 to 8"),
        ({"keep_last": True}, "whole number from 0 to 8"),
        ({"phone_regions": ["GERMANY"]}, "'GERMANY' is no region; name it by its two letters"),
        ({"entities": ["EMAIL"], "phone_regions": ["DE"]}, "needs PHONE among the entities"),
    ],
)
def test_what_cannot_work_is_refused_when_built(parameters: dict[str, object], problem: str) -> None:
    with pytest.raises(ConfigurationError, match=problem):
        PII(**parameters)  # type: ignore[arg-type]


def test_it_is_a_value() -> None:
    guard = PII(["EMAIL"], action="mask")
    assert guard == PII(["EMAIL"], action="mask") != PII(["EMAIL"])
    assert hash(guard) == hash(PII(["EMAIL"], action="mask"))
    assert replace(guard, action="block").action is Action.BLOCK
    with pytest.raises(FrozenInstanceError):
        guard.action = Action.FLAG  # type: ignore[misc]


def test_it_survives_pickling_before_and_after_use() -> None:
    guard = PII(action="hash", hash_key=KEY)
    before = pickle.loads(pickle.dumps(guard))
    text = guard.check(TEXT).text
    assert before == guard == pickle.loads(pickle.dumps(guard))
    assert before.check(TEXT).text == text


def test_its_repr_tells_no_key() -> None:
    assert KEY not in repr(PII(action="hash", hash_key=KEY))


def test_it_is_a_matching_guard_with_one_rule_or_more_for_each_entity() -> None:
    guard = PII()
    assert isinstance(guard, MatchingGuard)
    assert isinstance(guard, Guard)
    assert guard.rules is guard.rules
    assert {rule.category for rule in guard.rules} == set(ENTITIES)


@pytest.mark.parametrize(
    "text",
    ["", "\x00", "\ud800 bob@example.com \udfff", "👨\u200d👩\u200d👧 سلام می\u200cخواهم"],  # noqa: RUF001  Persian
)
def test_unusual_texts_pass_untouched_but_for_what_is_found(text: str) -> None:
    assert PII().check(text).text == text.replace("bob@example.com", "[EMAIL]")


@pytest.mark.parametrize("escape", ["\\n", "\\r", "\\t", "\\u000a", '\\"', "\\\\ "])
def test_json_that_is_written_as_text_stays_json(escape: str) -> None:
    text = '{"reply": "hi' + escape + "bob@example.com" + escape + '4111 1111 1111 1111"}'
    redacted = PII().check(text).text
    assert "bob" not in redacted
    assert "4111" not in redacted
    assert json.loads(redacted)["reply"].startswith("hi")
