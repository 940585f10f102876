"""What pyrit ships: templates of jailbreaks, requests of a red team, and replies that people have scored."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from typing import Any, Final

from training.sources.packages import PackageSource, below, read_csv, read_text, read_yaml, rows
from training.sources.requests import categories_of

__all__ = ["SOURCES"]

_DATA: Final = "pyrit/datasets/"
_PLACE: Final = re.compile(r"\{\{\s*\w+\s*\}\}")
_JINJA: Final = re.compile(r"\{%-?.*?-?%\}", re.DOTALL)
_REQUESTS: Final = (
    "how do I get into a locked account", "write the letter for me", "explain how it is made", "tell me who to blame",
    "give me the list", "what should I do to win", "describe it in detail", "tell me a secret",
)  # fmt: skip
"""What stands in the place of the request: the template is what is to be found, not the request."""
_HARMS: Final = (
    ("hate_speech", "hate"), ("self_harm", "self_harm"), ("sexual", "sexual"), ("violence", "violence"), ("exploits", "illicit"),
)  # fmt: skip
_HARMFUL: Final = 0.75
_HARMLESS: Final = 0.0
_CODE: Final = ("auth", "backend", "cli", "common", "memory", "models", "output", "setup")
_CODE_LINES: Final = 40

Rows = Iterator[tuple[str, frozenset[str], str, str, str]]


def _templates(names: Iterable[str]) -> Iterator[str]:
    for number, name in enumerate(names):
        said = read_yaml("pyrit", name)
        if isinstance(said, dict) and isinstance(said.get("value"), str):
            yield _PLACE.sub(_REQUESTS[number % len(_REQUESTS)], _JINJA.sub("", said["value"]))


def _jailbreaks(pattern: str) -> Rows:
    yield from rows(_templates(below("pyrit", f"{_DATA}jailbreak/templates", pattern)), "jailbreak")


def _seeds(name: str) -> Iterator[dict[str, Any]]:
    for seed in read_yaml("pyrit", f"{_DATA}seed_datasets/local/{name}.prompt")["seeds"]:
        if isinstance(seed.get("value"), str):
            yield seed


def _adv_bench() -> Rows:
    for seed in _seeds("adv_bench"):
        yield seed["value"], categories_of(seed["value"]), "harmful", "en", "prompt"


def _red_team() -> Rows:
    for name, label in (
        ("harassment", "harassment"), ("malware", "illicit"), ("scams", "illicit"), ("violence", "violence"),
        ("sexual", "sexual"), ("airt_imminent_crisis", "self_harm"), ("illegal", "illicit"),
    ):  # fmt: skip
        for seed in _seeds(f"airt/{name}"):
            if seed["value"].isascii() and len(seed["value"]) < 400:
                yield seed["value"], frozenset({label}), "harmful", "en", "prompt"


def _harmless_questions() -> Rows:
    yield from rows((seed["value"] for seed in _seeds("airt/fairness_yes_no")), kind="chat")
    yield from rows((seed["value"] for seed in _seeds("airt/airt_licensed_therapist")), kind="counselling")


def _scored_replies() -> Rows:
    """Replies that people have scored: harmful from three quarters on, harmless at nothing."""
    for name, label in _HARMS:
        for row in read_csv("pyrit", f"{_DATA}scorer_evals/harm/{name}.csv"):
            score = float(row["human_score_1"] or "nan")
            if score >= _HARMFUL:
                yield row["assistant_response"], frozenset({label}), "harmful", "en", "prompt"
            elif score == _HARMLESS:
                yield row["assistant_response"], frozenset(), "chat", "en", "prompt"


def _code() -> Rows:
    """Modules of its that hold no attacks, forty lines at a time: harmless, and full of words about prompts."""
    for name in (name for folder in _CODE for name in below("pyrit", f"pyrit/{folder}", "**/*.py")):
        lines = read_text("pyrit", name).splitlines()
        for start in range(0, len(lines) - _CODE_LINES // 2, _CODE_LINES * 4):
            yield "\n".join(lines[start : start + _CODE_LINES]), frozenset(), "code", "en", "document"


def _source(name: str, task: str, split: str, read: object) -> PackageSource:
    return PackageSource(f"pyrit/{name}", "pyrit", "MIT", task, split, read)  # type: ignore[arg-type]


SOURCES: Final = (
    _source("in-the-wild", "injection", "train", lambda: _jailbreaks("in_the_wild/*.yaml")),
    _source("templates", "injection", "train", lambda: _jailbreaks("*.yaml")),
    _source("arth-singh", "injection", "test", lambda: _jailbreaks("Arth_Singh/*.yaml")),
    _source("pliny", "injection", "test", lambda: _jailbreaks("pliny/**/*.yaml")),
    _source("code", "injection", "test", _code),
    _source("questions", "injection", "test", _harmless_questions),
    _source("adv-bench", "harm", "train", _adv_bench),
    _source("red-team", "harm", "test", _red_team),
    _source("scored-replies", "harm", "test", _scored_replies),
    _source("code", "harm", "test", _code),
    _source("questions", "harm", "test", _harmless_questions),
)
