# /// script
# requires-python = ">=3.11"
# dependencies = [
#   "growthbook>=2", "mmh3>=5", "openfeature-sdk>=0.8", "optimizely-sdk>=5", "splitio_client>=10", "yggdrasil-engine>=1",
# ]
# ///
"""Flag systems that decide in the process: one split in two, of one user after the other, and nothing sent anywhere.

Unleash is the engine on which its clients run, Split the core of its evaluator; the clients around them cost more.
"""

from __future__ import annotations

import json
import logging
import sys
from bisect import bisect_right
from collections.abc import Callable
from importlib.metadata import version
from typing import Any, Final

import peer_kit  # noqa: F401  closes the network, and finds the kit
from growthbook import Experiment as GrowthBookExperiment
from growthbook import GrowthBook
from kit import calibration, interleave
from mmh3 import mmh3_32_uintdigest
from openfeature import api
from openfeature.evaluation_context import EvaluationContext
from openfeature.flag_evaluation import FlagResolutionDetails, Reason
from openfeature.provider.in_memory_provider import InMemoryFlag, InMemoryProvider
from optimizely import optimizely
from optimizely.decision.optimizely_decide_option import OptimizelyDecideOption
from splitio.engine.splitters import Splitter
from splitio.models.grammar.partitions import Partition
from splitio.models.splits import HashAlgorithm
from yggdrasil_engine.engine import UnleashEngine

USERS: Final = [f"user-{number:06d}" for number in range(4096)]
BOUNDS: Final = [2**31, 2**32]

Ask = Callable[[str], Any]


def raw() -> Ask:
    return lambda user: "ab"[bisect_right(BOUNDS, mmh3_32_uintdigest(b"models:user:" + user.encode()))]


def growthbook() -> Ask:
    client = GrowthBook(attributes={"id": ""}, enabled=True)
    experiment = GrowthBookExperiment(key="models", variations=["a", "b"], hashVersion=2)

    def ask(user: str) -> Any:
        client.set_attributes({"id": user})
        return client.run(experiment).value

    return ask


def unleash() -> Ask:
    variants = [{"name": name, "weight": 500, "stickiness": "userId"} for name in "ab"]
    rollout = {"rollout": "100", "stickiness": "userId", "groupId": "models"}
    strategy = {"name": "flexibleRollout", "parameters": rollout, "variants": variants}
    engine = UnleashEngine()
    flags = [{"name": "models", "enabled": True, "strategies": [strategy]}]
    engine.take_state(json.dumps({"version": 2, "features": flags}))
    return lambda user: engine.get_variant("models", {"userId": user}).variant.name


def optimizely_decide() -> Ask:
    variations = [{"id": f"2{n}", "key": key, "featureEnabled": True, "variables": []} for n, key in enumerate("ab")]
    experiment = {
        "id": "11", "key": "models", "status": "Running", "layerId": "12", "audienceIds": [], "forcedVariations": {},
        "variations": variations,
        "trafficAllocation": [{"entityId": "20", "endOfRange": 5000}, {"entityId": "21", "endOfRange": 10000}],
    }  # fmt: skip
    flag = {"id": "10", "key": "models", "rolloutId": "", "experimentIds": ["11"], "variables": []}
    empty: dict[str, Any] = {key: [] for key in ("rollouts", "typedAudiences", "variables", "audiences", "groups", "attributes", "events")}  # fmt: skip
    head = {"version": "4", "projectId": "1", "accountId": "1", "revision": "1", "anonymizeIP": True, "botFiltering": False}  # fmt: skip
    client = optimizely.Optimizely(json.dumps({**head, **empty, "featureFlags": [flag], "experiments": [experiment]}))
    quiet = [OptimizelyDecideOption.DISABLE_DECISION_EVENT]
    return lambda user: client.create_user_context(user).decide("models", quiet).variation_key


def openfeature() -> Ask:
    def evaluate(flag: InMemoryFlag[str], context: EvaluationContext) -> FlagResolutionDetails[str]:
        key = context.targeting_key or ""
        variant = "ab"[bisect_right(BOUNDS, mmh3_32_uintdigest(b"models:user:" + key.encode()))]
        return FlagResolutionDetails(value=flag.variants[variant], variant=variant, reason=Reason.SPLIT)

    flag = InMemoryFlag("a", {"a": "small", "b": "large"}, context_evaluator=evaluate)
    api.set_provider(InMemoryProvider({"models": flag}))
    client = api.get_client()
    return lambda user: client.get_string_value("models", "none", EvaluationContext(user))


def split() -> Ask:
    splitter, partitions = Splitter(), [Partition("a", 50), Partition("b", 50)]
    return lambda user: splitter.get_treatment(user, 467569525, partitions, HashAlgorithm.MURMUR)


PEERS: Final = {
    "raw": ("mmh3", raw, "hash and bisect"),
    "GrowthBook": ("growthbook", growthbook, "one client, another user each time"),
    "Unleash": ("yggdrasil-engine", unleash, "the engine alone"),
    "Optimizely": ("optimizely-sdk", optimizely_decide, "decide, no event"),
    "OpenFeature": ("openfeature-sdk", openfeature, "in memory, murmur3"),
    "Split": ("splitio_client", split, "the core, murmur3 in Python"),
}


def over(ask: Ask) -> Callable[[int], None]:
    def repeat(count: int) -> None:
        for number in range(count):
            ask(USERS[number % len(USERS)])

    return repeat


def main() -> None:
    logging.disable()
    asks = {name: make() for name, (_, make, _) in PEERS.items()}
    for name, ask in asks.items():
        given = [ask(user) for user in USERS[:512]]
        assert 150 < sum(each == given[0] for each in given) < 362, f"{name} does not split: {set(given)}"
    cases = {"calibration": calibration()} | {name: over(ask) for name, ask in asks.items()}
    timings = interleave(cases, rounds=5 if "--quick" in sys.argv else 11)
    for name, (package, _, work) in PEERS.items():
        us = {"calibration": timings["calibration"].median_us, "call": timings[name].median_us}
        print(json.dumps({"name": name, "package": package, "version": version(package), "work": work, "us": us}))


if __name__ == "__main__":
    main()
