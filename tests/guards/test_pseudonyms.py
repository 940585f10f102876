"""Vaults, and `PII(action="pseudonymize")` alone."""

from __future__ import annotations

import copy
import pickle
import re
from concurrent.futures import ThreadPoolExecutor

import pytest

from genai_guard import ConfigurationError
from genai_guard.guards import PII, Vault
from genai_guard.guards.pseudonyms import Pending
from genai_guard.guards.pseudonyms.draw import Draw
from genai_guard.guards.pseudonyms.vault import VaultFull
from genai_guard.text.edits import Edit
from genai_guard.verdicts import Action

GUARD = PII(action="pseudonymize")
KEY = "correct horse battery staple"


def replaced(text: str, vault: Vault | None = None) -> str:
    return GUARD.check(text, vault=vault).text


def test_the_verdict_tells_where_the_values_stood() -> None:
    verdict = GUARD.check("to bob@acme.com")
    assert verdict.action is Action.PSEUDONYMIZE
    assert [(finding.category, finding.start, finding.end) for finding in verdict.findings] == [("EMAIL", 3, 15)]
    assert re.fullmatch(r"to [a-z]+\.[a-z]+(\d\d)?@example\.(com|net|org)", verdict.text)


def test_one_value_has_one_stand_in_in_all_texts_of_a_vault() -> None:
    vault = Vault()
    first = replaced("bob@acme.com and ann@acme.com", vault)
    again = replaced("bob@acme.com", vault)
    assert first.startswith(again)
    assert first.split(" and ")[1] != again
    assert len(vault) == 2


def test_other_vaults_have_other_stand_ins() -> None:
    assert len({replaced("4111 1111 1111 1111", Vault()) for _ in range(20)}) > 1


def test_a_key_makes_the_same_stand_ins_in_every_vault() -> None:
    texts = {replaced("bob@acme.com, 4111111111111111", Vault(key=key)) for key in (KEY, KEY.encode(), KEY)}
    assert len(texts) == 1
    assert texts != {replaced("bob@acme.com, 4111111111111111", Vault(key=KEY[::-1]))}


def test_what_the_key_makes_does_not_change_between_versions() -> None:
    assert replaced("bob@acme.com, 10.0.0.74, 4111111111111111", Vault(key=KEY)) == KNOWN


KNOWN = "carla.ashby67@example.org, 198.51.100.104, 4000002491057277"


@pytest.mark.parametrize(
    ("one", "other"),
    [
        ("4111 1111 1111 1111", "4111-1111-1111-1111"),
        ("GB82 WEST 1234 5698 7654 32", "gb82west12345698765432"),
        ("bob@acme.com", "Bob@Acme.com"),
    ],
)
def test_values_that_differ_in_grouping_or_case_keep_that_difference_and_no_other(one: str, other: str) -> None:
    vault = Vault()
    left = [replaced(text, vault) for text in (one, other)]
    assert left[0] != left[1]
    assert len({re.sub(r"[ -]", "", each).lower() for each in left}) == 1
    assert [vault.restore(each) for each in left] == [one, other]


def test_an_address_is_turned_back_in_every_case() -> None:
    vault = Vault()
    left = replaced("bob@acme.com", vault)
    assert vault.restore(f"{left.upper()}, {left.title()}") == "bob@acme.com, bob@acme.com"


def test_a_stand_in_is_turned_back_wherever_it_stands() -> None:
    vault = Vault()
    left = replaced("bob@acme.com", vault)
    assert (
        vault.restore(f"<mailto:{left}?x={left}>\\n{left}s") == "<mailto:bob@acme.com?x=bob@acme.com>\\nbob@acme.coms"
    )


def test_values_that_overlap_get_one_stand_in_together() -> None:
    rule = GUARD.rules[0]
    vault = Vault()
    edits = vault.fill("abcdefghij", [Edit(0, 6, Pending.of(rule)), Edit(4, 9, Pending.of(rule)), Edit(9, 10, "J")])
    assert [edit[:2] for edit in edits] == [(0, 9), (9, 10)]
    assert vault.restore(edits[0].replacement) == "abcdefghi"
    assert len(vault) == 1


