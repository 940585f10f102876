"""Our check digits and those of python-stdnum say the same, whatever the last character is."""

from __future__ import annotations

from collections.abc import Callable
from importlib import import_module
from random import Random

import pytest

from genai_guard.guards import PII
from genai_guard.guards.entities.catalogue import CATALOGUE

LETTERS = "ABCDEFGHIJKLMNOPQRSTUVWXYZ"
DIGITS = "0123456789"
TEMPLATES: dict[str, tuple[str, str, str]] = {
    "AR_CUIT": ("ar.cuit", "20-########-", DIGITS),
    "AT_SVNR": ("at.vnr", "%###ddmm7", DIGITS),
    "AU_ABN": ("au.abn", "##########", DIGITS),
    "AU_TFN": ("au.tfn", "########", DIGITS),
    "BE_NATIONAL": ("be.nn", "05MMdd###", "##"),
    "BG_EGN": ("bg.egn", "7#MMdd###", DIGITS),
    "BR_CNPJ": ("br.cnpj", "############", "##"),
    "BR_CPF": ("br.cpf", "#########", "##"),
    "CA_SIN": ("ca.sin", "4#######", DIGITS),
    "CH_AHV": ("ch.ssn", "756#########", DIGITS),
    "CL_RUT": ("cl.rut", "########", DIGITS + "K"),
    "CN_RESIDENT_ID": ("cn.ric", "11010519#0MMdd###", DIGITS + "X"),
    "CO_NIT": ("co.nit", "9########-", DIGITS),
    "CZ_RODNE": ("cz.rc", "7#MMdd###", DIGITS),
    "DE_TAX_ID": ("de.idnr", "8609574271", DIGITS),
    "DO_CEDULA": ("do.cedula", "001-#######-", DIGITS),
    "EC_CEDULA": ("ec.ci", "171######", DIGITS),
    "EE_ISIKUKOOD": ("ee.ik", "37#MMdd###", DIGITS),
    "ES_DNI_NIE": ("es.dni", "########", LETTERS),
    "FI_HETU": ("fi.hetu", "ddMM7#-1##", DIGITS + LETTERS),
    "FR_INSEE": ("fr.nir", "17#MM75######", "##"),
    "GR_AFM": ("gr.vat", "########", DIGITS),
    "GR_AMKA": ("gr.amka", "ddMM7#####", DIGITS),
    "HR_OIB": ("hr.oib", "##########", DIGITS),
    "IE_PPS": ("ie.pps", "#######", LETTERS),
    "IL_ID": ("il.idnr", "3#######", DIGITS),
    "IN_AADHAAR": ("in_.aadhaar", "2##########", DIGITS),
    "IT_CODICE_FISCALE": ("it.codicefiscale", "RSSMRA7#A1#F20#", LETTERS),
    "IS_KENNITALA": ("is_.kennitala", "ddMM7###", "##"),
    "JMBG": ("si.emso", "ddMM97#50###", DIGITS),
    "JP_MY_NUMBER": ("jp.in_", "###########", DIGITS),
    "KR_RRN": ("kr.rrn", "7#MMdd-100###", DIGITS),
    "LT_ASMENS_KODAS": ("lt.asmens", "37#MMdd###", DIGITS),
    "LV_PERSONAS_KODS": ("lv.pvn", "ddMM7#1###", DIGITS),
    "MX_CURP": ("mx.curp", "BOXW7#MMddHNERXN0", DIGITS),
    "NL_BSN": ("nl.bsn", "########", DIGITS),
    "NO_FODSELSNUMMER": ("no.fodselsnummer", "ddMM7#1##", "##"),
    "NZ_IRD": ("nz.ird", "1040####", DIGITS),
    "PL_NIP": ("pl.nip", "5########", DIGITS),
    "PL_PESEL": ("pl.pesel", "7#MMdd####", DIGITS),
    "PT_NIF": ("pt.nif", "2#######", DIGITS),
    "RO_CNP": ("ro.cnp", "17#MMdd12###", DIGITS),
    "RU_INN": ("ru.inn", "##########", "##"),
    "SE_PERSONNUMMER": ("se.personnummer", "7#MMdd-###", DIGITS),
    "TH_ID": ("th.pin", "1###########", DIGITS),
    "TR_KIMLIK": ("tr.tckimlik", "2########", "##"),
    "UA_RNTRC": ("ua.rntrc", "2########", DIGITS),
    "UK_NHS": ("gb.nhs", "4########", DIGITS),
    "UK_UTR": ("gb.utr", "#########", DIGITS),
    "US_EIN": ("us.ein", "##-######", DIGITS),
    "US_ITIN": ("us.itin", "9##-7#-###", DIGITS),
    "US_ROUTING_NUMBER": ("us.rtn", "02######", DIGITS),
    "ZA_ID": ("za.idnr", "7#MMdd####08", DIGITS),
}
"""For each entity: the module of python-stdnum, a number without its check, and what the check may be.

`#` stands for a digit, `%` for one that is not 0, `MM` and `mm` for a month, `dd` for a day; `##` for all pairs of digits.
"""
VAT = {
    "AT": ("at.uid", "U#######", DIGITS), "BE": ("be.vat", "0#######", "##"), "DE": ("de.vat", "1#######", DIGITS),
    "DK": ("dk.cvr", "2######", DIGITS), "EL": ("gr.vat", "########", DIGITS), "ES": ("es.cif", "A#######", DIGITS),
    "FI": ("fi.alv", "2######", DIGITS), "FR": ("fr.tva", "40#######", "##"), "GB": ("gb.vat", "9######", "##"),
    "HR": ("hr.oib", "##########", DIGITS), "HU": ("hu.anum", "1######", DIGITS), "IT": ("it.iva", "0######015", DIGITS),
    "IE": ("ie.vat", "6######", LETTERS), "LU": ("lu.tva", "1#####", "##"), "NL": ("nl.btw", "########", DIGITS), "PL": ("pl.nip", "5########", DIGITS),
    "PT": ("pt.nif", "5#######", DIGITS), "RO": ("ro.cui", "1######", DIGITS), "SE": ("se.vat", "5########", DIGITS),
    "SI": ("si.ddv", "5######", DIGITS),
}  # fmt: skip


