"""`OnnxClassifier`: an ONNX model for text classification in a file of this machine. Needs the extra `onnx`."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, ClassVar, Final, Literal, NamedTuple, cast, get_args

from genai_guard.errors import ConfigurationError
from genai_guard.frozen import FrozenDict
from genai_guard.guards.base import settle
from genai_guard.guards.classifiers.adapter import Adapter, imported
from genai_guard.guards.classifiers.categories import check_labels, merged
from genai_guard.guards.classifiers.token_windows import SPECIAL, check_sizes, overlap

__all__ = ["OnnxClassifier"]

Activation = Literal["softmax", "sigmoid", "none"]

_NAME: Final = "OnnxClassifier"
_INPUTS: Final[Mapping[str, str]] = {
    "input_ids": "ids", "attention_mask": "attention_mask", "token_type_ids": "type_ids",
}  # fmt: skip
"""What models call their inputs, and what the tokenizer calls the same."""
_WHOLE: Final = {"tensor(int64)": "int64", "tensor(int32)": "int32"}


class _Loaded(NamedTuple):
    """A model that runs, and what is known of it."""

    session: Any
    tokenizer: Any
    inputs: Mapping[str, str]
    output: str
    names: Sequence[str]
    activation: Activation
    batch_size: int
    has_fixed_batch: bool

    def run(self, windows: Sequence[Any]) -> Any:
        """Return the probabilities of each window."""
        import numpy as np  # noqa: PLC0415  onnxruntime has brought it

        longest = max(len(each.ids) for each in windows)
        rows = [*windows, *[windows[-1]] * (self.batch_size - len(windows) if self.has_fixed_batch else 0)]
        for each in rows:
            each.pad(longest)
        given = {
            name: np.array([getattr(each, _INPUTS[name]) for each in rows], kind) for name, kind in self.inputs.items()
        }
        (logits,) = self.session.run([self.output], given)
        values = logits[: len(windows)].astype("float64")
        if self.activation == "none":
            return values
        if self.activation == "sigmoid":
            return 1 / (1 + np.exp(-np.clip(values, -700, 700)))
        raised = np.exp(values - values.max(axis=-1, keepdims=True))
        return raised / raised.sum(axis=-1, keepdims=True)


@dataclass(frozen=True)
class OnnxClassifier(Adapter):
    """A classifier that runs an ONNX model for sequence classification with `onnxruntime`, on the CPU.

    Nothing is downloaded: beside the model lie its tokenizer (`tokenizer.json`) and, for the names of its labels, its
    configuration (`config.json`), as exporters write them; either may be said. The model takes `input_ids`, and
    `attention_mask` and `token_type_ids` if it wants them, and returns a row of numbers for each text, one for each label. It
    is run once when it is built, so that what does not fit together is told then.

    A text that is longer than the model reads is cut into windows of tokens that overlap by an eighth, and of each category
    the highest score counts. Threads may share it.

    Args:
        path: The model: a file, or a folder with a `model.onnx`.
        tokenizer: The file of the tokenizer, in the format of the library `tokenizers`.
        names: What the labels of the model are called, in the order of its output, instead of what the configuration says.
        labels: Labels of the model, and which of `CATEGORIES`, or which name of your own, they stand for. Common ones
            need not be said (`toxic`, `threat`, `identity_hate`, `S`, `V2`). Labels that stand for nothing are left out.
        activation: What makes probabilities of the output: `softmax` if one label holds at a time, `sigmoid` if several
            may, `none` if it has them already. By the configuration when None: `sigmoid` if its `problem_type` is
            `multi_label_classification` or there is one label, else `softmax`.
        max_tokens: Tokens that the model reads at a time; fewer if the model or its configuration says so.
        batch_size: Windows that the model is given at a time.
        threads: Threads that one text may use.

    Raises:
        ConfigurationError: `onnxruntime` or `tokenizers` is not installed; a file is missing or is none of its kind; the
            model is of a version that is not understood, or takes or returns something else; there are not as many names as
            labels, or none of them is known; or a number out of range.
    """

    path: str | Path
    tokenizer: str | Path | None = field(default=None, kw_only=True)
    names: Sequence[str] = field(default=(), kw_only=True)
    labels: Mapping[str, str] = field(default_factory=FrozenDict[str, str], kw_only=True)
    activation: Activation | None = field(default=None, kw_only=True)
    max_tokens: int = field(default=512, kw_only=True)
    batch_size: int = field(default=8, kw_only=True)
    threads: int = field(default=1, kw_only=True)
    _model: _Loaded = field(init=False, repr=False, compare=False)

    blocking: ClassVar[bool] = True

    def __post_init__(self) -> None:
        check_sizes(_NAME, max_tokens=self.max_tokens, batch_size=self.batch_size)
        if not isinstance(self.threads, int) or isinstance(self.threads, bool) or self.threads < 1:
            raise ConfigurationError(f"{_NAME}(threads={self.threads!r}) must be a whole number of at least 1")
        if self.activation not in {None, *get_args(Activation)}:
            known = ", ".join(get_args(Activation))
            raise ConfigurationError(f"{_NAME}(activation={self.activation!r}) must be one of {known}")
        tokenizer = None if self.tokenizer is None else str(self.tokenizer)
        settle(self, path=str(self.path), tokenizer=tokenizer, names=tuple(self.names), labels=FrozenDict(self.labels))
        settle(self, _model=self._loaded())
        self._check()

    def classify(self, text: str, /) -> dict[str, float]:
        """Return the scores of the model by our categories."""
        model = self._model
        encoded = model.tokenizer.encode(text)
        windows = [encoded, *encoded.overflowing]
        rows = [
            row
            for at in range(0, len(windows), model.batch_size)
            for row in model.run(windows[at : at + model.batch_size])
        ]
        scores = ((name, float(score)) for row in rows for name, score in zip(model.names, row, strict=True))
        return merged(scores, self.labels)

    def _loaded(self) -> _Loaded:
        path = Path(self.path)
        file = path / "model.onnx" if path.is_dir() else path
        if not file.is_file():
            raise ConfigurationError(f"{_NAME}(path={str(path)!r}): there is no model at {file}; nothing is downloaded")
        session = _session(file, self.threads)
        config = _configuration(file.parent / "config.json")
        rows, columns = _fixed(session.get_inputs())
        places = config.get("max_position_embeddings")
        most = min(size for size in (self.max_tokens, columns, places) if isinstance(size, int))
        tokenizer = _tokenizer(Path(self.tokenizer or file.parent / "tokenizer.json"), most, columns)
        return _Loaded(
            session=session,
            tokenizer=tokenizer,
            inputs={each.name: _WHOLE.get(each.type, "") for each in session.get_inputs()},
            output=_output(session),
            names=self.names or _names(config),
            activation=self.activation or _activation(config),
            batch_size=rows or self.batch_size,
            has_fixed_batch=rows is not None,
        )

    def _check(self) -> None:
        """Run the model once."""
        model = self._model
        for name, kind in model.inputs.items():
            if name not in _INPUTS or not kind:
                raise ConfigurationError(
                    f"{_NAME}: the model takes {name!r}; it may take {', '.join(_INPUTS)}, all whole numbers"
                )
        try:
            (row,) = model.run([model.tokenizer.encode("Hello")])
            size = len(row)
        except Exception as error:
            raise ConfigurationError(
                f"{_NAME}: the model does not run on a short text: {type(error).__name__}"
            ) from error
        if size != len(model.names):
            raise ConfigurationError(
                f"{_NAME}(names=...): the model has {size} labels, and {len(model.names)} have names"
            )
        check_labels(_NAME, model.names, self.labels)


def _session(file: Path, threads: int) -> Any:
    runtime = imported("onnxruntime", needed_by=_NAME, extra="onnx")
    options = runtime.SessionOptions()
    options.intra_op_num_threads = threads
    options.log_severity_level = 4
    try:
        return runtime.InferenceSession(str(file), options, providers=["CPUExecutionProvider"])
    except Exception as error:  # it has a dozen of its own
        raise ConfigurationError(
            f"{_NAME}(path={str(file)!r}): onnxruntime {runtime.__version__} does not load it: {type(error).__name__}"
        ) from error


def _fixed(inputs: Sequence[Any]) -> tuple[int | None, int | None]:
    """Return the numbers of texts and tokens that a model takes, where they are not for the caller to choose."""
    shape = [size if isinstance(size, int) else None for size in inputs[0].shape]
    rows, columns = shape if len(shape) == 2 else (None, None)
    return rows, columns


def _tokenizer(file: Path, most: int, fixed: int | None) -> Any:
    tokenizers = imported("tokenizers", needed_by=_NAME, extra="onnx")
    if not file.is_file():
        raise ConfigurationError(f"{_NAME}(tokenizer=...): there is no tokenizer at {file}; nothing is downloaded")
    try:
        tokenizer = tokenizers.Tokenizer.from_file(str(file))
    except Exception as error:  # it raises nothing more exact
        raise ConfigurationError(
            f"{_NAME}(tokenizer=...): {file} is no file of a tokenizer that is understood"
        ) from error
    tokenizer.enable_truncation(most, stride=overlap(most - SPECIAL))
    padding: Mapping[str, Any] = tokenizer.padding or FrozenDict[str, Any]()
    tokenizer.enable_padding(
        length=fixed, pad_id=padding.get("pad_id", 0), pad_token=padding.get("pad_token", "[PAD]"),
        pad_type_id=padding.get("pad_type_id", 0), direction=padding.get("direction", "right"),
    )  # fmt: skip
    return tokenizer


def _configuration(file: Path) -> Mapping[str, Any]:
    if not file.is_file():
        return {}
    try:
        found: object = json.loads(file.read_text("utf-8"))
    except (OSError, ValueError) as error:
        raise ConfigurationError(f"{_NAME}: {file} is no JSON: {type(error).__name__}") from error
    return cast("Mapping[str, Any]", found) if isinstance(found, dict) else {}


def _names(config: Mapping[str, Any]) -> tuple[str, ...]:
    named = config.get("id2label")
    given: Mapping[str, object] = cast("Mapping[str, object]", named) if isinstance(named, dict) else FrozenDict()
    return tuple(str(given[key]) for key in sorted(given, key=lambda key: int(key) if key.isdecimal() else 0))


def _activation(config: Mapping[str, Any]) -> Activation:
    several = config.get("problem_type") == "multi_label_classification" or len(_names(config)) == 1
    return "sigmoid" if several else "softmax"


def _output(session: Any) -> str:
    names = [each.name for each in session.get_outputs()]
    return "logits" if "logits" in names else names[0]
