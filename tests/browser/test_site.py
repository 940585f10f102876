"""The documentation in a real browser without a network: found by its search, legible, and no wider than a telephone."""

from __future__ import annotations

import functools
import http.server
import importlib.util
import subprocess
import sys
import threading
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from browser.chromium import CONTRAST, Browser, chromium, missing
from browser.served import eventually

ROOT = Path(__file__).parents[2]
PAGES = ("", "reference/batch/")
PICTURES = ("pictures/parts.svg", "pictures/flow.svg")

pytestmark = [
    pytest.mark.skipif(bool(missing()), reason=missing()),
    pytest.mark.skipif(importlib.util.find_spec("mkdocstrings") is None, reason="needs mkdocs: nox -s browser"),
]


class Quiet(http.server.SimpleHTTPRequestHandler):
    """Serves files, and says nothing about it."""

    def log_message(self, *_: object) -> None:
        pass


@pytest.fixture(scope="module")
def address(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """Build the site, so strictly that a warning is an error, and serve it."""
    folder = tmp_path_factory.mktemp("site")
    command = [sys.executable, "-m", "mkdocs", "build", "--strict", "--quiet", "--site-dir", str(folder)]
    built = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=False)
    assert built.returncode == 0, built.stderr[-2_000:]
    with http.server.ThreadingHTTPServer(("127.0.0.1", 0), functools.partial(Quiet, directory=folder)) as server:
        thread = threading.Thread(target=server.serve_forever)
        thread.start()
        try:
            yield f"http://127.0.0.1:{server.server_port}/"
        finally:
            server.shutdown()
            thread.join()


@pytest.fixture(scope="module")
def browser() -> Iterator[Browser]:
    with chromium() as found:
        yield found


def elsewhere(browser: Browser, address: str) -> list[str]:
    """Return what was asked for that is not on this server."""
    return [url for url in browser.requested() if not url.startswith((address, "data:", "blob:"))]


def test_the_search_box_finds_a_page_without_a_network(browser: Browser, address: str) -> None:
    browser.visit(address)
    browser.run("document.querySelector('.md-search__input').focus()")
    browser.keys("kill", "SPACE", "checkpoint")
    links = "return [...document.querySelectorAll('.md-search-result__link')].map(e => e.href)"
    found = eventually(lambda: browser.run(links))
    assert any(url.startswith(f"{address}how-to/batch/") for url in found), found
    browser.run("document.querySelector('.md-search-result__link[href*=\"how-to/batch/\"]').click()")
    eventually(lambda: browser.run("return document.querySelector('h1').innerText").startswith("Run many rows"))
    assert elsewhere(browser, address) == []
    assert browser.complaints() == []


@pytest.mark.parametrize("scheme", ["light", "dark"])
@pytest.mark.parametrize("page", PAGES)
def test_every_word_is_legible(page: str, scheme: str, browser: Browser, address: str) -> None:
    browser.visit(address + PICTURES[0])  # which runs nothing
    browser.run("localStorage.clear()")  # where the site keeps the scheme that it showed first
    browser.visit(address + page, scheme=scheme)
    wanted = {"light": "default", "dark": "slate"}[scheme]
    eventually(lambda: browser.run("return document.body.dataset.mdColorScheme") == wanted)
    found: list[Any] = browser.run(CONTRAST)
    assert len(found) > 50
    assert [each for each in found if each[0] < 4.5] == []
    assert browser.complaints() == []
    assert elsewhere(browser, address) == []


def test_the_pictures_are_shown(browser: Browser, address: str) -> None:
    browser.visit(f"{address}explanation/flow/")
    shown = "return [...document.images].filter(e => e.complete && e.naturalWidth > 100 && e.offsetHeight > 50).map(e => e.src)"
    eventually(lambda: len(browser.run(shown)) == len(PICTURES))
    assert {url.removeprefix(address) for url in browser.run(shown)} == set(PICTURES)
    assert browser.complaints() == []


@pytest.mark.parametrize("page", [*PAGES, "explanation/flow/", "how-to/batch/", "reference/command-line/"])
def test_nothing_sticks_out_on_a_telephone(page: str, browser: Browser, address: str) -> None:
    browser.visit(address + page, width=360)
    assert browser.run("return document.documentElement.scrollWidth") <= 360
