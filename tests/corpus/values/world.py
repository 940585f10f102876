"""National numbers of other parts of the world, by the check digits of each."""

from __future__ import annotations

from random import Random

from corpus.values.arithmetic import any_date, chars, fill, weighted, with_luhn

__all__ = ["MAKERS"]


def us_ssn(rng: Random, hint: str) -> str:
    area = rng.choice([n for n in range(1, 900) if n != 666])
    parts = (f"{area:03}", f"{rng.randint(1, 99):02}", f"{rng.randint(1, 9999):04}")
    return ({"plain": "", "space": " "}.get(hint, "-")).join(parts)


def us_itin(rng: Random, hint: str) -> str:
    group = rng.choice([*range(50, 66), *range(70, 89), *range(90, 93), *range(94, 100)])
    return ("" if hint == "plain" else "-").join((fill(rng, "\\9##"), f"{group}", fill(rng, "####")))


def br_cpf(rng: Random, _: str) -> str:
    number = chars(rng, "#", 9)
    for first in (10, 11):
        rest = weighted(number, range(first, 1, -1)) * 10 % 11
        number += str(rest % 10)
    return rng.choice((number, *[f"{number[:3]}.{number[3:6]}.{number[6:9]}-{number[9:]}"] * 2))


def br_cnpj(rng: Random, _: str) -> str:
    number = fill(rng, "9#######") + "0001"
    for weights in ((5, 4, 3, 2, 9, 8, 7, 6, 5, 4, 3, 2), (6, 5, 4, 3, 2, 9, 8, 7, 6, 5, 4, 3, 2)):
        rest = weighted(number, weights) % 11
        number += str(0 if rest < 2 else 11 - rest)
    return rng.choice((number, *[f"{number[:2]}.{number[2:5]}.{number[5:8]}/{number[8:12]}-{number[12:]}"] * 2))


def cn_resident_id(rng: Random, _: str) -> str:
    year, month, day = any_date(rng)
    region = rng.choice(("110105", "310104", "330106", "440305", "510107", "320102", "420106"))
    head = f"{region}{year}{month:02}{day:02}{rng.randint(1, 999):03}"
    weights = [pow(2, 17 - at, 11) for at in range(17)]
    return head + "10X98765432"[weighted(head, weights) % 11]


_TIMES = [[(a + b) % 5 if a < 5 and b < 5 else (a + (b - 5)) % 5 + 5 if a < 5 else (a - 5 - b) % 5 + 5 if b < 5 else (a - b) % 5 for b in range(10)] for a in range(10)]  # fmt: skip
_TURN = (1, 5, 7, 6, 2, 8, 3, 0, 9, 4)


def _turned(digit: int, times: int) -> int:
    for _ in range(times):
        digit = _TURN[digit]
    return digit


def in_aadhaar(rng: Random, _: str) -> str:
    """Verhoeff: products in the dihedral group of the pentagon."""
    head = fill(rng, "¤##########")
    product = 0
    for at, char in enumerate(reversed(head), start=1):
        product = _TIMES[product][_turned(int(char), at % 8)]
    number = head + str(_TIMES[product].index(0))
    return rng.choice((number, *[f"{number[:4]} {number[4:8]} {number[8:]}"] * 2))


def in_pan(rng: Random, _: str) -> str:
    return fill(rng, "@@@P@####@")


def kr_rrn(rng: Random, _: str) -> str:
    year, month, day = any_date(rng)
    sex = rng.choice("12") if year < 2000 else rng.choice("34")
    head = f"{year % 100:02}{month:02}{day:02}{sex}{rng.randint(0, 95):02}{chars(rng, '#', 3)}"
    check = (11 - weighted(head, (2, 3, 4, 5, 6, 7, 8, 9, 2, 3, 4, 5)) % 11) % 10
    return f"{head[:6]}-{head[6:]}{check}"


def mx_curp(rng: Random, _: str) -> str:
    year, month, day = any_date(rng)
    name = rng.choice(("NALU", "IAJA", "SOMA", "OECA", "VIPA"))
    state, letters = rng.choice(("DF", "JC", "NL", "VZ", "OC")), rng.choice(("VRC", "BVR", "LRN", "RTS"))
    head = f"{name}{year % 100:02}{month:02}{day:02}{rng.choice('HM')}{state}{letters}" + ("A" if year >= 2000 else "0")
    total = sum((18 - at) * "0123456789ABCDEFGHIJKLMNÑOPQRSTUVWXYZ".index(c) for at, c in enumerate(head))
    return f"{head}{-total % 10}"


