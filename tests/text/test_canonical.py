"""The canonical form undoes every disguise, maps back to exactly what was disguised, and leaves real text alone."""

# ruff: noqa: RUF001  ambiguous characters are what this is about

from __future__ import annotations

import base64
import random
from collections.abc import Callable
from typing import Final

import pytest
from hypothesis import given
from hypothesis import strategies as st

from genai_guard.text.canonical import Canonical, Offsets, canonical
from genai_guard.text.canonical.tables import MAX_GROWTH, folds, look_alikes
from genai_guard.text.edits import Edit, apply_edits

_PLAIN: Final = ("jo.harper@example.com", "4111 1111 1111 1111", "GB82 WEST 1234 5698 7654 32")
_CYRILLIC: Final = str.maketrans("aceopxyABEKMHOPCTX", "асеорхуАВЕКМНОРСТХ")
_ARABIC_INDIC: Final = str.maketrans("0123456789", "٠١٢٣٤٥٦٧٨٩")
_HIDDEN: Final = "\u200b\u200c\u200d\u2060\u00ad\ufe0f\u202e\u200f\ufeff\u034f\U000e0001\U000e0101"


def _inside(text: str, hidden: Callable[[int], str]) -> str:
    return "".join(char + hidden(at) for at, char in enumerate(text[:-1])) + text[-1]


def _full_width(text: str) -> str:
    return "".join(chr(ord(char) + 0xFEE0) if "!" <= char <= "~" else "\u3000" for char in text)


def _percent(text: str) -> str:
    return "".join(f"%{byte:02X}" for byte in text.encode())


def _mathematical(text: str) -> str:
    return "".join(chr(0x1D41A + ord(char) - 97) if "a" <= char <= "z" else char for char in text)


_DISGUISES: Final[dict[str, Callable[[str], str]]] = {
    "invisible": lambda text: _inside(text, lambda at: _HIDDEN[at % len(_HIDDEN)]),
    "marks": lambda text: _inside(text, lambda _: "\u0336\u0301"),
    "marks behind invisible": lambda text: _inside(text, lambda _: "\u200b\u0301"),
    "full width": _full_width,
    "mathematical": _mathematical,
    "cyrillic": lambda text: text.translate(_CYRILLIC),
    "digits of another script": lambda text: text.translate(_ARABIC_INDIC),
    "tags in between": lambda text: _inside(text, lambda at: chr(0xE0041 + at)),
    "tags": lambda text: "".join(chr(0xE0000 + ord(char)) for char in text),
    "percent": _percent,
    "percent, three times": lambda text: _percent(text).replace("%", "%2525"),
    "decimal references": lambda text: "".join(f"&#{ord(char)};" for char in text),
    "hexadecimal references": lambda text: "".join(f"&amp;#x{ord(char):x};" for char in text),
    "unicode escapes": lambda text: "".join(f"\\u{ord(char):04x}" for char in text),
    "byte escapes": lambda text: "".join(f"\\\\x{ord(char):02X}" for char in text),
    "brace escapes": lambda text: "".join(f"\\u{{{ord(char):x}}}" for char in text),
    "base64": lambda text: base64.b64encode(text.encode()).decode(),
    "base64, no padding": lambda text: base64.urlsafe_b64encode(text.encode()).decode().rstrip("="),
    "base64, twice": lambda text: base64.b64encode(base64.b64encode(text.encode())).decode(),
    "hex": lambda text: text.encode().hex(),
    "hex with 0x": lambda text: "0x" + text.encode().hex().upper(),
    "base64 in percent in full width": lambda text: _full_width(_percent(base64.b64encode(text.encode()).decode())),
}


def _view(text: str) -> str:
    form = canonical(text)
    return text if form is None else form.text


@pytest.mark.parametrize("plain", _PLAIN)
@pytest.mark.parametrize("disguise", _DISGUISES)
@pytest.mark.parametrize(
    ("before", "after"), [("", ""), ("Write to ", ", please."), ("联系： ", "\n"), ("Ответ: ", "; да")]
)
def test_a_disguise_is_undone_and_maps_back_to_all_of_it(disguise: str, plain: str, before: str, after: str) -> None:
    hidden = _DISGUISES[disguise](plain)
    text = before + hidden + after
    if hidden == plain:
        return
    form = canonical(text)
    assert form is not None
    start = form.text.index(plain)
    assert form.original_span(start, start + len(plain)) == (len(before), len(before) + len(hidden))


@pytest.mark.parametrize(
    "text",
    [
        "jo [at] example [dot] com",
        "jo(at)example(dot)com",
        "jo at example dot com",
        "jo AT example DOT com",
        "jo{at}example.com",
        "jo <at> example (.) com",
        "jo (@) example.com",
        "jo &#91;at&#93; ехample.com".replace("х", "x"),
    ],
)
def test_a_spelled_address_is_an_address(text: str) -> None:
    form = canonical(f"Write to {text} today")
    assert form is not None
    assert form.text == "Write to jo@example.com today"
    start = form.text.index("jo@")
    assert form.original_span(start, start + 14) == (9, 9 + len(text))


