"""What the tests with MLflow share: one server for all of them, and an experiment for each."""

from __future__ import annotations

import os
import sys
from collections.abc import Iterator
from importlib import import_module
from importlib.util import find_spec
from pathlib import Path
from typing import Any, NamedTuple

import pytest

from integrations.mlflow.server import QUIET, tracking_server

os.environ.update(QUIET)  # before anything imports MLflow

NEEDS_MLFLOW = {
    *("test_agent.py", "test_feedback.py", "test_model.py", "test_one_exit.py", "test_outage.py", "test_registry.py"),
    *("test_runs.py", "test_serving.py", "test_traces.py", "test_examples.py"),
}


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Skip what needs MLflow where it is not, and let MLflow and what it imports warn as they like."""
    missing = find_spec("mlflow.server") is None if find_spec("mlflow") else True
    for item in items:
        if Path(item.fspath).parent == Path(__file__).parent and item.path.name in NEEDS_MLFLOW:
            item.add_marker(pytest.mark.filterwarnings("ignore"))
            if missing:
                item.add_marker(pytest.mark.skip(reason="the group `mlflow` is not installed: nox -s mlflow"))


class Place(NamedTuple):
    """A server, its files, and an experiment of it."""

    url: str
    files: Path
    experiment_id: str
    client: Any

    def traces(self) -> list[Any]:
        """Return the traces of the experiment, the latest first."""
        return list(self.client.search_traces(locations=[self.experiment_id]))


@pytest.fixture(scope="session")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[tuple[str, Path]]:
    """A server that all tests share."""
    folder = tmp_path_factory.mktemp("mlflow")
    with tracking_server(folder) as url:
        yield url, folder


@pytest.fixture
def place(server: tuple[str, Path], request: pytest.FixtureRequest) -> Place:
    """An experiment of its own, to which MLflow is set."""
    import mlflow

    url, files = server
    mlflow.set_tracking_uri(url)
    experiment = mlflow.set_experiment(request.node.nodeid.replace("/", "."))
    return Place(url, files, experiment.experiment_id, mlflow.MlflowClient())


@pytest.fixture
def asked(monkeypatch: pytest.MonkeyPatch) -> Iterator[Any]:
    """The module of models, as a program would import it."""
    monkeypatch.syspath_prepend(str(Path(__file__).parent / "served"))
    yield import_module("asked")
    sys.modules.pop("asked", None)
