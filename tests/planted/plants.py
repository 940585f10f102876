"""What is planted: five hundred secrets in texts in which somebody would write them.

Most are rows of the corpus, of every kind of personal data and of credentials. Some are names and words that no rule
knows: a recogniser and a list of words of the pipeline find those.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterable, Iterator, Sequence
from functools import cache
from itertools import count
from pathlib import Path
from random import Random
from typing import NamedTuple

from genai_guard.recording import Redactor

__all__ = ["NAME", "WORD", "Plant", "plants", "secrets", "unknown"]

NAME = re.compile(r"Zoltana Quirrell-[a-z]{8}")
WORD = re.compile(r"nightjar-[a-z]{8}")

_ROWS = Path(__file__).parents[1] / "corpus" / "positives"
_MARK = re.compile(r"⟦([A-Z0-9_]+)\|([^⟧]*)⟧")


class Plant(NamedTuple):
    """A text with secrets in it.

    Attributes:
        secret: What must be found nowhere; the first of them.
        text: What somebody writes.
        kind: What it is, `EMAIL` for instance.
        is_known: Whether the redactor finds it by rules of its own.
        others: The other secrets in the text.
    """

    secret: str
    text: str
    kind: str
    is_known: bool = True
    others: tuple[str, ...] = ()


@cache
def plants(total: int = 500, *, unknown_to_rules: int = 40) -> tuple[Plant, ...]:
    """Return texts with so many secrets, no two of the same, kinds in turn, the same in every run."""
    found: list[Plant] = []
    seen: set[str] = set()
    for plant in _in_turn():
        if len(found) == total - unknown_to_rules:
            break
        if not any(plant.secret in other or other in plant.secret for other in seen):
            seen.add(plant.secret)
            found.append(plant)
    rng = Random(7)
    strange = [unknown(rng, "NAME" if number % 4 < 2 else "WORD") for number in range(unknown_to_rules)]
    made = [*_together(found, 4), *_together(strange, 2)]
    rng.shuffle(made)
    return tuple(made)


def secrets(plants: Iterable[Plant]) -> list[str]:
    """Return all secrets in the texts."""
    return [secret for plant in plants for secret in (plant.secret, *plant.others)]


def _together(plants: Sequence[Plant], count: int) -> Iterator[Plant]:
    """Yield texts of several lines: as many secrets in fewer calls."""
    redactor = Redactor()
    for at in range(0, len(plants), count):
        first, *others = plants[at : at + count]
        text = "\n".join([first.text, *[other.text for other in others]])
        redacted = redactor.text(text) if first.is_known else ""
        if any(
            each.secret in redacted for each in (first, *others)
        ):  # a word of one line may excuse what stands in another
            yield from (first, *others)
        else:
            yield first._replace(text=text, others=tuple([other.secret for other in others]))


def unknown(rng: Random, kind: str) -> Plant:
    """Return a plant that no rule of the redactor knows."""
    letters = "".join(rng.choices("bcdfghkmprstvz", k=8))
    secret = f"Zoltana Quirrell-{letters}" if kind == "NAME" else f"nightjar-{letters}"
    return Plant(secret, f"The patient is {secret}, as you know.", kind, is_known=False)


def _in_turn() -> Iterator[Plant]:
    """Yield what the redactor covers whole, one of each kind, then a second one of each, and so on."""
    redactor = Redactor()
    by_kind: dict[str, list[tuple[str, str]]] = {}
    for path in sorted(_ROWS.glob("*.jsonl")):
        for line in path.read_text("utf-8").splitlines():
            marked = json.loads(line)["text"]
            for kind, value in _MARK.findall(marked)[:1]:
                if len(value) >= _longest_chance(value):
                    by_kind.setdefault(kind, []).append((value, _MARK.sub(r"\2", marked)))
    for turn in count():
        rows = [(kind, *found[turn]) for kind, found in by_kind.items() if turn < len(found)]
        if not rows:
            return
        for kind, value, text in rows:
            if value not in redactor.text(text):  # what rules miss is measured by the tests of the corpus
                yield Plant(value, text, kind)


def _longest_chance(value: str) -> int:
    """How long a value must be to stand nowhere by chance: digits do in times and in hashes."""
    return 14 if value.isalnum() and set(value.lower()) <= set("0123456789abcdef") else 9
