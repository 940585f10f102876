"""Aliases of MLflow's registries in experiments: `models:/support@champion`. Needs the extra `mlflow`.

Rule 1: What calls see has a version: `models:/support/3`. So has every event, and the configuration of the experiment changes
    when the alias moves.
Rule 2: Traffic moves once the new version is loaded and was checked, and not before. Until then, and whatever goes wrong, the
    old one answers. No call waits for a registry.
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Callable, Iterator, Mapping
from dataclasses import replace
from threading import RLock
from time import monotonic
from typing import Any, Final, NamedTuple, Self, TypeAlias

from genai_guard.errors import ConfigurationError
from genai_guard.integrations.mlflow.package import package, told
from genai_guard.integrations.mlflow.prompts import prompt_from
from genai_guard.recording.lifecycle import watch_over
from genai_guard.recording.worker import Worker, tell
from genai_guard.routing.experiment import Experiment, Variant
from genai_guard.routing.prompts import Prompt
from genai_guard.routing.router import ExperimentRouter

__all__ = ["Moved", "RegistryAliases"]

_MODEL: Final = re.compile(r"models:/(?P<name>[^/@]+)@(?P<alias>[^/@]+)")

Load: TypeAlias = Callable[[str], Any]
_Place: TypeAlias = tuple[str, str, str]
"""An experiment, a variant of it, and one of its parameters; an empty one for its prompt."""


class Moved(NamedTuple):
    """An alias that points to another version than before.

    Attributes:
        uri: The alias.
        before: What it stood for, with a version.
        after: What it stands for now.
    """

    uri: str
    before: str
    after: str


class RegistryAliases:
    """Puts versions in the place of the aliases that variants name, and follows the aliases when they are moved.

    `Variant("champion", params={"model": "models:/support@champion"})` becomes, in the router and so in each call,
    `models:/support/3`, and the function that is wrapped gets the loaded model of it from `aliases.model(model)`. Aliases are
    looked up when this is made, by `refresh()`, and, after `start()`, every so often on a thread of its own.

    A version that cannot be loaded, or that `check` refuses, gets no call; nor does a registry that is down change anything.
    The models of the versions before are kept until the next move, for calls that are under way.

    Args:
        router: Whose experiments name aliases. What it compares changes by `ExperimentRouter.update`.
        prompts: Prompts of the registry for variants, by experiment and variant:
            `{"tone": {"warm": "prompts:/support@candidate"}}`.
        load: Loads a model by a URI with a version; `mlflow.pyfunc.load_model` when None. Return the URI itself if another
            process has the models.
        check: Called with each loaded model before it gets a call; what it raises refuses the version.
        tracking_uri: Where the registry is; as MLflow is set in the process when None.
        every_s: How often the thread looks.

    Attributes:
        failures: How often an alias could not be followed, by alias and reason.

    Raises:
        ConfigurationError: an alias does not exist, or a model cannot be loaded; or no experiment names any.
    """

    def __init__(
        self,
        router: ExperimentRouter,
        *,
        prompts: Mapping[str, Mapping[str, str]] | None = None,
        load: Load | None = None,
        check: Callable[[Any], object] | None = None,
        tracking_uri: str | None = None,
        every_s: float = 60.0,
    ) -> None:
        if not isinstance(router, ExperimentRouter):
            raise ConfigurationError(f"RegistryAliases takes an ExperimentRouter, not {type(router).__name__}")
        if every_s <= 0:
            raise ConfigurationError("RegistryAliases(every_s=...) must be above 0")
        self.failures: Final[Counter[str]] = Counter()
        self._router: Final = router
        self._load: Final[Load] = load or _load
        self._check: Final = check
        self._tracking_uri: Final = tracking_uri
        self._every_s: Final = every_s
        self._places: dict[_Place, str] = dict(_named_in(router.experiments)) | dict(_prompts(prompts or {}))
        if not self._places:
            raise ConfigurationError(
                'RegistryAliases: no variant names an alias, such as params={"model": "models:/name@alias"}'
            )
        self._known: dict[str, str | Prompt] = {}
        self._models: dict[str, Any] = {}
        self._writing = RLock()
        self._begin()
        self._follow(must_work=True)
        watch_over(self)

    def model(self, uri: str) -> Any:
        """Return the loaded model of a version, or of an alias as it is now.

        That is a look into a mapping; a version that no variant has is loaded here.
        """
        known = self._known.get(uri, uri)
        found = self._models.get(str(known))
        if found is None:
            with self._writing:
                found = self._models.get(str(known)) or self._loaded(str(known))
                self._models = {**self._models, str(known): found}
        return found

    def refresh(self) -> tuple[Moved, ...]:
        """Look where the aliases point, load what is new, and then let the router compare it; return what has moved.

        What goes wrong is counted in `failures`, told once, and changes nothing.
        """
        return self._follow(must_work=False)

    def start(self) -> Self:
        """Refresh every so often on a thread of its own, until `close`."""
        self._worker.put("start")
        self._started = True
        return self

    def close(self, *, timeout_s: float = 2.0) -> bool:
        """End the thread; return whether it ended in time. What the router compares stays as it is."""
        return not self._started or self._worker.close(until_s=monotonic() + timeout_s)

    def after_fork(self) -> None:
        """Begin anew in a child process. Called by itself."""
        self._writing = RLock()
        self._begin(started=self._started)

    def __enter__(self) -> Self:
        return self.start()

    def __exit__(self, *_: object) -> None:
        self.close()

    def __repr__(self) -> str:
        pairs = [f"{uri} = {_shown(known)}" for uri, known in self._known.items()]
        return f"<RegistryAliases {', '.join(pairs)}>"

    def _begin(self, *, started: bool = False) -> None:
        self._worker = Worker("aliases", self._tick, size=2)
        self._started = started
        if started:
            self._worker.put("start")

    def _tick(self, _: object) -> float:
        self.refresh()
        return self._every_s

    def _follow(self, *, must_work: bool) -> tuple[Moved, ...]:
        with self._writing:
            fresh = {uri: self._looked_up(uri, must_work=must_work) for uri in dict.fromkeys(self._places.values())}
            moved = {uri: now for uri, now in fresh.items() if now is not None and self._known.get(uri) != now}
            if not moved:
                return ()
            before = self._known
            try:
                self._put({**before, **moved})
            except ConfigurationError as error:  # such as a canary that cannot move the experiment now
                if must_work:
                    raise
                self._failed("experiments", error)
                return ()
            return tuple([Moved(uri, _shown(before.get(uri, uri)), _shown(now)) for uri, now in moved.items()])

    def _looked_up(self, uri: str, *, must_work: bool) -> str | Prompt | None:
        """Return what an alias points to, loaded; None if that did not work, or if it may not have a call."""
        try:
            if uri.startswith("prompts:"):
                return prompt_from(uri, tracking_uri=self._tracking_uri)
            version = self._version(uri)
            if version not in self._models:
                self._models = {**self._models, version: self._loaded(version)}
        except Exception as error:  # noqa: BLE001  of many classes, those of `load` and `check` among them
            if must_work:
                raise ConfigurationError(f"{uri} cannot be used: {told(error)}") from None
            self._failed(uri, error)
            return None
        return version

    def _version(self, uri: str) -> str:
        found = _MODEL.fullmatch(uri)
        if found is None:
            raise ConfigurationError(f"{uri} is no alias of a model: write models:/name@alias")
        client = package("mlflow").MlflowClient(tracking_uri=self._tracking_uri, registry_uri=self._tracking_uri)
        version = client.get_model_version_by_alias(found["name"], found["alias"]).version
        return f"models:/{found['name']}/{version}"

    def _loaded(self, version: str) -> Any:
        model = self._load(version)
        if self._check is not None:
            self._check(model)
        return model

    def _put(self, known: dict[str, str | Prompt]) -> None:
        """Let the router compare what is known now, and forget models that no call can ask for any more."""
        before, self._known = self._known, known
        try:
            fresh = [_with(each, self._places, before, known) for each in self._router.experiments]
            self._router.update(*[each for each in fresh if each not in self._router.experiments])
        except Exception:
            self._known = before
            raise
        needed = {str(each) for each in (*before.values(), *known.values())}
        self._models = {uri: model for uri, model in self._models.items() if uri in needed}

    def _failed(self, uri: str, error: BaseException) -> None:
        reason = f"{uri} {told(error)}"
        self.failures[reason] += 1
        if self.failures[reason] == 1:
            tell("an alias is not followed; calls go on with what it was", alias=uri, error=told(error))


def _named_in(experiments: tuple[Experiment, ...]) -> Iterator[tuple[_Place, str]]:
    for experiment in experiments:
        for variant in experiment.variants:
            for name, value in variant.params.items():
                if isinstance(value, str) and _MODEL.fullmatch(value):
                    yield (experiment.name, variant.name, name), value


def _prompts(prompts: Mapping[str, Mapping[str, str]]) -> Iterator[tuple[_Place, str]]:
    for experiment, variants in prompts.items():
        for variant, uri in variants.items():
            yield (experiment, variant, ""), uri


def _with(
    experiment: Experiment,
    places: Mapping[_Place, str],
    before: Mapping[str, str | Prompt],
    known: Mapping[str, str | Prompt],
) -> Experiment:
    """Return an experiment with what is known in the place of what was; what somebody else has set meanwhile stays."""
    variants: list[Variant] = []
    for variant in experiment.variants:
        prompt, params = variant.prompt, dict(variant.params)
        for (_, _, param), uri in _of(places, experiment, variant):
            now, old = known[uri], before.get(uri)
            if not param and isinstance(now, Prompt) and prompt in {None, old}:
                prompt = now
            elif params.get(param) in {uri, old}:
                params[param] = now
        variants.append(replace(variant, prompt=prompt, params=params))
    return replace(experiment, variants=tuple(variants))


def _of(places: Mapping[_Place, str], experiment: Experiment, variant: Variant) -> Iterator[tuple[_Place, str]]:
    return ((place, uri) for place, uri in places.items() if place[:2] == (experiment.name, variant.name))


def _shown(known: str | Prompt) -> str:
    return f"prompts:/{known.name}/{known.version}" if isinstance(known, Prompt) else known


def _load(uri: str) -> Any:
    return package("mlflow.pyfunc").load_model(uri)
