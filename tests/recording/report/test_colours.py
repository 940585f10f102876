"""The colours of plots are told apart by everybody, and seen on the page.

Kinds of colour blindness as G. M. Machado, M. M. Oliveira and L. A. F. Fernandes simulate them, "A Physiologically-based
Model for Simulation of Color Vision Deficiency", IEEE Transactions on Visualization and Computer Graphics 15 (2009).
"""

from __future__ import annotations

import re
from importlib.resources import files
from itertools import combinations

import numpy as np
import pytest

CSS = (files("genai_guard.recording.report") / "page.css").read_text(encoding="utf-8")
LIGHT, DARK = (
    dict(re.findall(r"--(c\d|rest): (#\w{6})", block)) for block in re.findall(r":root \{([^}]*)\}", CSS)[:2]
)
BACKGROUNDS = {"light": "#ffffff", "dark": "#0f1318"}
SIGHT = {
    "all": np.eye(3),
    "no red": np.array(
        [[0.152286, 1.052583, -0.204868], [0.114503, 0.786281, 0.099216], [-0.003882, -0.048116, 1.051998]]
    ),
    "no green": np.array(
        [[0.367322, 0.860646, -0.227968], [0.280085, 0.672501, 0.047413], [-0.01182, 0.04294, 0.968881]]
    ),
    "no blue": np.array(
        [[1.255528, -0.076749, -0.178779], [-0.078411, 0.930809, 0.147602], [0.004733, 0.691367, 0.3039]]
    ),
}
XYZ = np.array([[0.4124, 0.3576, 0.1805], [0.2126, 0.7152, 0.0722], [0.0193, 0.1192, 0.9505]])


def linear(colour: str) -> np.ndarray:
    values = np.array([int(colour[at : at + 2], 16) / 255 for at in (1, 3, 5)])
    return np.where(values <= 0.04045, values / 12.92, ((values + 0.055) / 1.055) ** 2.4)


def lab(light: np.ndarray) -> np.ndarray:
    """Return the place of a colour in CIELAB."""
    x, y, z = np.cbrt(XYZ @ np.clip(light, 0, 1) / np.array([0.9505, 1.0, 1.089]))
    return np.array([116 * y - 16, 500 * (x - y), 200 * (y - z)])


@pytest.mark.parametrize("palette", [LIGHT, DARK], ids=["light", "dark"])
@pytest.mark.parametrize("sight", SIGHT)
def test_any_two_colours_are_told_apart(sight: str, palette: dict[str, str]) -> None:
    assert len(palette) == 8
    seen = {name: lab(SIGHT[sight] @ linear(colour)) for name, colour in palette.items()}
    apart = {(a, b): float(np.linalg.norm(seen[a] - seen[b])) for a, b in combinations(seen, 2)}
    assert {pair: distance for pair, distance in apart.items() if distance < 15} == {}


@pytest.mark.parametrize(("scheme", "palette"), [("light", LIGHT), ("dark", DARK)])
def test_every_colour_stands_out_from_the_page(scheme: str, palette: dict[str, str]) -> None:
    page = float(XYZ[1] @ linear(BACKGROUNDS[scheme]))
    for name, colour in palette.items():
        high, low = sorted([page, float(XYZ[1] @ linear(colour))], reverse=True)
        assert (high + 0.05) / (low + 0.05) >= 3, name
