"""Numbers whose checks python-stdnum knows; they need the extra `pii`."""

from __future__ import annotations

from dataclasses import dataclass
from importlib import import_module
from typing import Final

from genai_guard.guards.entities.checks import numbered
from genai_guard.guards.entities.entity import CODE, Entity

__all__ = ["ENTITIES"]


@dataclass(frozen=True, slots=True)
class _Check:
    """Asks a module of python-stdnum, which is loaded when there is a number to check."""

    module: str

    def __call__(self, matched: str) -> bool:
        return bool(import_module(self.module).is_valid(matched))


def _borrowed(
    name: str, pattern: str, lengths: tuple[int, int], words: tuple[str, ...], *, bare: float = 0.4, gate: str = "digits_7"
) -> Entity:  # fmt: skip
    country, _, kind = name.lower().partition("_")
    module = f"stdnum.{'in_' if country == 'in' else country}.{kind}"
    return numbered(
        name,
        pattern,
        _Check(module),
        how=f"`{module}` of python-stdnum",
        words=words,
        lengths=lengths,
        bare=bare,
        gate=gate,
        alphabet=CODE,
        extra="stdnum",
    )


ENTITIES: Final = (
    _borrowed("CU_NI", r"\d{11}", (11, 11), ("carné de identidad", "carne de identidad", "carnet de identidad")),
    _borrowed("EG_TN", r"\d{3}-\d{3}-\d{3}|\d{9}", (9, 11), ("tax registration", "tin")),
    _borrowed(
        "FR_NIF", r"[0-3]\d(?: ?\d{2}){1}(?: ?\d{3}){3}", (13, 17), ("numéro fiscal", "numero fiscal", "spi", "nif")
    ),
    _borrowed("GT_NIT", r"\d{7,11}-?[\dkK]", (8, 13), ("nit",)),
    _borrowed("ID_NIK", r"\d{16}", (16, 16), ("nik", "ktp", "nomor induk"), gate="digits_13"),
    _borrowed("IN_EPIC", r"[A-Z]{3}\d{7}", (10, 10), ("epic", "voter id")),
    _borrowed("KE_PIN", r"[AP]\d{9}[A-Z]", (11, 11), ("kra pin", "kra", "pin"), bare=0.5),
    _borrowed("MU_NID", r"[A-Z]\d{12}[0-9A-Z]", (14, 14), ("nid", "national id"), bare=0.6),
    _borrowed("PE_CUI", r"\d{8}-?[0-9A-K]", (9, 10), ("cui", "dni")),
    _borrowed("PE_RUC", r"[12]\d{10}", (11, 11), ("ruc",)),
    _borrowed("PK_CNIC", r"\d{5}-\d{7}-\d|\d{13}", (13, 15), ("cnic", "nicop"), bare=0.5),
    _borrowed("PY_RUC", r"\d{5,8}-\d", (7, 10), ("ruc",), gate="digits_5"),
    _borrowed("UY_RUT", r"\d{2}-?\d{6}-?\d{3}-?\d", (12, 15), ("rut",)),
    _borrowed("VE_RIF", r"[VEJPG]-?\d{8}-?\d", (10, 12), ("rif",), bare=0.5),
)