def test_a_stand_in_is_never_what_stands_in_the_text_already() -> None:
    taken = replaced("bob@acme.com", Vault(key=KEY))
    vault = Vault(key=KEY)
    text = f"bob@acme.com and {taken.upper()}"
    left = PII("EMAIL", action="pseudonymize").check(text, vault=vault).text
    assert taken not in left.lower()
    assert vault.restore(left) == text


def test_a_stand_in_is_never_a_value_of_an_earlier_text() -> None:
    taken = replaced("bob@acme.com", Vault(key=KEY))
    vault = Vault(key=KEY)
    first = replaced(taken, vault)
    second = replaced("bob@acme.com", vault)
    assert len({taken, first, second}) == 3
    assert [vault.restore(first), vault.restore(second)] == [taken, "bob@acme.com"]


def test_a_stand_in_that_comes_back_is_no_value() -> None:
    vault = Vault()
    left = replaced("bob@acme.com", vault)
    verdict = GUARD.check(f"{left} {left.upper()}", vault=vault)
    assert (verdict.action, verdict.text) == (Action.ALLOW, f"{left} {left.upper()}")


def test_a_full_vault_says_so_and_forgets_nothing() -> None:
    vault = Vault(max_entries=1)
    left = replaced("bob@acme.com", vault)
    with pytest.raises(VaultFull) as caught:
        replaced("ann@acme.com", vault)
    assert "ann" not in str(caught.value)
    assert replaced("bob@acme.com", vault) == left
    assert vault.restore(left) == "bob@acme.com"


def test_there_are_stand_ins_for_every_value_even_where_a_range_runs_out() -> None:
    vault = Vault()
    numbers = [f"10.{n >> 8}.{n & 255}.7" for n in range(2_000)]
    left = [replaced(number, vault) for number in numbers]
    assert len(set(left)) == len(numbers)
    assert [vault.restore(each) for each in left] == numbers


def test_shadow_replaces_nothing() -> None:
    verdict = PII(action="pseudonymize", mode="shadow").check("bob@acme.com")
    assert (verdict.action, verdict.text) == (Action.PSEUDONYMIZE, "bob@acme.com")


def test_a_pending_replacement_is_a_label_until_a_vault_fills_it() -> None:
    assert GUARD.replacement(GUARD.rules[0], "bob@acme.com") == "[EMAIL]"


def test_a_vault_shows_nothing_and_is_neither_pickled_nor_copied() -> None:
    vault = Vault(key=KEY)
    left = replaced("bob@acme.com", vault)
    for shown in (repr(vault), str(vault), f"{vault}", str(dir(vault))):
        assert not any(word in shown for word in ("bob", left, KEY))
    for leaves in (pickle.dumps, copy.copy, copy.deepcopy):
        with pytest.raises(TypeError, match="neither pickled nor copied"):
            leaves(vault)


def test_its_guard_is_pickled_without_any_stand_in() -> None:
    guard = PII(action="pseudonymize", scope="session", hash_key=KEY)
    guard.check("bob@acme.com")
    assert pickle.loads(pickle.dumps(guard)) == guard
    assert KEY not in repr(guard) + repr(guard.pseudonyms)


@pytest.mark.parametrize(
    ("parameters", "problem"), [({"key": "short"}, "at least 16 bytes"), ({"max_entries": 0}, "at least 1")]
)
def test_a_vault_that_cannot_work_is_refused(parameters: dict[str, object], problem: str) -> None:
    with pytest.raises(ConfigurationError, match=problem):
        Vault(**parameters)  # type: ignore[arg-type]


def test_threads_that_share_a_vault_get_the_same_stand_ins() -> None:
    vault = Vault()
    values = [f"user{number}@acme.com" for number in range(200)]
    with ThreadPoolExecutor(8) as pool:
        runs = list(pool.map(lambda _: [replaced(value, vault) for value in values], range(8)))
    assert all(run == runs[0] for run in runs)
    assert len(vault) == len(set(runs[0])) == len(values)


def test_draws_are_even_and_never_run_out() -> None:
    draw = Draw(b"key", "value")
    drawn = [draw.below(10) for _ in range(5_000)]
    assert all(400 < drawn.count(digit) < 600 for digit in range(10))
    assert [Draw(b"key", "value").below(10) for _ in range(3)] == drawn[:1] * 3
