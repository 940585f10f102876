"""Words that are nearly the same."""

from __future__ import annotations

from functools import cache

import pytest
from hypothesis import given
from hypothesis import strategies as st

from genai_guard.text.fuzzy import LETTERS, NearWords, distance

letters = st.text("abcd", min_size=3, max_size=11)


@cache
def edits_between(one: str, other: str) -> int:
    """The definition, without any table."""
    if not one or not other:
        return len(one) + len(other)
    found = min(
        edits_between(one[1:], other) + 1,
        edits_between(one, other[1:]) + 1,
        edits_between(one[1:], other[1:]) + (one[0] != other[0]),
    )
    if one[:2] == other[1::-1] and len(one) > 1 < len(other):
        found = min(found, edits_between(one[2:], other[2:]) + 1)
    return found


def forgiven(word: str, edits: int) -> int:
    return max(each for each in range(edits + 1) if len(word) >= LETTERS[each])


@st.composite
def words_and_one_near(draw: st.DrawFn) -> tuple[list[str], str]:
    """A list, and a word of it after a few edits."""
    words = draw(st.lists(letters, min_size=1, max_size=8))
    word = draw(st.sampled_from(words))
    for _ in range(draw(st.integers(0, 3))):
        at = draw(st.integers(0, len(word)))
        word = draw(
            st.sampled_from([word[:at] + "a" + word[at:], word[:at] + word[at + 1 :], word[:at] + "d" + word[at + 1 :]])
            | st.just(word[:at] + word[at : at + 2][::-1] + word[at + 2 :])
        )
    return words, word


@given(one=letters, other=letters)
def test_a_distance_is_what_the_definition_says(one: str, other: str) -> None:
    assert distance(one, other) == edits_between(one, other) == distance(other, one)


@pytest.mark.parametrize("edits", [1, 2])
@given(given_words=words_and_one_near())
def test_the_index_finds_what_a_look_at_every_word_finds(edits: int, given_words: tuple[list[str], str]) -> None:
    words, word = given_words
    near = {each for each in words if each != word and edits_between(word, each) <= forgiven(each, edits)}
    assert NearWords(words, edits=edits).of(word) == tuple(sorted(near))


@pytest.mark.parametrize(
    ("word", "edits", "known"),
    [("four", 2, 0), ("seven", 2, 1), ("eighty", 2, 1), ("fifteen", 2, 2), ("fifteen", 1, 1), ("abc12345", 2, 0),
     ("größe", 1, 1), ("бомба", 1, 1), ("foo_barbaz", 1, 0)],
)  # fmt: skip
def test_only_long_words_of_letters_forgive(word: str, edits: int, known: int) -> None:
    assert NearWords([word], edits=edits).forgives(word) == known


@pytest.mark.parametrize("text", ["xassword", "password", "pasword", "passwrod", "passw0rd", "passwordd", "assword"])
def test_an_edit_may_be_anywhere(text: str) -> None:
    near = NearWords(["password"], edits=1)
    assert near.of(text) == (() if text == "password" else ("password",))


def test_a_list_of_no_words_forgives_nothing() -> None:
    assert NearWords([], edits=1).of("anything") == ()
