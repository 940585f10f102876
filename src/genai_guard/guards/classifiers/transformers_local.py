"""`TransformersClassifier`: a model for text classification in a folder of this machine. Needs the extra `transformers`."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from threading import Lock
from typing import Any, ClassVar, Final, cast

from genai_guard.errors import ConfigurationError
from genai_guard.frozen import FrozenDict
from genai_guard.guards.base import settle
from genai_guard.guards.classifiers.adapter import Adapter, imported
from genai_guard.guards.classifiers.categories import check_labels, merged
from genai_guard.guards.classifiers.token_windows import SPECIAL, check_sizes, spans

__all__ = ["TransformersClassifier"]

_NAME: Final = "TransformersClassifier"
_UNBOUNDED: Final = 1 << 30


@dataclass(frozen=True)
class TransformersClassifier(Adapter):
    """A classifier that runs a sequence-classification model of `transformers`, loaded from a folder when it is built.

    Nothing is downloaded: the folder holds the model and its tokenizer, as `save_pretrained` writes them. A text that
    is longer than the model reads is cut into windows of tokens that overlap by an eighth, and of each category the highest
    score counts. One text is scored at a time, whatever the number of threads; the model itself may use several.

    Args:
        path: The folder.
        labels: Labels of the model, and which of `CATEGORIES`, or which name of your own, they stand for. Common ones
            need not be said (`toxic`, `threat`, `identity_hate`, `S`, `V2`). Labels that stand for nothing are left out.
        max_tokens: Tokens that the model reads at a time; fewer if its configuration says so.
        batch_size: Windows that the model is given at a time.

    Raises:
        ConfigurationError: `transformers` is not installed, the folder holds no model, or none of its labels is known.
    """

    path: str | Path
    labels: Mapping[str, str] = field(default_factory=FrozenDict[str, str], kw_only=True)
    max_tokens: int = field(default=512, kw_only=True)
    batch_size: int = field(default=8, kw_only=True)
    _pipeline: Any = field(init=False, repr=False, compare=False)
    _lock: Lock = field(init=False, repr=False, compare=False)

    blocking: ClassVar[bool] = True

    def __post_init__(self) -> None:
        check_sizes(_NAME, max_tokens=self.max_tokens, batch_size=self.batch_size)
        settle(self, path=str(self.path), labels=FrozenDict(self.labels))
        # A tokenizer that is told where to cut serves one thread at a time.
        settle(self, _pipeline=_loaded(str(self.path)), _lock=Lock())
        check_labels(_NAME, list(self._pipeline.model.config.id2label.values()), self.labels)

    def classify(self, text: str, /) -> dict[str, float]:
        """Return the scores of the model by our categories."""
        most = min(self.max_tokens, _most_tokens(self._pipeline))
        with self._lock:
            windows = list(_windows(text, self._pipeline.tokenizer, most - SPECIAL))
            answers = self._pipeline(windows, top_k=None, truncation=True, max_length=most, batch_size=self.batch_size)
        scores = ((each["label"], float(each["score"])) for answer in answers for each in answer)
        return merged(scores, self.labels)


def _windows(text: str, tokenizer: Any, size: int) -> Iterator[str]:
    encoded = tokenizer(text, add_special_tokens=False, return_offsets_mapping=True, truncation=False, verbose=False)
    offsets = cast("list[tuple[int, int]]", encoded["offset_mapping"])
    for first, end in spans(len(offsets), size):
        yield text[offsets[first][0] : offsets[end - 1][1]] if offsets else text


def _most_tokens(pipeline: Any) -> int:
    """Return how many tokens a model has places for; tokenizers that do not know it give a number beyond all bounds."""
    places = getattr(pipeline.model.config, "max_position_embeddings", None)
    return min(getattr(pipeline.tokenizer, "model_max_length", _UNBOUNDED), places or _UNBOUNDED)


def _loaded(path: str) -> Any:
    if not Path(path).is_dir():
        raise ConfigurationError(f"{_NAME}(path={path!r}): there is no such folder; nothing is downloaded")
    transformers = imported("transformers", needed_by=_NAME, extra="transformers")
    try:
        tokenizer = transformers.AutoTokenizer.from_pretrained(path, local_files_only=True, use_fast=True)
        model = transformers.AutoModelForSequenceClassification.from_pretrained(path, local_files_only=True)
    except (
        Exception
    ) as error:  # of whatever kind: other versions of the library raise others for files that are not theirs
        version = getattr(transformers, "__version__", "?")
        raise ConfigurationError(
            f"{_NAME}(path={path!r}): the folder holds no model for text classification with its tokenizer that "
            f"transformers {version} loads: {type(error).__name__}"
        ) from error
    if not set(tokenizer.get_vocab()).difference(tokenizer.all_special_tokens):  # some versions make an empty one
        raise ConfigurationError(
            f"{_NAME}(path={path!r}): the folder holds no tokenizer: there is no word that it knows"
        )
    return transformers.pipeline("text-classification", model=model, tokenizer=tokenizer)
