"""Law 3 for the canonical form: doubling a text at most doubles the time, on texts hostile to each layer."""

from __future__ import annotations

import base64
from collections.abc import Callable
from typing import Final

import pytest

from doubling import cost_s, grows_faster
from genai_guard.text.canonical import canonical, prepare, unleet

_LENGTH: Final = 6_000
_MAX_RATIO: Final = 2.5
_VISIBLE_S: Final = 0.002
_ATTEMPTS: Final = 4
_UNITS: Final = (
    *(
        "a",
        "A1",
        "25",
        "%",
        "%25",
        "%F0%9F",
        "&",
        "&amp;",
        "&#1",
        "\\",
        "\\u",
        "\\ud83d",
        " ",
        "(at)",
        "[dot]",
        "a at ",
    ),
    *(
        "a dot ",
        "a at a dot ",
        "a(at)a.a",
        "[ ",
        "é",
        "\u0301",
        "\u200b",
        "a\u0301",
        "\u0430",
        "a\u0435",
        "\u0436 \u0435",
    ),
    *(
        "\U000e0041",
        "🏴",
        "/",
        "QUJD",
        "QUJDREVGR0hJSktMTU5P ",
        "a/",
        "4a ",
        "a a",
        "a.",
        "1 ",
        "@$",
        "\ud800",
        "\0",
        "0x61",
    ),
)


@pytest.mark.parametrize("run", [canonical, unleet])
@pytest.mark.parametrize("unit", _UNITS)
def test_doubling_a_hostile_text_at_most_doubles_the_time(run: Callable[[str], object], unit: str) -> None:
    prepare()
    half = unit * (_LENGTH // len(unit))
    assert not grows_faster(run, half.__mul__)


@pytest.mark.parametrize("run", [canonical, unleet])
def test_a_megabyte_of_nested_islands_is_done_within_a_few_passes(run: Callable[[str], object]) -> None:
    prepare()
    text = "jo@example.com " * 12_000
    for _ in range(6):
        text = base64.b64encode(text.encode()).decode()
    assert len(text) > 1_000_000
    assert cost_s(run, text) < 2
