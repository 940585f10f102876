"""Fill the templates with values made at random, each valid by its check digits, and write `positives/*.jsonl`.

    python tests/corpus/make_positives.py

Every row has a seed of its own, made of its template, so that a new template changes no other row. None of the values
is made with the library's own code: what is measured and what it is measured with stay apart.
"""

from __future__ import annotations

import json
import re
import sys
from collections.abc import Callable, Iterator, Mapping
from pathlib import Path
from random import Random
from typing import NamedTuple

HERE = Path(__file__).parent
sys.path.insert(0, str(HERE.parent))

from corpus.values import contact, documents, europe, money, network, secrets, world  # noqa: E402  the path comes first
from corpus.values.words import filler  # noqa: E402

__all__ = ["USES", "Template", "made", "templates"]

USES = 5
"""How many rows come of each template."""
MAKERS: Mapping[str, Callable[[Random, str], str]] = {
    "EMAIL": contact.email,
    "PHONE": contact.phone,
    "POSTAL_ADDRESS": contact.postal_address,
    "DATE_OF_BIRTH": contact.date_of_birth,
    "PAYMENT_CARD": money.payment_card,
    "IBAN": money.iban,
    "BIC": money.bic,
    "BANK_ACCOUNT": money.bank_account,
    "UK_SORT_CODE": money.sort_code,
    "US_ROUTING_NUMBER": money.routing_number,
    "VAT_NUMBER": money.vat_number,
    "IP_ADDRESS": network.ip_address,
    "MAC_ADDRESS": network.mac_address,
    "URL_CREDENTIALS": network.url_credentials,
    "CRYPTO_ADDRESS": network.crypto_address,
    "PASSPORT": documents.passport,
    "DRIVING_LICENCE": documents.driving_licence,
    "LICENCE_PLATE": documents.licence_plate,
    "VIN": documents.vin,
    "IMEI": documents.imei,
    "COORDINATES": documents.coordinates,
    "US_NPI": documents.us_npi,
    "US_MBI": documents.us_mbi,
    "MEDICAL_RECORD_NUMBER": documents.medical_record,
    **europe.MAKERS,
    **world.MAKERS,
    **secrets.MAKERS,
}
MANNERS: Mapping[str, Callable[[str], str]] = {
    "": str,
    "nbsp": lambda value: value.replace(" ", "\u00a0"),
    "thin": lambda value: value.replace(" ", "\u202f"),
    "dash": lambda value: value.replace("-", "\u2011").replace(" ", "\u2013"),
    "dots": lambda value: value.replace(" ", ".").replace("-", "."),
    "lower": str.lower,
    "upper": str.upper,
    "wrapped": lambda value: "\n".join(value.rsplit(" ", maxsplit=1)),
    "wide": lambda value: value.replace(" ", "  "),
}
"""How a value is set or typed, as `⟦IBAN:spaced+nbsp⟧`: all of them are seen in honest texts."""
_START = re.compile(r"^@([a-z]{2}) ", re.MULTILINE)
_PLACE = re.compile(r"⟦([A-Z0-9_]+)(?::([A-Za-z0-9_]+))?(?:\+([a-z]+))?⟧|⟨([a-z]+)⟩")


class Template(NamedTuple):
    """A text with places for values, as `⟦PHONE:uk⟧` or `⟦IBAN:spaced+nbsp⟧`, and for words, as `⟨city⟩`."""

    source: str
    number: int
    lang: str
    text: str


def templates(folder: Path = HERE / "templates") -> Iterator[Template]:
    """Yield all templates: each begins with `@` and its language at the start of a line."""
    for path in sorted(folder.glob("*.txt")):
        _, *parts = _START.split(path.read_text(encoding="utf-8"))
        for number, (lang, text) in enumerate(zip(parts[::2], parts[1::2], strict=True), start=1):
            yield Template(path.stem, number, lang, text.strip("\n"))


def filled(template: Template, use: int) -> str:
    """Return the template with values. `⟦TOKEN⟧` takes the kinds of `secrets.TOKENS` in turn."""
    rng = Random(f"{template.text}#{use}")

    def value(place: re.Match[str]) -> str:
        category, variant, manner, word = place.groups()
        if word:
            return filler(rng, word, template.lang)
        if category == "TOKEN":
            category = secrets.TOKENS[(template.number * USES + use) % len(secrets.TOKENS)]
        return f"⟦{category}|{MANNERS[manner or ''](MAKERS[category](rng, variant or template.lang))}⟧"

    return _PLACE.sub(value, template.text)


def made() -> dict[str, str]:
    """Return what each file of the positives holds."""
    files: dict[str, list[str]] = {}
    for template in templates():
        for use in range(USES):
            row = {
                "id": f"{template.source}-{template.number:03}-{use + 1}",
                "lang": template.lang,
                "text": filled(template, use),
            }
            files.setdefault(template.source, []).append(json.dumps(row, ensure_ascii=False))
    return {name: "\n".join(lines) + "\n" for name, lines in files.items()}


def main() -> None:
    """Write the files, and remove those that no templates belong to any more."""
    files = made()
    for path in (HERE / "positives").glob("*.jsonl"):
        if path.stem not in files:
            path.unlink()
    for name, text in files.items():
        (HERE / "positives" / f"{name}.jsonl").write_text(text, encoding="utf-8")


if __name__ == "__main__":
    main()
