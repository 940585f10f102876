"""A Prometheus server scrapes, evaluates the rules, and answers every question of the dashboard."""

from __future__ import annotations

import json
import shutil
import socket
import subprocess
import time
from collections.abc import Iterator
from typing import Any
from urllib.error import URLError
from urllib.parse import quote
from urllib.request import urlopen

import pytest
from prometheus_client import CollectorRegistry, start_http_server

from calls import target
from genai_guard.recording import MetricsRecorder
from genai_guard.recording.alert_rules import alert_rules
from genai_guard.recording.dashboard import dashboard
from genai_guard.recording.prometheus import PrometheusCollector
from monitored import everything, expressions

pytestmark = pytest.mark.skipif(
    shutil.which("prometheus") is None,
    reason="PROMETHEUS IS NOT INSTALLED: neither rules nor dashboard are tried on a server (Debian: apt install prometheus)",
)

PATIENCE_S = 30.0


def free_port() -> int:
    with socket.socket() as found:
        found.bind(("127.0.0.1", 0))
        return int(found.getsockname()[1])


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """Run a server that scrapes a pipeline twice a second."""
    pipeline, folder = everything(), tmp_path_factory.mktemp("prometheus")
    assert isinstance(pipeline.recorder, MetricsRecorder)
    registry = CollectorRegistry()
    registry.register(PrometheusCollector(pipeline.recorder))
    exporter, thread = start_http_server(0, addr="127.0.0.1", registry=registry)
    ask = pipeline(target("def", ["hello"]))
    for _ in range(5):
        ask("bob@example.com")
    (folder / "rules.json").write_text(json.dumps(alert_rules(pipeline.recorder)), encoding="utf-8")
    config = {
        "global": {"scrape_interval": "500ms", "evaluation_interval": "500ms", "scrape_timeout": "400ms"},
        "rule_files": [str(folder / "rules.json")],
        "scrape_configs": [{"job_name": "app", "static_configs": [{"targets": [f"127.0.0.1:{exporter.server_port}"]}]}],
    }
    (folder / "config.json").write_text(json.dumps(config), encoding="utf-8")
    address = f"127.0.0.1:{free_port()}"
    options = [
        f"--config.file={folder / 'config.json'}",
        f"--storage.tsdb.path={folder / 'data'}",
        f"--web.listen-address={address}",
    ]
    process = subprocess.Popen(["prometheus", *options], stderr=subprocess.DEVNULL)
    try:
        yield f"http://{address}/api/v1"
    finally:
        process.terminate()
        process.wait()
        exporter.shutdown()
        exporter.server_close()
        thread.join()


def asked(server: str, path: str) -> Any:
    with urlopen(f"{server}/{path}") as answer:
        return json.load(answer)["data"]


def eventually(server: str, path: str, enough: Any) -> Any:
    until = time.monotonic() + PATIENCE_S
    while True:
        try:
            if enough(data := asked(server, path)):
                return data
        except URLError:
            pass
        assert time.monotonic() < until, "the server had nothing to say"
        time.sleep(0.1)


def test_the_server_counts_what_was_called(server: str) -> None:
    data = eventually(server, f"query?query={quote('sum(genai_guard_calls_total)')}", lambda found: found["result"])
    assert data["result"][0]["value"][1] == "5"


def test_every_rule_is_evaluated_and_the_one_that_should_fires(server: str) -> None:
    def enough(data: Any) -> bool:
        return any(alert["labels"]["alertname"] == "guardrail_hits_pii_redact" for alert in data["alerts"])

    eventually(server, "alerts", enough)
    rules = [rule for group in asked(server, "rules")["groups"] for rule in group["rules"]]
    assert len(rules) > 4
    assert {rule["health"] for rule in rules} == {"ok"}


def test_every_question_of_the_dashboard_is_answered(server: str) -> None:
    eventually(server, f"query?query={quote('genai_guard_calls_total')}", lambda found: found["result"])
    for expression in expressions(dashboard(everything())):
        assert asked(server, f"query?query={quote(expression)}")["resultType"] == "vector", expression
