"""A recogniser of names for `Names`: a pipeline of spaCy. Needs the extra `spacy` to load one by its name."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from importlib import import_module
from typing import Any, Final

from genai_guard.errors import ConfigurationError
from genai_guard.guards.names import LABELS, NamedSpan

__all__ = ["SpacyRecogniser"]


class SpacyRecogniser:
    """Recognises names by the entities of a spaCy pipeline.

    Args:
        pipeline: The pipeline, or the name or path of an installed one, such as `en_core_web_sm`. Nothing is downloaded.
        labels: What its labels stand for; entities with other labels, such as dates, are left out.
        score: Score of every name: the pipelines of spaCy tell none.

    Raises:
        ConfigurationError: spaCy or the pipeline is not installed.
    """

    __slots__ = ("_labels", "_pipeline", "_score")

    def __init__(
        self, pipeline: str | Callable[[str], Any], *, labels: Mapping[str, str] = LABELS, score: float = 0.85
    ) -> None:
        self._pipeline: Final = _loaded(pipeline) if isinstance(pipeline, str) else pipeline
        self._labels: Final = dict(labels)
        self._score: Final = score

    def __call__(self, text: str, /) -> list[NamedSpan]:
        """Return the names in `text`."""
        return [
            NamedSpan(entity.start_char, entity.end_char, self._labels[entity.label_], self._score)
            for entity in self._pipeline(text).ents
            if entity.label_ in self._labels
        ]


def _loaded(name: str) -> Callable[[str], Any]:
    try:
        spacy = import_module("spacy")
    except ModuleNotFoundError:
        raise ConfigurationError("SpacyRecogniser needs an extra: pip install 'genai_guard[spacy]'") from None
    try:
        pipeline: Callable[[str], Any] = spacy.load(name)
    except OSError:
        raise ConfigurationError(
            f"SpacyRecogniser(pipeline={name!r}): there is no such pipeline here; install its package, "
            f"as by: python -m spacy download {name}"
        ) from None
    return pipeline
