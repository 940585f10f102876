"""A Chromium of this machine without a window and without a network, driven by selenium."""

from __future__ import annotations

import importlib.util
import json
import re
import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

__all__ = ["CONTRAST", "Browser", "chromium", "missing"]

_NAMES = ("chromium", "chromium-browser", "google-chrome", "google-chrome-stable", "chrome")
_NAMED = re.compile(r"[A-Z]{3,}(\+[A-Z]{3,})*")
_FLAGS = (
    *("--headless=new", "--no-sandbox", "--disable-gpu", "--disable-dev-shm-usage", "--hide-scrollbars"),
    *("--disable-background-networking", "--disable-component-update", "--no-first-run"),
    "--host-resolver-rules=MAP * ~NOTFOUND, EXCLUDE 127.0.0.1",
)

CONTRAST = """
const lin = c => { c /= 255; return c <= .04045 ? c / 12.92 : ((c + .055) / 1.055) ** 2.4; };
const rgb = s => s.match(/[\\d.]+/g).map(Number);
const lum = c => .2126 * lin(c[0]) + .7152 * lin(c[1]) + .0722 * lin(c[2]);
const over = (a, b) => { const t = a.length > 3 ? a[3] : 1; return [0, 1, 2].map(i => a[i] * t + b[i] * (1 - t)); };
const behind = e => { if (!e) return [255, 255, 255]; const c = rgb(getComputedStyle(e).backgroundColor);
  return c.length > 3 && c[3] === 0 ? behind(e.parentElement) : over(c, behind(e.parentElement)); };
const out = [], walk = document.createTreeWalker(document.body, NodeFilter.SHOW_TEXT);
while (walk.nextNode()) {
  const e = walk.currentNode.parentElement, text = walk.currentNode.textContent.trim();
  if (!text || e.closest('svg') || !e.getClientRects().length) continue;
  if (!e.checkVisibility({opacityProperty: true, visibilityProperty: true})) continue;
  const back = behind(e), front = over(rgb(getComputedStyle(e).color), back);
  const [hi, lo] = [lum(front), lum(back)].sort((a, b) => b - a);
  out.push([Math.round(100 * (hi + .05) / (lo + .05)) / 100, text.slice(0, 40)]);
}
return out;
"""
"""Returns for each text that is shown its contrast with what is behind it, as WCAG 2 counts it, and the text."""


def missing() -> str:
    """Return what has to be installed; an empty string when all is there."""
    if importlib.util.find_spec("selenium") is None:
        return "needs selenium: nox -s browser"
    if _binary() is None or shutil.which("chromedriver") is None:
        return "needs a Chromium and its driver, on Debian: apt-get install chromium chromium-driver"
    return ""


def _binary() -> str | None:
    return next((found for name in _NAMES if (found := shutil.which(name))), None)


class Browser:
    """What a test does with a browser."""

    def __init__(self, driver: Any) -> None:
        self._driver = driver
        self._urls: list[str] = []

    def do(self, command: str, **values: Any) -> Any:
        """Send a command of the DevTools protocol."""
        return self._driver.execute_cdp_cmd(command, values)

    def run(self, script: str) -> Any:
        """Run a script in the page and return what it returns."""
        return self._driver.execute_script(script)

    def open(self, path: Path, *, width: int = 1280, scheme: str = "light", details: bool = False) -> None:
        """Open a file on a screen of this width, by somebody who likes it light or dark."""
        self.visit(path.as_uri(), width=width, scheme=scheme)
        if details:
            self.run("document.querySelectorAll('details').forEach(e => e.open = true)")

    def visit(self, url: str, *, width: int = 1280, scheme: str = "light") -> None:
        """Open a page of a server of this machine, or a file."""
        self.complaints()
        self.requested()
        self._urls.clear()
        self.do("Emulation.setDeviceMetricsOverride", width=width, height=900, deviceScaleFactor=1, mobile=False)
        self.do("Emulation.setEmulatedMedia", media="", features=[{"name": "prefers-color-scheme", "value": scheme}])
        self._driver.get(url)

    def keys(self, *keys: str) -> None:
        """Press keys, wherever the focus is; some have a name, such as `ENTER` and `SHIFT+TAB`."""
        from selenium.webdriver import Keys

        for each in keys:
            pressed = [getattr(Keys, name) for name in each.split("+")] if _NAMED.fullmatch(each) else [each]
            self._driver.switch_to.active_element.send_keys(*pressed)

    @contextmanager
    def tab(self) -> Iterator[None]:
        """Work in a tab of its own, which is closed at the end."""
        before = self._driver.current_window_handle
        self._driver.switch_to.new_window("tab")
        try:
            yield
        finally:
            self._driver.close()
            self._driver.switch_to.window(before)

    def complaints(self) -> list[str]:
        """Return what the console says since it was last asked."""
        return [entry["message"] for entry in self._driver.get_log("browser")]

    def requested(self) -> list[str]:
        """Return what was asked for since the page was opened, the page included."""
        for entry in self._driver.get_log("performance"):
            message = json.loads(entry["message"])["message"]
            if message["method"] == "Network.requestWillBeSent":
                self._urls.append(message["params"]["request"]["url"])
        return self._urls

    def picture(self, path: Path, *, height: int) -> None:
        """Write a picture of the top of the page."""
        path.write_bytes(self.png(height=height))

    def png(self, *, height: int) -> bytes:
        """Return a picture of the top of the page."""
        import base64

        width = self.run("return innerWidth")
        clip = {"x": 0, "y": 0, "width": width, "height": height, "scale": 1}
        found = self.do("Page.captureScreenshot", format="png", captureBeyondViewport=True, clip=clip)
        return base64.b64decode(found["data"])


@contextmanager
def chromium() -> Iterator[Browser]:
    """Start a browser, and end it."""
    from selenium.webdriver import Chrome, ChromeOptions
    from selenium.webdriver.chrome.service import Service

    options = ChromeOptions()
    options.binary_location = str(_binary())
    for flag in _FLAGS:
        options.add_argument(flag)
    options.set_capability("goog:loggingPrefs", {"browser": "ALL", "performance": "ALL"})
    driver = Chrome(options=options, service=Service(shutil.which("chromedriver")))
    try:
        yield Browser(driver)
    finally:
        driver.quit()
