# ruff: noqa: RUF001  letters that look like others are what these texts are about
"""The promises of the rules of `Secrets` hold, and streams of them are exact."""

from __future__ import annotations

import re
from random import Random

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from doubling import cost_s
from genai_guard.guards import Secrets
from genai_guard.text import Rule, Scanner, scanner
from guards.keys import SHAPES, made
from guards.test_secrets_kinds import NEGATIVES
from text.texts import generated, spans, streamed, without_promises

RULES = Secrets().rules
SCANNER = Scanner(RULES)
PLAIN = Scanner(without_promises(RULES), engine="core")
CONTEXTS = [
    "",
    " ",
    "x",
    "7",
    "-",
    ".",
    ":",
    "_",
    "=",
    "/",
    "@",
    "'",
    "é",
    "“",
    "\u00a0",
    "請",
    "\u212a",
    "ſ",
    "\ud800",
    "\x00",
]
SAMPLES = [made(shape, 5) for shapes in SHAPES.values() for shape in shapes]


@pytest.mark.parametrize("rule", RULES, ids=lambda rule: rule.id)
@settings(max_examples=4, suppress_health_check=list(HealthCheck))
@given(data=st.data())
def test_promises_hold_for_strings_made_from_the_pattern(rule: Rule, data: st.DataObject) -> None:
    context = st.sampled_from(CONTEXTS)
    matched = data.draw(generated(rule))
    text = data.draw(context) + matched + data.draw(context)
    gated, plain = Scanner([rule]), Scanner(without_promises([rule]), engine="core")
    assert spans(gated.find(text)) == spans(plain.find(text))


@pytest.mark.parametrize("rule", RULES, ids=lambda rule: rule.id)
@pytest.mark.parametrize("seed", range(3))
def test_matches_are_as_their_rules_promise(rule: Rule, seed: int) -> None:
    for shape in SHAPES[rule.category]:
        text = made(shape, seed)
        (match,) = Scanner(without_promises([rule]), engine="core").find(text)
        matched = text[match.start : match.end]
        assert rule.min_length <= len(matched)
        assert len(matched) < rule.max_length or not rule.max_length
        assert set(matched) <= set(rule.alphabet) or not rule.alphabet
        assert rule.prose or re.match(r"[A-Za-z]{20}|[A-Za-z]{0,19}[^A-Za-z ,'\"?!;\n\t]", matched)
        assert spans(Scanner([rule]).find(text)) == spans([match])


@pytest.mark.parametrize("text", [*SAMPLES, *NEGATIVES])
def test_promises_change_nothing_that_is_found(text: str) -> None:
    for context in ("{}", "a {} b", "請{}\u212a"):
        whole = context.format(text)
        assert spans(SCANNER.find(whole)) == spans(PLAIN.find(whole))


@pytest.mark.parametrize("step", [1, 3, 7, 40])
def test_a_stream_says_what_a_scan_of_the_whole_says(step: int) -> None:
    texts = [*SAMPLES, *NEGATIVES]
    Random(step).shuffle(texts)
    for start in range(0, len(texts), 8):
        text = " and\n".join(texts[start : start + 8])
        pieces = [text[at : at + step] for at in range(0, len(text), step)]
        assert streamed(SCANNER, pieces) == (text, list(SCANNER.find(text)))


@settings(max_examples=200)
@given(data=st.data())
def test_however_a_text_is_cut_its_stream_is_exact(data: st.DataObject) -> None:
    parts = data.draw(st.lists(st.sampled_from([*SAMPLES, *NEGATIVES, *CONTEXTS]), min_size=1, max_size=5))
    text = data.draw(st.sampled_from(["", " ", "=", "\n"])).join(parts)
    cuts = sorted({at % (len(text) + 1) for at in data.draw(st.lists(st.integers(0, 3_000), max_size=12))})
    pieces = [text[start:end] for start, end in zip([0, *cuts], [*cuts, len(text)], strict=True)]
    assert streamed(SCANNER, pieces) == (text, list(SCANNER.find(text)))


@pytest.mark.parametrize("text", SAMPLES[::4])
def test_a_long_text_is_scanned_in_windows_to_the_same_end(text: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(scanner, "_WINDOW", 2_048)
    long = "word " * 900 + text + "\nword" * 1_800 + "\n" + text
    assert spans(SCANNER.find(long)) == spans(PLAIN.find(long))
    assert len(SCANNER.find(long)) >= 2


@pytest.mark.parametrize("char", ["_", "a", "-", "->", "a.", "a_", "1", "a1.", ":", "/", "$", "x", ". "])
@pytest.mark.parametrize("name", ["password=", "token: ", "https://a:"])
def test_a_value_of_the_greatest_length_is_judged_at_once(name: str, char: str) -> None:
    texts = [name + char * (length // len(char)) + end for length in (60, 120, 190) for end in ("!", "!1", "@a", "\n")]
    assert all(cost_s(SCANNER.find, text) < 0.05 for text in texts)


def test_every_rule_can_be_streamed() -> None:
    assert SCANNER.holds.obstacles == {}
