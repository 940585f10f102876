"""Runs: so many words in a row that stand in another text too."""

from __future__ import annotations

import pickle
from collections.abc import Callable

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from doubling import grows_faster
from genai_guard.text import Rule
from genai_guard.text.runs import RunScanner
from genai_guard.text.stream import ScanStream
from genai_guard.text.view_stream import ViewStream
from genai_guard.text.views import Views

RULE = Rule(id="test.run", category="RUN", pattern=r"\w")
SOURCE = "One two three, four five six. Seven eight nine ten: one two eleven twelve."
HAN = "退款超过五百元必须转给人工客服处理"


def scanner(source: str = SOURCE, min_words: int = 4, exceptions: tuple[str, ...] = ()) -> RunScanner:
    return RunScanner(RULE, source, min_words=min_words, exceptions=exceptions)


def runs(text: str, found_by: RunScanner | None = None) -> list[str]:
    return [text[match.start : match.end] for match in (found_by or scanner()).find(text)]


def test_a_run_is_found() -> None:
    assert runs("I say two three four five and stop") == ["two three four five"]


def test_fewer_words_are_no_run() -> None:
    assert runs("I say two three four and stop") == []


def test_a_run_is_as_long_as_it_can_be() -> None:
    assert runs("oh three four five six seven eight nine oh") == ["three four five six seven eight nine"]


def test_case_marks_and_white_space_do_not_count() -> None:
    assert runs("(TWO-three;\n\n**Four** 'five')") == ["TWO-three;\n\n**Four** 'five"]


def test_a_gap_of_more_than_64_characters_ends_a_run() -> None:
    assert runs("two three" + " " * 64 + "four five") != []
    assert runs("two three" + " " * 65 + "four five") == []


def test_part_of_a_word_is_none() -> None:
    assert runs("xtwo three four five") == []
    assert runs("two three four fivex") == []


def test_sequences_that_overlap_are_one_run() -> None:
    assert runs("nine ten one two three four five") == ["nine ten one two three four five"]


def test_a_shorter_source_has_to_be_there_as_a_whole() -> None:
    short = scanner("Be kind always")
    assert runs("be kind, always!", short) == ["be kind, always"]
    assert runs("be kind", short) == []


def test_an_empty_source_has_no_runs() -> None:
    assert runs("anything at all", scanner("")) == []
    assert runs("anything at all", scanner("?!")) == []


def test_characters_of_unspaced_scripts_are_half_words() -> None:
    assert runs("说退款超过五百元必了", scanner(HAN)) == ["退款超过五百元必"]
    assert runs("说退款超过五百元了", scanner(HAN)) == []


def test_words_and_unspaced_characters_count_together() -> None:
    mixed = scanner("请打开 Acme Cloud 控制台然后登录")
    assert runs("那么打开 acme cloud 控制吧", mixed) == ["打开 acme cloud 控制"]


def test_marks_and_joiners_belong_to_their_word() -> None:
    hindi = scanner("आपकी सहायता के लिए हम यहाँ हैं")
    assert runs("कहा: सहायता के लिए हम.", hindi) == ["सहायता के लिए हम"]
    assert runs("कहा: सहायता के लिए.", hindi) == []


def test_exceptions_may_be_repeated() -> None:
    excused = scanner(exceptions=("two three four five six",))
    assert runs("two three four five", excused) == []
    assert runs("one two three four five", excused) == []
    assert runs("six seven eight nine ten one", excused) == ["seven eight nine ten one"]


def test_a_scanner_survives_pickling() -> None:
    copy = pickle.loads(pickle.dumps(scanner(exceptions=("two three four five",))))
    assert runs("two three four five", copy) == []
    assert runs("six seven eight nine", copy) == ["six seven eight nine"]


PIECES = st.lists(
    st.sampled_from(
        [
            "one",
            "two ",
            "three four",
            " five",
            "six. Seven",
            " eight nine",
            "ten",
            " ",
            "-",
            ", ",
            "x",
            "\u200b",
            "twelve",
            "退款",
            "超过五百元",
            "必须",
            "客服",
            " " * 70,
            "dHdvIHRocmVlIGZvdXIgZml2ZSBzaXg=",
        ]
    ),
    max_size=16,
)


@settings(max_examples=150)
@given(pieces=PIECES, size=st.integers(1, 7))
@pytest.mark.parametrize("disguised", [False, True])
def test_a_stream_cut_anywhere_finds_the_same(disguised: bool, pieces: list[str], size: int) -> None:
    text = "".join(pieces)
    source = scanner(SOURCE + HAN)
    views = Views(source)
    find: Callable[[str], object] = views.find if disguised else source.find
    stream = ViewStream(views) if disguised else ScanStream(source)
    cuts = [text[at : at + size] for at in range(0, len(text), size)]
    decided = [found for piece in cuts if (found := stream.feed(piece)) is not None]
    decided.append(stream.finish())
    assert "".join(each.text for each in decided) == text
    assert [match[:3] for each in decided for match in each.matches] == [match[:3] for match in find(text)]  # type: ignore[attr-defined]


def test_a_stream_releases_what_can_be_no_run_any_more() -> None:
    stream = ScanStream(scanner())
    decided = stream.feed("hello, I say two three ")
    assert decided is not None
    assert decided.text == "hello, I say "
    assert stream.held == "two three "


@pytest.mark.parametrize(
    "unit", ["one ", "two three four ", "one two three four five ", "x", "退款", "-", " ", "a\u0301", "one\u200b"]
)
def test_time_is_linear(unit: str) -> None:
    source = scanner(SOURCE + HAN)
    half = unit * (20_000 // len(unit))

    def stream(text: str) -> None:
        scan = ScanStream(source)
        for at in range(0, len(text), 40):
            scan.feed(text[at : at + 40])
        scan.finish()

    assert not grows_faster(source.find, half.__mul__)
    assert not grows_faster(stream, half.__mul__)
