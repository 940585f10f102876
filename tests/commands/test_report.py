"""`report` writes a page, and says what is wrong with what it was given; `top` prints what happens."""

from __future__ import annotations

import json
import time
from pathlib import Path

import pytest

import traffic
from genai_guard import Pipeline
from genai_guard.__main__ import main
from genai_guard.commands.shared import UsageError
from genai_guard.commands.terminal import Paint
from genai_guard.commands.times import moment_of
from genai_guard.commands.top_screen import screen
from genai_guard.guards import PII
from genai_guard.recording import Event, MetricsRecorder, SqliteInferenceLog
from genai_guard.recording.feedback import Feedback, SqliteFeedbackStore
from genai_guard.recording.report.rolling import Rolling
from genai_guard.recording.review import ReviewQueue
from genai_guard.testing import FakeLLM


@pytest.fixture
def log(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A log whose calls ended within the last minute."""
    monkeypatch.chdir(tmp_path)
    folder = tmp_path / "inference"
    folder.mkdir()
    lines = [json.dumps(row) for row in traffic.rows(200, span_s=40, start_s=time.time() - 55)]
    (folder / "2026-11-21-1-00001.jsonl").write_text("\n".join([*lines, ""]))
    return folder


def test_a_report_is_written_where_it_is_wanted(log: Path, capsys: pytest.CaptureFixture[str]) -> None:
    store = SqliteFeedbackStore("feedback.sqlite")
    store.add(Feedback("r1", name="thumbs", value="up", time_s=1.0))
    options = ["--since", "24h", "--until", "2100-01-01", "--title", "Weekly", "--budget-usd", "5"]
    assert main(["report", "inference", "--feedback", "feedback.sqlite", *options]) == 0
    page = Path("report.html").read_text(encoding="utf-8")
    assert capsys.readouterr().out == f"report.html: {len(page.encode()):,} bytes\n"
    for said in ("<h1>Weekly</h1>", "200 calls from", "thumbs up", "budget, $5"):
        assert said in page
    assert main(["report", "inference", "--output", "-"]) == 0
    assert capsys.readouterr().out.startswith("<!doctype html>")


@pytest.mark.parametrize(
    ("argv", "said"),
    [
        (["nowhere"], "'nowhere' is neither the folder of an InferenceLog nor"),
        (["inference", "--since", "yesterday"], "--since: takes a time such as 2026-11-20"),
        (["inference", "--since", "2026-11-21", "--until", "2026-11-20"], "since is not before until"),
        (["inference", "--budget-usd", "0"], "must be a number of dollars above 0"),
        (["inference", "--audit", "inference"], "inference: holds no audit"),
        (["inference", "--feedback", "nowhere"], "nowhere: is no file of feedback"),
        (["inference", "--output", "no/where.html"], "no/where.html: cannot be written"),
        (["inference", "--baseline", "nowhere"], "--baseline: data='nowhere' is neither a folder nor a file"),
        (["inference", "--granularity", "1 s"], "--granularity: drift(granularity='1 s') must be 5 minutes or longer"),
        (["inference", "--review", "inference"], "inference: is no file of a review queue"),
    ],
)
def test_what_cannot_be_reported_is_said(
    argv: list[str], said: str, log: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main(["report", *argv]) == 2
    assert said in capsys.readouterr().err


def test_drift_from_what_is_usual_is_reported_of_the_calls_that_are_shown(log: Path, tmp_path: Path) -> None:
    usual = [row | {"output_tokens": 9} for row in traffic.rows(600)]
    changed = [row | {"output_tokens": 5000} for row in traffic.rows(600, span_s=30, start_s=time.time() - 40)]
    (tmp_path / "usual.jsonl").write_text("".join(f"{json.dumps(row)}\n" for row in usual))
    (log / "2026-11-21-2-00001.jsonl").write_text("".join(f"{json.dumps(row)}\n" for row in (*usual, *changed)))
    assert main(["report", "inference", "--since", "1h", "--baseline", "usual.jsonl"]) == 0
    page = Path("report.html").read_text(encoding="utf-8")
    row = page[page.index('<th scope="row">output_tokens</th>') :].split("</tr>")[0]
    for said in (">baseline<", ">drift<", ">800<", ">600<", "&lt; 0.0001"):
        assert said in row, said


def test_what_reviewers_say_of_rules_is_reported(log: Path) -> None:
    with MetricsRecorder(review=ReviewQueue("review.sqlite")) as recorder:
        ask = Pipeline(input=[PII(action="redact")], recorder=recorder).wrap(FakeLLM("hello"))
        for _ in range(4):
            ask("write to jo.harper@example.com")
        recorder.flush()
        assert recorder.review is not None
        for number, item in enumerate(recorder.review.claim("ann", most=4)):
            recorder.review.judge(item.id, "ann", "true_positive" if number else "false_positive")
    assert main(["report", "inference", "--review", "review.sqlite"]) == 0
    page = Path("report.html").read_text(encoding="utf-8")
    row = page[page.index("Rules that fired, as reviewers judged them") :].split("</tbody>")[0]
    for said in ("pii.email", ">3</td>", ">1</td>", "75.0%", 'class="interval"'):
        assert said in row, said
    assert "jo.harper" not in page


@pytest.mark.parametrize(
    ("text", "moment"),
    [
        ("1970-01-02", 86_400),
        ("1970-01-02T00:00:01", 86_401),
        ("1970-01-01T01:00+01:00", 0),
        ("90min", 4600),
        ("1.5h", 4600),
    ],
)
def test_a_moment_is_a_date_or_how_long_ago(text: str, moment: float) -> None:
    assert moment_of(text, now_s=10_000, option="--since") == moment


def test_nothing_is_no_moment() -> None:
    assert moment_of(None, now_s=0, option="--since") is None
    with pytest.raises(UsageError):
        moment_of("7 weeks", now_s=0, option="--since")


def test_top_prints_a_frame(log: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["top", "inference", "--once"]) == 0
    out = capsys.readouterr().out
    assert "\x1b" not in out
    for said in ("calls/s 3.33", "p99", "gpt-5-mini", "prompt control", "user 1", "pii", "tokens per minute"):
        assert said in out


def test_top_prints_figures_for_programs(log: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["top", "inference", "--once", "--json"]) == 0
    (line,) = capsys.readouterr().out.splitlines()
    frame = json.loads(line)
    assert frame["total"]["calls"] == sum(each["calls"] for each in frame["models"].values()) == 200
    assert {each["variant"] for each in frame["arms"]} >= {"control"}
    assert frame["total"]["queue_ms"]["count"] == 10


@pytest.mark.parametrize("argv", [["nowhere"], ["inference", "--window", "0"], ["inference", "--interval", "0"]])
def test_top_says_what_it_cannot_do(argv: list[str], log: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["top", *argv]) == 2
    assert capsys.readouterr().err


def rolling(calls: int = 300) -> Rolling:
    found = Rolling(window_s=60)
    for row in traffic.rows(calls, span_s=40, start_s=1e9 + 5):
        found.add(row, now_s=1e9 + 60)
    return found


def lines(
    found: Rolling, *, columns: int = 100, height: int | None = None, encoding: str = "utf-8", hint: str = ""
) -> list[str]:
    frame = found.frame(now_s=1e9 + 60)
    return screen(
        frame, source="log", columns=columns, lines=height, paint=Paint(on=False), encoding=encoding, hint=hint
    )


@pytest.mark.parametrize(("columns", "height"), [(100, 60), (80, 24), (40, 12), (20, 5), (10, 1)])
def test_a_frame_fits_the_terminal(columns: int, height: int) -> None:
    shown = lines(rolling(), columns=columns, height=height, hint="q quits")
    assert len(shown) <= height
    assert max(map(len, shown)) <= columns
    assert shown[-1].startswith("q quits")
    assert all(each in "\n".join(shown) for each in ("model", "user", "guard")) or height < 24


def test_a_frame_obeys_no_name_and_shows_no_block_where_there_is_none() -> None:
    found = Rolling()
    row = next(traffic.rows(1, start_s=1e9)) | {"model": "a\x1b[2J\nb", "latency_ms": 1, "requester": "\x1b]0;x\x07"}
    found.add(row | {"request_time": "2001-09-09T01:47:00+00:00"}, now_s=1e9 + 60)
    text = "\n".join(lines(found, encoding="ascii"))
    assert "a\\x1b[2J b" in text
    assert "\x1b" not in text
    assert text.isascii()


def test_calls_leave_the_window_and_failures_are_remembered() -> None:
    found = rolling()
    frame = found.frame(now_s=1e9 + 60)
    assert (frame.total.calls, sum(frame.calls)) == (300, 300)
    assert sum(each.calls for each in frame.users.values()) == 300
    later = found.frame(now_s=1e9 + 300)
    assert (later.total.calls, later.models, len(later.failures) > 0) == (0, {}, True)
    assert len(lines(Rolling())) >= 5


def test_a_clock_that_is_ahead_counts_as_now() -> None:
    found = Rolling()
    found.add(next(traffic.rows(1, start_s=2e9)), now_s=1e9)
    assert found.frame(now_s=1e9).total.calls == 1


def test_a_log_in_sqlite_is_reported_and_watched_as_well(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.chdir(tmp_path)
    writer = SqliteInferenceLog("log.sqlite").writer()
    writer.write(Event(time.time(), "r1", model="a model", shadow_denials=("tokens",), attempts=1, latency_s=0.01))
    writer.close()
    assert main(["report", "log.sqlite"]) == 0
    page = Path("report.html").read_text(encoding="utf-8")
    assert all(each in page for each in ("1 call at", "a model", "would have denied (shadow)", ">tokens<"))
    capsys.readouterr()
    assert main(["top", "log.sqlite", "--once"]) == 0
    assert "a model" in capsys.readouterr().out
