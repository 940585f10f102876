"""LlamaIndex: a language model that sends each call through a pipeline.

Needs the extra `llama-index`: `pip install 'genai_guard[llama-index]'`. Nothing else of the library imports this package.
"""

from __future__ import annotations

from genai_guard.integrations.llama_index.models import guarded

__all__ = ["guarded"]
