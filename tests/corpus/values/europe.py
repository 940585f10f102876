"""National numbers of Europe, by the check digits of each."""

from __future__ import annotations

from random import Random

from corpus.values.arithmetic import any_date, chars, fill, iso7064_11_10, luhn_digit, weighted

__all__ = ["MAKERS"]


def at_svnr(rng: Random, _: str) -> str:
    while True:
        year, month, day = any_date(rng)
        serial, date = fill(rng, "9##"), f"{day:02}{month:02}{year % 100:02}"
        check = weighted(serial + date, (3, 7, 9, 5, 8, 4, 2, 1, 6)) % 11
        if check < 10:
            return f"{serial}{check}{rng.choice((' ', ''))}{date}"


def be_national(rng: Random, _: str) -> str:
    year, month, day = any_date(rng)
    head = f"{year % 100:02}{month:02}{day:02}{rng.randint(1, 997):03}"
    check = 97 - int(("2" if year >= 2000 else "") + head) % 97
    plain = f"{head}{check:02}"
    return rng.choice((plain, f"{plain[:2]}.{plain[2:4]}.{plain[4:6]}-{plain[6:9]}.{plain[9:]}"))


def ch_ahv(rng: Random, _: str) -> str:
    head = "756" + chars(rng, "#", 9)
    number = head + str(-weighted(head, (1, 3) * 6) % 10)
    return rng.choice((f"{number[:3]}.{number[3:7]}.{number[7:11]}.{number[11:]}", number))


def de_tax_id(rng: Random, _: str) -> str:
    """One digit of the first ten occurs twice, and so one not at all."""
    digits = rng.sample("0123456789", 9)
    digits.insert(rng.randrange(9), digits[8])
    if digits[0] == "0":
        digits[0], digits[5] = digits[5], digits[0]
    if digits[0] == "0":
        digits[0], digits[7] = digits[7], digits[0]
    head = "".join(digits)
    number = head + iso7064_11_10(head)
    return rng.choice((number, f"{number[:2]} {number[2:5]} {number[5:8]} {number[8:]}"))


def dk_cpr(rng: Random, _: str) -> str:
    year, month, day = any_date(rng, 1940, 1999)
    return f"{day:02}{month:02}{year % 100:02}{rng.choice(('-', '-', ''))}{fill(rng, '0###')}"


def es_dni_nie(rng: Random, hint: str) -> str:
    foreign = hint == "nie" or rng.random() < 0.3
    first, rest = (rng.choice("XYZ"), chars(rng, "#", 7)) if foreign else ("", fill(rng, "¤#######"))
    letter = "TRWAGMYFPDXBNJZSQVHLCKE"[(("XYZ".index(first) if first else 0) * 10**7 + int(rest)) % 23]
    return f"{first}{rng.choice(('', '-')) if first else ''}{rest}{rng.choice(('', '', '-'))}{letter}"


def fi_hetu(rng: Random, _: str) -> str:
    year, month, day = any_date(rng)
    date, serial = f"{day:02}{month:02}{year % 100:02}", f"{rng.randint(2, 899):03}"
    return f"{date}{'A' if year >= 2000 else '-'}{serial}" + "0123456789ABCDEFHJKLMNPRSTUVWXY"[int(date + serial) % 31]


def fr_insee(rng: Random, _: str) -> str:
    year, month, _day = any_date(rng)
    department = rng.choice(("13", "33", "44", "59", "69", "75", "78", "92"))
    head = f"{rng.choice('12')}{year % 100:02}{month:02}{department}{rng.randint(1, 400):03}{rng.randint(1, 600):03}"
    key = f"{97 - int(head) % 97:02}"
    spaced = f"{head[0]} {head[1:3]} {head[3:5]} {head[5:7]} {head[7:10]} {head[10:]} {key}"
    return rng.choice((head + key, spaced, spaced))


_ODD = dict(zip("0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZ", (1, 0, 5, 7, 9, 13, 15, 17, 19, 21, 1, 0, 5, 7, 9, 13, 15, 17, 19, 21, 2, 4, 18, 20, 11, 3, 6, 8, 12, 14, 16, 10, 22, 25, 24, 23), strict=True))  # fmt: skip


def it_codice_fiscale(rng: Random, _: str) -> str:
    year, month, day = any_date(rng)
    name = rng.choice(("MRT", "FRR", "GLL", "BSS", "CNT")) + rng.choice(("GLI", "MRC", "CHR", "PLA", "LSE"))
    day += rng.choice((0, 40))
    town = rng.choice(("H501", "F205", "A944", "L219", "F839", "D612"))
    head = f"{name}{year % 100:02}{'ABCDEHLMPRST'[month - 1]}{day:02}{town}"
    total = sum(_ODD[c] if at % 2 == 0 else int(c, 36) - (0 if c.isdigit() else 10) for at, c in enumerate(head))
    return head + "ABCDEFGHIJKLMNOPQRSTUVWXYZ"[total % 26]


