"""OpenFeature, both ways: assignments as flags for whoever has a client, and a router that asks one.

Needs the extra `openfeature`: `pip install 'genai_guard[openfeature]'`. Nothing else of the library imports this module.
"""

# pyright: reportMissingTypeStubs=false
# The SDK is typed, but as a namespace package, in which its mark is not found.

from __future__ import annotations

import math
from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from threading import Lock
from types import MappingProxyType
from typing import TYPE_CHECKING, Any, Final, NamedTuple, cast

from genai_guard.errors import ConfigurationError
from genai_guard.messages import ANONYMOUS, Caller
from genai_guard.routing.assignment import SPACE, identify
from genai_guard.routing.claims import param_names
from genai_guard.routing.conditions import attribute_of
from genai_guard.routing.experiment import Assignment, Experiment, Reason
from genai_guard.routing.router import ExperimentRouter

try:
    from openfeature.evaluation_context import EvaluationContext
    from openfeature.event import ProviderEventDetails
    from openfeature.exception import ErrorCode, FlagNotFoundError, GeneralError, TargetingKeyMissingError
    from openfeature.flag_evaluation import FlagEvaluationDetails, FlagMetadata, FlagResolutionDetails
    from openfeature.flag_evaluation import Reason as FlagReason
    from openfeature.provider import AbstractProvider, Metadata
except ImportError as error:
    raise ConfigurationError(
        "genai_guard.routing.openfeature needs the package openfeature-sdk: pip install 'genai_guard[openfeature]'"
    ) from error

if TYPE_CHECKING:
    from openfeature.client import OpenFeatureClient
    from openfeature.track import TrackingEventDetails

__all__ = ["ExperimentProvider", "OpenFeatureRouter", "Tracked"]

_FLAG_REASONS: Final[Mapping[str, FlagReason]] = {
    Reason.SPLIT: FlagReason.SPLIT,
    Reason.OVERRIDE: FlagReason.TARGETING_MATCH,
    Reason.DISABLED: FlagReason.DISABLED,
    Reason.STICKY: FlagReason.CACHED,
    Reason.NOT_SCHEDULED: FlagReason.DISABLED,
}
"""Of all others it is DEFAULT: the unit takes no part."""

_FIELDS: Final = ("user", "tenant", "session")


class Tracked(NamedTuple):
    """What an application tells of an outcome through `client.track(...)`.

    Attributes:
        name: Name of the event.
        caller: On whose behalf.
        value: The number that goes with it, if one does.
        attributes: What else goes with it.
        assignments: What each experiment gives to the caller.
    """

    name: str
    caller: Caller
    value: float | None
    attributes: Mapping[str, Any]
    assignments: tuple[Assignment, ...]

    def __repr__(self) -> str:
        return f"<Tracked {self.name}>"


# --- experiments as flags ---------------------------------------------------------------------------------------------


