"""The built site needs no other host, and its reference covers what the library exports."""

from __future__ import annotations

import json
import os
import re
import subprocess
import sys
from html.parser import HTMLParser
from pathlib import Path

import pytest

import genai_guard
import genai_guard.guards
from docs.pages import ROOT

SITE = os.environ.get("GENAI_GUARD_SITE", "")
built = pytest.mark.skipif(not SITE, reason="there is no built site: nox -s docs builds one and looks at it")


class Loads(HTMLParser):
    """Collects what a browser fetches by itself when it shows a page."""

    def __init__(self) -> None:
        super().__init__()
        self.urls: list[str] = []

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        """Keep the address of anything but a link that a person follows."""
        given = dict(attrs)
        name = {"link": "href", "use": "href"}.get(tag, "src")
        if tag in {"link", "script", "img", "iframe", "source", "use"} and given.get("rel") != "canonical":
            self.urls.append(given.get(name) or "")


@built
def test_no_page_loads_anything_from_another_host() -> None:
    pages = list(Path(SITE).rglob("*.html"))
    assert len(pages) > 10
    foreign = {}
    for page in pages:
        loads = Loads()
        loads.feed(page.read_text(encoding="utf-8"))
        foreign[page.name] = [url for url in loads.urls if re.match(r"(https?:)?//", url)]
    assert {name: urls for name, urls in foreign.items() if urls} == {}


@built
def test_no_style_sheet_loads_anything_from_another_host() -> None:
    sheets = list(Path(SITE).rglob("*.css"))
    assert sheets
    assert [sheet.name for sheet in sheets if re.search(r"url\(['\"]?(https?:)?//", sheet.read_text("utf-8"))] == []


@built
def test_the_search_index_holds_every_part() -> None:
    index = json.loads((Path(SITE) / "search" / "search_index.json").read_text(encoding="utf-8"))
    parts = {entry["location"].partition("/")[0] for entry in index["docs"]}
    assert parts >= {"tutorial", "how-to", "reference", "explanation"}


@built
def test_the_reference_describes_every_name_of_the_package() -> None:
    pages = "".join(page.read_text(encoding="utf-8") for page in (Path(SITE) / "reference").rglob("*.html"))
    described = set(re.findall(r'<h\d id="genai_guard\.[\w.]*?(\w+)"', pages))
    exported = {*genai_guard.__all__, *genai_guard.guards.__all__}
    assert exported - described == set()


def test_the_schema_on_the_site_is_the_one_the_command_prints() -> None:
    printed = subprocess.run(
        [sys.executable, "-m", "genai_guard", "schema"], capture_output=True, text=True, check=True, cwd=ROOT
    ).stdout
    committed = (ROOT / "docs" / "reference" / "policy-schema.json").read_text(encoding="utf-8")
    assert json.loads(printed) == json.loads(committed), (
        "write it anew: python -m genai_guard schema > docs/reference/policy-schema.json"
    )


@pytest.mark.parametrize("name", ["README.md", "CHANGELOG.md", "CONTRIBUTING.md", "ARCHITECTURE.md", "SECURITY.md"])
def test_a_page_of_the_repository_has_one_title(name: str) -> None:
    text = re.sub(r"```.*?```", "", (ROOT / name).read_text(encoding="utf-8"), flags=re.DOTALL)
    assert len(re.findall(r"^# ", text, re.MULTILINE)) == 1