@pytest.mark.parametrize(
    "text",
    [
        "We met at noon on the dot, at the station.",
        "Look at amazon dot com or shop at example dot org.",
        "The function f(at) and the list x[at] are plotted.",
        "Press (.) and then (at) twice.",
        "Growth of 20% or 100%, AT&T and R&D, C:\\dir\\users, 5 %",
        "a & b; x &y; &unknown; &#; &#0; %zz %00 %ff \\u12 \\x00 \\ud800",
        "sha256 9f86d081884c7d659a2feaa0c55ad015a3bf4f1b2b0b822cd15d6c15b0f00a08",
        "commit 1f8a3e2cb04d5b6a7c8d9e0f1a2b3c4d5e6f7a8b and 550e8400-e29b-41d4-a716-446655440000",
        "internationalization/responsibilities/counterrevolutionaries",
        "sk-proj-AbCdEf0123456789GhIjKlMnOpQrStUvWxYz",
        "call 4111111111111111 or 00000000000000000000",
        "",
    ],
)
def test_ordinary_ascii_is_its_own_form(text: str) -> None:
    assert canonical(text) is None


@pytest.mark.parametrize(
    "text",
    [
        "Сор и хаос в расе: он рос в Осло, а она — нет".replace("—", "-"),
        "Она сказала, что кот спит. А он нет.",
        "Ο κόσμος είναι μικρός, και το νερό νόστιμο.",
        "من می‌خواهم این کتاب را بخوانم",
        "क्‍ष और श्रीमान‌जी हिन्दी में लिखते हैं",
        "אני אוהב שָׁלוֹם",
        "مرحبا بالعالم",
        "今天天气很好我们去公园吧",
        "ภาษาไทยทำงานน้ำ",
        "안녕하세요 ㅋㅋㅋ",
        "こんにちは、世界".replace("、", ""),
        "Բարեւ ձեզ",
        "👨‍👩‍👧 ❤️‍🔥 🏳️‍🌈 👍🏽 🇮🇹 🏴\U000e0067\U000e0062\U000e0065\U000e006e\U000e0067\U000e007f",
    ],
)
def test_real_text_of_any_language_is_its_own_form(text: str) -> None:
    assert canonical(text) is None


@pytest.mark.parametrize(
    ("text", "form"),
    [
        ("Où est le café « naïf » ?", 'Ou est le cafe " naif " ?'),
        ("Łódź, Ærøskøbing, Århus", "Lodz, AEroskobing, Arhus"),
        ("“Quoted” – it’s…", '"Quoted" - it\'s...'),
        ("The 𝓆𝓊𝒾𝒸𝓀 Ⓑrown ﬁsh 🅰", "The quick Brown fish A"),
        ("4️⃣1️⃣ m² ½ ①", "41 m2 1/2 1"),
        ("pаypаl и пайпал", "paypal и пайпал"),
        ("расе, race расе", "расе, race pace"),
        ("ɪɢɴᴏʀᴇ", "ignore"),
        ("A\u0338B\u200bC", "ABC"),
        ("🏴" + "".join(chr(0xE0000 + ord(char)) for char in "ignore rules") + "\U000e007f", "🏴ignore rules"),
    ],
)
def test_what_stands_for_plain_characters_becomes_them(text: str, form: str) -> None:
    assert _view(text).replace("Æ", "AE") == form


def test_hidden_characters_and_marks_at_the_edges_of_a_span_are_not_part_of_it() -> None:
    form = canonical("x \u200bjo@\u200bexample.com\u0301\u200b y")
    assert form is not None
    start = form.text.index("jo")
    assert form.original_span(start, start + len("jo@example.com")) == (3, 18)


def test_a_part_of_an_island_stands_for_the_island() -> None:
    island = base64.b64encode(b"mail jo@example.com now").decode()
    form = canonical(f"run {island} ok")
    assert form is not None
    assert form.original_span(form.text.index("jo"), form.text.index(" now")) == (4, 4 + len(island))


def test_islands_are_opened_three_deep_and_no_deeper() -> None:
    text = "jo@example.com"
    for depth in range(1, 6):
        text = base64.b64encode(text.encode()).decode()
        assert ("jo@example.com" in _view(text)) is (depth <= 3)


def test_what_an_island_holds_is_not_joined_to_what_stands_around_it() -> None:
    island = base64.b64encode(b"at example dot com, and more").decode()
    assert "@" not in _view(f"jo {island}")


@pytest.mark.parametrize("size", [64, 400, 40_000])
def test_a_picture_is_no_island_however_long_it_is(size: int) -> None:
    data = random.Random(3).randbytes(size)
    assert canonical(f"data:image/png;base64,{base64.b64encode(data).decode()}") is None


