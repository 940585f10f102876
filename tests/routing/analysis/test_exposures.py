"""Who is compared, and who is left out."""

from __future__ import annotations

import math
from typing import Any

import pytest

from genai_guard import ConfigurationError
from genai_guard.routing.analysis.exposures import Exposures, find_exposures
from routing.analysis.tables import log_row


def found_in(data: object, **more: Any) -> Exposures:
    settings = {"experiment": None, "unit": None, "variant": "variant", "time": None, "outcomes": None}
    return find_exposures(data, **(settings | more))


def of_unit(number: int, variant: str, **more: Any) -> dict[str, Any]:
    return {"unit": number, "variant": variant} | more


PAIR = [of_unit(1, "a"), of_unit(2, "b")]


def test_a_unit_counts_for_the_variant_that_it_was_first_given() -> None:
    found = found_in([of_unit(1, "a", time=1), of_unit(2, "b", time=2), of_unit(1, "b", time=3)])
    assert [seen.variant for seen in found.seen] == ["a", "b", "a"]
    assert [seen.given for seen in found.seen] == ["a", "b", "b"]
    assert (found.counts(), found.switched) == ({"a": 1, "b": 1}, 1)


def test_first_is_who_comes_first_in_time_not_in_the_table() -> None:
    found = found_in([of_unit(1, "b", time=3), of_unit(2, "b", time=2), of_unit(1, "a", time=1)])
    assert [seen.variant for seen in found.seen] == ["a", "b", "a"]
    assert found.timed


def test_without_times_rows_are_in_order() -> None:
    found = found_in(PAIR)
    assert ([seen.time for seen in found.seen], found.timed) == ([0, 1], False)


def test_without_units_every_row_is_one() -> None:
    assert found_in([{"variant": "a"}, {"variant": "b"}, {"variant": "a"}]).counts() == {"a": 2, "b": 1}


def test_variants_of_a_csv_file_may_be_numbers() -> None:
    assert found_in([{"variant": 0.0}, {"variant": 1.0}]).counts() == {"0": 1, "1": 1}


def test_of_a_log_only_units_that_the_split_assigned_count() -> None:
    rows = [
        log_row(1, "a"),
        log_row(2, "b"),
        log_row(3, "b", reason="sticky"),
        log_row(4, "a", reason="override"),
        log_row(5, "", reason="not_enrolled"),
        log_row(6, "a", mode="shadow"),
        log_row(7, "a", experiment="another"),
    ]
    found = found_in(rows, experiment="tone")
    assert found.counts() == {"a": 1, "b": 2}
    assert dict(found.left_out) == {"override": 1, "not_enrolled": 1, "shadow": 1, "another experiment": 1}


def test_of_a_log_units_are_told_apart_by_their_hash() -> None:
    rows = [log_row(1, "a", unit_hash="x"), log_row(2, "b", unit_hash="y"), log_row(3, "a", unit_hash="x")]
    assert found_in(rows).counts() == {"a": 1, "b": 1}


def test_of_an_older_log_units_are_told_apart_by_their_bucket() -> None:
    rows = [log_row(1, "a", unit_hash=None, bucket=0), log_row(2, "b", unit_hash=None, bucket=5)]
    assert found_in([*rows, log_row(3, "a", unit_hash=None, bucket=0)]).counts() == {"a": 1, "b": 1}


def test_a_column_may_tell_who_a_row_is_of() -> None:
    rows = [log_row(1, "a") | {"session": "s"}, log_row(2, "b") | {"session": "t"}, log_row(3, "a") | {"session": "s"}]
    assert found_in(rows, unit="session").counts() == {"a": 1, "b": 1}


@pytest.mark.parametrize("nothing", [None, "", math.nan])
def test_rows_of_nobody_are_left_out(nothing: object) -> None:
    rows = [*PAIR, of_unit(0, "a") | {"unit": nothing}, of_unit(3, "a") | {"variant": nothing}]
    found = found_in(rows)
    assert found.counts() == {"a": 1, "b": 1}
    assert dict(found.left_out) == {"no_unit": 1, "no variant": 1}


@pytest.mark.parametrize("nothing", [None, math.nan, "half", 0.0, 1.5])
def test_what_is_no_probability_is_none(nothing: object) -> None:
    assert found_in([row | {"propensity": nothing} for row in PAIR]).propensities == (None, None)


def test_without_all_times_rows_are_in_order() -> None:
    assert not found_in([of_unit(1, "a", time=2.0), of_unit(2, "b", time=math.nan)]).timed


def test_outcomes_that_came_later_are_joined_by_request() -> None:
    rows = [log_row(1, "a"), log_row(2, "b")]
    late = [{"request_id": "r2", "stars": 4}, {"request_id": "r9", "stars": 1}]
    for outcomes in (late, {"r2": {"stars": 4}, "r9": {"stars": 1}}):
        found = found_in(rows, outcomes=outcomes)
        assert [seen.row.get("stars") for seen in found.seen] == [None, 4]
        assert found.unmatched == 1


def test_outcomes_may_go_by_the_request_id_of_the_client() -> None:
    rows = [log_row(1, "a") | {"client_request_id": "mine"}, log_row(2, "b")]
    assert found_in(rows, outcomes={"mine": {"stars": 4}}).seen[0].row["stars"] == 4


def test_shares_are_read_from_propensities() -> None:
    assert found_in([log_row(1, "a", propensity=0.9), log_row(2, "b", propensity=0.1)]).shares() == {"a": 0.9, "b": 0.1}


@pytest.mark.parametrize("propensities", [(0.9, 0.2), (None, 0.5)])
def test_propensities_that_are_no_plan_are_none(propensities: tuple[float | None, float | None]) -> None:
    rows = [
        log_row(number, name, propensity=each)
        for number, (name, each) in enumerate(zip("ab", propensities, strict=True))
    ]
    assert found_in(rows).shares() is None


def test_who_takes_part_stands_in_no_repr() -> None:
    assert "u-42" not in repr(found_in([*PAIR, of_unit(0, "a") | {"unit": "u-42"}]))


@pytest.mark.parametrize(
    ("data", "more", "message"),
    [
        ([], {}, "data has no rows"),
        ([log_row(1, "a")], {"experiment": "zone"}, "no experiment 'zone'; there are tone"),
        (
            [log_row(1, "a"), log_row(2, "b", experiment="x")],
            {},
            "several experiments: say experiment=..., one of tone, x",
        ),
        ([log_row(1, "a"), log_row(2, "a")], {}, "experiment 'tone' has one variant only, 'a'"),
        ([log_row(1, "a", reason="override")], {}, "no rows that count; left out were: override 1"),
        ([{"arm": "a"}], {}, "variant='variant' is no column; there are arm"),
        (PAIR, {"unit": "who"}, "unit='who' is no column"),
        ([log_row(1, "a")], {"unit": "who"}, "unit='who' is no column"),
        (PAIR, {"time": "at"}, "time='at' is missing"),
        ([of_unit(1, "a", time=1), of_unit(2, "b", time="x")], {}, "times of several types"),
        (PAIR, {"outcomes": [{"stars": 4}]}, "must have a column request_id"),
        ([row | {"experiment": "x"} for row in PAIR], {"experiment": "y"}, "no experiment 'y'; there are x"),
    ],
)
def test_what_cannot_be_compared_is_refused(data: object, more: dict[str, Any], message: str) -> None:
    with pytest.raises(ConfigurationError, match=message):
        found_in(data, **more)
