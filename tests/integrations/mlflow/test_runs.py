"""The analysis of an experiment as a run on a real server."""

from __future__ import annotations

import json
import random
from pathlib import Path
from typing import Any

import pytest

from genai_guard import ConfigurationError
from genai_guard.integrations.mlflow.results import log_analysis
from genai_guard.routing.analysis import analyze
from integrations.mlflow.conftest import Place


def rows() -> list[dict[str, Any]]:
    chance = random.Random(7)
    return [
        {"variant": name, "stars": chance.gauss(3.9 if name == "treatment" else 3.5, 0.8), "country": country}
        for name in ("control", "treatment")
        for country in ("DE", "AT")
        for _ in range(300)
    ]


def test_an_analysis_is_a_run_with_parameters_metrics_outcomes_and_pictures(place: Place) -> None:
    found = analyze(rows(), metrics=["stars"], control="control", segments="country")
    run_id = log_analysis(found, experiment_id=place.experiment_id, run_name="tone, week 1", tags={"team": "support"})
    run = place.client.get_run(run_id)
    assert (run.info.run_name, run.info.status, run.data.tags["team"]) == ("tone, week 1", "FINISHED", "support")
    assert (run.data.params["method"], run.data.params["control"]) == ("fixed", "control")
    overall = found["stars"]
    assert overall.difference is not None
    assert run.data.metrics["stars/treatment"] == pytest.approx(overall.treatment.estimate)
    assert run.data.metrics["stars/treatment.difference_low"] == pytest.approx(overall.difference.low)
    assert run.data.metrics["country_DE/stars/control.units"] == 300
    assert run.data.tags["outcome/stars/treatment"] == "better"
    assert sorted(each.path for each in place.client.list_artifacts(run_id)) == [
        "analysis.html",
        "analysis.json",
        "analysis.txt",
    ]
    path = place.client.download_artifacts(run_id, "analysis.json")
    assert json.loads(Path(path).read_text(encoding="utf-8")) == found.to_dict()


def test_looks_one_after_the_other_are_steps_of_one_run(place: Place) -> None:
    data = rows()
    run_id = ""
    for step, share in enumerate((2, 1)):
        found = analyze(data[::share], metrics=["stars"], control="control")
        run_id = log_analysis(found, experiment_id=place.experiment_id, run_id=run_id or None, step=step)
    history = place.client.get_metric_history(run_id, "stars/treatment.units")
    assert [(each.step, each.value) for each in history] == [(0, 300.0), (1, 600.0)]


def test_what_mlflow_does_not_take_is_told(place: Place) -> None:
    with pytest.raises(ConfigurationError, match="did not take the analysis: RESOURCE_DOES_NOT_EXIST"):
        log_analysis(analyze(rows(), metrics=["stars"], control="control"), experiment_id="987654321")


def test_a_run_that_was_begun_and_not_written_has_failed(place: Place) -> None:
    found = analyze(rows(), metrics=["stars"], control="control")
    with pytest.raises(ConfigurationError, match="did not take the analysis: INVALID_PARAMETER_VALUE"):
        log_analysis(found, experiment_id=place.experiment_id, tags={"my secret?!": "x"})
    (run,) = place.client.search_runs([place.experiment_id])
    assert run.info.status == "FAILED"
