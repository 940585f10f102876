"""What holds of a log of rows, wherever it keeps them: segments of JSON lines, or a file of SQLite."""

from __future__ import annotations

import json
import os
import sqlite3
import stat
import subprocess
import sys
import threading
from collections.abc import Callable
from itertools import islice
from pathlib import Path
from typing import Any, TypeAlias

import pytest

from genai_guard import ConfigurationError
from genai_guard.messages import Caller, Part
from genai_guard.recording import (
    Event,
    InferenceLog,
    MetricsRecorder,
    Redactor,
    RowLog,
    SqliteInferenceLog,
    no_scan,
    open_log,
)
from genai_guard.recording.logs import LOG_COLUMNS, Pruned, count_by, latest, matching
from genai_guard.recording.logs.querying import cell, since_text
from genai_guard.recording.sinks import Erasable, Log, Sink
from recorders import call, full_call

Make: TypeAlias = Callable[..., Any]
PLAIN = Redactor(scan=no_scan)
KINDS = ["jsonl", "sqlite"]


@pytest.fixture(params=KINDS)
def make(request: pytest.FixtureRequest, tmp_path: Path) -> Make:
    """Makes the log of one kind; the same one each time."""

    def build(**values: Any) -> Any:
        values = {"redact": PLAIN, **values}
        return (
            InferenceLog(tmp_path / "log", **values)
            if request.param == "jsonl"
            else SqliteInferenceLog(tmp_path / "log.sqlite", **values)
        )

    return build


def record(log: RowLog, *events: Event) -> dict[str, int]:
    with MetricsRecorder(log=log, queue_size=100_000) as recorder:
        for event in events:
            recorder.record(event)
        assert recorder.flush(timeout_s=60)
        return recorder.dropped


def calls(count: int, **values: Any) -> list[Event]:
    return [call(request_id=f"r{number}", **values) for number in range(count)]


def ids(log: RowLog) -> list[str]:
    return [row["request_id"] for row in log.read()]


def test_rows_come_back_as_they_went_in_and_have_the_documented_columns(make: Make) -> None:
    log = make()

    assert record(log, full_call(), *calls(3)) == {}

    first, *others = log.read()
    assert tuple(first) == tuple(column.name for column in LOG_COLUMNS)
    assert first["tags"] == {"team": "blau ü"}
    assert first["verdicts"][0]["findings"][0]["rule"] == "pii.email"
    assert (first["streamed"], first["tokens_estimated"], first["settled"]) == (True, True, True)
    assert "[EMAIL] ü ? \\u0000 'quoted'" in first["request"]
    assert first["response"] is None
    assert first["logging_error_codes"] == ["MAX_RESPONSE_SIZE_EXCEEDED"]
    assert [row["request_id"] for row in others] == ["r0", "r1", "r2"]


def test_both_kinds_have_the_same_rows(tmp_path: Path) -> None:
    logs = InferenceLog(tmp_path / "log", redact=PLAIN), SqliteInferenceLog(tmp_path / "file", redact=PLAIN)
    for log in logs:
        record(log, full_call(), *calls(2))

    one, other = (list(log.read()) for log in logs)
    assert one == other
    assert json.dumps(one) == json.dumps(other)  # the order and the types too


def test_a_log_describes_a_sink_and_touches_no_file_before_its_first_row(make: Make, tmp_path: Path) -> None:
    log = make()
    writer = log.writer()

    assert isinstance(log, RowLog)
    assert isinstance(log, Log)
    assert isinstance(log, Erasable)
    assert not isinstance(log, Sink)
    assert isinstance(writer, Sink)
    assert (list(log.read()), list(log.sealed())) == ([], [])
    assert (log.erase(user="ann"), log.prune(), log.holds("1-1-1")) == (0, Pruned(), False)
    writer.close()  # type: ignore[attr-defined]
    assert list(tmp_path.iterdir()) == []
    assert make() == log
    assert hash(make()) == hash(log)


def test_only_its_owner_can_read_it(make: Make, tmp_path: Path) -> None:
    record(make(), *calls(1))

    files = [path for path in tmp_path.rglob("*") if path.is_file()]
    assert files
    assert all(stat.S_IMODE(path.stat().st_mode) == 0o600 for path in files)


def test_erasing_a_user_leaves_no_byte_of_their_rows(make: Make, tmp_path: Path) -> None:
    log = make()
    texts = {user: (Part(f"this is what {user} said"),) for user in ("ann", "bob")}
    record(log, *[call(caller=Caller(user=user), request=texts[user]) for user in ("ann", "bob", "ann")])

    assert log.erase(user="ann") == 2
    assert log.erase(user="ann") == 0
    assert [row["requester"] for row in log.read()] == ["bob"]
    assert not any(b"ann said" in path.read_bytes() for path in tmp_path.rglob("*") if path.is_file())
    with pytest.raises(ConfigurationError, match=r"erase\(user=...\) must be the user"):
        log.erase(user="")


