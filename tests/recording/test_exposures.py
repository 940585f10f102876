"""Exposures: the first call of each unit that got as far as its variant."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
import structlog

from genai_guard import (
    ConfigurationError,
    GuardBlocked,
    Limit,
    MetricsRecorder,
    Pipeline,
    RateLimited,
    RateLimiter,
    caller,
)
from genai_guard.guards import BlockedPatterns
from genai_guard.recording import Event, ExposureLog, Exposures, InferenceLog
from genai_guard.resilience import Cache, Resilience
from genai_guard.routing import Assignment, Experiment, ExperimentRouter, Reason, Variant
from genai_guard.routing.analysis import analyze

EXPERIMENT = Experiment("size", Variant("small"), Variant("large"))


class World:
    def __init__(self, path: Path, **parts: Any) -> None:
        self.log = ExposureLog(path / "exposures")
        self.recorder = MetricsRecorder(exposures=self.log, log=InferenceLog(path / "inference"))
        self.router = ExperimentRouter(EXPERIMENT)
        self.ask = Pipeline(name="bot", router=self.router, recorder=self.recorder, **parts)(self.answer)

    def answer(self, prompt: str) -> str:
        if prompt == "break":
            raise RuntimeError
        return "poison" if prompt == "poison" else "fine"

    @property
    def rows(self) -> list[dict[str, Any]]:
        assert self.recorder.flush()
        return list(self.log.read())


@pytest.fixture
def world(tmp_path: Path) -> Iterator[World]:
    world = World(tmp_path, input=[BlockedPatterns(["forbidden"])], output=[BlockedPatterns(["poison"])])
    with structlog.testing.capture_logs():
        yield world
        world.recorder.close()


def test_a_unit_is_exposed_once_however_often_it_calls(world: World) -> None:
    for _ in range(3):
        for user in ("u-1", "u-2"):
            with caller(user=user):
                world.ask("hello")

    assert len(world.rows) == 2


def test_a_row_says_who_met_what_and_joins_the_inference_log(world: World) -> None:
    with caller(user="u-1", request_id="r-1"):
        world.ask("hello")
    (row,) = world.rows
    assert world.recorder.log is not None
    (call,) = InferenceLog(str(world.recorder.log.path)).read()  # type: ignore[union-attr]
    given = world.router.assign("u-1")

    assert row == {
        "time": call["request_time"],
        "experiment": "size",
        "variant": given.variant,
        "config_version": given.config_version,
        "reason": "split",
        "propensity": 0.5,
        "bucket": given.bucket,
        "unit_hash": call["assignments"][0]["unit_hash"],
        "request_id": "r-1",
        "pipeline": "bot",
    }
    assert call["assignments"][0]["config_version"] == given.config_version
    assert "u-1" not in str(row)


def test_a_call_that_was_blocked_before_the_model_is_no_exposure(world: World) -> None:
    with caller(user="u-1"):
        with pytest.raises(GuardBlocked):
            world.ask("forbidden")
        assert world.rows == []
        world.ask("hello")
    assert len(world.rows) == 1


def test_a_call_that_a_limit_refused_is_no_exposure(tmp_path: Path) -> None:
    world = World(tmp_path, limiter=RateLimiter(Limit.requests(1, per="day")))
    with caller(user="u-1"):
        world.ask("hello")
    with caller(user="u-2"), pytest.raises(RateLimited):
        world.ask("hello")

    assert len(world.rows) == 1
    world.recorder.close()


@pytest.mark.parametrize("prompt", ["break", "poison"])
def test_a_call_that_failed_once_the_model_was_called_is_one(world: World, prompt: str) -> None:
    with caller(user="u-1"), pytest.raises((RuntimeError, GuardBlocked)):
        world.ask(prompt)

    assert len(world.rows) == 1


def test_a_reply_from_the_cache_is_one(tmp_path: Path) -> None:
    router = ExperimentRouter(Experiment("size", Variant("small")))
    recorder = MetricsRecorder(exposures=ExposureLog(tmp_path))
    models: list[str] = []

    def answer(prompt: str) -> str:
        models.append(prompt)
        return "fine"

    ask = Pipeline(router=router, recorder=recorder, resilience=Resilience(cache=Cache(60)))(answer)
    for user in ("u-1", "u-2"):
        with caller(user=user):
            ask("hello")

    assert recorder.flush()
    assert models == ["hello"]
    assert len(list(ExposureLog(tmp_path).read())) == 2
    recorder.close()


def test_to_be_assigned_without_a_call_is_no_exposure(world: World) -> None:
    world.router.assign("u-1")

    assert world.rows == []


def test_a_new_version_of_an_experiment_exposes_anew(world: World) -> None:
    with caller(user="u-1"):
        world.ask("hello")
        world.router.update(replace(EXPERIMENT, coverage=0.999))
        world.ask("hello")
        world.ask("hello")

    assert len({row["config_version"] for row in world.rows}) == len(world.rows) == 2


def test_a_caller_without_a_variant_is_not_exposed(world: World) -> None:
    world.ask("hello")

    assert world.rows == []


# --- once for each unit ---------------------------------------------------------------------------------------------


def event(*units: str, request_id: str = "r", **more: Any) -> Event:
    given = [Assignment(f"e{index}", "a", {}, Reason.SPLIT, unit=unit) for index, unit in enumerate(units)]
    return Event(0.0, request_id, attempts=1, assignments=tuple(given))._replace(**more)


def test_what_is_remembered_is_bounded_and_the_latest_seen_stay() -> None:
    exposures = Exposures(max_units=2)
    for unit in ("u-1", "u-2", "u-1", "u-3"):
        exposures.of(event(unit))

    assert len(exposures) == 2
    assert exposures.of(event("u-1")) == []
    assert len(exposures.of(event("u-2"))) == 1


def test_a_request_that_is_a_unit_takes_no_room() -> None:
    exposures = Exposures()

    assert len(exposures.of(event("r"))) == 1
    assert len(exposures) == 0


def test_each_experiment_of_a_call_counts() -> None:
    exposures = Exposures()

    assert [each.assignment.experiment for each in exposures.of(event("u-1", "u-1"))] == ["e0", "e1"]
    assert exposures.of(event("u-1", "u-1")) == []


def test_an_experiment_in_shadow_mode_exposes_nobody() -> None:
    call = event("u-1")
    shadowed = call.assignments[0]._replace(mode="shadow")

    assert Exposures().of(call._replace(assignments=(shadowed,))) == []


def test_an_exposure_that_could_not_be_written_is_written_with_the_next_call(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("in the way")
    recorder = MetricsRecorder(exposures=ExposureLog(tmp_path / "file" / "exposures"))
    with structlog.testing.capture_logs():
        recorder.record(event("u-1"))
        recorder.flush()
        assert recorder.dropped == {"exposures.NotADirectoryError": 1}
        (tmp_path / "file").unlink()
        recorder.record(event("u-1"))
        recorder.record(event("u-1"))
        recorder.close()

    assert len(list(ExposureLog(tmp_path / "file" / "exposures").read())) == 1


@pytest.mark.parametrize(
    ("settings", "message"),
    [
        ({"path": ""}, r"ExposureLog\(path\) must be the path of a folder"),
        ({"max_units": 0}, "max_units=0.* must be a whole number above 0"),
        ({"max_segment_mb": 0}, "max_segment_mb=0.* must be a number above 0"),
    ],
)
def test_what_cannot_work_is_refused(settings: dict[str, Any], message: str) -> None:
    with pytest.raises(ConfigurationError, match=message):
        ExposureLog(**{"path": "exposures", **settings})


def test_only_an_exposure_log_will_do() -> None:
    with pytest.raises(ConfigurationError, match=r"exposures=.* must be an ExposureLog"):
        MetricsRecorder(exposures="exposures")  # type: ignore[arg-type]


def test_a_policy_file_has_a_place_for_it() -> None:
    policy = {"version": 1, "metrics": {"exposures": {"path": "exposures"}}}

    assert Pipeline.from_policy(policy).policy() == policy


def test_an_analysis_reads_the_table_and_joins_what_was_said_later(world: World) -> None:
    liked: dict[str, dict[str, bool]] = {}
    for number in range(200):
        with caller(user=f"u-{number}", request_id=f"r-{number}"):
            world.ask("hello")
        liked[f"r-{number}"] = {"liked": number % 3 > 0}
    assert world.recorder.flush()

    found = analyze(world.log, experiment="size", control="small", metrics=["liked"], outcomes=liked)

    assert sum(found.units.values()) == 200
    assert found["liked"].outcome == "inconclusive"
