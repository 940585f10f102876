"""What words mean: vectors of a model that was trained on far more text than there is here.

A scorer that adds up the vectors of its words is linear in them, so what it learned of directions becomes a weight for each
word, also for those that no training text has. That is all that is left of the vectors in the model file.
"""

from __future__ import annotations

from collections.abc import Sequence
from functools import cache
from pathlib import Path
from typing import Any

import numpy as np

__all__ = ["common_words", "vectors"]

_SPACE = "\u2581"
"""How the tokenizer writes the space before a word."""


@cache
def _model() -> Any:
    import wordllama  # is needed to train, and not to read what was trained

    return wordllama.WordLlama.load(cache_dir=Path(wordllama.__file__).parent, disable_download=True)


def common_words() -> list[str]:
    """Return the words that are one token of the model, in lower case: some thirteen thousand, most of them English."""
    tokens = _model().tokenizer.get_vocab()
    return sorted({token[1:].lower() for token in tokens if token[:1] == _SPACE and token[1:].isalpha()})


def vectors(words: Sequence[str]) -> Any:
    """Return a vector of length one for each word, less what is common to all words."""
    found = _model().embed(list(words), norm=True, batch_size=512)
    return (found - _center()).astype(np.float32)


@cache
def _center() -> Any:
    return _model().embed(common_words(), norm=True, batch_size=512).mean(axis=0)
