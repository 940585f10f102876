"""`TransformersClassifier`: a model for text classification in a folder of this machine. Needs the extra `transformers`."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from importlib import import_module
from pathlib import Path
from typing import Any, ClassVar, Final, cast

from genai_guard.errors import ConfigurationError
from genai_guard.guards.classifiers.categories import category_of, merged

__all__ = ["TransformersClassifier"]

_NO_LABELS: Final[Mapping[str, str]] = {}
_SPECIAL: Final = 2
"""Tokens that stand around each text."""


class TransformersClassifier:
    """A classifier that runs a sequence-classification model of `transformers`, loaded from a folder when it is built.

    Nothing is downloaded: the folder holds the model and its tokenizer, as `save_pretrained` writes them. A text that
    is longer than the model reads is cut into windows of tokens, and of each category the highest score counts.

    Args:
        path: The folder.
        labels: Labels of the model, and which of `CATEGORIES`, or which name of your own, they stand for. Common ones
            need not be said (`toxic`, `threat`, `identity_hate`, `S`, `V2`). Labels that stand for nothing are left out.
        max_tokens: Tokens that the model reads at a time.
        batch_size: Windows that the model is given at a time.

    Raises:
        ConfigurationError: `transformers` is not installed, the folder holds no model, or none of its labels is known.
    """

    __slots__ = ("_batch_size", "_labels", "_max_tokens", "_path", "_pipeline")
    blocking: ClassVar[bool] = True

    def __init__(
        self, path: str | Path, *, labels: Mapping[str, str] = _NO_LABELS, max_tokens: int = 512, batch_size: int = 8
    ) -> None:
        for name, value in (("max_tokens", max_tokens - _SPECIAL), ("batch_size", batch_size)):
            if value < 1:
                raise ConfigurationError(f"TransformersClassifier({name}=...) is too small")
        self._path: Final = str(path)
        self._labels: Final = dict(labels)
        self._max_tokens: Final = max_tokens
        self._batch_size: Final = batch_size
        self._pipeline: Final[Any] = _loaded(self._path)
        self._check_labels()

    def classify(self, text: str, /) -> dict[str, float]:
        """Return the scores of the model by our categories."""
        answers = self._pipeline(list(self._windows(text)), top_k=None, truncation=True, batch_size=self._batch_size)
        scores = ((each["label"], float(each["score"])) for answer in answers for each in answer)
        return merged(scores, self._labels)

    def __reduce__(self) -> Any:
        """Load the model again where it is needed."""
        return _rebuilt, (self._path, self._labels, self._max_tokens, self._batch_size)

    def _windows(self, text: str) -> Iterator[str]:
        most = self._max_tokens - _SPECIAL
        encoded = self._pipeline.tokenizer(
            text, add_special_tokens=False, return_offsets_mapping=True, truncation=False, verbose=False
        )
        offsets = cast("list[tuple[int, int]]", encoded["offset_mapping"])
        for first in range(0, len(offsets), most) or (0,):
            part = offsets[first : first + most]
            yield text[part[0][0] : part[-1][1]] if part else text

    def _check_labels(self) -> None:
        names = cast("Mapping[int, str]", self._pipeline.model.config.id2label).values()
        if not any(category_of(name, self._labels) for name in names):
            raise ConfigurationError(
                f"TransformersClassifier(labels=...): say what the labels of the model stand for: {_listed(names)}"
            )


def _listed(names: Iterable[str]) -> str:
    return ", ".join(list(names)[:12])


def _loaded(path: str) -> Any:
    if not Path(path).is_dir():
        raise ConfigurationError(
            f"TransformersClassifier(path={path!r}): there is no such folder; nothing is downloaded"
        )
    try:
        transformers: Any = import_module("transformers")
    except ModuleNotFoundError:
        raise ConfigurationError(
            "TransformersClassifier needs an extra: pip install 'genai_guard[transformers]'"
        ) from None
    try:
        tokenizer = transformers.AutoTokenizer.from_pretrained(path, local_files_only=True, use_fast=True)
        model = transformers.AutoModelForSequenceClassification.from_pretrained(path, local_files_only=True)
    except (OSError, ValueError) as error:
        raise ConfigurationError(
            f"TransformersClassifier(path={path!r}): the folder holds no model for text classification with its tokenizer"
        ) from error
    return transformers.pipeline("text-classification", model=model, tokenizer=tokenizer)


def _rebuilt(path: str, labels: Mapping[str, str], max_tokens: int, batch_size: int) -> TransformersClassifier:
    return TransformersClassifier(path, labels=labels, max_tokens=max_tokens, batch_size=batch_size)
