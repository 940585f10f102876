# ruff: noqa: RUF001  letters that look like others are what these texts are about

"""Law 4: findings point into the text as it was written, and what is no finding stays as it was written.

For every action, in a whole text and in a stream. Text that is not plain, but harmless, is left alone: emoji with
joiners, scripts that need joiners, text from right to left, letters with accents.
"""

from __future__ import annotations

import unicodedata
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from genai_guard import GuardBlocked
from laws.guarded import ACTIONS, GUARDS, Guarded, cut, examples, guarded
from laws.shapes import SHAPES, ask, ask_streamed
from text import test_canonical_languages

PLANTED = {
    "bob@example.com": "pii.email",
    "+44 20 7946 0958": "pii.phone",
    "(415) 555-0132": "pii.phone_north_america",
    "4111 1111 1111 1111": "pii.payment_card",
    "GB82 WEST 1234 5698 7654 32": "pii.iban",
    "078-05-1120": "pii.us_ssn",
    "10.0.0.1": "pii.ipv4",
    "2001:db8::1": "pii.ipv6",
}
AROUND = (
    "", "The cat sat.", "e\u0301", "é", "漢字", "😀", "👩\u200d👩\u200d👧", "\u05e9\u05dc\u05d5\u05dd", "می\u200cخواهم", "\ud83d",
    "\u2028", "\r\n", "ﬁn", "İ", "ß", "½", "\x00", "क्\u200dष",
)  # fmt: skip
HARMLESS = {
    **test_canonical_languages._TEXTS,
    "names": "Zoë Müller-Łukasiewicz, Nguyễn Thị Ánh, Siobhán O’Connor, Ḥasan ʿAbd, Søren Ångström, Þóra, Ștefan",
    "names, decomposed": unicodedata.normalize("NFD", "Zoë Müller, Nguyễn Thị Ánh, Siobhán, Ángel Núñez, Çağla"),
    "joined emoji": "👩🏽\u200d🚀 👨\u200d👩\u200d👧\u200d👦 🏳️\u200d🌈 ❤️\u200d🔥 1️⃣ 🇮🇹 👍🏽",
    "joiners": "می\u200cخواهم कتاب\u200cها क्\u200dष ශ්\u200dරී ক্\u200cষ",
    "right to left": "\u200fשלום \u202bworld\u202c مرحبا\u200e 2025 \u2067نص\u2069",
    "soft hyphens": "Donau\u00addampf\u00adschiff\u00adfahrt und Zucker\u200bbrot",
}
EVERY_ROW = [row for row in GUARDS if row.startswith(("pii", "all"))]


def planted(around: Guarded) -> st.SearchStrategy[tuple[str, str, str]]:
    """Draw what stands before an identifier, the identifier, and what stands behind it: nothing that is found itself."""
    kept = [each for each in AROUND if not any(guard.check(each).findings for guard in around.guards)]
    assert len(kept) >= len(AROUND) - 1
    texts = st.lists(st.sampled_from(kept), max_size=4).map(" ".join)
    return st.tuples(texts.map("{} ".format), st.sampled_from(list(PLANTED)), texts.map(" {}".format))


def found(around: Guarded, text: str) -> list[tuple[str, str]]:
    """Return the rules that the guards of a pipeline find in a text, each with the characters that it points to."""
    return [
        (finding.rule, finding.of(text))
        for guard in around.guards
        for finding in guard.check(text).findings
        if finding.rule in PLANTED.values()
    ]


@pytest.mark.parametrize("row", EVERY_ROW)
@examples(60)
@given(data=st.data())
def test_a_finding_points_to_what_was_written_and_nothing_else_is_changed(row: str, data: st.DataObject) -> None:
    around = guarded(*GUARDS[row])
    before, identifier, after = data.draw(planted(around))
    text = before + identifier + after
    assert (PLANTED[identifier], identifier) in found(around, text)
    whole = ask(around.pipeline, around.events, SHAPES["text"], {"content": text})
    streamed = ask_streamed(around.pipeline, around.events, SHAPES["text"], data.draw(cut(text)))
    for ending in (whole, streamed):
        spans = [(f.rule, f.of(text)) for verdict in ending.event.verdicts for f in verdict.findings]
        assert (PLANTED[identifier], identifier) in spans
    if row.endswith("block"):
        assert isinstance(whole.error, GuardBlocked)
        return
    edited = whole.texts["content"]
    assert edited == streamed.texts["content"]
    assert edited.startswith(before)
    assert edited.endswith(after)
    assert (edited == text) is row.endswith("flag")


@pytest.mark.parametrize("action", ACTIONS)
@pytest.mark.parametrize("kind", ["pii", "secrets"])
@pytest.mark.parametrize("name", HARMLESS)
def test_what_is_harmless_survives_untouched(name: str, kind: str, action: str) -> None:
    around, text = guarded(kind, action), HARMLESS[name]
    for step in (1, 2, 5, len(text)):
        chunks: list[Any] = [text[at : at + step] for at in range(0, len(text), step)]
        streamed = ask_streamed(around.pipeline, around.events, SHAPES["text"], chunks)
        assert (streamed.texts["content"], streamed.event.verdicts) == (text, ())
    assert ask(around.pipeline, around.events, SHAPES["text"], {"content": text}).texts["content"] == text
    for guard in around.guards:
        verdict = guard.check(text)
        assert (verdict.text, verdict.findings) == (text, ())


@pytest.mark.parametrize("name", HARMLESS)
def test_what_stands_beside_harmless_text_is_found_and_the_text_stays(name: str) -> None:
    around, text = guarded("pii", "redact"), HARMLESS[name]
    whole = f"{text} bob@example.com {text}"
    streamed = ask_streamed(around.pipeline, around.events, SHAPES["text"], list(whole))
    assert streamed.texts["content"] == f"{text} [EMAIL] {text}"
