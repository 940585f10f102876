"""Every name that spans and metrics carry: the one place to change when the conventions do.

`gen_ai.*` as in OpenTelemetry's semantic conventions 1.41.1, the last version that has all of them, where their status
is "Development"; `feature_flag.*` as there, "Release Candidate"; `error.type` is stable. The conventions have no names
for guardrails and limits: those are ours, with the prefix `genai_guard.`.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final

from genai_guard.routing.experiment import Reason

SCOPE: Final = "genai_guard"
"""Name of the instrumentation scope."""

SCHEMA_URL: Final = "https://opentelemetry.io/schemas/1.41.1"

# --- attributes of the conventions --------------------------------------------------------------------------------------

OPERATION: Final = "gen_ai.operation.name"
PROVIDER: Final = "gen_ai.provider.name"
CONVERSATION: Final = "gen_ai.conversation.id"
ERROR_TYPE: Final = "error.type"

REQUEST_MODEL: Final = "gen_ai.request.model"
REQUEST_MAX_TOKENS: Final = "gen_ai.request.max_tokens"
REQUEST_STREAM: Final = "gen_ai.request.stream"
REQUEST_NUMBERS: Final[Mapping[str, str]] = {
    "temperature": "gen_ai.request.temperature",
    "top_p": "gen_ai.request.top_p",
    "top_k": "gen_ai.request.top_k",
    "frequency_penalty": "gen_ai.request.frequency_penalty",
    "presence_penalty": "gen_ai.request.presence_penalty",
    "seed": "gen_ai.request.seed",
    "n": "gen_ai.request.choice.count",
}
"""Arguments of a call that are written down as they are, when they are numbers."""

RESPONSE_MODEL: Final = "gen_ai.response.model"
FINISH_REASONS: Final = "gen_ai.response.finish_reasons"
FIRST_CHUNK: Final = "gen_ai.response.time_to_first_chunk"

INPUT_TOKENS: Final = "gen_ai.usage.input_tokens"
OUTPUT_TOKENS: Final = "gen_ai.usage.output_tokens"
CACHE_READ_TOKENS: Final = "gen_ai.usage.cache_read.input_tokens"
CACHE_WRITE_TOKENS: Final = "gen_ai.usage.cache_creation.input_tokens"
REASONING_TOKENS: Final = "gen_ai.usage.reasoning.output_tokens"
TOKEN_TYPE: Final = "gen_ai.token.type"  # noqa: S105  no password

INPUT_MESSAGES: Final = "gen_ai.input.messages"
OUTPUT_MESSAGES: Final = "gen_ai.output.messages"
SYSTEM_INSTRUCTIONS: Final = "gen_ai.system_instructions"
PROMPT_NAME: Final = "gen_ai.prompt.name"

EVALUATION_EVENT: Final = "gen_ai.evaluation.result"
EVALUATION_NAME: Final = "gen_ai.evaluation.name"
EVALUATION_VALUE: Final = "gen_ai.evaluation.score.value"
EVALUATION_LABEL: Final = "gen_ai.evaluation.score.label"
EVALUATION_EXPLANATION: Final = "gen_ai.evaluation.explanation"

FLAG_EVENT: Final = "feature_flag.evaluation"
FLAG_KEY: Final = "feature_flag.key"
FLAG_VARIANT: Final = "feature_flag.result.variant"
FLAG_REASON: Final = "feature_flag.result.reason"
FLAG_VERSION: Final = "feature_flag.version"
FLAG_PROVIDER: Final = "feature_flag.provider.name"
FLAG_REASONS: Final[Mapping[str, str]] = {
    Reason.SPLIT: "split",
    Reason.OVERRIDE: "targeting_match",
    Reason.STICKY: "cached",
    Reason.DISABLED: "disabled",
    Reason.NOT_SCHEDULED: "disabled",
    Reason.UNAVAILABLE: "error",
}
"""Of all others it is `default`: the unit takes no part."""

# --- our attributes -----------------------------------------------------------------------------------------------------

PIPELINE: Final = "genai_guard.pipeline"
TARGET: Final = "genai_guard.target"
REQUEST_ID: Final = "genai_guard.request_id"
STATUS: Final = "genai_guard.status"
STAGE: Final = "genai_guard.stage"
TENANT: Final = "genai_guard.tenant"
ATTEMPTS: Final = "genai_guard.attempts"
ANSWERED_BY: Final = "genai_guard.answered_by"
MODEL_S: Final = "genai_guard.model_duration"
COST: Final = "genai_guard.cost"
ESTIMATED: Final = "genai_guard.usage.estimated"

LIMIT: Final = "genai_guard.limit.denied_by"
LIMIT_WAIT: Final = "genai_guard.limit.wait"
LIMITS_IN_SHADOW: Final = "genai_guard.limit.shadow_denials"

GUARDS: Final = "genai_guard.guards"
GUARD_EVENT: Final = "genai_guard.guard"
GUARD_NAME: Final = "genai_guard.guard.name"
GUARD_ACTION: Final = "genai_guard.guard.action"
GUARD_SIDE: Final = "genai_guard.guard.side"
GUARD_MODE: Final = "genai_guard.guard.mode"
GUARD_FINDINGS: Final = "genai_guard.guard.findings"
GUARD_CATEGORIES: Final = "genai_guard.guard.categories"
GUARD_RULE: Final = "genai_guard.guard.rule"

EVALUATION_SOURCE: Final = "genai_guard.evaluation.source_type"

PROMPT_VERSION: Final = "genai_guard.prompt.version"
EXPERIMENT_MODE: Final = "genai_guard.experiment.mode"
VARIANT: Final = "genai_guard.experiment.variant"

# --- metrics ------------------------------------------------------------------------------------------------------------

OPERATION_DURATION: Final = "gen_ai.client.operation.duration"
TIME_TO_FIRST_CHUNK: Final = "gen_ai.client.operation.time_to_first_chunk"
TOKEN_USAGE: Final = "gen_ai.client.token.usage"  # noqa: S105  as above

CALLS: Final = "genai_guard.calls"
OVERHEAD: Final = "genai_guard.overhead"
COST_TOTAL: Final = "genai_guard.cost.total"
GUARD_HITS: Final = "genai_guard.guard.hits"
LIMIT_DENIALS: Final = "genai_guard.limit.denials"

SECONDS_BOUNDS: Final = (0.01, 0.02, 0.04, 0.08, 0.16, 0.32, 0.64, 1.28, 2.56, 5.12, 10.24, 20.48, 40.96, 81.92)
"""Upper bounds of the buckets of durations, as the conventions want them."""

TOKEN_BOUNDS: Final = tuple(4**power for power in range(14))
"""The same for tokens: the powers of 4 from 1 to 67 108 864."""

OVERHEAD_BOUNDS: Final = (0.00001, 0.00003, 0.0001, 0.0003, 0.001, 0.003, 0.01, 0.03, 0.1, 0.3, 1.0, 3.0)
"""The same for the time that the pipeline itself takes: from ten microseconds."""
