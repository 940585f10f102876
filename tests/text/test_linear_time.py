"""Law 3: doubling a text at most doubles the time, for every built-in rule and its hold pattern, on hostile texts."""

from __future__ import annotations

from collections.abc import Callable

import pytest

from doubling import grows_faster
from genai_guard.text import Rule, Scanner, ScanStream, scanner
from text.texts import KEYWORD_RULES, PII_RULES

LENGTH = 20_000
"""Whatever the windows, this and its multiples are scanned alike: a text that fits into one takes another way."""
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


def superlinear(run: Callable[[str], object], rule: Rule, length: int = LENGTH) -> list[str]:
    """The units of the texts on which doubling costs more than twice."""
    return [unit for unit in HOSTILE[rule.id] if grows_faster(run, (unit * (length // len(unit))).__mul__)]


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
    assert superlinear(Scanner([cubic]).find, cubic, 80) != []


def test_a_text_of_many_megabytes_is_scanned() -> None:
    text = "lorem ipsum dolor sit amet " * 200_000 + "bob@example.com"
    assert [match.end - match.start for match in Scanner(PII_RULES).find(text)] == [15]