class ExperimentProvider(AbstractProvider):
    """Answers flags with the assignments of a router.

    An experiment is a flag: as a string it is the name of the variant, as an object the variant's parameters. A parameter
    is a flag too, `experiment.parameter`, of the type that its value has. Who takes no part gets the default.

    The targeting key is the unit, by whatever the experiment goes; attributes `user`, `tenant` and `session` are those of a
    caller and beat it, and other attributes are its tags. Reasons are SPLIT, TARGETING_MATCH for an override, CACHED for
    a variant that was kept, DISABLED, and DEFAULT for those who take no part. The metadata says the rest: experiment,
    bucket, propensity, version of the configuration, the router's own reason, and the prompt of the variant. Once the
    router compares something else, the next evaluation emits PROVIDER_CONFIGURATION_CHANGED.

    Args:
        router: What assigns.
        on_track: Called with a `Tracked` for each `client.track(...)`, such as one that puts it into your metrics. What it
            raises is counted in `track_errors`, and goes no further.
    """

    def __init__(self, router: ExperimentRouter, *, on_track: Callable[[Tracked], object] | None = None) -> None:
        super().__init__()
        if not isinstance(router, ExperimentRouter):
            raise ConfigurationError(f"ExperimentProvider: takes an ExperimentRouter, not {type(router).__name__}")
        if on_track is not None and not callable(on_track):
            raise ConfigurationError(
                f"ExperimentProvider(on_track=...) takes a function, not {type(on_track).__name__}"
            )
        self.router: Final = router
        self.on_track: Final = on_track
        self.track_errors = 0
        self._told = router.config_version
        self._seen: tuple[Experiment, ...] = ()
        self._flags: dict[str, tuple[Experiment, str]] = {}

    def get_metadata(self) -> Metadata:
        """Return the name of the provider."""
        return Metadata(name="genai_guard")

    def resolve_boolean_details(
        self, flag_key: str, default_value: bool, evaluation_context: EvaluationContext | None = None
    ) -> FlagResolutionDetails[bool]:
        """Return a parameter that is true or false."""
        return self._resolved(flag_key, default_value, evaluation_context, _bool)

    def resolve_string_details(
        self, flag_key: str, default_value: str, evaluation_context: EvaluationContext | None = None
    ) -> FlagResolutionDetails[str]:
        """Return the name of the variant, or a parameter that is a text."""
        return self._resolved(flag_key, default_value, evaluation_context, _text)

    def resolve_integer_details(
        self, flag_key: str, default_value: int, evaluation_context: EvaluationContext | None = None
    ) -> FlagResolutionDetails[int]:
        """Return a parameter that is a whole number."""
        return self._resolved(flag_key, default_value, evaluation_context, _integer)

    def resolve_float_details(
        self, flag_key: str, default_value: float, evaluation_context: EvaluationContext | None = None
    ) -> FlagResolutionDetails[float]:
        """Return a parameter that is a number."""
        return self._resolved(flag_key, default_value, evaluation_context, _float)

    def resolve_object_details(
        self,
        flag_key: str,
        default_value: Sequence[Any] | Mapping[str, Any],
        evaluation_context: EvaluationContext | None = None,
    ) -> FlagResolutionDetails[Sequence[Any] | Mapping[str, Any]]:
        """Return the parameters of the variant, or one that is a list or mapping."""
        return self._resolved(flag_key, default_value, evaluation_context, _object)

    def track(
        self,
        tracking_event_name: str,
        evaluation_context: EvaluationContext | None = None,
        tracking_event_details: TrackingEventDetails | None = None,
    ) -> None:
        """Hand an outcome on to `on_track`, with the assignments of whoever it is about."""
        if self.on_track is None:
            return
        value = attributes = None
        if tracking_event_details is not None:
            value, attributes = tracking_event_details.value, tracking_event_details.attributes
        try:
            caller = _caller(evaluation_context, "user")
            routed = self.router.route(caller)
            self.on_track(Tracked(tracking_event_name, caller, value, dict(attributes or {}), routed))
        except Exception:  # noqa: BLE001  tracking fails nobody
            self.track_errors += 1

    def _resolved(
        self, key: str, default: Any, context: EvaluationContext | None, read: Callable[[Any], Any]
    ) -> FlagResolutionDetails[Any]:
        experiment, parameter = self._flag(key)
        assignment = self._assignment(experiment, _caller(context, experiment.by))
        reason = _FLAG_REASONS.get(assignment.reason, FlagReason.DEFAULT)
        if not assignment.variant or assignment.mode == "shadow":
            reason = FlagReason.DEFAULT if assignment.variant else reason
            return FlagResolutionDetails(default, reason=reason, flag_metadata=_metadata(assignment))
        value = _value(assignment, parameter, read is _object)
        if value is None:  # another variant has it: to this one, it is what the application makes it
            value = default
        typed = read(value)
        if typed is None:
            return FlagResolutionDetails(
                default, ErrorCode.TYPE_MISMATCH, f"{key} is {type(value).__name__}", FlagReason.ERROR
            )
        return FlagResolutionDetails(
            typed, reason=reason, variant=assignment.variant, flag_metadata=_metadata(assignment)
        )

    def _flag(self, key: str) -> tuple[Experiment, str]:
        """Return the experiment of a flag, and the parameter if it is one."""
        if self._seen is not self.router.experiments:
            self._look()
        found = self._flags.get(key)
        if found is None:
            raise FlagNotFoundError(f"there is no experiment or parameter {key}")
        return found

    def _look(self) -> None:
        """Look at the experiments anew, and tell if they have changed."""
        experiments, version = self.router.experiments, self.router.config_version
        params = {f"{each.name}.{name}": (each, name) for each in experiments for name in sorted(param_names([each]))}
        self._flags = {**params, **{each.name: (each, "") for each in experiments}}
        self._seen = experiments
        if version != self._told:
            self._told = version
            names = [each.name for each in experiments]
            self.emit_provider_configuration_changed(ProviderEventDetails(flags_changed=names))

    def _assignment(self, experiment: Experiment, caller: Caller) -> Assignment:
        unit = identify(attribute_of(experiment.by)(caller))
        if not unit:
            raise TargetingKeyMissingError(f"{experiment.name} goes by {experiment.by}, which the context has not")
        try:
            return self.router.assign(unit, experiment=experiment.name, caller=caller)
        except Exception as error:
            raise GeneralError(type(error).__name__) from error  # and no more: it may quote the caller


