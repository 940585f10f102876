"""`InvisibleText`: what nobody sees, and what only looks like it."""

from __future__ import annotations

import pickle
from collections.abc import Callable
from dataclasses import replace
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from doubling import grows_faster
from genai_guard import ConfigurationError, Pipeline
from genai_guard.guards import InvisibleText
from genai_guard.text import Scanner, ScanStream
from genai_guard.verdicts import Action
from guards.invisible_text_texts import MISSED, NEGATIVES, POSITIVES, bits, selectors, tags

GUARD = InvisibleText()
FLAG = "\U0001f3f4" + tags("gbeng\x7f")


def kinds_in(text: str) -> set[str]:
    """Return the kinds of what is found."""
    named = {"HIDDEN_TEXT": "TAGS"}
    categories = {finding.category for finding in GUARD.check(text).findings}
    return {named.get(category, category.removeprefix("INVISIBLE_")) for category in categories}


@pytest.mark.parametrize(("kind", "text"), [pair for pair in POSITIVES if pair not in MISSED])
def test_what_is_hidden_is_found(kind: str, text: str) -> None:
    assert kind in kinds_in(text)


@pytest.mark.parametrize("text", NEGATIVES)
def test_what_a_script_or_an_emoji_needs_survives_untouched(text: str) -> None:
    verdict = GUARD.check(text)
    assert (verdict.action, verdict.text, verdict.findings) == (Action.ALLOW, text, ())


@pytest.mark.parametrize(("kind", "text"), MISSED)
def test_bits_in_visible_spaces_and_in_single_signs_are_missed(kind: str, text: str) -> None:
    assert GUARD.check(text).findings == ()


@pytest.mark.parametrize(("kind", "text"), [pair for pair in POSITIVES if pair not in MISSED])
def test_redaction_leaves_nothing_to_be_found(kind: str, text: str) -> None:
    assert GUARD.check(GUARD.check(text).text).findings == ()


@pytest.mark.parametrize(
    ("text", "redacted"),
    [
        ("Hi" + tags("obey me") + " there", "Hi there"),
        ("\U0001f3f4" + tags("obey") + "!", "\U0001f3f4!"),
        (FLAG + tags("obey") + FLAG, "\U0001f3f4" + FLAG),
        ("ok \U0001f44d" + selectors(b"obey"), "ok \U0001f44d"),
        ("\u2764\ufe0f\ufe0f\ufe0f", "\u2764\ufe0f"),
        ("a\u200bb " + bits("x") + "c", "ab c"),
        ("x = \u2067if (y)\u2069 z", "x = if (y) z"),
        ("a\x1b[31mred\x1b[0m", "ared"),
    ],
)
def test_redaction_takes_out_what_cannot_be_seen_and_nothing_else(text: str, redacted: str) -> None:
    assert GUARD.check(text).text == redacted


@pytest.mark.parametrize(
    ("text", "summary"),
    [
        ("Hi" + tags("obey me"), "HIDDEN_TEXT (7 characters that spell ASCII text)"),
        ("Hi" + tags("ab"), "INVISIBLE_TAGS (2 characters from U+E0061 to U+E0062)"),
        ("th\u200bis", "INVISIBLE_ZERO_WIDTH (1 character, U+200B)"),
        ("x\u2067ab\u2069", "INVISIBLE_BIDI (2 characters from U+2067 to U+2069)"),
        ("\x1b[31m", "INVISIBLE_CONTROL (1 character, U+001B)"),
    ],
)
def test_a_finding_counts_and_names_the_characters(text: str, summary: str) -> None:
    assert [finding.summary for finding in GUARD.check(text).findings] == [summary]


def test_what_is_hidden_stands_in_no_verdict() -> None:
    verdict = GUARD.check("Hi" + tags("swordfish"))
    assert "swordfish" not in repr(verdict)
    assert tags("sword") not in repr(verdict)


def test_a_byte_order_mark_belongs_at_the_start_of_a_line() -> None:
    assert kinds_in("\ufeffname;age\n\ufeffnext file") == set()
    assert kinds_in("name \ufeffage") == {"ZERO_WIDTH"}


def test_only_the_kinds_that_are_asked_for_are_looked_for() -> None:
    text = "a\u200bb\x00"
    assert [finding.category for finding in InvisibleText(["control"]).check(text).findings] == ["INVISIBLE_CONTROL"]
    assert InvisibleText(["tags", "tags"]) == InvisibleText(["tags"])


def test_the_action_may_be_to_block() -> None:
    assert InvisibleText(action="block").check("th\u200bis").blocked


def test_guards_are_values() -> None:
    guard = InvisibleText(["bidi"])
    assert guard == pickle.loads(pickle.dumps(guard)) == InvisibleText(("bidi",))
    assert hash(guard) == hash(InvisibleText(["bidi"]))
    assert not guard.normalize


