"""A policy as a whole: its sections are the parameters of one function, and the checks that need several entries."""

from __future__ import annotations

import re
from collections.abc import Callable, Hashable, Iterable, Iterator, Mapping, Sequence
from functools import cache, partial
from typing import Any, Final, Literal, TypeVar, cast

from genai_guard.environment import is_elsewhere
from genai_guard.errors import ConfigurationError
from genai_guard.guards.base import Guard
from genai_guard.limits import Adaptive, Limit, MemoryStore, RateLimiter
from genai_guard.limits.stores.leased import LeasedStore
from genai_guard.pipeline import Pipeline
from genai_guard.policy.forms import Form, LimiterOptions, RouterOptions
from genai_guard.policy.problems import Path, Problem, Problems, quoted
from genai_guard.prices import Price, Prices
from genai_guard.recording import MetricsRecorder
from genai_guard.resilience import Resilience
from genai_guard.routing import Experiment, ExperimentRouter
from genai_guard.routing.canary import Canary
from genai_guard.routing.shadow import Shadow

__all__ = ["assemble", "policy_form"]

T = TypeVar("T")
_NO_PRICES: Final[Mapping[str, Price]] = {}


def assemble(
    *,
    version: Literal[1],
    schema: str = "",
    name: str = "pipeline",
    input: Sequence[Guard] = (),  # noqa: A002  the word of the field
    output: Sequence[Guard] = (),
    limits: Sequence[Limit] = (),
    limiter: LimiterOptions | None = None,
    upstream: Sequence[Limit] = (),
    experiments: Sequence[Experiment] = (),
    canary: Canary | None = None,
    router: RouterOptions | None = None,
    shadow: Shadow | None = None,
    metrics: MetricsRecorder | None = None,
    prices: Mapping[str, Price] = _NO_PRICES,
    unknown_model: Literal["error", "zero"] | Price = "zero",
    expected_output_tokens: int = 256,
    resilience: Resilience | None = None,
) -> Pipeline:
    """A policy of genai_guard: guards, limits, experiments and metrics around calls of a language model.

    Args:
        version: Version of the format. There is one.
        schema: Where the JSON Schema of this file is, for editors; not read.
        name: Name of the pipeline on its events.
        input: Guards of requests. Guards that match text see it as it was written; others see what those left of it.
        output: Guards of replies.
        limits: Limits on requests and tokens. A call needs room in all of them, and is refused if one has none.
        limiter: Where the usage of `limits` is kept, in memory when it is left out, and how calls wait for room.
        upstream: Limits that the provider states, which what it says lowers for a while. They need `limits` beside them.
            More can be said of them in `adapt` of `limiter`.
        experiments: A/B tests, whose parameters are merged into the call.
        canary: Moves one of the experiments from stage to stage, or back.
        router: What the targeting of `experiments` may ask for, and where the variants of sticky ones are kept.
        shadow: A sample of the calls, made a second time to another model once they were answered.
        metrics: What is measured, reported and logged; nothing is when it is left out, and `{}` measures.
        prices: Prices of models by name, in US dollars for a million tokens.
        unknown_model: What a call of a model costs that has no price: nothing, with a warning, for `zero`; the price that
            is given; or, for `error`, the call is refused.
        expected_output_tokens: Reserved with every token limit for a reply whose request states no maximum.
        resilience: What is done about a model that is slow, fails or is down; nothing is when it is left out.

    Raises:
        Problems: parts that are right by themselves do not go together.
    """
    del version, schema
    problems = [*_guard_clashes("input", input), *_guard_clashes("output", output), *_limit_clashes(limits)]
    problems += _clashes(("experiments",), experiments, lambda experiment: experiment.name, _same_experiment)
    held = _limiter(limits, dict(limiter or {}), upstream, problems)
    if router and not experiments:
        problems.append(Problem(("router",), "needs experiments beside it"))
    compared = _built("experiments", partial(ExperimentRouter, **dict(router or {})), experiments, problems)
    if not prices and isinstance(unknown_model, str):
        problems += _unpriced(limits)
    problems += _unbound(canary, compared)
    if problems:
        raise Problems(problems)
    return Pipeline(
        name=name,
        input=input,
        output=output,
        limiter=held,
        router=compared,
        canary=canary,
        shadow=shadow,
        recorder=metrics,
        prices=prices if unknown_model == "zero" else Prices(prices, unknown_model=unknown_model),
        expected_output_tokens=expected_output_tokens,
        resilience=resilience,
    )


