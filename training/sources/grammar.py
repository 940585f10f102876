r"""Grammars: short templates with lists, in `training/grammars`, from which any number of texts can be drawn.

In a file, `name = one | two | three` is a list, continued on lines that begin with a space. `> text` is a template.
`{name}` stands for a member of a list, which may itself have places; `{name?}` for one or for nothing; `{name!}` for the
same one throughout a text; `[a|b|c]` for one of these. `\n` is a new line. Members may be empty. Headers are those of `training.sources.writing`; `# rows: 900` says how many texts the
templates below it should yield. `words.txt` holds lists for all of them.
"""

from __future__ import annotations

import random
import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Final

from training.examples import Example, Split, Task
from training.sources.writing import Heading

__all__ = ["Grammar", "drawn", "read_grammar"]

_FOLDER: Final = Path(__file__).parent.parent / "grammars"
_HEADER: Final = re.compile(r"# (task|kind|labels|language|place|rows):(.*)")
_LIST: Final = re.compile(r"(\w+) = (.*)")
_PLACE: Final = re.compile(r"\{(\w+)([?!])?\}|\[([^\[\]{}]*\|[^\[\]{}]*)\]")
_BETWEEN: Final = re.compile(r"\s\|(?=\s|$)")
_SPACES: Final = re.compile(r"[ \t]{2,}")
_BEFORE_POINT: Final = re.compile(r" +([,.;:!?])(?=\s|$)")
_ARTICLE: Final = re.compile(r"\b([Aa])n? (?=(\w))")
_VOWELS: Final = "aeioAEIO"
_SENTENCE: Final = re.compile(r"(^|[.!?] )([a-z])(?=[a-z' ])")
_CAREFUL: Final = 0.8
_DEPTH: Final = 12
_TRIES: Final = 6


@dataclass(frozen=True, slots=True)
class Grammar:
    """Lists, and templates under their headings."""

    lists: Mapping[str, list[str]]
    templates: list[tuple[Heading, list[str]]] = field(default_factory=list[tuple[Heading, list[str]]])

    def draw(self, template: str, chance: random.Random) -> str:
        """Return a template with a choice made at each of its places."""
        same: dict[str, str] = {}

        def chosen(match: re.Match[str]) -> str:
            name, mark, inline = match.groups()
            if mark == "?" and chance.random() < 0.5:
                return ""
            if name and name not in self.lists:
                return match.group()
            picked = chance.choice(inline.split("|") if inline is not None else self.lists[name])
            return same.setdefault(name, picked) if mark == "!" else picked

        text = template
        for _ in range(_DEPTH):
            after = _PLACE.sub(chosen, text)
            if after == text:
                break
            text = after
        return _tidied(text, careful=chance.random() < _CAREFUL)


def read_grammar(path: Path, shared: Mapping[str, list[str]] | None = None) -> Grammar:
    """Read the lists and templates of a file."""
    lists: dict[str, list[str]] = dict(shared or {})
    templates: list[tuple[Heading, list[str]]] = []
    heading, current = Heading(), ""
    for line in path.read_text("utf-8").split("\n"):
        if header := _HEADER.fullmatch(line):
            heading = heading.with_line(*header.groups())
        elif line.startswith("> "):
            if not templates or templates[-1][0] is not heading:
                templates.append((heading, []))
            templates[-1][1].append(line[2:])
        elif found := _LIST.fullmatch(line):
            current = found.group(1)
            lists[current] = _members(found.group(2))
        elif line.startswith(" ") and current:
            lists[current].extend(_members(line))
    return Grammar(lists, templates)


def drawn(task: Task, split: Split, *, scale: float = 1.0) -> Iterator[Example]:
    """Yield texts drawn from the grammars of a split: the same ones each time.

    Args:
        task: What the texts are for.
        split: Whose grammars.
        scale: How many of the rows that the grammars ask for.
    """
    shared = read_grammar(_FOLDER / "words.txt").lists
    for path in sorted((_FOLDER / split).glob("*.txt")):
        grammar = read_grammar(path, shared)
        for number, (heading, templates) in enumerate(grammar.templates):
            if task in heading.tasks:
                chance = random.Random(f"{path.stem}/{number}")
                for text in _draws(grammar, templates, chance, max(len(templates), round(heading.rows * scale))):
                    yield heading.example(text, f"grammar/{path.stem}", split)


def _draws(grammar: Grammar, templates: list[str], chance: random.Random, rows: int) -> Iterator[str]:
    """Yield different texts, the templates in turn, until there are enough or no new ones come."""
    seen: set[str] = set()
    for number in range(rows * _TRIES):
        text = grammar.draw(templates[number % len(templates)], chance)
        if text not in seen:
            seen.add(text)
            yield text
        if len(seen) >= rows:
            return


def _tidied(text: str, *, careful: bool) -> str:
    """Return a text with its articles and spaces put right, and, by careful writers, capitals where sentences begin."""
    text = _BEFORE_POINT.sub(r"\1", _SPACES.sub(" ", text)).replace("\\n", "\n")
    text = _ARTICLE.sub(lambda found: f"{found[1]}n " if found[2] in _VOWELS else f"{found[1]} ", text)
    if careful:
        text = _SENTENCE.sub(lambda found: found[1] + found[2].upper(), text)
    return text.strip(" ")


def _members(line: str) -> list[str]:
    return [member.strip() for member in _BETWEEN.split(f" {line}")]
