"""Law 3: doubling a text at most doubles the time, for every built-in rule and its hold pattern, on hostile texts."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator

import pytest

from genai_guard.text import Rule, Scanner, ScanStream, scanner
from text.texts import KEYWORD_RULES, PII_RULES

LENGTH = 20_000
"""Whatever the windows, this and its double are scanned alike: a text that fits into one takes another way."""
MAX_RATIO = 2.5
VISIBLE_S = 0.001
ROUNDS = 10
HOSTILE = {
    "pii.email": ["a", "a.", "@a", "a@", "a@a.", "..@", "-@-.", "b@b.cc "],
    "pii.phone": ["+", "+1", "+1 ", "+44 20 ", "+1-(", "+4915"],
    "pii.phone_north_america": ["1", "(", "(1", "415-", "(415) ", "1 415 555 "],
    "pii.payment_card": ["1", "41", "4 ", "4111 ", "4111-", "4111 1111 1111 1111 ", "3782 822463 "],
    "pii.iban": ["A", "AB12 ", "GB82", "GB82 ", "GB82WEST", "DE89 3704 "],
    "pii.us_ssn": ["1", "1-", "078-05-", "078-05-1120-", "0-0-0-"],
    "pii.ipv4": ["1", "1.", "1.1.1.", "10.0.0.1.", "1.2.3.4 ", "v 1.2.3.4 "],
    "pii.ipv6": ["a", "a:", "::", "1:", ":1::", "fe80:", "fe80::1 "],
    "blocked_patterns.keywords": ["x ", "how ", "how to ", "a b a b ", "爆", "бомба ", "a\u0301", "x\n\n", "a" * 30],
}
"""For each rule, what its pattern can read many times over without coming to an end."""
RULES = {rule.id: rule for rule in (*PII_RULES, *KEYWORD_RULES) if rule.id in HOSTILE}


def cost_s(run: Callable[[str], object], text: str) -> float:
    """The processor time of a run."""
    start = time.thread_time()
    run(text)
    return time.thread_time() - start


def costs_too_much(run: Callable[[str], object], half: str, whole: str) -> bool:
    """Whether doubling costs visibly more than twice, each time that the two are measured one after the other.

    Once is enough to acquit: a machine that slows down in between makes a ratio worse for a moment, seldom better.
    """
    for _ in range(ROUNDS):
        least, dear = cost_s(run, half), cost_s(run, whole)
        if dear <= VISIBLE_S or dear <= MAX_RATIO * least:
            return False
    return True


def hostile_texts(rule: Rule, length: int) -> Iterator[tuple[str, str]]:
    """Texts of about `length` and of twice that: repeated units."""
    for unit in HOSTILE[rule.id]:
        half = unit * (length // len(unit))
        yield half, half + half


def superlinear(run: Callable[[str], object], rule: Rule, length: int = LENGTH) -> list[str]:
    """The beginnings of the texts on which doubling costs more than twice."""
    return [half[:20] for half, whole in hostile_texts(rule, length) if costs_too_much(run, half, whole)]


@pytest.mark.parametrize("window", [4_096, 65_536])
@pytest.mark.parametrize("rule_id", RULES)
def test_scanning_is_linear(rule_id: str, window: int, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(scanner, "_WINDOW", window)
    assert superlinear(Scanner([RULES[rule_id]]).find, RULES[rule_id]) == []


@pytest.mark.parametrize("rule_id", RULES)
def test_streaming_is_linear(rule_id: str) -> None:
    scanner = Scanner([RULES[rule_id]])

    def stream(text: str) -> None:
        scan = ScanStream(scanner)
        for start in range(0, len(text), 40):
            scan.feed(text[start : start + 40])
        scan.finish()

    assert superlinear(stream, RULES[rule_id], LENGTH // 10) == []


def test_every_hostile_text_has_its_rule() -> None:
    assert set(HOSTILE) == set(RULES)


def test_a_rule_that_is_not_linear_would_be_caught() -> None:
    cubic = Rule("pii.email", "EMAIL", r"a+a+(?=[bc])", max_length=0)
    assert superlinear(Scanner([cubic]).find, cubic, 200) != []


def test_a_text_of_many_megabytes_is_scanned() -> None:
    text = "lorem ipsum dolor sit amet " * 200_000 + "bob@example.com"
    assert [match.end - match.start for match in Scanner(PII_RULES).find(text)] == [15]
