"""Texts that were written by hand, in `training/writing`.

A file holds lines. `# key: value` at its head, or further down, says what holds for the lines below it: `task`
(`injection`, `harm` or both), `kind`, `labels`, `language`, `place`. Each line is a text; in a file with lines of `%%`
these part the texts, which may then have several lines. The folder, `train` or `test`, is the split of the whole file.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Final

from training.examples import TASKS, Example, Split, Task

__all__ = ["LICENCE", "Heading", "read_blocks", "written"]

LICENCE: Final = "Apache-2.0"
_FOLDER: Final = Path(__file__).parent.parent / "writing"
_HEADER: Final = re.compile(r"# (task|kind|labels|language|place|rows):(.*)")


@dataclass(frozen=True, slots=True)
class Heading:
    """What a file says about the texts below it."""

    tasks: tuple[Task, ...] = ("injection", "harm")
    kind: str = "chat"
    labels: frozenset[str] = frozenset()
    language: str = "en"
    place: str = "prompt"
    rows: int = 0

    def with_line(self, key: str, value: str) -> Heading:
        """Return what holds after a line `# key: value`."""
        names = [name.strip() for name in value.split(",") if name.strip()]
        match key:
            case "task":
                return replace(self, tasks=tuple(task for task in TASKS if task in names))
            case "labels":
                return replace(self, labels=frozenset(names))
            case "rows":
                return replace(self, rows=int(value))
            case _:
                return replace(self, **{key: value.strip()})  # type: ignore[arg-type]  # the pattern knows the others

    def example(self, text: str, source: str, split: Split) -> Example:
        """Return a text below this heading as an example."""
        return Example(text, self.labels, source, self.kind, self.language, split, self.place, LICENCE)


def read_blocks(path: Path) -> Iterator[tuple[Heading, str]]:
    """Yield the texts of a file, each with what holds for it."""
    raw = path.read_text("utf-8")
    parted = "\n%%\n" in raw
    heading, lines = Heading(), list[str]()
    for line in [*raw.split("\n"), "%%"]:
        header = _HEADER.fullmatch(line)
        if header or line == "%%" or not parted:
            if text := "\n".join(lines).strip("\n"):
                yield heading, text
            lines = [] if header or line == "%%" else [line]
            heading = heading.with_line(*header.groups()) if header else heading
        else:
            lines.append(line)


def written(task: Task, split: Split) -> Iterator[Example]:
    """Yield what was written by hand for a task and a split, file by file."""
    for path in sorted((_FOLDER / split).glob("*.txt")):
        for heading, text in read_blocks(path):
            if task in heading.tasks:
                yield heading.example(text, f"own/{path.stem}", split)
