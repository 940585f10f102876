"""Policy files: a pipeline written down in TOML, JSON or YAML."""

from genai_guard.policy.dump import dump
from genai_guard.policy.load import load
from genai_guard.policy.schema import json_schema

__all__ = ["dump", "json_schema", "load"]
