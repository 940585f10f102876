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
    """Return one of `reserve`, `extend`, `settle`, `look` and `reset`.

    What scripts define they define anew each time they are run. So there are shorter ones, such as `reserve rates`, for
    calls that are counted by rates and windows alone, as most are.
    """
    work, _, kinds = name.partition(" ")
    parts = ("shared", "rates", *(() if kinds else ("accounts",)), "machines", work)
    text = "\n".join((_FOLDER / f"{part}.lua").read_text(encoding="utf-8") for part in parts)
    return Script(text, sha1(text.encode(), usedforsecurity=False).hexdigest())


_FOLDER = files("genai_guard.limits.stores.redis") / "lua"
