"""One POST of JSON, by the standard library: for what is sent now and then, and is all there is to it."""

from __future__ import annotations

import json
from collections.abc import Mapping
from functools import cache
from typing import TYPE_CHECKING, Any, Final

if TYPE_CHECKING:
    from urllib.request import OpenerDirector

__all__ = ["DeliveryError", "post"]

_WORTH_ANOTHER_TRY: Final = frozenset({408, 425, 429})
"""Answers of the 4xx that are about the moment, and not about the request."""


class DeliveryError(Exception):
    """What was to be sent did not arrive, such as an alert. Holds neither the address nor what was sent.

    Args:
        reason: For counting, `http_503` for instance.
        is_final: Whether it is of no use to try again.
        retry_after_s: How long the other side asks to wait.
    """

    def __init__(self, reason: str, *, is_final: bool = False, retry_after_s: float = 0.0) -> None:
        super().__init__(reason)
        self.reason = reason
        self.is_final = is_final
        self.retry_after_s = retry_after_s


def post(
    url: str,
    body: Mapping[str, Any],
    *,
    timeout_s: float,
    headers: Mapping[str, str] | None = None,
    read_bytes: int = 0,
) -> bytes:
    """Send JSON to a URL, and return the answer. Proxies are those of the environment; a redirect is not followed, for it is no answer to a POST.

    Args:
        url: Where to.
        body: What.
        timeout_s: Longest wait for a connection, and for each piece of the answer.
        headers: Besides the type of the content.
        read_bytes: How much of the answer to return, at most.

    Raises:
        DeliveryError: it could not be sent, or the answer is none of the 2xx.
    """
    import http.client  # noqa: PLC0415  where something is sent, and only then
    import urllib.error  # noqa: PLC0415
    import urllib.request  # noqa: PLC0415

    data = json.dumps(body, ensure_ascii=False, allow_nan=False).encode()
    all_headers = {"Content-Type": "application/json", "User-Agent": "genai_guard", **(headers or {})}
    request = urllib.request.Request(url, data, all_headers, method="POST")  # noqa: S310  checked when it was given
    try:
        with _opener().open(request, timeout=timeout_s) as answer:
            return bytes(answer.read(read_bytes)) if read_bytes else b""
    except urllib.error.HTTPError as error:
        status, wait_s = error.code, _seconds(error.headers.get("Retry-After"))
        error.close()
    except urllib.error.URLError as error:
        cause = error.reason if isinstance(error.reason, BaseException) else error
        raise DeliveryError(type(cause).__name__) from None
    except (OSError, http.client.HTTPException) as error:
        raise DeliveryError(type(error).__name__) from None
    is_final = 300 <= status < 500 and status not in _WORTH_ANOTHER_TRY
    raise DeliveryError(f"http_{status}", is_final=is_final, retry_after_s=wait_s)


def _seconds(text: str | None) -> float:
    """Return what a Retry-After asks for; dates are rare, and not worth their parsing."""
    return float(text) if text is not None and text.isascii() and text.isdigit() and len(text) < 9 else 0.0


@cache
def _opener() -> OpenerDirector:
    """Return what speaks HTTP and nothing else."""
    import urllib.request as web  # noqa: PLC0415

    class Stay(web.HTTPRedirectHandler):
        """Redirects are answers like any other."""

        def redirect_request(self, *_: Any, **__: Any) -> None:
            return None

    opener = web.OpenerDirector()
    for handler in (
        web.ProxyHandler(),
        web.HTTPHandler(),
        web.HTTPSHandler(),
        Stay(),
        web.HTTPDefaultErrorHandler(),
        web.HTTPErrorProcessor(),
    ):
        opener.add_handler(handler)
    return opener
