"""How a signal is meant: as an order or a report, and as a thing said or a thing quoted."""

# ruff: noqa: RUF001  quotes of typesetters and letters of other scripts are part of what people write

from __future__ import annotations

import re
from typing import Final

__all__ = ["is_about_code", "is_order", "is_quoted_by_a_report"]

_LEAD: Final = 90
_TAIL: Final = 240
_CLAUSE: Final = re.compile(r"[.!?:;,\n\"“”„«»()\[\]{}<>*#|=—–…]|\s-\s|(?<!\w)['‘]")
_TOLD_YOU: Final = re.compile(
    r"\b(?:(?:you|u)(?: (?:now|also|just|all))?(?: (?:have|need|are|re|ought|got|going|allowed|required|free|supposed|asked|told|able))*"
    r"(?: to)?|let(?: u)?s|please|pls|kindly|now|then|just|and)$",
    re.IGNORECASE,
)
_REPORTS: Final = re.compile(
    r"\b(?:to|i|we|they|he|she|it|who|that|which|not|don.?t|never|may|might|would|should|could|can|must|shall|will|cannot|"
    r"often|always|sometimes|usually|rarely|people|does|do|did|if|when|how|why|whether|where|like|about|of|from|by|for|"
    r"with|the|a|an|my|our|his|her|their|its|your|attempts?|[a-z]{3,}s)$",
    re.IGNORECASE,
)
_LEADING_S: Final = re.compile(
    r"\b(?:instructions|yes|thanks|always|this|besides|sometimes|lets|guys|alas|bless|pls)$", re.IGNORECASE
)
_QUOTE_OPENS: Final = re.compile(r"(?:^|[\s(\[:=,;—–r])([\"'“‘`«„「『])[^\"“”`«»\n「」『』]{0,80}$")
_CLOSES: Final = {"“": "”", "‘": "’", "«": "»", "„": "“", "「": "」", "『": "』"}
_REPORT: Final = re.compile(
    r"\b(?:prompt[- ]injections?|injections?|jailbreaks|jailbreaking|jailbreak prompts?|attack(?:s|ers?)?|red[- ]team\w*|researchers?|"
    r"papers?|articles?|blog|phrases?|such as|e\.g\.|for example|examples?|regex(?:es)?|detect(?:s|ed|ing|ion|or)?|scanner|"
    r"classifier|logs?|vulnerab\w+|owasp|flag(?:s|ged)?|tried|typical|classic|types?|typed|inputs?|user input|test case|"
    r"unit test|match(?:es)?|string|security|means?|mean|sentence|translate|angriffe?n?|attaques?|ataques?|inyecci[oó]n)\b|攻击|攻撃|注入",
    re.IGNORECASE,
)
_CODE: Final = re.compile(
    r"\b(?:tokeni[sz]er|tokens?|chatml|chat template|apply_chat_template|template|jinja|special tokens?|escape|stop sequence|"
    r"prompt format|regex|parse[rd]?|lxml|xml|format|syntax|llama|mistral|gemma|qwen|transformers|api|sdk|python|json|schema|"
    r"fine-?tun\w+)\b",
    re.IGNORECASE,
)


def is_order(text: str, start: int) -> bool:
    """Whether what begins at `start` is told to the reader, and not of somebody: "how do I", "asks the model to"."""
    lead = text[max(0, start - _LEAD) : start]
    clause = _CLAUSE.split(lead)[-1].rstrip()
    if not clause.strip() or _TOLD_YOU.search(clause):
        return True
    return not _REPORTS.search(clause) or bool(_LEADING_S.search(clause))


def is_quoted_by_a_report(text: str, start: int, end: int) -> bool:
    """Whether a stretch stands in quotes, and what stands outside of them speaks of attacks, phrases or examples."""
    lead = text[max(0, start - _LEAD) : start]
    opening = _QUOTE_OPENS.search(lead)
    if opening is None:
        opening = _QUOTE_OPENS.search(text[max(0, start - _LEAD) : start + 1])
        if opening is None:
            return False
    mark = opening[1]
    closing = text.find(_CLOSES.get(mark, mark), end - 1, end + _TAIL)
    if closing < 0:
        return False
    before = text[max(0, start - 4 * _TAIL) : max(0, start - _LEAD) + opening.start()]
    after = text[closing + 1 : closing + 4 * _TAIL]
    return bool(_REPORT.search(before) or _REPORT.search(after))


def is_about_code(text: str) -> bool:
    """Whether a text speaks of tokenizers, templates and formats, in which the marks of turns have their place."""
    return bool(_CODE.search(text))
