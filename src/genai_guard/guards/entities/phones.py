"""Phone numbers as people of one country write them among themselves; they need the extra `pii`."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Final

from genai_guard.guards.entities.checks import needs
from genai_guard.guards.entities.entity import NUMBER, digits_of
from genai_guard.text.rules import Rule

__all__ = ["known_regions", "national_rules"]

_NATIONAL: Final = (
    r"(?<![\w+])(?<!\d[.,:/-])(?<!\+\d{1,3}[ ./-]?\(?)(?=[\d(])\(?\d(?:[ ./-]?[()]?[ ]?\d){6,13}(?!\w|[.,:/-]\d)"
)
_CUTS: Final = 4


def known_regions(regions: Iterable[str]) -> tuple[str, ...]:
    """Return the codes of regions, in capitals.

    Raises:
        ConfigurationError: the extra is missing.
        ValueError: one of them is unknown; its argument is that one.
    """
    needs("phonenumbers", "PII(phone_regions=...)")
    import phonenumbers  # noqa: PLC0415  an extra

    found = tuple(dict.fromkeys(region.upper() for region in regions))
    for region in found:
        if region not in phonenumbers.SUPPORTED_REGIONS:
            raise ValueError(region)
    return found


@dataclass(frozen=True, slots=True)
class _Cut:
    """Says how much of a match is a number of the region; words and other numbers may follow it.

    A number has to begin with the digit for calls within the region where there is one and it is 0: without it, too
    many other numbers pass.
    """

    region: str

    def __call__(self, matched: str) -> int:
        import phonenumbers  # noqa: PLC0415  an extra

        metadata = phonenumbers.PhoneMetadata.metadata_for_region(self.region)
        digits = digits_of(matched)
        if metadata is None or len(set(digits)) < 3 or (metadata.national_prefix == "0" and digits[0] != "0"):
            return 0
        end = len(matched)
        for _ in range(_CUTS):
            if self._is_valid(matched[:end]):
                return end
            end = max(matched.rfind(separator, 0, end) for separator in " /-.")
            if end < 7:
                return 0
        return 0

    def _is_valid(self, text: str) -> bool:
        import phonenumbers  # noqa: PLC0415  an extra

        try:
            number = phonenumbers.parse(text, self.region)
        except phonenumbers.NumberParseException:
            return False
        return phonenumbers.is_valid_number_for_region(number, self.region)


def national_rules(regions: Iterable[str]) -> tuple[Rule, ...]:
    """Return one rule for each of the regions, as `known_regions` returns them."""
    return tuple(
        Rule(
            id=f"pii.phone_{region.lower()}",
            category="PHONE",
            pattern=_NATIONAL,
            gate="digits_7",
            trim=_Cut(region),
            look_behind=6,
            min_length=7,
            max_length=64,
            alphabet=NUMBER + ":",
            prose=False,
            score=0.8,
        )
        for region in regions
    )
