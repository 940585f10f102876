"""Runs rows through a pipeline, several at a time, and goes on where an earlier run was stopped.

Shows rows as keyword arguments, a limit that is waited for, an error of a row, a checkpoint, and a scan without calls.
Run: python examples/batch_rows.py
"""

from __future__ import annotations

import time
from pathlib import Path
from tempfile import TemporaryDirectory

from genai_guard import Limit, Pipeline, RateLimiter
from genai_guard.batch import scan
from genai_guard.guards import PII, BlockedPatterns

POLICY = {"version": 1, "input": [{"guard": "pii", "action": "redact"}]}
pipeline = Pipeline(
    input=[PII(action="redact"), BlockedPatterns(["project falcon"])],
    limiter=RateLimiter(Limit.requests(200, per="second", burst=20)),
)


@pipeline
def summarize(text: str, *, words: int = 5) -> str:
    """Stand in for a call of a model, which takes its time."""
    time.sleep(0.002)
    return " ".join(text.split()[:words])


def tickets() -> list[dict[str, object]]:
    """Return rows as they come out of a table."""
    rows = [
        {"text": f"Ticket {number} of user{number}@example.com: the tent leaks", "words": 4} for number in range(60)
    ]
    return [*rows, {"text": "What became of project falcon?"}]


def main(checkpoint: Path) -> None:
    """Stop after twenty rows, run the rest, then scan the texts in two processes."""
    with pipeline.map(tickets(), concurrency=8, checkpoint=checkpoint) as results:
        for result in results:
            if result.index == 19:
                break
    print("stopped after", result.index + 1, "rows, the last of them", repr(result.value))

    rest = list(pipeline.map(tickets(), concurrency=8, checkpoint=checkpoint))
    print("the next run called", len(rest), "rows;", "some waited:", any(each.waited_s for each in rest))
    print("the last one:", rest[-1], rest[-1].error)

    scans = scan((str(row["text"]) for row in tickets()), policy=POLICY, processes=2)
    print("with an e-mail address:", sum(each.verdict is not None and each.verdict.findings != () for each in scans))


if __name__ == "__main__":
    with TemporaryDirectory() as folder:
        main(Path(folder) / "summaries.jsonl")