def _caller(context: EvaluationContext | None, by: str) -> Caller:
    """Return a caller with what a context says; the targeting key is what an experiment goes by."""
    known = dict(context.attributes) if context is not None else {}
    if context is not None and context.targeting_key:
        known.setdefault(by, context.targeting_key)
    user, tenant, session, request = (identify(known.pop(name, "")) for name in (*_FIELDS, "request"))
    return Caller(user, tenant, session, request, cast("dict[str, str]", known))


def _value(assignment: Assignment, parameter: str, as_object: bool) -> Any:
    if parameter:
        return assignment.params.get(parameter)
    return dict(assignment.params) if as_object else assignment.variant


def _metadata(assignment: Assignment) -> FlagMetadata:
    metadata: dict[str, bool | int | float | str] = {
        "experiment": assignment.experiment,
        "reason": str(assignment.reason),
        "propensity": assignment.propensity,
        "config_version": assignment.config_version,
        "mode": assignment.mode,
    }
    if assignment.bucket is not None:
        metadata["bucket"] = assignment.bucket
    if assignment.prompt is not None:
        metadata |= {
            "prompt": assignment.prompt.name,
            "prompt_version": assignment.prompt.version,
            "prompt_hash": assignment.prompt.content_hash,
        }
    return metadata


def _bool(value: object) -> bool | None:
    return value if isinstance(value, bool) else None


def _text(value: object) -> str | None:
    return value if isinstance(value, str) else None


def _integer(value: object) -> int | None:
    return value if isinstance(value, int) and not isinstance(value, bool) else None


def _float(value: object) -> float | None:
    return float(value) if isinstance(value, int | float) and not isinstance(value, bool) else None


def _object(value: object) -> Any:
    if isinstance(value, Mapping):
        return dict(cast("Mapping[str, Any]", value))
    return list(cast("Sequence[Any]", value)) if isinstance(value, list | tuple) else None


# --- flags as experiments ---------------------------------------------------------------------------------------------


