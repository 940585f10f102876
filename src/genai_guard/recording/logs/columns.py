"""The columns of a log, with the types that Databricks SQL has for them.

The first are those of the inference table of the Databricks AI Gateway on serving endpoints; there `request_id` is called
`databricks_request_id`. Exports have them all, in this order and with these types.
"""

from __future__ import annotations

from typing import Final, NamedTuple

__all__ = ["LOG_COLUMNS", "Column"]


class Column(NamedTuple):
    """A column of a log.

    Attributes:
        name: As in rows and exports.
        type: In Databricks SQL.
        about: What stands there.
    """

    name: str
    type: str
    about: str


_PROMPT: Final = "STRUCT<name: STRING, version: STRING, hash: STRING>"
_ASSIGNMENTS: Final = (
    "ARRAY<STRUCT<experiment: STRING, variant: STRING, config_version: STRING, reason: STRING, bucket: BIGINT, "
    f"unit_hash: STRING, propensity: DOUBLE, mode: STRING, prompt: {_PROMPT}>>"
)
_FINDINGS: Final = (
    "ARRAY<STRUCT<rule: STRING, category: STRING, side: STRING, where: STRING, start: BIGINT, end: BIGINT, "
    "score: DOUBLE, detail: STRING>>"
)
_VERDICTS: Final = f"ARRAY<STRUCT<guard: STRING, action: STRING, mode: STRING, error: STRING, findings: {_FINDINGS}>>"

LOG_COLUMNS: Final = tuple(
    Column(*each)
    for each in (
        ("request_date", "DATE", "day of the call, in UTC"),
        ("request_time", "TIMESTAMP", "when the call began"),
        ("request_id", "STRING", "the library's own id of the call"),
        ("client_request_id", "STRING", "the id that the caller gave"),
        ("status_code", "INT", "the HTTP status that says the same as `status`"),
        ("sampling_fraction", "DOUBLE", "the probability with which the call was kept"),
        ("execution_duration_ms", "BIGINT", "from the beginning to the end"),
        ("request", "STRING", 'the texts of the request, redacted: JSON, `{"messages": [...]}`'),
        ("response", "STRING", "those of the reply"),
        ("logging_error_codes", "ARRAY<STRING>", "why a text is null, such as `MAX_REQUEST_SIZE_EXCEEDED`"),
        ("served_entity_id", "STRING", "qualified name of the wrapped function"),
        ("requester", "STRING", "the user on whose behalf the call was made"),
        ("pipeline", "STRING", "name of the pipeline"),
        ("status", "STRING", "how the call ended: `ok`, `blocked`, `error`, ..."),
        ("stage", "STRING", "the stage in which it ended"),
        ("error_type", "STRING", "class of what was raised"),
        ("denied_by", "STRING", "the limit that refused the call"),
        ("shadow_denials", "ARRAY<STRING>", "limits in shadow mode that would have refused it"),
        ("tenant", "STRING", "tenant of the caller"),
        ("session", "STRING", "session of the caller"),
        ("tags", "MAP<STRING, STRING>", "tags of the caller"),
        ("model", "STRING", "the model that answered, or was asked"),
        ("variant", "STRING", "variants of the experiments that applied"),
        ("assignments", _ASSIGNMENTS, "what each experiment assigned"),
        ("verdicts", _VERDICTS, "what guards found, without the texts"),
        ("input_tokens", "BIGINT", "tokens of the request, cached ones included"),
        ("output_tokens", "BIGINT", "tokens of the reply"),
        ("cached_tokens", "BIGINT", "input tokens that the provider had cached"),
        ("reasoning_tokens", "BIGINT", "output tokens that nobody sees"),
        ("tokens_estimated", "BOOLEAN", "whether the provider did not say how many tokens"),
        ("cost_usd", "DOUBLE", "price of the call; null when the model has none"),
        ("latency_ms", "DOUBLE", "from the beginning to the end"),
        ("model_ms", "DOUBLE", "the part of it in the model"),
        ("queue_ms", "DOUBLE", "the part of it waiting for a limit"),
        ("overhead_ms", "DOUBLE", "the rest: what the library took"),
        ("first_token_ms", "DOUBLE", "to the first chunk that was released; null unless streamed"),
        (
            "inter_token_ms",
            "DOUBLE",
            "mean wait for the model for each chunk after the first; null with fewer than two",
        ),
        ("streamed", "BOOLEAN", "whether the reply was a stream"),
        ("chunks", "BIGINT", "chunks of it that were handed out"),
        ("finish_reason", "STRING", "why the model stopped"),
        ("settled", "BOOLEAN", "false when a reservation was left to expire"),
        ("attempts", "BIGINT", "times that the model was called"),
        ("retries", "BIGINT", "those of them that repeat what failed"),
        ("answered_by", "STRING", "target of a fallback or tier that answered, or `cache`"),
    )
)
"""The columns of a log, in their order."""
