"""What providers say with headers and exceptions, in the shapes of their libraries."""

from __future__ import annotations

from importlib import import_module
from importlib.util import find_spec
from types import SimpleNamespace
from typing import Any

import anthropic
import openai
import pytest

from genai_guard.limits.upstream import Remaining, Signal, signal_of

httpx: Any = import_module("httpx2" if find_spec("httpx2") else "httpx")  # whichever the SDKs are made of
NOW_S = 1_769_860_800.0  # 2026-01-31T12:00:00Z
S = 10**9
REQUEST = httpx.Request("POST", "https://api.example.com/v1")


def openai_error(status: int = 429, **headers: str) -> Exception:
    names = {name.replace("_", "-"): value for name, value in headers.items()}
    return openai.RateLimitError(
        "slow down", response=httpx.Response(status, headers=names, request=REQUEST), body=None
    )


@pytest.mark.parametrize(
    ("text", "wait_ns"),
    [
        ("2", 2 * S),
        ("0", 0),
        ("0.25", S // 4),
        ("Sat, 31 Jan 2026 12:00:30 GMT", 30 * S),
        ("Sat, 31 Jan 2026 11:00:00 GMT", 0),
        ("soon", None),
        ("", None),
        ("nan", None),
        ("-5", None),
        ("inf", None),
    ],
)
def test_retry_after_is_seconds_or_a_date(text: str, wait_ns: int | None) -> None:
    assert signal_of(openai_error(retry_after=text), NOW_S).retry_after_ns == wait_ns


def test_milliseconds_go_before_seconds() -> None:
    assert signal_of(openai_error(retry_after="2", retry_after_ms="1500"), NOW_S).retry_after_ns == 3 * S // 2


@pytest.mark.parametrize(
    ("reset", "reset_ns"),
    [
        ("1s", S),
        ("6m0s", 360 * S),
        ("120ms", 120 * 10**6),
        ("1h2m3.5s", 3_723 * S + S // 2),
        ("1d", 86_400 * S),
        ("17", 17 * S),
        ("1769860805", 5 * S),
        ("later", None),
    ],
)
def test_what_is_left_in_the_shape_of_openai_and_azure(reset: str, reset_ns: int | None) -> None:
    error = openai_error(x_ratelimit_remaining_tokens="149984", x_ratelimit_reset_tokens=reset)
    assert signal_of(error, NOW_S).remaining == {"tokens": Remaining(149_984, reset_ns)}


def test_what_is_left_in_the_shape_of_anthropic() -> None:
    headers = {
        "anthropic-ratelimit-requests-remaining": "49",
        "anthropic-ratelimit-requests-reset": "2026-01-31T12:00:07Z",
        "anthropic-ratelimit-input-tokens-remaining": "1000",
        "anthropic-ratelimit-input-tokens-reset": "2026-01-31T12:01:00Z",
        "retry-after": "7",
    }
    error = anthropic.RateLimitError(
        "slow down", response=httpx.Response(429, headers=headers, request=REQUEST), body=None
    )
    remaining = {"requests": Remaining(49, 7 * S), "input_tokens": Remaining(1_000, 60 * S)}
    assert signal_of(error, NOW_S) == Signal(refused=True, retry_after_ns=7 * S, remaining=remaining)


def test_an_exception_of_databricks_says_it_itself() -> None:
    class TooManyRequests(Exception):  # noqa: N818  as it is called there
        retry_after_secs = 3

    assert signal_of(TooManyRequests(), NOW_S) == Signal(refused=True, retry_after_ns=3 * S)


def test_an_exception_of_aws_has_a_mapping_for_a_response() -> None:
    error: Any = RuntimeError("throttled")
    error.response = {"ResponseMetadata": {"HTTPStatusCode": 429, "HTTPHeaders": {"Retry-After": "4"}}}
    assert signal_of(error, NOW_S) == Signal(refused=True, retry_after_ns=4 * S)


def test_headers_of_any_gateway() -> None:
    reply = SimpleNamespace(headers={"X-RateLimit-Remaining": "3", "X-RateLimit-Reset": "10"})
    assert signal_of(reply, NOW_S).remaining == {"requests": Remaining(3, 10 * S)}


def test_a_stream_of_an_sdk_has_the_headers_on_its_response() -> None:
    response = httpx.Response(200, headers={"x-ratelimit-remaining-requests": "9"}, request=REQUEST)
    assert signal_of(SimpleNamespace(response=response), NOW_S) == Signal(remaining={"requests": Remaining(9, None)})


@pytest.mark.parametrize(("status", "waits"), [(429, True), (503, True), (529, True), (500, False), (400, False)])
def test_a_wait_is_meant_for_everybody_with_some_answers_only(status: int, waits: bool) -> None:
    error = httpx.HTTPStatusError(
        "", request=REQUEST, response=httpx.Response(status, headers={"retry-after": "1"}, request=REQUEST)
    )
    signal = signal_of(error, NOW_S)
    assert (signal.retry_after_ns is not None, signal.refused) == (waits, status == 429)


class Hostile:
    def __getattr__(self, name: str) -> Any:
        if name.startswith("__"):  # pytest looks at these
            raise AttributeError(name)
        raise RuntimeError(name)


@pytest.mark.parametrize("answer", [None, 3, "text", {}, ValueError("x"), Hostile(), SimpleNamespace(headers=7)])
def test_whatever_says_nothing_is_silence(answer: object) -> None:
    assert signal_of(answer, NOW_S) == Signal()


def test_absurd_figures_are_bounded() -> None:
    error = openai_error(retry_after="9" * 30, x_ratelimit_remaining_requests="9" * 100)
    signal = signal_of(error, NOW_S)
    assert signal.retry_after_ns == 0 or (signal.retry_after_ns or 0) <= 366 * 86_400 * S
    assert not signal.remaining
