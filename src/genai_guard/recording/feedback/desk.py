"""Where feedback comes in: it is counted at once, and kept and told on threads of their own.

Rule 1: What can go wrong here never reaches the caller: it is counted. Only what cannot be said is refused.
Rule 2: Texts are redacted before they are kept or told. What cannot be redacted is withheld.
Rule 3: Feedback for an unknown call is kept as any other.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from dataclasses import replace
from typing import Any, Final, TypeAlias

from genai_guard.errors import ConfigurationError
from genai_guard.recording.dimensions import Key, key_reader
from genai_guard.recording.event import Event
from genai_guard.recording.feedback.counting import FEEDBACK_KEPT_S, FeedbackCounts, FeedbackSeries
from genai_guard.recording.feedback.store import FeedbackStore
from genai_guard.recording.feedback.values import Feedback, feedback_of
from genai_guard.recording.redaction import FAILED, TOO_LONG, Redactor
from genai_guard.recording.worker import Worker

__all__ = ["FeedbackDesk", "OnFeedback", "redacted"]

OnFeedback: TypeAlias = Callable[[Feedback], object]

_REMEMBERED: Final = 50_000


_Call: TypeAlias = tuple[str, str, Key]
"""What is remembered of a call: its id, its user, and its values in the dimensions. To make a class of it takes longer."""


class FeedbackDesk:
    """Takes feedback on the calls of a recorder.

    Args:
        store: Where it is kept; None for nowhere.
        on_feedback: Called with what is new.
        dimensions: By what it is counted apart, as `checked` returns them.
        max_series: As for the recorder; so are the others.
        miss: Counts a loss by its name.
    """

    def __init__(
        self,
        *,
        store: FeedbackStore | None,
        on_feedback: OnFeedback | None,
        dimensions: Sequence[str],
        max_series: int,
        queue_size: int,
        clock: Callable[[], float],
        wall_clock: Callable[[], float],
        miss: Callable[[str], object],
    ) -> None:
        if store is not None and (isinstance(store, type) or not isinstance(store, FeedbackStore)):
            raise ConfigurationError(
                f"MetricsRecorder(feedback=...): an object of type {type(store).__name__} is no store of feedback; "
                'give a SqliteFeedbackStore("feedback.sqlite")'
            )
        if on_feedback is not None and not callable(on_feedback):
            raise ConfigurationError("MetricsRecorder(on_feedback=...) must be a function of one Feedback")
        self.dimensions: Final = tuple(dimensions)
        self._clock: Final = clock
        self._wall_clock: Final = wall_clock
        self._miss: Final = miss
        self._key_of: Final = key_reader(dimensions)
        self._series: Final = FeedbackSeries(places=len(self.dimensions), max_series=max_series)
        redact: Redactor = getattr(store, "redact", None) or Redactor()
        self._keeper: Final = (
            None if store is None else Worker("feedback", _handler(store.add, redact), size=queue_size)
        )
        self._teller: Final = (
            None if on_feedback is None else Worker("on_feedback", _handler(on_feedback, redact), size=queue_size)
        )
        self.workers: Final = tuple(worker for worker in (self._keeper, self._teller) if worker is not None)
        self._recent: dict[str, _Call] = {}
        self._earlier: dict[str, _Call] = {}

    def see(self, event: Event) -> None:
        """Remember a call, so that feedback finds it: by its id, and by that which its caller gave."""
        recent = self._recent
        if len(recent) >= _REMEMBERED:
            self._earlier, self._recent = recent, {}
            recent = self._recent
        caller = event.caller
        call = (event.request_id, caller.user, self._key_of(event))
        recent[event.request_id] = call
        if caller.request_id and caller.request_id != event.request_id:
            recent[caller.request_id] = call

    def take(self, request_id: str, *, time_s: float | None, **said: Any) -> bool:
        """Take what somebody says of a call; return whether the call is one that is remembered.

        Raises:
            ConfigurationError: nothing is said, or something that cannot be.
        """
        now_s = self._wall_clock()
        time_s = now_s if time_s is None else time_s
        call = self._recent.get(request_id) or self._earlier.get(request_id)
        if call is not None:
            request_id, user, _ = call
            said["user"] = said["user"] or user.encode("utf-8", "replace").decode()
        entries = feedback_of(request_id, time_s=time_s, **said)
        for entry in entries:  # a clock that is ahead must not win for ever
            self._take(replace(entry, time_s=now_s) if entry.time_s > now_s else entry, call)
        return call is not None

    def counts(self, window_s: float, slice: Iterable[tuple[str, str]]) -> FeedbackCounts:  # noqa: A002  the word for it
        """Return what was said in the last `window_s` seconds of calls with these values of dimensions.

        Raises:
            ConfigurationError: the window is not kept.
        """
        if not 0 < window_s <= FEEDBACK_KEPT_S:
            raise ConfigurationError(f"window_s={window_s:g}: feedback is counted for {FEEDBACK_KEPT_S:g} seconds")
        wanted = {self.dimensions.index(name): value for name, value in slice}
        return self._series.read(window_s, wanted, now_s=self._clock())

    def begin(self) -> None:
        """Begin anew in a child process. The workers are told by whoever has them."""
        self._series.begin()
        self._recent, self._earlier = {}, {}

    def _take(self, entry: Feedback, call: _Call | None) -> None:
        is_new = self._series.add(entry, None if call is None else call[2], now_s=self._clock())
        if self._keeper is None:
            self._miss("feedback.not_kept")
        elif refused := self._keeper.put(entry):
            self._miss(f"feedback.{refused}")
        if is_new and self._teller is not None and (refused := self._teller.put(entry)):
            self._miss(f"on_feedback.{refused}")


def redacted(feedback: Feedback, redact: Redactor) -> Feedback:
    """Return it as it may leave the process."""
    value = feedback.value
    if not isinstance(value, str) or feedback.name == "thumbs":
        return feedback
    try:
        value = redact.text(value) if len(value) <= redact.max_chars else TOO_LONG
    except Exception:  # noqa: BLE001  whatever went wrong, an unredacted text must not leave
        value = FAILED
    return replace(feedback, value=value)


def _handler(take: Callable[[Feedback], object], redact: Redactor) -> Callable[[Feedback], None]:
    def handle(feedback: Feedback) -> None:
        take(redacted(feedback, redact))

    return handle
