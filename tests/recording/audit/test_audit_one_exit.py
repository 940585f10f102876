"""Law 12: no text of a call, and no secret among the facts of a change, reaches an audit, its anchors or what is told."""

from __future__ import annotations

import io
import logging
import random
from collections.abc import Iterator
from contextlib import redirect_stderr, redirect_stdout, suppress
from pathlib import Path
from typing import Any

import pytest
import structlog

from audits import audit
from genai_guard import GenAIGuardError, MetricsRecorder, Pipeline, caller
from genai_guard.guards import PII, BlockedPatterns, Length
from genai_guard.recording import Redactor
from genai_guard.testing import FakeLLM

SOURCE = random.Random(20)
SECRETS = tuple(f"planted-{SOURCE.getrandbits(64):016x}" for _ in range(40))


def planted(text: str) -> Iterator[tuple[int, int, str]]:
    """Find every planted secret, as the redactor's own rules find personal data."""
    for secret in SECRETS:
        start = text.find(secret)
        while start >= 0:
            yield start, start + len(secret), "PLANTED"
            start = text.find(secret, start + 1)


def everything(secret: str) -> dict[str, Any]:
    return {
        "reason": f"because of {secret}",
        f"named {secret}": 1,
        "nested": [{"deep": (secret, {secret})}],
        "error": ValueError(secret),
        "raw": secret.encode(),
    }


@pytest.mark.parametrize("broken", [False, True])
def test_a_planted_secret_is_nowhere(tmp_path: Path, *, broken: bool) -> None:
    def scan(text: str) -> Iterator[tuple[int, int, str]]:
        if broken:
            raise ValueError(text)
        return planted(text)

    said = io.StringIO()
    logging.basicConfig(stream=said, force=True)
    with structlog.testing.capture_logs() as told, redirect_stdout(said), redirect_stderr(said):
        log = audit(tmp_path / "audit", anchor=tmp_path / "heads.jsonl", redact=Redactor(scan=scan))
        with log, MetricsRecorder(audit=log) as recorder:
            pipeline = Pipeline(
                input=[BlockedPatterns(regexes=[r"planted-[0-3]\w+"], action="block"), PII(action="redact")],
                output=[BlockedPatterns(regexes=[r"planted-\w+"], action="redact"), Length(max_chars=60)],
                recorder=recorder,
            )
            for secret in SECRETS:
                ask = pipeline.wrap(FakeLLM(f"reply {secret} jo@example.com " + "long " * (secret[-1] < "8") * 20))
                with caller(user="u", tags={"note": secret}), suppress(GenAIGuardError):
                    ask(f"asks about {secret}, from jo@example.com")
                log.record("change", user="u", **everything(secret))
        said.write(repr(log) + repr(log.verify()) + repr(recorder.dropped) + repr(told))

    kinds = {record["kind"] for record in log.read()}
    assert kinds == {"block", "redaction", "change"}
    written = b"".join(path.read_bytes() for path in tmp_path.rglob("*") if path.is_file()).decode() + said.getvalue()
    assert len(list(log.read())) >= 80
    assert not [secret for secret in SECRETS if secret in written or secret.encode().hex() in written]
