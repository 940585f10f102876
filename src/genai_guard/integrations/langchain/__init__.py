"""LangChain: chat models that send each generation through a pipeline, and a middleware that guards an agent.

Needs the extra `langchain`: `pip install 'genai_guard[langchain]'`. Nothing else of the library imports this package.
"""

from __future__ import annotations

from genai_guard.integrations.langchain.middleware import GuardMiddleware
from genai_guard.integrations.langchain.models import guarded

__all__ = ["GuardMiddleware", "guarded"]
