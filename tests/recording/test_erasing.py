"""Nothing of an erased user stays: no torn line, no file of an interrupted export, no memory of whose a call was."""

from __future__ import annotations

from pathlib import Path

import pytest

from genai_guard import ConfigurationError
from genai_guard.messages import Caller, Part
from genai_guard.recording import InferenceLog, MetricsRecorder, Redactor, SqliteInferenceLog, no_scan
from genai_guard.recording.exports import erase_parquet, export_parquet
from genai_guard.recording.feedback import MemoryFeedbackStore, SqliteFeedbackStore
from genai_guard.recording.review import ReviewQueue, Selection
from recorders import call

PLAIN = Redactor(scan=no_scan)


def test_a_line_that_was_torn_by_a_crash_is_overwritten_and_one_that_is_being_written_is_not(tmp_path: Path) -> None:
    log = InferenceLog(tmp_path, redact=PLAIN)
    writer = log.writer()
    writer.write(call(caller=Caller(user="bob")))
    (segment,) = log.segments()
    with segment.open("ab") as file:  # as a killed process leaves it
        file.write(b'{"request": "what ann sai')
    before = segment.read_bytes()

    assert log.erase(user="ann") == 0
    assert segment.read_bytes() == before

    writer.close()
    skipped: list[int] = []
    assert log.erase(user="ann") == 0
    assert b"ann" not in segment.read_bytes()
    assert [row["requester"] for row in log.read(on_skip=lambda _, number: skipped.append(number))] == ["bob"]
    assert skipped == [2]  # the loss is still told


def test_what_an_interrupted_export_left_is_removed(tmp_path: Path) -> None:
    pytest.importorskip("pyarrow", reason="needs the extra parquet")
    log = InferenceLog(tmp_path / "log", redact=PLAIN)
    writer = log.writer()
    writer.write(call(caller=Caller(user="ann")))
    writer.close()
    export_parquet(log, tmp_path / "tables")
    (tmp_path / "tables" / "_x-00000001.parquet.new").write_bytes(b"what ann said")

    assert erase_parquet(tmp_path / "tables", user="ann") == 1
    assert [each.name for each in (tmp_path / "tables").iterdir()] == ["_export.lock"]


@pytest.mark.parametrize("kind", ["jsonl", "sqlite"])
def test_a_user_whose_name_no_file_can_have_is_kept_and_erased_by_it(kind: str, tmp_path: Path) -> None:
    user = "ann\ud800"
    log = InferenceLog(tmp_path / "log") if kind == "jsonl" else SqliteInferenceLog(tmp_path / "log.sqlite")
    review = ReviewQueue(tmp_path / "review.sqlite", selections=[Selection()])
    store = SqliteFeedbackStore(tmp_path / "feedback.sqlite")
    with MetricsRecorder(log=log, review=review, feedback=store) as recorder:
        recorder.record(call(request_id="r1", caller=Caller(user=user), request=(Part("hi"),)))
        assert recorder.flush(timeout_s=60)
        recorder.feedback("r1", thumbs="up")
        assert recorder.flush(timeout_s=60)
        assert recorder.dropped == {}
        assert review.judge(1, "bob", "unsure", comment="odd \ud800")

        assert recorder.erase(user=user) == {"feedback": 1, "log": 1, "review": 1}


def test_late_feedback_on_a_call_of_an_erased_user_does_not_name_them_again() -> None:
    store = MemoryFeedbackStore()
    with MetricsRecorder(feedback=store) as recorder:
        recorder.record(call(request_id="r1", caller=Caller(user="ann")))
        recorder.record(call(request_id="r2", caller=Caller(user="bob")))
        recorder.erase(user="ann")

        assert [recorder.feedback(each, thumbs="down") for each in ("r1", "r2")] == [False, True]
        assert recorder.flush(timeout_s=60)
    assert [each.user for each in store.read()] == ["", "bob"]


def test_what_is_no_id_is_refused_in_words() -> None:
    with MetricsRecorder() as recorder, pytest.raises(ConfigurationError, match="request_id"):
        recorder.feedback(["r1"], thumbs="up")  # type: ignore[arg-type]
