"""Numbers that the states of the Americas give to their people."""

from __future__ import annotations

from typing import Final

from genai_guard.guards.entities.checks import is_date, is_luhn, numbered, weighted
from genai_guard.guards.entities.entity import CODE, NUMBER, Entity, digits_of
from genai_guard.guards.entities.naming import NEAR
from genai_guard.text.rules import Rule

__all__ = ["ENTITIES"]

# Areas 000, 666 and from 900 on, group 00 and serial 0000 were never given out (SSA, POMS RM 10201.035).
_US_SSN: Final = r"(?<!\w)(?<!\w-)(?!000|666|9)\d{3}-(?!00)\d{2}-(?!0000)\d{4}(?!\w|-\w)"


def _is_us_ssn(matched: str) -> bool:
    """Check areas, groups and serials (SSA, POMS RM 10201.035), and refuse rows of one digit and of all."""
    digits = digits_of(matched)
    is_given = digits[:3] not in {"000", "666"} and digits[0] != "9" and digits[3:5] != "00" and digits[5:] != "0000"
    return is_given and len(set(digits)) > 1 and digits != "123456789"


def _is_us_itin(matched: str) -> bool:
    """Check the group (IRS, Publication 4327)."""
    group = int(digits_of(matched)[3:5])
    return 50 <= group <= 65 or 70 <= group <= 88 or 90 <= group <= 92 or 94 <= group <= 99


_NO_EIN: Final = frozenset({0, 7, 8, 9, 17, 18, 19, 28, 29, 49, 69, 70, 78, 79, 89, 96, 97})
"""Prefixes that no campus of the IRS gives out."""


def _is_us_ein(matched: str) -> bool:
    """Check the prefix (IRS, How EINs are assigned)."""
    return int(matched[:2]) not in _NO_EIN


def _is_ca_sin(matched: str) -> bool:
    """Check the Luhn digit, and that it does not begin with 0 or 8 (Service Canada)."""
    return is_luhn(digits_of(matched))


def _is_ar_cuit(matched: str) -> bool:
    """Check the last digit (AFIP)."""
    digits = digits_of(matched)
    return (11 - weighted(digits, (5, 4, 3, 2, 7, 6, 5, 4, 3, 2)) % 11) % 11 == int(digits[10])


def _is_cl_rut(matched: str) -> bool:
    """Check the last character (Servicio de Impuestos Internos)."""
    code = matched.upper().replace(".", "").replace("-", "")
    return "0K987654321"[weighted(code[-2::-1], (2, 3, 4, 5, 6, 7, 2, 3)) % 11] == code[-1]


def _is_co_nit(matched: str) -> bool:
    """Check the last digit (DIAN, Orden Administrativa 4 of 1989)."""
    digits = digits_of(matched)
    weights = (3, 7, 13, 17, 19, 23, 29, 37, 41, 43)
    return "01987654321"[weighted(digits[-2::-1], weights) % 11] == digits[-1]


def _is_do_cedula(matched: str) -> bool:
    return is_luhn(digits_of(matched))


def _is_ec_cedula(matched: str) -> bool:
    """Check the province and the Luhn digit (Registro Civil)."""
    return (1 <= int(matched[:2]) <= 24 or matched[:2] == "30") and int(matched[2]) < 6 and is_luhn(matched)


def _is_br(digits: str, weights: tuple[int, ...]) -> bool:
    """Check the last two digits; `weights` are those of the second, and without the first one those of the first."""
    size = len(digits)
    first = weighted(digits[: size - 2], weights[1:]) * 10 % 11 % 10
    second = weighted(digits[: size - 1], weights) * 10 % 11 % 10
    return len(set(digits)) > 1 and digits[-2:] == f"{first}{second}"


def _is_br_cpf(matched: str) -> bool:
    return _is_br(digits_of(matched), (11, 10, 9, 8, 7, 6, 5, 4, 3, 2))


def _is_br_cnpj(matched: str) -> bool:
    return _is_br(digits_of(matched), (6, 5, 4, 3, 2, 9, 8, 7, 6, 5, 4, 3, 2))


_MX_VALUES: Final = {char: value for value, char in enumerate("0123456789ABCDEFGHIJKLMNÑOPQRSTUVWXYZ")}
_MX_STATES: Final = frozenset(
    "AS BC BS CC CL CM CS CH DF DG GT GR HG JC MC MN MS NT NL OC PL QT QR SP SL SR TC TS TL VZ YN ZS NE".split()  # noqa: SIM905  likewise
)


def _is_mx_curp(matched: str) -> bool:
    """Check the last digit, the date and the state (RENAPO, Instructivo normativo para la asignación de la CURP)."""
    curp = matched.upper()
    total = sum(_MX_VALUES[char] * (18 - place) for place, char in enumerate(curp[:17]))
    return is_date(curp[4:10]) and curp[11:13] in _MX_STATES and (total + int(curp[17])) % 10 == 0


_RFC_VALUES: Final = {char: value for value, char in enumerate("0123456789ABCDEFGHIJKLMN&OPQRSTUVWXYZ Ñ")}


