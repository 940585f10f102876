"""Bank accounts by other numbers than the IBAN."""

from __future__ import annotations

from typing import Final

from genai_guard.guards.entities.checks import numbered, weighted
from genai_guard.guards.entities.entity import CODE, digits_of
from genai_guard.guards.entities.naming import NEAR

__all__ = ["ENTITIES"]

_COUNTRIES: Final = (
    "A[DEFGILMOQRTUWXZ]|B[ABDEFGHIJLMNOQRSTVWYZ]|C[ACDFGHIKLMNORUVWXYZ]|D[EJKMOZ]|E[CEGHRST]|F[IJKMOR]|"
    "G[ABDEFGHILMNPQRSTUWY]|H[KMNRTU]|I[DELMNOQRST]|J[EMOP]|K[EGHIMNPRWYZ]|L[ABCIKRSTUVY]|M[ACDEFGHKLMNOPQRSTUVWXYZ]|"
    "N[ACEFGILOPRUZ]|OM|P[AEFGHKLMNRSTWY]|QA|R[EOSUW]|S[ABCDEGHIJKLMNORSTVXYZ]|T[CDFGHJKLMNORTVWZ]|U[AGMSYZ]|"
    "V[ACEGINU]|W[FS]|XK|Y[ET]|Z[AMW]"
)
"""Codes of ISO 3166-1, and XK, which SWIFT uses for Kosovo."""


def _is_us_routing_number(matched: str) -> bool:
    """Check the range of districts and the last digit (American Bankers Association)."""
    district = int(matched[:2])
    in_use = district <= 12 or 21 <= district <= 32 or 61 <= district <= 72 or district == 80
    return in_use and int(matched) > 0 and weighted(matched, (3, 7, 1) * 3) % 10 == 0


def _is_account(matched: str) -> bool:
    """Refuse rows of one digit, and what is too short or too long."""
    digits = digits_of(matched)
    return 6 <= len(digits) <= 17 and len(set(digits)) > 1


ENTITIES: Final = (
    numbered(
        "BANK_ACCOUNT", r"\d(?:[ -]?\d){5,16}", _is_account, how="the word before it", named=0.85, gap=NEAR, gate="digits_5",
        words=("account number", "account no", "acct", "account nr", "account #", "bank account", "checking account",
               "savings account", "kontonummer", "konto-nr", "konto nr", "bankkonto", "numéro de compte", "compte bancaire",
               "número de cuenta", "numero de cuenta", "cuenta bancaria", "conto corrente", "numero di conto", "conta corrente",
               "conta bancária", "número da conta", "rekeningnummer", "bankrekening"),
        lengths=(6, 33),
    ),
    numbered(
        "BIC", rf"[A-Z]{{4}}(?:{_COUNTRIES})[A-Z0-9]{{2}}(?:[A-Z0-9]{{3}})?", how="country code (ISO 9362)", named=0.75, gap=NEAR,
        words=("bic", "swift", "swift code", "bic/swift", "swift/bic", "bic code", "swift-bic", "bic-code"),
        gate="", lengths=(8, 11), alphabet=CODE, prose=True,
    ),
    numbered(
        "UK_SORT_CODE", r"\d{2}[ -]?\d{2}[ -]?\d{2}", how="the word before it", named=0.9, gap=NEAR, words=("sort code", "sortcode"),
        gate="digits_5", lengths=(6, 8),
    ),
    numbered(
        "US_ROUTING_NUMBER", r"\d{9}", _is_us_routing_number, how="district and check digit (ABA)", bare=0.3,
        words=("routing", "aba", "rtn", "routing transit", "transit"), lengths=(9, 9),
    ),
)  # fmt: skip
