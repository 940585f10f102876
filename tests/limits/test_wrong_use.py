"""What is no ticket, no store, no figure: refused with what would be right."""

from __future__ import annotations

from typing import Any

import pytest

from genai_guard.errors import ConfigurationError
from genai_guard.limits import Limit, RateLimiter

REQUESTS = Limit.requests(60, per="minute")


@pytest.mark.parametrize("method", ["reserve", "extend", "settle"])
async def test_what_is_no_ticket_is_refused(method: str) -> None:
    limiter = RateLimiter(REQUESTS)
    wrong: Any = "u-42"
    with pytest.raises(ConfigurationError, match=rf"{method}\(str\): takes .*Ticket"):
        getattr(limiter, method)(wrong)
    with pytest.raises(ConfigurationError, match=rf"{method}\(str\): takes .*Ticket"):
        await getattr(limiter, f"a{method}")(wrong)
    assert limiter.peek()[0].used == 0


async def test_a_wrong_figure_is_told_of_a_settled_ticket_too() -> None:
    limiter = RateLimiter(REQUESTS)
    ticket = limiter.reserve(tokens=5)
    limiter.settle(ticket, tokens=5)
    with pytest.raises(ConfigurationError, match="tokens=-1"):
        limiter.settle(ticket, tokens=-1)
    with pytest.raises(ConfigurationError, match="tokens=-1"):
        await limiter.asettle(ticket, tokens=-1)


@pytest.mark.parametrize("wrong", [{"store": "redis://localhost"}, {"adapt": REQUESTS}])
def test_what_is_no_store_and_no_limits_of_a_provider_is_refused_when_built(wrong: Any) -> None:
    with pytest.raises(ConfigurationError, match=r"RateLimiter\((store|adapt)=\.\.\.\): takes .*, not (str|Limit)$"):
        RateLimiter(REQUESTS, **wrong)
