"""A canary in a pipeline, and in a policy file."""

from __future__ import annotations

import contextlib
from pathlib import Path
from typing import Any

import pytest

from genai_guard import ConfigurationError, Experiment, ExperimentRouter, MetricsRecorder, Pipeline, Variant, caller
from genai_guard.routing.canary import Canary, Errors, HighCost, SlowCalls, Stage, State
from genai_guard.routing.sticky import MemoryStickyStore
from routing.canary.calls import QUICK

POLICY: dict[str, Any] = {
    "version": 1,
    "experiments": [{"name": "model", "variants": [{"name": "old"}, {"name": "new"}]}],
    "canary": {
        "experiment": "model",
        "stages": [{"percent": 5.0, "min_units": 10}, {"percent": 50.0, "timeout_s": 700.0, "on_timeout": "advance"}],
        "metrics": [
            {"metric": "errors", "margin": 0.3},
            {"metric": "slow_calls", "percentile": 99.0},
            {"metric": "high_cost", "above_usd": 0.1, "weight": 2.0},
            {"metric": "thumbs_down", "name": "disliked"},
        ],
        "alpha": 0.01,
    },
}


def make(recorder: MetricsRecorder | None = None) -> tuple[Pipeline, Canary]:
    old, new = Variant("old", params={"model": "small"}), Variant("new", params={"model": "large"})
    canary = Canary("model", stages=QUICK, metrics=[Errors()], check_s=None)
    router = ExperimentRouter(Experiment("model", old, new))
    return Pipeline(router=router, canary=canary, recorder=recorder), canary


def ask(prompt: str, *, model: str = "none") -> str:
    if model == "large":
        raise OSError
    return model


@pytest.mark.parametrize("recorder", [None, MetricsRecorder()], ids=["alone", "recorded"])
def test_a_pipeline_tells_it_of_every_call_and_follows_it(recorder: MetricsRecorder | None) -> None:
    pipeline, canary = make(recorder)
    guarded = pipeline.wrap(ask)
    errors = 0
    for number in range(500):
        with caller(user=f"u{number}"):
            try:
                guarded("hello")
            except OSError:
                errors += 1
    assert (canary.state, errors) == (State.ROLLED_BACK, canary.status().metrics[0].canary)
    assert errors < 10
    assert recorder is None or recorder.snapshot().calls == 500


async def test_an_asynchronous_call_is_told_as_well() -> None:
    pipeline, canary = make()

    @pipeline
    async def aask(prompt: str, *, model: str = "none") -> str:
        return ask(prompt, model=model)

    for number in range(200):
        with caller(user=f"u{number}"), contextlib.suppress(OSError):
            await aask("hello")
    assert canary.state is State.ROLLED_BACK


@pytest.mark.parametrize("variants", [("old",), ("old", "new", "newer")])
def test_an_experiment_that_is_no_canary_is_refused(variants: tuple[str, ...]) -> None:
    router = ExperimentRouter(Experiment("model", *map(Variant, variants)))
    with pytest.raises(ConfigurationError, match="needs an experiment of two variants"):
        Pipeline(router=router, canary=Canary("model"))


def test_what_is_missing_or_wrong_is_said_when_the_pipeline_is_built() -> None:
    router = ExperimentRouter(Experiment("model", Variant("old"), Variant("new")))
    with pytest.raises(ConfigurationError, match="needs a router"):
        Pipeline(canary=Canary("model"))
    with pytest.raises(ConfigurationError, match="no such experiment; it has model"):
        Pipeline(router=router, canary=Canary("modell"))
    with pytest.raises(ConfigurationError, match="is no variant of 'model'; it has old, new"):
        Pipeline(router=router, canary=Canary("model", control="older"))
    with pytest.raises(ConfigurationError, match="takes a Canary, not str"):
        Pipeline(router=router, canary="model")  # type: ignore[arg-type]


@pytest.mark.parametrize(
    ("more", "message"),
    [
        ({"sticky": True}, "the experiment is sticky"),
        (
            {"hash_version": "unleash", "hash_params": {"group_id": "g", "variant_group_id": "g"}},
            "cannot be told apart",
        ),
    ],
)
def test_an_experiment_whose_units_would_not_move_or_be_told_apart_is_refused(
    more: dict[str, Any], message: str
) -> None:
    variants = Variant("old", weight=50), Variant("new", weight=50)
    router = ExperimentRouter(
        Experiment("model", *variants, **more), sticky=MemoryStickyStore() if "sticky" in more else None
    )
    with pytest.raises(ConfigurationError, match=message):
        Pipeline(router=router, canary=Canary("model"))


def test_testers_may_try_it_before_it_begins_and_not_after_it_was_withdrawn() -> None:
    router = ExperimentRouter(Experiment("model", Variant("old"), Variant("new"), overrides={"tester": "new"}))
    canary = Canary("model", autostart=False, check_s=None)
    Pipeline(router=router, canary=canary)
    assert router.assign("tester").variant == "new"
    canary.abort()
    assert router.assign("tester").variant == "old"


def test_a_function_that_does_not_take_what_the_canary_sets_is_refused_before_it_begins() -> None:
    router = ExperimentRouter(Experiment("model", Variant("old"), Variant("new", params={"effort": "high"})))
    pipeline = Pipeline(router=router, canary=Canary("model", autostart=False, check_s=None))
    with pytest.raises(ConfigurationError, match="sets effort, which ask does not take"):
        pipeline.wrap(ask)


