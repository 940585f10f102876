"""A process that records into everything that is kept, and is killed again and again: for `test_kills`, which runs it.

It is warm: each life is a fork of it, which takes milliseconds. A life acknowledges a call, by a line on a pipe, once it
was flushed; it is killed after so many lines and at any point of what it does next. What was acknowledged is then compared with what
can be read.
"""

from __future__ import annotations

import gc
import json
import os
import random
import signal
import sys
import time
from collections.abc import Callable
from itertools import count
from pathlib import Path
from typing import Any

from genai_guard.messages import Caller, Part
from genai_guard.recording import (
    AuditLog,
    Event,
    ExposureLog,
    InferenceLog,
    MetricsRecorder,
    Redactor,
    no_scan,
)
from genai_guard.recording.feedback import SqliteFeedbackStore
from genai_guard.routing.experiment import Assignment, Reason
from genai_guard.verdicts import Action, Finding, Verdict

PLAIN = Redactor(scan=no_scan)
BLOCKED = (Verdict(Action.BLOCK, findings=(Finding("pii.email", "EMAIL", 0, 3),), guard="pii"),)


class Kept:
    """Everything in a folder that a recorder writes to."""

    def __init__(self, folder: Path) -> None:
        self.log = InferenceLog(folder / "log", redact=PLAIN, max_segment_mb=0.005)
        self.exposures = ExposureLog(folder / "exposures", max_segment_mb=0.002)
        self.feedback = SqliteFeedbackStore(folder / "feedback.sqlite", redact=PLAIN)
        self.audit = AuditLog(
            folder / "audit", key=lambda: "k" * 32, anchor=folder / "heads.jsonl", anchor_every_s=0.002, redact=PLAIN,
            max_segment_mb=0.005,
        )  # fmt: skip

    def live(self, life: int, acknowledge: Callable[[bytes], object]) -> None:
        """Record calls for ever, three between two flushes."""
        metrics = MetricsRecorder(log=self.log, exposures=self.exposures, feedback=self.feedback, audit=self.audit)
        for number in count():
            name = f"{life}-{number}"
            metrics.record(call(name))
            metrics.feedback(name, comment=f"about {name}")
            if number % 3 == 2 and metrics.flush(timeout_s=30):
                acknowledge(b"%d\n" % number)

    def found(self) -> dict[str, Any]:
        """Return what can be read, by the names of the calls."""
        verified = self.audit.verify()
        torn: list[int] = []
        return {
            "log": [row["request_id"] for row in self.log.read(on_skip=lambda _, number: torn.append(number))],
            "exposures": [row["request_id"] for row in self.exposures.read()],
            "feedback": [each.request_id for each in self.feedback.read()],
            "audit": [each["facts"]["request_id"] for each in self.audit.read() if each["kind"] == "block"],
            "whole": verified.ok,
            "anchored": verified.anchored,
            "torn": len(torn),
        }

    def cut(self, chance: random.Random) -> bool:
        """Cut the end of the audit off, as far back as its last anchor at least; return whether it still verifies."""
        keep = chance.randrange(self.audit.verify().anchored)
        for segment in self.audit.segments():
            lines = segment.read_bytes().splitlines(keepends=True)
            segment.write_bytes(b"".join(lines[:keep]))
            keep = max(keep - len(lines), 0)
        return self.audit.verify().ok


def call(name: str) -> Event:
    """A call that everything is written of."""
    assigned = Assignment("tone", "short", {}, Reason.SPLIT, unit=name)
    return Event(
        1.7e9, name, status="blocked", caller=Caller(user=name), verdicts=BLOCKED, assignments=(assigned,), attempts=1,
        request=(Part("x" * random.randrange(300)),),
    )  # fmt: skip


def killed(kept: Kept, life: int, chance: random.Random) -> set[str]:
    """Let a process live until it is killed; return the names of the calls that it acknowledged."""
    read, write = os.pipe()
    child = os.fork()
    if child == 0:
        os.close(read)
        try:
            kept.live(life, lambda line: os.write(write, line))
        finally:
            os._exit(1)
    os.close(write)
    with os.fdopen(read, "rb") as pipe:
        lines = [pipe.readline() for _ in range(chance.randrange(1, 4))]
        time.sleep(chance.uniform(0.0, 0.003))
        os.kill(child, signal.SIGKILL)
        lines += pipe.readlines()
    assert os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]) == -signal.SIGKILL
    last = max([int(line) for line in lines if line.endswith(b"\n")], default=-1)
    return {f"{life}-{number}" for number in range(last + 1)}


def main(folder: str, kills: int, lives: int) -> None:
    """Kill so often, in a folder for so many lives each, and print what was found after each kill."""
    gc.freeze()  # or each fork copies what its collections touch
    chance = random.Random(kills)
    acknowledged: set[str] = set()
    for life in range(kills):
        if life % lives == 0:
            kept, acknowledged = Kept(Path(folder) / str(life)), set()
        acknowledged |= killed(kept, life, chance)
        found = kept.found()
        read = {name: found.pop(name) for name in ("log", "exposures", "feedback", "audit")}
        said = {
            "acknowledged": len(acknowledged),
            "lost": {name: sorted(acknowledged - set(names)) for name, names in read.items()},
            "doubled": {name: len(names) - len(set(names)) for name, names in read.items()},
            **found,
        }
        if life % lives == lives - 1:
            said["cut_unnoticed"] = kept.cut(chance)
        sys.stdout.write(json.dumps(said) + "\n")


if __name__ == "__main__":
    main(sys.argv[1], int(sys.argv[2]), int(sys.argv[3]))
