"""What MLflow runs to load a model that `log_model` has logged."""

from __future__ import annotations

from genai_guard.integrations.mlflow.model import GuardedModel
from genai_guard.integrations.mlflow.package import package

package("mlflow.models").set_model(GuardedModel())
