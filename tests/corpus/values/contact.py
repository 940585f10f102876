"""How people are reached: addresses of mail, telephone numbers of many countries, postal addresses, and birthdays."""

from __future__ import annotations

from random import Random

from corpus.values.arithmetic import any_date, fill
from corpus.values.words import DOMAIN_ENDS, DOMAIN_WORDS, plain_names
from corpus.values.words import STREETS as _STREETS

__all__ = ["date_of_birth", "email", "phone", "postal_address"]

_PHONES = {
    "us": "(¤##) ¤##-####|¤##-¤##-####|¤##.¤##.####|¤## ¤## ####|+1 ¤## ¤## ####|+1-¤##-¤##-####|+1¤##¤######|1-¤##-¤##-####",
    "uk": "07### ######|+44 7### ######|020 7### ####|+44 20 7### ####|(0161) ¤## ####|+44 (0)20 7946 ####|07#########|01632 ######",
    "de": "+49 30 ¤#######|030/¤#######|0171 ¤######|+49 (0)89 ¤#####|0049 221 ¤######|0151-¤#######|+49 151 ¤#######|(040) ¤## ## ##",
    "fr": "06 ## ## ## ##|+33 6 ## ## ## ##|01.4#.##.##.##|+33 (0)1 4# ## ## ##|07########|+336########|0033 4 72 ## ## ##",
    "es": "6## ## ## ##|+34 6## ### ###|91# ## ## ##|+34 91 ### ## ##|6########|(+34) 93 ### ## ##",
    "it": "+39 34# ### ####|33# #######|06 #### ####|+39 02 ########|34#-#######|+3934########",
    "pt": "+351 91# ### ###|21# ### ###|96#######|+351 22 ### ####|93# ### ###",
    "br": "+55 (11) 9####-####|(21) 9####-####|+55 31 9####-####|(51) 3###-####|11 9####-####",
    "nl": "06-########|+31 6 ########|020-¤######|+31 20 ¤## ####|06 ## ## ## ##|010 - ¤## ## ##",
    "pl": "+48 5## ### ###|6## ### ###|22 ¤## ## ##|+48 22 ¤## ## ##|5##-###-###",
    "ru": "+7 9## ###-##-##|8 (9##) ###-##-##|8-9##-###-##-##|+7 (495) ###-##-##|+79#########|8 9## ### ## ##",
    "ja": "090-####-####|03-####-####|+81 90 #### ####|+81-3-####-####|080########|06-####-####",
    "zh": "138########|13# #### ####|+86 13# #### ####|010-8#######|+86-21-5###-####|159-####-####",
    "ar": "+20 10 #### ####|050 ### ####|+966 5# ### ####|+971 50 ### ####|+212 6 ## ## ## ##|0100 ### ####",
    "ko": "010-####-####|+82 10-####-####|02-¤##-####",
    "sv": "070-### ## ##|+46 70 ### ## ##|08-¤## ## ##|+46 (0)31-¤## ## ##",
    "da": "+45 2# ## ## ##|4# ## ## ##|+45 3#######",
    "no": "+47 9## ## ###|4## ## ###|+47 22 ## ## ##",
    "fi": "040 ¤######|+358 40 ¤## ####|09 ¤## ####",
    "tr": "0532 ¤## ## ##|+90 53# ¤## ## ##|(0212) ¤## ## ##",
    "he": "05#-¤##-####|+972 5#-¤##-####|03-¤######",
    "in": "+91 9#### #####|98### #####|+91-80-4###-####|09#########",
    "mx": "+52 55 #### ####|55 #### ####|(81) 8### ####",
    "au": "04## ### ###|+61 4## ### ###|(02) 9### ####|+61 3 9### ####",
    "ch": "+41 79 ¤## ## ##|079 ¤## ## ##|044 ¤## ## ##|0041 44 ¤## ## ##",
    "at": "+43 664 ¤######|0664/¤######|01 ¤######",
    "be": "+32 47# ## ## ##|0475 ## ## ##|02 ¤## ## ##",
    "ie": "+353 87 ¤## ####|087 ¤## ####|(01) ¤## ####",
    "za": "+27 82 ¤## ####|083 ¤## ####|(021) ¤## ####",
    "cs": "+420 6## ### ###|7## ### ###",
    "ro": "+40 72# ### ###|0745 ### ###",
}
_INTERNATIONAL = (
    "+1 ¤## ¤## ####|+44 7### ######|+49 151 ¤#######|+33 6 ## ## ## ##|+61 4## ### ###|+91 9#### #####|+65 9### ####|"
    "+852 9### ####|+64 21 ¤## ####|+234 803 ### ####|+254 7## ### ###|+63 917 ### ####|+30 69# ### ####|+36 30 ### ####"
)


