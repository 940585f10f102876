"""How much the guards find, and how often they are wrong: the labelled corpus of `tests/corpus`, judged.

    python benchmarks/quality.py
    python benchmarks/quality.py --write docs/reference/detection-quality.md
    python benchmarks/quality.py --misses 3 --alarms 3

The second form writes the page of the documentation anew, the third lists examples of what was missed and of what was
found where nothing is. Rates have 95 % intervals (Wilson).
"""

from __future__ import annotations

import argparse
from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

from kit import save
from quality_page import PAGE
from scoring import (
    SECRET_KINDS,
    Alarms,
    Checker,
    Misses,
    Score,
    alarms,
    evaded,
    everything,
    guard_of,
    score,
    wilson,
)

from corpus.markup import Row, negatives, positives, write
from genai_guard.guards import PII, Secrets
from genai_guard.guards.entities.catalogue import CATALOGUE

__all__ = ["Measured", "measure", "tables"]

_AROUND: Final = 60


@dataclass(frozen=True, slots=True)
class Measured:
    """All that the tables show.

    Attributes:
        positives: Texts with labels.
        negatives: Texts without; none while their files are missing.
        plain: What became of the labels as they are written.
        default: The same for `PII()`, which looks for fewer entities.
        languages: The same as `plain`, of the texts of each language.
        evasions: The same for each evasion, of labels that were found as they are written.
        false: False alarms by guard.
        misses: Examples of labels that were not found.
    """

    positives: Sequence[Row]
    negatives: Sequence[Row]
    plain: Score
    default: Score
    languages: Mapping[str, Score]
    evasions: Mapping[str, Score]
    false: Mapping[str, Alarms]
    misses: Misses


def measure(found: Sequence[Row], clean: Sequence[Row], *, examples: int = 0) -> Measured:
    """Judge labelled texts and clean ones by all entities, by `PII()` and by `Secrets()`.

    Args:
        found: Texts with labels.
        clean: Texts in which nothing is to be found.
        examples: How many misses and false alarms of each category to keep.
    """
    secrets, default = Secrets(action="flag"), PII(action="flag")
    guards: dict[str, Checker] = {"PII": everything(), "Secrets": secrets}
    misses = Misses(examples)
    judges = {"PII()": default, "PII, all": guards["PII"], "Secrets()": secrets}
    return Measured(
        positives=found,
        negatives=clean,
        plain=score(guards, found, misses),
        default=score({"PII": default}, found),
        languages={lang: score(guards, [row for row in found if row.lang == lang]) for lang in _languages(found)},
        evasions=dict(evaded(guards, found)),
        false={name: alarms(judge, clean, most=examples) for name, judge in judges.items()},
        misses=misses,
    )


def _languages(rows: Sequence[Row]) -> list[str]:
    return [lang for lang, _ in Counter(row.lang for row in rows).most_common()]


def percent(hits: int, of: int) -> str:
    """Write a rate; a dash where there is nothing to divide by."""
    return f"{100 * hits / of:.1f} %" if of else "—"


def between(hits: int, of: int) -> str:
    """Write a rate with its interval."""
    if not of:
        return "—"
    low, high = wilson(hits, of)
    return f"{100 * hits / of:.1f} % ({100 * low:.1f} to {100 * high:.1f})"


def table(head: Sequence[str], rows: Iterable[Sequence[object]]) -> str:
    """Lay out a table in Markdown, padded so that it can be read as it is."""
    cells = [[str(cell) for cell in row] for row in (head, *rows)]
    widths = [max(len(row[at]) for row in cells) for at in range(len(head))]
    lines = [
        "| "
        + " | ".join(
            cell.rjust(width) if at else cell.ljust(width)
            for at, (cell, width) in enumerate(zip(row, widths, strict=True))
        )
        + " |"
        for row in cells
    ]
    rule = "|" + "|".join("-" * (width + 1) + (":" if at else "-") for at, width in enumerate(widths)) + "|"
    return "\n".join((lines[0], rule, *lines[1:]))


def tables(measured: Measured) -> dict[str, str]:
    """Return the tables, by the names under which the page has them."""
    return {
        "corpus": _corpus(measured),
        "guards": _guards(measured),
        "entities": _categories(measured, "PII", "PII, all"),
        "secrets": _categories(measured, "Secrets", "Secrets()"),
        "recall_by_language": _recall_by_language(measured),
        "evasions": _evasions(measured),
        "sources": _groups(measured, "source"),
        "languages": _groups(measured, "language"),
    }


def _corpus(measured: Measured) -> str:
    rows = []
    for name, those in (("positives", measured.positives), ("negatives", measured.negatives)):
        languages = Counter(row.lang for row in those)
        other = len(those) - languages["en"]
        rows.append(
            [name, len(those), sum(len(row.labels) for row in those), len(languages), percent(other, len(those))]
        )
    return table(["", "rows", "labels", "languages", "not English"], rows)


def _guards(measured: Measured) -> str:
    known = [name for name in measured.default.labels if measured.default.right[name] or name in _default_entities()]
    plain = measured.plain
    groups = {
        "PII()": (measured.default, known),
        "PII, all": (plain, [name for name in plain.labels if guard_of(name) == "PII"]),
        "Secrets()": (plain, [name for name in plain.labels if guard_of(name) == "Secrets"]),
    }
    rows = []
    for name, (counted, names) in groups.items():
        hits, of = _sum(counted.hits, names), _sum(counted.labels, names)
        exact = percent(_sum(counted.exact, names), hits)
        right, all_found = _precision(counted, names)
        false = measured.false[name]
        rows.append(
            [
                name,
                len(names),
                of,
                between(hits, of),
                exact,
                percent(right, all_found),
                between(false.flagged["all"], false.rows["all"]),
            ]
        )
    return table(["guard", "kinds", "labels", "recall", "exact", "precision", "clean texts flagged"], rows)


