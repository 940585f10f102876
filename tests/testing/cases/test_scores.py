from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from genai_guard import Pipeline
from genai_guard.guards import PII, BlockedPatterns
from genai_guard.testing.cases import Scores, case_of, run_cases, score, vary_all
from genai_guard.testing.cases.scores import KINDS

POLICY = Pipeline(
    input=[
        PII(["EMAIL", "IBAN"], action="flag"),
        BlockedPatterns(["nightjar"], regexes=["INT-[0-9]+"], action="flag", category="PROJECT"),
    ]
)


def scored(*cases: dict[str, Any]) -> Scores:
    made = [case_of({"name": str(number), **case}) for number, case in enumerate(cases)]
    return score(run_cases(POLICY, made))


def counts(scores: Scores, kind: Any, name: str = "") -> tuple[int, int, int, int]:
    row = scores.of(kind, name)
    return row.true_positives, row.false_positives, row.false_negatives, row.true_negatives


MIXED: list[dict[str, Any]] = [
    {"text": "bob@example.com", "expect": "flag", "category": "EMAIL", "source": "mail"},
    {"text": "bob at home", "expect": "flag", "category": "EMAIL", "source": "mail"},
    {"text": "the nightjar", "expect": "flag", "category": "PROJECT", "source": "chat"},
    {"text": "INT-4711", "expect": "flag", "category": "PROJECT", "source": "chat"},
    {"text": "hello", "expect": "allow", "source": "chat"},
    {"text": "ask al@example.com", "expect": "allow", "source": "chat"},
]


def test_everything_is_counted_together() -> None:
    assert counts(scored(*MIXED), "all") == (3, 1, 1, 1)


def test_each_source_is_counted_apart() -> None:
    scores = scored(*MIXED)
    assert counts(scores, "source", "mail") == (1, 0, 1, 0)
    assert counts(scores, "source", "chat") == (2, 1, 0, 1)


def test_a_category_is_there_where_it_is_named_and_not_where_others_are() -> None:
    scores = scored(*MIXED)
    assert counts(scores, "category", "EMAIL") == (1, 1, 1, 3)
    assert counts(scores, "category", "PROJECT") == (2, 0, 0, 4)


def test_a_rule_is_there_where_its_category_is() -> None:
    scores = scored(*MIXED)
    assert counts(scores, "rule", "blocked_patterns.keywords") == (1, 0, 1, 4)
    assert counts(scores, "rule", "pii.email") == (1, 1, 1, 3)


def test_a_rule_that_is_named_is_there_alone() -> None:
    rule = "blocked_patterns.keywords"
    scores = scored({**MIXED[2], "rule": rule}, {**MIXED[3], "rule": "blocked_patterns.regexes[0]"})
    assert counts(scores, "rule", rule) == (1, 0, 0, 0)


def test_a_guard_is_asked_for_its_categories() -> None:
    scores = scored(*MIXED)
    assert counts(scores, "guard", "pii") == (1, 1, 1, 3)
    assert counts(scores, "guard", "blocked_patterns") == (2, 0, 0, 4)


def test_a_case_about_one_guard_counts_for_that_guard() -> None:
    scores = scored(
        {"text": "the nightjar", "expect": "flag", "guard": "blocked_patterns"},
        {"text": "x", "expect": "allow", "guard": "pii"},
    )
    assert counts(scores, "guard", "blocked_patterns") == (1, 0, 0, 0)
    assert counts(scores, "guard", "pii") == (0, 0, 0, 1)


def test_a_rule_that_never_fires_has_no_recall() -> None:
    scores = scored({"text": "nothing here", "expect": "flag", "category": "IBAN"})
    assert counts(scores, "rule", "pii.iban") == (0, 0, 1, 0)
    assert counts(scores, "guard", "pii") == (0, 0, 1, 0)


def test_what_a_case_says_nothing_of_is_not_counted() -> None:
    scores = scored({"text": "bob@example.com and the nightjar", "category": "EMAIL", "others": True})
    assert counts(scores, "category", "PROJECT") == (0, 0, 0, 0)
    assert counts(scores, "category", "EMAIL") == (1, 0, 0, 0)


def test_a_guard_of_the_other_side_has_not_kept_silent() -> None:
    pipeline = Pipeline(
        input=[PII(["EMAIL"], action="flag")],
        output=[BlockedPatterns(["nightjar"], action="flag", category="PROJECT")],
    )
    texts = [("bob@example.com", "input", "flag"), ("hi", "input", "allow"), ("hi", "output", "allow")]
    texts += [("the nightjar", "output", "flag")]
    scores = score(
        run_cases(pipeline, [case_of({"text": text, "side": side, "expect": act}) for text, side, act in texts])
    )
    assert counts(scores, "category", "EMAIL") == (0, 0, 0, 1)
    assert counts(scores, "rule", "pii.email") == (0, 0, 0, 1)
    assert counts(scores, "guard", "blocked_patterns") == (0, 0, 0, 1)


