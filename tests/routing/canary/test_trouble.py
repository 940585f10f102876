"""What goes wrong besides the canary, and what a canary says of itself."""

from __future__ import annotations

import gc
import json
import math
import threading
import weakref
from dataclasses import dataclass

import pytest

from genai_guard.errors import ConfigurationError
from genai_guard.recording.event import Event
from genai_guard.routing import Experiment, ExperimentRouter, Variant
from genai_guard.routing.canary import (
    Canary,
    CanaryMetric,
    Errors,
    SlowCalls,
    Stage,
    State,
    Transition,
)
from genai_guard.testing import FakeClock
from routing.canary.calls import begin, event, fail, make_canary, make_router, people, serve, shares, units_of


def test_one_experiment_has_one_canary_until_that_is_closed(router: ExperimentRouter) -> None:
    first, second = begin(router), make_canary()
    with pytest.raises(ConfigurationError, match=r"another canary moves it.*close\(\) the other first"):
        second.bind(router)
    assert shares(router) == {"old": 0.9, "new": 0.1}
    first.close()
    second.bind(router)
    first.abort()
    assert shares(router) == {"old": 0.9, "new": 0.1}
    second.abort()
    assert shares(router) == {"old": 1.0}


def test_a_canary_that_nobody_holds_is_in_nobodys_way(router: ExperimentRouter) -> None:
    begin(router)
    second = begin(router)
    assert second.state is State.RUNNING


@pytest.mark.filterwarnings("ignore")
def test_a_metric_that_raises_gives_everybody_the_control_and_harms_no_call(router: ExperimentRouter) -> None:
    @dataclass(frozen=True, kw_only=True)
    class Broken(CanaryMetric):
        kind = "broken"

        def failed(self, event: Event, /) -> bool:
            raise LookupError("a text of a caller")

    canary = begin(router, metrics=[Errors(), Broken()])
    serve(canary, router, units_of(router, "new", 2))
    assert (canary.state, canary.status().reason) == (State.ROLLED_BACK, "error: LookupError")
    assert shares(router) == {"old": 1.0}


def test_an_event_that_is_none_gives_everybody_the_control(router: ExperimentRouter) -> None:
    canary = begin(router)
    canary.record(None)  # type: ignore[arg-type]
    assert canary.state is State.ROLLED_BACK


def test_events_of_other_experiments_are_not_its_business(router: ExperimentRouter) -> None:
    canary = begin(router)
    canary.record(Event(0.0, "r"))
    canary.record(Event(0.0, "r", assignments=(router.assign("u")._replace(experiment="other"),), status="error"))
    assert canary.refresh().units == (0, 0)


def test_everybody_who_wants_to_know_is_told_of_every_transition(router: ExperimentRouter, clock: FakeClock) -> None:
    told: list[Transition] = []
    canary = begin(router, clock, on_transition=told.append)
    canary.hold()
    canary.resume()
    fail(canary, router, units_of(router, "new", 5))
    assert canary.flush()
    assert [(each.before, each.after, each.percent, each.reason) for each in told] == [
        (State.DRAFT, State.RUNNING, 10, "started"),
        (State.RUNNING, State.HELD, 10, "by hand"),
        (State.HELD, State.RUNNING, 10, "by hand"),
        (State.RUNNING, State.ROLLED_BACK, 0, "harm: errors"),
    ]
    assert told[-1].message == "canary of model: running at 10 %, now rolled_back at 0 % (harm: errors)"
    canary.close()


def test_a_callback_that_raises_never_matters(router: ExperimentRouter) -> None:
    def broken(_: Transition) -> None:
        raise RuntimeError

    canary = begin(router, on_transition=broken)
    fail(canary, router, units_of(router, "new", 5))
    assert canary.flush()
    assert canary.state is State.ROLLED_BACK
    canary.close()


