"""`OpenAIModeration`: an HTTP endpoint for moderation in the shape of OpenAI's, asked without an SDK."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import ClassVar, Final

from genai_guard.environment import FromEnv, is_elsewhere
from genai_guard.errors import ConfigurationError
from genai_guard.frozen import FrozenDict
from genai_guard.guards.asking import check_timeout
from genai_guard.guards.base import settle
from genai_guard.guards.classifiers.adapter import Adapter
from genai_guard.guards.classifiers.moderation import scores_in
from genai_guard.posting import post

__all__ = ["OpenAIModeration"]

_NAME: Final = "OpenAIModeration"
_LONGEST: Final = 1 << 20
"""Bytes of an answer; one has about two thousand."""


@dataclass(frozen=True)
class OpenAIModeration(Adapter):
    """A classifier that asks a moderation endpoint of OpenAI, or one that takes and answers the same, over HTTP.

    Sends `{"input": text, "model": ...}` and reads `results[].category_scores`; sub-categories count for their category, the
    highest of them: `self-harm/intent` for `self_harm`. The text leaves your machine. Each question opens a connection, and
    nothing is tried twice: where there are many, give `ModerationEndpoint` a client of yours that keeps connections.

    Args:
        api_key: Sent as `Authorization: Bearer ...`, from an environment variable; None sends none. Shows in no `repr`.
        url: Of the endpoint, whole.
        model: Which model to ask for; left to the endpoint when empty.
        labels: Further names of categories, and which of `CATEGORIES`, or which name of your own, they stand for.
        timeout_s: Longest wait for a connection, and for each piece of the answer.

    Raises:
        ConfigurationError: a URL that is none, or a key or time that is none.
    """

    api_key: str | FromEnv | None = field(default=None, repr=False, kw_only=True)
    url: str = field(default="https://api.openai.com/v1/moderations", kw_only=True)
    model: str = field(default="omni-moderation-latest", kw_only=True)
    labels: Mapping[str, str] = field(default_factory=FrozenDict[str, str], kw_only=True)
    timeout_s: float = field(default=5.0, kw_only=True)

    blocking: ClassVar[bool] = True

    def __post_init__(self) -> None:
        is_url = isinstance(self.url, str) and self.url.startswith(("https://", "http://"))
        if not is_url or self.url.split() != [self.url] or "@" in self.url:
            raise ConfigurationError(
                f"{_NAME}(url=...) must begin with https:// or http://, and hold neither spaces nor a password"
            )
        if self.api_key is not None and not (isinstance(self.api_key, str) and _is_header(self.api_key)):
            raise ConfigurationError(
                f"{_NAME}(api_key=...) must be plain text without spaces, such as env('OPENAI_API_KEY')"
            )
        if self.timeout_s is None:
            raise ConfigurationError(f"{_NAME}(timeout_s=None) must be a number of seconds")
        check_timeout(_NAME, self.timeout_s)
        settle(self, labels=FrozenDict(self.labels))

    def classify(self, text: str, /) -> dict[str, float]:
        """Return the scores of the endpoint by our categories.

        Raises:
            DeliveryError: it was not reached in time, or answered with an error: `http_429`, for instance.
            ValueError: it answered in another shape. What it said is not repeated.
        """
        body = {"input": text, **({"model": self.model} if self.model else {})}
        headers = {} if self.api_key is None else {"Authorization": f"Bearer {self.api_key}"}
        answer = post(self.url, body, timeout_s=self.timeout_s, headers=headers, read_bytes=_LONGEST)
        try:
            found: object = json.loads(answer)
        except (ValueError, RecursionError):
            raise ValueError("the moderation endpoint answered with what is no JSON") from None
        return scores_in(found, self.labels)


def _is_header(key: str) -> bool:
    return is_elsewhere() or (key.isascii() and key.isprintable() and key.split() == [key])
