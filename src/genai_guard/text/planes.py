"""Which planes of Unicode a text has characters of, told in about a microsecond for most texts."""

from __future__ import annotations

import re
from typing import Final

__all__ = ["has_private_run", "reaches_plane_1", "reaches_plane_14"]

_find_private: Final = re.compile("[\ue000-\uf8ff]{4}").search


def reaches_plane_1(text: str) -> bool:
    """Whether there is a character of a supplementary plane: an emoji, for instance."""
    return not text.isascii() and len(text.encode("utf-16-le", "surrogatepass")) > 2 * len(text)


def reaches_plane_14(text: str) -> bool:
    """Whether there is a tag character, or one of those behind them: selectors of the supplement, private planes."""
    return reaches_plane_1(text) and max(text) >= "\U000e0000"


def has_private_run(text: str) -> bool:
    """Whether four private characters of the basic plane stand in a row."""
    return not text.isascii() and _find_private(text) is not None
