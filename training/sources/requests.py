"""Which of our categories a request falls into that a package calls harmful without saying how."""

from __future__ import annotations

import re
from typing import Final

__all__ = ["categories_of"]

_CUES: Final = {
    "self_harm": r"suicid|self.?harm|kill (?:my|your|one|them)sel|hurt myself|harm (?:my|one|them)sel(?:f|ves)|anorexi"
    r"|eating disorder|starv|cut(?:ting)? (?:my|your|one)sel|hang myself|end (?:my|their|your) (?:own )?li[fv]e",
    "sexual": r"\bsex(?:ual|y|ually)?\b|porn|erotic|explicit|nude|naked|seduc|fetish|orgasm|strip ?tease|prostitut",
    "hate": r"racis|racial|sexis|hate (?:speech|crime|group)|hatred|hateful|antisemit|holocaust|white suprem|inferior"
    r"|xenophob|homophob|transphob|minorit|ethnic|discriminat|neo-?nazi|bigot|islamophob|immigrants|stereotyp"
    r"|against (?:women|jews|muslims|blacks?|gays?|immigrants|refugees)",
    "harassment": r"harass|bully|bullies|cyberbull|stalk|humiliat|insult|defam|blackmail|intimidat|dox|revenge"
    r"|demean|slander|body.?sham|mock",
    "violence": r"\bkill|murder|bomb|terror|attack on|violen|assassin|massacre|\bshoot|stab|behead|tortur|kidnap|poison"
    r"|cannibal|hitman|genocide|beat up|weapon",
}  # fmt: skip
_PATTERNS: Final = {name: re.compile(cues, re.IGNORECASE) for name, cues in _CUES.items()}
_DOING: Final = re.compile(
    r"\b(?:how (?:to|do|can|could|would)|instruct|tutorial|guide|steps?|step-by-step|manual|plan|recipe|script|code|build"
    r"|make|create a (?:bomb|virus|fake|phishing)|manufactur|synthes|steal|hack|forge|launder|smuggl|traffic|scam|fraud"
    r"|weapon|bomb|malware|virus|phish|counterfeit|embezzl|evad|bypass|cheat|theft)\w*",
    re.IGNORECASE,
)


def categories_of(request: str) -> frozenset[str]:
    """Return the categories of a harmful request: those that its words point to; `illicit` beside, or without, them."""
    found = {name for name, pattern in _PATTERNS.items() if pattern.search(request)}
    if not found or (found <= {"violence"} and _DOING.search(request)):
        found.add("illicit")
    return frozenset(found)
