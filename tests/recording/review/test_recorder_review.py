"""A recorder with a review queue: what is selected comes in, what users do not like comes in, and nothing unredacted does."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from genai_guard import Pipeline
from genai_guard.guards import BlockedPatterns
from genai_guard.recording import MetricsRecorder, Redactor
from genai_guard.recording.feedback import MemoryFeedbackStore
from genai_guard.recording.review import ReviewQueue, Selection
from genai_guard.recording.review.recent import Recent
from recorders import Clock, recorder
from reviewing import addresses, flagged, silent

FLAGGED = [Selection(found=True, priority=10)]


def with_queue(folder: Path, **settings: Any) -> tuple[MetricsRecorder, ReviewQueue]:
    given: dict[str, Any] = {"selections": FLAGGED, "redact": Redactor(scan=addresses)}
    queue = ReviewQueue(folder / "in" / "review.sqlite", **(given | settings))
    return recorder(Clock(), review=queue), queue


def fine(prompt: str) -> str:
    del prompt
    return "fine"


def test_what_is_selected_comes_into_the_queue(tmp_path: Path) -> None:
    made, queue = with_queue(tmp_path)
    made.record(silent("calm"))
    made.record(flagged("hit"))

    assert made.flush(timeout_s=60)
    assert [item.request_id for item in queue.items()] == ["hit"]
    assert made.dropped == {}


def test_only_what_is_chosen_is_redacted(tmp_path: Path) -> None:
    seen: list[str] = []

    def scan(text: str, /) -> list[tuple[int, int, str]]:
        seen.append(text)
        return []

    made, _ = with_queue(tmp_path, redact=Redactor(scan=scan))
    made.record(silent("calm", text="not read"))
    made.record(flagged("hit", text="read"))
    made.flush(timeout_s=60)

    assert seen == ["read", "hi there"]


def test_a_thumb_down_brings_a_call_in_with_its_texts_redacted(tmp_path: Path) -> None:
    made, queue = with_queue(tmp_path)
    made.record(silent("calm", text="I am bob@example.com", user="u-7"))
    made.flush(timeout_s=60)
    made.feedback("calm", thumbs="down")
    made.feedback("calm", rating=1)
    made.flush(timeout_s=60)

    (item,) = queue.items()
    assert (item.reasons, item.priority, item.propensity) == (("thumbs down",), 20, 1.0)
    assert "I am [EMAIL]" in item.row["request"]
    assert queue.erase(user="u-7") == 1


def test_a_thumb_down_adds_a_reason_to_what_is_there(tmp_path: Path) -> None:
    made, queue = with_queue(tmp_path, selections=[Selection(found=True, share=0.999)])
    made.record(flagged("hit"))
    made.flush(timeout_s=60)
    made.feedback("hit", thumbs="down")
    made.feedback("unknown", thumbs="down")
    made.flush(timeout_s=60)

    known, unknown = queue.items()
    assert (known.reasons, known.propensity) == (("flagged", "thumbs down"), 1.0)
    assert known.fired
    assert dict(unknown.row) == {"request_id": "unknown"}


def test_thumbs_may_be_left_out(tmp_path: Path) -> None:
    made, queue = with_queue(tmp_path, thumbs_down=None)
    made.record(silent("calm"))
    made.flush(timeout_s=60)
    made.feedback("calm", thumbs="down")
    made.flush(timeout_s=60)

    assert list(queue.items()) == []


def test_a_full_queue_is_told_by_the_recorder(tmp_path: Path) -> None:
    made, queue = with_queue(tmp_path, max_items=1)
    for number in range(3):
        made.record(flagged(str(number)))
    made.flush(timeout_s=60)

    assert made.dropped == {"review.OSError": 2}
    assert queue.stats().dropped == 2


def test_the_recorder_erases_a_user_from_the_queue_too(tmp_path: Path) -> None:
    made, queue = with_queue(tmp_path)
    made.record(flagged("hit", user="u-7"))
    made.record(silent("calm", user="u-7"))

    assert made.erase(user="u-7")["review"] == 1
    made.feedback("calm", thumbs="down")
    made.flush(timeout_s=60)
    assert [dict(item.row) for item in queue.items()] == [
        {"request_id": "calm"}
    ]  # its texts are not remembered any more


def test_a_pipeline_puts_what_its_guards_block_into_the_queue(tmp_path: Path) -> None:
    queue = ReviewQueue(tmp_path / "r.sqlite", selections=FLAGGED, redact=Redactor(scan=addresses, keep=["*"]))
    made = MetricsRecorder(review=queue, feedback=MemoryFeedbackStore())
    ask = Pipeline(input=[BlockedPatterns(["teapot"], action="flag")], recorder=made).wrap(fine)

    ask("the teapot of ann@example.com")
    ask("a kettle")
    made.close(timeout_s=60)

    (item,) = queue.items()
    assert "the teapot of [EMAIL]" in item.row["request"]
    assert [(each.category, each.is_shown) for each in item.fired] == [(item.fired[0].category, True)]


def test_the_latest_calls_are_remembered_until_there_are_too_many_or_they_are_too_long() -> None:
    recent = Recent()
    for number in range(1_001):
        recent.put(silent(f"r{number}"))
    assert (recent.take("r0"), recent.take("r1") is None) == (None, False)

    for request_id in ("one", "two"):
        recent.put(silent(request_id, text="x" * 4_500_000))
    assert (recent.take("one"), recent.take("two") is None) == (None, False)
