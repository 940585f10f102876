"""What goes wrong around a recorder costs no call, is counted by reason, and is told once."""

from __future__ import annotations

import subprocess
import sys
from collections.abc import Callable, Iterable
from pathlib import Path
from typing import Any

import pytest
import structlog

from audits import audit
from genai_guard import InferenceLog, MetricsRecorder, Pipeline, caller
from genai_guard.guards import BlockedPatterns
from genai_guard.recording import Event, ExposureLog, Redactor, no_scan
from genai_guard.recording.feedback import SqliteFeedbackStore
from genai_guard.testing import FakeLLM
from recorders import Clock, recorder
from routing.canary.calls import make_router

PLAIN = Redactor(scan=no_scan)
PLACES = ("log", "exposures", "audit", "feedback")


class Kept:
    """Everything in a folder that a recorder writes to, and a pipeline of which each call is written to all of it."""

    def __init__(self, folder: Path, **settings: Any) -> None:
        self.log = InferenceLog(folder / "log", redact=PLAIN)
        self.exposures = ExposureLog(folder / "exposures")
        self.audit = audit(folder / "audit")
        self.store = SqliteFeedbackStore(folder / "feedback.sqlite")
        self.recorder = MetricsRecorder(
            log=self.log, exposures=self.exposures, audit=self.audit, feedback=self.store, **settings
        )
        self.pipeline = Pipeline(
            input=[BlockedPatterns(["ann"], action="redact")], router=make_router(), recorder=self.recorder
        )

    def call(self, users: Iterable[object]) -> None:
        """Make calls, all of which go well, and say something of each."""
        for user in users:
            with caller(user=str(user)):
                outcome = self.pipeline.run(FakeLLM("fine"), "I am Ann")
            assert outcome.value == "fine"
            assert self.recorder.feedback(outcome.request_id, thumbs="down")
        assert self.recorder.flush(timeout_s=30)

    def counts(self) -> dict[str, int]:
        """Return how much can be read."""
        read: dict[str, Iterable[object]] = {
            "log": self.log.read(), "exposures": self.exposures.read(),
            "audit": [each for each in self.audit.read() if each["kind"] == "redaction"], "feedback": self.store.read(),
        }  # fmt: skip
        return {name: len(list(rows)) for name, rows in read.items()}


def test_a_folder_that_cannot_be_written_to_fails_no_call_and_is_told_once(tmp_path: Path) -> None:
    kept = Kept(tmp_path / "a file" / "below it")
    (tmp_path / "a file").write_bytes(b"")
    with structlog.testing.capture_logs() as told:
        kept.call(range(5))

    assert kept.recorder.dropped == {
        "audit.NotADirectoryError": 5, "exposures.NotADirectoryError": 5, "feedback.NotADirectoryError": 5,
        "log.NotADirectoryError": 5,
    }  # fmt: skip
    assert sorted(each["sink"] for each in told) == sorted(PLACES)
    assert kept.recorder.snapshot().calls == 5

    (tmp_path / "a file").unlink()
    kept.call(range(5, 8))
    kept.recorder.close()
    assert kept.counts() == dict.fromkeys(PLACES, 3)
    assert kept.audit.verify().lost == 5


FILLING = """
import resource, signal, sys
from pathlib import Path
sys.path.insert(0, sys.argv[2])
from recording.test_bad_conditions import Kept, PLACES
import structlog
structlog.configure(wrapper_class=structlog.make_filtering_bound_logger(50))
signal.signal(signal.SIGXFSZ, signal.SIG_IGN)
kept = Kept(Path(sys.argv[1]))
kept.call(range(3))
resource.setrlimit(resource.RLIMIT_FSIZE, (int(sys.argv[3]), resource.RLIM_INFINITY))
kept.call(range(3, 80))
resource.setrlimit(resource.RLIMIT_FSIZE, (resource.RLIM_INFINITY, resource.RLIM_INFINITY))
lost = kept.recorder.dropped
kept.call(range(80, 83))
kept.audit.close()
counts = kept.counts()
for place in PLACES:
    missing = sum(times for name, times in lost.items() if name.startswith(place + "."))
    assert counts[place] + missing == 83, (place, counts, lost)
assert sum(lost.values()) > 0, lost
skipped = []
list(kept.log.read(on_skip=lambda *where: skipped.append(where)))
assert not skipped, skipped
verified = kept.audit.verify()
assert verified.ok, verified
print(sorted(name.split(".")[0] for name in lost))
"""


