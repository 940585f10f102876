"""pydantic-ai: a model that sends each request of an agent through a pipeline.

Needs the extra `pydantic-ai`: `pip install 'genai_guard[pydantic-ai]'`. Nothing else of the library imports this package.
"""

from __future__ import annotations

from genai_guard.integrations.pydantic_ai.models import GuardedModel

__all__ = ["GuardedModel"]
