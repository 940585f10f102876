"""A policy and a function as files of a model, and back."""

from __future__ import annotations

import json
import os
import tempfile
from collections.abc import Callable, Mapping, Sequence
from importlib.metadata import version
from pathlib import Path
from typing import Any, Final

from genai_guard.errors import ConfigurationError
from genai_guard.integrations.mlflow.answering import Answering
from genai_guard.integrations.mlflow.package import package
from genai_guard.pipeline import Pipeline
from genai_guard.policy.files import read
from genai_guard.policy.references import reference_of

__all__ = ["answering_in", "log"]

_POLICY: Final = "policy"
_MODEL: Final = "model"

Policy = str | os.PathLike[str] | Mapping[str, Any] | Pipeline
"""What a pipeline is made of, or the pipeline."""


def log(
    script: str,
    policy: Policy,
    model: str | Callable[..., Any],
    *,
    name: str,
    code_paths: Sequence[str],
    requirements: Sequence[str],
    options: Callable[[str], Mapping[str, Any]],
    config: Mapping[str, Any] | None = None,
) -> Any:
    """Log a script of this package as a model, with a policy and the reference of a function.

    Args:
        script: Name of the script.
        policy: As for `log_model`.
        model: As there.
        name: As there.
        code_paths: As there.
        requirements: As there.
        options: Returns further arguments of MLflow, given the parameter of the function that carries the question.
        config: What else `context.model_config` holds, where the script is loaded.

    Raises:
        ConfigurationError: as for `log_model`.
    """
    written = _written(policy)
    takes = Answering(Pipeline.from_policy(written), model).content
    with tempfile.TemporaryDirectory() as folder:
        file = Path(folder) / "policy.json"
        file.write_text(json.dumps(written, indent=1), encoding="utf-8")
        return package("mlflow.pyfunc").log_model(
            name=name,
            python_model=str(Path(__file__).with_name(script)),
            artifacts={_POLICY: str(file)},
            model_config={_MODEL: _reference(model), **(config or {})},
            code_paths=list(code_paths) or None,
            pip_requirements=[f"genai_guard[mlflow]=={version('genai_guard')}", *requirements],
            **options(takes),
        )


def answering_in(context: Any) -> Answering:
    """Return what answers by a logged policy and function.

    Raises:
        ConfigurationError: there is none, or the function is not where the model was loaded.
    """
    config: Mapping[str, Any] = context.model_config or {}
    if _POLICY not in (context.artifacts or {}) or _MODEL not in config:
        raise ConfigurationError("this model was logged without a policy and a function: log it by log_model(...)")
    return Answering(Pipeline.from_policy(context.artifacts[_POLICY]), config[_MODEL])


def _written(policy: Policy) -> Mapping[str, Any]:
    if isinstance(policy, Pipeline):
        return policy.policy()
    return policy if isinstance(policy, Mapping) else read(policy).data


def _reference(model: str | Callable[..., Any]) -> str:
    reference = model if isinstance(model, str) else reference_of(model)
    if reference is None:
        raise ConfigurationError(
            "log_model(model=...): the function cannot be imported by its name; put it into a module, or log a script "
            "that ends with mlflow.models.set_model(GuardedModel(pipeline, function))"
        )
    return reference
