"""The scripts that the server runs: each is one step that no other client can come between."""

from __future__ import annotations

from functools import cache
from hashlib import sha1
from importlib.resources import files
from typing import NamedTuple

__all__ = ["Script", "script"]


class Script(NamedTuple):
    """A script.

    Attributes:
        text: Its source.
        sha: What the server calls it.
    """

    text: str
    sha: str


@cache
def script(name: str) -> Script:
    """Return a script.

    What scripts define they define anew each time they are run. So there are shorter ones where all limits are rates and
    windows, as those of most calls are.
    """
    text = "\n".join((_FOLDER / f"{part}.lua").read_text(encoding="utf-8") for part in _PARTS[name])
    return Script(text, sha1(text.encode(), usedforsecurity=False).hexdigest())


_FOLDER = files("genai_guard.limits.stores.redis") / "lua"
_EVERY_KIND = ("shared", "claims", "rates", "accounts", "machines")
_PARTS = {
    "reserve": (*_EVERY_KIND, "reserve"),
    "reserve_rates": ("shared", "rates", "reserve_rates"),
    "extend": (*_EVERY_KIND, "extend"),
    "settle": (*_EVERY_KIND, "settle"),
    "settle_rates": ("shared", "claims", "rates", "machines", "settle"),
    "look": (*_EVERY_KIND, "look"),
    "reset": (*_EVERY_KIND, "reset"),
    "tally": ("tally",),
}
