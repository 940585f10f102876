"""The solutions of the labs pass their checks, and whoever has done nothing yet passes none."""

from __future__ import annotations

import re
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
LABS = sorted(path.parent.name for path in ROOT.glob("labs/*/test_lab.py"))


def checked(tmp_path: Path, *options: str) -> dict[str, int]:
    """Run the checks of all labs as a reader would, who has pytest alone; return how many tests ended how."""
    command = [
        sys.executable,
        "-m",
        "pytest",
        "-q",
        "-p",
        "no:cacheprovider",
        "-p",
        "no:asyncio",
        str(ROOT / "labs"),
        *options,
    ]
    done = subprocess.run(command, cwd=tmp_path, capture_output=True, text=True, check=False)
    last = done.stdout.splitlines()[-1]
    return {word.rstrip("s"): int(number) for number, word in re.findall(r"(\d+) (\w+)", last.partition(" in ")[0])}


def test_the_solutions_pass_all_checks(tmp_path: Path) -> None:
    assert checked(tmp_path, "--solution").keys() == {"passed"}


def test_nothing_passes_before_something_is_done(tmp_path: Path) -> None:
    assert "passed" not in checked(tmp_path)


@pytest.mark.parametrize("lab", LABS)
def test_every_task_of_a_page_is_checked(lab: str) -> None:
    page = (ROOT / "docs" / "labs" / f"{lab.replace('_', '-')}.md").read_text(encoding="utf-8")
    tasks = set(re.findall(r"^## (\d)\.", page, re.MULTILINE))
    checks = set(re.findall(r"^def test_(\d)_", (ROOT / "labs" / lab / "test_lab.py").read_text("utf-8"), re.MULTILINE))
    assert tasks == checks != set()
