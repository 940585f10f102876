"""The report in a real browser, which is without a network: whole, legible, on any screen and on paper."""

from __future__ import annotations

import base64
import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from browser.chromium import CONTRAST, Browser, chromium, missing
from browser.pages import full_page, hostile_page, one_call_page

pytestmark = pytest.mark.skipif(bool(missing()), reason=missing())

PAGES = {"full": full_page, "one call": one_call_page, "hostile": hostile_page}


@pytest.fixture(scope="module")
def browser() -> Iterator[Browser]:
    with chromium() as found:
        yield found


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("pages")
    for name, make in PAGES.items():
        (folder / f"{name}.html").write_text(make(), encoding="utf-8")
    return folder


@pytest.mark.parametrize("name", PAGES)
def test_it_asks_for_nothing_and_has_nothing_to_complain_about(name: str, folder: Path, browser: Browser) -> None:
    browser.open(folder / f"{name}.html")
    assert browser.complaints() == []
    assert {url for url in browser.requested() if not url.startswith("file:")} == set()
    assert len(browser.requested()) <= 1
    assert browser.run("return document.querySelectorAll('script,img,link,iframe').length") == 0


@pytest.mark.parametrize("scheme", ["light", "dark"])
@pytest.mark.parametrize("name", PAGES)
def test_every_word_is_legible(name: str, scheme: str, folder: Path, browser: Browser) -> None:
    browser.open(folder / f"{name}.html", scheme=scheme, details=True)
    found: list[Any] = browser.run(CONTRAST)
    assert len(found) > 20
    assert [each for each in found if each[0] < 4.5] == []
    background = browser.run("return getComputedStyle(document.body).backgroundColor")
    assert background == {"light": "rgb(255, 255, 255)", "dark": "rgb(15, 19, 24)"}[scheme]


@pytest.mark.parametrize("width", [360, 768, 1280, 1920])
@pytest.mark.parametrize("name", PAGES)
def test_nothing_sticks_out_and_no_labels_overlap(name: str, width: int, folder: Path, browser: Browser) -> None:
    browser.open(folder / f"{name}.html", width=width)
    assert browser.run("return document.documentElement.scrollWidth") <= width
    assert browser.run(OVERLAPS) == []


def test_every_plot_has_room_and_a_title(folder: Path, browser: Browser) -> None:
    for width in (360, 1280):
        browser.open(folder / "full.html", width=width)
        plots = browser.run(PLOTS)
        assert len(plots) == 12
        assert [plot for plot in plots if plot["width"] < 200 or plot["height"] < 70 or not plot["title"]] == []
        assert [plot for plot in plots if plot["shapes"] < 1] == []


def test_every_interval_is_drawn_with_all_of_its_parts(folder: Path, browser: Browser) -> None:
    browser.open(folder / "full.html")
    assert set(
        browser.run(
            "return [...document.querySelectorAll('.interval')].map(s => s.querySelectorAll(':scope > rect').length)"
        )
    ) == {3}


@pytest.mark.parametrize("name", PAGES)
def test_it_can_be_printed(name: str, folder: Path, browser: Browser) -> None:
    browser.open(folder / f"{name}.html", scheme="dark")
    pdf = base64.b64decode(browser.do("Page.printToPDF", printBackground=True)["data"])
    assert 1 <= len(re.findall(rb"/Type /Page\b(?!s)", pdf)) <= 12
    browser.do("Emulation.setEmulatedMedia", media="print")
    assert browser.run("return getComputedStyle(document.body).backgroundColor") == "rgb(255, 255, 255)"
    assert [each for each in browser.run(CONTRAST) if each[0] < 4.5] == []


OVERLAPS = """
const out = [];
for (const axis of document.querySelectorAll('.xs, .ys')) {
  const boxes = [...axis.children].map(e => e.getBoundingClientRect()).filter(b => b.width > 0);
  const upright = axis.className === 'ys';
  boxes.sort((a, b) => upright ? a.top - b.top : a.left - b.left);
  boxes.forEach((b, i) => { if (i && (upright ? boxes[i-1].bottom > b.top + 1 : boxes[i-1].right > b.left + 1)) out.push(axis.innerText); });
}
return out;
"""
PLOTS = """
return [...document.querySelectorAll('.plot > svg')].map(s => { const b = s.getBoundingClientRect();
  return {width: b.width, height: b.height, title: s.querySelector('title').textContent, shapes: s.querySelectorAll('path, rect:not(.tip)').length}; });
"""


@pytest.mark.parametrize("width", [1050, 1180, 1280])
def test_tables_are_seen_whole_on_a_wide_screen(width: int, folder: Path, browser: Browser) -> None:
    browser.open(folder / "full.html", width=width)
    cut = "return [...document.querySelectorAll('.scroll')].filter(e => e.scrollWidth > e.clientWidth + 1).map(e => e.innerText.slice(0, 60))"
    assert browser.run(cut) == []


def test_on_paper_no_table_is_cut_off(folder: Path, browser: Browser) -> None:
    browser.open(folder / "full.html", width=700)  # of A4 between its margins
    browser.do("Emulation.setEmulatedMedia", media="print")
    cut = "return [...document.querySelectorAll('.scroll')].filter(e => e.scrollWidth > e.clientWidth + 1).map(e => e.innerText.slice(0, 60))"
    assert browser.run(cut) == []