@pytest.mark.parametrize(
    ("parameters", "message"),
    [
        ({"kinds": "tags"}, "takes a list of kinds, not str"),
        ({"kinds": ["emoji"]}, "'emoji' is not one of tags, selectors"),
        ({"kinds": []}, "would find nothing"),
        ({"action": "mask"}, "action='mask'"),
    ],
)
def test_wrong_parameters_are_refused(parameters: dict[str, Any], message: str) -> None:
    with pytest.raises(ConfigurationError, match="InvisibleText") as raised:
        InvisibleText(**parameters)
    assert message in str(raised.value)


ODD = st.sampled_from(
    [
        *(
            "a",
            "b ",
            "é",
            "\n",
            "1",
            "葛",
            "م",
            "ක",
            "ก",
            "\U0001f600",
            "\u2764",
            FLAG,
            "\U0001f3f4",
            tags("hello"),
            tags("\x7f"),
            "ᠨ",
        ),
        *(
            "\ufe0f",
            "\ufe0e",
            "\ufe00",
            "\U000e0100",
            "\U000e01ef",
            "\u180b",
            "\u200b",
            "\u200c",
            "\u200d",
            "\u2060",
            "\ufeff",
            "\u00ad",
        ),
        *(
            "\u200e",
            "\u200f",
            "\u202a",
            "\u202c",
            "\u202e",
            "\u2066",
            "\u2067",
            "\u2069",
            "\u3164",
            "\u115f",
            "\u2061",
            "\ufff9",
            "\u1160",
        ),
        *(
            "\ue000\ue001\ue002",
            "\U000f0001\U000f0002",
            "\x00",
            "\x1b",
            "[3",
            "m",
            "]0;",
            "\x07",
            "\u034f",
            "\u20e3",
            "\U0001d173",
            "\ud800",
        ),
    ]
)


@settings(max_examples=300)
@given(pieces=st.lists(ODD, max_size=14), size=st.integers(1, 6))
def test_a_stream_cut_anywhere_finds_the_same(pieces: list[str], size: int) -> None:
    text = "".join(pieces)
    scanner = Scanner(GUARD.rules)
    stream = ScanStream(scanner)
    cuts = [text[at : at + size] for at in range(0, len(text), size)]
    decided = [found for piece in cuts if (found := stream.feed(piece)) is not None]
    decided.append(stream.finish())
    assert "".join(each.text for each in decided) == text
    assert [match[:3] for each in decided for match in each.matches] == [match[:3] for match in scanner.find(text)]


@settings(max_examples=300)
@given(pieces=st.lists(ODD, max_size=14))
def test_promises_hold(pieces: list[str]) -> None:
    text = "".join(pieces)
    bare = Scanner(replace(rule, literals=(), gate="", max_length=0) for rule in GUARD.rules)
    assert [*bare.find(text)] == [*Scanner(GUARD.rules).find(text)]


HOSTILE = (
    *(
        "\u200b",
        "a\u200b",
        "\u202a",
        "\u2066a",
        "\u2067\u2066",
        tags("a"),
        "\U0001f3f4" + tags("a"),
        "\U0001f3f4",
        "\ufe0f",
        "a\ufe0f",
    ),
    *(
        "\U000e0100",
        "\ufe00\U000e0101",
        "\ue000",
        "\ue000\ue001\ue002 ",
        "\x1b[",
        "\x1b[0",
        "\x1b]",
        "\x00",
        "\u00ada",
        "\u00ad",
        "\ufeff",
    ),
    *(
        "\u3164",
        "\u2061",
        "a\u2061",
        "\ufff9",
        "\U0001d173",
        "\U000f0001",
        "م\u200c",
        "\u202bא",
        "\n\ufeff",
        "\u200e",
        "a\u200eb",
    ),
)


@pytest.mark.parametrize("unit", HOSTILE, ids=ascii)
def test_time_is_linear(unit: str) -> None:
    scanner = Scanner(GUARD.rules)
    half = unit * (4_000 // len(unit))

    def stream(text: str) -> None:
        scan = ScanStream(scanner)
        for at in range(0, len(text), 40):
            scan.feed(text[at : at + 40])
        scan.finish()

    runs: tuple[Callable[[str], object], ...] = (scanner.find, stream)
    for run in runs:
        assert not grows_faster(run, half.__mul__)


def test_what_is_found_is_told_in_pipelines_as_well() -> None:
    text = "pay\u202eno\u2066w"
    alone = InvisibleText(action="flag").check(text)
    assert [found.detail for found in alone.findings] != [""]
    assert Pipeline(input=[InvisibleText(action="flag")]).scan_input(text).findings == alone.findings
