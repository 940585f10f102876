"""Classifiers of unsafe content for `ContentSafety`: a lexical and a learned one that are built in, and adapters for others."""

from genai_guard.guards.classifiers.cascade import Cascade, CascadeCounts
from genai_guard.guards.classifiers.categories import CATEGORIES, Scored
from genai_guard.guards.classifiers.learned import Evidence, LearnedClassifier, ModelCard
from genai_guard.guards.classifiers.lexical import LexicalClassifier, Place
from genai_guard.guards.classifiers.moderation import ModerationEndpoint
from genai_guard.guards.classifiers.onnx_local import OnnxClassifier
from genai_guard.guards.classifiers.openai_moderation import OpenAIModeration
from genai_guard.guards.classifiers.profanity import ProfanityClassifier
from genai_guard.guards.classifiers.transformers_local import TransformersClassifier

__all__ = [
    "CATEGORIES",
    "Cascade",
    "CascadeCounts",
    "Evidence",
    "LearnedClassifier",
    "LexicalClassifier",
    "ModelCard",
    "ModerationEndpoint",
    "OnnxClassifier",
    "OpenAIModeration",
    "Place",
    "ProfanityClassifier",
    "Scored",
    "TransformersClassifier",
]
