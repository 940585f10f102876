"""Law 3 for stand-ins: twice the text takes about twice the time, however hostile it is."""

from __future__ import annotations

from collections.abc import Callable

import pytest

from doubling import grows_faster
from genai_guard.guards import PII, Vault
from genai_guard.guards.pseudonyms.literals import Literals
from genai_guard.guards.pseudonyms.restoring import Restorer

GUARD = PII(action="pseudonymize")


def replace_many(size: int) -> Callable[[], object]:
    text = " ".join(f"user{number}@acme.com" for number in range(size // 20))
    return lambda: GUARD.check(text, vault=Vault())


def beginnings(size: int, *, cut: int) -> Callable[[], object]:
    """Return a search through a text that is made of beginnings of stand-ins, and of nothing else."""
    literals = Literals({("ab" * 20) + "x": "1", ("ab" * 15) + "y": "2", "abac" * 4: "3"}, {"ab" * 18 + "z": "4"})
    text = ("ab" * 19 + "AB") * (size // 40)

    def run() -> None:
        restorer = Restorer(literals)
        for at in range(0, len(text), cut):
            restorer.feed("channel", text[at : at + cut])
        list(restorer.drain())

    return run


def arguments(size: int) -> Callable[[], object]:
    literals = Literals({"stand-in": 'a "value"'}, {})
    text = '{"a": ["' + 'stand-in, \\"' * (size // 12) + '"]}'

    def run() -> None:
        restorer = Restorer(literals)
        for at in range(0, len(text), 7):
            restorer.feed("channel", text[at : at + 7], kind="arguments")
        list(restorer.drain())

    return run


def white_space(size: int) -> Callable[[], object]:
    literals = Literals({"stand-in": "x"}, {})

    def run() -> None:
        restorer = Restorer(literals)
        for _ in range(size // 4):
            restorer.feed("channel", "  [ ")

    return run


HOSTILE: dict[str, Callable[[int], Callable[[], object]]] = {
    "many values": replace_many,
    "beginnings, whole": lambda size: beginnings(size, cut=size),
    "beginnings, character by character": lambda size: beginnings(size, cut=1),
    "white space that may open JSON": white_space,
    "arguments": arguments,
}


@pytest.mark.parametrize("name", HOSTILE)
def test_doubling_a_text_at_most_doubles_the_time(name: str) -> None:
    assert not grows_faster(lambda run: run(), lambda times: HOSTILE[name](8_000 * times))


def test_room_is_bounded() -> None:
    assert Vault().max_entries == 10_000
