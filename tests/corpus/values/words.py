# ruff: noqa: RUF001  other scripts are meant
"""Names, towns, firms and streets that the templates are filled with. All are invented or common."""

from __future__ import annotations

import unicodedata
from random import Random

__all__ = ["DOMAIN_ENDS", "DOMAIN_WORDS", "STREETS", "filler", "plain_names"]

_FIRST = {
    "en": "Bob Mary Priya Tom Alice Grace Dwayne Fiona Ahmed Chloe Martin Nadia",
    "de": "Jürgen Sabine Lukas Greta Uwe Annika Björn Heike",
    "fr": "Élodie Luc Camille Benoît Chantal Mathieu Noémie Yves",
    "es": "Lucía Javier Marta Íñigo Carmen Pablo Rocío Andrés",
    "it": "Giulia Marco Chiara Paolo Elisa Davide Federica Luca",
    "pt": "Inês João Mariana Tiago Beatriz Rui Luísa Caio",
    "nl": "Sanne Daan Femke Joost Lieke Bram Maaike Ruben",
    "pl": "Agnieszka Paweł Zofia Marek Katarzyna Łukasz Ewa Jan",
    "ru": "Ольга Иван Марина Сергей Анна Дмитрий",
    "ja": "美咲 健太 陽子 大輔",
    "zh": "晓明 丽华 伟 静",
    "ar": "ليلى أحمد سارة يوسف",
}
_LAST = {
    "en": "Lee Harper Okafor Whitfield Sharma Doyle Brennan Castle Novak Mercer",
    "de": "Brandt Köhler Vogel Lindner Schäfer Winkler",
    "fr": "Girard Lefèvre Marchand Rousseau Petitjean Caron",
    "es": "Navarro Ibáñez Soler Muñoz Ortega Vidal",
    "it": "Ferri Moretti Galli Bassi Conti Rinaldi",
    "pt": "Almeida Teixeira Moura Figueiredo Barros",
    "nl": "Bakker Visser Dekker Kuipers Hoekstra",
    "pl": "Wójcik Mazur Krawczyk Zielińska Pawlak",
    "ru": "Соколова Петров Кузнецова Орлов",
    "ja": "田中 佐藤 鈴木 高橋",
    "zh": "王 李 张 陈",
    "ar": "حداد منصور العلي",
}
_PLAIN = {"ru": "olga petrov ivan sokolov", "ja": "misaki tanaka kenta sato", "zh": "xiaoming wang lihua chen", "ar": "layla haddad ahmed mansour"}  # fmt: skip
_CITIES = {
    "en": "Leeds Denver Cork Bristol Austin Perth",
    "de": "Köln Leipzig Graz Basel",
    "fr": "Lyon Nantes Lille Namur",
    "es": "Sevilla Bilbao Murcia",
    "it": "Bologna Torino Bari",
    "pt": "Braga Coimbra Recife",
    "nl": "Utrecht Breda Gent",
    "pl": "Gdańsk Łódź Lublin",
    "ru": "Казань Тверь Самара",
    "ja": "大阪 札幌 福岡",
    "zh": "上海 杭州 成都",
    "ar": "القاهرة دبي الرباط",
}
_FIRMS = ("Harbour Crafts", "Nordlicht GmbH", "Oakwell Dental", "Pico Robotics", "Atelier Brun", "Casa Verde", "Tern & Daughters", "Blue Kettle")  # fmt: skip
DOMAIN_WORDS = ("harbour-crafts", "nordlicht", "oakwelldental", "pico-robotics", "atelierbrun", "casaverde", "ternmail", "bluekettle", "rivermill", "postbox7", "larkfield", "granit-it", "sunny-lane")  # fmt: skip
DOMAIN_ENDS = {
    "de": ("de", "com", "at", "ch"), "fr": ("fr", "com", "be"), "es": ("es", "com", "com.mx"), "it": ("it", "com"),
    "pt": ("pt", "com.br"), "nl": ("nl", "be"), "pl": ("pl", "com.pl"), "ru": ("ru", "com"), "ja": ("co.jp", "jp"),
    "zh": ("cn", "com.cn"), "ar": ("ae", "com", "eg"), "sv": ("se",), "ko": ("kr", "co.kr"), "tr": ("com.tr",),
}  # fmt: skip
STREETS = {
    "us": ("9# Maple Avenue, Denver, CO 80N##", "9## W 9#th St Apt 4B, New York, NY 100##", "94## Old Mill Rd, Austin, TX 787##", "P.O. Box 9##, Portland, OR 972##", "9### Sunset Blvd, Los Angeles, CA 900##"),
    "us2": ("9# Birch Lane\nSpringfield, IL 627##", "9### Lakeshore Drive, Unit 9#\nChicago, IL 606##", "9## Elm Street\nSuite 200\nBoston, MA 021##"),
    "en": ("94 Harbour Street, Bristol BS9 4@@", "Flat 9, 9# Queen's Road, Leeds LS6 9@@", "9# High Street, Cambridge CB2 9@@", "9#9 Collins Street, Melbourne VIC 3000", "9# King Street West, Toronto, ON M5H 1@9", "9# Merrion Square, Dublin 2, D02 @@9#"),
    "uk2": ("9# Station Road\nYork\nYO1 9@@", "The Old Forge\n9 Church Lane\nOxford OX4 9@@"),
    "de": ("Lindenstraße 9#, 10969 Berlin", "Am Alten Markt 9, 50667 Köln", "Goethestr. 9#a, 80336 München", "Mariahilfer Straße 9#, 1060 Wien", "Bahnhofstrasse 9#, 8001 Zürich"),
    "de2": ("Kirchweg 9#\n04109 Leipzig", "Hauptstr. 9\n70173 Stuttgart"),
    "fr": ("9# rue de la République, 69002 Lyon", "9 bis avenue Jean Jaurès, 75019 Paris", "9# boulevard Victor Hugo, 44000 Nantes", "Rue Haute 9#, 1000 Bruxelles"),
    "es": ("Calle Mayor 9#, 3º B, 28013 Madrid", "Av. Diagonal 9##, 08036 Barcelona", "C/ Feria, 9#, 41003 Sevilla"),
    "it": ("Via Garibaldi 9#, 40121 Bologna", "Corso Vittorio Emanuele II 9##, 00186 Roma", "Piazza Dante 9, 80135 Napoli"),
    "pt": ("Rua Augusta 9##, 1100-05# Lisboa", "Av. Paulista, 9###, São Paulo - SP, 01310-100", "Rua do Almada 9#, 4050-03# Porto"),
    "nl": ("Keizersgracht 9##, 1016 @@ Amsterdam", "Dorpsstraat 9#, 3511 @@ Utrecht"),
    "pl": ("ul. Długa 9#/9, 80-827 Gdańsk", "al. Jerozolimskie 9##, 02-001 Warszawa", "ul. Mickiewicza 9, 31-120 Kraków"),
    "ru": ("ул. Ленина, д. 9#, кв. 9#, Казань, 4200##", "Невский пр., 9#, Санкт-Петербург, 191025", "119019, г. Москва, ул. Новый Арбат, д. 9#"),
    "ja": ("〒150-00## 東京都渋谷区神宮前9-9#-9", "大阪府大阪市北区梅田9丁目9-9#", "〒060-00## 北海道札幌市中央区北一条西9-9"),
    "zh": ("北京市朝阳区建国路9#号9单元90#室", "上海市徐汇区漕溪北路9##号", "广东省深圳市南山区科技园南路9#号"),
    "ar": ("شارع التحرير 9#، الدقي، القاهرة 12311", "شارع الملك فهد 9##، الرياض 12271"),
}  # fmt: skip


