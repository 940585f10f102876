"""Says how far lab 6.3 is."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from types import ModuleType
from typing import Any

import pytest

from genai_guard import MetricsRecorder, Pipeline
from genai_guard.recording import open_log


class Monitored:
    """What a lab has made, at work."""

    def __init__(self, lab: ModuleType, folder: Path) -> None:
        self.folder = folder / "inference"
        self.paged: list[Any] = []
        self.recorder: MetricsRecorder = lab.recorder(self.folder, self.paged)
        self.pipeline: Pipeline = lab.pipeline(self.recorder)


@pytest.fixture
def models(shop: ModuleType) -> Any:
    """The models of the shop, all well."""
    return shop.Shop()


@pytest.fixture
def monitored(lab: ModuleType, tmp_path: Path) -> Iterator[Monitored]:
    """The recorder and the pipeline of the lab; closed in the end."""
    made = Monitored(lab, tmp_path)
    yield made
    made.recorder.close()


def test_1_there_is_an_alert_for_each_kind_of_trouble(lab: ModuleType) -> None:
    kinds = sorted(type(alert).__name__ for alert in lab.alerts())
    assert kinds == ["Budget", "ErrorRate", "GuardrailHits", "LatencyP99"]


def test_2_nobody_is_paged_while_all_is_well(monitored: Monitored, models: Any) -> None:
    models.traffic(monitored.pipeline)
    assert monitored.recorder.snapshot(window_s=300).calls == 60
    assert set(monitored.recorder.breakdown("tenant", window_s=300)) == {"north", "south"}
    assert monitored.recorder.alerts() == []


def test_2_a_slow_model_pages_somebody_and_is_named(monitored: Monitored, models: Any) -> None:
    models.slow.add("large")
    models.traffic(monitored.pipeline)
    monitored.recorder.alerts()
    assert [dict(alert.labels) for alert in monitored.paged] == [{"model": "large"}]


def test_2_hits_of_guards_and_errors_page_somebody(monitored: Monitored, models: Any) -> None:
    models.traffic(monitored.pipeline, "Tell me about project nightjar", users=1)
    assert any("guardrail_hits" in alert.name for alert in monitored.recorder.alerts())
    models.down.add("small")
    models.traffic(monitored.pipeline)
    assert any("error_rate" in alert.name and alert.severity == "critical" for alert in monitored.recorder.alerts())


def test_3_calls_have_a_price_and_the_log_no_address(monitored: Monitored, models: Any) -> None:
    models.traffic(monitored.pipeline, "I am jo.harper@example.com", users=2)
    assert monitored.recorder.snapshot(window_s=300).cost_usd > 0
    monitored.recorder.flush()
    assert all("[EMAIL]" in row["request"] for row in open_log(monitored.folder).read())


@pytest.mark.parametrize("model", ["small", "large"])
def test_4_the_model_that_fails_is_found(model: str, lab: ModuleType, monitored: Monitored, models: Any) -> None:
    models.down.add(model)
    models.traffic(monitored.pipeline)
    assert lab.failing(monitored.recorder) == ("model", model)


def test_5_the_log_says_why(lab: ModuleType, monitored: Monitored, models: Any) -> None:
    models.down.add("small")
    models.traffic(monitored.pipeline)
    monitored.recorder.flush()
    assert lab.reasons(monitored.folder) == [("call", "ConnectionError")]


def test_6_the_page_shows_what_fired(lab: ModuleType, monitored: Monitored, models: Any, tmp_path: Path) -> None:
    models.down.add("small")
    models.traffic(monitored.pipeline)
    lab.page(monitored.folder, monitored.recorder, tmp_path / "page.html")
    page = (tmp_path / "page.html").read_text(encoding="utf-8")
    assert "error_rate" in page
    assert "ConnectionError" in page
