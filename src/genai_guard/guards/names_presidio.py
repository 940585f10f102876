"""A recogniser of names for `Names`: an analyzer engine of presidio. Needs the extra `presidio` to make one."""

from __future__ import annotations

from collections.abc import Mapping
from importlib import import_module
from pathlib import Path
from typing import Any, Final

from genai_guard.errors import ConfigurationError
from genai_guard.guards.names import LABELS, NamedSpan

__all__ = ["PresidioRecogniser"]


class PresidioRecogniser:
    """Recognises names by what an analyzer engine of presidio finds.

    Args:
        engine: The engine, or the name or path of an installed spaCy pipeline, such as `en_core_web_sm`, on which one is
            built. Nothing is downloaded.
        language: Language of the texts.
        labels: What its entities stand for; the engine is asked for no others.

    Raises:
        ConfigurationError: presidio or the pipeline is not installed, or the engine knows none of `labels` in this
            language.
    """

    __slots__ = ("_engine", "_entities", "_labels", "_language")

    def __init__(self, engine: Any, *, language: str = "en", labels: Mapping[str, str] = LABELS) -> None:
        self._engine: Final[Any] = _built(engine, language) if isinstance(engine, str) else engine
        self._language: Final = language
        self._labels: Final = dict(labels)
        self._entities: Final = sorted(self._labels.keys() & _supported(self._engine, language))
        if not self._entities:
            raise ConfigurationError(
                f"PresidioRecogniser(language={language!r}): the engine finds none of {', '.join(self._labels)}; "
                "give it a recognizer of names"
            )

    def __call__(self, text: str, /) -> list[NamedSpan]:
        """Return the names in `text`."""
        found = self._engine.analyze(text=text, language=self._language, entities=self._entities)
        return [NamedSpan(each.start, each.end, self._labels[each.entity_type], each.score) for each in found]


def _supported(engine: Any, language: str) -> set[str]:
    try:
        return set(engine.get_supported_entities(language))
    except ValueError:  # it has nothing for this language at all
        return set()


def _built(pipeline: str, language: str) -> Any:
    try:
        presidio, engines = import_module("presidio_analyzer"), import_module("presidio_analyzer.nlp_engine")
        is_package = import_module("spacy").util.is_package
    except ModuleNotFoundError:
        raise ConfigurationError("PresidioRecogniser needs an extra: pip install 'genai_guard[presidio]'") from None
    if not (is_package(pipeline) or Path(pipeline).exists()):  # presidio would download it
        raise ConfigurationError(
            f"PresidioRecogniser(engine={pipeline!r}): there is no such spaCy pipeline here; install its package, "
            f"as by: python -m spacy download {pipeline}"
        )
    models = [{"lang_code": language, "model_name": pipeline}]
    provider = engines.NlpEngineProvider(nlp_configuration={"nlp_engine_name": "spacy", "models": models})
    return presidio.AnalyzerEngine(nlp_engine=provider.create_engine(), supported_languages=[language])
