"""`kill -9` of a process that records into everything at once, two hundred times."""

from __future__ import annotations

import json
import os
import subprocess
import sys
import tempfile
from pathlib import Path

import pytest

import killed_recorder

KILLS = 200
LIVES = 10
"""Lives in one folder, each going on where the one before was killed."""

_MEMORY = Path("/dev/shm")  # a kill is not a power cut, and waiting for a disk is no part of it


@pytest.mark.skipif(not hasattr(os, "fork"), reason="no fork on this system")
def test_200_kills_lose_nothing_that_was_acknowledged(tmp_path: Path) -> None:
    with tempfile.TemporaryDirectory(dir=_MEMORY if os.access(_MEMORY, os.W_OK) else tmp_path) as folder:
        command = [sys.executable, "-W", "ignore::DeprecationWarning", killed_recorder.__file__, folder]
        done = subprocess.run([*command, str(KILLS), str(LIVES)], stdout=subprocess.PIPE, check=True, timeout=300)
    kills = [json.loads(line) for line in done.stdout.splitlines()]
    places = ("log", "exposures", "feedback", "audit")

    assert len(kills) == KILLS
    assert [each["lost"] for each in kills] == [{place: [] for place in places}] * KILLS
    assert [each["doubled"] for each in kills] == [dict.fromkeys(places, 0)] * KILLS
    assert all(each["whole"] for each in kills), "the audit verifies against its anchors"
    assert sum(each["torn"] for each in kills) <= KILLS
    assert [each["cut_unnoticed"] for each in kills if "cut_unnoticed" in each] == [False] * (KILLS // LIVES)
    assert max(each["acknowledged"] for each in kills) > LIVES
