"""Candidates: which rules can match a text at all, and where, before any pattern is searched for.

1. Each gate is tested once, and says where it holds.
2. One word pass says which keywords and word-bound rules can be in the text.
3. Literals are looked for: under a gate around its places alone, else in all of the text.

What is left is looked for in windows around the places, or in all of the text where no bound is known.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from typing import Final, NamedTuple, TypeAlias

from genai_guard.text.compiled import CompiledRule
from genai_guard.text.gates import GATES, PLACES, TRIGGERS, Gate, Places, Shapes, Span
from genai_guard.text.literals import LiteralPass
from genai_guard.text.windows import Near, Window, around
from genai_guard.text.words import ALONE, WordPass, lowered

__all__ = ["Candidate", "CoreFilter"]

_NO_WORDS: Final = frozenset[str]()
_FEW: Final = 16
_DENSE: Final = 1024
"""Characters of text to each place below which one bounded search of all of it is cheaper than one at every place."""

Candidate: TypeAlias = "tuple[int, Collection[str], Sequence[Window] | None]"
"""A rule by its number, the words that make it one if it is words, and where to look for it if not everywhere."""


class CoreFilter:
    """Gates, words and literals of a set of rules.

    Args:
        compiled: The rules. Their numbers are what `candidates` returns.
    """

    __slots__ = (
        "_bare",
        "_gate_numbers",
        "_gated",
        "_literal",
        "_literal_numbers",
        "_once",
        "_placed",
        "_rules",
        "_triggers",
        "_twice",
        "_word_numbers",
        "_words",
    )

    def __init__(self, compiled: Iterable[CompiledRule]) -> None:
        compiled = tuple(compiled)
        self._rules: Final = {each.number: each for each in compiled}
        gated = [each for each in compiled if each.rule.gate]
        wordy = [each for each in compiled if each.is_wordy]
        literal = [each for each in compiled if each.rule.literals and not each.rule.gate and not each.is_wordy]
        self._gate_numbers: Final = frozenset(each.number for each in gated)
        self._word_numbers: Final = frozenset(each.number for each in wordy)
        self._literal_numbers: Final = frozenset(each.number for each in literal)
        known = self._gate_numbers | self._word_numbers | self._literal_numbers
        self._gated: Final = tuple(_gated(gated))
        triggers = {TRIGGERS[each.rule.gate] for each in gated}
        # Where letters are among them, hardly any text has none.
        self._triggers: Final = b"" if any(b"e" in each for each in triggers) else b"".join(triggers)
        twice = [each for each in gated if each.rule.words]
        self._twice: Final = frozenset(each.number for each in twice)
        self._once: Final = frozenset(self._rules) - self._twice
        self._words: Final = _word_pass([*wordy, *twice])
        self._placed: Final = tuple(_literal_passes([each for each in literal if Near.of([each.rule])]))
        self._literal: Final = tuple(_literal_passes([each for each in literal if not Near.of([each.rule])]))
        self._bare: Final = tuple((number, _NO_WORDS, None) for number in self._rules if number not in known)

    def words_in(self, text: str) -> frozenset[bytes]:
        """Return which of the words that decide about rules are in `text`."""
        return self._words.words_in(text) if self._words else frozenset()

    def candidates(
        self,
        text: str,
        *,
        only: frozenset[int] | None = None,
        words: frozenset[bytes] | None = None,
        skip_words: bool = False,
    ) -> list[Candidate]:
        """Return the rules that can match `text`.

        Args:
            text: The text.
            only: Rules of which one has to be; None if that is not known.
            words: What `words_in` says of the text, if that is known.
            skip_words: Whether it is known that no rule matches that is found by its words.
        """
        wordy = not skip_words and (only is None or not self._word_numbers.isdisjoint(only))
        hits = self._hits(text, words) if wordy and self._words else None
        found = [*self._bare, *self._by_gates(text, only, words, hits)]
        if self._literal_numbers and (only is None or not self._literal_numbers.isdisjoint(only)):
            found += self._by_literals(text)
        if hits:
            found += [
                (number, anchors, _around_words(self._rules[number], text, anchors))
                for number, anchors in hits.items()
                if number not in self._twice and (only is None or number in only)
            ]
        return found if only is None else [each for each in found if each[0] in only]

    def _hits(self, text: str, words: frozenset[bytes] | None) -> Mapping[int, set[str]]:
        return dict(self._words.hits(text, self._words.words_in(text) if words is None else words))

    def _by_gates(
        self,
        text: str,
        only: frozenset[int] | None,
        words: frozenset[bytes] | None,
        hits: Mapping[int, set[str]] | None,
    ) -> list[Candidate]:
        """Return the rules whose gate holds, and of whose words one is in the text if they have both."""
        found: list[Candidate] = []
        if not self._gated or (only is not None and self._gate_numbers.isdisjoint(only)):
            return found
        live = self._once if only is None else only - self._twice
        is_known = not self._twice or hits is not None or only is not None
        if is_known and self._twice and (only is None or not self._twice.isdisjoint(only)):
            live |= self._met(text, only, words, hits)
        shapes = Shapes(text)
        if self._triggers and len(shapes.data.translate(None, self._triggers)) == len(shapes.data):
            return found
        for gate in self._gated:
            if (is_known and live.isdisjoint(gate.numbers)) or not gate.holds(shapes):
                continue
            if not is_known and not gate.numbers.isdisjoint(self._twice):
                live |= self._met(text, only, words, hits)
                is_known = True
            gate.add(shapes, found, live)
        return found

    def _met(
        self,
        text: str,
        only: frozenset[int] | None,
        words: frozenset[bytes] | None,
        hits: Mapping[int, set[str]] | None,
    ) -> frozenset[int]:
        """Return the rules with a gate and words of which a word is in the text."""
        met = self._twice.intersection(self._hits(text, words) if hits is None else hits)
        return met if only is None else met & only

    def _by_literals(self, text: str) -> list[Candidate]:
        found: list[Candidate] = []
        for literals in self._literal:
            found += [(number, _NO_WORDS, None) for number in literals.present(text)]
        for literals in self._placed:
            places = literals.places(text, ((0, 0, len(text)),))
            data = text.encode("ascii", "replace") if places else b""
            for number, spans in places.items():
                found.append((number, _NO_WORDS, around(spans, data, _near(self._rules[number]))))
        return found


class _Alike(NamedTuple):
    """Rules under one gate whose matches reach alike."""

    near: Near
    numbers: tuple[int, ...]


class _Gated(NamedTuple):
    """A gate, and the rules under it.

    Attributes:
        numbers: The rules.
        holds: Whether it holds for a text.
        places: Where; None if that is not known.
        alike: The rules without literals.
        near: How far matches of the rules with literals reach.
        literals: The literals.
        each: How far matches of each of them reach.
    """

    numbers: frozenset[int]
    holds: Gate
    places: Places | None
    alike: tuple[_Alike, ...]
    near: Near
    literals: LiteralPass | None
    each: dict[int, Near]

    def add(self, shapes: Shapes, found: list[Candidate], live: frozenset[int]) -> None:
        """Add those of the `live` rules that can match a text for which the gate holds."""
        if live.isdisjoint(self.numbers):
            return
        literals = self.literals if self.literals is not None and self.literals.may_hold(shapes.text) else None
        if literals is None and not self.alike:
            return
        data, places = shapes.data, None if self.places is None else list(self.places(shapes))
        for near, numbers in self.alike:
            if live.isdisjoint(numbers):
                continue
            windows = around(places, data, near) if near and places is not None else None
            found.extend([(number, _NO_WORDS, windows) for number in numbers if number in live])
        if literals is not None:
            windows = around(places, data, self.near) if self.near and places is not None else None
            where = ((0, 0, len(data)),) if windows is None else windows
            for number, spans in literals.places(shapes.text, where).items():
                near = self.each[number]
                found.append((number, _NO_WORDS, around(spans, data, near) if near else None))


def _gated(compiled: Sequence[CompiledRule]) -> Iterator[_Gated]:
    """Yield each gate that a rule names, in the order of their cost."""
    for name, gate in GATES.items():
        behind = [each for each in compiled if each.rule.gate == name]
        if not behind:
            continue
        literal = [each for each in behind if each.rule.literals and not each.rule.ignore_case]
        plain = [each for each in behind if each not in literal]
        figures = [each for each in plain if _is_of_figures(each)]
        alike: dict[Near, list[int]] = {}
        if figures:  # what is made of digits and points can share its windows
            shared = Near.of([each.rule for each in figures])._replace(reach=0)
            alike[shared] = [each.number for each in figures]
        for each in plain:
            if each not in figures:
                alike.setdefault(_near(each), []).append(each.number)
        yield _Gated(
            frozenset(each.number for each in behind),
            gate,
            PLACES.get(name),
            tuple(_Alike(near, tuple(numbers)) for near, numbers in alike.items()),
            Near.of([each.rule for each in literal]) if literal else Near(b"", 0),
            LiteralPass({each.number: each.rule.literals for each in literal}, ignore_case=False) if literal else None,
            {each.number: _near(each) for each in literal},
        )


def _is_of_figures(compiled: CompiledRule) -> bool:
    alphabet = compiled.rule.alphabet
    return bool(alphabet) and alphabet.isascii() and not any(map(str.isalpha, alphabet))


def _near(compiled: CompiledRule) -> Near:
    near = Near.of([compiled.rule])
    return near._replace(reach=0) if near.alphabet else near


def _literal_passes(compiled: Iterable[CompiledRule]) -> Iterator[LiteralPass]:
    compiled = tuple(compiled)
    for ignore_case in (False, True):
        literals = {each.number: each.rule.literals for each in compiled if each.rule.ignore_case is ignore_case}
        if literals:
            yield LiteralPass(literals, ignore_case=ignore_case)


def _word_pass(compiled: Iterable[CompiledRule]) -> WordPass:
    filed: list[tuple[int, dict[bytes, frozenset[bytes]], frozenset[str]]] = []
    for each in compiled:
        if each.keywords:
            filed.append((each.number, each.keywords.anchors, each.keywords.bare_heads))
        else:
            beside = frozenset(word.encode() for word in each.rule.beside) or ALONE
            filed.append((each.number, dict.fromkeys(map(str.encode, _words_of(each)), beside), frozenset()))
    return WordPass(filed)


def _words_of(compiled: CompiledRule) -> tuple[str, ...]:
    return compiled.rule.words or compiled.rule.starts


def _around_words(compiled: CompiledRule, text: str, anchors: Collection[str]) -> list[Window] | None:
    """Return where to look for a rule of words that are in `text`; None for everywhere."""
    if compiled.keywords:
        return None
    rule = compiled.rule
    starts = anchors if not rule.words else rule.starts if len(rule.starts) <= _FEW else ()
    near = Near(b"", rule.max_length)
    if not starts:
        places = [(start, end + rule.look_behind) for start, end in _places(lowered(text), anchors)]
        return around(places, b"", near) if near else None
    places = _places(lowered(text), starts)
    if rule.timeout_s is not None and len(places) * _DENSE > len(text) + _DENSE:
        return None
    reach = rule.max_length or len(text)
    return [(start, start + 1, start + reach + 1) for start, _ in places]


def _places(text: str, words: Iterable[str]) -> list[Span]:
    places: list[Span] = []
    for word in words:
        place = text.find(word)
        while place >= 0:
            places.append((place, place + len(word)))
            place = text.find(word, place + 1)
    return sorted(places)
