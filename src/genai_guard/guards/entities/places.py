"""Where people live and are: postal addresses and coordinates."""

from __future__ import annotations

from itertools import pairwise
from typing import Final

from genai_guard.guards.entities.entity import NUMBER, TEXT, Entity, mask_all
from genai_guard.guards.entities.naming import NEAR, named_by
from genai_guard.text.rules import Rule

__all__ = ["ENTITIES"]

_LETTERS: Final = "A-Za-zÀ-ÖØ-öø-ÿ"
_NAME: Final = rf"[A-ZÀ-ÖØ-Þ][{_LETTERS}.'’-]{{1,19}}"  # noqa: RUF001  an apostrophe as typesetters write it
_CITY: Final = rf"(?:St[.]? )?[A-ZÀ-ÖØ-Þ][{_LETTERS}'’-]{{1,19}}(?: [A-ZÀ-ÖØ-Þ][{_LETTERS}'’-]{{1,19}}){{0,2}}"  # noqa: RUF001  likewise
_PARTICLE: Final = r"(?:(?:d[aeio]s?|du|del|della|delle|dei|degli|las?|los|y|e|de la|de los) |(?:de )?[dl]['’])"  # noqa: RUF001  likewise
_WORDS: Final = rf"(?:[ ]{_PARTICLE}?{_NAME}){{1,4}}"

_STREETS: Final = ("street", "st", "road", "rd", "avenue", "ave", "lane", "ln", "boulevard", "blvd", "drive", "dr", "terrace",
                   "crescent", "parkway", "pkwy", "highway", "hwy")  # fmt: skip
_OTHER_STREETS: Final = ("way", "court", "ct", "place", "pl", "square", "sq", "close", "circle", "cir", "row", "gardens", "mews",
                         "grove", "quay", "hill", "walk")  # fmt: skip
"""Words that are other things as well, so that a town has to follow."""
_POSTCODE: Final = r"(?:[A-Z]{2} \d{5}(?:-\d{4})?|[A-Z]{1,2}\d[A-Z\d]? \d[A-Z]{2}|[A-Z]\d[A-Z] \d[A-Z]\d)"
_TOWN: Final = rf"(?:,?[ \n]{_CITY}){{1,2}},?[ \n]{_POSTCODE}"
_ROOM: Final = r"(?:,? (?:Apt|Apartment|Suite|Ste|Unit|Flat|Floor|#)[.]? ?[A-Za-z0-9-]{1,6})?"


def _capital(words: tuple[str, ...]) -> str:
    return "|".join(word.capitalize() for word in words)


_HOUSE_FIRST: Final = (
    rf"\d{{1,5}}[A-Za-z]?(?:[-/]\d{{1,4}})?,? (?:[NSEW][.]? )?(?:(?:{_NAME}|\d{{1,3}}(?:st|nd|rd|th)) ){{1,4}}?"
    rf"(?:(?:{_capital(_STREETS)})\b[.]?(?: (?:NW|NE|SW|SE|[NSEW])\b)?{_ROOM}(?:{_TOWN})?|"
    rf"(?:{_capital(_OTHER_STREETS)})\b[.]?{_ROOM}{_TOWN})"
)
_RUES: Final = (
    "rue",
    "avenue",
    "av",
    "boulevard",
    "bd",
    "place",
    "chemin",
    "impasse",
    "quai",
    "route",
    "cours",
    "passage",
)
_RUE: Final = rf"\d{{1,4}}(?: ?(?:bis|ter))?,? (?i:{'|'.join(_RUES)})[.]?{_WORDS}(?:,?[ \n]\d{{5}} {_CITY})?"
_CALLES: Final = (
    "calle",
    "avenida",
    "avda",
    "plaza",
    "paseo",
    "via",
    "viale",
    "piazza",
    "corso",
    "rua",
    "travessa",
    "largo",
)
_CALLE: Final = (
    rf"(?:{_capital(_CALLES)})[.]?{_WORDS},? (?:n[.]?[º°o]?[.]? ?)?\d{{1,4}}[A-Za-z]?"
    rf"(?:,?[ \n](?:CP )?\d{{4,5}}(?:-\d{{3}})? {_CITY})?"
)
_BOXES: Final = ("p", "po", "pobox", "postfach", "apartado", "casella", "caixa", "postbus")
_BOX: Final = (
    r"(?i:P[.]? ?O[.]? ?Box|Postfach|Apartado(?: de correos)?|Casella postale|Caixa postal|Postbus)"
    rf" \d{{1,3}}(?: ?\d{{2,3}})?(?:,[ \n](?:{_CITY},? )?(?:{_POSTCODE}|\d{{4,5}} (?:[A-Z]{{2}} )?{_CITY}))?"
)
_STRASSEN: Final = "straße|strasse|str[.]|weg|platz|allee|gasse|straat|laan|gracht|plein"
_STRASSE: Final = (
    rf"(?:[A-ZÄÖÜ][a-zäöüßA-Z-]{{1,25}}?(?:{_STRASSEN})|"
    rf"(?:[A-ZÄÖÜ][a-zäöüß.-]{{1,20}} ){{1,3}}(?:Straße|Strasse|Str[.]|Weg|Platz|Allee|Gasse)) "
    rf"\d{{1,4}}(?: ?[a-zA-Z])?(?:[-/]\d{{1,4}})?(?:,?[ \n](?:(?:D-|A-|CH-)?\d{{4,5}}|\d{{4}} ?[A-Z]{{2}}) {_CITY})?"
)

