"""`ModelCard`: what is known of a learned model, written when it was measured."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from genai_guard.errors import ConfigurationError

__all__ = ["ModelCard"]


@dataclass(frozen=True, slots=True)
class ModelCard:
    """What is known of a model.

    Attributes:
        id: Its task and version.
        hash: Digest of its file.
        date: When it was measured, as ISO 8601 writes it.
        training_sources: What it was trained on: name, licence, and number of texts of each source.
        quality: What was measured on sources that it was not trained on, by category.
        limits: What it does not know, in sentences.
    """

    id: str
    hash: str
    date: str
    training_sources: Sequence[Mapping[str, Any]]
    quality: Mapping[str, Any]
    limits: Sequence[str]

    @classmethod
    def load(cls, path: Path, *, digest: str) -> ModelCard:
        """Read a card.

        Args:
            path: Of its file.
            digest: Of the model that it is to be of.

        Raises:
            ConfigurationError: there is none, it is damaged, or it is that of another model.
        """
        try:
            card = cls(**json.loads(path.read_text("utf-8")))
        except (OSError, TypeError, ValueError) as error:
            raise ConfigurationError(f"{path.name} is no card of a model: {type(error).__name__}") from error
        if card.hash != digest:
            raise ConfigurationError(f"{path.name} is the card of another model: of {card.hash}, not of {digest}")
        return card
