"""A rule: what to look for in a text, and the cheap facts that must hold before looking is worth while."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from typing import NamedTuple

from genai_guard.errors import GenAIGuardError

__all__ = ["Match", "Rule", "RuleFailed", "by_place"]


@dataclass(frozen=True, slots=True)
class Rule:
    r"""One pattern, or one list of keywords, and what is known about its matches.

    The facts are promises. A rule whose match can break one would miss it, so each promise of a built-in rule is
    tested against strings generated from its pattern. A rule that promises nothing is looked for in every text, and
    is found all the same.

    Attributes:
        id: Identifier, for instance `pii.email`.
        category: What a match is, for instance `EMAIL`.
        pattern: In the syntax of the `regex` package, version 0, which is that of `re`. `\d`, `\w` and `\b` mean ASCII
            unless `unicode`. Empty for a rule of `keywords`.
        gate: Name of a shape test from `genai_guard.text.gates` that holds for every match, together with the character
            after it if that decides about it.
        words: Every match, or what its pattern must see before it, contains one of these as a whole word, lower case;
            empty for no such promise. A rule with a gate as well is looked for where both hold.
        validator: Looks at the matched text and refuses look-alikes, for instance by a checksum. After a refusal the
            search goes on one character further, so a look-alike hides nothing.
        ignore_case: Whether letters match in both cases.
        unicode: Whether `\d`, `\w` and `\b` mean those of every script.
        look_behind: Characters before a match that decide about it; 1 for `\b`.
        max_length: No match, together with the characters after it that decide about it, is longer. 0 for no such
            promise: then texts are not cut into windows for the rule, and a stream may hold it back for long.
        score: Confidence of a match, from 0 to 1.
        min_length: No match is shorter.
        keywords: Phrases to look for instead of `pattern`, as described in `genai_guard.text.keywords`.
        alphabet: Every match, together with the characters after it that decide about it but for the last of them, is
            made of these characters; empty for no such promise. Streams ask the rule only where such characters end
            what is there.
        prose: Whether a match may begin like prose. False promises that its first 20 characters are letters, or
            letters and then an ASCII character that is neither a letter nor one of space, tab, newline, `,'"?!;`.
            Streams of plain words then cost next to nothing.
        starts: Every match begins with one of these as a whole word, lower case; empty for no such promise.
        streams: Whether a stream can be matched as it comes, given that the pattern allows it. False holds streams back
            to their end.
        timeout_s: Processor seconds of the process that a search may take per 100,000 characters; None for no bound.
            A search that takes longer raises `RuleFailed`.
        trim: Returns how many of the matched characters are the match, when the pattern may take too many; 0 refuses
            it like a validator.
        ignore: Says of a match that nobody wants to hear of it, for instance because it is on a list of exceptions.
            Unlike after a refusal, the search goes on behind it.
        exceptions: Phrases that excuse `keywords`: a match that lies within an occurrence of one is none. They match
            whole words like keywords.
        fuzzy: Edits by which a word of `keywords` may differ: 0, 1 or 2, as described in `genai_guard.text.fuzzy`.
        beside: Every match contains one of these besides, also as a whole word; counts only together with `words` or
            `starts`. Empty for no such promise.
        literals: Every match contains one of these, anywhere, in lower case if `ignore_case`; empty for no such promise.
    """

    id: str
    category: str
    pattern: str = ""
    gate: str = ""
    words: tuple[str, ...] = ()
    validator: Callable[[str], bool] | None = None
    ignore_case: bool = False
    unicode: bool = False
    look_behind: int = 1
    max_length: int = 1024
    score: float = 1.0
    min_length: int = 1
    keywords: tuple[str, ...] = field(default=(), repr=False)
    alphabet: str = ""
    prose: bool = True
    starts: tuple[str, ...] = ()
    streams: bool = True
    timeout_s: float | None = None
    trim: Callable[[str], int] | None = None
    ignore: Callable[[str], bool] | None = None
    exceptions: tuple[str, ...] = field(default=(), repr=False)
    fuzzy: int = 0
    beside: tuple[str, ...] = ()
    literals: tuple[str, ...] = field(default=(), repr=False)


class Match(NamedTuple):
    """A rule that holds at a place.

    Attributes:
        start: First character.
        end: One past the last.
        rule: Index of the rule in the scanner that found it.
        reads: What the match reads, where that is not what is written there: the address that `bob[at]shop.example`
            stands for.
    """

    start: int
    end: int
    rule: int
    reads: str | None = None


def by_place(match: Match) -> tuple[int, int, int]:
    """Sort matches by their start, then the longest first, then by rule."""
    return match[0], -match[1], match[2]


class RuleFailed(GenAIGuardError):  # noqa: N818  named after what happened, like ComponentFailed
    """A rule could not be evaluated: its validator raised, or its search ran into the bound. The cause is kept.

    Attributes:
        rule: Index of the rule in the scanner.
        rule_id: Identifier of the rule.
    """

    def __init__(self, rule: int, rule_id: str, reason: str) -> None:
        self.rule = rule
        self.rule_id = rule_id
        super().__init__(f"rule {rule_id} failed: {reason}")
