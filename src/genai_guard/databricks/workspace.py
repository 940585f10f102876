"""Exports into a workspace: what would change there, and the calls that change it.

Needs the extra `databricks`: `pip install 'genai_guard[databricks]'`.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import asdict, dataclass
from typing import Any, Final

from genai_guard.databricks.changes import Change, changes_of, without_off
from genai_guard.databricks.checking import ENTITY_FIELDS
from genai_guard.databricks.monitors import data_quality_monitor
from genai_guard.databricks.packages import module
from genai_guard.databricks.traffic import routes_of
from genai_guard.databricks.values import Export
from genai_guard.errors import ConfigurationError, GenAIGuardError

__all__ = ["Applied", "Step", "WorkspaceError", "apply", "diff"]

_ERRORS: Final = "databricks.sdk.errors"
_HINTS: Final[Mapping[int, str]] = {
    200: "the answer cannot be read: what was asked has most likely happened; look with diff()",
    400: "the workspace does not take this configuration: compare it with what its region and its models support",
    401: "the credentials are not valid: sign in anew",
    403: "the caller lacks a permission: creating takes that of the schema, changing that of the owner",
    404: "something that it names is not there: look for the catalog, schema, table, model or secret scope",
    409: "somebody else is changing it: try again when that is done",
    429: "the workspace is asked too often: try again later",
}
_LATER: Final = "the workspace failed: what was asked may have happened or not; look with diff() before trying again"
_UNREACHED: Final = "no answer in time: what was asked may have happened or not; look with diff() before trying again"


class WorkspaceError(GenAIGuardError):
    """A workspace did not do what it was asked for. What it said itself is not repeated: it may quote a token or a secret.

    Attributes:
        action: What it was asked for: `update ai_gateway of serving endpoint support-bot`.
        http_status: What it answered; None if it did not.
        error_code: The word that it has for it, such as `PERMISSION_DENIED`; empty without one.
        done: What was done before.
    """

    def __init__(self, action: str, http_status: int | None, error_code: str, done: tuple[str, ...]) -> None:
        self.action = action
        self.http_status = http_status
        self.error_code = error_code
        self.done = done
        said = " ".join(str(each) for each in (http_status, error_code) if each) or "no answer"
        hint = _UNREACHED if http_status is None else _HINTS.get(http_status, _LATER)
        before = f"; done before: {', '.join(done)}" if done else "; nothing was changed before"
        super().__init__(f"{action}: {said}: {hint}{before}")


@dataclass(frozen=True, slots=True)
class Step:
    """One call that changes something.

    Attributes:
        action: What it does: `create serving endpoint support-bot`.
        changes: What changes by it.
    """

    action: str
    changes: tuple[Change, ...] = ()

    def __str__(self) -> str:
        return "\n".join([self.action, *(f"  {change}" for change in self.changes)])


@dataclass(frozen=True, slots=True)
class Applied:
    """What was changed, or would be. Prints as a list of it.

    Attributes:
        steps: The calls, in their order; none if all is as it should be.
        dry_run: Whether nothing was done.
    """

    steps: tuple[Step, ...]
    dry_run: bool

    def to_dict(self) -> dict[str, Any]:
        """Return it as values that JSON has."""
        return asdict(self)

    def __str__(self) -> str:
        return "\n".join(map(str, self.steps)) if self.steps else "nothing to change"


@dataclass(frozen=True, slots=True)
class _Due:
    """A step, and the call that performs it."""

    step: Step
    call: Callable[[], object]


def diff(export: Export, workspace: Any) -> Applied:
    """Return what `apply` would do, without doing it."""
    return apply(export, workspace, dry_run=True)


def apply(export: Export, workspace: Any, *, dry_run: bool = False) -> Applied:
    """Make what an export describes in a workspace, or change what is there into it.

    An endpoint gets its served entities and traffic, then its gateway, which is replaced as a whole; a monitor is made
    through the API of data quality. Where nothing differs nothing is called, and what is set of a model of Unity Catalog
    there alone, such as its size, stays. Changes take minutes to be in effect, which is not waited for.

    How long a workspace is waited for is said to the client: `Config(http_timeout_seconds=..., retry_timeout_seconds=...)`,
    by default 60 for each request, and 300 with all that are made again after a 429 or 503.

    Args:
        export: What `export_endpoint`, `export_model_service` or `export_monitors` returned.
        workspace: A `databricks.sdk.WorkspaceClient`.
        dry_run: Only read, and return what would be done.

    Raises:
        ConfigurationError: it is a bundle, which `databricks bundle deploy` deploys; the SDK is missing, or drops something.
        WorkspaceError: the workspace refused, failed or did not answer.
    """
    plan = _PLANS.get(export.kind)
    if plan is None:
        raise ConfigurationError(f"apply(export): a {export.kind} is deployed by `databricks bundle deploy`")
    done: list[str] = []
    steps: list[Step] = []
    for due in plan(export, workspace):
        steps.append(due.step)
        if not dry_run:
            _ask(due.step.action, due.call, done)
            done.append(due.step.action)
    return Applied(tuple(steps), dry_run)


def _plan_endpoint(export: Export, workspace: Any) -> Iterator[_Due]:
    config, name, what = export.config, export.name, f"serving endpoint {export.name}"
    core = _core(export, config["config"])
    gateway = _typed("serving.AiGatewayConfig", config.get("ai_gateway", {}), what)
    api = workspace.serving_endpoints
    found = _found(what, lambda: api.get(name))
    if found is None:
        call = _later(api.create, name, config=core, ai_gateway=gateway if config.get("ai_gateway") else None)
        yield _Due(Step(f"create {what}", tuple(changes_of(None, config))), call)
        return
    there: dict[str, Any] = found.as_dict()
    core_there = _core_there(there)
    changes = tuple(changes_of(core_there, config["config"], path="config", ours_alone=True))
    if changes:
        core = _core(export, {**config["config"], "served_entities": _kept(core_there, config["config"])})
        call = _later(api.update_config, name, served_entities=core.served_entities, traffic_config=core.traffic_config)
        yield _Due(Step(f"update config of {what}", changes), call)
    changes = tuple(
        changes_of(
            without_off(there.get("ai_gateway", {})), without_off(config.get("ai_gateway", {})), path="ai_gateway"
        )
    )
    if changes:
        fields = ("fallback_config", "guardrails", "inference_table_config", "rate_limits", "usage_tracking_config")
        call = _later(api.put_ai_gateway, name, **{field: getattr(gateway, field) for field in fields})
        yield _Due(Step(f"update ai_gateway of {what}", changes), call)


def _core(export: Export, core: Mapping[str, Any]) -> Any:
    named = {"name": export.name, **core}
    return _typed("serving.EndpointCoreConfigInput", named, f"serving endpoint {export.name}")


def _core_there(there: Mapping[str, Any]) -> dict[str, Any]:
    """Return entities and traffic as they are, or as they will be when an update that is under way has ended."""
    core: Mapping[str, Any] = there.get("pending_config") or there.get("config") or {}
    return {"served_entities": core.get("served_entities", []), "traffic_config": {"routes": routes_of(core)}}


def _kept(there: Mapping[str, Any], ours: Mapping[str, Any]) -> list[dict[str, Any]]:
    """Return our entities with what is set of them there alone, such as their size: an update takes the place of all of it."""
    known = {each.get("name"): each for each in there["served_entities"] if "entity_name" in each}
    return [{**_settings(known.get(each["name"]), each), **each} for each in ours["served_entities"]]


def _settings(there: Mapping[str, Any] | None, ours: Mapping[str, Any]) -> dict[str, Any]:
    if there is None or there["entity_name"] != ours.get("entity_name"):
        return {}
    return {name: value for name, value in there.items() if name in ENTITY_FIELDS}


def _plan_service(export: Export, workspace: Any) -> Iterator[_Due]:
    config, what = export.config, f"model service {export.name}"
    full = f"model-services/{config['parent'].removeprefix('schemas/')}.{export.name}"
    inner = {key: value for key, value in config.items() if key in {"comment", "config"}}
    made, api = _typed("catalog.ModelService", inner, what), workspace.ai_gateway
    found = _found(what, lambda: api.get_model_service(full))
    if found is None:
        call = _later(api.create_model_service, made, config["parent"], export.name)
        yield _Due(Step(f"create {what}", tuple(changes_of(None, config))), call)
        return
    there = found.as_dict().get("config", {})
    routing = {"fallback": None, **config["config"]["routing"]}
    wanted = {"inference_table": None, "rate_limits": None, **config["config"], "routing": routing}
    changes = tuple(changes_of(there, wanted, path="config", ours_alone=True))
    if changes:
        mask = module("databricks.sdk.common.types.fieldmask").FieldMask(["config"])
        yield _Due(Step(f"update {what}", changes), _later(api.update_model_service, full, made, mask))


def _plan_monitor(export: Export, workspace: Any) -> Iterator[_Due]:
    config, what = export.config, f"monitor of {export.name}"
    schema = config["output_schema_name"]
    table_id = _ask(f"look up table {export.name}", lambda: workspace.tables.get(export.name).table_id)
    schema_id = _ask(f"look up schema {schema}", lambda: workspace.schemas.get(schema).schema_id)
    wanted = data_quality_monitor(export, table_id=table_id, output_schema_id=schema_id)
    made, api = _typed("dataquality.Monitor", wanted, what), workspace.data_quality
    found = _found(what, lambda: api.get_monitor("table", table_id))
    if found is None:
        changes = tuple(changes_of(None, wanted["data_profiling_config"]))
        yield _Due(Step(f"create {what}", changes), _later(api.create_monitor, made))
        return
    there = found.as_dict().get("data_profiling_config", {})
    wanted = {"baseline_table_name": None, "slicing_exprs": None, **wanted["data_profiling_config"]}
    changes = tuple(changes_of(there, wanted, path="data_profiling_config", ours_alone=True))
    if changes:
        fields = dict.fromkeys(change.path.split(".")[1].split("[")[0] for change in changes)
        mask = ",".join(f"data_profiling_config.{field}" for field in fields)
        yield _Due(Step(f"update {what}", changes), _later(api.update_monitor, "table", table_id, made, mask))


_PLANS: Final[Mapping[str, Callable[[Export, Any], Iterator[_Due]]]] = {
    "endpoint": _plan_endpoint,
    "model-service": _plan_service,
    "monitors": _plan_monitor,
}


def _typed(name: str, config: Mapping[str, Any], what: str) -> Any:
    """Return a configuration as the SDK has it, which drops what it does not know without a word.

    Raises:
        ConfigurationError: it would drop something.
    """
    service, kind = name.split(".")
    known = getattr(module(f"databricks.sdk.service.{service}"), kind, None)
    if known is None:
        raise ConfigurationError(f"{what}: the installed databricks-sdk does not know {kind}: use a newer one")
    made = known.from_dict(config)
    lost = [change.path for change in changes_of(dict(config), made.as_dict())]
    if lost:
        raise ConfigurationError(
            f"{what}: the installed databricks-sdk does not know {', '.join(lost)}: use a newer one"
        )
    return made


def _later(call: Callable[..., object], *args: Any, **kwargs: Any) -> Callable[[], object]:
    return lambda: call(*args, **kwargs)


def _found(what: str, read: Callable[[], Any]) -> Any:
    """Return what is there; None if it is not."""

    def look() -> Any:
        try:
            return read()
        except module(_ERRORS).NotFound:
            return None

    return _ask(f"look up {what}", look)


def _ask(action: str, call: Callable[[], Any], done: Sequence[str] = ()) -> Any:
    """Return what a call returns. What it raises is told as an error that quotes nothing of it, nor carries it along.

    Raises:
        WorkspaceError: it raised something.
    """
    try:
        return call()
    except module(_ERRORS).DatabricksError as error:
        status, code = _status_of(error), error.error_code
    except (OSError, ValueError) as error:  # time is up, no connection, no credentials
        cause = error.__cause__
        status = _status_of(cause) if isinstance(cause, module(_ERRORS).DatabricksError) else None
        code = getattr(cause, "error_code", None)
    except (LookupError, TypeError, AttributeError):  # the SDK looks for what is not in the answer
        status, code = 200, None
    raise WorkspaceError(action, status, str(code or ""), tuple(done))


def _status_of(error: Any) -> int | None:
    statuses: Mapping[int, type] = module("databricks.sdk.errors.platform").STATUS_CODE_MAPPING
    return next((status for status, kind in statuses.items() if isinstance(error, kind)), None)
