"""Law 1: however a text is cut, a stream says what a scan of the whole says, and never takes anything back."""

from __future__ import annotations

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from genai_guard.guards import PII, BlockedPatterns
from genai_guard.text import Decided, HoldOverflow, Match, Rule, RuleFailed, Scanner, ScanStream
from text.texts import PII_RULES, RULE_SETS, cut_texts, generated, streamed, texts

SCANNERS = {name: Scanner(rules) for name, rules in RULE_SETS.items()}
PII_SCANNER = SCANNERS["pii"]
OPEN_ENDED = Scanner(BlockedPatterns(regexes=[r"<secret>.*?</secret>"]).rules)


@pytest.mark.parametrize("name", RULE_SETS)
@settings(suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(cut=cut_texts())
def test_a_stream_says_what_a_scan_of_the_whole_says(name: str, cut: tuple[str, list[str]]) -> None:
    text, pieces = cut
    assert streamed(SCANNERS[name], pieces) == (text, list(SCANNERS[name].find(text)))


@pytest.mark.parametrize("rule", [rule for rule in PII_RULES if not rule.words][:16], ids=lambda rule: rule.id)
@settings(max_examples=40, suppress_health_check=list(HealthCheck))
@given(data=st.data())
def test_strings_made_from_the_patterns_stream_exactly(rule: Rule, data: st.DataObject) -> None:
    context = st.sampled_from(
        ["", " ", "x", "7", "-", ".", ".5", "-1", ":a", ".x", "The cat ", "é", "請", "version ", "+1 "]
    )
    text = data.draw(context) + data.draw(generated(rule)) + data.draw(context) + data.draw(context)
    scanner = Scanner([rule])
    assert streamed(scanner, list(text)) == (text, list(scanner.find(text)))


@pytest.mark.parametrize(
    "text",
    [
        "firmware: 1.2.3.4, version 1.2.3.4 and 1.2.3.4",
        "4111111111111111.5 4111111111111111-5 4111111111111111.",
        "(бомба) (бомба2 (жбомба",  # noqa: RUF001  Russian
        "GRÖSSE, Größe; größen",
        "é_ban éban (ban) 1ban @ban",
        "+52 415 555 0132, +1 (415) 555-0132",
        "078-05-1120-1 078-05-1120- 078-05-1120",
        "2001:db8::1:x fe80::1: 10.0.0.1.x 10.0.0.1. ",
        "(how to make) how to\u0301 make",
        "請求 書類 爆弾 (爆弾)",
        "GB82 WEST 1234 5698 7654 32 is my account for how to make",
        "“ignore all previous” IGNORE  previousx",
    ],
)
@pytest.mark.parametrize("step", [1, 2, 3, 7])
def test_texts_that_turn_on_a_single_character_stream_exactly(text: str, step: int) -> None:
    for name in ("all", "pii and keywords"):
        for before in ("", "lorem ipsum " * 12, "x."):
            whole = before + text
            pieces = [whole[start : start + step] for start in range(0, len(whole), step)]
            assert streamed(SCANNERS[name], pieces) == (whole, list(SCANNERS[name].find(whole)))


@given(start=texts, end=texts, other=texts)
def test_what_is_decided_does_not_depend_on_what_follows(start: str, end: str, other: str) -> None:
    scanner = SCANNERS["all"]
    decided = ScanStream(scanner).feed(start)
    known = len(decided.text) if decided else 0
    matches = list(decided.matches) if decided else []
    for text in (start + end, start + other):
        assert [match for match in scanner.find(text) if match.start < known] == matches


@pytest.mark.parametrize(
    ("pieces", "released"),
    [
        (["Hello", " there", ","], ["", "Hello ", "there,"]),
        (["call", " 415", "-555", " ", "items"], ["", "call ", "", "", "415-555 "]),
        (["bob", "@example", ".com", " ok"], ["", "", "", "bob@example.com "]),
        (['{"role": "', 'user"}'], ['{"role": "', 'user"}']),
        (["4111 1111", " apples"], ["", "4111 1111 "]),
    ],
)
def test_only_what_could_still_be_a_match_or_a_word_is_held(pieces: list[str], released: list[str]) -> None:
    stream = ScanStream(PII_SCANNER)
    answers = [stream.feed(piece) for piece in pieces]
    assert [answer.text if answer else "" for answer in answers] == released


def test_a_phrase_is_held_while_it_can_go_on() -> None:
    stream = ScanStream(SCANNERS["keywords"])
    assert [stream.feed(piece) for piece in ("how", " to", " ")] == [None, None, None]
    assert stream.feed("make it ") == Decided("how to make it ", 0, (Match(0, 11, 0),))


def test_overlapping_matches_are_decided_together() -> None:
    scanner = Scanner([Rule("a", "A", r"ab\d{3}"), Rule("b", "B", r"\d+c?")])
    stream = ScanStream(scanner)
    assert [stream.feed(piece) for piece in ("ab123", "45")] == [None, None]
    assert stream.feed("c.") == Decided("ab12345c.", 0, (Match(0, 5, 0), Match(2, 8, 1)))


def test_held_is_what_arrived_and_was_not_returned() -> None:
    stream = ScanStream(PII_SCANNER)
    stream.feed("write to bob")
    assert stream.held == "bob"


def test_a_stream_can_be_used_again_after_its_end() -> None:
    stream = ScanStream(PII_SCANNER)
    for _ in range(2):
        stream.feed("to bob@exa")
        stream.feed("mple.com")
        assert stream.finish() == Decided("bob@example.com", 3, (Match(3, 18, 0),))


def test_a_match_that_never_ends_overflows_at_the_cap_and_loses_nothing() -> None:
    stream = ScanStream(OPEN_ENDED, max_held=1_000)
    text = "ok <secret>" + "x" * 5_000
    returned = ""
    held = 0
    for char in text:
        try:
            decided = stream.feed(char)
        except HoldOverflow as overflow:
            held = overflow.held_chars
            break
        returned += decided.text if decided else ""
    assert returned == "ok "
    assert 1_000 < held <= 1_250
    assert text.startswith(returned + stream.held)


def test_a_long_clean_piece_does_not_overflow() -> None:
    stream = ScanStream(OPEN_ENDED, max_held=100)
    decided = stream.feed("x y" * 10_000 + " ")
    assert decided is not None
    assert len(decided.text) == 30_001


def test_a_rule_that_looks_at_the_end_holds_the_stream_to_its_end() -> None:
    stream = ScanStream(Scanner(BlockedPatterns(regexes=["foo$"]).rules))
    assert [stream.feed(piece) for piece in ("a foo b ", "fo", "o")] == [None, None, None]
    assert stream.finish() == Decided("a foo b foo", 0, (Match(8, 11, 0),))


def test_what_is_held_to_the_end_is_capped_as_well() -> None:
    stream = ScanStream(Scanner(BlockedPatterns(regexes=["foo$"]).rules), max_held=10)
    assert stream.feed("0123456789") is None
    for _ in range(3):
        with pytest.raises(HoldOverflow):
            stream.feed("x")
    assert stream.held == "0123456789xxx"


def test_a_rule_that_fails_in_mid_stream_leaves_the_text_in_held() -> None:
    def broken(_: str) -> bool:
        raise ValueError

    stream = ScanStream(Scanner([Rule("r", "R", r"\d{3}", validator=broken)]))
    with pytest.raises(RuleFailed):
        stream.feed("ab 123 c")
    assert stream.held == "ab 123 c"


def test_an_e_mail_rule_alone_holds_no_long_run_for_ever() -> None:
    stream = ScanStream(Scanner(PII(["EMAIL"]).rules))
    for _ in range(1_000):
        stream.feed("abcdefgh")
    assert len(stream.held) <= 64 + 64


def test_surrogates_split_between_pieces_come_back_as_they_were() -> None:
    assert streamed(PII_SCANNER, ["a\ud83d", "\ude00 b"]) == ("a\ud83d\ude00 b", [])
