"""The file of a learned scorer: weights of one byte each, and what they mean.

Layout: 8 bytes of magic and version, the length of the header (4 bytes, big-endian), the header (JSON), the weights (zlib), and
a BLAKE2b digest of 16 bytes over all before it. The digest is the identity of the model; it is in its card and in findings.
"""

from __future__ import annotations

import json
import zlib
from array import array
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from hashlib import blake2b
from pathlib import Path
from typing import Any, Final, cast

from genai_guard.errors import ConfigurationError

__all__ = ["VERSION", "Head", "Model", "Sizes"]

VERSION: Final = 2
"""Of the layout and of what features are; a file of another version is refused."""
_MAGIC: Final = b"GGMODEL"
_DIGEST: Final = 16
_LONGEST: Final = 16 << 20
"""Bytes of weights, unpacked; no file may claim more."""


@dataclass(frozen=True, slots=True)
class Sizes:
    """How many weights a head has for words, pieces of words and pairs of words; powers of two."""

    words: int
    pieces: int
    pairs: int

    @property
    def total(self) -> int:
        """All of them."""
        return self.words + self.pieces + self.pairs


@dataclass(frozen=True, slots=True)
class Head:
    """What speaks for one category.

    The logarithm of the odds is `bias`, plus for each feature that a text has its weight. Weights are stored as bytes and
    stand for `scale` times as much.

    Attributes:
        name: The category.
        bias: Of a text without words.
        scales: What a step of the weights of words, pieces and pairs is worth.
        structure: The weights of the features that rules find.
        thresholds: Probabilities from which on a text counts, by the share of harmless texts that reach them.
        weights: Of words, pieces and pairs, one after another.
    """

    name: str
    bias: float
    scales: tuple[float, float, float]
    structure: tuple[float, ...]
    thresholds: tuple[tuple[float, float], ...]
    weights: array[int]


@dataclass(frozen=True, slots=True)
class Model:
    """A scorer as it is stored.

    Attributes:
        task: Which structure its heads read: `injection` or `harm`.
        sizes: Of the tables.
        heads: One for each category.
        digest: Hexadecimal; of the file.
    """

    task: str
    sizes: Sizes
    heads: tuple[Head, ...]
    digest: str = ""

    def to_bytes(self) -> bytes:
        """Return the contents of a file; the same for the same model."""
        header = {
            "task": self.task,
            "sizes": [self.sizes.words, self.sizes.pieces, self.sizes.pairs],
            "heads": [
                {
                    "name": head.name,
                    "bias": head.bias,
                    "scales": head.scales,
                    "structure": head.structure,
                    "thresholds": head.thresholds,
                }
                for head in self.heads
            ],
        }
        head = json.dumps(header, separators=(",", ":"), sort_keys=True).encode()
        weights = zlib.compress(b"".join(each.weights.tobytes() for each in self.heads), 9)
        data = _MAGIC + bytes([VERSION]) + len(head).to_bytes(4, "big") + head + weights
        return data + blake2b(data, digest_size=_DIGEST).digest()

    @classmethod
    def from_bytes(cls, data: bytes, *, name: str = "the model") -> Model:
        """Read the contents of a file.

        Args:
            data: All of it.
            name: What errors call it.

        Raises:
            ConfigurationError: it is no model, of another version, cut short, or damaged.
        """
        if data[: len(_MAGIC)] != _MAGIC:
            raise ConfigurationError(f"{name} is no model of genai_guard")
        if data[len(_MAGIC)] != VERSION if len(data) > len(_MAGIC) else True:
            found = data[len(_MAGIC)] if len(data) > len(_MAGIC) else "none"
            raise ConfigurationError(
                f"{name} has version {found} of the format, and this release reads version {VERSION}: train it anew"
            )
        body, digest = data[:-_DIGEST], data[-_DIGEST:]
        if blake2b(body, digest_size=_DIGEST).digest() != digest:
            raise ConfigurationError(f"{name} is cut short or damaged: its digest is another one")
        try:
            return cls._read(body, digest.hex())
        except (KeyError, TypeError, ValueError, zlib.error) as error:
            raise ConfigurationError(f"{name} is damaged: {type(error).__name__} in its header or weights") from error

    @classmethod
    def _read(cls, body: bytes, digest: str) -> Model:
        start = len(_MAGIC) + 1 + 4
        end = start + int.from_bytes(body[start - 4 : start], "big")
        header: dict[str, Any] = json.loads(body[start:end])
        sizes = Sizes(*header["sizes"])
        heads: Sequence[Mapping[str, Any]] = header["heads"]
        weights = zlib.decompressobj().decompress(body[end:], _LONGEST)
        if len(weights) != sizes.total * len(heads):
            raise ValueError("the weights are fewer or more than the header says")
        parts = (weights[at : at + sizes.total] for at in range(0, len(weights), sizes.total))
        return cls(header["task"], sizes, tuple(map(_head, heads, parts)), digest)

    @classmethod
    def load(cls, path: Path) -> Model:
        """Read a file.

        Raises:
            ConfigurationError: there is none, or as for `from_bytes`.
        """
        try:
            data = path.read_bytes()
        except OSError as error:
            raise ConfigurationError(f"there is no model at {path}: {type(error).__name__}") from error
        return cls.from_bytes(data, name=path.name)


def _head(header: Mapping[str, Any], weights: bytes) -> Head:
    scales = cast("tuple[float, float, float]", tuple(map(float, header["scales"])))
    structure = tuple(map(float, header["structure"]))
    thresholds = tuple((float(share), float(least)) for share, least in header["thresholds"])
    return Head(str(header["name"]), float(header["bias"]), scales, structure, thresholds, array("b", weights))
