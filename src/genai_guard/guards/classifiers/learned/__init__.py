"""Learned scorers in the core dependencies: prompt injection and harmful content."""

from genai_guard.guards.classifiers.learned.card import ModelCard
from genai_guard.guards.classifiers.learned.classifier import LearnedClassifier
from genai_guard.guards.classifiers.learned.evidence import Evidence

__all__ = ["Evidence", "LearnedClassifier", "ModelCard"]