@pytest.mark.skipif(sys.platform == "win32", reason="no limit on the size of files")
def test_a_disk_that_is_full_in_mid_write_loses_what_it_counts_and_tears_nothing(tmp_path: Path) -> None:
    """The system lets files grow so far and no further: the write that reaches it is cut short."""
    tests = Path(__file__).parents[1]
    done = subprocess.run(
        [sys.executable, "-c", FILLING, str(tmp_path), str(tests), "9000"],
        capture_output=True, text=True, check=False, timeout=120,
    )  # fmt: skip
    assert done.returncode == 0, done.stderr
    assert {"audit", "exposures", "log"} & set(eval(done.stdout))


def test_a_clock_that_goes_back_loses_no_call(clock: Clock, tmp_path: Path) -> None:
    kept = Kept(tmp_path, clock=clock, wall_clock=clock.wall)
    kept.call(range(5))
    clock.now_s -= 7200.0
    kept.call(range(5, 10))
    clock.now_s += 3600.0
    kept.call(range(10, 12))
    kept.recorder.close()

    assert kept.recorder.dropped == {}
    assert kept.recorder.totals()
    assert kept.counts() == dict.fromkeys(PLACES, 12)
    assert kept.audit.verify().ok


def test_ten_thousand_users_as_a_dimension_are_bounded_and_lose_no_call(clock: Clock) -> None:
    metrics = recorder(clock, dimensions=("model", "user"), max_series=500)
    pipeline = Pipeline(recorder=metrics)
    llm = FakeLLM("fine")
    for user in range(10_000):
        with caller(user=f"u-{user}"):
            pipeline.run(llm, "hello")

    assert metrics.snapshot().calls == 10_000
    assert len(metrics.totals()) <= 510
    assert metrics.snapshot(3600, user="__other__").calls > 9_000
    assert metrics.dropped == {}


def garbage(path: Path) -> None:
    """Overwrite the middle of a file."""
    written = path.read_bytes()
    middle = len(written) // 2
    path.write_bytes(written[: middle - 30] + b"\x00\xff" * 30 + written[middle + 30 :])


@pytest.mark.parametrize("damage", [garbage, lambda path: path.write_bytes(b"\x00" * 5000 + b"\n"), Path.unlink])
def test_a_segment_that_is_damaged_is_told_by_its_readers_and_stops_no_writer(
    damage: Callable[[Path], object], tmp_path: Path
) -> None:
    kept = Kept(tmp_path)
    kept.call(range(20))
    for place in (kept.log, kept.exposures, kept.audit):
        damage(place.segments()[0])
    damage(tmp_path / "feedback.sqlite")
    with structlog.testing.capture_logs():
        kept.call(range(20, 25))
        kept.recorder.close()

    skipped: list[int] = []
    users = [int(row["requester"]) for row in kept.log.read(on_skip=lambda _, line: skipped.append(line))]
    assert set(users) >= set(range(20, 25)), "what came afterwards is there"
    assert bool(skipped) is (damage is not Path.unlink)
    assert not kept.audit.verify().ok


class Raising:
    def write(self, event: Event, /) -> None:
        raise RuntimeError("a sink that raises")


def test_a_sink_that_raises_and_feedback_for_an_unknown_call_are_counted(tmp_path: Path) -> None:
    kept = Kept(tmp_path, sinks=[Raising()])
    with structlog.testing.capture_logs() as told:
        kept.call(range(3))
        assert not kept.recorder.feedback("never-seen", thumbs="up")
        assert kept.recorder.flush()

    assert kept.recorder.dropped == {"Raising.RuntimeError": 3}
    assert [each["sink"] for each in told] == ["Raising"]
    assert kept.recorder.feedback.counts().unknown == 1
