"""Pieces of PromQL about the metrics of `PrometheusCollector`. Pure."""

from __future__ import annotations

import json
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Final

from genai_guard.errors import ConfigurationError
from genai_guard.recording.series import ERRORS

__all__ = ["FAILED", "Counted", "duration", "labels_of"]

FAILED: Final = "|".join(sorted(ERRORS))
"""The statuses of errors, as a pattern."""

_OWN: Final = frozenset({
    "le", "quantile", "type", "guard", "action", "mode", "error_type", "limit", "fallback", "sink", "alert", "severity", "status",
})  # fmt: skip
"""Labels that a dimension of the same name would clash with."""


def labels_of(dimensions: Sequence[str]) -> tuple[str, ...]:
    """Return dimensions as labels may be called.

    Raises:
        ConfigurationError: two would be called alike.
    """
    names = [re.sub(r"\W", "_", name, flags=re.ASCII) for name in dimensions]
    names = [f"_{name}" if name[0].isdigit() else name for name in names]
    names = [f"{name}_" if name in _OWN else name for name in names]
    twice = next((name for name in names if names.count(name) > 1), None)
    if twice is not None:
        raise ConfigurationError(f"PrometheusCollector(labels=...): two dimensions would both be the label {twice!r}")
    return tuple(names)


def duration(seconds: float) -> str:
    """Return a duration as PromQL writes it."""
    return f"{seconds:.0f}s" if float(seconds).is_integer() else f"{seconds * 1e3:.0f}ms"


@dataclass(frozen=True, slots=True)
class Counted:
    """The counters that are looked at.

    Attributes:
        prefix: Beginning of the names of metrics.
        by: Labels that are kept apart.
        where: Values of labels.
        matchers: Further conditions, as PromQL writes them.
    """

    prefix: str = "genai_guard"
    by: tuple[str, ...] = ()
    where: Mapping[str, str] | None = None
    matchers: tuple[str, ...] = ()

    def matching(self, *matchers: str) -> Counted:
        """Return the same under further conditions."""
        return replace(self, matchers=(*self.matchers, *matchers))

    def series(self, name: str) -> str:
        """Return a selector."""
        equal = [f"{label}={quoted(value)}" for label, value in (self.where or {}).items()]
        inner = ",".join([*equal, *self.matchers])
        return f"{self.prefix}_{name}{{{inner}}}" if inner else f"{self.prefix}_{name}"

    def grown(self, name: str, window_s: float, *, before_s: float = 0.0) -> str:
        """Return how much a counter grew in a window that ended `before_s` ago.

        `increase` knows nothing of what a counter had when it was first seen, and so would miss the first error of a
        process. A series that is younger than the window counts with all that it has.
        """
        series, window = self.series(name), duration(window_s)
        ended = f" offset {duration(before_s)}" if before_s else ""
        began = f" offset {duration(window_s + before_s)}"
        grown = f"({series}{ended} unless {series}{began}) or increase({series}[{window}]{ended})"
        return f"sum{self._apart}({grown})"

    def rate(self, name: str, *more: str) -> str:
        """Return how fast counters grow, in the interval of a dashboard, with the labels `more` kept apart besides."""
        by = (*self.by, *more)
        apart = f" by ({', '.join(by)})" if by else ""
        return f"sum{apart}(rate({self.series(name)}[$__rate_interval]))"

    @property
    def _apart(self) -> str:
        return f" by ({', '.join(self.by)}) " if self.by else " "


def quoted(value: str) -> str:
    """Return a string as PromQL writes it."""
    return json.dumps(value, ensure_ascii=False)
