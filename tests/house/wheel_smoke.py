"""Tries an installed wheel as a user has it. Run by `nox -s wheel`, with the interpreter of a clean environment.

python -I wheel_smoke.py genai_guard-0.1.0-py3-none-any.whl
"""

from __future__ import annotations

import subprocess
import sys
import sysconfig
import zipfile
from importlib.metadata import metadata, version
from pathlib import Path

MAX_BYTES = 3_000_000


def check_contents(wheel: Path) -> None:
    names = zipfile.ZipFile(wheel).namelist()
    outside = [
        name for name in names if not name.startswith(("genai_guard/", f"genai_guard-{version('genai_guard')}."))
    ]
    assert outside == [], f"not ours: {outside}"
    assert "genai_guard/py.typed" in names, "type checkers need py.typed"
    assert any(name.endswith("licenses/LICENSE") for name in names), "the licence is missing"
    assert wheel.stat().st_size < MAX_BYTES, f"{wheel.stat().st_size} bytes"


def check_metadata() -> None:
    found = metadata("genai_guard")
    assert found["License-Expression"] == "Apache-2.0"
    assert found["Requires-Python"] == ">=3.11"
    assert found["Summary"]
    assert found.json["description"], "the readme is missing"


def check_it_works() -> None:
    from genai_guard import GuardBlocked, Limit, MetricsRecorder, Pipeline, RateLimiter
    from genai_guard.guards import PII, BlockedPatterns

    recorder = MetricsRecorder()
    pipeline = Pipeline(
        input=[PII(action="redact"), BlockedPatterns(["nightjar"])],
        limiter=RateLimiter(Limit.requests(10, per="minute")),
        recorder=recorder,
    )

    @pipeline
    def echo(prompt: str) -> str:
        return prompt

    assert echo("write to bob@example.com") == "write to [EMAIL]"
    status = 200
    try:
        echo("project nightjar")
    except GuardBlocked as blocked:
        status = blocked.http_status
    assert status == 400
    recorder.close()


def check_the_commands() -> None:
    script = Path(sysconfig.get_path("scripts")) / "genai-guard"
    for command in ([sys.executable, "-m", "genai_guard", "schema"], [str(script), "schema"]):
        printed = subprocess.run(command, capture_output=True, text=True, check=True).stdout
        assert '"$schema"' in printed or '"properties"' in printed


def main(wheel: Path) -> None:
    import genai_guard

    where = Path(genai_guard.__file__ or "").resolve()
    assert where.is_relative_to(Path(sys.prefix).resolve()), f"imported from {where}, not from the wheel"
    check_contents(wheel)
    check_metadata()
    check_it_works()
    check_the_commands()
    sys.stdout.write(f"{wheel.name}: {wheel.stat().st_size:,} bytes, works\n")


if __name__ == "__main__":
    main(Path(sys.argv[1]))
