from __future__ import annotations

import pytest

from genai_guard.errors import ConfigurationError
from genai_guard.messages import Caller
from genai_guard.recording.dimensions import DIMENSIONS, OTHER, STATUSES, SeriesCap, checked, key_reader, variant
from genai_guard.recording.event import Event
from genai_guard.routing import Assignment, Reason
from genai_guard.verdicts import Mode


def assigned(experiment: str, name: str, mode: Mode = "enforce") -> Assignment:
    return Assignment(experiment, name, {}, Reason.SPLIT if name else Reason.NOT_ENROLLED, mode=mode)


EVENT = Event(
    time_s=0.0,
    request_id="r",
    pipeline="bot",
    target="app.ask",
    status="error",
    stage="call",
    caller=Caller(user="u", tenant="acme", session="s", tags={"region": "eu"}),
    model="large",
    assignments=(assigned("tone", "short"),),
)


@pytest.mark.parametrize(
    ("declared", "key"),
    [
        ((), ("error",)),
        (("status",), ("error",)),
        (("user",), ("error", "u")),
        (DIMENSIONS, ("error", "large", "acme", "short")),
        (("variant", "model"), ("error", "large", "short")),
        (("variant", "region"), ("error", "short", "eu")),
        (("pipeline", "target", "stage", "session"), ("error", "bot", "app.ask", "call", "s")),
        (("tone", "missing"), ("error", "short", "")),
    ],
)
def test_a_key_has_the_status_and_every_declared_dimension(declared: tuple[str, ...], key: tuple[str, ...]) -> None:
    assert key_reader(checked(declared))(EVENT) == key


@pytest.mark.parametrize("declared", ["model", ("",), (None,), ("model", 3)])
def test_dimensions_that_are_no_names_are_refused(declared: object) -> None:
    with pytest.raises(ConfigurationError, match="takes names"):
        checked(declared)  # type: ignore[arg-type]


@pytest.mark.parametrize(
    ("assignments", "label"),
    [
        ((), ""),
        ((assigned("tone", "short"),), "short"),
        ((assigned("tone", "short", "shadow"),), ""),
        ((assigned("tone", ""), assigned("size", "large")), "large"),
        ((assigned("tone", "short"), assigned("size", "large")), "tone=short,size=large"),
        ((assigned("tone", "short", "shadow"), assigned("size", "large")), "large"),
    ],
)
def test_the_variant_is_that_of_the_experiments_that_decided(assignments: tuple[Assignment, ...], label: str) -> None:
    assert variant(EVENT._replace(assignments=assignments)) == label


def test_up_to_its_limit_a_cap_keeps_every_combination() -> None:
    cap = SeriesCap(100, dimensions=2)
    keys = [("ok", f"u{number}") for number in range(100)]

    assert [cap.admit(key, now=0) for key in keys] == keys


def test_beyond_the_limit_the_dimension_with_the_most_values_goes_first() -> None:
    cap = SeriesCap(100, dimensions=3)
    for number in range(75):
        cap.admit(("ok", f"model-{number % 2}", f"u{number}"), now=0)

    assert cap.admit(("ok", "model-0", "u1000"), now=0) == ("ok", "model-0", OTHER)


def test_what_was_admitted_stays_apart_beyond_the_limit() -> None:
    cap = SeriesCap(10, dimensions=2)
    for number in range(1000):
        cap.admit(("ok", f"u{number}"), now=0)

    assert cap.admit(("ok", "u3"), now=0) == ("ok", "u3")


def test_a_million_labels_stay_under_the_cap_and_keep_their_status() -> None:
    cap = SeriesCap(100, dimensions=3)
    seen = {
        cap.admit((STATUSES[number % len(STATUSES)], f"m{number % 7}", f"u{number}"), now=0)[0]
        for number in range(20_000)
    }

    assert seen == set(STATUSES)
    assert len(cap) <= 100 + len(STATUSES)


def test_even_made_up_statuses_stay_under_the_cap() -> None:
    cap = SeriesCap(100, dimensions=2)
    for number in range(1000):
        cap.admit((f"status-{number}", "u"), now=0)

    assert len(cap) <= 101


def test_keys_that_are_no_longer_kept_make_room() -> None:
    cap = SeriesCap(2, dimensions=2)
    for user in ("a", "b", "c"):
        cap.admit(("ok", user), now=1)
    cap.expire(before=2)

    assert cap.admit(("ok", "c"), now=2) == ("ok", "c")
