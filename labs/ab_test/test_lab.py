"""Says how far lab 6.2 is."""

from __future__ import annotations

from pathlib import Path
from types import ModuleType

from genai_guard import ExperimentRouter
from genai_guard.recording import open_log
from genai_guard.routing.analysis import Analysis

EQUAL = {"control": 0.6, "treatment": 0.6}
BETTER = {"control": 0.6, "treatment": 0.75}


def tried(
    lab: ModuleType, shop: ModuleType, folder: Path, liked: dict[str, float], *, loses: bool = False
) -> tuple[Analysis, ExperimentRouter]:
    """Return what the experiment showed, where the users like that many answers."""
    router: ExperimentRouter = lab.router()
    pipeline = lab.pipeline(router, folder)
    lost = {"lose": lambda variant, number: variant == "treatment" and number % 3 == 0} if loses else {}
    said = shop.run(pipeline, users=lab.users_needed(), liked=liked, **lost)
    return lab.read(folder, said), router


def test_1_the_size_of_the_sample_is_right(lab: ModuleType) -> None:
    assert lab.users_needed() == 707


def test_2_half_of_the_users_get_the_large_model(lab: ModuleType) -> None:
    router = lab.router()
    assigned = [router.assign(f"u-{number}") for number in range(2_000)]
    assert {each.experiment for each in assigned} == {"size"}
    assert {each.variant: each.params["model"] for each in assigned} == {"control": "small", "treatment": "large"}
    assert 900 < sum(each.variant == "treatment" for each in assigned) < 1_100
    assert assigned == [lab.router().assign(f"u-{number}") for number in range(2_000)]


def test_3_every_call_is_logged_with_its_variant_and_its_price(
    lab: ModuleType, shop: ModuleType, tmp_path: Path
) -> None:
    shop.run(lab.pipeline(lab.router(), tmp_path), users=30, liked=EQUAL)
    rows = list(open_log(tmp_path).read())
    assert len(rows) == 30
    assert {(row["variant"], row["model"]) for row in rows} == {("control", "small"), ("treatment", "large")}
    assert all(row["cost_usd"] > 0 for row in rows)


def test_4_the_analysis_sees_the_difference_and_the_price(lab: ModuleType, shop: ModuleType, tmp_path: Path) -> None:
    found, _ = tried(lab, shop, tmp_path, BETTER)
    liked, cost = found["liked"], found["cost_usd"]
    assert liked.difference is not None
    assert 0 < liked.difference.low < 0.15 < liked.difference.high
    assert cost.difference is not None
    assert cost.difference.low > 0
    assert found.sample_ratio is not None
    assert not found.sample_ratio.mismatch


def test_5_what_is_liked_better_is_given_to_nine_of_ten(lab: ModuleType, shop: ModuleType, tmp_path: Path) -> None:
    found, router = tried(lab, shop, tmp_path, BETTER)
    before = [router.assign(f"u-{number}").variant for number in range(2_000)]
    assert lab.decide(found, router) == "ship"
    after = [router.assign(f"u-{number}").variant for number in range(2_000)]
    assert 0.87 < after.count("treatment") / 2_000 < 0.93
    assert all(now == "treatment" for was, now in zip(before, after, strict=True) if was == "treatment")


def test_5_equal_models_stay_as_they_are(lab: ModuleType, shop: ModuleType, tmp_path: Path) -> None:
    found, router = tried(lab, shop, tmp_path, EQUAL)
    assert lab.decide(found, router) == "keep"
    assert str(router) == str(lab.router())


def test_5_an_experiment_that_lost_users_decides_nothing(lab: ModuleType, shop: ModuleType, tmp_path: Path) -> None:
    found, router = tried(lab, shop, tmp_path, BETTER, loses=True)
    assert lab.decide(found, router) == "keep"
    assert str(router) == str(lab.router())
