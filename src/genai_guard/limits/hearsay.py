"""What a provider said to one process, told to all that share its limits.

Rule 1: No call waits for it. A thread of its own tells what was heard, and asks what others heard while calls are made.
Rule 2: What is kept is one small document: the latest pause and the latest refusal of each bucket, by the clocks of the
    machines. What is over is left out.
Rule 3: A store that fails is asked again at the next look; until then this process goes by what it heard itself.
"""

from __future__ import annotations

import json
import math
import threading
import time
from collections.abc import Callable, Mapping
from contextlib import suppress
from typing import Final, NamedTuple

from genai_guard.limits.stores.tallies import Decision, TallyStore

__all__ = ["Hearsay", "Word"]

_MOST: Final = 1_000
"""Buckets in the document; beyond that the oldest are left out."""
_TRIES: Final = 8
"""How often a document is written anew because somebody else was faster."""
_IDLE_S: Final = 30.0
"""The thread ends when no call was made for so long."""


class Word(NamedTuple):
    """What the provider said about a bucket, in seconds since 1970; 0 for never.

    Attributes:
        until_s: Before this time it wants no calls.
        refused_s: When it last refused one.
    """

    until_s: float = 0.0
    refused_s: float = 0.0

    def later(self, other: Word) -> Word:
        """Return the later of both, each for itself."""
        return Word(max(self.until_s, other.until_s), max(self.refused_s, other.refused_s))


class Hearsay:
    """Tells others, and is told.

    Args:
        store: Where the processes meet.
        name: Of what they share.
        take: Called with what others have heard, bucket by bucket, on the thread.
        every_s: Seconds between two looks.
        lasts_s: For how long a refusal is told.
        wall: Seconds since 1970.

    Attributes:
        failures: Looks at which the store failed.
    """

    def __init__(
        self,
        store: TallyStore,
        name: str,
        *,
        take: Callable[[Mapping[str, Word]], object],
        every_s: float,
        lasts_s: float,
        wall: Callable[[], float],
    ) -> None:
        self.failures = 0
        self._tally: Final = store.tally(name)
        self._take: Final = take
        self._every_s: Final = every_s
        self._lasts_s: Final = lasts_s
        self._wall: Final = wall
        self._heard: dict[str, Word] = {}
        self._seen = -1
        self._lock = threading.Lock()
        self._looking = threading.Lock()
        self._wake = threading.Event()
        self._thread: threading.Thread | None = None
        self._called_s = 0.0

    def keep_up(self) -> None:
        """Say that a call is made: what others hear is asked for from now on."""
        self._called_s = time.monotonic()
        if self._thread is None or not self._thread.is_alive():  # it has not begun, has ended, or is the parent's
            self._start()

    def tell(self, bucket: str, word: Word) -> None:
        """Have others told, at once."""
        with self._lock:
            self._heard[bucket] = self._heard.get(bucket, Word()).later(word)
        self._wake.set()
        self.keep_up()

    def look(self) -> None:
        """Tell what was heard, and take what others heard. Never raises."""
        with self._looking:
            with self._lock:
                heard, self._heard = self._heard, {}
            try:
                decision = self._told(heard) if heard else self._tally.decided()
            except Exception:  # noqa: BLE001  any store may fail in any way
                self.failures += 1
                with self._lock:
                    self._heard = _merged(heard, self._heard)
                return
            if decision.version != self._seen:
                self._seen = decision.version
                self._take(_read(decision.document))

    def close(self) -> None:
        """Tell what is left, and ask no more; the next call begins anew. Waits at most a second for the thread."""
        self._called_s = -math.inf
        self._wake.set()
        if self._thread is not None and self._thread.is_alive():
            self._thread.join(timeout=1)
        if self._heard:
            self.look()

    def _told(self, heard: Mapping[str, Word]) -> Decision:
        """Return the document with what was heard in it, once it is kept."""
        decision = self._tally.decided()
        for _ in range(_TRIES):
            proposed = Decision(decision.version + 1, self._written(_read(decision.document), heard))
            decision = self._tally.decide(proposed)
            if decision == proposed:
                return decision
        raise TimeoutError("others were faster each time")

    def _written(self, words: Mapping[str, Word], heard: Mapping[str, Word]) -> str:
        now = self._wall()
        kept = {
            bucket: word
            for bucket, word in _merged(words, heard).items()
            if word.until_s > now or word.refused_s > now - self._lasts_s
        }
        latest = sorted(kept, key=lambda bucket: max(kept[bucket]))[-_MOST:]
        return json.dumps({bucket: kept[bucket] for bucket in latest}, separators=(",", ":"))

    def _start(self) -> None:
        with self._lock:
            if self._thread is None or not self._thread.is_alive():
                self._thread = threading.Thread(target=self._run, name="genai_guard-hearsay", daemon=True)
                with suppress(RuntimeError):  # there are too many, or the process is about to end
                    self._thread.start()

    def _run(self) -> None:
        while time.monotonic() - self._called_s < _IDLE_S:
            self.look()
            self._wake.wait(self._every_s)
            self._wake.clear()


def _merged(words: Mapping[str, Word], others: Mapping[str, Word]) -> dict[str, Word]:
    return {bucket: words.get(bucket, Word()).later(others.get(bucket, Word())) for bucket in {**words, **others}}


def _read(document: str) -> dict[str, Word]:
    """Return the words of a document; nothing of one that somebody else wrote."""
    try:
        words = {
            bucket: Word(float(until), float(refused)) for bucket, (until, refused) in json.loads(document).items()
        }
    except (ValueError, TypeError, AttributeError, OverflowError):
        return {}
    return {bucket: word for bucket, word in words.items() if all(map(math.isfinite, word))}
