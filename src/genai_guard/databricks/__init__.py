"""Policies as configurations of Databricks, and back; what cannot be said on the other side is told, part by part."""

from genai_guard.databricks.bundle import bundle
from genai_guard.databricks.bundle_resources import resources
from genai_guard.databricks.changes import Change
from genai_guard.databricks.endpoint import export_endpoint
from genai_guard.databricks.entities import Target
from genai_guard.databricks.importing import import_endpoint
from genai_guard.databricks.model_service import export_model_service
from genai_guard.databricks.monitors import data_quality_monitor, export_monitors
from genai_guard.databricks.tables import InferenceTable
from genai_guard.databricks.values import Export, Imported, Leftover
from genai_guard.databricks.workspace import Applied, Step, WorkspaceError, apply, diff

__all__ = [
    "Applied",
    "Change",
    "Export",
    "Imported",
    "InferenceTable",
    "Leftover",
    "Step",
    "Target",
    "WorkspaceError",
    "apply",
    "bundle",
    "data_quality_monitor",
    "diff",
    "export_endpoint",
    "export_model_service",
    "export_monitors",
    "import_endpoint",
    "resources",
]
