"""Payment: cards of all issuers, accounts of many countries, tax numbers of firms."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from random import Random

from corpus.values.arithmetic import chars, fill, iso7064_11_10, luhn_digit, mod97, weighted, with_luhn

__all__ = ["bank_account", "bic", "iban", "payment_card", "routing_number", "sort_code", "vat_number"]

_CARDS = {
    "visa": ("4", 16), "visa13": ("4", 13), "visa19": ("4", 19), "mastercard": ("5N", 16), "mastercard2": ("2N", 16), "amex": ("3", 15),
    "diners": ("36", 14), "discover": ("6011", 16), "discover65": ("65", 16), "jcb": ("35", 16), "unionpay": ("62", 16),
    "unionpay19": ("62", 19), "maestro": ("6759", 16), "mir": ("220", 16),
}  # fmt: skip


def payment_card(rng: Random, hint: str) -> str:
    """Return a card of the issuer named, or of any, plain or grouped; `plain` for no groups."""
    plain = hint == "plain"
    issuer = hint if hint in _CARDS else rng.choice([*_CARDS, "visa", "visa", "mastercard", "amex"])
    length = _CARDS[issuer][1]
    prefix = _prefix(rng, issuer)
    number = with_luhn(prefix + chars(rng, "#", length - len(prefix) - 1))
    separator = "" if plain else rng.choice((" ", " ", "-", ""))
    if length in {14, 15}:
        return separator.join((number[:4], number[4:10], number[10:]))
    if length in {13, 19}:
        return number
    return separator.join(number[at : at + 4] for at in range(0, 16, 4))


def _prefix(rng: Random, issuer: str) -> str:
    choices = {
        "mastercard": [str(n) for n in range(51, 56)],
        "mastercard2": ["2221", "2300", "2467", "2689", "2720"],
        "amex": ["34", "37"],
        "jcb": ["3528", "3550", "3589"],
        "mir": ["2200", "2201", "2202", "2203", "2204"],
        "unionpay": ["6222", "6250", "6282"],
        "unionpay19": ["6222", "6253"],
    }
    return rng.choice(choices.get(issuer, [_CARDS[issuer][0]]))


_BBANS = {
    "DE": "#" * 18, "GB": "@@@@" + "#" * 14, "FR": "#" * 10 + "000" + "#" * 10, "IT": "@" + "#" * 22,
    "NL": "@@@@" + "#" * 10, "CH": "00" + "#" * 15, "AT": "#" * 16, "PL": "#" * 24, "PT": "#" * 21, "SE": "#" * 20,
    "NO": "", "DK": "#" * 14, "FI": "#" * 14, "IE": "@@@@" + "#" * 14, "LU": "#" * 16, "CZ": "#" * 20,
    "RO": "@@@@" + "*" * 16, "HU": "#" * 24, "GR": "#" * 23, "TR": "#" * 5 + "0" + "#" * 16, "SA": "#" * 20, "AE": "#" * 19,
    "IL": "#" * 19, "BR": "#" * 23 + "C1", "MT": "@@@@" + "#" * 5 + "*" * 18, "LV": "@@@@" + "#" * 13, "EE": "#" * 16,
    "LT": "#" * 16,
}  # fmt: skip
_HOME = {"de": "DE", "fr": "FR", "es": "ES", "it": "IT", "nl": "NL", "pl": "PL", "pt": "PT", "sv": "SE", "da": "DK", "no": "NO", "fi": "FI", "tr": "TR", "cs": "CZ", "ro": "RO", "ar": "AE", "he": "IL"}  # fmt: skip


def iban(rng: Random, hint: str) -> str:
    """Return an account of the country named, or of any; `plain` and `spaced` for that form alone."""
    country = hint if hint.isupper() else _HOME.get(hint) or rng.choice([*_BBANS, "BE", "ES"])
    bban = _bban(rng, country)
    check = 98 - mod97(bban + country + "00")
    number = f"{country}{check:02}{bban}"
    if hint == "plain" or (hint != "spaced" and rng.random() < 0.4):
        return number
    return " ".join(number[at : at + 4] for at in range(0, len(number), 4))


def _bban(rng: Random, country: str) -> str:
    if country == "BE":
        head = chars(rng, "#", 10)
        return f"{head}{int(head) % 97 or 97:02}"
    if country == "ES":
        bank, account = chars(rng, "#", 8), chars(rng, "#", 10)
        return bank + _es_digit("00" + bank) + _es_digit(account) + account
    if country == "NO":
        return _eleven(rng)
    return fill(rng, _BBANS[country])


def _eleven(rng: Random) -> str:
    while True:
        head = chars(rng, "#", 10)
        check = -weighted(head, (5, 4, 3, 2, 7, 6, 5, 4, 3, 2)) % 11
        if check < 10:
            return f"{head}{check}"


def _es_digit(number: str) -> str:
    rest = -weighted(number, (1, 2, 4, 8, 5, 10, 9, 7, 3, 6)) % 11
    return str(1 if rest == 10 else rest)


def bic(rng: Random, hint: str) -> str:
    """Return a bank code with a true country."""
    country = _HOME.get(hint) or rng.choice(("DE", "GB", "FR", "US", "CH", "NL", "IT", "ES", "JP", "SG", "PL", "IE"))
    bank = rng.choice(("NRDL", "HRBC", "TERN", "BKEX", "COBV", "LARK", "GRNT", "RIVM"))
    place = rng.choice(("FF", "2L", "PP", "33", "ZZ", "2A", "MM", "K1", "21", "HH"))
    return f"{bank}{country}{place}" + rng.choice(("", "", "XXX", fill(rng, "###"), "HAM"))


def routing_number(rng: Random, _: str) -> str:
    """Return a routing number of a bank in the United States."""
    head = rng.choice(("01", "02", "03", "06", "07", "09", "10", "11", "12", "26", "31", "32")) + chars(rng, "#", 6)
    return head + str(-weighted(head, (3, 7, 1, 3, 7, 1, 3, 7)) % 10)


def sort_code(rng: Random, _: str) -> str:
    """Return the number of a branch of a bank in the United Kingdom."""
    return fill(rng, rng.choice(("20-##-##", "40-##-##", "60-##-##", "04-00-##", "30##9#")))


def bank_account(rng: Random, hint: str) -> str:
    """Return the number of an account that is no IBAN."""
    shapes = {
        "uk": "########", "us": "9#########|9###########|9########", "de": "9#########|9########", "ja": "#######",
        "zh": "1109############9##", "au": "9########|######-##9", "in": "9##########|9##############", "ca": "9######",
    }  # fmt: skip
    return fill(rng, rng.choice(shapes.get(hint, shapes["us"]).split("|")))


def vat_number(rng: Random, hint: str) -> str:
    """Return the tax number of a firm of the country named by two capitals, or by the language, or of any."""
    home = {"de": "DE", "fr": "FR", "es": "ES", "it": "IT", "nl": "NL", "pl": "PL", "pt": "PT", "sv": "SE", "da": "DK", "fi": "FI"}  # fmt: skip
    country = hint if hint.isupper() else home.get(hint) or rng.choice((*home.values(), "GB", "BE", "AT", "LU"))
    return _VAT[country](rng)


def _de(rng: Random) -> str:
    head = fill(rng, "9#######")
    return f"DE{head}{iso7064_11_10(head)}"


def _fr(rng: Random) -> str:
    siren = with_luhn(fill(rng, "¤#######"))
    return f"FR{(12 + 3 * (int(siren) % 97)) % 97:02}" + rng.choice((siren, f" {siren[:3]} {siren[3:6]} {siren[6:]}"))


def _gb(rng: Random) -> str:
    head = fill(rng, "¤######")
    check = -weighted(head, (8, 7, 6, 5, 4, 3, 2)) % 97
    number = f"{head}{check:02}"
    return rng.choice((f"GB{number}", f"GB {number[:3]} {number[3:7]} {number[7:]}"))


def _es(rng: Random) -> str:
    head = fill(rng, "9######")
    return f"ES{rng.choice('AB')}{head}{luhn_digit(head)}"


def _nl(rng: Random) -> str:
    while True:
        head = fill(rng, "¤#######")
        check = weighted(head, (9, 8, 7, 6, 5, 4, 3, 2)) % 11
        if check < 10:
            return f"NL{head}{check}B0{rng.randint(1, 9)}"


def _pl(rng: Random) -> str:
    while True:
        head = fill(rng, "¤¤#######")
        check = weighted(head, (6, 5, 7, 2, 3, 4, 5, 6, 7)) % 11
        if check < 10:
            return f"PL{head}{check}"


def _pt(rng: Random) -> str:
    head = "5" + chars(rng, "#", 7)
    check = 11 - weighted(head, (9, 8, 7, 6, 5, 4, 3, 2)) % 11
    return f"PT{head}{check if check < 10 else 0}"


def _da(rng: Random) -> str:
    while True:
        number = fill(rng, "¤#######")
        if weighted(number, (2, 7, 6, 5, 4, 3, 2, 1)) % 11 == 0:
            return f"DK{number}"


def _fi(rng: Random) -> str:
    while True:
        head = fill(rng, "¤######")
        check = -weighted(head, (7, 9, 10, 5, 8, 4, 2)) % 11
        if check < 10:
            return f"FI{head}{check}"


def _at(rng: Random) -> str:
    head = chars(rng, "#", 7)
    total = sum(int(c) if at % 2 == 0 else sum(divmod(2 * int(c), 10)) for at, c in enumerate(head))
    return f"ATU{head}{(6 - total) % 10}"


def _be(rng: Random) -> str:
    head = "0" + fill(rng, "¤######")
    return f"BE{head}{97 - int(head) % 97:02}"


def _lu(rng: Random) -> str:
    head = fill(rng, "¤#####")
    return f"LU{head}{int(head) % 89:02}"


_VAT: Mapping[str, Callable[[Random], str]] = {
    "DE": _de, "FR": _fr, "GB": _gb, "ES": _es, "NL": _nl, "PL": _pl, "PT": _pt, "DK": _da, "FI": _fi, "AT": _at, "BE": _be,
    "LU": _lu, "IT": lambda rng: "IT" + with_luhn(fill(rng, "0¤#####0#9")), "SE": lambda rng: f"SE{with_luhn(fill(rng, '55¤######'))}01",
}  # fmt: skip
