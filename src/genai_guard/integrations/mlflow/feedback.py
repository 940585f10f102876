"""What people, judges and guards say of calls, as assessments of their traces. Needs the extra `mlflow`.

Rule 1: A call, and whoever says something of one, only leaves it in a queue. A server that is slow or down costs assessments,
    and these are counted.
Rule 2: A trace may come later than what is said of it: it is waited for.
Rule 3: Texts are redacted, whoever had them before.
"""

from __future__ import annotations

from collections import Counter, deque
from collections.abc import Callable, Iterable, Mapping
from time import monotonic
from typing import Final, NamedTuple

from genai_guard.errors import ConfigurationError
from genai_guard.integrations.mlflow.assessing import Said, Store, said_by_guards
from genai_guard.integrations.mlflow.package import package, told
from genai_guard.recording.event import Event
from genai_guard.recording.feedback import Feedback
from genai_guard.recording.lifecycle import watch_over
from genai_guard.recording.redaction import Redactor
from genai_guard.recording.worker import TICK, Worker

__all__ = ["MlflowFeedback"]

_RETRY_S: Final = 2.0
_MOST_WAITING: Final = 10_000


class MlflowFeedback:
    """Sends feedback to the traces of an MLflow experiment, by the request ids of calls.

    `MetricsRecorder(on_feedback=sender)` sends what is said from then on, `sender.send(store.read())` what a store holds.
    With `MetricsRecorder(sinks=[sender])`, what guards found is an assessment too: `guard.pii` with the action as its value
    and the categories as its rationale, of the source type `CODE`.

    A correction is the expectation `expected_response`; all else is feedback. The source type is that of the feedback. What the
    same source says anew overrides what it said before, what is said again changes nothing, and what is withdrawn is deleted.
    The traces must carry the request id as those of `MlflowTraces` do.

    Args:
        experiment_id: Id of the experiment.
        tracking_uri: Where it is; as MLflow is set in the process when None.
        wait_s: For how long a trace is waited for, or a server that does not answer.
        queue_size: Most of what waits for the server.
        redact: How texts are redacted; `Redactor()` when None.
        clock: Monotonic seconds.

    Raises:
        ConfigurationError: one of them is not what it must be, or MLflow is not installed.
    """

    def __init__(
        self,
        *,
        experiment_id: str,
        tracking_uri: str | None = None,
        wait_s: float = 120.0,
        queue_size: int = 1000,
        redact: Redactor | None = None,
        clock: Callable[[], float] | None = None,
    ) -> None:
        if not experiment_id or not isinstance(experiment_id, str):
            raise ConfigurationError('MlflowFeedback(experiment_id=...) must be the id of an experiment, such as "1"')
        if wait_s < 0 or queue_size < 1:
            raise ConfigurationError("MlflowFeedback(wait_s=..., queue_size=...) must be 0 or more, and 1 or more")
        package("mlflow.tracing", needs="mlflow-tracing")
        self._store: Final = Store(tracking_uri, experiment_id, redact or Redactor())
        self._refused: Counter[str] = Counter()
        self._sender = _Sender(self._store, wait_s, clock or monotonic)
        self._worker = Worker("mlflow", self._sender.handle, size=queue_size, flush=self._sender.retry)
        watch_over(self)

    def __call__(self, feedback: Feedback, /) -> None:
        """Take something that was said, to be sent."""
        self._put(Said(feedback))

    def write(self, event: Event, /) -> None:
        """Take what guards found in a call, to be sent."""
        for said in said_by_guards(event):
            self._put(said)

    def send(self, entries: Iterable[Feedback]) -> Mapping[str, int]:
        """Send what was said, however late, and wait for it; return how much was `sent`, `known` there or of an `unknown` trace.

        It may be called again with the same.

        Raises:
            ConfigurationError: the server did not take it. What was sent before is there.
        """
        counts: Counter[str] = Counter()
        for entry in entries:
            try:
                counts[self._store.take(Said(entry))] += 1
            except Exception as error:  # noqa: BLE001  its own text may quote what it was given
                done = f"{sum(counts.values())} done before"
                raise ConfigurationError(f"MLflow did not take an assessment: {told(error)}; {done}") from None
        return dict(counts)

    @property
    def sent(self) -> int:
        """How much the server has taken on its thread."""
        return self._sender.counts["sent"]

    @property
    def lost(self) -> dict[str, int]:
        """What was not sent, by reason: `unknown` without a trace, `queue_full`, `closed`, or what MLflow raised."""
        lost = self._refused + self._sender.lost + Counter(self._worker.failures)
        return dict(sorted(lost.items()))

    def flush(self, *, timeout_s: float = 2.0) -> bool:
        """Try to send all that waits; return whether nothing is left of it."""
        return self._worker.flush(until_s=monotonic() + timeout_s) and not self._sender.waiting

    def close(self, *, timeout_s: float = 2.0) -> bool:
        """Send what can be sent in this time, and end the thread. Done at the exit of the process as well."""
        in_time = self._worker.close(until_s=monotonic() + timeout_s)
        return in_time and not self._sender.waiting

    def after_fork(self) -> None:
        """Begin anew in a child process. Called by itself."""
        self._sender.begin()
        self._refused.clear()
        self._worker.after_fork()

    def __repr__(self) -> str:
        return f"<MlflowFeedback to experiment {self._store.experiment_id}, {self.sent} sent>"

    def _put(self, said: Said) -> None:
        if refused := self._worker.put(said):
            self._refused[refused] += 1


class _Waiting(NamedTuple):
    said: Said
    until_s: float


class _Sender:
    """What the thread does. It keeps what could not be sent yet."""

    def __init__(self, store: Store, wait_s: float, clock: Callable[[], float]) -> None:
        self._store = store
        self._wait_s = wait_s
        self._clock = clock
        self.begin()

    def begin(self) -> None:
        """Forget everything."""
        self.waiting: deque[_Waiting] = deque()
        self.counts: Counter[str] = Counter()
        self.lost: Counter[str] = Counter()

    def handle(self, item: object) -> float | None:
        """Send something new, or what waits; return after how many seconds to look again."""
        if item is TICK:
            self.retry()
        elif isinstance(item, Said):
            self._try(_Waiting(item, self._clock() + self._wait_s))
        return _RETRY_S if self.waiting else None

    def retry(self) -> None:
        """Try once more to send each of what waits."""
        for _ in range(len(self.waiting)):
            self._try(self.waiting.popleft())

    def _try(self, waiting: _Waiting) -> None:
        try:
            became: str = self._store.take(waiting.said)
        except Exception as error:  # noqa: BLE001  rule 1
            became = told(error)
        if became in {"sent", "known"}:
            self.counts[became] += 1
        elif self._clock() >= waiting.until_s or len(self.waiting) >= _MOST_WAITING:
            self.lost[became] += 1
        else:
            self.waiting.append(waiting)
