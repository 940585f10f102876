"""The labels of alerts, as they may leave the process."""

from __future__ import annotations

import json
import secrets
from collections.abc import Mapping
from hashlib import blake2b
from typing import Final

from genai_guard.frozen import FrozenDict
from genai_guard.recording.redaction import FAILED, Redactor

__all__ = ["Labels"]

_LONGEST: Final = 200
_MOST_KNOWN: Final = 4096


class Labels:
    """Redacts labels, and tells those apart that look the same afterwards.

    A value of a dimension may be whatever a caller says, an address for instance.
    """

    __slots__ = ("_known", "_redactor", "_secret")

    def __init__(self) -> None:
        self._redactor = Redactor()
        self._secret = secrets.token_bytes(16)
        self._known: dict[tuple[str, ...], tuple[Mapping[str, str], str]] = {}

    def shown(self, name: str, labels: Mapping[str, str]) -> tuple[Mapping[str, str], str]:
        """Return the labels as people see them, and the key of the alert of this name with them."""
        place = (name, *labels.values())
        known = self._known.get(place)
        if known is None:
            if len(self._known) >= _MOST_KNOWN:
                self._known.clear()
            known = self._known[place] = self._make(name, labels)
        return known

    def _make(self, name: str, labels: Mapping[str, str]) -> tuple[Mapping[str, str], str]:
        shown = FrozenDict({dimension: self._clean(value) for dimension, value in labels.items()})
        secret = b"" if shown == labels else self._secret  # what was covered must not be found by trying
        told = json.dumps([name, *sorted(labels.items())]).encode()
        return shown, blake2b(told, digest_size=16, key=secret).hexdigest()

    def _clean(self, value: str) -> str:
        try:
            return self._redactor.text(value)[:_LONGEST]
        except Exception:  # noqa: BLE001  what cannot be redacted does not leave
            return FAILED
