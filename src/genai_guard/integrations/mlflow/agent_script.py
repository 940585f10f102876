"""What MLflow runs to load an agent that `log_agent` has logged."""

from __future__ import annotations

from genai_guard.integrations.mlflow.agent import GuardedAgent
from genai_guard.integrations.mlflow.package import package

package("mlflow.models").set_model(GuardedAgent())
