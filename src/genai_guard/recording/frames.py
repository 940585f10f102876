"""Snapshots as flat rows, and as a frame of pandas where that is installed."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from importlib import import_module
from typing import TYPE_CHECKING, Any, Final

from genai_guard.errors import ConfigurationError

if TYPE_CHECKING:
    from genai_guard.recording.snapshot import Snapshot

__all__ = ["flat", "frame"]

_NUMBERS: Final = (
    "calls", "errors", "error_rate", "blocked", "denied", "retries", "cache_hits", "input_tokens", "output_tokens",
    "cached_tokens", "cost_usd", "unpriced", "overflowed",
)  # fmt: skip
_DURATIONS: Final = ("latency", "model", "overhead", "first_token", "inter_token", "queue")
_NAMED: Final = (
    "statuses", "error_types", "denials", "shadow_denials", "fallbacks", "guardrail_hits", "shadow_hits",
)  # fmt: skip


def flat(snapshot: Snapshot) -> dict[str, Any]:
    """Return a snapshot as one row; what is counted by name has a column for each, such as `guardrail_hits.pii.redact`."""
    row: dict[str, Any] = {"begins_s": snapshot.begins_s, "window_s": snapshot.window_s, **snapshot.slice}
    row |= {name: getattr(snapshot, name) for name in _NUMBERS}
    for name in _DURATIONS:
        of = getattr(snapshot, f"{name}_ms")
        row |= {f"{name}_count": of.count} | {
            f"{name}_{share}_ms": getattr(of, share) for share in ("p50", "p95", "p99")
        }
    for name in _NAMED:
        row.update(_leaves(name, getattr(snapshot, name)))
    return row


def _leaves(name: str, counts: Mapping[str, Any]) -> Iterator[tuple[str, int]]:
    for each, count in counts.items():
        if isinstance(count, Mapping):
            yield from _leaves(f"{name}.{each}", count)  # pyright: ignore[reportUnknownArgumentType]
        else:
            yield f"{name}.{each}", count


def frame(rows: Sequence[Mapping[str, Any]]) -> Any:
    """Return rows as a `pandas.DataFrame` by the time at which they begin.

    What some rows lack was counted zero times there. Quantiles of nothing are missing.

    Raises:
        ConfigurationError: pandas is not installed.
    """
    try:
        pd: Any = import_module("pandas")  # an extra, which has no types
    except ImportError as error:
        raise ConfigurationError("to_pandas() needs the package pandas: pip install 'genai_guard[pandas]'") from error
    names = dict.fromkeys(name for row in rows for name in row if name != "begins_s")
    columns = {name: [row.get(name, 0) for row in rows] for name in names}
    times = pd.to_datetime([row["begins_s"] for row in rows], unit="s", utc=True)
    made = pd.DataFrame(columns, index=pd.DatetimeIndex(times, name="time"))
    quantiles = [name for name in made.columns if name.endswith("_ms")]
    return made.astype(dict.fromkeys(quantiles, "float64"))
