"""The guards find at least so much of the corpus and are wrong at most so often; the harness counts as it says."""

from __future__ import annotations

import importlib
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from types import ModuleType
from typing import Any

import pytest

from corpus.markup import Label, Row, negatives, parse, positives
from genai_guard.guards import PII, Secrets
from genai_guard.text.canonical import canonical
from genai_guard.verdicts import Finding, Verdict

ROOT = Path(__file__).parents[2]
RECALL = {
    "EMAIL": 0.99, "IBAN": 0.95, "PAYMENT_CARD": 0.94, "IP_ADDRESS": 0.99, "URL_CREDENTIALS": 0.97, "PHONE": 0.5, "US_SSN": 0.75,
    "UK_NHS": 0.95, "DE_TAX_ID": 0.95, "IT_CODICE_FISCALE": 0.95, "CN_RESIDENT_ID": 0.95, "PL_PESEL": 0.95,
    "CONNECTION_STRING": 0.95, "PRIVATE_KEY": 0.95, "STRIPE_KEY": 0.95, "SLACK_TOKEN": 0.95, "AWS_ACCESS_KEY_ID": 0.95,
}  # fmt: skip
"""Least recall of a kind."""
RECALL_OF_ALL = {"PII": 0.75, "Secrets": 0.88}
"""Least recall of all kinds that a guard looks for, together."""
PRECISION_OF_ALL = 0.9
FLAGGED = {"PII()": 0.02, "PII, all": 0.03, "Secrets()": 0.01}
"""Most clean texts with a finding."""
CANONICAL = {
    "look-alike letters": 0.93,
    "one look-alike letter": 0.95,
    "base64": 0.75,
    "hexadecimal": 0.96,
}
"""Least recall in the canonical form of disguised texts, where it is not 0.97.

An island has 16 characters at least, so a value of fewer than 12 in base64, or 8 in hexadecimal, is not seen."""


@pytest.fixture(scope="module")
def scoring() -> Iterator[ModuleType]:
    with pytest.MonkeyPatch.context() as patch:
        patch.syspath_prepend(str(ROOT / "benchmarks"))
        yield importlib.import_module("scoring")


@pytest.fixture(scope="module")
def quality(scoring: ModuleType) -> ModuleType:
    return importlib.import_module("quality")


@pytest.fixture(scope="module")
def guards(scoring: ModuleType) -> dict[str, Any]:
    return {"PII": scoring.everything(), "Secrets": Secrets(action="flag")}


@pytest.fixture(scope="module")
def plain(scoring: ModuleType, guards: dict[str, Any]) -> Any:
    return scoring.score(guards, positives())


@pytest.mark.parametrize("category", sorted(RECALL))
def test_a_kind_is_found(category: str, plain: Any) -> None:
    assert plain.hits[category] >= RECALL[category] * plain.labels[category] > 0


@pytest.mark.parametrize("guard", sorted(RECALL_OF_ALL))
def test_a_guard_finds_what_it_looks_for(guard: str, guards: dict[str, Any], plain: Any) -> None:
    known = {rule.category for rule in guards[guard].rules} & plain.labels.keys()
    hits, of = (sum(counts[name] for name in known) for counts in (plain.hits, plain.labels))
    assert hits >= RECALL_OF_ALL[guard] * of > 0


def test_what_is_found_is_found_from_the_first_character_to_the_last(plain: Any) -> None:
    assert plain.exact.total() >= 0.97 * plain.hits.total()


def test_findings_among_positives_are_right(plain: Any) -> None:
    right = plain.right.total()
    assert right >= PRECISION_OF_ALL * (right + plain.misnamed.total() + plain.stray.total())
    assert plain.stray.total() <= 0.01 * right


@pytest.mark.parametrize("name", sorted(FLAGGED))
def test_clean_texts_are_left_alone(name: str, scoring: ModuleType) -> None:
    clean = negatives()
    if not clean:
        pytest.skip("THE NEGATIVES ARE MISSING: no tests/corpus/negatives/*.jsonl, nothing is known of false alarms")
    guard = {"PII()": PII(action="flag"), "PII, all": scoring.everything(), "Secrets()": Secrets(action="flag")}[name]
    found = scoring.alarms(guard, clean)
    assert found.flagged["all"] <= FLAGGED[name] * found.rows["all"]


def in_canonical_form(row: Row, guard: Any, scoring: ModuleType) -> list[Any]:
    """Find in the form that a reader sees, and point into the original."""
    form = canonical(row.text)
    if form is None:
        found: list[Any] = scoring.spans(guard, row.text)
        return found
    spans = scoring.spans(guard, form.text)
    return [scoring.Span(span.category, *form.original_span(span.start, span.end)) for span in spans]


def test_disguised_values_are_found_in_the_canonical_form(scoring: ModuleType, guards: dict[str, Any]) -> None:
    sample = list(scoring.found_plain(guards, positives()[::7]))
    rates = {}
    for evasion in scoring.EVASIONS:
        hits = []
        for row in filter(None, (scoring.disguised(row, evasion) for row in sample)):
            spans = [span for guard in guards.values() for span in in_canonical_form(row, guard, scoring)]
            hits += [scoring.found(label, spans) for label in row.labels]
        rates[evasion] = sum(hits) / len(hits)
    assert {name: rate for name, rate in rates.items() if rate < CANONICAL.get(name, 0.97)} == {}


