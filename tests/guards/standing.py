"""Strategies of the tests about stand-ins: personal data of every kind, and texts with some of it."""

from __future__ import annotations

from hypothesis import strategies as st

from genai_guard.guards.entities.checks import is_luhn

DIGIT = st.integers(0, 9).map(str)


def digits(count: int) -> st.SearchStrategy[str]:
    return st.lists(DIGIT, min_size=count, max_size=count).map("".join)


def with_check_digit(body: str) -> str:
    return next(f"{body}{digit}" for digit in range(10) if is_luhn(f"{body}{digit}"))


def grouped(card: str, separator: str) -> str:
    return separator.join(card[at : at + 4] for at in range(0, len(card), 4))


def iban(account: str) -> str:
    check = 98 - int(f"{account}131400") % 97
    return f"DE{check:02}{account}"


words = st.text("abcxyz", min_size=1, max_size=6)
emails = st.builds("{}.{}@{}.com".format, words, words, words)
cards = st.builds(grouped, digits(13).map(lambda d: with_check_digit(f"41{d}")), st.sampled_from(["", " ", "-"]))
ibans = st.builds(grouped, digits(18).map(iban), st.sampled_from(["", " "]))
phones = st.one_of(
    digits(7).map(lambda d: f"+1 415 23{d[0]} {d[1:5]}"),
    digits(4).map(lambda d: f"(415) 234-{d}"),
    digits(9).map(lambda d: f"+44 7{d[:3]} {d[3:]}"),
    digits(8).map(lambda d: f"+34 6{d}"),
)
addresses = st.one_of(
    st.tuples(*[st.integers(10, 250)] * 4).map(lambda p: ".".join(map(str, p))),
    st.integers(0, 0xFFFF).map(lambda n: f"fe80::{n:x}:9"),
)
ssns = digits(4).map(lambda d: f"078-05-{int(d) % 9000 + 1000}")
values = st.one_of(emails, emails.map(str.upper), cards, ibans, ibans.map(str.lower), phones, addresses, ssns)
fillers = st.one_of(st.just(" "), st.just(", "), st.text(max_size=8))


@st.composite
def texts(draw: st.DrawFn, between: str = "") -> str:
    """Arbitrary text around values, some of which come again."""
    few = draw(st.lists(values, max_size=4))
    pieces = draw(st.lists(st.one_of(fillers, st.sampled_from(few) if few else fillers), max_size=12))
    return between.join(pieces)


def cut(text: str, sizes: list[int]) -> list[str]:
    """Return `text` in pieces of these sizes, over and over."""
    pieces: list[str] = []
    while text:
        size = sizes[len(pieces) % len(sizes)]
        pieces.append(text[:size])
        text = text[size:]
    return pieces