_NO_STREETS: Final = frozenset(
    {"hard", "google", "flash", "usb", "test", "disk", "tape", "tb", "gb", "data", "silk", "wall"}
)


def _is_house_first(matched: str) -> bool:
    """Refuse drives and roads that nobody lives in."""
    words = matched.split()
    is_none = any(
        one.lower() in _NO_STREETS and other.rstrip(".,") in {"Drive", "Dr", "Road", "St"}
        for one, other in pairwise(words[1:])
    )
    return not is_none or len(words) > 4


def _stands_alone(pattern: str, first: str) -> str:
    return rf"(?<!\w)(?<!\w[.,/-])(?={first})(?:{pattern})(?!\w|[.-]\w)"


def _address(kind: str, pattern: str, first: str, **promises: object) -> Rule:
    return Rule(
        id=f"pii.postal_address{kind}",
        category="POSTAL_ADDRESS",
        pattern=_stands_alone(pattern, first),
        look_behind=2,
        min_length=6,
        max_length=260,
        **{"alphabet": TEXT, "gate": "digit", "score": 0.8, **promises},  # type: ignore[arg-type]
    )


# Decimals with fewer places than four tell a region, not a house.
_DECIMAL: Final = r"[-+]?\d{1,3}[.]\d{4,10}"
_PAIR: Final = rf"[-+]?\d{{1,2}}[.]\d{{4,10}}, ?{_DECIMAL}"
_DEGREES: Final = r"\d{1,3}(?:[.]\d{1,8})?° ?(?:\d{1,2}(?:[.]\d{1,4})?['′’] ?)?(?:\d{1,2}(?:[.]\d{1,4})?(?:\"|″|'') ?)?"  # noqa: RUF001
_NAMING: Final = named_by(
    (
        "gps", "lat", "latitude", "lng", "lon", "long", "longitude", "coordinates", "coords", "location", "position",
        "koordinaten", "standort", "coordonnées", "coordenadas", "ubicación", "coordinate", "posizione", "coördinaten",
    ),
    NEAR,
)  # fmt: skip


def _is_pair(matched: str) -> bool:
    """Check the ranges of latitude and longitude."""
    values = [abs(float(part)) for part in matched.split(",")]
    return values[-1] <= 180 and (len(values) == 1 or values[0] <= 90)


ENTITIES: Final = (
    Entity(
        "COORDINATES",
        (
            Rule(
                id="pii.coordinates_degrees", category="COORDINATES", gate="degrees",
                pattern=rf"(?<!\w)(?<!\w[.-]){_DEGREES}[NS],? ?{_DEGREES}[EWO](?!\w)",
                look_behind=2, min_length=6, max_length=80, alphabet=NUMBER + "°'′’\"″NSEWO,", prose=False, score=0.9,  # noqa: RUF001
            ),
            Rule(
                id="pii.coordinates", category="COORDINATES", gate="digits_5", validator=_is_pair,
                pattern=rf"(?<!\w)(?<!\w[.-])(?=[-+\d])(?<!{_NAMING.pattern}){_PAIR}(?!\w|[.-]\w)",
                look_behind=_NAMING.reach, min_length=13, max_length=40, alphabet=NUMBER, prose=False, score=0.5,
            ),
            Rule(
                id="pii.coordinates_named", category="COORDINATES", gate="digits_5", validator=_is_pair, words=_NAMING.words,
                pattern=rf"(?<!\w)(?<!\w[.-])(?=[-+\d])(?<={_NAMING.pattern})(?:{_PAIR}|{_DECIMAL}(?!, ?[-+]?\d))(?!\w|[.-]\w)",
                look_behind=_NAMING.reach, min_length=6, max_length=40, alphabet=NUMBER, prose=False, score=0.9,
            ),
        ),
        mask_all,
        "ranges of degrees; at least four decimals",
    ),
    Entity(
        "POSTAL_ADDRESS",
        (
            _address("", _HOUSE_FIRST, r"\d", words=(*_STREETS, *_OTHER_STREETS), validator=_is_house_first, prose=False),
            _address("_rue", _RUE, r"\d", words=_RUES, prose=False),
            _address("_calle", _CALLE, "[A-Z]", words=_CALLES, starts=_CALLES, alphabet=""),
            _address("_box", _BOX, "[A-Za-z]", words=_BOXES, starts=_BOXES, alphabet=""),
            _address("_strasse", _STRASSE, "[A-ZÄÖÜ]", gate="street", score=0.75),
        ),
        mask_all,
        "forms of streets with a house number, in seven languages, with town and postcode; boxes",
    ),
)  # fmt: skip