def _is_mx_rfc(matched: str) -> bool:
    """Check the last character and the date (SAT, Anexo III)."""
    rfc = matched.upper()
    total = sum(_RFC_VALUES[char] * (14 - place) for place, char in enumerate(rfc[:-1].rjust(12), 1))
    return is_date(rfc[-9:-3]) and "0123456789A"[(11 - total % 11) % 11] == rfc[-1]


ENTITIES: Final = (
    Entity(
        "US_SSN",
        (
            Rule(
                id="pii.us_ssn",
                category="US_SSN",
                pattern=_US_SSN,
                gate="dashed_3_2_4",
                look_behind=2,
                max_length=13,
                min_length=11,
                alphabet=NUMBER,
                prose=False,
                score=0.9,
            ),
            *numbered(
                "US_SSN", r"\d{9}|\d{3} \d{2} \d{4}", _is_us_ssn, how="", lengths=(9, 11), named=0.85, gap=NEAR,
                words=("ssn", "social security", "soc sec"),
            ).rules,
        ),
        how="areas, groups and serials in use (SSA, POMS RM 10201.035)",
    ),
    numbered(
        "US_ITIN", r"9\d{2}[- ]?\d{2}[- ]?\d{4}", _is_us_itin, how="groups in use (IRS, Publication 4327)",
        bare=0.8, bare_pattern=r"9\d{2}-\d{2}-\d{4}", words=("itin", "taxpayer identification", "tax id"), lengths=(9, 11),
        bare_gate="dashed_3_2_4",
    ),
    numbered(
        "US_EIN", r"\d{2}-?\d{7}", _is_us_ein, how="prefixes in use (IRS)", bare=0.3, bare_pattern=r"\d{2}-\d{7}", lengths=(9, 10),
        words=("ein", "fein", "employer identification", "federal tax id", "tax id"), named=0.85, gap=NEAR,
    ),
    numbered(
        "CA_SIN", r"[1-79]\d{2}[ -]?\d{3}[ -]?\d{3}", _is_ca_sin, how="Luhn digit", bare=0.4, lengths=(9, 11),
        bare_pattern=r"[1-79]\d{2}[ -]\d{3}[ -]\d{3}", words=("sin", "social insurance", "assurance sociale", "nas"),
    ),
    numbered(
        "AR_CUIT", r"(?:2[03-7]|3[034])-?\d{8}-?\d", _is_ar_cuit, how="prefix and check digit (AFIP)", bare=0.8,
        bare_pattern=r"(?:2[03-7]|3[034])-\d{8}-\d", words=("cuit", "cuil"), lengths=(11, 13), gate="digits_10",
    ),
    numbered(
        "BR_CNPJ", r"\d{2}\.\d{3}\.\d{3}/\d{4}-\d{2}|\d{14}", _is_br_cnpj, how="both check digits", bare=0.95,
        bare_pattern=r"\d{2}\.\d{3}\.\d{3}/\d{4}-\d{2}", words=("cnpj",), gate="digits_13", lengths=(14, 18),
    ),
    numbered(
        "BR_CPF", r"\d{3}\.\d{3}\.\d{3}-\d{2}|\d{11}", _is_br_cpf, how="both check digits", bare=0.9,
        bare_pattern=r"\d{3}\.\d{3}\.\d{3}-\d{2}", words=("cpf",), gate="digits_10", lengths=(11, 14),
    ),
    numbered(
        "CL_RUT", r"\d{1,2}(?:\.\d{3}){2}-[\dKk]|\d{7,8}-?[\dKk]", _is_cl_rut, how="check character (SII)", bare=0.8,
        bare_pattern=r"\d{1,2}(?:\.\d{3}){2}-[\dKk]", words=("rut",), lengths=(8, 12), alphabet=CODE,
        bare_gate="thousands_dashed",
    ),
    numbered(
        "CO_NIT", r"\d{8,10}-\d|\d{3}(?:\.\d{3}){2}-\d", _is_co_nit, how="check digit (DIAN)", bare=0.3, lengths=(10, 13), words=("nit",),
    ),
    numbered(
        "DO_CEDULA", r"\d{3}-?\d{7}-?\d", _is_do_cedula, how="Luhn digit", bare=0.4, bare_pattern=r"\d{3}-\d{7}-\d",
        words=("cédula", "cedula"), lengths=(11, 13), gate="digits_10",
    ),
    numbered(
        "EC_CEDULA", r"\d{10}", _is_ec_cedula, how="province and Luhn digit (Registro Civil)", bare=0.3, lengths=(10, 10),
        words=("cédula", "cedula"), gate="digits_10",
    ),
    numbered(
        "MX_CURP", r"[A-Z][AEIOUX][A-Z]{2}\d{6}[HMX][A-Z]{2}[B-DF-HJ-NP-TV-Z]{3}[A-Z0-9]\d", _is_mx_curp,
        how="check digit, date and state (RENAPO)", bare=0.95, gate="letters_4_digits_6", lengths=(18, 18),
        alphabet=CODE, ignore_case=True,
    ),
    numbered(
        "MX_RFC", r"[A-Z&]{3,4}\d{6}[A-Z0-9]{2}[A0-9]", _is_mx_rfc, how="check character and date (SAT)", bare=0.7, lengths=(12, 13),
        words=("rfc",), gate="digits_5", alphabet=CODE, edge=r"(?<!\w)",
    ),
)  # fmt: skip
