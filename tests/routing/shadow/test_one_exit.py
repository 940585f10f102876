"""What a copy leaves behind: redacted rows, no text of a request, and a process that ends."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

from calls import target
from genai_guard import InferenceLog, MetricsRecorder, Pipeline
from genai_guard.guards import PII, BlockedPatterns
from genai_guard.routing.shadow import Shadow

SECRET = "nightjar-7f3a"


def test_the_log_of_the_copies_holds_redacted_replies_and_no_requests(tmp_path: Path) -> None:
    log = InferenceLog(tmp_path)
    shadow = Shadow(
        "other", target=lambda _: f"{SECRET} bob@example.com", sample=1.0, recorder=MetricsRecorder(log=log)
    )
    guards = [BlockedPatterns([SECRET], action="flag"), PII(action="redact")]
    ask = Pipeline(input=guards, output=guards, shadow=shadow)(target("def", ["fine"]))

    ask(f"{SECRET} ann@example.com")
    assert shadow.close(timeout_s=30)
    (row,) = log.read()

    assert row["request"] is None
    assert "[EMAIL]" in row["response"]
    written = "".join(path.read_text("utf-8") for path in log.segments())
    for secret in (SECRET, "ann@example.com", "bob@example.com"):
        assert secret not in written
        assert secret not in repr(shadow.summary()) + str(shadow.snapshot())


def test_a_process_does_not_wait_for_copies_that_hang() -> None:
    program = """
import threading
from genai_guard import Pipeline
from genai_guard.routing.shadow import Shadow
shadow = Shadow("other", target=lambda prompt: threading.Event().wait(), sample=1.0)
print(Pipeline(shadow=shadow)(lambda prompt: "fine")("hello"))
"""
    done = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, timeout=60, check=True)

    assert (done.stdout, done.stderr) == ("fine\n", "")