class OpenFeatureRouter(ExperimentRouter):
    """Takes assignments from an OpenFeature client: for `Pipeline(router=...)`, in place of an `ExperimentRouter`.

    The flag of an experiment's name is evaluated as a string, which must be the name of one of the variants; what that
    variant stands for, its parameters, target and prompt, says the `Experiment`. The flag system decides on everything
    else: weights, coverage, overrides and targeting of the experiment are not asked, while a disabled experiment
    evaluates nothing, and `force` is obeyed. So a canary, which moves weights, refuses it.

    The targeting key is the unit that the experiment goes by, and the attributes are what else is known of the caller: its
    fields and tags. A caller without the unit is not asked for. A flag that was split has the reason `SPLIT`, with the
    propensity and bucket that its metadata holds, or else the share that the experiment says; any other variant is an
    `OVERRIDE`. Disabled flags assign nobody.

    Errors, and values that name no variant, assign nobody either: the call goes on as it is, with the reason
    `UNAVAILABLE`, and is counted in `errors`. An evaluation takes tens of microseconds, or as long as the provider takes
    when it asks a server; in an asynchronous program that holds up the event loop.

    Args:
        client: The client.
        experiments: What the flags stand for.
        clock: As for `ExperimentRouter`.
    """

    weighs = False

    def __init__(
        self, client: OpenFeatureClient, *experiments: Experiment, clock: Callable[[], float] | None = None
    ) -> None:
        if not callable(getattr(client, "get_string_details", None)):
            raise ConfigurationError(
                f"OpenFeatureRouter: takes a client, such as openfeature.api.get_client(), not {type(client).__name__}"
            )
        super().__init__(*experiments, clock=clock)
        self.client: Final = client
        self._errors: Final[Counter[str]] = Counter()
        self._counting: Final = Lock()

    @property
    def errors(self) -> Mapping[str, int]:
        """How often an evaluation failed, by the error code of OpenFeature, or NO_VARIANT for a value that names none."""
        return MappingProxyType(dict(self._errors))

    def route(self, caller: Caller) -> tuple[Assignment, ...]:
        """Return what the flag of each experiment gives to `caller`, in the order of the experiments."""
        return tuple([self._asked(attribute_of(each.by)(caller), each.name, caller) for each in self.experiments])

    def assign(self, unit: str | int | None, *, experiment: str = "", caller: Caller = ANONYMOUS) -> Assignment:
        """Return what the flag of one experiment gives to `unit`; as for `ExperimentRouter.assign`."""
        return self._asked(unit, experiment, caller)

    def _asked(self, unit: object, name: str, caller: Caller) -> Assignment:
        settled = super().assign(None, experiment=name, caller=caller)
        unit = identify(unit)
        if settled.reason is not Reason.NO_UNIT or not unit:  # disabled or forced, or nobody to ask for
            return settled
        try:
            details = self.client.get_string_details(settled.experiment, "", _context(unit, caller))
        except Exception as error:  # noqa: BLE001  such as a hook of the application: it must not fail the call
            return self._failed(settled, type(error).__name__)
        if details.error_code is not None:
            return self._failed(settled, str(details.error_code.value))
        return self._read(settled._replace(unit=unit), details)

    def _read(self, settled: Assignment, details: FlagEvaluationDetails[str]) -> Assignment:
        """Return the assignment that a flag says."""
        if details.reason == FlagReason.DISABLED or not details.value:
            disabled = details.reason == FlagReason.DISABLED
            return settled._replace(reason=Reason.DISABLED if disabled else Reason.NOT_ENROLLED)
        experiment = next(each for each in self.experiments if each.name == settled.experiment)
        variant = next((each for each in experiment.variants if each.name == details.value), None)
        if variant is None:
            return self._failed(settled, "NO_VARIANT")
        split = details.reason == FlagReason.SPLIT
        return settled._replace(
            variant=variant.name,
            params=variant.params,
            target=variant.target,
            prompt=variant.prompt,
            reason=Reason.SPLIT if split else Reason.OVERRIDE,
            propensity=_propensity(details.flag_metadata, experiment.shares[variant.name]) if split else 1.0,
            bucket=_bucket(details.flag_metadata) if split else None,
        )

    def _failed(self, settled: Assignment, what: str) -> Assignment:
        with self._counting:
            self._errors[what] += 1
        return settled._replace(reason=Reason.UNAVAILABLE)


def _context(unit: str, caller: Caller) -> EvaluationContext:
    fields = {name: getattr(caller, name) for name in _FIELDS if getattr(caller, name)}
    return EvaluationContext(unit, {**caller.tags, **fields})


def _propensity(metadata: FlagMetadata, share: float) -> float:
    stated = metadata.get("propensity")
    if isinstance(stated, int | float) and math.isfinite(stated) and 0 < stated <= 1:
        return float(stated)
    return share


def _bucket(metadata: FlagMetadata) -> int | None:
    stated = metadata.get("bucket")
    return stated if type(stated) is int and 0 <= stated < SPACE else None
