from __future__ import annotations

import statistics

import pytest
from hypothesis import given
from hypothesis import strategies as st

from genai_guard.routing.shadow.summary import Tally


@given(st.lists(st.floats(-1e6, 1e6), min_size=2, max_size=50))
def test_mean_and_deviation_are_those_of_the_values(values: list[float]) -> None:
    tally = Tally()
    for value in values:
        tally.over("ok", {"cost_usd": value})

    found = tally.summary("s", running=0).differences["cost_usd"]

    assert found.count == len(values)
    assert found.mean == pytest.approx(statistics.fmean(values), abs=1e-6)
    assert found.sd == pytest.approx(statistics.stdev(values), abs=1e-3)


def test_a_single_value_has_no_deviation() -> None:
    tally = Tally()
    tally.over("ok", {"similarity": 0.5})

    found = tally.summary("s", running=0).differences["similarity"]

    assert (found.count, found.mean, found.sd, found.stderr) == (1, 0.5, None, None)


def test_it_prints_what_came_of_the_copies() -> None:
    tally = Tally()
    for similarity in (0.5, 0.7):
        tally.over("ok", {"similarity": similarity})
    tally.over("timeout", {})
    tally.drop("busy")
    tally.fail("comparer", ValueError())

    assert str(tally.summary("large", running=1)) == (
        "shadow large: 3 copies (ok 2, timeout 1), 1 running\n"
        "dropped: busy 1\n"
        "failures: comparer.ValueError 1\n"
        "                  mean  std. error      copies\n"
        "similarity         0.6         0.1           2"
    )