def test_rows_of_old_days_and_too_many_rows_are_deleted(make: Make) -> None:
    day_s = 86_400.0
    log = make(max_age_days=2)
    events = [Event(1.7e9 + day * day_s, f"{day}") for day in range(5)]
    for event in events:
        record(log, event)  # by the clock of the system all of them are old
    assert len(ids(log)) <= 1
    make(max_total_mb=1e-6).prune()

    log = make()
    for event in events:
        record(log, event)
    pruned = make(max_age_days=2).prune(now_s=1.7e9 + 4 * day_s)
    assert ids(log) == ["2", "3", "4"]
    assert pruned.segments + pruned.rows == 2
    make(max_total_mb=1e-6).prune()
    assert ids(log) == []


def test_sqlite_deletes_the_oldest_rows_until_the_rest_is_small_enough(tmp_path: Path) -> None:
    log = SqliteInferenceLog(tmp_path / "log", max_total_mb=1.0, redact=PLAIN)
    record(log, *calls(600, request=(Part("x" * 5_000),)))

    pruned = log.prune()

    kept = ids(log)
    assert kept == [f"r{number}" for number in range(600 - len(kept), 600)]
    assert 100 < len(kept) < 250
    assert pruned.rows == 600 - len(kept)


def test_rows_are_followed_as_they_come(make: Make) -> None:
    log = make()
    told = log.follow()

    def look() -> list[str]:
        return [row["request_id"] for row in iter(lambda: next(told), None)]

    assert look() == []
    record(log, *calls(2))
    assert look() == ["r0", "r1"]
    record(log, call(request_id="r2"))
    assert look() == ["r2"]
    assert look() == []


