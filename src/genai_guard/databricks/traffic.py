"""An experiment as a split of traffic in whole per cent, and fallbacks as entities that have none of it."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from fractions import Fraction
from typing import Any, Final, cast

from genai_guard.databricks.parts import unsaid
from genai_guard.databricks.values import Notes
from genai_guard.errors import ConfigurationError
from genai_guard.pipeline import Pipeline
from genai_guard.policy.data import is_list
from genai_guard.policy.dump import as_given
from genai_guard.routing import Experiment

__all__ = ["Split", "percentages", "routes_of", "slug", "split_of"]

_DEFAULT: Final = "default"
_SAID: Final = ("name", "arms", "variants", "by", "mode", "enabled", "total_weight")
_NO_ENTITIES: Final = "no entities are given for its variants in targets"
_ONE_SPLIT: Final = "there is one split of the traffic"
_AT_RANDOM: Final = "the gateway splits calls at random, and knows nobody"


@dataclass(frozen=True, slots=True)
class Split:
    """Who answers.

    Attributes:
        shares: Per cent of the calls, by the name of the variant; they add up to 100.
        fallbacks: Names of what else is asked when one fails, in their order.
    """

    shares: Mapping[str, int]
    fallbacks: tuple[str, ...] = ()


def percentages(weights: Mapping[str, Fraction | int]) -> dict[str, int]:
    """Return weights as whole per cent that add up to 100, by the method of the largest remainder (Hamilton).

    None is off by one per cent or more. Of equal remainders the earlier one is rounded up.

    Raises:
        ConfigurationError: there is no weight, one is negative, or all are zero.
    """
    total = Fraction(sum(weights.values()))
    if total <= 0 or min(weights.values()) < 0:
        raise ConfigurationError("percentages(weights): takes weights from 0 on, one of them at least above it")
    exact = {name: 100 * Fraction(weight) / total for name, weight in weights.items()}
    whole = {name: int(share) for name, share in exact.items()}
    by_remainder = sorted(exact, key=lambda name: whole[name] - exact[name])
    for name in by_remainder[: 100 - sum(whole.values())]:
        whole[name] += 1
    return whole


def split_of(pipeline: Pipeline, targets: Mapping[str, Any], notes: Notes, *, experiment: str = "") -> Split:
    """Return the split of one experiment, and the fallbacks of the pipeline.

    Args:
        pipeline: What is translated.
        targets: The entities by the name of their variant or fallback.
        notes: Takes what is left over.
        experiment: Its name; the first that is enabled, enforced and has its variants among the targets if empty.

    Raises:
        ConfigurationError: no entity is given for a variant, or for what answers without an experiment.
    """
    if not targets:
        raise ConfigurationError(
            "targets: a policy does not know what answers: give an entity for each variant, such as "
            '{"control": "openai/gpt-5-mini@scope/key"}, or {"default": ...} without an experiment'
        )
    chosen = _chosen(pipeline, targets, notes, experiment)
    fallbacks = _fallbacks(pipeline, targets, notes)
    if chosen is None:
        name = _DEFAULT if _DEFAULT in targets else next((each for each in targets if each not in fallbacks), "")
        shares = {name: 100}
        if not name:
            raise ConfigurationError("targets: all are fallbacks; give one for what answers first, named default")
    else:
        shares = _shares(chosen, notes)
    unused = [name for name in targets if name not in shares and name not in fallbacks]
    if unused:
        known = ", ".join([*shares, *fallbacks])
        raise ConfigurationError(f"targets: {unused[0]!r} is neither a variant nor a fallback; there are {known}")
    return Split(shares, tuple(name for name in fallbacks if name not in shares))


def slug(name: str) -> str:
    """Return a name as names of served entities may be: letters, digits, dashes and underscores."""
    return re.sub(r"[^A-Za-z0-9_-]", "-", name)


def routes_of(core: Mapping[str, Any]) -> list[Any]:
    """Return the routes of a `config` that a workspace tells of. Those that go by the served model name the entity."""
    traffic = core.get("traffic_config")
    routes = cast("Mapping[str, Any]", traffic).get("routes") if isinstance(traffic, Mapping) else None
    return list(map(_by_entity, routes)) if is_list(routes) else []


def _by_entity(route: Any) -> Any:
    """Return a route without its deprecated name, which stands beside the present one, or alone, and means the same."""
    if not isinstance(route, Mapping):
        return route
    given = cast("Mapping[str, Any]", route)
    named = {key: value for key, value in given.items() if key != "served_model_name"}
    return {"served_entity_name": given["served_model_name"], **named} if "served_model_name" in given else named


def _chosen(pipeline: Pipeline, targets: Mapping[str, Any], notes: Notes, wanted: str) -> Experiment | None:
    found = () if pipeline.router is None else as_given(pipeline.router, pipeline.canary)
    live = [each for each in found if each.enabled and each.mode == "enforce"]
    if wanted and wanted not in {each.name for each in live}:
        there = ", ".join(each.name for each in live) or "none"
        raise ConfigurationError(f"experiment={wanted!r} is not enabled and enforced in the policy; there is {there}")
    fit = [each for each in live if each.name == wanted or (not wanted and {*each.shares} <= {*targets})]
    _must_fit(live, fit, targets, wanted)
    for each in found:
        if not fit or each is not fit[0]:
            why = (
                _ONE_SPLIT
                if each in live and fit
                else _NO_ENTITIES
                if each in live
                else "it assigns nobody, or records only"
            )
            notes.miss(f"experiments {each.name}", "the experiment", why)
    return fit[0] if fit else None


def _must_fit(live: list[Experiment], fit: list[Experiment], targets: Mapping[str, Any], wanted: str) -> None:
    """Refuse targets that are those of some variants of an experiment and not of others."""
    for each in fit if wanted else live if not fit else ():
        missing = [name for name in each.shares if name not in targets]
        if missing and (wanted or len(missing) < len(each.shares)):
            raise ConfigurationError(
                f"targets: no entity for the variant {missing[0]!r} of the experiment {each.name!r}: add it, such as "
                f'{{"{missing[0]}": "openai/gpt-5-mini@scope/key"}}'
            )


def _shares(experiment: Experiment, notes: Notes) -> dict[str, int]:
    where = f"experiments {experiment.name}"
    shares = percentages({name: Fraction(share).limit_denominator(2**33) for name, share in experiment.shares.items()})
    if any(abs(shares[name] - 100 * share) > 1e-9 for name, share in experiment.shares.items()):
        rounded = ", ".join(f"{name} {share} %" for name, share in shares.items())
        notes.differ(where, f"the split {experiment.split}", f"percentages are whole numbers there: {rounded}")
    if experiment.by != "request":
        notes.differ(where, f"by {experiment.by}", f"{_AT_RANDOM}: a {experiment.by} gets another variant in each call")
    for name in unsaid(experiment, _SAID):
        notes.miss(where, name, _AT_RANDOM)
    for variant in experiment.variants:
        params = [name for name in variant.params if name != "model"]
        if params:
            notes.miss(f"{where} {variant.name}", ", ".join(params), "an entity has no parameters of calls")
        if variant.prompt is not None:
            notes.miss(f"{where} {variant.name}", "prompt", "an entity has no prompt")
        if variant.target is not None:
            notes.miss(f"{where} {variant.name}", "target", "a function of yours runs in your process")
    return shares


def _fallbacks(pipeline: Pipeline, targets: Mapping[str, Any], notes: Notes) -> list[str]:
    fallback = None if pipeline.resilience is None else pipeline.resilience.fallback
    if fallback is None:
        return []
    found: list[str] = []
    for target in fallback.targets:
        name = getattr(target, "name", "")
        if name in targets:
            found.append(name)
        else:
            notes.miss(f"resilience.fallback {name}", "the target", "no entity is given for it in targets")
    if found:
        notes.differ(
            "resilience.fallback", "when it falls back", "the gateway does on 429 and 5xx, and on nothing else"
        )
    for name in unsaid(fallback, ("targets",)):
        notes.miss("resilience.fallback", name, "the gateway falls back when an entity fails, and then alone")
    return found
