"""A disguise changes the labelled values and nothing else, and keeps the labels on them."""

from __future__ import annotations

import html
import unicodedata
from base64 import b64decode
from collections.abc import Callable
from urllib.parse import unquote

import pytest

from corpus.evasions import EVASIONS, disguised
from corpus.markup import Row, parse, positives

SAMPLE = positives()[::23]
UNDONE: dict[str, Callable[[str], str]] = {
    "zero-width characters": lambda text: "".join(char for char in text if unicodedata.category(char) != "Cf"),
    "a zero-width space now and then": lambda text: text.replace("\u200b", ""),
    "soft hyphens": lambda text: text.replace("\u00ad", ""),
    "bidi marks": lambda text: "".join(char for char in text if unicodedata.category(char) != "Cf"),
    "written in tag characters": lambda text: "".join(
        chr(ord(char) & 0xFF) if ord(char) > 0xE0000 else char for char in text
    ),
    "tag characters in between": lambda text: "".join(char for char in text if ord(char) < 0xE0000),
    "HTML references, decimal": html.unescape,
    "HTML references, hexadecimal": html.unescape,
    "percent-encoding": unquote,
    "percent-encoding, twice": lambda text: unquote(unquote(text)),
    "base64": lambda text: b64decode(text).decode(),
    "hexadecimal": lambda text: bytes.fromhex(text).decode(),
}
FOLDED = ("full-width", "mathematical letters", "Arabic-Indic digits", "Devanagari digits")


def row(marked: str) -> Row:
    return Row("x", "en", "x", *parse(marked))


def pairs(evasion: str) -> list[tuple[str, str]]:
    """Return the plain and the disguised values of rows whose labels were all disguised."""
    found = []
    for plain in SAMPLE:
        hidden = disguised(plain, evasion)
        if hidden and len(hidden.labels) == len(plain.labels):
            for before, after in zip(plain.labels, hidden.labels, strict=True):
                found.append((plain.text[before.start : before.end], hidden.text[after.start : after.end]))
    assert found
    return found


@pytest.mark.parametrize("evasion", sorted(UNDONE))
def test_whoever_knows_the_disguise_can_undo_it(evasion: str) -> None:
    for plain, hidden in pairs(evasion):
        assert hidden != plain
        assert UNDONE[evasion](hidden) == plain


@pytest.mark.parametrize("evasion", FOLDED)
def test_other_forms_of_characters_stand_for_the_same(evasion: str) -> None:
    for plain, hidden in pairs(evasion):
        assert hidden != plain
        folded = "".join(
            str(unicodedata.digit(char)) if char.isdigit() else char for char in unicodedata.normalize("NFKC", hidden)
        )
        assert folded == unicodedata.normalize("NFKC", plain)


@pytest.mark.parametrize("evasion", sorted(EVASIONS))
def test_the_words_around_stay_and_the_same_comes_out_twice(evasion: str) -> None:
    plain = row("Write to ⟦EMAIL|ann.lee3@post-box.com⟧, not to her boss.")
    hidden = disguised(plain, evasion)
    assert hidden is not None
    assert hidden == disguised(plain, evasion)
    (label,) = hidden.labels
    assert hidden.text[: label.start] == "Write to "
    assert hidden.text[label.end :] == ", not to her boss."
    assert "ann.lee3@post-box.com" not in hidden.text


def test_labels_that_a_disguise_has_no_hold_on_are_left_out() -> None:
    hidden = disguised(row("⟦EMAIL|ann@post.com⟧ ⟦PHONE|+44 20 7946 0000⟧"), "Devanagari digits")
    assert hidden is not None
    assert [label.category for label in hidden.labels] == ["PHONE"]
    assert disguised(row("⟦PHONE|+44 20 7946 0000⟧"), "at and dot in words") is None
