"""Smaller lists of attacks, in several languages, and Django: code, and what its pages say in many languages."""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Final

from training.sources.packages import PackageSource, below, literals, read_json, read_jsonl, read_text

__all__ = ["SOURCES"]

_BASTION: Final = {
    "direct_injection": "direct", "instruction_override": "direct", "delimiter_injection": "direct",
    "jailbreak_persona": "jailbreak", "indirect_injection": "indirect", "exfiltration": "extraction",
    "obfuscation": "direct+obfuscated",
}  # fmt: skip
_VECTORS: Final = ("V04", "V06", "V10", "V16")
_TONGUES: Final = ("es-ES", "ca-ES", "gl-ES")
_LOCALES: Final = {
    "de": "de", "es": "es", "fr": "fr", "it": "it", "pt": "pt", "pt_BR": "pt", "ru": "ru", "zh_Hans": "zh",
    "ar": "ar", "bg": "bg", "ca": "ca", "cs": "cs", "da": "da", "el": "el", "fa": "fa", "fi": "fi", "he": "he", "hi": "hi",
    "hu": "hu", "id": "id", "ja": "ja", "ko": "ko", "nb": "nb", "nl": "nl", "pl": "pl", "ro": "ro", "sr": "sr", "sv": "sv",
    "th": "th", "tr": "tr", "uk": "uk", "vi": "vi", "zh_Hant": "zh",
}  # fmt: skip
"""The first eight are those of the languages that attacks are written in: of them all is taken."""
_MESSAGE: Final = re.compile(r'^msgstr "(.+)"$', re.MULTILINE)
_SHORTEST_MESSAGE: Final = {"zh": 9, "ja": 12, "ko": 12, "th": 16}
_MESSAGES_MANY: Final = 420
_MESSAGES_FEW: Final = 110
_MANY: Final = 8
_CODE_LINES: Final = 36
_CODE_ROWS: Final = 1200

Rows = Iterator[tuple[str, frozenset[str], str, str, str]]


def _bastion() -> Rows:
    for row in read_jsonl("bastioncorpus", "bastioncorpus/corpus/injections.jsonl"):
        labels = frozenset(_BASTION.get(row["category"], "").split("+")) - {""}
        place = "tool_result" if row["channel"] == "tool_output" else "prompt"
        if place == "tool_result" and labels == {"direct"}:
            labels = frozenset({"indirect"})
        yield row["text"], labels, "attack" if labels else "trigger_words", row["lang"], place


def _mini() -> Rows:
    for row in read_json("jailbreak-corpus-mini-py", "jailbreak_corpus_mini/corpus.json"):
        yield row["prompt"], frozenset({"direct"}), "attack", "en", "prompt"


def _multilingual() -> Rows:
    module = "garak_multilingual/payloads.py"
    for variable, label in (
        ("TURKISH_INJECTION", "direct"), ("TURKISH_CASEFOLD_EVASION", "direct"), ("TURKISH_JAILBREAK", "jailbreak"),
        ("MULTILINGUAL_INJECTION", "direct"),
    ):  # fmt: skip
        for row in next(literals("garak-multilingual", module, variable)):
            yield row["prompt"], frozenset({label}), "attack", row.get("lang", "tr"), "prompt"


def _iberian() -> Rows:
    for row in read_json("vigia", "vigia/corpus/seeds/seeds_validated.json"):
        if row["vector"][:3] in _VECTORS and row["language"] in _TONGUES:
            yield row["prompt"], frozenset({"direct"}), "attack", row["language"][:2], "prompt"


def _messages() -> Rows:
    """What Django's pages say: short, and full of ordinary imperatives."""
    for number, (locale, language) in enumerate(_LOCALES.items()):
        most = _MESSAGES_MANY if number < _MANY else _MESSAGES_FEW
        shortest, count = _SHORTEST_MESSAGE.get(language, 24), 0
        for name in below("django", "django", f"**/locale/{locale}/LC_MESSAGES/django.po"):
            for text in _MESSAGE.findall(read_text("django", name)):
                if len(text) >= shortest and count < most:
                    count += 1
                    yield text.replace("\\n", "\n").replace('\\"', '"'), frozenset(), "document", language, "document"


def _code() -> Rows:
    count = 0
    for name in below("django", "django", "**/*.py"):
        lines = read_text("django", name).splitlines()
        for start in range(0, max(0, len(lines) - _CODE_LINES // 2), _CODE_LINES * 3):
            count += 1
            if count <= _CODE_ROWS:
                yield "\n".join(lines[start : start + _CODE_LINES]), frozenset(), "code", "en", "document"


SOURCES: Final = (
    PackageSource("bastioncorpus", "bastioncorpus", "MIT", "injection", "test", _bastion),
    PackageSource("jailbreak-corpus-mini", "jailbreak-corpus-mini-py", "MIT", "injection", "test", _mini),
    PackageSource("garak-multilingual", "garak-multilingual", "Apache-2.0", "injection", "test", _multilingual),
    PackageSource("vigia", "vigia", "MIT", "injection", "test", _iberian),
    PackageSource("django/messages", "django", "BSD-3-Clause", "injection", "train", _messages),
    PackageSource("django/messages", "django", "BSD-3-Clause", "harm", "train", _messages),
    PackageSource("django/code", "django", "BSD-3-Clause", "injection", "train", _code),
    PackageSource("django/code", "django", "BSD-3-Clause", "harm", "train", _code),
)
