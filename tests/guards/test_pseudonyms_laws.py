"""What holds of stand-ins for every text and every way of cutting a reply."""

from __future__ import annotations

import json
from typing import Any

from hypothesis import given
from hypothesis import strategies as st

from genai_guard.guards import PII
from genai_guard.guards.pseudonyms.literals import Literals
from genai_guard.guards.pseudonyms.presence import Presence
from genai_guard.guards.pseudonyms.restoring import Restorer
from genai_guard.guards.pseudonyms.vault import Vault
from genai_guard.messages import Part
from guards.standing import cut, texts, values

GUARD = PII(action="pseudonymize")
SEEING = PII(action="flag")


@given(texts())
def test_what_is_replaced_can_be_turned_back_exactly(text: str) -> None:
    vault = Vault()
    assert vault.restore(GUARD.check(text, vault=vault).text) == text


@given(texts())
def test_no_value_is_found_in_what_is_left(text: str) -> None:
    left = GUARD.check(text).text
    found = {finding.of(text).lower() for finding in SEEING.check(text).findings}
    assert found.isdisjoint(finding.of(left).lower() for finding in SEEING.check(left).findings)


@given(st.lists(texts(between=" "), max_size=4))
def test_a_vault_is_one_to_one_over_many_texts(many: list[str]) -> None:
    vault = Vault()
    left = [GUARD.check(text, vault=vault).text for text in many]
    assert [vault.restore(each) for each in left] == many
    assert [GUARD.check(each, vault=vault).text for each in left] == left, "stand-ins are no values"


@given(texts(), st.binary(min_size=16, max_size=80))
def test_a_key_decides_every_stand_in(text: str, key: bytes) -> None:
    one, other = (GUARD.check(text, vault=Vault(key=key)).text for _ in range(2))
    assert one == other


def restored(vault: Vault, pieces: list[str], kind: Any) -> str:
    restorer = Restorer(vault.literals)
    out = [restorer.feed("channel", piece, kind=kind) for piece in pieces]
    return "".join([*out, *(rest for _, rest in restorer.drain())])


@given(text=texts(), sizes=st.lists(st.integers(1, 9), min_size=1, max_size=6), before=st.sampled_from(["", "{", '["']))
def test_a_stream_is_turned_back_like_a_whole_text(text: str, sizes: list[int], before: str) -> None:
    vault = Vault()
    reply = before + GUARD.check(text, vault=vault).text
    (whole,) = Restorer(vault.literals).whole([Part(reply)], None) or [reply]
    assert restored(vault, cut(reply, sizes), "text") == whole


documents = st.recursive(
    st.one_of(values, st.integers(), st.text(max_size=5), st.none()),
    lambda inner: st.one_of(st.lists(inner, max_size=3), st.dictionaries(st.text("abc", max_size=3), inner)),
    max_leaves=6,
).map(lambda value: {"value": value})


def pseudonymised(value: Any, vault: Vault) -> Any:
    if isinstance(value, str):
        return GUARD.check(value, vault=vault).text
    if isinstance(value, list):
        return [pseudonymised(each, vault) for each in value]
    if isinstance(value, dict):
        return {key: pseudonymised(each, vault) for key, each in value.items()}
    return value


@given(
    document=documents,
    sizes=st.lists(st.integers(1, 9), min_size=1, max_size=6),
    kind=st.sampled_from(["arguments", "text"]),
    ascii_only=st.booleans(),
)
def test_json_stays_json_and_holds_the_values_again(
    document: Any, sizes: list[int], kind: Any, *, ascii_only: bool
) -> None:
    vault = Vault()
    reply = json.dumps(pseudonymised(document, vault), ensure_ascii=ascii_only)
    assert json.loads(restored(vault, cut(reply, sizes), kind)) == document
    assert json.loads(restored(vault, [reply], kind)) == document


words = st.text("abA ", min_size=4, max_size=9)


@given(
    exact=st.lists(words, max_size=5),
    folded=st.lists(words.map(str.lower), max_size=3),
    text=st.text("abA ", max_size=60),
    sizes=st.lists(st.integers(1, 9), min_size=1, max_size=6),
)
def test_strings_are_found_alike_however_a_text_comes(
    exact: list[str], folded: list[str], text: str, sizes: list[int]
) -> None:
    literals = Literals({each: f"<{each}>" for each in exact}, {each: f"[{each}]" for each in folded})
    whole = plainly(text, exact, folded)
    held, found = "", []
    for piece in [*cut(text, sizes), None]:
        held += piece or ""
        edits, known = literals.find(held, is_last=piece is None)
        assert all(edit.end <= known for edit in edits)
        found += [edit.replacement for edit in edits]
        held = held[known:]
    assert [edit.replacement for edit in literals.find(text)[0]] == found == whole
    assert held == ""


def plainly(text: str, exact: list[str], folded: list[str]) -> list[str]:
    """Find them as slowly as can be: at each place the longest, exact before folded."""
    found: list[str] = []
    at = 0
    while at < len(text):
        here = [(len(e), 1, f"<{e}>") for e in exact if text.startswith(e, at)]
        here += [(len(f), 0, f"[{f}]") for f in folded if text.lower().startswith(f, at)]
        size, _, replacement = max(here, default=(1, 0, ""))
        found += [replacement] * bool(here)
        at += size
    return found


@given(
    texts=st.lists(st.text("abA -", max_size=30), max_size=3), asked=st.lists(st.text("abA-", min_size=1), max_size=40)
)
def test_what_stands_in_a_text_is_known_however_often_one_asks(texts: list[str], asked: list[str]) -> None:
    present = Presence(texts)
    for each in asked:
        assert present(each, any_case=False) == any(each in text for text in texts)
        assert present(each, any_case=True) == any(each.lower() in text.lower() for text in texts)


@given(text=st.text("abA ", max_size=40), literal=words, size=st.integers(1, 5))
def test_nothing_is_held_that_cannot_begin_a_stand_in(text: str, literal: str, size: int) -> None:
    literals = Literals({literal: "x"}, {})
    held = ""
    for piece in cut(text, [size]):
        held += piece
        _, known = literals.find(held, is_last=False)
        held = held[known:]
        assert len(held) < len(literal)
        assert literal.startswith(held)
