"""What two texts have in common, by their words alone: the measure under `Groundedness` and `Relevance`.

It knows no meaning. Words are compared by a crude stem, numbers by their value, names letter for letter.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from typing import Final, NamedTuple

from genai_guard.text.words import UNSPACED, fold

__all__ = ["STOP_WORDS", "Span", "content_words", "names", "numbers", "sentences", "stem", "stems", "values"]

STOP_WORDS: Final = frozenset(
    """a about above after again against all also am an and any are as at be because been before being below between both
    but by can cannot could did do does doing don down during each either else etc even ever every few for from further get
    gets got had has have having he her here hers him his how however i if in into is it its itself just let like may me might
    more most much must my neither no nor not now of off on once one only onto or other others our ours out over own per
    please same shall she should since so some such than that the their them themselves then there therefore these they this
    those though through thus to too under until up upon us very was we were what when where whether which while who whom whose
    why will with within without would yes yet you your yours yourself am pm ll re ve isn aren wasn doesn didn won
    der die das den dem des ein eine einen einem einer eines und oder aber ist sind war waren wird werden nicht kein keine mit
    von zu im in am auf für aus bei nach über vor um als wie dass ich du er sie es wir ihr sich auch noch nur man kann
    le la les un une des du de et ou mais est sont était pas ne que qui dans pour par sur avec au aux ce cette ces il elle
    nous vous ils elles se sa son ses leur plus on en
    el los las una unos unas y o pero es son era no del al que en con por para su sus se lo como más
    il lo gli uno e ma è sono non di da con per su che si""".split()  # noqa: SIM905
)
"""Words that stand in any text, in English and the commonest in German, French, Spanish and Italian."""

_NO_NAMES: Final = STOP_WORDS | {"mr", "mrs", "ms", "dr", "prof", "ok", "i'm", "i'd", "i'll", "i've"}

_WORD: Final = re.compile(rf"[{UNSPACED}]|[^\W_{UNSPACED}]+(?:['\u2019][^\W\d_]+)?")
_SENTENCE: Final = re.compile(
    r"[^\n.!?\u3002\uff01\uff1f]*(?:[.!?](?=\S)[^\n.!?\u3002\uff01\uff1f]*)*[.!?\u3002\uff01\uff1f\n]?"
)
_NUMBER: Final = re.compile(
    r"(?<![\w.])\d{1,15}(?:[.,'\u2019\u00a0\u202f]\d{1,15}){0,5}(?:\s?(thousand|million|billion|mio|k|m|bn)\b)?",
    re.IGNORECASE,
)
_NAME: Final = re.compile(
    r"[^\W\d_a-z\u00df-\u00f6\u00f8-\u00ff][^\W_]*(?:[-'\u2019][^\W\d_]+)*(?:[ ](?:of the |of |de |van |von )?[^\W\d_a-z\u00df-\u00f6\u00f8-\u00ff][^\W_]*(?:[-'\u2019][^\W\d_]+)*){0,5}"
)
_LIST_MARK: Final = re.compile(r"^\s*(?:\d{1,2}[.)]|[-*\u2022])\s", re.MULTILINE)
_SCALES: Final = {"thousand": 1e3, "k": 1e3, "million": 1e6, "mio": 1e6, "m": 1e6, "billion": 1e9, "bn": 1e9}
_IN_WORDS: Final = {
    word: float(number)
    for number, words in enumerate(
        """zero|one a single einen|two both twice zwei deux dos due|three drei trois tres tre|four vier quatre cuatro
        five fünf cinq cinco|six sechs seis|seven sieben sept siete|eight acht huit ocho|nine neun neuf nueve|ten zehn dix diez
        eleven elf onze once|twelve zwölf douze doce dozen""".replace("\n", "|").split("|")
    )
    for word in words.split()
}
_ENDINGS: Final = (
    "ations",
    "ation",
    "ments",
    "ment",
    "ingly",
    "edly",
    "ings",
    "ing",
    "ies",
    "ied",
    "ers",
    "er",
    "ed",
    "es",
    "ly",
    "s",
    "e",
    "n",
)


_TITLES: Final = (" Mr.", " Mrs.", " Ms.", " Dr.", " Prof.", " St.", " No.", " Nr.", " vs.", " e.g.", " i.e.")


class Span(NamedTuple):
    """A stretch of a text, and what it is compared by."""

    start: int
    end: int
    key: str


def stem(word: str) -> str:
    """Return what is left of a word when a common ending is cut off: a crude stem, never shorter than three letters."""
    for ending in _ENDINGS:
        if word.endswith(ending) and len(word) - len(ending) >= (3 if ending == "s" else 4):
            word = word[: -len(ending)]
            break
    return word[:-1] if len(word) > 4 and word[-1] == word[-2] else word.replace("y", "i") if len(word) > 3 else word


class _Keys(dict[str, str]):
    """The stems of the words of one text; empty for those that say nothing. Words come again and again."""

    def __missing__(self, written: str) -> str:
        word = fold(written.replace("\u2019", "'").partition("'")[0])
        is_content = word not in STOP_WORDS and (len(word) > 1 or not word.isascii())
        key = self[written] = stem(word) if is_content else ""
        return key


def content_words(text: str) -> Iterator[Span]:
    """Yield the words that say something, with their stems; numbers among them."""
    keys = _Keys()
    for match in _WORD.finditer(text):
        key = keys[match[0]]
        if key:
            yield Span(match.start(), match.end(), key)


def sentences(text: str) -> Iterator[tuple[int, int]]:
    """Yield where the sentences of a text stand, and the lines that are none; a decimal point or a title ends none."""
    begun = -1
    for match in _SENTENCE.finditer(text):
        start, end = match.span()
        shown = text[start:end].lstrip()
        if not shown:
            continue
        begun = end - len(shown) if begun < 0 else begun
        if not shown.endswith(_TITLES) or end == len(text):
            yield begun, end
            begun = -1
    if begun >= 0:
        yield begun, len(text)


def values(text: str) -> set[float]:
    """Return the values of all numbers of a text, also those in words up to twelve, and what they round to."""
    found = {value for match in _NUMBER.finditer(text) for value in _readings(match)}
    found |= {_IN_WORDS[word] for match in _WORD.finditer(text) if (word := match[0].lower()) in _IN_WORDS}
    if "half" in text.lower():
        found |= {value + 0.5 for value in found}
    return found | {float(round(value)) for value in found} | {round(value, 1) for value in found}


def numbers(text: str) -> Iterator[tuple[Span, set[float]]]:
    """Yield the numbers of a text, with what each may mean: `1.200` is two values. Those that count lists are left out."""
    marks = {place for match in _LIST_MARK.finditer(text) for place in range(match.start(), match.end())}
    for match in _NUMBER.finditer(text):
        if match.start() not in marks:
            yield Span(match.start(), match.end(), match[0]), _readings(match)


def _readings(match: re.Match[str]) -> set[float]:
    if match[0].isascii() and match[0].isdigit():
        return {float(match[0])}
    written = match[0][: match.start(1) - match.start()] if match[1] else match[0]
    scale = _SCALES[match[1].lower()] if match[1] else 1.0
    bare = re.sub(r"[^\d.,]", "", written)
    forms = {bare.replace(",", "").replace(".", ""), bare.replace(",", ""), bare.replace(".", "").replace(",", ".")}
    plain = {float(form) for form in forms if form.count(".") <= 1}
    if "." not in bare and "," not in bare:
        return {value * scale for value in plain} | plain
    return {round(value * scale, 6) for value in plain} | plain


def names(text: str) -> Iterator[Span]:
    """Yield what looks like a name: words in capitals that do not begin a sentence.

    Nothing in a text that writes every other word so: a title, or German.
    """
    words = [word for word in _WORD.findall(text) if word.isalpha()]
    capital = sum(word[0].isupper() for word in words)
    if capital * 4 > len(words) + 12:
        return
    begins = {
        start + len(text[start:end]) - len(text[start:end].lstrip(" \t\r\n\"'*-\u2022([\u201c"))
        for start, end in sentences(text)
    }
    for match in _NAME.finditer(text):
        if text[match.start() - 1 : match.start()].isalnum() or not match[0][0].isupper():
            continue
        start = match.start()
        if start in begins and not match[0][:2].isupper():
            first, _, rest = match[0].partition(" ")
            if not rest:
                continue
            start += len(first) + 1
        if fold(text[start : match.end()]) not in _NO_NAMES and match.end() - start > 1:
            yield Span(start, match.end(), fold(text[start : match.end()]))


def stems(texts: Iterable[str]) -> set[str]:
    """Return the stems of all words of some texts, stop words left out."""
    keys = _Keys()
    return {key for text in texts for word in _WORD.findall(text) if (key := keys[word])}
