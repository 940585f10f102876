# ruff: noqa: RUF001  other scripts and their quotation marks are meant
r"""How assistants refuse, in many languages: the patterns of `Refusal`.

A pattern describes a clause in which the speaker says of itself that it cannot or will not do what it was asked for.
Negation alone is not enough: "I can't find the file" and "I can't help but laugh" refuse nothing. So the verb has to be
one of helping, giving, writing or talking, or the object has to be the request.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from functools import cache
from types import MappingProxyType
from typing import Final

__all__ = ["REFUSALS", "find_refusal"]

_LONGEST: Final = 400
"""Characters that a refusal which begins within the head may go on behind it."""
_LINKED: Final = re.compile(
    r"\b(?:but|and|so|that|because|however|though|as|unfortunately|regrettably|sorry|afraid|sadly)[ \t]+$",
    re.IGNORECASE,
)
"""Words that a clause may follow."""

_NOT: Final = (
    r"(?:can(?:['’]?t|not|\snot)|could(?:n['’]t|\snot)|won['’]t(?:\sbe\sable\sto)?|will\snot(?:\sbe\sable\sto)?)"
)
_UNABLE: Final = (
    r"(?:['’]m|\sam)\s(?:(?:currently|simply|also|really)\s)?(?:unable|not\s(?:able|allowed|permitted|going|willing|"
    r"designed|programmed|comfortable|authorized|in\sa\sposition))\s(?:to\s)?"
)
_EN_SERVES: Final = (
    r"(?:assist|aid|provide|fulfill?|comply|generate|engage|discuss|facilitate|participate|disclose|reveal|accommodate|"
    r"assisting|providing|generating|discussing|engaging|help\s(?:you|anyone|someone|with)|helping\s(?:you|with))"
)
"""Verbs of an assistant: whatever comes behind them is what was asked for."""
_EN_DOES: Final = (
    r"(?:help|support|offer|give|create|write|produce|compose|draft|answer|respond|share|continue|complete|process|tell|teach|"
    r"explain|describe|show|make|do|say|follow|role-?play|pretend|advise|recommend|speculate|talk|guide|helping|writing|creating|"
    r"sharing|answering|giving|doing)"
)
"""Verbs of everybody: what comes behind them has to be a request."""
_EN_OPEN: Final = r"(?!\sbut\b)(?![^.!?\n]{0,90}\b(?:without\s(?:you|more|your|a\s|the|access|an\s|seeing|knowing)|until|unless|yet\b|enough\b|more\sthan))"
_EN_ASKED: Final = (
    r"(?:(?:\s(?:you|me|further))?(?:[.,;!]|\s(?:with\s|on\s|to\s|in\s|about\s|for\s|as\s)?(?:(?:that|this|it)(?=[.,;!]|\sfor\syou|\s(?:"
    r"request|essay|question|topic|task|kind|type|sort|story|code|letter|one)\b)|(?:these|those|such)\s|any\s(?!\w+er\b|more\b|further\b)|(?:\w+\s)?(?:questions|queries)\b|(?:your|my)\s|the\s(?:"
    r"request|instructions|question|exact|steps)|requests?|instructions|content|information|advice|guidance|assistance|details|"
    r"images?|pictures|photos|personal|medical|legal|financial|harmful|illegal|explicit|hateful|sexual|creating|making|writing|"
    r"hacking|building|generating|obtaining|accessing|bypassing|someone|code\sthat|a\s(?:story|script|guide|recipe|letter|poem|"
    r"joke|tutorial|plan)|how\sto|what\syou)))"
)
_EN_WHAT: Final = rf"(?:{_EN_SERVES}\b{_EN_OPEN}|{_EN_DOES}\b{_EN_OPEN}{_EN_ASKED})"
_EN: Final = (
    rf"(?:I\s(?:{_NOT}|(?:must|have\sto|need\sto)\s(?:respectfully\s|politely\s)?(?:decline|refuse))"
    rf"(?:\s(?:in\sgood\sconscience|ethically|directly|currently|legally|really|simply|just|also))?"
    rf"(?:(?<=decline)|(?<=refuse)|\s{_EN_WHAT})"
    rf"|I{_UNABLE}{_EN_WHAT}"
    rf"|I\s(?:do\snot|don['’]t)\s(?:think|believe)\s(?:that\s)?I\s(?:can|should)\s{_EN_WHAT}"
    r"|I\s(?:do\snot|don['’]t)\sfeel\scomfortable\b|I['’]d\s(?:rather|prefer)\snot\s(?:to\s)?(?:continue|talk|discuss|help|answer|say|do)\b"
    r"|I\s(?:would\s)?prefer\snot\sto\s(?:continue|talk|discuss|help|answer|say)\b"
    r"|as\san?\s(?:AI|artificial\sintelligence|(?:large\s)?language\smodel|virtual\sassistant|assistant|chatbot)\b"
    r"[^.!?\n]{0,60},?\sI\s?(?:can(?:['’]t|not)|do\snot|don['’]t|am\s(?:not|unable)|['’]m\s(?:not|unable)|must\sdecline|will\snot|won['’]t|have\sto\sdecline|have\sno\b)"
    r"|I(?:['’]m|\sam)\s(?:only\s|just\s)?an?\s(?:AI|artificial\sintelligence|(?:large\s)?language\smodel)\b[^.!?\n]{0,40}?\b(?:can(?:['’]t|not)|don['’]t|do\snot)\b"
    r"|(?:it|that|this)(?:['’]s|\sis)\sagainst\smy\s(?:\w+\s)?(?:polic(?:y|ies)|guidelines|programming|principles|rules)"
    r"|(?:that|this)(?:['’]s|\sis)\s(?:not\ssomething\s(?:that\s)?I(?:['’]m|\scan|\sam)|something\s(?:that\s)?I\s(?:can(?:['’]t|not)|won['’]t))"
    r"|(?:that|this|your|the)(?:\srequest|\squestion|\stopic|\scontent)?\s(?:would\s)?(?:violates?|goes\sagainst|is\sagainst)\s(?:my|our|the|openai['’]?s?)\s"
    r"(?:\w+\s)?(?:polic(?:y|ies)|guidelines|programming|principles|terms)"
    r"|my\s(?:\w+\s)?(?:guidelines|programming|polic(?:y|ies)|instructions|principles)\s(?:prevent|prohibit|forbid|do(?:n['’]t|\snot|es\snot|esn['’]t)\s(?:allow|permit))"
    r"|it\s(?:would\sbe|is|['’]s|would\snot\sbe|is\snot)\s(?:not\s)?(?:appropriate|inappropriate|unethical|irresponsible|harmful|illegal)\sfor\sme\sto"
    r"|we(?:\scan(?:['’]t|not)|['’]re\sunable\sto|\sare\sunable\sto)\s(?:help|assist)(?:\syou)?\swith\s(?:that|this)\b)"
)
REFUSALS: Final[Mapping[str, str]] = MappingProxyType(
    {
        "en": _EN,
        "de": r"(?:ich\s(?:kann|darf|werde|möchte)\s(?:\w+\s){0,6}?(?:nicht|keine[nrms]?)\s(?:\w+[\s,]\s?){0,7}?(?:\w*helfen|behilflich|"
        r"unterstützen|beantworten|erfüllen|nachkommen|bereitstellen|anbieten|erstellen|schreiben|geben|machen|"
        r"weitergeben|diskutieren|liefern|verfassen)"
        r"|(?:kann|darf|werde|möchte)\sich\s(?:\w+\s){0,4}?(?:nicht|keine)\s?"
        r"(?:\w+\s){0,4}?(?:\w*helfen|behilflich|unterstützen|beantworten|erfüllen|sagen|machen|tun|geben)"
        r"|darüber\s(?:\w+\s){0,3}nicht\s(?:sprechen|reden|diskutieren)"
        r"|ich\sbin\snicht\s(?:in\sder\slage|befugt|berechtigt)[^.!?\n]{0,80}?\bzu\s(?:\w*helfen|geben|beantworten|erstellen|schreiben|unterstützen)"
        r"|als\s(?:KI|künstliche\sIntelligenz|Sprachmodell|Assistent)[\w-]*(?:\s\w+){0,3},?\s(?:kann|darf|bin|habe|werde)\sich\b[^.!?\n]{0,60}?\b(?:nicht|kein\w*))",
        "fr": r"(?:je\sne\s(?:(?:peux|puis|pourrai|saurais)(?:\s(?:malheureusement|donc))?(?:\spas)?|suis\spas\sen\smesure\sd(?:e\s|['’]))\s?"
        r"(?:vous\s|t['’]|te\s|y\s)?(?:aider|fournir|répondre|accéder|donner|créer|générer|écrire|rédiger|proposer|satisfaire|discuter|"
        r"partager|assister|traiter|expliquer|poursuivre|faire\s(?:ça|cela))"
        r"|en\stant\sq(?:ue\s|u['’]\s?)(?:IA|intelligence\sartificielle|modèle\sde\slangage|assistant)[^.!?\n]{0,60}?\bje\sne\s(?:peux|puis|suis|dispose|possède|donne))",
        "es": r"(?:no\s(?:me\sestá\spermitido|puedo|podré|estoy\sen\scondiciones\sde|soy\scapaz\sde)\s(?:ayudar\w*|asistir\w*|proporcionar\w*|"
        r"ofrecer\w*|dar\w*|responder\w*|cumplir\w*|crear\w*|generar\w*|escribir\w*|facilitar\w*|compartir\w*|hacer\s(?:eso|esto)|hablar|redactar\w*)"
        r"(?![^.!?\n]{0,60}\b(?:hasta\sque|sin\s(?:el|la|su|tu|m[aá]s))\b)"
        r"|como\s(?:un\s|una\s)?(?:IA|inteligencia\sartificial|modelo\sde\slenguaje|asistente)[^.!?\n]{0,60}?\bno\s(?:puedo|tengo|estoy|debo|soy))",
        "it": r"(?:non\s(?:posso|potrò|sono\sin\sgrado\sdi|mi\sè\spossibile)\s(?:aiutar\w*|assister\w*|fornir\w*|dar\w*|rispondere|soddisfare|"
        r"crear\w*|generare|scriver\w*|offrir\w*|condividere|discutere|farlo)"
        r"|(?:come|in\squanto)\s(?:un\s|una\s)?(?:IA|intelligenza\sartificiale|modello\s(?:linguistico|di\slinguaggio)|assistente)[^.!?\n]{0,60}?\bnon\s(?:posso|ho|sono))",
        "pt": r"(?:não\s(?:posso|poderei|consigo|sou\scapaz\sde|estou\sautorizad[oa]\sa)\s(?:te\s|lhe\s|o\s)?(?:ajud\w+|auxili\w+|fornecer\w*|dar|"
        r"responder|atender|criar|gerar|escrever|oferecer|compartilhar|discutir|fazer\sisso)"
        r"|como\s(?:um\s|uma\s)?(?:IA|inteligência\sartificial|modelo\sde\slinguagem|assistente)[^.!?\n]{0,60}?\bnão\s(?:posso|tenho|estou|consigo|sou))",
        "nl": r"(?:(?:ik\s(?:kan|mag|zal)|(?:daar|hier)(?:bij|mee|over)?\skan\sik|dat\skan\sik)\s(?:\w+\s){0,4}?(?:niet|geen)\s(?:\w+\s){0,5}?"
        r"(?:helpen|assisteren|beantwoorden|geven|verstrekken|voldoen|schrijven|maken|genereren|bieden|delen|bespreken)"
        r"|als\s(?:een\s)?(?:AI|taalmodel|kunstmatige\sintelligentie)[\w-]*[^.!?\n]{0,40}?\b(?:kan|mag|heb|ben)\sik\b[^.!?\n]{0,50}?\b(?:niet|geen))",
        "pl": r"(?:nie\s(?:mogę|jestem\sw\sstanie|będę\smógł|będę\smogła)\s(?:\w+\s){0,3}?(?:pomóc|pomagać|udzieli\w+|spełnić|odpowiedzieć|dostarczyć|"
        r"napisać|stworzyć|wygenerować|podać|zrealizować|omawiać)"
        r"|jako\s(?:model\sjęzykowy|sztuczna\sinteligencja|AI|asystent)[^.!?\n]{0,50}?\bnie\s(?:mogę|mam|jestem))",
        "cs": r"(?:(?:nemohu|nemůžu|nejsem\sschopen)\s(?:\w+\s){0,4}?(?:pomoci|pomoct|poskytnout|odpovědět|vyhovět|vytvořit|napsat|splnit)"
        r"|jako\s(?:jazykový\smodel|umělá\sinteligence|AI)[^.!?\n]{0,50}?\b(?:nemohu|nemůžu|nemám|nejsem))",
        "sv": r"(?:(?:jag\s(?:kan|får)|(?:kan|får)\sjag)\s(?:tyvärr\s)?(?:inte|ikke|ikkje)\s(?:\w+\s){0,3}?(?:hjälpa|bistå|svara|tillhandahålla|skriva|skapa|ge|dela)"
        r"|som\s(?:en\s)?(?:AI|språkmodell|artificiell\sintelligens)[\w-]*[^.!?\n]{0,40}?\b(?:kan|har|får)\sjag\sinte)",
        "da": r"(?:(?:jeg\skan|kan\sjeg)\s(?:desværre\s|dessverre\s)?ikke\s(?:\w+\s){0,3}?(?:hjælpe|hjelpe|assistere|svare|give|gi|skrive|lave|dele|levere))",
        "tr": r"(?:yardımcı\s(?:olamam|olamıyorum|olamayacağım|olmam\smümkün\sdeğil)|(?:sağlayamam|sağlayamıyorum|yanıtlayamam|yerine\sgetiremem|veremem|oluşturamam|yazamam|paylaşamam)\b"
        r"|bir\s(?:yapay\szek[aâ]|dil\smodeli)[^.!?\n]{0,40}?\bolarak[^.!?\n]{0,80}?(?:[ae]m[ae]m|[ae]mıyorum|[ae]miyorum|yok|değilim)\b)",
        "id": r"(?:(?:saya|aku)\stidak\s(?:dapat|bisa|mampu|boleh)\s(?:membantu|memberikan|menyediakan|menjawab|memenuhi|membuat|menulis|membahas)"
        r"|sebagai\s(?:AI|model\sbahasa|kecerdasan\sbuatan)[^.!?\n]{0,50}?\bsaya\stidak)",
        "vi": r"(?:tôi\s(?:rất\stiếc\s)?không\sthể\s(?:giúp|hỗ\strợ|cung\scấp|trả\slời|đáp\sứng|tạo|viết|thảo\sluận|thực\shiện)"
        r"|(?:là|với\stư\scách\slà)\s(?:một\s)?(?:AI|mô\shình\sngôn\sngữ|trí\stuệ\snhân\stạo)[^.!?\n]{0,50}?\btôi\skhông)",
        "ru": r"(?:(?:я\s)?(?:не\s(?:могу|смогу|имею\sправа)|вынужден[а]?\sотказать\w*)\s?(?:вам\s|тебе\s)?(?:в\sэтом\s|с\sэтим\s)?(?:помочь|помогать|предоставить|предоставлять|ответить|отвечать|выполнить|"
        r"создать|написать|дать|обсуждать|рассказать|поделиться|генерировать|помочь)"
        r"|(?:как|я\s?[—–-]?)\s(?:языковая\sмодель|ИИ|искусственный\sинтеллект)[^.!?\n]{0,50}?\bне\s(?:могу|имею|обладаю|должен))",
        "uk": r"(?:(?:я\s)?не\s(?:можу|зможу|маю\sправа)\s(?:вам\s|тобі\s)?(?:в\sцьому\s|з\sцим\s|із\sцим\s)?(?:допомогти|допомагати|надати|відповісти|виконати|створити|написати|обговорювати)"
        r"|як\s(?:мовна\sмодель|ШІ|штучний\sінтелект)[^.!?\n]{0,50}?\bне\s(?:можу|маю))",
        "zh": r"(?:(?:我|本助手)?(?:们)?(?:也|暂时|目前)?(?:无法|不能|不會|不会|没办法|沒辦法|無法)(?:为您|为你|給你|给您|给你|向您|向你|為您|為你|就此|继续|直接)?(?:帮|协助|提供|满足|回答|回應|回应|完成|执行|生成|"
        r"创作|撰写|编写|讨论|處理|处理|幫|協助|滿足|討論|给出)[^。！？\n]{0,30}"
        r"|作为(?:一个|一款|一名)?(?:AI|人工智能|大?语言模型|智能助手)[^。！？\n]{0,30}?(?:无法|不能|没有|不会|不具备))",
        "ja": r"(?:[^。！？\n]{0,40}?(?:お手伝い|お答え|お応え|ご回答|回答|提供|ご提供|対応|ご対応|支援|作成|お教え|説明|ご案内|協力|議論)(?:は|を|する(?:こと)?(?:は|が))?(?:いた)?(?:できません|できかねます|致しかねます|いたしかねます|することはできません)"
        r"|(?:私は)?(?:AI|人工知能|言語モデル)(?:アシスタント|言語モデル)?(?:として|ですので|であるため|なので)[^。！？\n]{0,60}?(?:できません|ありません|持って(?:いません|おりません)))",
        "ko": r"(?:[^.!?\n]{0,50}?(?:도와드릴|도와\s드릴|도울|제공할|제공해\s드릴|답변할|답변드릴|답변해\s드릴|작성할|알려드릴|생성할|응할|응답할|논의할|들어드릴|공유할)\s?수\s?(?:는\s)?없(?:습니다|어요|네요)"
        r"|(?:저는\s)?(?:AI|인공지능|언어\s모델)[^.!?\n]{0,20}?(?:로서|이므로|이기\s때문에)[^.!?\n]{0,60}?(?:없습니다|않습니다))",
        "ar": r"(?:(?:لا\s(?:أستطيع|استطيع|يمكنني|يمكننى|أقدر)|لن\s(?:أستطيع|أتمكن\sمن)|لست\sقادر\w*\sعلى)\s(?:أن\s)?(?:\w+\s)?(?:مساعدت\w*|المساعدة|أساعد\w*|تقديم|أقدم|توفير|الإجابة|تلبية|إنشاء|كتابة|مناقشة|مشاركة|تزويد\w*)"
        r"|(?:بصفتي|كوني|باعتباري)\s(?:نموذج\w*|ذكاء\w*|مساعد\w*)[^.!?\n]{0,60}?\bلا\s(?:أستطيع|يمكنني|أملك))",
        "hi": r"(?:[^।.!?\n]{0,60}?(?:मदद|सहायता|जानकारी|उत्तर|जवाब|प्रदान|पूरा|अनुरोध)\s(?:[^।.!?\n]{0,25}?\s)?(?:नहीं\s(?:कर|दे)\s(?:सकता|सकती|सकते|पाऊँगा|पाऊंगा|पाऊँगी)|करने\sमें\sअसमर्थ)"
        r"|(?:एक\s)?(?:एआई|AI|भाषा\sमॉडल)[^।.!?\n]{0,30}?(?:के\sरूप\sमें|होने\sके\sनाते)[^।.!?\n]{0,60}?नहीं)",
    }
)
"""Clauses of refusal by language."""

_SORRY: Final[Mapping[str, str]] = MappingProxyType(
    {
        "de": r"(?:(?:(?:es\s)?tut\smir\s(?:sehr\s|wirklich\s)?leid|leider|entschuldigung|sorry)[,.!]?\s(?:aber\s|dass\s)?)?",
        "fr": r"(?:(?:je\s(?:suis\s(?:vraiment\s)?)?)?(?:désolée?|navrée?|regrette|malheureusement|pardon)[,.!]?\s(?:mais\s)?)?",
        "es": r"(?:(?:lo\s(?:siento|lamento)(?:\smucho)?|lamentablemente|desafortunadamente|disculpa|perdona?)[,.!]?\s(?:pero\s)?)?",
        "it": r"(?:(?:mi\s(?:dispiace|spiace)|purtroppo|scusa(?:mi)?)[,.!]?\s(?:ma\s)?)?",
        "pt": r"(?:(?:desculpe|desculpa|sinto\smuito|lamento|infelizmente)[,.!]?\s(?:mas\s)?(?:eu\s)?)?",
        "pl": r"(?:(?:przykro\smi|niestety|przepraszam)[,.!]?\s(?:ale\s)?)?",
        "ru": r"(?:(?:извините|простите|к\sсожалению|мне\s(?:очень\s)?жаль|прошу\sпрощения|сожалею)[,.!]?\s(?:но\s)?)?",
        "uk": r"(?:(?:вибачте|на\sжаль|мені\s(?:дуже\s)?шкода|перепрошую)[,.!]?\s(?:але\s)?)?",
        "zh": r"(?:(?:很|非常|十分)?(?:抱歉|对不起|對不起|遗憾)[，,。！]?\s?(?:但是?)?)?",
    }
)


_HINTS: Final[Mapping[str, tuple[str, ...]]] = MappingProxyType(
    {
        "en": ("i can", "i could", "i won", "i will not", "i must", "i have to", "i need to", "i'm ", "i am ", "i’m ", "i’d ",
               "i'd ", "prefer not", "i don't think", "i don’t think", "i do not think", "i don't believe", "feel comfortable", "as an a", "as a large", "as a lang", "as a virt", "as a chat",
               "something i", "something that i", "violate", "goes against", "is against", "guidelines", "my programming",
               "my polic", "my instr", "my princ", "for me to", "we can", "we're unable", "we’re unable", "we are unable"),
        "de": ("nicht", "kein"), "fr": ("je ne", "tant qu"), "es": ("no ",), "it": ("non ",), "pt": ("não ",), "nl": ("niet", "geen"),
        "pl": ("nie ",), "cs": ("nem", "nejsem"), "sv": (" inte ", " ikke "), "da": (" ikke ",), "tr": ("yardımcı", "sağlayam", "yanıtlayamam", "getiremem", "veremem", "oluşturamam", "yazamam", "paylaşamam", " olarak"),
        "id": ("tidak",), "vi": ("không",), "ru": ("не ", "вынужд"), "uk": ("не ",),
        "zh": ("无法", "不能", "不会", "没", "無法", "不會"), "ja": ("ません", "かねます"), "ko": ("없", "않"),
        "ar": ("لا ", "لن ", "لست "), "hi": ("नहीं", "असमर्थ"),
    }
)  # fmt: skip
"""What every refusal of a language holds, in lower case."""
_OPENING: Final = frozenset("“„«‘「『")
_CLOSING: Final = frozenset("”“»’」』")
_EITHER: Final = frozenset("\"'`")
_MARKS: Final = _OPENING | _CLOSING | _EITHER
_SALUTATION: Final = re.compile(
    r"^[ \t*]*(?:(?:subject|betreff|objet|asunto|oggetto)\s?:|(?:dear|hi|hello|hey|liebe[r]?|hallo|cher|chère|bonjour|"
    r"estimad[oa]|gentile|caro|cara|geachte|beste|sehr\s+geehrte[r]?)\b[^\n.!?]{0,60},?[ \t]*$)",
    re.IGNORECASE | re.MULTILINE,
)
_DRAFT: Final = re.compile(
    r"\b(?:draft|reply|response|message|e-?mail|letter|script|dialogue|template|examples?|version|scene|poem|story|write|say|says|said|answer|"
    r"translation|entwurf|übersetzung|vorlage|brouillon|traduction|borrador|bozza)\b[^\n.!?]{0,60}:\s",
    re.IGNORECASE,
)


def find_refusal(text: str, languages: Iterable[str], head_chars: int) -> tuple[int, int, str] | None:
    """Return where a refusal stands, and its language; None if the beginning of the text holds none."""
    head = text[: head_chars + _LONGEST]
    lower = head.lower()
    for language in languages:
        if any(hint in lower for hint in _HINTS[language]):
            for match in _pattern(language).finditer(head, 0):
                if match.start() >= head_chars:
                    break
                if _is_own(head, match.start(), match.end(), language):
                    return match.start(), match.end(), language
    return None


@cache
def _pattern(language: str) -> re.Pattern[str]:
    return re.compile(_SORRY.get(language, "") + REFUSALS[language], re.IGNORECASE)


def _is_own(head: str, start: int, end: int, language: str) -> bool:
    """Whether a clause begins here, and is neither quoted nor part of a text that is handed over."""
    before = head[:start]
    last = before.rstrip(" \t*_")[-1:]
    if language == "en" and last.isalnum() and not _LINKED.search(before):
        return False
    line = before.rpartition("\n")[2]
    if line.lstrip()[:1] in {">", "|"} or _is_quoted(line) or _is_quoted(line + head[start:end]):
        return False
    return not (_SALUTATION.search(before) or _DRAFT.search(before))


def _is_quoted(line: str) -> bool:
    """Whether a quotation mark has been opened on this line and not closed again."""
    is_open = False
    for at, char in enumerate(line):
        if char in _MARKS:
            begins = at == 0 or line[at - 1] in " \t([:-"
            if not is_open:
                is_open = char in _OPENING or (begins and char in _EITHER)
            elif char in _CLOSING or (not begins and char in _EITHER):
                is_open = line[at + 1 : at + 2].isalnum()  # an apostrophe
    return is_open
