"""What an experiment has shown, as a run of MLflow. Needs the extra `mlflow`."""

from __future__ import annotations

import json
import math
import re
from collections.abc import Iterator, Mapping
from contextlib import suppress
from typing import Any, Final

from genai_guard.errors import ConfigurationError
from genai_guard.integrations.mlflow.package import package, told
from genai_guard.routing.analysis import Analysis, Comparison

__all__ = ["log_analysis", "metrics_of", "params_of"]

_NO_NAME: Final = re.compile(r"[^\w\-. /]+", re.ASCII)
_LONGEST: Final = 250
_BATCH: Final = 1000
_LONGEST_VALUE: Final = 500


def log_analysis(
    analysis: Analysis,
    *,
    experiment_id: str,
    tracking_uri: str | None = None,
    run_name: str | None = None,
    run_id: str | None = None,
    tags: Mapping[str, str] | None = None,
    step: int = 0,
) -> str:
    """Log an analysis as a run: its parameters, numbers, outcomes and pictures; return the id of the run.

    Metrics are named `metric/variant` and `metric/variant.units`, and of a comparison `metric/variant.relative`, `.difference`,
    `.p` and the ends of the intervals, such as `.relative_low`, after `segment/` where it is about one. Tags `outcome/metric/variant` say what it comes to. Artifacts are the
    page `analysis.html`, the table and plot as text, and everything as `analysis.json`. An analysis has numbers and names, and
    no text of a call.

    Args:
        analysis: What `analyze` returned.
        experiment_id: Id of the MLflow experiment.
        tracking_uri: Where it is; as MLflow is set when None.
        run_name: Name of the run; that of the experiment unless given.
        run_id: A run to write into again, as for looks one after the other. Its parameters must be the same.
        tags: Further tags.
        step: Which look it is, so that MLflow draws them one after the other.

    Raises:
        ConfigurationError: MLflow did not take it. A run that was begun for it is then one that has failed.
    """
    client = package("mlflow").MlflowClient(tracking_uri=tracking_uri)
    begun = run_id or ""
    try:
        if not begun:
            run = client.create_run(experiment_id, run_name=run_name or analysis.experiment or "analysis")
            begun = str(run.info.run_id)
        _write(client, begun, analysis, tags or {}, step)
        client.set_terminated(begun)
    except Exception as error:  # noqa: BLE001  of many classes, and with texts of the server
        if begun and run_id is None:
            with suppress(Exception):  # the server may be gone
                client.set_terminated(begun, "FAILED")
        raise ConfigurationError(f"MLflow did not take the analysis: {told(error)}") from None
    return begun


def params_of(analysis: Analysis) -> dict[str, str]:
    """Return what was asked, as parameters of a run."""
    first = next(iter(analysis.comparisons), None)
    known = {
        "experiment": analysis.experiment,
        "method": analysis.method,
        "alpha": f"{analysis.alpha:g}",
        "correction": analysis.correction or "none",
        "control": "" if first is None else first.control.variant,
        "variants": ", ".join(analysis.units),
        "metrics": ", ".join(dict.fromkeys(each.metric for each in analysis.comparisons)),
    }
    return {name: value[:_LONGEST_VALUE] for name, value in known.items() if value}


def metrics_of(analysis: Analysis) -> dict[str, float]:
    """Return the numbers of an analysis, by the names that they have in a run; those without a value are left out."""
    found = {f"units/{variant}": float(units) for variant, units in analysis.units.items()}
    found |= {f"left_out/{reason}": float(rows) for reason, rows in analysis.left_out.items()}
    if analysis.sample_ratio is not None:
        found["sample_ratio/p"] = analysis.sample_ratio.p
    for comparison in analysis.comparisons:
        found |= dict(_numbers(comparison))
    return {_key(name): value for name, value in found.items() if math.isfinite(value)}


def _numbers(comparison: Comparison) -> Iterator[tuple[str, float]]:
    about = f"{comparison.segment}/{comparison.metric}" if comparison.segment else comparison.metric
    for arm in (comparison.control, comparison.treatment):
        yield f"{about}/{arm.variant}", arm.estimate
        yield f"{about}/{arm.variant}.units", float(arm.units)
    of = f"{about}/{comparison.treatment.variant}"
    for name, interval in (("difference", comparison.difference), ("relative", comparison.relative)):
        if interval is not None:
            yield f"{of}.{name}", interval.estimate
            yield f"{of}.{name}_low", interval.low
            yield f"{of}.{name}_high", interval.high
    for name, p in (("p", comparison.p), ("p_corrected", comparison.p_corrected)):
        if p is not None:
            yield f"{of}.{name}", p


def _write(client: Any, run_id: str, analysis: Analysis, tags: Mapping[str, str], step: int) -> None:
    entities = package("mlflow.entities")
    at_ms = package("mlflow.utils.time").get_current_time_millis()
    metrics = [entities.Metric(name, value, at_ms, step) for name, value in metrics_of(analysis).items()]
    for at in range(0, len(metrics), _BATCH):
        client.log_batch(run_id, metrics=metrics[at : at + _BATCH])
    client.log_batch(
        run_id,
        params=[entities.Param(*each) for each in params_of(analysis).items()],
        tags=[entities.RunTag(*each) for each in {**_outcomes(analysis), **tags}.items()],
    )
    client.log_text(run_id, json.dumps(analysis.to_dict(), indent=1), "analysis.json")
    client.log_text(run_id, f"<!doctype html>\n<meta charset=utf-8>\n{analysis.to_html()}", "analysis.html")
    client.log_text(run_id, f"{analysis}\n\n{analysis.table()}\n\n{analysis.plot()}\n", "analysis.txt")


def _outcomes(analysis: Analysis) -> dict[str, str]:
    tags = {
        _key(f"outcome/{each.segment}/{each.metric}/{each.treatment.variant}".replace("//", "/")): each.outcome
        for each in analysis.comparisons
    }
    return tags | ({"warnings": str(len(analysis.warnings))} if analysis.warnings else {})


def _key(name: str) -> str:
    """Return a name that MLflow takes."""
    return _NO_NAME.sub("_", name)[:_LONGEST].strip("/ ")