def test_threads_lose_and_double_nothing(router: ExperimentRouter) -> None:
    canary = begin(router, alpha=1e-12)
    everybody = people(400)

    def work(part: int) -> None:
        for unit in everybody[part:] + everybody[:part]:
            canary.record(event(router, unit, status="error"))
            canary.record(event(router, unit))

    threads = [threading.Thread(target=work, args=(part * 50,)) for part in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    status = canary.refresh()
    assert sum(status.units) == sum(status.metrics[0][1:3]) == 400


def test_a_thread_of_its_own_looks_at_the_clock(router: ExperimentRouter) -> None:
    done = threading.Event()

    def tell(transition: Transition) -> None:
        if transition.reason == "timeout":
            done.set()

    stages = [Stage(10, min_units=0, min_s=0, timeout_s=0.01, on_timeout="rollback")]
    canary = begin(router, stages=stages, check_s=0.01, on_transition=tell)
    serve(canary, router, ["u"])
    assert done.wait(20)
    assert canary.state is State.ROLLED_BACK
    canary.close()


def test_a_canary_that_nobody_holds_is_forgotten_with_its_threads(router: ExperimentRouter) -> None:
    canary: Canary | None = begin(router, check_s=3_600.0)
    gone = weakref.ref(canary)
    canary = None
    gc.collect()
    assert gone() is None


def test_units_beyond_what_is_remembered_make_it_slower_and_not_wrong(router: ExperimentRouter) -> None:
    canary = begin(router, max_units=100, alpha=1e-9)
    everybody = people(3_000)
    serve(canary, router, everybody)
    fail(canary, router, everybody)
    serve(canary, router, everybody)
    snapshot = canary.snapshot()
    assert len(snapshot["seen"]["marks"]) <= 100
    status = canary.refresh()
    assert sum(status.units) == pytest.approx(3_000, rel=0.25)  # those left out are estimated
    assert 20 < sum(status.metrics[0][1:3]) < 400
    assert status.state is State.RUNNING


def test_the_status_prints_as_a_table(router: ExperimentRouter, clock: FakeClock) -> None:
    canary = begin(router, clock, metrics=[Errors(), SlowCalls(above_s=2)])
    serve(canary, router, [*units_of(router, "new", 5), *units_of(router, "old", 45)])
    fail(canary, router, [*units_of(router, "new", 1, prefix="f"), *units_of(router, "old", 4, prefix="f")])
    assert (
        repr(canary.status())
        == """\
model: running (started), stage 1 of 2, canary 10 %
units in this stage: 49 control, 6 canary
failed units              control   canary      harm     of     proof    of
errors                          4        1     0.893     40     0.676    20
slower_than_2_s                 0        0         1     40
sample ratio                                   0.973  2e+03
missing: 14 more units with the canary; 60 more seconds"""
    )
    assert repr(canary) == "<Canary model: running, 10 %>"


@pytest.mark.parametrize(
    "broken", [{"latest_s": math.nan}, {"latest_s": "nan"}, {"latencies_s": [math.nan]}, {"progress": None}]
)
def test_a_snapshot_without_a_time_or_progress_is_refused(router: ExperimentRouter, broken: dict[str, object]) -> None:
    canary = begin(router)
    with pytest.raises(ConfigurationError, match=r"takes what snapshot\(\) returned"):
        canary.restore(canary.snapshot() | broken)


def test_an_experiment_that_was_taken_out_can_still_be_aborted(router: ExperimentRouter) -> None:
    canary = begin(router)
    router.replace(Experiment("other", Variant("a"), Variant("b")))
    assert canary.abort()
    assert canary.state is State.ROLLED_BACK


def test_a_snapshot_is_json_and_goes_on_in_another_process_to_the_last_bit(
    router: ExperimentRouter, clock: FakeClock
) -> None:
    canary = begin(router, clock)
    serve(canary, router, people(200))
    fail(canary, router, people(30, prefix="f"))
    written = json.dumps(canary.snapshot())
    other_router = make_router()
    other = begin(other_router, clock)
    other.hold()
    other.restore(json.loads(written))
    assert json.dumps(other.snapshot()) == written
    assert repr(other.status()) == repr(canary.status())
    assert other_router.experiments == router.experiments
    fail(other, other_router, people(30, prefix="f"))
    assert other.status() == canary.status()
