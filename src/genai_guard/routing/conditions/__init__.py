"""Whom an experiment is for: conditions over what is known of a caller."""

from genai_guard.routing.conditions.condition import Attributes, Condition, attribute_of
from genai_guard.routing.conditions.values import Kind

__all__ = ["Attributes", "Condition", "Kind", "attribute_of"]
