"""Other systems' own assignments, asked for from their own packages.

    python tests/routing/peers.py            prints what peers.json holds, of the packages that are installed

They are in the group `peers`. In peers.json stand the assignments of each, and the version of the package that gave them;
both versions of flagd are there, of which one can be installed at a time.
"""

from __future__ import annotations

import json
from collections.abc import Callable
from importlib import import_module
from importlib.metadata import version
from types import SimpleNamespace
from typing import Any, Final

__all__ = ["ASKED", "UNITS", "recorded"]

UNITS: Final = [*(f"user-{number}" for number in range(40)), "42", "Zoë", "日本", "a b", "\U0001f600", "x" * 100]

FLAGD: Final = [("new-model", [50, 50]), ("new-model", [1, 2, 3, 4]), ("a:b", [90, 10])]
LAUNCHDARKLY: Final = [
    ("flag.a1b2", [50_000, 50_000]),
    ("flag.Zoë", [33_333, 33_333, 33_334]),
    ("61", [90_000, 10_000]),
]
OPTIMIZELY: Final = [("1886780721", [5000, 5000]), ("1886780722", [1000, 2000, 7000]), ("exp", [3333, 3333, 3334])]
SPLIT: Final = [(467569525, 1012950810, 100, [50, 50]), (-2092979940, -285565213, 70, [10, 20, 70]), (1, 2, 1, [100])]
UNLEASH: Final = [("new-model", 100, [500, 500]), ("rollout", 30, [100, 200, 700]), ("rollout", 99, [1, 999])]


def flagd() -> dict[str, Any]:
    """Ask the core of flagd, version 1 of which has version 2 of `fractional`."""
    operations = import_module("openfeature.contrib.tools.flagd.core.targeting.custom_ops")

    def ask(number: int, unit: str) -> str:
        flag, weights = FLAGD[number]
        context = {"$flagd": {"flagKey": flag}, "targetingKey": unit}
        return str(operations.fractional(context, *([f"v{arm}", weight] for arm, weight in enumerate(weights))))

    return _asked("openfeature-flagd-core", FLAGD, ask)


def unleash() -> dict[str, Any]:
    """Ask the engine that the clients of Unleash run on."""
    engine = import_module("yggdrasil_engine.engine").UnleashEngine()
    features = [
        {
            "name": f"flag-{number}",
            "enabled": True,
            "strategies": [
                {
                    "name": "flexibleRollout",
                    "parameters": {"rollout": str(percent), "stickiness": "userId", "groupId": group},
                    "variants": [
                        {"name": f"v{arm}", "weight": weight, "stickiness": "userId"}
                        for arm, weight in enumerate(weights)
                    ],
                }
            ],
        }
        for number, (group, percent, weights) in enumerate(UNLEASH)
    ]
    engine.take_state(json.dumps({"version": 2, "features": features}))

    def ask(number: int, unit: str) -> str:
        variant = engine.get_variant(f"flag-{number}", {"userId": unit})
        return str(variant.variant.name) if engine.is_enabled(f"flag-{number}", {"userId": unit}).is_enabled else ""

    return _asked("yggdrasil-engine", UNLEASH, ask)


def launchdarkly() -> dict[str, Any]:
    """Ask the evaluator of LaunchDarkly for the variation of each unit."""
    common, model = import_module("ldclient.impl.evaluator_common"), import_module("ldclient.impl.model")
    context = import_module("ldclient").Context

    def ask(number: int, unit: str) -> str:
        prefix, weights = LAUNCHDARKLY[number]
        key, _, salt = prefix.partition(".")
        rollout: dict[str, Any] = {
            "variations": [{"variation": arm, "weight": each} for arm, each in enumerate(weights)]
        }
        if not salt:
            rollout["seed"] = int(key)
        flag = model.FeatureFlag(
            {"key": key, "salt": salt, "version": 1, "on": True, "fallthrough": {"rollout": rollout}}
        )
        arm, _ = common._variation_index_for_context(flag, flag.fallthrough, context.create(unit))
        return f"v{arm}"

    return _asked("launchdarkly-server-sdk", LAUNCHDARKLY, ask)


def optimizely() -> dict[str, Any]:
    """Ask the bucketer of Optimizely for the place of each unit."""
    bucketer = import_module("optimizely.bucketer").Bucketer()
    project: Any = SimpleNamespace(logger=SimpleNamespace(debug=lambda _: None))

    def ask(number: int, unit: str) -> str:
        parent, weights = OPTIMIZELY[number]
        ends = [sum(weights[: arm + 1]) for arm in range(len(weights))]
        ranges: Any = [{"entityId": f"v{arm}", "endOfRange": end} for arm, end in enumerate(ends)]
        return str(bucketer.find_bucket(project, unit, parent, ranges) or "")

    return _asked("optimizely-sdk", OPTIMIZELY, ask)


def split() -> dict[str, Any]:
    """Ask the splitter of Split, as its evaluator does."""
    splitter = import_module("splitio.engine.splitters").Splitter()
    partition = import_module("splitio.models.grammar.partitions").Partition
    murmur = import_module("splitio.models.splits").HashAlgorithm.MURMUR

    def ask(number: int, unit: str) -> str:
        seed, traffic_seed, traffic, weights = SPLIT[number]
        if traffic < 100 and splitter.get_bucket(unit, traffic_seed, murmur) > traffic:
            return ""
        partitions = [partition(f"v{arm}", weight) for arm, weight in enumerate(weights)]
        return str(splitter.get_treatment(unit, seed, partitions, murmur))

    return _asked("splitio_client", SPLIT, ask)


ASKED: Final[dict[str, tuple[str, Callable[[], dict[str, Any]]]]] = {
    "flagd": ("openfeature-flagd-core 1.", flagd),
    "flagd_cbor": ("openfeature-flagd-core 2.", flagd),
    "launchdarkly": ("launchdarkly-server-sdk ", launchdarkly),
    "optimizely": ("optimizely-sdk ", optimizely),
    "split": ("splitio_client ", split),
    "unleash": ("yggdrasil-engine ", unleash),
}
"""Packages and their versions, and what asks them."""


def recorded() -> dict[str, Any]:
    """Ask all that are installed."""
    given: dict[str, Any] = {}
    for name, (package, ask) in ASKED.items():
        try:
            answer = ask()
        except ImportError:
            continue
        if answer["package"].startswith(package):
            given[name] = answer
    return given


def _asked(package: str, cases: list[Any], ask: Callable[[int, str], str]) -> dict[str, Any]:
    given = [" ".join(ask(number, unit) or "-" for unit in UNITS) for number in range(len(cases))]
    return {"package": f"{package} {version(package)}", "variants": given}


if __name__ == "__main__":
    print(json.dumps(recorded(), indent=1))  # noqa: T201  a script
