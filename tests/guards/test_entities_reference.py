"""The page of the reference says of every entity what the code says."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from genai_guard.guards.entities.catalogue import CATALOGUE, DEFAULT_THRESHOLD, ENTITIES, GROUPS
from genai_guard.guards.entities.entity import Entity

PAGE = (Path(__file__).parents[2] / "docs" / "reference" / "pii.md").read_text(encoding="utf-8")


def row(entity: Entity) -> str:
    """The entity's row: what is checked, its best scores alone and after a word, and whether it is looked for."""
    context = "(?<=(?<!\\w)(?i:(?:"
    named = max((rule.score for rule in entity.rules if context in rule.pattern), default=0)
    bare = max((rule.score for rule in entity.rules if context not in rule.pattern), default=0)
    if entity.extra:
        when = "extra `pii`"
    elif entity.name not in ENTITIES:
        when = "no"
    else:
        when = "yes" if bare >= DEFAULT_THRESHOLD else "after a word"
    scores = " | ".join(f"{score:g}" if score else "-" for score in (bare, named))
    return f"| `{entity.name}` | {entity.how} | {scores} | {when} |"


@pytest.mark.parametrize("name", CATALOGUE)
def test_the_page_has_the_row_of_every_entity(name: str) -> None:
    assert row(CATALOGUE[name]) in PAGE


def test_the_page_has_no_other_rows_and_counts_right() -> None:
    assert re.findall(r"^\| `([A-Z_]+)` \|", PAGE, re.MULTILINE) == list(CATALOGUE)
    assert f"finds {len(CATALOGUE)} kinds of personal data. {len(ENTITIES)} of them" in PAGE
    assert all(f"`{group}`" in PAGE for group in GROUPS if len(group) > 2)
