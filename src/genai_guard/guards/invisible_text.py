"""`InvisibleText`: characters that nobody sees, where nobody needs them."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from functools import cached_property
from types import MappingProxyType
from typing import ClassVar, Final, Literal, TypeAlias, cast

import regex

from genai_guard.errors import ConfigurationError
from genai_guard.guards.base import settle
from genai_guard.guards.matching import RuleGuard
from genai_guard.guards.pseudonyms.vault import Vault
from genai_guard.text.rules import Rule
from genai_guard.verdicts import Action, ActionLike, Verdict

__all__ = ["InvisibleText"]

Kind: TypeAlias = Literal["tags", "selectors", "zero_width", "bidi", "fillers", "format", "private_use", "control"]
_FLAG: Final = "\U0001f3f4"
"""The black flag, which tags turn into the flag of a region."""

_TAG_BASE: Final = 0xE0000
_MIN_TEXT: Final = 4
"""Letters of a text that tag characters spell."""
_RUN: Final = "{1,1000}"
_TAG: Final = "[\U000e0000-\U000e007f]"
_SELECTOR: Final = "\ufe00-\ufe0f\U000e0100-\U000e01ef"
_BLANK: Final = "\u200b-\u200f\u2060-\u2064\ufeff\u00ad\u180e\u034f\u061c"
"""Characters without a width of which a run can hold bits."""
_LETTER: Final = r"[\p{L}\p{N}]"
_JOINING: Final = (
    r"[\p{Arabic}\p{Syriac}\p{Mandaic}\p{Nko}\p{Mongolian}\p{Phags_Pa}\p{Devanagari}\p{Bengali}\p{Gurmukhi}\p{Gujarati}\p{Oriya}"
    r"\p{Tamil}\p{Telugu}\p{Kannada}\p{Malayalam}\p{Sinhala}\p{Thai}\p{Lao}\p{Tibetan}\p{Myanmar}\p{Khmer}\p{Balinese}\p{Javanese}"
    r"\p{Meetei_Mayek}\p{Limbu}\p{Sundanese}\p{Brahmi}\p{Grantha}\p{Newa}\p{Tai_Tham}\p{Adlam}\p{Hanifi_Rohingya}"
    r"\u0964\u0965\u0640\p{Han}\p{Hiragana}\p{Katakana}]"
)
"""Scripts that are written with joiners, or in which a space without a width parts words."""
_RTL: Final = r"[\p{Hebrew}\p{Arabic}\p{Syriac}\p{Thaana}\p{Nko}\p{Adlam}]"
_BIDI: Final = "\u202a-\u202e\u2066-\u2069"
_INSIDE: Final = f"[^{_BIDI}\n\u2029]"

_TAGS: Final = f"\U0001f3f4?{_TAG}{_RUN}+"
_MORE_SELECTORS: Final = rf"[{_SELECTOR}]{{0,1000}}+"
_VARIATION: Final = (
    rf"(?:(?<![\p{{Emoji}}\p{{S}}\p{{P}}\u20e3])[\ufe0e\ufe0f]"
    rf"|(?<![\p{{Han}}\p{{S}}\p{{P}}\p{{Myanmar}}\p{{Phags_Pa}}\p{{Manichaean}}0])[\ufe00-\ufe0d]"
    rf"|(?<=[{_SELECTOR}])[\ufe00-\ufe0f]){_MORE_SELECTORS}"
    r"|(?<!\p{Mongolian})[\u180b-\u180d\u180f]"
)
_SUPPLEMENT: Final = rf"(?:(?<!\p{{Han}})|(?<=[{_SELECTOR}]))[\U000e0100-\U000e01ef]{_MORE_SELECTORS}"
_ZERO_WIDTH: Final = (
    rf"[{_BLANK}]{{4,1000}}+"
    # A space, joiner or mark without a width inside of a word of a script that has no use for it.
    rf"|(?<={_LETTER})(?<!{_JOINING})[\u200b-\u200d\u2060\ufeff]{{1,3}}(?={_LETTER})(?!{_JOINING})"
    r"|(?<=[^\n])\ufeff{1,3}"
    r"|(?<=\p{N})\u00ad{1,3}(?=\p{N})|(?<=\u00ad\p{L})\u00ad|\u00ad(?=\p{L}\u00ad)|\u00ad{2,3}"
    r"|(?<=[A-Za-z0-9])\u034f(?=[A-Za-z0-9])"
)
_BIDIRECTIONAL: Final = (
    # Pairs that do what they are made for; they are passed over.
    rf"[\u2066\u2068]{_INSIDE}{{0,200}}+\u2069|\u202a{_INSIDE}{{0,200}}+\u202c"
    rf"|\u2067{_INSIDE}{{0,200}}+\u2069|\u202b{_INSIDE}{{0,200}}+\u202c"
    rf"|[{_BIDI}]"
    rf"|(?<={_LETTER})(?<!{_RTL})[\u200e\u200f\u061c]{{1,3}}(?={_LETTER})(?!{_RTL})"
)
_FILLERS: Final = (
    r"[\u3164\uffa0]|(?<![\u1100-\u11ff\ua960-\ua97f\ud7b0-\ud7ff])[\u115f\u1160](?![\u1100-\u11ff\ua960-\ua97f\ud7b0-\ud7ff])"
    r"|(?<!\p{Mongolian})\u180e|(?<!\p{Khmer})[\u17b4\u17b5]"
)
_FORMAT: Final = (
    r"(?<=[\p{Latin}\p{Cyrillic}\p{Greek}])[\u2061-\u2064]{1,3}(?=[\p{Latin}\p{Cyrillic}\p{Greek}])"
    r"|[\u2065\u206a-\u206f\ufff0-\ufffb]{1,1000}+"
)
_SCORE: Final = r"[\U0001bca0-\U0001bca3\U0001d173-\U0001d17a]{1,1000}+"
_RESERVED: Final = r"[\U000e0080-\U000e00ff\U000e01f0-\U000e0fff]{1,1000}+"
_PRIVATE: Final = r"[\ue000-\uf8ff]{4,1000}+"
_PRIVATE_PLANES: Final = r"[\U000f0000-\U000ffffd\U00100000-\U0010fffd]{3,1000}+"
_CONTROL: Final = r"\x1b\[[0-9;?]{0,40}+[ -/]{0,4}[@-~]|\x1b\][^\x07\x1b\n]{0,200}+(?:\x07|\x1b\\)|[\x00-\x08\x0e-\x1a\x1c-\x1f\x7f]{1,1000}+|\x1b"

_is_flag: Final = regex.compile(
    "\U0001f3f4[\U000e0061-\U000e007a]{2}[\U000e0030-\U000e0039\U000e0061-\U000e007a]{1,3}\U000e007f"
).fullmatch
_has_rtl: Final = regex.compile(_RTL).search
_without_bidi: Final = regex.compile(f"[{_BIDI}\u200e\u200f\u061c]").sub


def _rule(
    name: str,
    category: str,
    pattern: str,
    *,
    literals: tuple[str, ...] = (),
    gate: str = "",
    ignore: Callable[[str], bool] | None = None,
) -> Rule:
    return Rule(
        id=f"invisible_text.{name}",
        category=category,
        pattern=pattern,
        unicode=True,
        look_behind=2,
        max_length=1024,
        literals=literals,
        gate=gate,
        ignore=ignore,
    )


def _range(*ranges: tuple[int, int]) -> tuple[str, ...]:
    return tuple(chr(code) for first, last in ranges for code in range(first, last + 1))


def _is_fine_flag(matched: str) -> bool:
    """Whether tag characters make the flag of a region (UTS #51, ED-14a)."""
    return _is_flag(matched) is not None


def _spells(matched: str) -> str:
    """Return the ASCII text that tag characters spell."""
    return "".join(chr(ord(char) - _TAG_BASE) for char in matched if _TAG_BASE + 32 <= ord(char) < _TAG_BASE + 127)


def _is_no_text(matched: str) -> bool:
    return _is_fine_flag(matched) or len(_spells(matched)) < _MIN_TEXT


def _is_text(matched: str) -> bool:
    return _is_fine_flag(matched) or len(_spells(matched)) >= _MIN_TEXT


def _is_fine_pair(matched: str) -> bool:
    """Whether controls go in a pair: around any text to isolate or embed it, and to turn it round if it is RTL."""
    opening = matched[0]
    return len(matched) > 1 and (
        opening in "\u2066\u2068\u202a" or (opening in "\u2067\u202b" and bool(_has_rtl(matched)))
    )


_SELECTORS: Final = _range((0x180B, 0x180D), (0x180F, 0x180F), (0xFE00, 0xFE0F))
_BLANKS: Final = (*_range((0x200B, 0x200F), (0x2060, 0x2064)), "\u00ad", "\u034f", "\u061c", "\u180e", "\ufeff")
_CONTROLS: Final = _range((0x202A, 0x202E), (0x2066, 0x2069))
_FILLING: Final = ("\u3164", "\uffa0", "\u115f", "\u1160", "\u180e", "\u17b4", "\u17b5")
_MARKS: Final = ("\u061c", "\u200e", "\u200f")
_BEYOND: Final = "plane_14"
_RULES: Final[Mapping[str, tuple[Rule, ...]]] = MappingProxyType(
    {
        "tags": (
            _rule("hidden_text", "HIDDEN_TEXT", _TAGS, gate=_BEYOND, ignore=_is_no_text),
            _rule("tags", "INVISIBLE_TAGS", _TAGS, gate=_BEYOND, ignore=_is_text),
        ),
        "selectors": (
            _rule("selectors", "INVISIBLE_SELECTORS", _VARIATION, literals=_SELECTORS),
            _rule("selectors_supplement", "INVISIBLE_SELECTORS", _SUPPLEMENT, gate=_BEYOND),
        ),
        "zero_width": (_rule("zero_width", "INVISIBLE_ZERO_WIDTH", _ZERO_WIDTH, literals=_BLANKS),),
        "bidi": (
            _rule("bidi", "INVISIBLE_BIDI", _BIDIRECTIONAL, literals=(*_MARKS, *_CONTROLS), ignore=_is_fine_pair),
        ),
        "fillers": (_rule("fillers", "INVISIBLE_FILLERS", _FILLERS, literals=_FILLING),),
        "format": (
            _rule(
                "format",
                "INVISIBLE_FORMAT",
                _FORMAT,
                literals=_range((0x2061, 0x2065), (0x206A, 0x206F), (0xFFF0, 0xFFFB)),
            ),
            _rule("format_score", "INVISIBLE_FORMAT", _SCORE, gate="plane_1"),
            _rule("format_reserved", "INVISIBLE_FORMAT", _RESERVED, gate=_BEYOND),
        ),
        "private_use": (
            _rule("private_use", "INVISIBLE_PRIVATE_USE", _PRIVATE, gate="private_4"),
            _rule("private_planes", "INVISIBLE_PRIVATE_USE", _PRIVATE_PLANES, gate=_BEYOND),
        ),
        "control": (_rule("control", "INVISIBLE_CONTROL", _CONTROL, literals=_range((0, 8), (14, 31), (127, 127))),),
    }
)


@dataclass(frozen=True)
class InvisibleText(RuleGuard):
    """Find characters that nobody sees, where nobody needs them, and take them out, flag or block them.

    A model reads what people do not see: instructions in tag characters, bytes in variation selectors, bits in characters
    without a width. The kinds, and what of each is left alone:

    - `tags`: tag characters (U+E0000 to U+E007F), but for the flags of regions. Those that spell four letters and more
      are `HIDDEN_TEXT`, others `INVISIBLE_TAGS`.
    - `selectors`: variation selectors, but for one behind an emoji or another symbol, or behind a character of Han,
      Mongolian, Phags-pa or Myanmar that it belongs to.
    - `zero_width`: spaces and joiners without a width inside of a word or number, but for scripts that need them (Arabic,
      Indic scripts, Thai, Han and others); soft hyphens inside of a number, doubled, or around a single letter; a byte
      order mark within a line; four and more characters without a width in a row, anywhere.
    - `bidi`: overrides, and embeddings and isolates that are not closed in their line, or that turn round what is not
      right-to-left ("Trojan Source", CVE-2021-42574); directional marks inside of a word that is not right-to-left.
    - `fillers`: fillers of Hangul, Khmer and Mongolian outside of these scripts.
    - `format`: invisible operators inside of a word, interlinear annotation, deprecated, shorthand and musical controls,
      and code points that are reserved for more of them.
    - `private_use`: four private characters in a row, or three of the supplementary planes.
    - `control`: control characters but for white space; a sequence that steers a terminal is taken out as a whole.

    `redact` takes out what is found and puts nothing in its place. What is visible stays, between the controls of `bidi`
    and before a tag.

    Args:
        kinds: The kinds to look for; None for all.
        action: What to do with what is found.

    Raises:
        ConfigurationError: a kind that does not exist, or none at all.
    """

    kind: ClassVar[str] = "invisible_text"
    allowed_actions: ClassVar[frozenset[Action]] = frozenset({Action.FLAG, Action.REDACT, Action.BLOCK})

    kinds: Sequence[Kind] | None = None
    action: ActionLike = field(default=Action.REDACT, kw_only=True)
    normalize: bool = field(default=False, init=False, repr=False)

    def __post_init__(self) -> None:
        super().__post_init__()
        if self.kinds is not None:
            settle(self, kinds=_known(self.kinds))

    @cached_property
    def rules(self) -> tuple[Rule, ...]:
        """One rule for each kind, and one for tags that spell a text."""
        return tuple(rule for kind in self.kinds or _RULES for rule in _RULES[kind])

    def replacement(self, rule: Rule, matched: str, /) -> str:
        """Return what is visible of a match, which is nothing for most."""
        if rule.category == "INVISIBLE_BIDI":
            return _without_bidi("", matched)
        return _FLAG if matched[0] == _FLAG else ""

    def check(self, text: str, /, *, vault: Vault | None = None) -> Verdict:
        """Return a verdict whose findings point into `text`, each with how many characters of which kind it has."""
        verdict = super().check(text, vault=vault)
        if not verdict.findings:
            return verdict
        findings = [replace(found, detail=self.detail(found.category, found.of(text))) for found in verdict.findings]
        return replace(verdict, findings=tuple(findings))

    def detail(self, category: str, matched: str, /) -> str:
        """Return how many characters of which kind a match has, and never what they say."""
        visible = set(_without_bidi("", matched)) if category == "INVISIBLE_BIDI" else {_FLAG}
        is_seen = str.isprintable if category == "INVISIBLE_CONTROL" else visible.__contains__
        hidden = [char for char in matched if not is_seen(char)]
        if not hidden:  # written as an escape that nothing undid
            return ""
        what = f"{len(hidden)} character{'s' * (len(hidden) != 1)}"
        if category == "HIDDEN_TEXT":
            return f"{what} that spell ASCII text"
        first, last = f"U+{ord(min(hidden)):04X}", f"U+{ord(max(hidden)):04X}"
        return f"{what}, {first}" if first == last else f"{what} from {first} to {last}"


def _known(kinds: object) -> tuple[Kind, ...]:
    if isinstance(kinds, str) or not isinstance(kinds, Iterable):
        raise ConfigurationError(f"InvisibleText(kinds=...) takes a list of kinds, not {type(kinds).__name__}")
    names = tuple(cast("Iterable[Kind]", kinds))
    for name in names:
        if name not in _RULES:
            raise ConfigurationError(f"InvisibleText(kinds=...): {name!r} is not one of {', '.join(_RULES)}")
    if not names:
        raise ConfigurationError("InvisibleText(kinds=[]) would find nothing; leave it out to look for all kinds")
    return tuple(dict.fromkeys(names))