def plain_names(rng: Random, hint: str) -> tuple[str, str]:
    """Return a first and a last name in lower case and ASCII, as addresses of mail have them."""
    if hint in _PLAIN:
        names = _PLAIN[hint].split()
        at = rng.randrange(0, len(names), 2)
        return names[at], names[at + 1]
    first, last = (rng.choice(table.get(hint, table["en"]).split()) for table in (_FIRST, _LAST))
    return _ascii(first), _ascii(last)


def _ascii(name: str) -> str:
    lowered = name.lower().replace("ł", "l").replace("ß", "ss")
    return unicodedata.normalize("NFKD", lowered).encode("ascii", "ignore").decode()


def filler(rng: Random, name: str, hint: str) -> str:
    """Return what stands for an unlabelled place of a template: `first`, `last`, `city`, `firm`, `n`, `amount`, `ref`."""
    tables = {"first": _FIRST, "last": _LAST, "city": _CITIES}
    if name in tables:
        return rng.choice(tables[name].get(hint, tables[name]["en"]).split())
    if name == "firm":
        return rng.choice(_FIRMS)
    if name == "amount":
        return f"{rng.randint(8, 980)}.{rng.randint(0, 99):02}"
    return str({"n": rng.randint(2, 40), "ref": rng.randint(1001, 9899), "hour": rng.randint(8, 17)}[name])
