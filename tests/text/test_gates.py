"""Gates hold wherever their patterns match, and are shut where they can be."""

from __future__ import annotations

import pytest

from genai_guard.text.gates import GATES, TRIGGERS, Shapes

OPEN = {
    "letter_digits_6": ["A123456(7)"],
    "country_digits": ["DE123456789", "IE9S12345L", "FRA1123456789"],
    "thousands_dashed": ["12.345.678-5"],
    "digit": ["1", "a1b"],
    "digits_4": ["3/5/80", "1980"],
    "digits_5": ["12 345", "(1)2-3.4/5"],
    "digits_7": ["123 45 67"],
    "native_digits_5": ["ΑΦΜ 12345", "é 1-2-3-4-5"],
    "letters_6_digits_2": ["RSSMRA70A01F205X"],
    "letters_4_digits_6": ["BOXW310820HNERXN09"],
    "digits_6_letter": ["S1234567D", "123456-Z", "x 123456 c"],
    "digits_6_x_3": ["131052-308T", "131052A308T", "131052+308T"],
    "degrees": ["52.5° N"],
    "street": ["Hauptstraße 1", "Berliner Str. 12", "Feldweg 3", "Prinsengracht 263", "Marktplatz 1"],
    "hex_pairs": ["00:1A:2B:3C:4D:5E", "aa-bb-cc-dd-ee-f0"],
    "digit_token_17": ["1M8GDM9AXKP042788", "x 0x5aAeb6053F3E94C9b"],
    "at": ["a@b"],
    "colons": ["::", "1:2:3:4:5:6:7:8", "::ffff:1.2.3.4", "a:b:c:d:e:f:1.2.3.4"],
    "letters_2_digits_2": ["GB82", "x de89 y"],
    "dashed_3_2_4": ["078-05-1120", "9078-05-11201"],
    "dotted_quad": ["1.2.3.4", "at 10.0.0.1."],
    "plus_digits_8": ["+1 (415) 555-0132", "+45 12345678"],
    "digits_10": ["415.555.0132", "(415) 555-0132", "415/555 0132"],
    "digits_13": ["4111 1111 1111 1111", "4111-1111-1111-1"],
    "token_20": ["x = abc_DEF-0123456789xyz", "internationalizations"],
    "token_20_dotted_6": ["M" * 24 + ".abc_-1." + "x" * 27],
    "plane_1": ["a\U00010000", "\ud800\U0001f600"],
    "plane_14": ["a\U000e0041", "\U0001f600\U000e0100", "\U0010fffd"],
    "private_4": ["a\ue000\ue001\uf8fe\uf8ff"],
}
SHUT = {
    "plane_1": ["", "abc", "\uffff\ud800"],
    "plane_14": ["", "abc", "\U0001f600", "\U0003134f"],
    "private_4": ["", "\ue000\ue001\ue002 \ue003", "\uf900" * 4],
    "letter_digits_6": ["A12345(7)", "123456"],
    "country_digits": ["AB1 2345", "A12345"],
    "thousands_dashed": ["12.345.678", "1.234-5"],
    "digit": ["", "abc", "\u0661"],
    "digits_4": ["1:2:3:4", "123"],
    "digits_5": ["12, 345", "1234"],
    "digits_7": ["123456", "123,4567"],
    "native_digits_5": ["AFM 12345", "é 1234"],
    "letters_6_digits_2": ["GB82WEST", "abcde12"],
    "letters_4_digits_6": ["BOXW31082", "BO 310820"],
    "digits_6_letter": ["123456", "12345a", "123456  a"],
    "digits_6_x_3": ["131052308", "131052-30", "131052--308"],
    "degrees": ["52.5 N", "° C"],
    "street": ["Hauptstraße", "Main Street 1", "Weg,12", "12 transfers"],
    "hex_pairs": ["00:1A:2B:3C:4D", "aa-bb-cc-dd-ee", "1:2:3:x:4:5:y:6"],
    "digit_token_17": ["internationalizations", "1M8GDM9AXKP04278"],
    "at": ["a at b"],
    "colons": ["10:30:45", '{"a":1,"b":2,"c":3,"d":4,"e":5,"f":6}', "std:vector"],
    "letters_2_digits_2": ["G82", "AB 12", "12AB", "x1y2"],
    "dashed_3_2_4": ["078-051-120", "78-05-1120x", "2026-11-21"],
    "dotted_quad": ["1.2.3", "wait ... 5", "a. b. c. d."],
    "plus_digits_8": ["+12 345", "1+2", "12345678"],
    "digits_10": ["415-555", "1,000,000,000"],
    "digits_13": ["2026-11-21 10:30", "\u0661" * 13],
    "token_20": ["abc_DEF-0123456789x", "a.b.c/d e+f" * 9, "\u0661" * 30],
    "token_20_dotted_6": ["a.abcdef.b", "x" * 30 + " a.b.c", "x" * 30 + ".abcdef", "x" * 30 + ".abcde.x"],
}


@pytest.mark.parametrize(("name", "text"), [(name, text) for name, texts in OPEN.items() for text in texts])
def test_a_gate_is_open_for_what_its_patterns_can_match(name: str, text: str) -> None:
    assert GATES[name](Shapes(text))


@pytest.mark.parametrize(("name", "text"), [(name, text) for name, texts in SHUT.items() for text in texts])
def test_a_gate_is_shut_for_what_they_cannot(name: str, text: str) -> None:
    assert not GATES[name](Shapes(text))


@pytest.mark.parametrize(("name", "text"), [(name, text) for name, texts in OPEN.items() for text in texts])
def test_no_gate_is_open_without_one_of_its_triggers(name: str, text: str) -> None:
    triggers = [bytes([byte]) for byte in TRIGGERS[name]]
    without = "".join(char for char in text if char.encode("ascii", "replace") not in triggers)
    assert not GATES[name](Shapes(without))


def test_every_gate_is_tried_both_ways() -> None:
    assert set(OPEN) == set(SHUT) == set(GATES) == set(TRIGGERS)


@pytest.mark.parametrize("text", ["\ud800 1", "\x00", "", "é\u0661"])
def test_any_text_has_shapes(text: str) -> None:
    shapes = Shapes(text)
    assert len(shapes.digits) == len(shapes.letters) == len(shapes.data)
    assert {name for name, gate in GATES.items() if gate(shapes)} <= {"digit"}


def test_characters_beyond_ascii_are_no_digits_and_no_letters() -> None:
    assert set(Shapes("é\u0661爆").digits) == set(b"x")
    assert set(Shapes("é\u0661爆").letters) == set(b" ")
