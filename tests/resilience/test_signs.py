"""What exceptions say, in the shapes of the SDKs."""

from __future__ import annotations

import email.utils
import importlib
import importlib.util
import urllib.error
from email.message import Message
from typing import Any

import anthropic
import openai
import pytest

from genai_guard import RateLimited
from genai_guard.errors import BreakerOpen, CallTimeout
from genai_guard.resilience.signs import is_outage, is_transient, may_be_elsewhere, retry_after_s, status_of

from .faults import APIConnectionError, APIStatusError, HTTPStatusError

httpx: Any = importlib.import_module("httpx2" if importlib.util.find_spec("httpx2") else "httpx")
"""What the SDKs are built on: the one or the other, by their versions."""

REQUEST: Any = httpx.Request("POST", "https://example.org")


def openai_error(status: int, headers: dict[str, str] | None = None, body: Any = None) -> Exception:
    response = httpx.Response(status, headers=headers, request=REQUEST)
    return openai.APIStatusError("no", response=response, body=body)


def anthropic_error(status: int, headers: dict[str, str] | None = None) -> Exception:
    return anthropic.APIStatusError("no", response=httpx.Response(status, headers=headers, request=REQUEST), body=None)


def httpx_error(status: int, headers: dict[str, str] | None = None) -> Exception:
    error: Exception = httpx.HTTPStatusError("no", request=REQUEST, response=httpx.Response(status, headers=headers))
    return error


def urllib_error(status: int, headers: dict[str, str] | None = None) -> Exception:
    message = Message()
    for name, value in (headers or {}).items():
        message[name] = value
    return urllib.error.HTTPError("https://example.org", status, "no", message, None)


SHAPES = [openai_error, anthropic_error, httpx_error, urllib_error, APIStatusError, HTTPStatusError]


@pytest.mark.parametrize("shape", SHAPES)
def test_the_status_and_the_retry_after_of_every_shape_are_read(shape: Any) -> None:
    error = shape(429, {"retry-after": "2.5"})
    assert (status_of(error), retry_after_s(error, lambda: 0.0)) == (429, 2.5)


@pytest.mark.parametrize("shape", SHAPES)
@pytest.mark.parametrize(
    ("status", "transient", "outage", "elsewhere"),
    [
        (400, False, False, False),
        (401, False, False, True),
        (404, False, False, True),
        (408, True, True, True),
        (409, False, False, False),
        (422, False, False, False),
        (429, True, False, True),
        (500, True, True, True),
        (501, False, False, False),
        (503, True, True, True),
        (529, True, True, True),
    ],
)
def test_a_status_says_who_is_to_blame(shape: Any, status: int, transient: bool, outage: bool, elsewhere: bool) -> None:
    error = shape(status)
    assert (is_transient(error), is_outage(error), may_be_elsewhere(error)) == (transient, outage, elsewhere)


@pytest.mark.parametrize(
    "error",
    [
        ConnectionResetError(),
        TimeoutError(),
        APIConnectionError(),
        openai.APIConnectionError(request=REQUEST),
        openai.APITimeoutError(request=REQUEST),
        anthropic.APIConnectionError(request=REQUEST),
        httpx.ConnectError("no"),
        httpx.ReadTimeout("no"),
        httpx.RemoteProtocolError("no"),
        CallTimeout("attempt_s", 1.0),
    ],
)
def test_a_connection_that_fails_and_a_timeout_pass(error: Exception) -> None:
    assert is_transient(error)
    assert is_outage(error)


@pytest.mark.parametrize(
    "error",
    [
        ValueError(),
        TypeError(),
        KeyError("x"),
        httpx.UnsupportedProtocol("no"),
        RateLimited("x", 1),
        BreakerOpen("x", 1),
    ],
)
def test_defects_and_what_the_library_refuses_do_not_pass(error: Exception) -> None:
    assert not is_transient(error)
    assert not is_outage(error)
    assert not may_be_elsewhere(error)


def test_a_quota_that_is_used_up_does_not_pass_but_another_provider_may_answer() -> None:
    error = openai_error(429, body={"code": "insufficient_quota"})
    assert not is_transient(error)
    assert may_be_elsewhere(error)


@pytest.mark.parametrize(("status", "word", "said"), [(400, "true", True), (503, "false", False), (503, "?", True)])
def test_what_the_provider_says_about_another_try_counts_more(status: int, word: str, said: bool) -> None:
    assert is_transient(openai_error(status, {"x-should-retry": word})) is said


@pytest.mark.parametrize(
    ("headers", "seconds"),
    [
        ({"retry-after-ms": "1500", "retry-after": "9"}, 1.5),
        ({"Retry-After": "7"}, 7.0),
        ({"retry-after": email.utils.formatdate(1030, usegmt=True)}, 30.0),
        ({"retry-after": email.utils.formatdate(10, usegmt=True)}, 0.0),
        ({"retry-after": "soon"}, None),
        ({"retry-after": "-3"}, None),
        ({"retry-after": "nan"}, None),
        ({}, None),
    ],
)
def test_a_retry_after_is_read_in_all_its_forms(headers: dict[str, str], seconds: float | None) -> None:
    assert retry_after_s(httpx_error(429, headers), lambda: 1000.0) == seconds


def test_headers_that_break_do_not_break_the_call() -> None:
    class Broken(Exception):  # noqa: N818
        headers = 7
        response = "nothing like one"

    assert retry_after_s(Broken(), lambda: 0.0) is None
    assert not is_transient(Broken())