def filled(template: str, random: Random) -> str:
    """A number without its check."""
    for name, most in (("MM", 12), ("mm", 12), ("dd", 28)):
        template = template.replace(name, f"{random.randint(1, most):02}")
    return "".join(random.choice({"#": DIGITS, "%": DIGITS[1:]}.get(char, char)) for char in template)


def ends(check: str) -> list[str]:
    return [f"{pair:02}" for pair in range(100)] if check == "##" else list(check)


def found(name: str) -> Callable[[str], bool]:
    guard = PII([name], action="flag", threshold=0)
    return lambda number: any(finding.of(number) == number for finding in guard.check(number).findings)


@pytest.mark.parametrize("name", TEMPLATES)
def test_the_same_numbers_are_valid(name: str) -> None:
    module, template, check = TEMPLATES[name]
    theirs, ours = import_module(f"stdnum.{module}").is_valid, found(name)
    numbers = [filled(template, Random(seed)) + end for seed in range(12) for end in ends(check)]
    valid = [number for number in numbers if theirs(number)]
    assert valid
    assert [number for number in numbers if named_or_bare(name, number, ours)] == valid


def named_or_bare(name: str, number: str, ours: Callable[[str], bool]) -> bool:
    """Whether a number is found by itself, or is by a word: some entities are not looked for alone, or only grouped."""
    if ours(number):
        return True
    rules = [rule for rule in CATALOGUE[name].rules if rule.words]
    word = max(rules[0].words, key=lambda word: word.isalpha() * len(word)) if rules else ""
    guard = PII([name], action="flag", threshold=0)
    return any(
        finding.of(f"{prefix}: {number}") == number
        for prefix in (word, WORD_OF.get(name, word))
        for finding in guard.check(f"{prefix}: {number}").findings
    )


WORD_OF = {"CZ_RODNE": "birth number", "DO_CEDULA": "cedula", "CL_RUT": "rut", "US_ITIN": "itin"}


@pytest.mark.parametrize("country", VAT)
def test_the_same_vat_numbers_are_valid(country: str) -> None:
    module, template, check = VAT[country]
    tail = {"SE": "01", "NL": "B01"}.get(country, "")
    theirs, ours = import_module(f"stdnum.{module}").is_valid, found("VAT_NUMBER")
    numbers = [filled(template, Random(seed)) + end + tail for seed in range(60) for end in ends(check)]
    valid = [f"{country}{number}" for number in numbers if theirs(number)]
    assert valid
    word = "vat " if country == "RO" else ""
    guard = PII(["VAT_NUMBER"], action="flag")
    ours_too = [
        f"{country}{number}"
        for number in numbers
        if ours(f"{country}{number}") or guard.check(f"{word}{country}{number}").findings
    ]
    assert ours_too == valid
