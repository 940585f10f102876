"""A guarded model that MLflow logs, loads and serves. Needs the extra `mlflow`."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from typing import TYPE_CHECKING, Any, ClassVar, Final

from genai_guard.errors import ConfigurationError
from genai_guard.integrations.mlflow.answering import Answer, Answering
from genai_guard.integrations.mlflow.package import package, unhinted
from genai_guard.integrations.mlflow.rows import FIELDS, answers_for, question_in, rows_of
from genai_guard.integrations.mlflow.saving import answering_in, log
from genai_guard.pipeline import Pipeline

if TYPE_CHECKING:
    import os

    class PythonModel:
        """What MLflow calls."""
else:
    PythonModel = package("mlflow.pyfunc").PythonModel

__all__ = ["GuardedModel", "log_model"]

_CONCURRENCY: Final = "concurrency"
_MOST_THREADS: Final = 1024
_PARAM_TYPES: Final = {bool: "boolean", int: "long", float: "double", str: "string"}


class GuardedModel(PythonModel):
    """A function that asks a model, guarded, as a pyfunc.

    A row is a text or has `prompt` or `messages`; `user`, `tenant`, `session` and `request_id` say on whose behalf, and
    columns of other names are tags of the caller. Each row has an answer with `reply`, `status`, `http_status`, `reason`,
    `request_id` and `retry_after_s`: what a policy refuses, and what a model raises, fails no other row, and no text of
    a user stands in the reason. A table is answered by a table, anything else by a list.

    `log_model` logs one without any code. For a pipeline that is no policy file, write a script that ends with
    `mlflow.models.set_model(GuardedModel(pipeline, ask))`, and log that.

    Args:
        pipeline: What guards; as logged when None.
        model: The function, or an import reference of one. It is not asynchronous; a generator function streams.
        concurrency: How many rows are asked at a time, each in a thread; one after the other unless said. Which of
            several rows a limit refuses is then a matter of chance.

    Raises:
        ConfigurationError: the function cannot be imported, or cannot be asked through the pipeline; or `concurrency` is no
            number of threads.
    """

    _skip_type_hint_validation: ClassVar = True  # there is no schema in the hints: a row has one of several shapes

    def __init__(
        self,
        pipeline: Pipeline | None = None,
        model: str | Callable[..., Any] | None = None,
        *,
        concurrency: int = 1,
    ) -> None:
        self._concurrency = _threads(concurrency)
        if (pipeline is None) is not (model is None):
            raise ConfigurationError("GuardedModel takes a pipeline and a model, or neither if both were logged")
        self._answering = None if pipeline is None or model is None else Answering(pipeline, model)

    def load_context(self, context: Any) -> None:
        """Build the pipeline and import the function that were logged; called by MLflow."""
        if self._answering is None:
            self._answering = answering_in(context)
            self._concurrency = _threads(context.model_config.get(_CONCURRENCY, self._concurrency))

    @unhinted
    def predict(self, context: Any, model_input: Any, params: Mapping[str, Any] | None = None) -> Any:
        """Answer every row.

        Args:
            context: Of MLflow.
            model_input: A table, a list, a mapping of columns, a single row or a text.
            params: Keyword arguments of the function, for all rows.
        """
        del context
        answering = self._loaded
        questions = [question_in(row, takes=answering.content, params=params or {}) for row in rows_of(model_input)]
        return answers_for(model_input, answering.answers(questions, concurrency=self._concurrency))

    @unhinted
    def predict_stream(
        self, context: Any, model_input: Any, params: Mapping[str, Any] | None = None
    ) -> Iterator[dict[str, Any]]:
        """Yield the reply to one row in pieces, as `{"reply": piece}`, and then the rest of its answer.

        Raises:
            ConfigurationError: there is another number of rows than one.
        """
        del context
        rows = rows_of(model_input)
        if len(rows) != 1:
            raise ConfigurationError(f"predict_stream takes one row, not {len(rows)}")
        yield from _streamed(self._loaded, rows[0], params or {})

    @property
    def _loaded(self) -> Answering:
        if self._answering is None:
            raise ConfigurationError("this GuardedModel has no pipeline: let MLflow load it, or give it one")
        return self._answering


def log_model(
    policy: str | os.PathLike[str] | Mapping[str, Any] | Pipeline,
    model: str | Callable[..., Any],
    *,
    name: str = "guarded",
    params: Mapping[str, bool | int | float | str] | None = None,
    tags: Sequence[str] = (),
    concurrency: int = 1,
    code_paths: Sequence[str] = (),
    requirements: Sequence[str] = (),
    **options: Any,
) -> Any:
    """Log a `GuardedModel` from code, with its policy, signature, example and requirements; return MLflow's `ModelInfo`.

    Nothing is pickled, and the model is not asked. What a policy takes from the environment is not written down, and has
    to be in the environment of the server.

    Args:
        policy: A policy file, the policy itself, or a pipeline that can be written as one. Files that it names stay where
            they are.
        model: The function that asks the model, or its import reference. It is imported where the model is served.
        name: Name of the model.
        params: Arguments of the function that requests may set, with their defaults.
        tags: Columns beyond those of `GuardedModel` that requests may have.
        concurrency: How many rows are asked at a time; another number may be said where it is loaded, by
            `mlflow.pyfunc.load_model(uri, model_config={"concurrency": 32})`.
        code_paths: Files and folders with the function, to be logged with the model.
        requirements: What pip has to install for the function. This library is added.
        options: Further arguments of `mlflow.pyfunc.log_model`, such as `registered_model_name`.

    Raises:
        ConfigurationError: the policy is wrong, or the function cannot be named or asked through the pipeline.
    """
    return log(
        "model_script.py",
        policy,
        model,
        name=name,
        code_paths=code_paths,
        requirements=requirements,
        options=lambda takes: {
            "signature": _signature(takes, params or {}, tags),
            "input_example": _example(takes, params or {}),
            **options,
        },
        config={_CONCURRENCY: _threads(concurrency)},
    )


def _threads(concurrency: object) -> int:
    if type(concurrency) is not int or not 1 <= concurrency <= _MOST_THREADS:
        raise ConfigurationError(f"concurrency={concurrency!r} must be a whole number from 1 to {_MOST_THREADS}")
    return concurrency


def _streamed(answering: Answering, row: Any, params: Mapping[str, Any]) -> Iterator[dict[str, Any]]:
    asked = answering.ask(question_in(row, takes=answering.content, params=params))
    for text in asked.texts():
        yield {"reply": text}
    yield {name: value for name, value in asked.answer._asdict().items() if name != "reply"}


def _signature(takes: str, params: Mapping[str, Any], tags: Sequence[str]) -> Any:
    schema = package("mlflow.types.schema")
    fields = [*FIELDS, *tags]
    asked = [schema.ColSpec("string", "prompt", required=takes != "messages")]
    if takes == "messages":
        asked.append(schema.ColSpec(schema.Array(schema.AnyType()), "messages", required=False))
    answered = [schema.ColSpec("long" if name == "http_status" else "string", name) for name in Answer._fields[:-1]]
    return package("mlflow.models").ModelSignature(
        inputs=schema.Schema([*asked, *(schema.ColSpec("string", each, required=False) for each in fields)]),
        outputs=schema.Schema([*answered, schema.ColSpec("double", Answer._fields[-1], required=False)]),
        params=schema.ParamSchema([_param(schema, *each) for each in params.items()]) if params else None,
    )


def _param(schema: Any, name: str, default: Any) -> Any:
    if type(default) not in _PARAM_TYPES:
        raise ConfigurationError(
            f"log_model(params=...): {name} needs a default that is a number, a truth value or a text"
        )
    return schema.ParamSpec(name, _PARAM_TYPES[type(default)], default)


def _example(takes: str, params: Mapping[str, Any]) -> Any:
    asked: Any = [{"role": "user", "content": "hello"}] if takes == "messages" else "hello"
    row = {"prompt" if takes != "messages" else "messages": asked}
    return ([row], dict(params)) if params else [row]
