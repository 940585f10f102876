"""How an alert reaches those who are told: on a thread of its own, in order, and again for a while if that fails.

Rule 1: Nothing here is waited for by a call, nor by the reading of alerts.
Rule 2: What fails is tried again, up to the sink's number of attempts, after a wait that doubles. The next waits behind it.
Rule 3: What is given up, or finds no room, is counted by reason, and told once for each.
Rule 4: The thread never sleeps through a wait: it can be closed at any time, and then tries once more what waits.
"""

from __future__ import annotations

import random
from collections import deque
from collections.abc import Callable
from contextlib import suppress
from time import monotonic
from typing import Any, Final

from genai_guard.recording.alerting.sinks.http import DeliveryError
from genai_guard.recording.alerts import AlertEvent
from genai_guard.recording.worker import TICK, Worker, count, tell

__all__ = ["MOST_WAITING", "Delivery", "Outbox", "backoff_s"]

MOST_WAITING: Final = 256
_FIRST_WAIT_S: Final = 1.0
_LONGEST_WAIT_S: Final = 60.0

Send = Callable[[AlertEvent], object]


def backoff_s(tried: int, *, chance: float, asked_s: float = 0.0) -> float:
    """Return how long to wait after `tried` attempts: 1, 2, 4 seconds and so on, less up to half of it by chance.

    Args:
        tried: Attempts so far, from 1 on.
        chance: Between 0 and 1. Many processes that were refused together do not come back together.
        asked_s: What the other side asked for, which is heeded up to a minute.
    """
    wait_s = min(_FIRST_WAIT_S * 2.0 ** (tried - 1), _LONGEST_WAIT_S) * (1.0 - chance / 2.0)
    return max(wait_s, min(asked_s, _LONGEST_WAIT_S))


class Outbox:
    """What waits for one sink. All methods are called on its thread.

    Args:
        name: Of the sink, in what is told.
        send: Hands over an event.
        attempts: How often to try.
        clock: Monotonic seconds.
        chance: Returns a number between 0 and 1.
    """

    def __init__(
        self,
        name: str,
        send: Send,
        *,
        attempts: int = 1,
        clock: Callable[[], float] = monotonic,
        chance: Callable[[], float] = random.random,
    ) -> None:
        self.failures: dict[str, int] = {}
        self._name = name
        self._send = send
        self._attempts = attempts
        self._clock = clock
        self._chance = chance
        self.begin()

    def begin(self) -> None:
        """Forget what waits."""
        self._waiting: deque[AlertEvent] = deque()
        self._tried = 0
        self._due_s = float("-inf")

    def handle(self, item: Any) -> float | None:
        """Take an event or a tick; return after how many seconds to come back."""
        if item is not TICK:
            if len(self._waiting) >= MOST_WAITING:
                self._lose("queue_full")
            else:
                self._waiting.append(item)
        while self._waiting:
            wait_s = self._due_s - self._clock()
            if 0.0 < wait_s <= _LONGEST_WAIT_S:  # a longer one is that of a clock that went back
                return wait_s
            self._try()
        return None

    def finish(self) -> None:
        """Try what waits a last time. Where one fails, the rest is given up with it."""
        while self._waiting:
            failed = self._attempt(self._waiting.popleft())
            if failed is not None:
                self._lose(failed.reason)
                while self._waiting:
                    self._waiting.popleft()
                    self._lose("closed")

    def _try(self) -> None:
        failed = self._attempt(self._waiting[0])
        self._tried += 1
        if failed is not None and not failed.is_final and self._tried < self._attempts:
            self._due_s = self._clock() + backoff_s(self._tried, chance=self._chance(), asked_s=failed.retry_after_s)
            return
        self._waiting.popleft()
        self._tried, self._due_s = 0, float("-inf")
        if failed is not None:
            self._lose(failed.reason)

    def _attempt(self, event: AlertEvent) -> DeliveryError | None:
        try:
            self._send(event)
        except DeliveryError as failed:
            return failed
        except BaseException as error:  # noqa: BLE001  not even SystemExit may end the thread in silence
            return DeliveryError(type(error).__name__)
        return None

    def _lose(self, reason: str) -> None:
        if count(self.failures, reason) == 1:
            with suppress(Exception):
                tell("recording failed; calls go on", sink=self._name, error=reason)


class Delivery:
    """A sink and its thread.

    Args:
        name: Of the thread, and in `MetricsRecorder.dropped`.
        send: Hands over an event.
        attempts: How often to try.
    """

    def __init__(self, name: str, send: Send, *, attempts: int = 1) -> None:
        self.name: Final = name
        self._outbox = box = Outbox(name, send, attempts=attempts)
        self._worker = Worker(name, box.handle, size=MOST_WAITING, finish=box.finish)

    @property
    def failures(self) -> dict[str, int]:
        """How many events were given up, by reason."""
        return {**self._worker.failures, **self._outbox.failures}

    def put(self, event: object) -> str:
        """Leave an event; return why it was refused, or an empty string."""
        return self._worker.put(event)

    def flush(self, *, until_s: float) -> bool:
        """Wait until everything was tried at least once, at most until the monotonic time `until_s`; return whether."""
        return self._worker.flush(until_s=until_s)

    def close(self, *, until_s: float) -> bool:
        """Try what waits a last time and end the thread; return whether that was done in time."""
        return self._worker.close(until_s=until_s)

    def after_fork(self) -> None:
        """Begin anew in a child. What waited is the parent's to deliver."""
        self._outbox.begin()
        self._outbox.failures.clear()
        self._worker.after_fork()
