"""Whom an experiment is for: conditions over what is known of a caller."""

from genai_guard.routing.conditions.condition import CALLER_FIELDS, Attributes, Condition, attribute_of, values_of
from genai_guard.routing.conditions.values import Kind

__all__ = ["CALLER_FIELDS", "Attributes", "Condition", "Kind", "attribute_of", "values_of"]