def test_either_variant_may_be_the_canary() -> None:
    router = ExperimentRouter(Experiment("model", Variant("new"), Variant("old")))
    canary = Canary("model", canary="new", stages=QUICK, check_s=None)
    Pipeline(router=router, canary=canary)
    assert router.experiments[0].shares == {"new": 0.0, "old": 1.0}  # it learns what is slow
    canary.promote()
    canary.start()
    assert canary.state is State.DRAFT


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"experiment": "a:b"}, "experiment="),
        ({"stages": []}, "at least one"),
        ({"stages": [Stage(5), Stage(5)]}, "must rise"),
        ({"metrics": []}, "at least one"),
        ({"metrics": [Errors(), Errors()]}, "two are called 'errors'"),
        ({"metrics": [SlowCalls()]}, "could never be promoted"),
        ({"alpha": 0.0}, "alpha=0.0"),
        ({"alpha": 1}, "alpha=1"),
        ({"promotion_alpha": "x"}, "promotion_alpha='x'"),
        ({"sample_ratio_alpha": -1.0}, "sample_ratio_alpha"),
        ({"baseline_calls": 0}, "baseline_calls=0"),
        ({"check_s": 0.0}, "check_s=0.0"),
        ({"max_units": 0}, "max_units=0"),
        ({"store": object()}, "cannot count for canaries"),
        ({"on_transition": 1}, "on_transition"),
    ],
)
def test_a_canary_that_cannot_work_is_refused(options: dict[str, Any], message: str) -> None:
    with pytest.raises(ConfigurationError, match=message):
        Canary(**{"experiment": "model", **options})


@pytest.mark.parametrize(
    ("build", "message"),
    [
        (lambda: Stage(0), "percent=0"),
        (lambda: Stage(101), "percent=101"),
        (lambda: Stage(0.0005), "percent=0.0005"),
        (lambda: Stage(1.00001), "three decimals"),
        (lambda: Stage(1, min_units=-1), "min_units"),
        (lambda: Stage(1, min_s=float("nan")), "min_s"),
        (lambda: Stage(1, timeout_s=5), "timeout_s"),
        (lambda: Stage(1, on_timeout="no"), "on_timeout"),  # type: ignore[arg-type]
        (lambda: Errors(weight=0), "weight=0"),
        (lambda: Errors(margin=-0.5), "margin=-0.5"),
        (lambda: SlowCalls(percentile=100), "percentile=100"),
        (lambda: HighCost(above_usd=0), "above_usd=0"),
    ],
)
def test_stages_and_metrics_that_cannot_work_are_refused(build: Any, message: str) -> None:
    with pytest.raises(ConfigurationError, match=message):
        build()


def test_a_policy_file_says_all_of_it_and_is_written_back_as_it_was_wherever_the_canary_is() -> None:
    pipeline = Pipeline.from_policy(POLICY)
    assert pipeline.canary is not None
    assert pipeline.policy() == POLICY
    pipeline.canary.abort()
    assert pipeline.policy() == POLICY
    assert Pipeline.from_policy(pipeline.policy()).canary == pipeline.canary


def test_the_store_has_its_place_in_a_policy_file_and_is_not_asked_before_the_first_call(tmp_path: Path) -> None:
    path = tmp_path / "canary.sqlite"
    canary = {
        "experiment": "model",
        "store": {"kind": "sqlite", "path": str(path)},
        "on_transition": "builtins:print",
    }
    pipeline = Pipeline.from_policy(POLICY | {"canary": canary})
    assert pipeline.canary is not None
    assert pipeline.policy() == POLICY | {"canary": canary}
    assert (pipeline.canary.state, path.exists()) == (State.DRAFT, False)
    pipeline.canary.refresh()
    assert path.exists()


@pytest.mark.parametrize(
    ("canary", "message"),
    [
        ({"experiment": "other"}, "canary: .* no such experiment; it has model"),
        ({"experiment": "model", "stages": [{"percent": 5.0}, {"percent": 1.0}]}, "canary.stages: .* must rise"),
        (
            {"experiment": "model", "metrics": [{"metric": "eror"}]},
            'canary.metrics.0..metric: .* did you mean "errors"',
        ),
        (
            {"experiment": "model", "store": {"kind": "leased"}},
            'canary.store.kind: must be one of "memory", "sqlite", "redis"',
        ),
    ],
)
def test_a_policy_that_cannot_work_says_where(canary: dict[str, Any], message: str) -> None:
    with pytest.raises(ConfigurationError, match=message):
        Pipeline.from_policy(POLICY | {"canary": canary})


def test_a_canary_without_experiments_is_refused_in_a_policy() -> None:
    with pytest.raises(ConfigurationError, match="canary: needs experiments beside it"):
        Pipeline.from_policy({"version": 1, "canary": {"experiment": "model"}})


def test_what_has_no_place_in_a_policy_is_refused_by_name() -> None:
    router = ExperimentRouter(Experiment("model", Variant("old"), Variant("new")))
    pipeline = Pipeline(router=router, canary=Canary("model", on_transition=lambda _: None, check_s=None))
    with pytest.raises(ConfigurationError, match="has no place in a policy file"):
        pipeline.policy()
