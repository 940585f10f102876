"""The options of `PII`: thresholds, groups, exceptions, what a mask keeps."""

from __future__ import annotations

import pickle
from dataclasses import replace

import pytest

from genai_guard.guards import PII
from genai_guard.guards.entities import ENTITIES


def categories(guard: PII, text: str) -> list[str]:
    return [finding.category for finding in guard.check(text).findings]


def test_a_threshold_leaves_out_the_rules_below_it() -> None:
    guard = PII(["EMAIL", "PL_PESEL"])
    text = "bob@example.com 44051401359, PESEL: 44051401359"
    assert categories(guard, text) == ["EMAIL", "PL_PESEL", "PL_PESEL"]
    assert categories(replace(guard, threshold=0.9), text) == ["EMAIL", "PL_PESEL"]
    assert categories(replace(guard, thresholds={"PL_PESEL": 0.95}), text) == ["EMAIL", "PL_PESEL"]
    assert all(rule.score >= 0.8 for rule in PII().rules)
    assert {rule.score < 0.5 for rule in PII(threshold=0).rules} == {True, False}


@pytest.mark.parametrize(
    ("group", "name"),
    [("DE", "DE_TAX_ID"), ("EUROPE", "PL_PESEL"), ("AMERICAS", "US_SSN"), ("ASIA", "ZA_ID"), ("ALL", "BIC")],
)
def test_a_group_stands_for_its_entities(group: str, name: str) -> None:
    found = {rule.category for rule in PII([group]).rules}
    assert name in found
    assert ("EMAIL" in found) == (group == "ALL")


def test_the_default_group_can_be_added_to() -> None:
    assert {rule.category for rule in PII(["DEFAULT", "BIC"]).rules} == {*ENTITIES, "BIC"}


def test_values_that_are_allowed_are_passed_over_in_any_way_of_writing() -> None:
    guard = PII(allow=["Bob@example.com", "4111-1111-1111-1111", "@Example.org"])
    text = "BOB@EXAMPLE.COM, 4111 1111 1111 1111, ann@example.org, a@sub.example.org, a@notexample.org, al@example.com"
    assert guard.check(text).text == "BOB@EXAMPLE.COM, 4111 1111 1111 1111, ann@example.org, [EMAIL], [EMAIL], [EMAIL]"


def test_a_domain_that_is_allowed_allows_nothing_but_addresses() -> None:
    assert categories(PII("URL_CREDENTIALS", allow="@db.example"), "pg://bob:secret@db.example") == ["URL_CREDENTIALS"]


def test_what_is_allowed_is_in_no_repr() -> None:
    guard = PII(allow="bob@example.com")
    assert "bob" not in repr(guard)
    assert pickle.loads(pickle.dumps(guard)) == guard


@pytest.mark.parametrize(
    ("keep", "masked"),
    [(0, "**** **** **** ****"), (2, "**** **** **** **11"), (4, "**** **** **** 1111"), (8, "**** **** 1111 1111")],
)
def test_a_mask_keeps_as_many_as_it_is_told(keep: int, masked: str) -> None:
    guard = PII(action="mask", keep_last=keep)
    assert guard.check("bob@example.com, 4111 1111 1111 1111").text == f"***@example.com, {masked}"


def test_a_mask_hides_at_least_half() -> None:
    assert PII("UK_SORT_CODE", action="mask", keep_last=8).check("sort code 12-34-56").text == "sort code **-*4-56"
