"""Every case of limits, on the server."""

from __future__ import annotations

import pytest

from limits import test_overrides, test_replace, test_units, test_usage

pytestmark = pytest.mark.usefixtures("books")

_IN_MEMORY_ONLY = {  # they look into a `MemoryStore`, or are not about stores
    "test_what_no_limit_needs_any_more_is_forgotten",
    "test_usage_leaves_out_what_has_drained_and_changes_nothing",
    "test_another_limiter_of_the_store_keeps_its_limits",
    "test_rates_go_by_the_steady_clock_and_calendars_by_the_wall",  # the server has but one clock
    "test_calls_go_on_while_limits_are_replaced",
    "test_a_rate_that_is_changed_keeps_the_units_and_forgives_none",
}

for _module in (test_units, test_overrides, test_replace, test_usage):
    for _name, _test in vars(_module).items():
        if _name.startswith("test_") and _name not in _IN_MEMORY_ONLY:
            assert _name not in globals()
            globals()[_name] = _test