def za_id(rng: Random, _: str) -> str:
    year, month, day = any_date(rng)
    number = with_luhn(f"{year % 100:02}{month:02}{day:02}{fill(rng, '####')}08")
    return rng.choice((number, number, f"{number[:6]} {number[6:10]} {number[10:]}"))


def sg_nric(rng: Random, _: str) -> str:
    kind, number = rng.choice("STFG"), chars(rng, "#", 7)
    total = weighted(number, (2, 7, 6, 5, 4, 3, 2)) + (4 if kind in "TG" else 0)
    return kind + number + ("JZIHGFEDCBA" if kind in "ST" else "XWUTRQPNMLK")[total % 11]


def au_tfn(rng: Random, _: str) -> str:
    while True:
        number = fill(rng, "9########")
        if weighted(number, (1, 4, 3, 7, 5, 8, 6, 9, 10)) % 11 == 0:
            return rng.choice((number, *[f"{number[:3]} {number[3:6]} {number[6:]}"] * 2))


def ca_sin(rng: Random, _: str) -> str:
    number = with_luhn(rng.choice("124567") + chars(rng, "#", 7))
    return rng.choice((number, f"{number[:3]} {number[3:6]} {number[6:]}", f"{number[:3]}-{number[3:6]}-{number[6:]}"))


def cl_rut(rng: Random, _: str) -> str:
    number = f"{rng.randint(5_000_000, 25_999_999)}"
    total = sum(int(c) * (2 + at % 6) for at, c in enumerate(reversed(number)))
    check = "0K987654321"[total % 11]
    return rng.choice((f"{number}-{check}", *[f"{number[:-6]}.{number[-6:-3]}.{number[-3:]}-{check}"] * 2))


def ar_cuit(rng: Random, _: str) -> str:
    while True:
        number = rng.choice(("20", "23", "27", "30")) + fill(rng, "¤#######")
        check = -weighted(number, (5, 4, 3, 2, 7, 6, 5, 4, 3, 2)) % 11
        if check < 10:
            return rng.choice((f"{number}{check}", *[f"{number[:2]}-{number[2:]}-{check}"] * 2))


def hk_id(rng: Random, _: str) -> str:
    letter, number = rng.choice("ABCDEGHKPRVYZ"), chars(rng, "#", 6)
    total = 36 * 9 + (int(letter, 36)) * 8 + weighted(number, (7, 6, 5, 4, 3, 2))
    return f"{letter}{number}({'0123456789A'[-total % 11]})"


_TW = dict(zip("ABCDEFGHJKLMNPQRSTUVXYWZIO", range(10, 36), strict=True))


def tw_id(rng: Random, _: str) -> str:
    letter, number = rng.choice("ABCDEFGHJKLMNPQRSTUVX"), rng.choice("12") + chars(rng, "#", 7)
    total = _TW[letter] // 10 + _TW[letter] % 10 * 9 + weighted(number, (8, 7, 6, 5, 4, 3, 2, 1))
    return f"{letter}{number}{-total % 10}"


def jp_my_number(rng: Random, _: str) -> str:
    head = fill(rng, "9##########")
    rest = sum(int(c) * (at + 1 if at <= 6 else at - 5) for at, c in enumerate(reversed(head), start=1)) % 11
    number = f"{head}{0 if rest <= 1 else 11 - rest}"
    return rng.choice((number, *[f"{number[:4]} {number[4:8]} {number[8:]}"] * 1))


def il_id(rng: Random, _: str) -> str:
    return with_luhn(rng.choice("0235") + chars(rng, "#", 7))


MAKERS = {
    function.__name__.upper(): function
    for function in (
        us_ssn, us_itin, br_cpf, br_cnpj, cn_resident_id, in_aadhaar, in_pan, kr_rrn, mx_curp, za_id, sg_nric, au_tfn, ca_sin,
        cl_rut, ar_cuit, hk_id, tw_id, jp_my_number, il_id,
    )
}  # fmt: skip