@pytest.mark.parametrize("kind", KINDS)
def test_what_is_due_by_time_is_done_though_no_call_comes(
    kind: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    done = threading.Event()

    def tell(*_: object) -> None:
        done.set()

    log: Any
    if kind == "jsonl":
        log = InferenceLog(tmp_path / "log", fsync=0.001, redact=PLAIN)
    else:
        log = SqliteInferenceLog(tmp_path / "log", redact=PLAIN)
    with MetricsRecorder(log=log) as recorder:
        with monkeypatch.context() as patch:
            patch.setattr("os.fsync" if kind == "jsonl" else "genai_guard.sqlite_file.SqliteFile.change", tell)
            recorder.record(call())
            assert done.wait(30)
        assert recorder.dropped == {}


def test_a_disk_without_room_loses_rows_counts_each_and_fails_no_call(make: Make, tmp_path: Path) -> None:
    if not hasattr(os, "fork"):
        pytest.skip("file size limits are POSIX")
    script = """
import resource, signal, sys
from genai_guard.recording import *
signal.signal(signal.SIGXFSZ, signal.SIG_IGN)
log = InferenceLog(sys.argv[1], redact=Redactor(scan=no_scan)) if sys.argv[2] == "InferenceLog" else SqliteInferenceLog(
    sys.argv[1] + ".sqlite", redact=Redactor(scan=no_scan))
recorder = MetricsRecorder(log=log, queue_size=10_000)
recorder.record(Event(1.7e9, "first"))
assert recorder.flush(timeout_s=30)
resource.setrlimit(resource.RLIMIT_FSIZE, (400_000, 400_000))
from genai_guard.messages import Part
for number in range(40):
    recorder.record(Event(1.7e9, str(number), request=(Part("x" * 100_000),)))
assert recorder.flush(timeout_s=30)
rows = list(log.read())
print(len(rows), sum(recorder.dropped.values()), all(len(row) == len(rows[0]) for row in rows))
"""
    command = [sys.executable, "-c", script, str(tmp_path / "log"), type(make()).__name__]
    done = subprocess.run(command, check=True, capture_output=True, text=True)
    rows, lost, whole = done.stdout.splitlines()[-1].split()

    assert int(rows) + int(lost) == 41
    assert whole == "True"


def test_a_place_that_cannot_be_written_to_is_counted_and_told(make: Make, tmp_path: Path) -> None:
    log = make()
    for name in ("log", "log.sqlite"):
        (tmp_path / name).mkdir()
    if isinstance(log, InferenceLog):
        (tmp_path / "log").rmdir()
        (tmp_path / "log").write_text("a file where the folder should be")

    dropped = record(log, *calls(3))

    assert sum(dropped.values()) == 3
    assert all(name.startswith("log.") for name in dropped)


# --- SQLite alone -----------------------------------------------------------------------------------------------------


def test_rows_that_wait_are_committed_together(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    log = SqliteInferenceLog(tmp_path / "log", redact=PLAIN)
    writer = log.writer()

    assert [writer.write(event) for event in calls(3)] == [0.0] * 3
    assert ids(log) == []
    assert writer.tick() is None  # type: ignore[func-returns-value]
    assert ids(log) == ["r0", "r1", "r2"]
    assert [writer.write(event) for event in calls(500)][-1] is None
    assert len(ids(log)) == 503


def test_every_row_of_a_commit_that_failed_is_counted(tmp_path: Path) -> None:
    log = SqliteInferenceLog(tmp_path / "log", redact=PLAIN, timeout_s=0)
    record(log, *calls(1))
    other = sqlite3.connect(tmp_path / "log", isolation_level=None)
    other.execute("BEGIN IMMEDIATE")
    writer = log.writer()
    for event in calls(5):
        writer.write(event)

    with pytest.raises(sqlite3.OperationalError):
        writer.tick()
    other.execute("ROLLBACK")
    other.close()

    assert writer.failures == {"OperationalError": 4}
    assert writer.tick() is None  # type: ignore[func-returns-value]
    assert len(ids(log)) == 1


@pytest.mark.skipif(not hasattr(os, "fork"), reason="no fork on this system")
@pytest.mark.filterwarnings("ignore::DeprecationWarning")
def test_a_child_does_not_commit_what_waited_in_its_parent(tmp_path: Path) -> None:
    log = SqliteInferenceLog(tmp_path / "log", redact=PLAIN)
    writer = log.writer()
    writer.write(call(request_id="parent"))
    child = os.fork()
    if not child:
        try:
            writer.tick()
            writer.write(call(request_id="child"))
            writer.tick()
        finally:
            os._exit(0)
    os.waitpid(child, 0)
    writer.tick()

    assert sorted(ids(log)) == ["child", "parent"]


@pytest.mark.parametrize(
    ("values", "complaint"),
    [
        ({"path": ""}, "path of a file"),
        ({"path": "x", "fsync": 5}, "fsync=.*True or False"),
        ({"path": "x", "timeout_s": -1}, "timeout_s"),
        ({"path": "x", "sampling": 2}, r"SqliteInferenceLog\(sampling=.*at most 1"),
    ],
)
def test_a_wrong_log_is_refused_when_it_is_built(values: dict[str, Any], complaint: str) -> None:
    with pytest.raises(ConfigurationError, match=complaint):
        SqliteInferenceLog(**values)


# --- opening and asking -----------------------------------------------------------------------------------------------


def test_a_log_is_opened_by_its_path(make: Make, tmp_path: Path) -> None:
    log: Any = make()
    path = Path(log.path)
    record(log, *calls(2))

    assert type(open_log(str(path))) is type(log)
    assert ids(open_log(path)) == ["r0", "r1"]
    (tmp_path / "notes.txt").write_text("no log")
    for wrong in ("notes.txt", "nothing"):
        with pytest.raises(ConfigurationError, match="neither the folder"):
            open_log(tmp_path / wrong)


def test_the_reference_lists_the_columns() -> None:
    page = (Path(__file__).parents[2] / "docs" / "reference" / "inference-log.md").read_text("utf-8")

    lines = [f"| `{column.name}` | `{column.type}` | {column.about} |" for column in LOG_COLUMNS]
    assert "\n".join(lines) in page


def test_rows_are_chosen_counted_and_taken_from_the_end() -> None:
    rows = [
        {"request_time": f"2026-11-20T{hour:02d}:00:00.000000+00:00", "status": "ok" if hour % 2 else "error",
         "requester": f"u{hour % 3}", "model": None, "streamed": hour > 5, "sampling_fraction": 0.5}
        for hour in range(10)
    ]  # fmt: skip

    def hours(found: Any) -> list[int]:
        return [int(row["request_time"][11:13]) for row in found]

    assert hours(matching(rows, status=["error"], user="u0")) == [0, 6]
    assert hours(matching(rows, since="2026-11-20T07", where={"streamed": "true"})) == [7, 8, 9]
    assert hours(matching(rows, where={"model": "", "status": "ok"}, model="large")) == []
    assert hours(latest(reversed(rows), 3)) == [7, 8, 9]
    counts = count_by(["status", "streamed"], rows)
    assert [(*key, each.rows, each.calls) for key, each in islice(counts.items(), 2)] == [
        ("error", "false", 3, 6.0),
        ("ok", "false", 3, 6.0),
    ]
    assert (cell(None), cell(True), cell(1.5), cell(["ü"])) == ("", "true", "1.5", '["ü"]')
    assert since_text("90m", now_s=1.7e9) == "2023-11-14T20:43:20.000000+00:00"
    with pytest.raises(ConfigurationError, match="'stauts' is no column of a log"):
        matching(rows, where={"stauts": "ok"})
    with pytest.raises(ConfigurationError, match="'yesterday' must be a time"):
        matching(rows, since="yesterday")


def test_a_file_is_followed_from_the_calls_that_ended_since_some_moment(tmp_path: Path) -> None:
    log = SqliteInferenceLog(tmp_path / "log.sqlite", redact=PLAIN)
    ended_s = (1000.0, 1060.5, 1061.0)
    record(log, *[Event(at - 30, f"ends {at:g}", latency_s=30.0) for at in ended_s])

    def seen(since_s: float) -> list[str]:
        follower = log.follow(since_s=since_s)
        return [row["request_id"] for row in iter(lambda: next(follower), None)]

    assert seen(0) == ["ends 1000", "ends 1060.5", "ends 1061"]
    assert seen(1060) == ["ends 1060.5", "ends 1061"]
    assert seen(1062) == []