@cache
def policy_form() -> Form:
    """Return how a policy is written."""
    return Form.of(assemble, keys={"schema": "$schema"})


def _built(
    section: str,
    build: Callable[..., T],
    entries: Sequence[object],
    problems: list[Problem],
    place: Callable[[str], Path] | None = None,
) -> T | None:
    """Build what an empty section does not need; a section with problems is not looked at twice.

    `place` tells the field that a message is about; it is the section when None.
    """
    if not entries or any(problem.path[0] == section for problem in problems):
        return None
    try:
        return build(*entries)
    except ConfigurationError as error:
        problems.append(Problem((section,) if place is None else place(str(error)), str(error)))
        return None


def _limiter(
    limits: Sequence[Limit], options: dict[str, Any], upstream: Sequence[Limit], problems: list[Problem]
) -> RateLimiter | None:
    lonely = [] if limits else [name for name, given in (("limiter", options), ("upstream", upstream)) if given]
    problems += [Problem((name,), "needs limits beside it: add the limits of your own callers") for name in lonely]
    if upstream and "adapt" in options:
        problems.append(Problem(("limiter", "adapt"), "stands beside upstream, which says the same: keep one of them"))
    if upstream:
        options["adapt"] = _built("upstream", Adaptive, upstream, problems)
    if is_elsewhere() and "store" in options:
        options["store"] = LeasedStore(MemoryStore()) if isinstance(options["store"], LeasedStore) else None
    return _built("limits", partial(RateLimiter, **options), limits, problems, partial(_place, options))


def _place(options: Mapping[str, Any], message: str) -> Path:
    """Return the field of a message: what a limiter and its store say begins with their names."""
    owner, *names = re.findall(r"^\w+|\w+(?==)", message) or [""]
    if owner == "RateLimiter":
        return next((("limiter", name) for name in names if name in options), ("limits",))
    if owner == type(options.get("store")).__name__:
        return ("limiter", "store", *names[:1])
    return ("limiter", "store") if owner.endswith("Store") else ("limits",)


def _guard_clashes(side: str, guards: Sequence[Guard]) -> Iterator[Problem]:
    def same(first: str, second: str, guard: Any) -> str:
        return (
            f"{first} and {second} are both named {quoted(guard.name)}: "
            f"give one of them another name, such as name: {guard.name}-2"
        )

    return _clashes((side,), cast("Sequence[Any]", guards), lambda guard: guard.name, same)


def _limit_clashes(limits: Sequence[Limit]) -> Iterator[Problem]:
    def same(first: str, second: str, limit: Limit) -> str:
        names = (limit.by,) if isinstance(limit.by, str) else limit.by or ()
        whose = f"by {' and '.join(names)}" if names else "of all calls together"
        what = f"{limit.unit} per {limit.per}" if limit.per else f"{limit.unit} calls"
        return f"{first} and {second} both limit {what} {whose}: keep the one that is meant"

    return _clashes(("limits",), limits, _scope, same)


def _scope(limit: Limit) -> Hashable:
    """Return what no two limits may have in common."""
    zone = limit.timezone if limit.calendar else ""
    return (limit.unit, limit.per, limit.by, limit.mode, limit.calendar, zone, limit.unless, limit.amount is None)


def _unpriced(limits: Sequence[Limit]) -> Iterator[Problem]:
    for index, limit in enumerate(limits):
        if limit.unit == "usd":
            yield Problem(("limits", index), "a limit of usd counts nothing without prices: add prices of the models")


def _unbound(canary: Canary | None, router: ExperimentRouter | None) -> Iterator[Problem]:
    if canary is None:
        return
    if router is None:
        yield Problem(("canary",), "needs experiments beside it: add the one that it moves")
        return
    try:
        canary.bind(router)
    except ConfigurationError as error:
        yield Problem(("canary",), str(error))


def _same_experiment(first: str, second: str, experiment: Experiment) -> str:
    return f"{first} and {second} are both named {quoted(experiment.name)}: give each a name of its own"


def _clashes(
    section: Path, entries: Iterable[T], key: Callable[[T], Hashable], say: Callable[[str, str, T], str]
) -> Iterator[Problem]:
    """Find entries that cannot stand beside an earlier one."""
    seen: dict[Hashable, int] = {}
    for index, entry in enumerate(entries):
        first = seen.setdefault(key(entry), index)
        if first != index:
            yield Problem((*section, index), say(f"{section[0]}[{first}]", f"{section[0]}[{index}]", entry))