def test_a_guard_that_is_not_asked_has_not_kept_silent() -> None:
    scores = scored(
        {"text": "the nightjar", "expect": "flag", "category": "PROJECT"},
        {"text": "hello", "expect": "allow", "guard": "pii"},
    )
    assert counts(scores, "category", "PROJECT") == (1, 0, 0, 0)
    assert counts(scores, "rule", "blocked_patterns.keywords") == (1, 0, 0, 0)


def test_spans_are_counted_one_by_one() -> None:
    case = {
        "text": "bob@example.com, al@example.com and bob",
        "spans": [{"text": text, "category": "EMAIL"} for text in ("bob@example.com", "bob")],
    }
    assert counts(scored(case), "span", "EMAIL") == (1, 1, 1, 0)


def test_an_action_alone_is_a_label_too() -> None:
    scores = scored({"text": "bob@example.com", "expect": "flag"}, {"text": "nothing", "expect": {"not": "allow"}})
    assert counts(scores, "all") == (1, 0, 1, 0)


@pytest.mark.parametrize("fields", [{"spans": []}, {"categories": []}, {"expect": "allow"}])
def test_to_find_nothing_is_a_label_too(fields: dict[str, Any]) -> None:
    assert counts(scored({"text": "bob@example.com", **fields}), "category", "EMAIL") == (0, 1, 0, 0)
    assert counts(scored({"text": "bob@example.com", **fields}), "all") == (0, 1, 0, 0)


def test_disguises_are_counted_by_evasion_alone() -> None:
    cases = vary_all([case_of({"text": "bob@example.com", "expect": "flag", "spans": ["bob@example.com"]})], n=3)
    scores = score(run_cases(POLICY, cases))
    assert counts(scores, "all") == (1, 0, 0, 0)
    assert sum(row.true_positives for row in scores.rows if row.kind == "evasion") == 3


def test_cases_that_were_not_run_are_not_counted() -> None:
    assert (
        scored({"text": "x", "expect": "allow", "skip": "later"}, {"text": "x", "expect": "allow", "guard": "no"}).rows
        == ()
    )


def test_rates_have_intervals() -> None:
    row = scored(*MIXED).of("all")
    assert (row.recall.value, row.precision.value, row.false_positive_rate.value) == (0.75, 0.75, 0.5)
    assert row.recall.low < 0.75 < row.recall.high


def test_the_table_is_for_people() -> None:
    lines = scored(*MIXED).table(kinds=["all", "category"]).split("\n")
    assert lines[0].split() == ["there", "missed", "not", "there", "false", "recall", "precision", "false", "positives"]
    assert [line.split()[:5] for line in lines[1:]] == [
        ["all", "4", "1", "2", "1"],
        ["category", "EMAIL", "2", "1", "4"],
        ["category", "PROJECT", "2", "0", "4"],
    ]
    assert lines[1].endswith("50.0 % (9.5-90.5)")


def test_rules_that_no_case_is_about_are_left_out_of_the_table() -> None:
    scores = scored({"text": "bob@example.com", "expect": "flag"}, {"text": "hello", "expect": "allow"})
    assert counts(scores, "rule", "pii.email") == (0, 0, 0, 1)
    assert "rule" not in scores.table()


LABELS = st.fixed_dictionaries(
    {"text": st.sampled_from(["bob@example.com", "nightjar", "INT-1 and al@example.com", "hello"])},
    optional={
        "expect": st.sampled_from(["allow", "flag"]),
        "category": st.sampled_from(["EMAIL", "PROJECT", "IBAN"]),
        "rule": st.sampled_from(["pii.email", "blocked_patterns.keywords"]),
        "others": st.booleans(),
        "source": st.sampled_from(["a", "b"]),
    },
)


@given(st.lists(LABELS.filter(lambda each: bool({"expect", "category", "rule"} & each.keys())), max_size=12))
def test_no_count_is_larger_than_the_number_of_cases(cases: list[dict[str, Any]]) -> None:
    rows = scored(*cases).rows
    assert all(0 <= row.recall.trials + row.false_positive_rate.trials <= len(cases) for row in rows)
    assert [row.kind for row in rows] == sorted((row.kind for row in rows), key=KINDS.index)


@pytest.mark.parametrize("kind", KINDS)
def test_what_was_not_seen_has_an_empty_score(kind: Any) -> None:
    assert counts(scored(), kind, "x") == (0, 0, 0, 0)