class Finds:
    """Finds what it is told."""

    def __init__(self, *spans: tuple[str, int, int]) -> None:
        self._findings = tuple(Finding("x", *span, 1.0, "x") for span in spans)

    def check(self, text: str, /) -> Verdict:
        return replace(PII(action="flag").check(""), text=text, findings=self._findings)


def row(marked: str) -> Row:
    return Row("x", "en", "mail", *parse(marked))


TEN = row("at ⟦EMAIL|abcdefghij⟧ now")


@pytest.mark.parametrize(
    ("span", "hit", "exact", "anyhow"),
    [
        (("EMAIL", 3, 13), 1, 1, 1),
        (("EMAIL", 3, 11), 1, 0, 1),
        (("EMAIL", 3, 10), 0, 0, 0),
        (("EMAIL", 0, 17), 1, 0, 1),
        (("PHONE", 3, 13), 0, 0, 1),
        (("EMAIL", 14, 17), 0, 0, 0),
    ],
)
def test_a_label_counts_as_found(
    span: tuple[str, int, int], hit: int, exact: int, anyhow: int, scoring: ModuleType
) -> None:
    result = scoring.score({"PII": Finds(span)}, [TEN])
    counts = [result.labels["EMAIL"], result.hits["EMAIL"], result.exact["EMAIL"], result.anyhow["EMAIL"]]
    assert counts == [1, hit, exact, anyhow]


@pytest.mark.parametrize(
    ("span", "which"),
    [(("EMAIL", 3, 6), "right"), (("PHONE", 3, 13), "misnamed"), (("EMAIL", 14, 17), "stray")],
)
def test_a_finding_is_right_or_misnamed_or_stray(span: tuple[str, int, int], which: str, scoring: ModuleType) -> None:
    result = scoring.score({"PII": Finds(span)}, [TEN])
    counts = {name: getattr(result, name).total() for name in ("right", "misnamed", "stray")}
    assert counts == {"right": 0, "misnamed": 0, "stray": 0} | {which: 1}


def test_a_general_name_for_a_key_is_right_but_does_not_find_it(scoring: ModuleType) -> None:
    key = row("k ⟦STRIPE_KEY|abcdefghij⟧")
    result = scoring.score({"Secrets": Finds(("SECRET", 2, 12))}, [key])
    assert (result.right["SECRET"], result.hits["STRIPE_KEY"], result.anyhow["STRIPE_KEY"]) == (1, 0, 1)


def test_the_context_of_a_secret_is_no_part_of_it(scoring: ModuleType) -> None:
    text = "password = 'kD8vQ2xLm4Zt'"
    (span,) = scoring.spans(Secrets(action="flag"), text)
    assert text[span.start : span.end] == "kD8vQ2xLm4Zt"


def test_false_alarms_are_counted_in_rows_by_source_and_language(scoring: ModuleType) -> None:
    clean = [Row("a", "en", "chat", "one two"), Row("b", "de", "chat", "drei")]
    found = scoring.alarms(Finds(("EMAIL", 0, 1), ("EMAIL", 2, 3), ("PHONE", 0, 1)), clean, most=1)
    assert found.rows == {"all": 2, "source chat": 2, "language en": 1, "language de": 1}
    assert found.flagged == found.rows
    assert found.by_category == {"EMAIL": 2, "PHONE": 2}
    assert len(found.examples["EMAIL"]) == 1
    assert scoring.alarms(Finds(), clean).flagged.total() == 0


def test_misses_are_kept_as_examples(scoring: ModuleType) -> None:
    misses = scoring.Misses(1)
    scoring.score({"PII": Finds()}, [TEN, TEN], misses)
    assert misses.examples == {"EMAIL": [(TEN, Label("EMAIL", 3, 13))]}


@pytest.mark.parametrize(
    ("hits", "of", "low", "high"),
    [(0, 10, 0.0, 0.2775), (10, 10, 0.7225, 1.0), (50, 100, 0.4038, 0.5962), (0, 0, 0, 1)],
)
def test_the_interval_is_that_of_wilson(hits: int, of: int, low: float, high: float, scoring: ModuleType) -> None:
    assert scoring.wilson(hits, of) == pytest.approx((low, high), abs=1e-4)


def test_the_page_has_all_tables_with_and_without_negatives(quality: ModuleType) -> None:
    sample = positives()[::50]
    clean = [Row("n1", "fr", "recettes", "Deux œufs et 125 g de farine.")]
    for those in ([], clean):
        measured = quality.measure(sample, those, examples=1)
        written = quality.page(measured)
        assert "{" not in written.replace("`{", "")
        assert written.count("\n|") > 60
        assert ("recettes" in written) == bool(those)
        assert all(name in written for name in measured.evasions)


def test_the_committed_page_has_the_tables_of_the_harness(quality: ModuleType) -> None:
    page = (ROOT / "docs" / "reference" / "detection-quality.md").read_text(encoding="utf-8")
    fresh = quality.page(quality.measure(positives()[::50], []))
    heads = [line for line in fresh.splitlines() if line.startswith(("#", "- **"))]
    assert [line for line in heads if line not in page] == []
