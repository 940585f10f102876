"""What is recorded, and what becomes of it when something is in the way."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import structlog

from audits import KEY, SECRET, audit, blocked
from genai_guard import (
    ConfigurationError,
    Experiment,
    ExperimentRouter,
    GuardBlocked,
    Limit,
    MetricsRecorder,
    Pipeline,
    RateLimiter,
    Variant,
    caller,
)
from genai_guard.environment import env
from genai_guard.guards import PII
from genai_guard.recording import AuditLog, Head, read_anchors
from genai_guard.routing.canary import Canary
from genai_guard.testing import FakeLLM
from genai_guard.verdicts import Action, Verdict


@pytest.fixture(autouse=True)
def quiet() -> Iterator[None]:
    with structlog.testing.capture_logs():
        yield


def kinds(log: AuditLog) -> list[str]:
    assert log.flush(timeout_s=30)
    return [record["kind"] for record in log.read()]


# --- what is recorded -------------------------------------------------------------------------------------------------


def test_a_block_is_recorded_with_the_rules_that_fired_and_nothing_of_the_text(tmp_path: Path) -> None:
    with audit(tmp_path) as log:
        ask = Pipeline(name="bot", input=[PII(action="block")], recorder=MetricsRecorder(audit=log)).wrap(FakeLLM("hi"))
        with caller(user="u-1", session="s-1"), pytest.raises(GuardBlocked):
            ask("I am jo.harper@example.com")
        log.flush()

    (record,) = log.read()

    assert record["kind"] == "block"
    assert record["facts"]["pipeline"] == "bot"
    assert record["facts"]["status"] == "blocked"
    assert record["facts"]["guards"] == [
        {"guard": "pii", "action": "block", "findings": [{"rule": "pii.email", "side": "request", "count": 1}]}
    ]
    assert record["subject"]["user"] == "u-1"
    assert "harper" not in str(record)


def test_a_redaction_an_override_and_a_guard_that_broke_are_recorded_and_a_plain_call_is_not(tmp_path: Path) -> None:
    router = ExperimentRouter(Experiment("x", Variant("a", weight=50), Variant("b", weight=50), by="user"))
    with audit(tmp_path) as log:
        pipeline = Pipeline(
            input=[PII(action="redact")], output=[PII("EMAIL", action="flag")], router=router,
            recorder=MetricsRecorder(audit=log),
        )  # fmt: skip
        ask = pipeline.wrap(FakeLLM("write to jo.harper@example.com"))
        with caller(user="u-1"):
            ask("hello")
            ask("I am jo.harper@example.com")
            with router.force(x="b"):
                ask("hello")
        log.hear(blocked(verdicts=(Verdict(Action.ERROR, guard="slow", error="TimeoutError"),)))

    assert kinds(log) == ["redaction", "override", "guard_failure"]
    assert [each["facts"].get("assignments") for each in log.read()][1] == [{"experiment": "x", "variant": "b"}]


def test_a_verdict_in_shadow_mode_did_nothing_and_is_not_recorded(tmp_path: Path) -> None:
    with audit(tmp_path) as log:
        log.hear(blocked(verdicts=(Verdict(Action.BLOCK, guard="pii", mode="shadow"),)))

    assert kinds(log) == []


def test_changes_of_the_limits_and_experiments_of_a_pipeline_are_recorded_once(tmp_path: Path) -> None:
    limiter = RateLimiter(Limit.requests(60, per="minute", by="user"))
    router = ExperimentRouter(Experiment("x", Variant("a", weight=50), Variant("b", weight=50), by="user"))
    with audit(tmp_path) as log:
        for _ in range(2):
            Pipeline(limiter=limiter, router=router, recorder=MetricsRecorder(audit=log))
        limiter.replace(Limit.requests(10, per="minute", by="user"))
        limiter.reset(user="u-1")
        router.update(Experiment("x", Variant("a", weight=90), Variant("b", weight=10), by="user"))
        router.enabled = False

    assert kinds(log) == ["limits_replaced", "limits_reset", "experiments_replaced", "experiments_switched"]
    replaced, reset, split, _ = log.read()
    assert replaced["facts"] == {
        "before": ["Limit.requests(60, per='minute', by='user')"],
        "after": ["Limit.requests(10, per='minute', by='user')"],
    }
    assert reset["subject"]["user"] == "u-1"
    assert split["facts"]["after"]["experiments"] == ["x: a 90 %, b 10 % by user"]


def test_what_becomes_of_a_canary_is_recorded(tmp_path: Path) -> None:
    router = ExperimentRouter(Experiment("x", Variant("control", weight=95), Variant("canary", weight=5), by="user"))
    canary = Canary("x", check_s=None)
    with audit(tmp_path) as log:
        Pipeline(router=router, canary=canary, recorder=MetricsRecorder(audit=log))
        canary.start()
        canary.abort()
    canary.close()

    assert kinds(log)[0] == "experiments_replaced"
    transitions = [record["facts"] for record in log.read() if record["kind"] == "canary_transition"]
    assert transitions[-1]["experiment"] == "x"
    assert transitions[-1]["after"] == "rolled_back"
    assert transitions[-1]["reason"] == "by hand"


def test_a_change_that_is_refused_is_not_recorded(tmp_path: Path) -> None:
    limiter = RateLimiter(Limit.requests(60, per="minute"))
    with audit(tmp_path) as log:
        Pipeline(limiter=limiter, recorder=MetricsRecorder(audit=log))
        with pytest.raises(ConfigurationError):
            limiter.replace()

    assert kinds(log) == []


def test_facts_are_what_json_has_and_nothing_else_is_shown(tmp_path: Path) -> None:
    facts: dict[str, Any] = {
        "share": 0.05,
        "n": 2**70,
        "none": None,
        "nan": float("nan"),
        "of": (1, {"a": b"bytes"}),
        "\ud800": "\ud800",
    }
    with audit(tmp_path) as log:
        log.record("rollback", **facts)
        log.record("rollback", long="x" * 100_000)

    assert kinds(log) == ["rollback", "rollback"]
    first, second = (record["facts"] for record in log.read())
    assert first == {
        "share": 0.05, "n": str(2**70), "none": None, "nan": "nan", "of": [1, {"a": "<bytes>"}], "?": "?"
    }  # fmt: skip
    assert second == {"withheld": "too long"}
    assert log.verify().ok


@pytest.mark.parametrize("kind", ["", "Not snake", "gap", "erasure", 7])
def test_a_kind_that_is_none_is_refused(tmp_path: Path, kind: Any) -> None:
    with pytest.raises(ConfigurationError, match="snake_case"):
        audit(tmp_path).record(kind)


# --- anchors ----------------------------------------------------------------------------------------------------------


def test_the_head_is_anchored_at_the_first_record_and_by_a_flush(tmp_path: Path) -> None:
    heads = tmp_path / "elsewhere" / "heads.jsonl"
    with audit(tmp_path / "audit", anchor=heads) as log:
        for _ in range(3):
            log.record("change")
            log.flush()
        log.record("change")

    assert [head.sequence for head in read_anchors(heads)] == [1, 2, 3, 4]
    assert log.verify().anchored == 4


def test_a_file_that_was_cut_off_does_not_stand_up_to_its_anchors(tmp_path: Path) -> None:
    with audit(tmp_path / "audit", anchor=tmp_path / "heads.jsonl") as log:
        for _ in range(4):
            log.record("change")
    (segment,) = log.segments()
    segment.write_bytes(b"".join(segment.read_bytes().splitlines(keepends=True)[:2]))

    problem = log.verify().problem

    assert problem is not None
    assert str(problem).startswith("record 3 (audit-000001.jsonl, line 3): is missing: the end was cut off")
    assert log.verify(anchors=()).ok


def test_an_anchor_that_raises_is_counted_and_loses_no_record(tmp_path: Path) -> None:
    def refuse(head: Head) -> None:
        raise OSError

    with audit(tmp_path, anchor=refuse) as log:
        log.record("change")

    assert log.dropped == {"anchor.OSError": 1}
    assert log.verify().records == 1


def test_an_anchor_that_hangs_holds_up_no_record(tmp_path: Path) -> None:
    release = threading.Event()
    log = audit(tmp_path, anchor=lambda _: release.wait(30), anchor_every_s=1e-9)
    for _ in range(50):
        log.record("change")
    assert not log.flush(timeout_s=0.2)
    release.set()
    log.close()

    assert log.verify().records == 50


# --- never in the way -------------------------------------------------------------------------------------------------


def test_what_finds_no_room_is_counted_and_the_chain_shows_the_gap(tmp_path: Path) -> None:
    reached, release = threading.Event(), threading.Event()

    def keys() -> str:
        reached.set()
        release.wait(30)
        return SECRET

    log = audit(tmp_path, key=keys, queue_size=2)
    log.record("change")
    reached.wait(30)
    for _ in range(5):
        log.record("change")
    release.set()
    assert log.flush(timeout_s=30)
    log.close()

    assert log.dropped == {"queue_full": 3}
    assert "gap" in [record["kind"] for record in log.read()]
    assert log.verify().lost == 3
    assert log.verify().ok


@pytest.mark.skipif(not Path("/dev/full").exists(), reason="no disk that is full")
def test_a_disk_that_is_full_fails_no_call_and_the_chain_shows_the_gap(tmp_path: Path) -> None:
    (tmp_path / "audit-000001.jsonl").symlink_to("/dev/full")
    with audit(tmp_path) as log:
        recorder = MetricsRecorder(audit=log)
        ask = Pipeline(input=[PII(action="redact")], recorder=recorder).wrap(FakeLLM("hi"))
        assert ask("I am jo.harper@example.com") == "hi"
        recorder.flush()
        assert recorder.dropped == {"audit.OSError": 1}
        (tmp_path / "audit-000001.jsonl").unlink()
        ask("I am jo.harper@example.com")
        log.flush()

    assert [(each["kind"], each["facts"].get("lost")) for each in log.read()] == [
        ("gap", {"OSError": 1}), ("redaction", None)
    ]  # fmt: skip
    assert log.verify().ok


def test_a_folder_that_was_deleted_is_made_again_and_the_chain_shows_what_is_missing(tmp_path: Path) -> None:
    folder = tmp_path / "audit"
    with audit(folder) as log:
        for _ in range(3):
            log.record("change")
            log.flush()
            for path in (*folder.iterdir(), folder):
                path.unlink() if path.is_file() else path.rmdir()
        log.record("change")

    assert log.dropped == {}
    assert [record["sequence"] for record in log.read()] == [4]
    assert not log.verify().ok


def test_a_folder_that_cannot_be_made_fails_no_call_and_is_told_once(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    with structlog.testing.capture_logs() as told, audit(tmp_path / "file" / "audit") as log:
        for _ in range(3):
            log.record("change")
            log.flush()

    assert log.dropped == {"NotADirectoryError": 3}
    assert [each["error"] for each in told] == ["NotADirectoryError"]


def test_a_torn_end_is_cut_off_by_the_next_writer_who_says_so(tmp_path: Path) -> None:
    with audit(tmp_path) as log:
        log.record("change")
    (segment,) = log.segments()
    segment.write_bytes(segment.read_bytes() + b'{"facts":{},"ke')
    assert not log.verify().ok

    with audit(tmp_path) as later:
        later.record("change")

    assert kinds(later) == ["change", "recovered", "change"]
    assert later.verify().ok


def test_a_closed_audit_counts_what_it_misses(tmp_path: Path) -> None:
    log = audit(tmp_path)
    log.close()
    log.record("change")

    assert log.dropped == {"closed": 1}


def test_nothing_is_opened_before_the_first_record(tmp_path: Path) -> None:
    with audit(tmp_path / "audit", anchor=tmp_path / "heads" / "h.jsonl") as log:
        MetricsRecorder(audit=log).flush()

    assert list(tmp_path.iterdir()) == []


# --- keys -------------------------------------------------------------------------------------------------------------


def test_a_key_that_follows_another_signs_and_the_other_still_verifies(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("AUDIT_KEY", "the first of the secrets")
    with audit(tmp_path, key=env("AUDIT_KEY")) as log:
        log.record("change")
    monkeypatch.setenv("AUDIT_KEY", "the second of the secrets, the first of the secrets")
    with audit(tmp_path, key=env("AUDIT_KEY")) as log:
        log.record("change")

    assert log.verify().ok
    assert len(log.verify().key_ids) == 2
    monkeypatch.setenv("AUDIT_KEY", "the second of the secrets")
    problem = audit(tmp_path, key=env("AUDIT_KEY")).verify().problem
    assert problem is not None
    assert problem.sequence == 1


def test_no_key_stands_in_a_repr_an_error_or_the_files(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("AUDIT_KEY", SECRET)
    with audit(tmp_path, key=env("AUDIT_KEY")) as log:
        log.record("change")
    said = [repr(log), repr(KEY), repr(log.verify()), *(path.read_text() for path in log.segments())]
    wrong: Any = SECRET
    with pytest.raises(ConfigurationError, match="no place in a program") as refused:
        AuditLog(tmp_path, key=wrong)
    said.append(str(refused.value))

    assert not [text for text in said if SECRET in text]


def test_a_key_that_is_missing_or_too_short_is_refused_when_the_audit_is_built(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.delenv("GENAI_GUARD_AUDIT_KEY", raising=False)
    with pytest.raises(ConfigurationError, match="GENAI_GUARD_AUDIT_KEY is not set"):
        AuditLog(tmp_path)
    monkeypatch.setenv("AUDIT_KEY", "short")
    with pytest.raises(ConfigurationError, match="less than 16 bytes"):
        AuditLog(tmp_path, key=env("AUDIT_KEY"))


@pytest.mark.parametrize(
    ("values", "said"),
    [
        ({"key": 7}, "key"),
        ({"anchor_every_s": 0}, "anchor_every_s"),
        ({"max_segment_mb": -1}, "max_segment_mb"),
        ({"queue_size": 0}, "queue_size"),
        ({"fsync": 1}, "fsync"),
        ({"redact": "no"}, "redact"),
        ({"anchor": 7}, "anchor"),
    ],
)
def test_what_is_not_what_it_must_be_is_refused(tmp_path: Path, values: dict[str, Any], said: str) -> None:
    with pytest.raises(ConfigurationError, match=said):
        audit(tmp_path, **values)


def test_an_anchor_beside_the_records_is_refused(tmp_path: Path) -> None:
    with pytest.raises(ConfigurationError, match="elsewhere"):
        audit(tmp_path, anchor=tmp_path / "heads.jsonl")