def _default_entities() -> set[str]:
    return {rule.category for rule in PII().rules}


def _sum(counts: Counter[str], names: Iterable[str]) -> int:
    return sum(counts[name] for name in names)


def _precision(counted: Score, names: Iterable[str]) -> tuple[int, int]:
    names = list(names)
    right = _sum(counted.right, names)
    return right, right + _sum(counted.misnamed, names) + _sum(counted.stray, names)


def _categories(measured: Measured, guard: str, judge: str) -> str:
    plain, false = measured.plain, measured.false[judge]
    known = SECRET_KINDS if guard == "Secrets" else set(CATALOGUE)
    seen = set(plain.labels) | set(false.by_category)
    rows = []
    for name in sorted(name for name in seen if guard_of(name) == guard):
        hits, of = plain.hits[name], plain.labels[name]
        right, all_found = _precision(plain, [name])
        hidden, held = (
            sum(getattr(those, part)[name] for those in measured.evasions.values()) for part in ("hits", "labels")
        )
        rows.append(
            [
                f"`{name}`", of, between(hits, of) if name in known else "not looked for", percent(plain.exact[name], hits),
                percent(plain.anyhow[name], of), percent(right, all_found), percent(hidden, held),
                f"{false.by_category[name]} of {false.rows['all']}" if false.rows["all"] else "—",
            ]
        )  # fmt: skip
    head = ["kind", "labels", "recall", "exact", "as anything", "precision", "disguised", "clean texts flagged"]
    return table(head, rows)


def _recall_by_language(measured: Measured) -> str:
    rows = [[lang, *_by_guard(counted)] for lang, counted in measured.languages.items()]
    return table(["language", "labels of PII", "recall", "labels of Secrets", "recall"], rows)


def _evasions(measured: Measured) -> str:
    rows: list[Sequence[object]] = [[name, *_by_guard(counted)] for name, counted in measured.evasions.items()]
    pooled = Score()
    for counted in measured.evasions.values():
        pooled.hits.update(counted.hits)
        pooled.labels.update(counted.labels)
    rows.append(["all of them", *_by_guard(pooled)])
    return table(["evasion", "labels of PII", "still found", "labels of Secrets", "still found"], rows)


def _by_guard(counted: Score) -> list[object]:
    cells: list[object] = []
    for guard in ("PII", "Secrets"):
        names = [name for name in counted.labels if guard_of(name) == guard]
        hits, of = _sum(counted.hits, names), _sum(counted.labels, names)
        cells += [of, between(hits, of)]
    return cells


def _groups(measured: Measured, kind: str) -> str:
    groups = measured.false["PII()"].rows
    rows = [
        [
            name.removeprefix(f"{kind} "),
            groups[name],
            *(percent(those.flagged[name], those.rows[name]) for those in measured.false.values()),
        ]
        for name in sorted(groups)
        if name.startswith(f"{kind} ")
    ]
    return table([kind, "clean texts", *measured.false], rows or [["(none yet)", 0, *["—"] * len(measured.false)]])


def page(measured: Measured) -> str:
    """Return the page of the documentation."""
    return PAGE.format(**tables(measured))


def show_misses(measured: Measured) -> None:
    """Print examples of what was not found."""
    for name, examples in sorted(measured.misses.examples.items()):
        print(
            f"\n{name}: {measured.plain.labels[name] - measured.plain.hits[name]} of {measured.plain.labels[name]} missed"
        )
        for row, label in examples:
            print(f"  {row.id:24} {_excerpt(write(row.text, (label,)), label.start, label.end)}")


def show_alarms(measured: Measured) -> None:
    """Print examples of what was found where nothing is."""
    for judge in ("PII, all", "Secrets()"):
        for name, examples in sorted(measured.false[judge].examples.items()):
            print(f"\n{name}: {measured.false[judge].by_category[name]} clean texts flagged")
            for row, span in examples:
                marked = f"{row.text[: span.start]}⟦{row.text[span.start : span.end]}⟧{row.text[span.end :]}"
                print(f"  {row.source + ' ' + row.id:36} {_excerpt(marked, span.start, span.end)}")


def _excerpt(text: str, start: int, end: int) -> str:
    return repr(text[max(0, start - _AROUND) : end + _AROUND])


def _figures(measured: Measured) -> dict[str, Any]:
    return {
        "recall": {name: measured.plain.hits[name] / of for name, of in measured.plain.labels.items()},
        "evasions": {name: counted.recall() for name, counted in measured.evasions.items()},
        "clean_texts_flagged": {name: those.flagged["all"] for name, those in measured.false.items()},
        "clean_texts": len(measured.negatives),
    }


def main() -> None:
    """Measure, and print the tables, the examples asked for, or the page."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--write", type=Path, help="write the page of the documentation to this file")
    parser.add_argument("--misses", type=int, default=0, metavar="N", help="list up to N missed labels of each kind")
    parser.add_argument("--alarms", type=int, default=0, metavar="N", help="list up to N false alarms of each kind")
    parser.add_argument("--quick", action="store_true", help="judge every tenth row alone")
    given = parser.parse_args()
    step = 10 if given.quick else 1
    measured = measure(positives()[::step], negatives()[::step], examples=max(given.misses, given.alarms))
    if given.write:
        given.write.write_text(page(measured), encoding="utf-8")
        return
    for name, text in tables(measured).items():
        print(f"\n{name}\n\n{text}")
    if given.misses:
        show_misses(measured)
    if given.alarms:
        show_alarms(measured)
    save("quality", _figures(measured))


if __name__ == "__main__":
    main()
