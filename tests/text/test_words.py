"""A text is cut into ASCII words as its folded form is, at a fraction of the cost."""

from __future__ import annotations

import sys

from hypothesis import given
from hypothesis import strategies as st

from genai_guard.text import words
from genai_guard.text.words import WordPass, ascii_words, fold, folded_words, lowered

FOLDING = [char for char in map(chr, range(128, sys.maxunicode + 1)) if any(each.isascii() for each in fold(char))]
near = st.text([*FOLDING, *"aZ_0 \n-é爆\u0301\ud800"], max_size=30)


def test_the_characters_that_fold_to_ascii_are_all_known() -> None:
    assert set(words._FOLD_TO_ASCII) == set(FOLDING)


@given(text=near | st.text(max_size=40))
def test_no_word_of_the_text_or_of_its_folded_form_is_missed(text: str) -> None:
    found = set(ascii_words(text))
    assert found >= set(folded_words(text))
    assert found <= set(folded_words(text)) | {word for word in found if word.decode() in text.lower()}


@given(text=near | st.text(max_size=40))
def test_lower_case_keeps_the_places(text: str) -> None:
    assert len(lowered(text)) == len(text)
    assert lowered(text).isascii() or not text.isascii()


def test_what_a_search_takes_for_a_letter_becomes_that_letter() -> None:
    assert lowered("JA\u0130L \u017fK \u212aey É") == "jail sk key é"


def test_a_rule_with_two_promises_needs_both() -> None:
    filed = WordPass([(0, {b"from": frozenset({b"now", b"then"})}, ()), (1, {b"you": frozenset()}, ())])
    assert bool(filed)
    assert dict(filed.hits("", filed.words_in("from now"))) == {0: {"from"}}
    assert dict(filed.hits("", filed.words_in("from you"))) == {1: {"you"}}
    assert dict(filed.hits("", filed.words_in("now"))) == {}
