"""HTML that cannot be broken out of: whatever is not made here is escaped, and what cannot be seen is shown as an escape.

A text may hold anything: tags, quotes, control characters, half of a surrogate pair, characters that turn the direction
of the line. None of them reaches the page as such.
"""

from __future__ import annotations

import html
import re
from collections.abc import Iterable
from typing import Final

__all__ = ["Markup", "element", "joined", "plain", "visible"]

_INVISIBLE: Final = re.compile(
    "[\x00-\x08\x0b-\x1f\x7f-\xa0\xad\u034f\u061c\u115f\u1160\u17b4\u17b5\u180b-\u180f\u200b-\u200f\u2028-\u202f"
    "\u205f-\u206f\u2800\u3000\u3164\ud800-\udfff\ufe00-\ufe0f\ufeff\uffa0\ufff0-\uffff\U000e0000-\U000e0fff]"
)
_VOID: Final = frozenset({"br", "col", "hr", "meta"})
"""Elements that HTML closes by itself. Those of SVG are not: one that is left open swallows what follows."""


class Markup(str):
    """Finished HTML."""

    __slots__ = ()

    def __html__(self) -> str:
        """Return itself: what templates ask before they escape."""
        return self


def visible(text: str) -> Markup:
    """Return a text as HTML, with an escape for each character that would not be seen, or would be obeyed."""
    pieces: list[str] = []
    at = 0
    for found in _INVISIBLE.finditer(text):
        pieces += (html.escape(text[at : found.start()]), f'<span class="escape">{_escape(found[0])}</span>')
        at = found.end()
    return Markup("".join((*pieces, html.escape(text[at:]))))


def plain(text: str) -> Markup:
    """Return a text as HTML without elements, for attributes and titles, with the same escapes."""
    return Markup(html.escape(_readable(text)))


def element(name: str, /, *children: str | None, **attributes: str | float | None) -> Markup:
    """Return an element.

    Args:
        name: Name of the tag.
        children: What is in it. A plain string is escaped, `Markup` is taken as it is, None left out. A title has no
            elements.
        attributes: Their values are escaped; None leaves one out. `class_` is `class`, an underscore a hyphen.
    """
    given = "".join(
        f' {key.rstrip("_").replace("_", "-")}="{plain(value if isinstance(value, str) else f"{value:g}")}"'
        for key, value in attributes.items()
        if value is not None
    )
    inner = joined(children) if name != "title" else joined(plain(child) for child in children if child)
    return Markup(f"<{name}{given}>" if name in _VOID and not inner else f"<{name}{given}>{inner}</{name}>")


def joined(children: Iterable[str | None]) -> Markup:
    """Return one piece of HTML out of several."""
    return Markup("".join(child if isinstance(child, Markup) else visible(child) for child in children if child))


def _readable(text: str) -> str:
    return _INVISIBLE.sub(lambda found: _escape(found[0]), text)


def _escape(char: str) -> str:
    code = ord(char)
    return f"\\x{code:02x}" if code < 0x100 else f"\\u{code:04x}" if code < 0x10000 else f"\\U{code:08x}"
