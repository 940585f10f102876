"""What chatterbot-corpus ships: small talk and questions in some twenty languages, all of it harmless."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any, Final

from training.sources.packages import PackageSource, below, read_yaml

__all__ = ["SOURCES"]

_DATA: Final = "chatterbot_corpus/data"
_TONGUES: Final = {
    "german": "de", "spanish": "es", "french": "fr", "italian": "it", "portuguese": "pt", "russian": "ru", "chinese": "zh",
    "dutch": "nl", "japanese": "ja", "korean": "ko", "persian": "fa", "swedish": "sv", "turkish": "tr", "ukrainian": "uk",
    "indonesian": "id", "hebrew": "he", "hindi": "hi", "thai": "th", "tamil": "ta", "bengali": "bn", "urdu": "ur",
}  # fmt: skip
_MANY: Final = 7
"""Of the first so many languages more is taken."""
_ROWS_MANY: Final = 240
_ROWS_FEW: Final = 60
_RUDE: Final = {
    "humor", "gossip", "psychology", "psicologia", "emotion", "emotions", "emociones", "ai", "IA", "botprofile", "compliment",
}  # fmt: skip
"""Files with a line here and there that is not harmless: not for harm."""
_SHORTEST: Final = 12
_SHORTEST_SCRIPT: Final = 5

Rows = Iterator[tuple[str, frozenset[str], str, str, str]]


def _said(folder: str, language: str, *, rude: bool) -> list[str]:
    """Return the different things that are said in a language, in the order of its files."""
    found: dict[str, None] = {}
    shortest = _SHORTEST_SCRIPT if language in {"zh", "ja", "ko", "th"} else _SHORTEST
    for name in below("chatterbot-corpus", f"{_DATA}/{folder}", "*.yml"):
        if rude or name.rsplit("/", 1)[-1].removesuffix(".yml") not in _RUDE:
            content: Any = read_yaml("chatterbot-corpus", name)
            lines = (line for turns in content.get("conversations") or () for line in turns)
            found.update((line.strip(), None) for line in lines if isinstance(line, str) and len(line) >= shortest)
    return list(found)


def _english(*, rude: bool) -> Rows:
    for text in _said("english", "en", rude=rude):
        yield text, frozenset(), "chat", "en", "prompt"


def _others(*, rude: bool) -> Rows:
    for number, (folder, language) in enumerate(_TONGUES.items()):
        said = _said(folder, language, rude=rude)
        most = min(len(said), _ROWS_MANY if number < _MANY else _ROWS_FEW)
        for at in range(most):
            yield said[at * len(said) // most], frozenset(), "chat", language, "prompt"


def _source(name: str, task: str, read: object) -> PackageSource:
    return PackageSource(f"chatterbot/{name}", "chatterbot-corpus", "BSD-3-Clause", task, "train", read)  # type: ignore[arg-type]


SOURCES: Final = (
    _source("english", "injection", lambda: _english(rude=True)),
    _source("others", "injection", lambda: _others(rude=True)),
    _source("english", "harm", lambda: _english(rude=False)),
    _source("others", "harm", lambda: _others(rude=False)),
)
