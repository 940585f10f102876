"""What operators and clients are told of limits."""

from __future__ import annotations

import pytest

from genai_guard.limits import Limit, RateLimiter
from genai_guard.limits.headers import quota_headers
from limits.books import Book


def shop() -> Book:
    book = Book(
        Limit.requests(10, per="minute", by="user"),
        Limit.usd(2, per="day", by=("tenant", "model"), name="budget"),
        Limit.concurrent(4, mode="shadow"),
    )
    book.limiter.reserve(user="ann", tenant="acme", model="small", usd=0.25)
    for _ in range(2):
        book.limiter.reserve(user="bob", tenant="acme", model="large", usd=0.5)
    return book


def test_usage_is_a_table_of_every_key_the_fullest_first() -> None:
    table = shop().limiter.usage()
    assert str(table).splitlines() == [
        "limit                       key          used  capacity  free  resets in",
        "10 requests/minute by user  bob             2        10     8     12.0 s",
        "10 requests/minute by user  ann             1        10     9      6.0 s",
        "budget                      acme, large     1         2     1  3,600.0 s",
        "budget                      acme, small  0.25         2  1.75  3,600.0 s",
        "4 calls at once             -               3         4     1    600.0 s",
    ]
    assert [(row.limit, row.key, row.used, row.free) for row in table] == [
        ("10 requests/minute by user", "bob", 2, 8),
        ("10 requests/minute by user", "ann", 1, 9),
        ("budget", "acme, large", 1, 1),
        ("budget", "acme, small", 0.25, 1.75),
        ("4 calls at once", "", 3, 1),
    ]


def test_the_repr_of_usage_holds_no_keys() -> None:
    table = shop().limiter.usage()
    assert "ann" not in f"{table!r} {list(table)!r}"
    assert "ann" in str(table)


def test_usage_leaves_out_what_has_drained_and_changes_nothing() -> None:
    book = shop()
    book.wait(3_600)
    assert [row.limit for row in book.limiter.usage()] == []
    assert len(book.store) == 5


def test_headers_tell_what_is_left_of_the_limit_that_has_least() -> None:
    book = Book(Limit.requests(10, per="minute"), Limit.requests(20, per="hour"), Limit.output_tokens(9, per="minute"))
    assert book.count(8, output_tokens=1) == 8
    assert book.limiter.headers() == {
        "x-ratelimit-limit-requests": "10",
        "x-ratelimit-remaining-requests": "2",
        "x-ratelimit-reset-requests": "48",
        "x-ratelimit-limit-output-tokens": "9",
        "x-ratelimit-remaining-output-tokens": "1",
        "x-ratelimit-reset-output-tokens": "65",
    }


def test_headers_of_a_refusal_tell_when_to_come_back_in_whole_seconds() -> None:
    book = Book(Limit.requests(7, per="minute"), Limit.usd(0.3, per="day", mode="shadow"))
    book.count(7)
    headers = book.limiter.headers(book.refusal())
    assert headers["retry-after"] == "9"
    assert headers["x-ratelimit-remaining-requests"] == "0"
    assert not any("usd" in name for name in headers)


def test_money_in_headers_is_written_in_dollars() -> None:
    book = Book(Limit.usd(0.3, per="day"))
    book.limiter.reserve(usd=0.000_001)
    assert book.limiter.headers()["x-ratelimit-remaining-usd"] == "0.299999"


def test_a_call_that_never_fits_is_not_told_to_come_back() -> None:
    book = Book(Limit.requests(7, per="minute"))
    assert "retry-after" not in book.limiter.headers(book.refusal(requests=8))


def test_the_names_of_limits_are_strings_of_structured_fields() -> None:
    limits = [Limit.tokens(9, per="minute", name='say "caf\u00e9" \\ twice\r\n'), Limit.usd(5, per="day")]
    limiter = RateLimiter(*limits)
    limiter.reserve(tokens=4)
    headers = quota_headers(zip(limits, limiter.peek(), strict=True))
    assert headers["ratelimit-policy"] == '"say \\"caf?\\" \\\\ twice??";q=9;w=60;qu="tokens"'
    assert headers["ratelimit"].startswith('"say \\"caf?\\" \\\\ twice??";r=5;t=')
    assert quota_headers([]) == {}


@pytest.mark.parametrize(
    ("limit", "policy"),
    [
        (Limit.requests(600, per="minute", burst=50), "q=50;w=5"),
        (Limit.requests(600, per="minute", burst=1), "q=1;w=1"),
        (Limit.requests(6, per="hour", burst=7), "q=7;w=4200"),
        (Limit.requests(6, per="hour", burst=7, by="user", overrides={"u-1": 60}), "q=7"),
        (Limit.requests(6, per="hour", by="user", overrides={"u-1": 60}), "q=6;w=3600"),
        (Limit.concurrent(3), 'q=3;qu="concurrent-requests"'),
    ],
)
def test_a_window_of_the_headers_is_that_in_which_the_quota_comes_free(limit: Limit, policy: str) -> None:
    headers = quota_headers([(limit, RateLimiter(limit).peek()[0])])
    assert headers["ratelimit-policy"] == f'"{limit.name}";{policy}'
