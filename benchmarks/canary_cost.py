"""What a canary costs a call, in microseconds of CPU.

    python benchmarks/canary_cost.py [--quick]

`nothing` is an empty function that takes the event. The aims are 0.2 us for a call that went well, of a unit that was seen
before, and 2 us for one that failed. `status()` and a decision are not on the way of calls; they are here to compare.
"""

from __future__ import annotations

import argparse
from collections.abc import Callable
from itertools import cycle
from typing import Any, Final

import structlog
from kit import interleave, save, synchronous, table

from genai_guard.messages import Caller
from genai_guard.recording.event import Event
from genai_guard.routing import Experiment, ExperimentRouter, Variant
from genai_guard.routing.canary import Canary, Errors, HighCost, SlowCalls, Stage, ThumbsDown, Timeouts

UNITS: Final = 5_000
NEVER: Final[dict[str, Any]] = {"alpha": 1e-300, "sample_ratio_alpha": 1e-300, "check_s": None}
"""No decisions: that failures come from everybody, again and again, is not what is measured."""


def make(by: str = "user", **more: Any) -> tuple[ExperimentRouter, Canary]:
    router = ExperimentRouter(Experiment("model", Variant("old"), Variant("new"), by=by))
    options = {"metrics": [Errors(), Timeouts(), SlowCalls(above_s=9)], **NEVER, **more}
    canary = Canary("model", stages=[Stage(10), Stage(50)], **options)
    canary.bind(router)
    return router, canary


def calls(router: ExperimentRouter, **more: Any) -> list[Event]:
    callers = [Caller(user=f"u{number}", request_id=f"r{number}") for number in range(UNITS)]
    return [Event(0.0, each.request_id, assignments=router.route(each), latency_s=1.0, **more) for each in callers]


def fed(record: Callable[[Event], object], events: list[Event]) -> Callable[[], object]:
    """Return a call that takes the next event; those of the first round have been taken."""
    for event in events:
        record(event)
    following = cycle(events).__next__
    return lambda: record(following())


def cases() -> dict[str, Callable[[], object]]:
    router, canary = make()
    by_request, requests = make("request")
    found, rich = make(metrics=[Errors(), HighCost(above_usd=1), ThumbsDown()])
    return {
        "nothing": fed(lambda _: None, calls(router)),
        "went well": fed(canary.record, calls(router)),
        "went well, cost and feedback watched": fed(rich.record, calls(found, cost_usd=0.5)),
        "went well, each request a unit": fed(requests.record, calls(by_request)),
        "failed, each request a unit": fed(make("request")[1].record, calls(by_request, status="error")),
        "status()": canary.status,
        "a decision": canary.refresh,
    }


def main() -> None:
    """Measure, print and save."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--quick", action="store_true", help="fewer rounds")
    structlog.configure(wrapper_class=structlog.make_filtering_bound_logger(50))  # canaries tell of each transition
    rounds = 5 if parser.parse_args().quick else 41
    timings = interleave({name: synchronous(call) for name, call in cases().items()}, rounds=rounds)
    print(table(timings, baseline="went well", minus="nothing"))
    print(f"saved to {save('canary_cost', {name: timing.median_us for name, timing in timings.items()})}")


if __name__ == "__main__":
    main()
