"""The recognisers of names, with the libraries that they adapt; without them all but a few tests are skipped."""

from __future__ import annotations

import sys
from importlib.util import find_spec
from pathlib import Path
from typing import Any

import pytest

from genai_guard import ConfigurationError, Pipeline
from genai_guard.guards import Names, PresidioRecogniser, SpacyRecogniser

TEXT = "Ada Lovelace of Acme wrote from London in 1843."
needs_spacy = pytest.mark.skipif(find_spec("spacy") is None, reason="spaCy is not installed: nox -s recognisers")
needs_presidio = pytest.mark.skipif(
    find_spec("presidio_analyzer") is None, reason="presidio is not installed: nox -s recognisers"
)
ignoring_them = pytest.mark.filterwarnings("ignore")  # what these libraries warn about is no concern of ours


def pipeline() -> Any:
    """A pipeline that knows a few names by heart, and so needs no model."""
    import spacy  # type: ignore[import-not-found,unused-ignore]

    made = spacy.blank("en")
    patterns = [
        {"label": "PERSON", "pattern": "Ada Lovelace"},
        {"label": "ORG", "pattern": "Acme"},
        {"label": "GPE", "pattern": "London"},
        {"label": "DATE", "pattern": "1843"},
    ]
    made.add_pipe("entity_ruler").add_patterns(patterns)  # type: ignore[attr-defined,unused-ignore]
    return made


def engine() -> Any:
    """An engine with one recogniser of its own, on a pipeline without a model."""
    from presidio_analyzer import AnalyzerEngine, Pattern, PatternRecognizer, RecognizerRegistry  # type: ignore[import-not-found,unused-ignore]

    registry = RecognizerRegistry(supported_languages=["en"])
    person = Pattern("ada", r"Ada Lovelace", 0.7)
    registry.add_recognizer(PatternRecognizer(supported_entity="PERSON", patterns=[person], supported_language="en"))
    year = Pattern("year", r"\d{4}", 0.9)
    registry.add_recognizer(PatternRecognizer(supported_entity="DATE_TIME", patterns=[year], supported_language="en"))
    return AnalyzerEngine(registry=registry, nlp_engine=nlp_engine(), supported_languages=["en"])


def nlp_engine() -> Any:
    from presidio_analyzer.nlp_engine import NerModelConfiguration, SpacyNlpEngine  # type: ignore[import-not-found,unused-ignore]

    made = SpacyNlpEngine(
        models=[{"lang_code": "en", "model_name": "none"}],
        ner_model_configuration=NerModelConfiguration(labels_to_ignore=["DATE"]),
    )
    made.nlp = {"en": pipeline()}
    return made


@needs_spacy
@ignoring_them
def test_spacy_finds_names_and_other_entities_are_left_out() -> None:
    guard = Names(SpacyRecogniser(pipeline()))
    assert guard.check(TEXT).text == "[PERSON] of [ORGANISATION] wrote from [PLACE] in 1843."
    assert {finding.score for finding in guard.check(TEXT).findings} == {0.85}


@needs_spacy
@ignoring_them
def test_a_pipeline_is_loaded_by_its_path(tmp_path: Path) -> None:
    pipeline().to_disk(tmp_path / "mine")
    recogniser = SpacyRecogniser(str(tmp_path / "mine"), labels={"DATE": "PLACE"}, score=0.6)
    assert recogniser(TEXT) == [(42, 46, "PLACE", 0.6)]


@needs_spacy
@ignoring_them
def test_a_pipeline_that_is_not_there_is_told_and_not_downloaded() -> None:
    with pytest.raises(ConfigurationError, match="there is no such pipeline here; install its package"):
        SpacyRecogniser("en_core_web_none")


@needs_presidio
@ignoring_them
def test_presidio_is_asked_for_names_alone() -> None:
    guard = Names(PresidioRecogniser(engine()), action="mask")
    verdict = Pipeline(output=[guard]).scan_output(TEXT)
    assert verdict.text == "A*** L*** of Acme wrote from London in 1843."
    assert [finding.score for finding in verdict.findings] == [0.7]


@needs_presidio
@ignoring_them
def test_presidio_is_built_on_a_pipeline(tmp_path: Path) -> None:
    pipeline().to_disk(tmp_path / "mine")
    guard = Names(PresidioRecogniser(str(tmp_path / "mine")), timeout_s=30)
    assert guard.check(TEXT).text.startswith("[PERSON] of ")
    assert guard.check(TEXT).text.endswith("wrote from [PLACE] in 1843.")


@needs_presidio
@ignoring_them
def test_an_engine_without_names_and_a_pipeline_that_is_not_there_are_told() -> None:
    with pytest.raises(ConfigurationError, match="the engine finds none of PERSON, PLACE"):
        PresidioRecogniser(engine(), language="fr")
    with pytest.raises(ConfigurationError, match="the engine finds none of NRP"):
        PresidioRecogniser(engine(), labels={"NRP": "ORGANISATION"})
    with pytest.raises(ConfigurationError, match="there is no such spaCy pipeline here"):
        PresidioRecogniser("en_core_web_none")


@pytest.mark.parametrize(
    ("library", "recogniser", "extra"),
    [("spacy", SpacyRecogniser, "spacy"), ("presidio_analyzer", PresidioRecogniser, "presidio")],
)
def test_a_library_that_is_missing_is_told_by_its_extra(
    monkeypatch: pytest.MonkeyPatch, library: str, recogniser: Any, extra: str
) -> None:
    monkeypatch.setitem(sys.modules, library, None)
    with pytest.raises(ConfigurationError, match=rf"needs an extra: pip install 'genai_guard\[{extra}\]'"):
        recogniser("en_core_web_sm")
