"""The names are those of the conventions."""

from __future__ import annotations

from opentelemetry.semconv._incubating.attributes import feature_flag_attributes, gen_ai_attributes
from opentelemetry.semconv._incubating.metrics import gen_ai_metrics
from opentelemetry.semconv.attributes import error_attributes
from opentelemetry.semconv.schemas import Schemas

from docs.pages import ROOT
from genai_guard.recording.telemetry import names
from genai_guard.routing import Reason

PUBLISHED = {
    value
    for module in (feature_flag_attributes, gen_ai_attributes, gen_ai_metrics, error_attributes)
    for value in vars(module).values()
    if isinstance(value, str)
} | {names.FLAG_EVENT, names.EVALUATION_EVENT}


def used() -> set[str]:
    found = {value for name, value in vars(names).items() if name.isupper() and isinstance(value, str)}
    return (found | set(names.REQUEST_NUMBERS.values())) - {names.SCOPE, names.SCHEMA_URL}


def test_every_name_is_published_or_has_our_prefix() -> None:
    assert {name for name in used() if not name.startswith("genai_guard.")} <= PUBLISHED


def test_no_name_has_two_meanings() -> None:
    listed = [value for name, value in vars(names).items() if name.isupper() and isinstance(value, str)]
    assert len(listed) == len(set(listed))


def test_every_reason_of_an_assignment_has_one_of_a_flag() -> None:
    published = {each.value for each in feature_flag_attributes.FeatureFlagResultReasonValues}
    assert {names.FLAG_REASONS.get(reason, "default") for reason in Reason} <= published


def test_the_schema_is_one_that_is_published() -> None:
    assert names.SCHEMA_URL in {each.value for each in Schemas}


def test_every_name_stands_on_the_page() -> None:
    page = (ROOT / "docs" / "reference" / "telemetry.md").read_text(encoding="utf-8")
    assert [name for name in sorted(used()) if f"`{name}`" not in page] == []
