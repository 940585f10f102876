"""The public schemas of what sinks send, written from their documentation.

PagerDuty: https://developer.pagerduty.com/docs/events-api-v2/trigger-events/
Slack: https://api.slack.com/reference/block-kit/blocks, https://api.slack.com/reference/messaging/attachments
Alertmanager: https://prometheus.io/docs/alerting/latest/configuration/#webhook_config
"""

from __future__ import annotations

from typing import Any, Final

__all__ = ["ALERTMANAGER", "PAGERDUTY", "SLACK"]

Schema = dict[str, Any]


def closed(required: list[str], **properties: Schema) -> Schema:
    return {"type": "object", "required": required, "properties": properties, "additionalProperties": False}


def text(longest: int | None = None, *, shortest: int = 1) -> Schema:
    return {"type": "string", "minLength": shortest, **({} if longest is None else {"maxLength": longest})}


TIME: Final[Schema] = {"type": "string", "pattern": r"^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(\.\d+)?(Z|[+-]\d\d:\d\d)$"}
WORDS: Final[Schema] = {"type": "object", "additionalProperties": {"type": "string"}}

PAGERDUTY: Final[Schema] = {
    **closed(
        ["routing_key", "event_action"],
        routing_key={"type": "string", "pattern": "^[A-Za-z0-9]{32}$"},
        event_action={"enum": ["trigger", "acknowledge", "resolve"]},
        dedup_key=text(255),
        client=text(),
        client_url=text(),
        payload=closed(
            ["summary", "source", "severity"],
            summary=text(1024),
            source=text(),
            severity={"enum": ["critical", "error", "warning", "info"]},
            timestamp=TIME,
            component=text(),
            group=text(),
            custom_details={"type": "object"},
            **{"class": text()},
        ),
        links={"type": "array"},
        images={"type": "array"},
    ),
    "if": {"properties": {"event_action": {"const": "trigger"}}},
    "then": {"required": ["payload"]},
    "else": {"required": ["dedup_key"]},
}

_MARKDOWN: Final = closed(["type", "text"], type={"const": "mrkdwn"}, text=text(3000))
_FIELD: Final = closed(["type", "text"], type={"const": "mrkdwn"}, text=text(2000))
_PLAIN: Final = closed(["type", "text"], type={"const": "plain_text"}, text=text(150), emoji={"type": "boolean"})
_BLOCK: Final[Schema] = {
    "oneOf": [
        closed(["type", "text"], type={"const": "header"}, text=_PLAIN),
        {
            **closed(
                ["type"],
                type={"const": "section"},
                text=_MARKDOWN,
                fields={"type": "array", "minItems": 1, "maxItems": 10, "items": _FIELD},
            ),
            "anyOf": [{"required": ["text"]}, {"required": ["fields"]}],
        },
        closed(
            ["type", "elements"],
            type={"const": "context"},
            elements={"type": "array", "minItems": 1, "maxItems": 10, "items": _MARKDOWN},
        ),
    ]
}
SLACK: Final = closed(
    ["text"],
    text=text(40_000),
    attachments={
        "type": "array",
        "items": closed(
            [],
            color={"type": "string", "pattern": "^(good|warning|danger|#[0-9a-f]{6})$"},
            blocks={"type": "array", "maxItems": 50, "items": _BLOCK},
        ),
    },
)

_STATUS: Final[Schema] = {"enum": ["firing", "resolved"]}
ALERTMANAGER: Final = closed(
    [
        "version", "groupKey", "truncatedAlerts", "status", "receiver", "groupLabels", "commonLabels",
        "commonAnnotations", "externalURL", "alerts",
    ],
    version={"const": "4"},
    groupKey=text(),
    truncatedAlerts={"type": "integer", "minimum": 0},
    status=_STATUS,
    receiver=text(),
    groupLabels=WORDS,
    commonLabels=WORDS,
    commonAnnotations=WORDS,
    externalURL={"type": "string"},
    alerts={
        "type": "array",
        "minItems": 1,
        "items": closed(
            ["status", "labels", "annotations", "startsAt", "endsAt", "generatorURL", "fingerprint"],
            status=_STATUS,
            labels={**WORDS, "required": ["alertname"]},
            annotations=WORDS,
            startsAt=TIME,
            endsAt=TIME,
            generatorURL={"type": "string"},
            fingerprint={"type": "string", "pattern": "^[0-9a-f]{16}$"},
        ),
    },
)  # fmt: skip
