# ruff: noqa: RUF001  letters that look like others are what these texts are about
"""The promises of the rules of `Secrets` hold, streams of them are exact, and none of them takes more than linear time."""

from __future__ import annotations

import re
import time
from collections.abc import Callable, Iterator
from random import Random

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from genai_guard.guards import Secrets
from genai_guard.guards.credentials import CREDENTIALS
from genai_guard.text import Rule, Scanner, ScanStream, scanner
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
LENGTH = 4_000
MAX_RATIO = 2.5
VISIBLE_S = 0.001
ATTEMPTS = 4


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


def hostile(rule: Rule) -> Iterator[str]:
    """What the pattern can read many times over without coming to an end: a match that lacks its end, and its parts."""
    for shape in SHAPES[rule.category][:1]:
        text = made(shape, 2)
        head = re.split(r"\{", shape)[0]
        yield from (text[: len(text) * share // 8] for share in (2, 5, 7) if text[: len(text) * share // 8])
        yield from (each for each in (text[:-1], head, head[:-1], head + "a", text + "-", text[:-1] + " ") if each)


def cost_s(run: Callable[[str], object], text: str) -> float:
    """The least processor time of a few runs."""
    best = float("inf")
    for _ in range(2):
        start = time.thread_time()
        run(text)
        best = min(best, time.thread_time() - start)
    return best


def superlinear(run: Callable[[str], object], rule: Rule, length: int) -> list[str]:
    """The units whose repetition, doubled, costs visibly more than twice, each time that it is measured."""
    found = []
    for unit in hostile(rule):
        half = unit * (length // len(unit))
        if all(
            (dear := cost_s(run, half + half)) > VISIBLE_S and dear > MAX_RATIO * cost_s(run, half)
            for _ in range(ATTEMPTS)
        ):
            found.append(unit)
    return found


@pytest.mark.parametrize("rule", RULES, ids=lambda rule: rule.id)
def test_scanning_is_linear(rule: Rule) -> None:
    assert superlinear(Scanner([rule]).find, rule, LENGTH) == []


@pytest.mark.parametrize("rule", RULES, ids=lambda rule: rule.id)
def test_streaming_is_linear(rule: Rule) -> None:
    scanner = Scanner([rule])

    def stream(text: str) -> None:
        scan = ScanStream(scanner)
        for start in range(0, len(text), 40):
            scan.feed(text[start : start + 40])
        scan.finish()

    assert superlinear(stream, rule, LENGTH // 3) == []


@pytest.mark.parametrize("char", ["_", "a", "-", "->", "a.", "a_", "1", "a1.", ":", "/", "$", "x", ". "])
@pytest.mark.parametrize("name", ["password=", "token: ", "https://a:"])
def test_a_value_of_the_greatest_length_is_judged_at_once(name: str, char: str) -> None:
    texts = [name + char * (length // len(char)) + end for length in (60, 120, 190) for end in ("!", "!1", "@a", "\n")]
    assert all(cost_s(SCANNER.find, text) < 0.05 for text in texts)


def test_every_rule_can_be_streamed() -> None:
    assert SCANNER.holds.obstacles == {}


def test_every_rule_has_hostile_texts() -> None:
    assert all(list(hostile(CREDENTIALS[rule.category].rule)) for rule in RULES)
