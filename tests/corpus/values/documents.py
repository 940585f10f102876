# ruff: noqa: RUF001  Cyrillic letters on plates are meant
"""Numbers of documents, vehicles, devices, places and patients."""

from __future__ import annotations

from random import Random

from corpus.values.arithmetic import any_date, chars, fill, luhn_digit, with_luhn
from corpus.values.words import plain_names

__all__ = ["coordinates", "driving_licence", "imei", "licence_plate", "medical_record", "passport", "us_mbi", "us_npi", "vin"]  # fmt: skip

_PASSPORTS = {
    "en": "9########|@########", "us": "9########|@########", "uk": "5########", "de": "C9@@9@##9|F9@@##9@#|L9@@9#@##",
    "fr": "##@@#####", "es": "@@@######", "it": "Y@#######", "pt": "@@######|C@######", "nl": "N@@#@@#9#", "pl": "@@#######",
    "ru": "45 ## ######|7# #######", "ja": "T@#######", "zh": "E########|E@#######", "ar": "A########|@#######", "in": "@#######",
    "ko": "M########", "ca": "@@######", "au": "P@#######|N#######", "br": "@@######", "ch": "X#######|S#@#####",
}  # fmt: skip
_LICENCES = {
    "ca": "@#######", "ny": "### ### ###", "fl": "@###-###-##-###-0", "tx": "########", "il": "@###-####-####", "nj": "@#### ##### #####",
    "de": "B0##@@@##@9", "fr": "##@@#####|############", "es": "########@", "it": "U1@##@###@|MI#######@", "nl": "5#########",
    "pl": "#####/##/14##", "ru": "77 ## ######", "pt": "L-#######", "br": "0##########", "ja": "3###########", "au": "########",
    "zh": "9#################", "ar": "#########", "in": "MH1# 20#########", "ie": "#########",
}  # fmt: skip
_PLATES = {
    "uk": "@@6# @@@|@@2#@@@|@@19 @@@", "de": "B-@@ 9###|M-@ 9##|K @@ 9###|HH-@@ 9##E", "fr": "@@-###-@@|@@ ### @@", "es": "#### BC@|####-FKL",
    "it": "@@ ### @@|@@###@@", "nl": "##-@@@-#|@-###-@@|@@-##-@@", "pl": "WA #####|KR #@###|GD 9####", "us": "7@@@###|@@@-####|@@@ 9##", "pt": "##-@@-##|@@-##-@@",
    "ru": "А###ВС77|М###ОР1##", "ja": "品川 3## あ ##-##|横浜 5## さ ##-##", "zh": "京A####9|沪B·#####|粤B####9", "sv": "@@@ ###|@@@ ##@",
    "ch": "ZH 9#####|BE 9####", "ar": "أ ب ج ####|دبي A #####", "br": "@@@#@##", "ie": "191-D-9####",
}  # fmt: skip


def passport(rng: Random, hint: str) -> str:
    """Return the number of a passport of that country or language."""
    return fill(rng, rng.choice(_PASSPORTS[hint].split("|")))


def driving_licence(rng: Random, hint: str) -> str:
    """Return the number of a licence; `uk` carries name and birthday, as there."""
    if hint != "uk":
        return fill(rng, rng.choice(_LICENCES[hint].split("|")))
    last = (plain_names(rng, "en")[1].upper() + "9999")[:5]
    year, month, day = any_date(rng)
    month += 50 * rng.randrange(2)
    return f"{last}{year // 10 % 10}{month:02}{day:02}{year % 10}" + fill(rng, "@99@@")


def licence_plate(rng: Random, hint: str) -> str:
    """Return the plate of a vehicle registered there."""
    return fill(rng, rng.choice(_PLATES[hint].split("|")))


_VIN_VALUES = dict(zip("0123456789ABCDEFGHJKLMNPRSTUVWXYZ", (*range(10), *range(1, 9), *range(1, 6), 7, 9, *range(2, 10)), strict=True))  # fmt: skip
_VIN_WEIGHTS = (8, 7, 6, 5, 4, 3, 2, 10, 0, 9, 8, 7, 6, 5, 4, 3, 2)


def vin(rng: Random, _: str) -> str:
    """Return an identification number of a vehicle with the check digit of North America."""
    letters = "ABCDEFGHJKLMNPRSTUVWXYZ0123456789"
    head = rng.choice(("1HG", "WVW", "5YJ", "JTD", "WBA", "1FA", "VF1", "ZFA")) + "".join(rng.choices(letters, k=5))
    tail = rng.choice("KLMNPRST") + rng.choice(letters[:23]) + chars(rng, "#", 6)
    rest = sum(_VIN_VALUES[c] * w for c, w in zip(f"{head}0{tail}", _VIN_WEIGHTS, strict=True)) % 11
    return f"{head}{'X' if rest == 10 else rest}{tail}"


def imei(rng: Random, _: str) -> str:
    """Return the number of a telephone, plain or grouped as on its box."""
    number = with_luhn(rng.choice(("35", "86", "01")) + chars(rng, "#", 12))
    return rng.choice((number, number, f"{number[:2]}-{number[2:8]}-{number[8:14]}-{number[14]}", f"{number[:6]} {number[6:8]} {number[8:14]} {number[14]}"))  # fmt: skip


def coordinates(rng: Random, hint: str) -> str:
    """Return a latitude and a longitude; `dms` in degrees, minutes and seconds."""
    north, east = rng.uniform(-60, 68), rng.uniform(-170, 170)
    if hint == "dms":
        return f"{_dms(north, 'NS')}{rng.choice((' ', ', '))}{_dms(east, 'EW')}"
    if hint == "letters":
        return f"{abs(north):.4f}° {'N' if north > 0 else 'S'}, {abs(east):.4f}° {'E' if east > 0 else 'W'}"
    places = rng.choice((4, 5, 6))
    return f"{north:.{places}f}{rng.choice((', ', ','))}{east:.{places}f}"


def _dms(angle: float, letters: str) -> str:
    seconds = round(abs(angle) * 3600)
    letter = letters[0] if angle > 0 else letters[1]
    return f"{seconds // 3600}°{seconds // 60 % 60:02}'{seconds % 60:02}\"{letter}"


def us_npi(rng: Random, _: str) -> str:
    """Return the number of a health care provider: Luhn with 80840 before it."""
    head = rng.choice("12") + chars(rng, "#", 8)
    return head + luhn_digit("80840" + head)


def us_mbi(rng: Random, _: str) -> str:
    """Return a Medicare number: letters and digits at set places, no S, L, O, I, B or Z."""
    letters = "ACDEFGHJKMNPQRTUVWXY"
    kinds = {"C": "123456789", "N": "0123456789", "A": letters, "X": letters + "0123456789"}
    made = "".join(rng.choice(kinds[kind]) for kind in "CAXNAXNAANN")
    return rng.choice((made, f"{made[:4]}-{made[4:7]}-{made[7:]}"))


def medical_record(rng: Random, _: str) -> str:
    """Return the number of a patient's file, which every hospital makes up in its own way."""
    return fill(rng, rng.choice(("0#######", "9#####", "9#######", "@@######", "H-9######", "9##-##-##", "MR9######")))
