"""Law 14: importing and using the library opens no socket and writes no file that was not configured."""

from __future__ import annotations

import subprocess
import sys
import textwrap

PROGRAM = """
    import sys

    def watch(event, args):
        if event.startswith("socket.") and event != "socket.gethostname":
            raise AssertionError(f"{event} {args}")
        if event == "open" and any(flag in str(args[1] or "") for flag in "wax+") and not str(args[0]).startswith("/dev"):
            raise AssertionError(f"{event} {args}")

    import asyncio
    asyncio.new_event_loop().close()  # its self-pipe is a socket pair of the interpreter's own
    import socket
    socket.socket.connect = None
    sys.dont_write_bytecode = True
    sys.addaudithook(watch)

    from genai_guard import (Alert, Experiment, ExperimentRouter, Limit, MetricsRecorder, Pipeline, RateLimiter,
                             Variant, caller)
    from genai_guard.guards import PII, BlockedPatterns, Length

    pipeline = Pipeline(
        input=[Length(max_tokens=10), PII()],
        output=[PII(), BlockedPatterns(["poison"])],
        limiter=RateLimiter(Limit.requests(60, per="minute"), Limit.tokens(1_000_000, per="minute")),
        router=ExperimentRouter(Experiment("m", Variant("a"), Variant("b"))),
        recorder=MetricsRecorder(alerts=[Alert.latency_p99(above_ms=500), Alert.guardrail_hits()]),
        on_reject=lambda rejection: "no",
    )

    @pipeline
    def ask(prompt: str) -> str:
        return "write to bob@example.com"

    with caller(user="u-1"):
        assert ask("hello") == "write to [EMAIL]"
        assert ask("antidisestablishmentarianism " * 50) == "no"
    pipeline.recorder.snapshot()
    pipeline.recorder.close()
    print("quiet")
"""


def test_a_run_in_a_process_whose_sockets_and_writes_raise_works() -> None:
    done = subprocess.run(
        [sys.executable, "-c", textwrap.dedent(PROGRAM)], capture_output=True, text=True, check=False, timeout=60
    )
    assert done.stdout.strip().endswith("quiet"), done.stderr
