"""Keywords: thousands of words and phrases, found as whole words in any script, in a time that does not grow with them.

What a keyword matches:

- The same tokens, glued where they are glued in the keyword. Letters of both cases are equal if so asked.
- Between two words of a phrase, any white space up to 32 characters, line breaks included.
- Whole words: a keyword that begins or ends with a word character does not match inside a longer word. Scripts that
  are written without spaces (Han, Kana, Thai, Lao, Khmer, Burmese) know no such border.

Of the keywords that match at one place the longest counts, and matches do not overlap.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Iterator
from itertools import accumulate
from typing import Final

from genai_guard.text.words import (
    ALONE,
    WORDS_AND_MARKS,
    begins_word,
    ends_word,
    fold,
    folded_words,
    is_word,
    split_tokens,
)

__all__ = ["GOES_ON", "WHOLE", "Keywords", "spaced"]

_MAX_GAP: Final = 32
_MAX_FOLD: Final = 3
"""Characters that one character may become when its case is folded."""
WHOLE: Final = 1
"""Marks the beginning of a keyword that is all of it."""
GOES_ON: Final = 2
"""Marks the beginning of a keyword from which it goes on."""


class Keywords:
    """A set of keywords, none of them empty.

    Attributes:
        max_length: No match is longer, the character after it included.
        min_length: No match is shorter.
        min_length_ascii: No match in an ASCII text is shorter.
        anchors: A text with a match that has an ASCII word holds one of these as an ASCII word, and one of those that
            stand beside it, unless that may be none.
        heads: Every match begins with one of these tokens, case-folded if case is ignored.
        bare_heads: A match without any ASCII word begins with one of these tokens, once the text is case-folded.
        behind: Characters before a match, further than every search looks, that may excuse it.
    """

    __slots__ = (
        "_ignore_case",
        "_steps",
        "_widest",
        "anchors",
        "bare_heads",
        "behind",
        "heads",
        "max_length",
        "min_length",
        "min_length_ascii",
    )

    def __init__(self, keywords: Iterable[str], *, ignore_case: bool = True) -> None:
        self._ignore_case: Final = ignore_case
        self._steps: Final[dict[str, int]] = {}
        cut = {keyword: [spaced(key) for key in self._cut(keyword.strip())[1]] for keyword in keywords}
        for tokens in cut.values():
            self._enter(tokens)
        words = {keyword: folded_words(keyword) for keyword in cut}
        self.anchors = _anchors(words.values())
        self.heads: Final = frozenset(tokens[0] for tokens in cut.values())
        self.bare_heads = frozenset(
            WORDS_AND_MARKS.findall(fold(keyword))[0] for keyword, found in words.items() if not found
        )
        self.max_length = 1 + max(sum(_MAX_GAP if t == " " else len(t) for t in each) for each in cut.values())
        self.min_length_ascii = min(sum(map(len, tokens)) for tokens in cut.values())
        self.min_length = -(-self.min_length_ascii // _MAX_FOLD)
        self.behind = 0
        self._widest: int = max(len(token) for tokens in cut.values() for token in tokens)

    def find(self, text: str, lo: int, hi: int, anchors: Collection[str] = ()) -> list[tuple[int, int]]:
        """Return the spans of the matches that begin in `text[lo:hi]`; `lo` is not inside of a match.

        If `anchors` are given, each match holds one of them, and only their surroundings are looked at.
        """
        found: list[tuple[int, int]] = []
        stretches = self._around(text, lo, hi, anchors) if anchors and text.isascii() else [(lo, hi, len(text))]
        for begin, last, end in stretches:
            free = max(begin, found[-1][1]) if found else begin
            found += self._find_in(text[:end] if end < len(text) else text, free, last)
        return found

    def _around(self, text: str, lo: int, hi: int, anchors: Collection[str]) -> list[tuple[int, int, int]]:
        """Return where a match with one of the anchors may begin, up to where, and how far it has to be seen."""
        reach = self.max_length
        stretches: list[tuple[int, int, int]] = []
        for place in sorted(_places(text.lower(), anchors, lo, hi + reach)):
            begin, last, end = max(place - reach, lo), min(place + 1, hi), place + 2 * reach
            if stretches and begin < stretches[-1][2]:
                begin = stretches.pop()[0]
            stretches.append((begin, last, end))
        return stretches

    def _find_in(self, text: str, lo: int, hi: int) -> list[tuple[int, int]]:
        tokens, keys = self._cut(text[lo:])
        heads = self.heads
        places = [place for place, key in enumerate(keys) if key in heads]
        if not places:
            return []
        offsets = list(accumulate(map(len, tokens), initial=lo))
        found: list[tuple[int, int]] = []
        free = lo
        for place in places:
            start = offsets[place]
            if start >= hi:
                break
            if start >= free and self._begins(text, start, keys[place]):
                end = self._longest(text, keys, offsets, place)
                if end:
                    found.append((start, end))
                    free = end
        return found

    def open_from(self, text: str, lo: int) -> int:
        """Return the first place, from `lo` on, at which a match could begin that more text would decide about.

        The length of `text` if there is none. An unfinished word at the end counts as undecided.
        """
        tokens, keys = self._cut(text[lo:])
        heads = self.heads
        last = len(keys) - 1
        places = [place for place, key in enumerate(keys) if key in heads or place == last]
        offsets = list(accumulate(map(len, tokens), initial=lo)) if places else []
        for place in places:
            if self._is_open(keys, place) and self._begins(text, offsets[place], keys[place]):
                return offsets[place]
        return len(text)

    def _cut(self, text: str) -> tuple[list[str], list[str]]:
        """Return the tokens as they are, and as they are compared."""
        if self._ignore_case and text.isascii():
            tokens = split_tokens(text.lower())
            return tokens, tokens
        tokens = split_tokens(text)
        return tokens, [fold(token) for token in tokens] if self._ignore_case else tokens

    def _enter(self, tokens: list[str]) -> None:
        *beginnings, whole = accumulate(tokens)
        for beginning in beginnings:
            self._steps[beginning] = self._steps.get(beginning, 0) | GOES_ON
        self._steps[whole] = self._steps.get(whole, 0) | WHOLE

    def _longest(self, text: str, keys: list[str], offsets: list[int], place: int) -> int:
        end = 0
        phrase = ""
        for at in range(place, len(keys)):
            phrase += spaced(keys[at])
            step = self._steps.get(phrase, 0)
            if step & WHOLE and (not is_word(keys[at]) or ends_word(text, offsets[at + 1])):
                end = offsets[at + 1]
            if not step & GOES_ON:
                break
        return end

    def _is_open(self, keys: list[str], place: int) -> bool:
        last = len(keys) - 1
        phrase = ""
        for at in range(place, last + 1):
            key = keys[at]
            if at == last and is_word(key):
                return len(key) <= self._widest
            phrase += spaced(key)
            if not self._steps.get(phrase, 0) & GOES_ON:
                return False
        return True

    @staticmethod
    def _begins(text: str, start: int, key: str) -> bool:
        return not is_word(key) or begins_word(text, start)


def _places(text: str, words: Iterable[str], lo: int, hi: int) -> Iterator[int]:
    for word in words:
        place = text.find(word, lo, hi)
        while place >= 0:
            yield place
            place = text.find(word, place + 1, hi)


def _anchors(keywords: Iterable[list[bytes]]) -> dict[bytes, frozenset[bytes]]:
    """Return the longest word of each keyword, as the rarest guess, with the second longest of those that have it."""
    beside: dict[bytes, set[bytes]] = {}
    for words in keywords:
        longest = sorted(dict.fromkeys(words), key=len, reverse=True)
        if longest:
            beside.setdefault(longest[0], set()).add(longest[1] if len(longest) > 1 else b"")
    return {word: ALONE if b"" in others else frozenset(others) for word, others in beside.items()}


def spaced(key: str) -> str:
    """Any white space that may stand between two words is compared as one space."""
    return " " if key.isspace() and len(key) <= _MAX_GAP else key
