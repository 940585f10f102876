"""What the library logs while the demo runs, kept for a moment at which printing it disturbs nothing."""

from __future__ import annotations

from collections import deque
from collections.abc import Generator, Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING, NamedTuple, NoReturn

if TYPE_CHECKING:
    from collections.abc import MutableMapping
    from typing import Any

__all__ = ["Notice", "Notices"]


class Notice(NamedTuple):
    """Something to tell.

    Attributes:
        kind: `alert` or `notice`.
        text: For people.
    """

    kind: str
    text: str


class Notices:
    """Warnings that were logged and not yet shown. Alerts are among them: they come from a thread of the recorder."""

    def __init__(self) -> None:
        self._waiting: deque[Notice] = deque()

    @contextmanager
    def collected(self) -> Generator[None]:
        """Have structlog give everything that is logged in the meantime to these notices, and print none of it."""
        import structlog  # noqa: PLC0415  loaded by whoever logs

        before = structlog.get_config()
        structlog.configure(processors=[self._take], cache_logger_on_first_use=False)
        try:
            yield
        finally:
            structlog.configure(**before)

    def take(self) -> Iterator[Notice]:
        """Yield what was logged since the last time."""
        while self._waiting:
            yield self._waiting.popleft()

    def _take(self, _logger: object, _method: str, values: MutableMapping[str, Any]) -> NoReturn:
        import structlog  # noqa: PLC0415  as above

        alert = values.get("alert")
        what = f"{alert} {values['event'].removeprefix('alert ')}" if alert else values["event"]
        why = values.get("because", values.get("error"))
        self._waiting.append(Notice("alert" if alert else "notice", f"{what}: {why}" if why else what))
        raise structlog.DropEvent
