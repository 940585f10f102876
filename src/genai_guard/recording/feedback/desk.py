"""Where feedback comes in: it is counted at once, and kept and told on threads of their own.

Rule 1: What can go wrong here never reaches the caller: it is counted. Only what cannot be said is refused.
Rule 2: Texts are redacted before they are kept or told. What cannot be redacted is withheld.
Rule 3: Feedback for an unknown call is kept as any other.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import replace
from typing import Final, Literal, TypeAlias

from genai_guard.errors import ConfigurationError
from genai_guard.recording.dimensions import Key, check_declared, key_reader
from genai_guard.recording.erasing import writable
from genai_guard.recording.event import Event
from genai_guard.recording.feedback.counting import FEEDBACK_KEPT_S, FeedbackCounts, FeedbackSeries
from genai_guard.recording.feedback.store import FeedbackStore
from genai_guard.recording.feedback.values import Feedback, Source, feedback_of
from genai_guard.recording.redaction import FAILED, TOO_LONG, Redactor
from genai_guard.recording.worker import Worker

__all__ = ["FeedbackDesk", "OnFeedback", "redacted"]

OnFeedback: TypeAlias = Callable[[Feedback], object]

_REMEMBERED: Final = 50_000


_Call: TypeAlias = tuple[str, str, Key]
"""What is remembered of a call: its id, its user, and its values in the dimensions. To make a class of it takes longer."""


class FeedbackDesk:
    """Takes what users and reviewers say of the calls of a recorder: `recorder.feedback(request_id, thumbs="down")`.

    A recorder has one, made from its own settings.

    Args:
        store: Where it is kept; None for nowhere.
        on_feedback: Called with what is new, redacted, on a thread of its own.
        dimensions: By what it is counted apart; as for the recorder, and so are the others.
        series: Where it is counted.
        is_watched: Whether an alert goes by it.
        heard: Called with the monotonic time when something new was said.
        miss: Counts a loss by its name.

    Attributes:
        is_wanted: Whether anybody keeps it, is told of it or watches it.
    """

    def __init__(
        self,
        store: FeedbackStore | None,
        *,
        on_feedback: OnFeedback | None,
        dimensions: Sequence[str],
        series: FeedbackSeries,
        heard: Callable[[float], object],
        is_watched: bool,
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
        self._series: Final = series
        self._heard: Final = heard
        self._redact: Final[Redactor] = getattr(store, "redact", None) or Redactor()
        self._queue_size: Final = queue_size
        self._keeper: Final = (
            None
            if store is None
            else Worker(
                "feedback", _handler(store.add, self._redact), size=queue_size, finish=getattr(store, "close", None)
            )
        )
        self.is_wanted = store is not None or is_watched
        self._tellers: tuple[Worker, ...] = ()
        if on_feedback is not None:
            self.listen(on_feedback, name="on_feedback")
        self._recent: dict[str, _Call] = {}
        self._earlier: dict[str, _Call] = {}

    def __call__(
        self,
        request_id: str,
        *,
        thumbs: Literal["up", "down"] | None = None,
        rating: float | None = None,
        correction: str | None = None,
        comment: str | None = None,
        ranking: Sequence[str] | None = None,
        scores: Mapping[str, float | bool | str] | None = None,
        withdraw: Iterable[str] = (),
        source: str = "",
        source_type: Source = "human",
        user: str = "",
        time_s: float | None = None,
    ) -> bool:
        """Take what somebody says of a call, however late; return whether the call is one of the latest of this process.

        To say something again changes nothing; to say something else puts it in the place of what the same source said
        before. Texts are redacted before they are kept. An unknown id, a full disk and a store that hangs are counted,
        never raised: see `counts` and `MetricsRecorder.dropped`.

        Args:
            request_id: The call, by its `request_id` or by that which its caller gave.
            thumbs: What a user says.
            rating: The same as a number; keep to one scale.
            correction: The text that the reply should have been.
            comment: What there is to say.
            ranking: The ids of calls, the best first.
            scores: Anything else, by names of your own.
            withdraw: Names of what is to hold no longer: `"thumbs"`.
            source: Who says it; the user of the call when it is empty. Not redacted.
            source_type: `human`, `llm_judge` or `code`.
            user: Whose call it was; known by itself for the latest 50 000 calls of this process. Not redacted.
            time_s: When it was said, in seconds since 1970; now when None, or when it is later than that.

        Raises:
            ConfigurationError: nothing is said, or something that cannot be.
        """
        now_s = self._wall_clock()
        call = self._call_of(request_id)
        if call is not None:
            request_id = call[0]
            user = user or writable(call[1])
        entries = feedback_of(
            request_id, thumbs=thumbs, rating=rating, correction=correction, comment=comment, ranking=ranking,
            scores=scores, withdraw=withdraw, source=source, source_type=source_type, user=user,
            time_s=now_s if time_s is None else time_s,
        )  # fmt: skip
        for entry in entries:  # a clock that is ahead must not win for ever
            self._take(replace(entry, time_s=now_s) if entry.time_s > now_s else entry, call)
        return call is not None

    def counts(self, window_s: float = FEEDBACK_KEPT_S, **slice: str) -> FeedbackCounts:  # noqa: A002  the word for it
        """Return what was said in the last `window_s` seconds, of all calls or of those of a slice.

        `recorder.feedback.counts(3600, variant="treatment").thumbs_down_rate`. Counted by this process, when it came.

        Args:
            window_s: How far to look back, at most three days; the minute in which it begins counts whole.
            slice: Values of declared dimensions. Calls that are not remembered have empty ones.

        Raises:
            ConfigurationError: the window is not kept, or a dimension was not declared.
        """
        if not 0 < window_s <= FEEDBACK_KEPT_S:
            raise ConfigurationError(f"window_s={window_s:g}: feedback is counted for {FEEDBACK_KEPT_S:g} seconds")
        check_declared(slice, self.dimensions)
        wanted = {self.dimensions.index(name): value for name, value in slice.items()}
        return self._series.read(window_s, wanted, now_s=self._clock())

    def listen(self, listener: OnFeedback, *, name: str = "", remembers: bool = True) -> None:
        """Tell `listener` as well of everything new, redacted, on a thread of its own.

        Args:
            listener: Called with a `Feedback`. What it raises is counted and told once.
            name: Stands in `MetricsRecorder.dropped` and on the thread; the name of the function unless given.
            remembers: Whether calls are remembered for it, so that it is told whose they were.

        Raises:
            ConfigurationError: it cannot be called.
        """
        if not callable(listener):
            raise ConfigurationError("recorder.feedback.listen(...) takes a function of one Feedback")
        name = name or getattr(listener, "__name__", type(listener).__name__)
        self.is_wanted = self.is_wanted or remembers
        self._tellers = (*self._tellers, Worker(name, _handler(listener, self._redact), size=self._queue_size))

    @property
    def workers(self) -> tuple[Worker, ...]:
        """Its threads, for whoever flushes and closes them."""
        return self._tellers if self._keeper is None else (self._keeper, *self._tellers)

    def remember(self, event: Event) -> None:
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

    def forget(self, user: str) -> None:
        """Forget whose calls a user's were, so that late feedback on them does not name them again."""
        for known in (self._recent, self._earlier):
            for name in [name for name, call in list(known.items()) if call[1] == user]:
                known.pop(name, None)

    def _call_of(self, request_id: object) -> _Call | None:
        if not isinstance(request_id, str):
            return None
        return self._recent.get(request_id) or self._earlier.get(request_id)

    def begin(self) -> None:
        """Begin anew in a child process. The workers are told by whoever has them."""
        self._series.begin()
        self._recent, self._earlier = {}, {}

    def _take(self, entry: Feedback, call: _Call | None) -> None:
        now_s = self._clock()
        is_new = self._series.add(entry, None if call is None else call[2], now_s=now_s)
        if is_new:
            self._heard(now_s)
        if self._keeper is not None and (refused := self._keeper.put(entry)):
            self._miss(f"feedback.{refused}")
        if not self.is_wanted:
            self._miss("feedback.not_kept")
        for teller in self._tellers if is_new else ():
            if refused := teller.put(entry):
                self._miss(f"{teller.name}.{refused}")


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
