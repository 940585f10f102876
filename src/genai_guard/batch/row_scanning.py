"""Rows of which one field is a text to scan."""

from __future__ import annotations

import os
from collections import deque
from collections.abc import Generator, Iterable, Iterator, Mapping
from contextlib import closing
from typing import Any

from genai_guard.batch.scanning import Scanned, scan
from genai_guard.batch.summary import summary_of
from genai_guard.guards.base import Side

__all__ = ["scan_rows"]


def scan_rows(
    rows: Iterable[Mapping[str, Any]],
    *,
    field: str = "text",
    into: str = "scan",
    policy: str | os.PathLike[str] | Mapping[str, Any] | None = None,
    factory: str | None = None,
    side: Side = "input",
    processes: int | None = None,
    chunk: int = 64,
) -> Generator[dict[str, Any], None, None]:
    """Yield rows with a text in place of theirs: what the guards left of it, None if it must not go on.

    What they say stands beside it: its action, how much was found, rules and categories, and the class of an error. A
    text that is null, or not there, stays so and has None beside it.

    Args:
        rows: The rows; they are not changed.
        field: Where the text is.
        into: Where to put what the guards say.
        policy: As for `scan`, as are the rest.
        factory: As above.
        side: As above.
        processes: As above.
        chunk: As above.

    Raises:
        ConfigurationError: as for `scan`; now, and not when the first row is asked for.
        ComponentFailed: as for `scan`.
    """
    waiting: deque[Mapping[str, Any]] = deque()

    def texts() -> Iterator[Any]:
        for row in rows:
            waiting.append(row)
            text = row.get(field)
            yield "" if text is None else text

    found = scan(texts(), policy=policy, factory=factory, side=side, processes=processes, chunk=chunk)
    return _rows(found, waiting, field, into)


def _rows(
    found: Generator[Scanned, None, None], waiting: deque[Mapping[str, Any]], field: str, into: str
) -> Generator[dict[str, Any], None, None]:
    with closing(found):
        for scanned in found:
            row = dict(waiting.popleft())
            if row.get(field) is None:
                yield {**row, into: None}
            elif scanned.verdict is None:
                yield {**row, field: None, into: {"error": type(scanned.error).__name__}}
            else:
                said = summary_of(scanned.verdict)._asdict()
                yield {**row, field: said.pop("text"), into: said}