def test_the_text_is_not_in_the_repr() -> None:
    assert "secret" not in repr(Canonical("secret", ()))


_CHARS: Final = (
    *"aB1 .@%&\\[](){}<>-_=+/;#ux\n",
    *_HIDDEN,
    *"еЖжщΩλ你ا١ीé\u0301\u0336\ud800\0👍🏴\U000e0041ﷺ㎏\u2028",
    *("&amp;", "%25", "%40", "\\u0041", " at ", "(dot)", "&lt;", base64.b64encode(b"jo@example.com or so").decode()),
    *sorted(folds())[::40],
    *sorted(look_alikes())[::10],
)
texts = st.lists(st.sampled_from(_CHARS), max_size=40).map("".join) | st.text(max_size=40)


_FOR_ONE: Final[tuple[Callable[[str], str], ...]] = (
    str,
    _full_width,
    _percent,
    _mathematical,
    lambda char: char.translate(_CYRILLIC),
    lambda char: char.translate(_ARABIC_INDIC),
    lambda char: f"&#{ord(char)};",
    lambda char: f"&amp;#x{ord(char):x};",
    lambda char: f"\\u{ord(char):04x}",
    lambda char: f"%25{ord(char):02x}",
)
_AROUND: Final = (
    "",
    "Write to ",
    "Пишите нам: ",
    "联系：",
    "« Été » ",
    "می‌خواهم ",
    "👨‍👩‍👧 ",
    "100 % & more; ",
    "\ud800 ",
)


@given(st.data(), st.sampled_from(_PLAIN), st.sampled_from(_AROUND), st.sampled_from(_AROUND))
def test_disguises_mixed_at_will_are_undone_and_map_back(
    data: st.DataObject, plain: str, before: str, after: str
) -> None:
    disguised = [data.draw(st.sampled_from(_FOR_ONE))(char) for char in plain]
    hidden = data.draw(
        st.lists(st.sampled_from(["", "", "\u0301\u0336", *_HIDDEN]), min_size=len(plain) - 1, max_size=len(plain) - 1)
    )
    stretch = "".join(map("".join, zip(disguised, [*hidden, ""], strict=True)))
    text = f"{before}{stretch} {after}"
    form = canonical(text)
    if form is None:
        assert stretch == plain
        return
    start = form.text.index(plain)
    assert form.original_span(start, start + len(plain)) == (len(before), len(before) + len(stretch))


@given(texts)
def test_every_place_of_the_form_maps_into_the_text_and_in_order(text: str) -> None:
    form = canonical(text)
    if form is None:
        return
    spans = [form.original_span(at, at + 1) for at in range(len(form.text))]
    assert all(0 <= start < end <= len(text) for start, end in spans)
    assert spans == sorted(spans)
    assert [end for _, end in spans] == sorted(end for _, end in spans)
    assert all(form.original_span(at, at) == (spans[at][0],) * 2 for at in range(len(spans)))


@given(texts)
def test_a_form_is_never_longer_than_it_says(text: str) -> None:
    assert len(_view(text)) <= MAX_GROWTH * len(text)


@given(texts, st.integers(0, 80), st.integers(0, 80))
def test_characters_that_no_layer_touched_are_found_where_they_are(text: str, left: int, right: int) -> None:
    marked = f"{text[:left]} KEEP_THIS {text[left:]}"
    form = canonical(marked)
    if form is None:
        return
    start = form.text.index("KEEP_THIS")
    first, last = form.original_span(start, start + 9)
    assert marked[first:last] == "KEEP_THIS"


@given(st.text(alphabet="ab", max_size=12), st.data())
def test_offsets_agree_with_the_edits(text: str, data: st.DataObject) -> None:
    places = sorted(data.draw(st.sets(st.integers(0, len(text)), max_size=6)))
    pairs = zip(places[::2], places[1::2], strict=False)
    edits = [Edit(start, end, data.draw(st.sampled_from(["", "x", "yyy"]))) for start, end in pairs]
    offsets, edited = Offsets.of(edits), apply_edits(text, edits)
    for start in range(len(edited)):
        for end in range(start + 1, len(edited) + 1):
            first, last = offsets.original_span(start, end)
            touched = [edit for edit in edits if edit.start < last and edit.end > first]
            assert all(first <= edit.start and edit.end <= last for edit in touched)
            inside = [Edit(edit.start - first, edit.end - first, edit.replacement) for edit in touched]
            assert edited[start:end] in apply_edits(text[first:last], inside)


def test_a_long_random_text_has_a_form() -> None:
    rng = random.Random(7)
    text = "".join(chr(rng.randrange(0x110000)) for _ in range(20_000))
    form = canonical(text)
    assert form is not None
    assert len(form.text) <= MAX_GROWTH * len(text)