def phone(rng: Random, hint: str) -> str:
    """Return a number as people of that country or language write it; `int` for anywhere, with a plus sign."""
    if hint == "int":
        shapes = _INTERNATIONAL
    elif hint == "en":
        shapes = _PHONES[rng.choice(("us", "us", "uk", "uk", "au", "in", "ie"))]
    else:
        shapes = _PHONES[hint]
    return fill(rng, rng.choice(shapes.split("|")).replace("9", "\\9"))


def email(rng: Random, hint: str) -> str:
    """Return an address with an invented domain."""
    first, last = plain_names(rng, hint)
    local = rng.choice(
        (
            f"{first}.{last}", f"{first[0]}.{last}", f"{first}{rng.randint(1, 99)}", f"{first}_{last}", f"{first}-{last}",
            f"{last}.{first}", f"{first}+orders", first, f"{first[0]}{last}", f"{first.title()}.{last.title()}",
        )
    )  # fmt: skip
    end = rng.choice(DOMAIN_ENDS.get(hint, ("com", "org", "net", "io", "co.uk", "com.au", "dev", "health")))
    host = rng.choice(("", "", "", "mail.", "team.")) + rng.choice(DOMAIN_WORDS)
    return f"{local}@{host}.{end}"


def postal_address(rng: Random, hint: str) -> str:
    """Return street, code and town on one line; `us2` and the like on several."""
    return fill(rng, rng.choice(_STREETS[hint]))


_MONTHS = {
    "en": "January February March April May June July August September October November December",
    "de": "Januar Februar März April Mai Juni Juli August September Oktober November Dezember",
    "fr": "janvier février mars avril mai juin juillet août septembre octobre novembre décembre",
    "es": "enero febrero marzo abril mayo junio julio agosto septiembre octubre noviembre diciembre",
    "it": "gennaio febbraio marzo aprile maggio giugno luglio agosto settembre ottobre novembre dicembre",
    "pt": "janeiro fevereiro março abril maio junho julho agosto setembro outubro novembro dezembro",
    "nl": "januari februari maart april mei juni juli augustus september oktober november december",
    "pl": "stycznia lutego marca kwietnia maja czerwca lipca sierpnia września października listopada grudnia",
    "ru": "января февраля марта апреля мая июня июля августа сентября октября ноября декабря",
}


def date_of_birth(rng: Random, hint: str) -> str:
    """Return a birthday as it is written in that language; `iso` and `us` for those forms alone."""
    year, month, day = any_date(rng)
    word = _MONTHS.get(hint, _MONTHS["en"]).split()[month - 1]
    forms = {
        "iso": [f"{year}-{month:02}-{day:02}"],
        "us": [f"{month:02}/{day:02}/{year}", f"{month}/{day}/{year % 100:02}", f"{word} {day}, {year}"],
        "en": [f"{day} {word} {year}", f"{day:02}/{month:02}/{year}", f"{word} {day}, {year}", f"{year}-{month:02}-{day:02}", f"{day}-{word[:3]}-{year}"],
        "de": [f"{day:02}.{month:02}.{year}", f"{day}. {word} {year}", f"{day}.{month}.{year % 100:02}"],
        "es": [f"{day} de {word} de {year}", f"{day:02}/{month:02}/{year}"],
        "pt": [f"{day} de {word} de {year}", f"{day:02}/{month:02}/{year}"],
        "nl": [f"{day} {word} {year}", f"{day:02}-{month:02}-{year}"],
        "pl": [f"{day} {word} {year}", f"{day:02}.{month:02}.{year}"],
        "ru": [f"{day} {word} {year}", f"{day:02}.{month:02}.{year}"],
        "ja": [f"{year}年{month}月{day}日", f"{year}/{month:02}/{day:02}"],
        "zh": [f"{year}年{month}月{day}日", f"{year}-{month:02}-{day:02}"],
        "ar": [f"{day:02}/{month:02}/{year}", f"{year}/{month}/{day}"],
        "sv": [f"{year}-{month:02}-{day:02}"],
    }  # fmt: skip
    return rng.choice(forms.get(hint, [f"{day} {word} {year}", f"{day:02}/{month:02}/{year}"]))
