"""Names for people, places and companies that are nobody's in particular."""

from __future__ import annotations

from typing import Final

__all__ = ["COMPANIES", "FIRST", "KINDS_OF_COMPANY", "LAST", "PLACES", "STREETS"]

FIRST: Final = (
    "Alma", "Anton", "Bela", "Bruno", "Carla", "Celia", "Clara", "Dario", "Edda", "Elin", "Emil", "Enzo", "Fabia",
    "Felix", "Finn", "Flora", "Greta", "Hugo", "Ida", "Ines", "Ivo", "Jana", "Jonas", "Jule", "Karla", "Kira",
    "Lars", "Lea", "Leon", "Lina", "Luca", "Mara", "Marco", "Mila", "Mina", "Nadia", "Nils", "Nina", "Noah",
    "Nora", "Olga", "Oscar", "Paula", "Pia", "Quentin", "Rafael", "Rita", "Robin", "Romy", "Ruben", "Sara",
    "Selma", "Silas", "Sonja", "Stella", "Tamara", "Theo", "Thea", "Tilda", "Tobias", "Uma", "Vera", "Victor",
    "Wanda", "Willem", "Xenia", "Yara", "Yvo", "Zoe",
)  # fmt: skip

LAST: Final = (
    "Abbott", "Adler", "Albers", "Amsel", "Ashby", "Barlow", "Becker", "Berger", "Bishop", "Blake", "Borden",
    "Brandt", "Carver", "Castell", "Cooper", "Corbin", "Dalton", "Decker", "Delgado", "Draper", "Eckert", "Ellis",
    "Falk", "Farrow", "Fischer", "Forster", "Garner", "Gerber", "Hadley", "Harlow", "Hartmann", "Holm", "Hunter",
    "Ingram", "Jansen", "Jensen", "Keller", "Kessler", "Lambert", "Lindner", "Lowell", "Marlow", "Mercer",
    "Moreau", "Nolan", "Norden", "Olsen", "Palmer", "Parker", "Porter", "Quist", "Ramsey", "Reiter", "Renner",
    "Sanders", "Schuster", "Sorensen", "Stadler", "Sutter", "Tanner", "Thorne", "Ulrich", "Vogel", "Wagner",
    "Walden", "Weaver", "Winter", "Zeller",
)  # fmt: skip

PLACES: Final = (
    "Altenbrook", "Ashmere", "Birchmoor", "Brackwell", "Calderford", "Dunmarsh", "Eastholm", "Fallowby", "Glenwick",
    "Halvorsen", "Ironholt", "Kelmoor", "Larkfield", "Merrowdale", "Norwald", "Oakhaven", "Pellbridge",
    "Quarrington", "Rosenmark", "Silverlea", "Thornbeck", "Ulvermoor", "Westrand",
)  # fmt: skip

COMPANIES: Final = (
    "Altera", "Bellwright", "Corvane", "Dunhallow", "Estrella", "Fernhill", "Graymoor", "Helvik", "Ironbrook",
    "Juniper", "Kestrel", "Lumira", "Marrowgate", "Northlake", "Orsett", "Pinecroft", "Quillon", "Redfern",
    "Stonebridge", "Tarnwell", "Umbria", "Valecrest", "Wexcombe",
)  # fmt: skip

KINDS_OF_COMPANY: Final = ("Group", "Holdings", "Industries", "Logistics", "Partners", "Services", "Systems", "Works")

STREETS: Final = ("Alder", "Beech", "Chestnut", "Elm", "Hazel", "Linden", "Maple", "Rowan", "Sycamore", "Willow")
