"""Draws the picture of the report that the docs show: `nox -s browser -- --picture`.

It is the top of the page of `full_page`, a day of traffic drawn from seeded chance, as Chromium shows it, in light
and in dark.
"""

from __future__ import annotations

import tempfile
from pathlib import Path

from browser.chromium import chromium
from browser.pages import full_page

TARGET = Path(__file__).parents[2] / "docs" / "pictures"
WIDTH = 1180
HEIGHT = 1752


def main() -> None:
    """Draw it."""
    TARGET.mkdir(exist_ok=True)
    with chromium() as browser, tempfile.TemporaryDirectory() as folder:
        page = Path(folder) / "report.html"
        page.write_text(full_page(), encoding="utf-8")
        for scheme in ("light", "dark"):
            browser.open(page, width=WIDTH, scheme=scheme)
            browser.picture(TARGET / f"report-{scheme}.png", height=HEIGHT)


if __name__ == "__main__":
    main()
