"""The demo: a support bot on a real language model, guarded, limited, split and measured."""

from __future__ import annotations

from genai_guard.demo.command import Demo, add_arguments, exit_code, main, run
from genai_guard.demo.console import Console
from genai_guard.demo.model import Model, open_model
from genai_guard.demo.prompts import Prompt, load_prompts
from genai_guard.demo.support import SYSTEM

__all__ = [
    "SYSTEM",
    "Console",
    "Demo",
    "Model",
    "Prompt",
    "add_arguments",
    "exit_code",
    "load_prompts",
    "main",
    "open_model",
    "run",
]