def nl_bsn(rng: Random, _: str) -> str:
    while True:
        head = fill(rng, "9#######")
        check = weighted(head, (9, 8, 7, 6, 5, 4, 3, 2)) % 11
        if check < 10:
            number = f"{head}{check}"
            return rng.choice((number, number, f"{number[:4]}.{number[4:6]}.{number[6:]}"))


def no_fodselsnummer(rng: Random, _: str) -> str:
    while True:
        year, month, day = any_date(rng)
        serial = rng.randint(0, 499) if year < 2000 else rng.randint(500, 999)
        head = f"{day:02}{month:02}{year % 100:02}{serial:03}"
        first = -weighted(head, (3, 7, 6, 1, 8, 9, 4, 5, 2)) % 11
        if first > 9:
            continue
        second = -weighted(f"{head}{first}", (5, 4, 3, 2, 7, 6, 5, 4, 3, 2)) % 11
        if second < 10:
            return f"{head[:6]}{rng.choice((' ', ''))}{head[6:]}{first}{second}"


def pl_pesel(rng: Random, _: str) -> str:
    year, month, day = any_date(rng)
    head = f"{year % 100:02}{month + (20 if year >= 2000 else 0):02}{day:02}{chars(rng, '#', 4)}"
    return head + str(-weighted(head, (1, 3, 7, 9, 1, 3, 7, 9, 1, 3)) % 10)


def pt_nif(rng: Random, _: str) -> str:
    head = rng.choice("12") + chars(rng, "#", 7)
    check = 11 - weighted(head, (9, 8, 7, 6, 5, 4, 3, 2)) % 11
    number = f"{head}{check if check < 10 else 0}"
    return rng.choice((number, f"{number[:3]} {number[3:6]} {number[6:]}"))


def se_personnummer(rng: Random, _: str) -> str:
    year, month, day = any_date(rng)
    date, serial = f"{year % 100:02}{month:02}{day:02}", fill(rng, "###")
    century = rng.choice(("", str(year // 100)))
    return f"{century}{date}-{serial}{luhn_digit(date + serial)}"


def uk_nhs(rng: Random, _: str) -> str:
    while True:
        head = fill(rng, rng.choice(("4########", "6########", "7########")))
        check = 11 - weighted(head, (10, 9, 8, 7, 6, 5, 4, 3, 2)) % 11
        if check != 10:
            number = f"{head}{check % 11}"
            return rng.choice((number, f"{number[:3]} {number[3:6]} {number[6:]}", f"{number[:3]}-{number[3:6]}-{number[6:]}"))  # fmt: skip


def uk_nino(rng: Random, _: str) -> str:
    made = rng.choice(("AB", "CE", "JG", "LX", "PW", "SR", "YT", "HM")) + chars(rng, "#", 6) + rng.choice("ABCD")
    return rng.choice((made, f"{made[:2]} {made[2:4]} {made[4:6]} {made[6:8]} {made[8]}"))


def ie_pps(rng: Random, _: str) -> str:
    head, second = fill(rng, "9######"), rng.choice(("", "A", "A"))
    total = weighted(head, (8, 7, 6, 5, 4, 3, 2)) + (9 if second else 0)
    return f"{head}{'WABCDEFGHIJKLMNOPQRSTUV'[total % 23]}{second}"


def cz_rodne(rng: Random, _: str) -> str:
    while True:
        year, month, day = any_date(rng, 1954, 2006)
        head = f"{year % 100:02}{month + rng.choice((0, 50)):02}{day:02}{chars(rng, '#', 3)}"
        check = int(head) % 11
        if check < 10:
            return f"{head[:6]}{rng.choice(('/', '/', ''))}{head[6:]}{check}"


def ro_cnp(rng: Random, _: str) -> str:
    year, month, day = any_date(rng)
    sex = rng.choice("12") if year < 2000 else rng.choice("56")
    head = f"{sex}{year % 100:02}{month:02}{day:02}{rng.randint(1, 40):02}{rng.randint(1, 999):03}"
    check = weighted(head, (2, 7, 9, 1, 4, 6, 3, 5, 8, 2, 7, 9)) % 11
    return f"{head}{1 if check == 10 else check}"


def tr_kimlik(rng: Random, _: str) -> str:
    head = fill(rng, "9########")
    odd, even = sum(map(int, head[::2])), sum(map(int, head[1::2]))
    tenth = (odd * 7 - even) % 10
    return f"{head}{tenth}{(odd + even + tenth) % 10}"


MAKERS = {
    function.__name__.upper(): function
    for function in (
        at_svnr, be_national, ch_ahv, de_tax_id, dk_cpr, es_dni_nie, fi_hetu, fr_insee, it_codice_fiscale, nl_bsn,
        no_fodselsnummer, pl_pesel, pt_nif, se_personnummer, uk_nhs, uk_nino, ie_pps, cz_rodne, ro_cnp, tr_kimlik,
    )
}  # fmt: skip
