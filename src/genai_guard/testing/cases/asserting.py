"""One policy test in a test of one's own."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

from genai_guard.errors import ConfigurationError
from genai_guard.pipeline import Pipeline
from genai_guard.testing.cases.reading import case_of
from genai_guard.testing.cases.results import CaseResult
from genai_guard.testing.cases.running import run_case
from genai_guard.testing.cases.show import describe_failure

if TYPE_CHECKING:
    from genai_guard.guards.base import Guard

__all__ = ["assert_verdict"]


def assert_verdict(policy: Pipeline | Guard, text: str | None = None, /, **fields: Any) -> CaseResult:
    """Check what a policy, or a single guard, makes of a text.

        assert_verdict(pipeline, "Write to bob@example.com", expect="redact", spans=["bob@example.com"])
        assert_verdict(PII(), "Write to bob@example.com", redacted="Write to [EMAIL]")
        assert_verdict(pipeline, "hello", expect="allow")

    Args:
        policy: The policy, or a guard that is asked about the text as one of a request.
        text: The text; None for a case with `messages`.
        **fields: What a case in a file has: `expect`, `category`, `spans`, `redacted`, `reply`, `caller` and the rest.

    Raises:
        AssertionError: it is not as expected. The message shows the text with the spans marked.
        ConfigurationError: the fields are wrong, or say nothing of what is expected.
    """
    pipeline = policy if isinstance(policy, Pipeline) else Pipeline(input=[policy])
    written: Mapping[str, Any] = fields if text is None else {"text": text, **fields}
    result = run_case(pipeline, case_of(written))
    if result.problem:
        raise ConfigurationError(result.problem)
    if not result.ok:
        raise AssertionError(f"not as expected\n{describe_failure(result)}")
    return result
