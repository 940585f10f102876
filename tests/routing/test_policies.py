"""An experiment in a policy file is the one in Python."""

from __future__ import annotations

import pickle
from dataclasses import replace
from pathlib import Path
from typing import Any, Final

import pytest

from genai_guard import Pipeline
from genai_guard.errors import ConfigurationError
from genai_guard.routing import Experiment, ExperimentRouter, Holdout, Schedule, Slot, Variant, rebalance

HELD: Final = Holdout("autumn", share=0.05)
MODELS: Final = Experiment(
    "models",
    Variant("small", weight=90, params={"model": "s"}),
    Variant("large", weight=10, params={"model": "l"}),
    by="session",
    coverage=0.25,
    total_weight=100,
    overrides={"42": "large"},
    targeting='plan == "pro" and country in ["AT", "DE"]',
    holdout=HELD,
    schedule=Schedule(start="2026-12-01T09:00", end="2027-01-01", timezone="Europe/Berlin"),
)
TONE: Final = Experiment(
    "tone",
    Variant("plain", ranges=[(0, 1 << 31)]),
    Variant("warm", ranges=[(1 << 31, 1 << 32)]),
    requires={"models": "small"},
    layer=Slot("prompts", start=0, end=0.5),
    holdout=HELD,
)
MOVED: Final = Experiment(
    "moved",
    Variant("off", weight=70),
    Variant("on", weight=30),
    hash_version="split",
    hash_params={"seed": -7, "traffic_seed": 3},
)
POLICY: Final = """
version: 1
experiments:
  - name: models
    variants:
      - {name: small, weight: 90, params: {model: s}}
      - {name: large, weight: 10, params: {model: l}}
    by: session
    coverage: 0.25
    total_weight: 100
    overrides: {"42": large}
    targeting: plan == "pro" and country in ["AT", "DE"]
    holdout: {name: autumn, share: 0.05}
    schedule: {start: "2026-12-01T09:00", end: "2027-01-01", timezone: Europe/Berlin}
  - name: tone
    variants:
      - {name: plain, ranges: [[0, 2147483648]]}
      - {name: warm, ranges: [[2147483648, 4294967296]]}
    requires: {models: small}
    layer: {layer: prompts, start: 0, end: 0.5}
    holdout: {name: autumn, share: 0.05}
  - name: moved
    variants: [{name: "off", weight: 70}, {name: "on", weight: 30}]
    hash_version: split
    hash_params: {seed: -7, traffic_seed: 3}
"""


@pytest.mark.parametrize("experiment", [MODELS, TONE, MOVED], ids=lambda each: each.name)
def test_experiments_are_values(experiment: Experiment) -> None:
    again = pickle.loads(pickle.dumps(experiment))
    assert again == experiment == replace(experiment)
    assert hash(again) == hash(experiment)
    assert again.config_version == experiment.config_version


def loaded(tmp_path: Path, text: str) -> Pipeline:
    path = tmp_path / "policy.yaml"
    path.write_text(text, encoding="utf-8")
    return Pipeline.from_policy(path)


def test_experiments_of_a_file_are_those_of_python(tmp_path: Path) -> None:
    router = loaded(tmp_path, POLICY).router
    assert router == ExperimentRouter(MODELS, TONE, MOVED)
    assert router is not None
    assert router.config_version == ExperimentRouter(MODELS, TONE, MOVED).config_version


def test_experiments_of_python_are_written_and_read() -> None:
    pipeline = Pipeline(router=ExperimentRouter(MODELS, TONE, MOVED))
    policy = pipeline.policy()
    assert Pipeline.from_policy(policy) == pipeline
    assert policy["experiments"][0]["holdout"] == {"name": "autumn", "share": 0.05}


def test_what_rebalance_writes_is_kept_by_a_policy() -> None:
    change = rebalance(MODELS, {"small": 80, "large": 20})
    pipeline = Pipeline(router=ExperimentRouter(change.experiment))
    assert Pipeline.from_policy(pipeline.policy()).router == pipeline.router


@pytest.mark.parametrize(
    ("wrong", "right", "message"),
    [
        ("total_weight: 10", "total_weight: 100", "not to total_weight=10"),
        ("start: 0.6", "start: 0", "end=0.5 must be above start=0.6"),
        ("{models: smal}", "{models: small}", "requires the variant 'smal' of 'models'"),
        ("[[0, 2147483640]]", "[[0, 2147483648]]", "no variant has the buckets from 2147483640"),
        ("plan = 1", 'plan == "pro"', "targeting: column 6"),
        ("hash_version: splitt", "hash_version: split", "hash_version"),
        ("{seed: x, ", "{seed: -7, ", r"hash_params\['seed'\]='x' must be a whole number"),
        ("Europe/Berln", "Europe/Berlin", "did you mean 'Europe/Berlin'"),
    ],
)
def test_what_is_wrong_in_a_file_is_said(tmp_path: Path, wrong: str, right: str, message: str) -> None:
    assert right in POLICY
    with pytest.raises(ConfigurationError, match=message):
        loaded(tmp_path, POLICY.replace(right, wrong, 1))


@pytest.mark.parametrize("value", [1, 1.0])
def test_the_hash_version_of_a_file_may_be_any_one(value: Any) -> None:
    policy = {"version": 1, "experiments": [{"name": "e", "variants": [{"name": "a"}], "hash_version": value}]}
    assert Pipeline.from_policy(policy).router == ExperimentRouter(Experiment("e", Variant("a")))
