"""Words: how a text is cut into them, and one pass that says which of thousands of keywords can be in it at all.

Two notions, on purpose:

- *Tokens* decide. A token is a run of word characters, one character of a script that is written without spaces, or
  one punctuation mark. Both a keyword and a text are cut and case-folded alike, so they agree in any script.
- *ASCII words* are a gate in front of that, made with one `bytes.translate` and one `split`. Every byte that is not
  part of an ASCII word becomes a space, bytes of other characters included: a curly quote or a no-break space beside
  a word must not hide it.
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Callable, Iterable, Iterator, Mapping
from typing import Final

__all__ = [
    "ALONE",
    "LOOK_BEHIND",
    "UNSPACED",
    "WORDS_AND_MARKS",
    "WordPass",
    "ascii_words",
    "begins_word",
    "ends_word",
    "fold",
    "folded_tokens",
    "folded_words",
    "is_word",
    "joins_left",
    "lowered",
    "split_tokens",
]

UNSPACED: Final = (
    "\u0e00-\u0eff\u1000-\u109f\u1780-\u17ff\u3005-\u30ff\u3400-\u4dbf\u4e00-\u9fff\uf900-\ufaff\U00020000-\U0003ffff"
)
"""Thai, Lao, Burmese, Khmer, Kana and Han, as ranges of a character class."""

_WORD: Final = rf"[{UNSPACED}]|[^\W{UNSPACED}]+"
WORDS_AND_MARKS: Final = re.compile(rf"{_WORD}|[^\w\s]")
"""Every token but white space."""
_TOKEN: Final = re.compile(rf"\s+|{_WORD}|[^\w\s]")
_ASCII_TOKEN: Final = re.compile(r"[\s\x1c-\x1f]+|\w+|[^\w\s\x1c-\x1f]", re.ASCII)
_is_unspaced: Final[Callable[[str], object]] = re.compile(f"[{UNSPACED}]").match

_ASCII_WORD_TABLE: Final = bytes(
    ord(char.lower()) if char.isascii() and (char.isalnum() or char == "_") else ord(" ")
    for char in map(chr, range(256))
)
LOOK_BEHIND: Final = 8
ALONE: Final[frozenset[bytes]] = frozenset()
"""Stands for no word that has to be there besides another one."""
_JOINERS: Final = frozenset("\u200c\u200d")
_FOLD_TO_ASCII: Final = (
    "\u00df\u0130\u0149\u017f\u01f0\u1e96\u1e97\u1e98\u1e99\u1e9a\u1e9e\u212a\ufb00\ufb01\ufb02\ufb03\ufb04\ufb05\ufb06"
)
"""Every character beyond ASCII of which the folded form holds an ASCII letter: a sharp s, a long s, the ligatures."""


def fold(text: str) -> str:
    """Return `text` in the form in which letters of both cases are equal.

    A dotted capital I folds to `i`, as in a case-insensitive search. The result may be longer than `text`.
    """
    if text.isascii():
        return text.lower()
    return text.replace("\u0130", "i").casefold()


def lowered(text: str) -> str:
    """Return `text` in lower case, character for character.

    What a search without regard to case takes for an ASCII letter becomes that letter: a dotted capital I, a long s and
    the sign of kelvin too.
    """
    if not text.isascii():
        text = text.replace("\u0130", "i").replace("\u017f", "s").replace("\u212a", "k")
    return text.lower()


def ascii_words(text: str) -> list[bytes]:
    """Return the ASCII words of `text`, in lower case.

    Of a text that is not ASCII both those before and those after its case is folded: folded, a long s or a dotted I
    joins the word beside it, as it does for a pattern that means all scripts, and not for one that means ASCII.
    """
    words = _mapped(text).split()
    if not text.isascii():
        for chunk in _chunks_that_fold(text):
            words += folded_words(chunk)
    return words


def _chunks_that_fold(text: str) -> Iterator[str]:
    """Yield what stands between spaces around each character that becomes an ASCII letter when its case is folded."""
    for char in _FOLD_TO_ASCII:
        place = text.find(char)
        while place >= 0:
            end = text.find(" ", place)
            end = len(text) if end < 0 else end
            yield text[text.rfind(" ", 0, place) + 1 : end]
            place = text.find(char, end)


def folded_words(text: str) -> list[bytes]:
    """Return the ASCII words of `text` after its case is folded."""
    return _mapped(fold(text)).split()


def _mapped(text: str) -> bytes:
    return text.encode("ascii", "replace").translate(_ASCII_WORD_TABLE)


def split_tokens(text: str) -> list[str]:
    """Return `text` cut into tokens and white space; joined, they are `text` again."""
    return (_ASCII_TOKEN if text.isascii() else _TOKEN).findall(text)


def is_word(token: str) -> bool:
    """Whether a token is a run of word characters, which a neighbouring word character would change."""
    char = token[0]
    return (char.isalnum() or char == "_") and not _is_unspaced(char)


def joins_left(char: str) -> bool:
    """Whether a character belongs to the word before it though it is no word character: a mark or a joiner."""
    return char >= "\u0300" and (char in _JOINERS or unicodedata.category(char)[0] == "M")


def folded_tokens(text: str) -> list[str]:
    """Return the tokens of `text`, white space left out, each case-folded by itself as keywords are."""
    if text.isascii():
        return WORDS_AND_MARKS.findall(text.lower())
    return [fold(token) for token in WORDS_AND_MARKS.findall(text)]


def ends_word(text: str, end: int) -> bool:
    """Whether a word that reaches up to `end` ends there, or goes on with a mark."""
    return end >= len(text) or not joins_left(text[end])


def begins_word(text: str, start: int) -> bool:
    """Whether a word may begin at `start`; looks at the `LOOK_BEHIND` characters before it.

    A mark before `start` belongs to the character that it stands on: after an accented letter no word begins, after
    an emoji one does.
    """
    for char in reversed(text[max(start - LOOK_BEHIND, 0) : start]):
        if not joins_left(char):
            return not is_word(char)
    return start < LOOK_BEHIND


class WordPass:
    """Says which rules can match a text, out of all that are filed under words.

    Args:
        filed: Rules, each with ASCII words and with tokens. Every match of a rule holds one of the words, and one of
            those that stand beside it, if not `ALONE`; or, if it has no ASCII word, begins with one of the tokens.
    """

    __slots__ = ("_by_head", "_by_word", "_heads", "_only_non_ascii_heads", "_words")

    def __init__(self, filed: Iterable[tuple[int, Mapping[bytes, frozenset[bytes]], Iterable[str]]]) -> None:
        self._by_word: Final[dict[bytes, list[tuple[int, frozenset[bytes]]]]] = {}
        self._by_head: Final[dict[str, list[int]]] = {}
        for rule, words, heads in filed:
            for word, beside in words.items():
                self._by_word.setdefault(word, []).append((rule, beside))
            for head in heads:
                self._by_head.setdefault(head, []).append(rule)
        others = (beside for filed in self._by_word.values() for _, beside in filed)
        self._words: Final = frozenset(self._by_word).union(*others)
        self._heads: Final = frozenset(self._by_head)
        self._only_non_ascii_heads: Final = not any(head.isascii() for head in self._heads)

    def __bool__(self) -> bool:
        return bool(self._words or self._heads)

    def words_in(self, text: str) -> frozenset[bytes]:
        """Return which of the words that decide about rules are in `text`."""
        return self._words.intersection(ascii_words(text))

    def hits(self, text: str, words: frozenset[bytes]) -> Iterable[tuple[int, set[str]]]:
        """Return the rules that can match `text`, each with the words that make it so.

        None of those words means that a match need not hold one.

        Args:
            text: The text.
            words: What `words_in` says of it.
        """
        heads = self._hit_heads(text)
        if not words and not heads:
            return ()
        found: dict[int, set[str]] = {}
        for word in words:
            for rule, beside in self._by_word.get(word, ()):
                if not beside or not beside.isdisjoint(words):
                    found.setdefault(rule, set()).add(word.decode())
        found.update((rule, set[str]()) for head in heads for rule in self._by_head[head])
        return found.items()

    def _hit_heads(self, text: str) -> Iterable[str]:
        if not self._heads or (self._only_non_ascii_heads and text.isascii()):
            return ()
        return self._heads.intersection(WORDS_AND_MARKS.findall(fold(text)))
