"""Ordinary text in ten languages holds nothing in its canonical form that is not in the original."""

# ruff: noqa: RUF001  ambiguous characters are what this is about

from __future__ import annotations

from typing import Final

import pytest

from genai_guard.text import Rule, Scanner
from genai_guard.text.canonical import canonical, unleet
from text.texts import PII_RULES

_KEYWORDS: Final = ("cop", "pace", "poc", "ass", "xaoc", "kai", "ropa", "bomb", "hack", "kill", "cepa", "hope", "pop")
_SCANNER: Final = Scanner([*PII_RULES, Rule("words", "WORD", keywords=_KEYWORDS, ignore_case=True)])
_TEXTS: Final = {
    "French": "L’été dernier, nous avons dîné « Chez Noël » à 20 h 30 ; l’hôtel coûtait 95 € la nuit, réservé n° 4711.",
    "German": "Größe: 38/40, Maß 12½ cm – die Bücher heißen „Über Öl“, bestellt am 03.04.2025 für 1.299,90 €.",
    "Vietnamese": "Hôm nay trời đẹp, chúng tôi đi bộ quanh hồ lúc 7 giờ rưỡi và ăn phở với giá 45.000 đồng.",
    "Russian": "Сор и хаос в расе, рос он в Осло. Отдел IT купил 12 ПК за 45 000 ₽, а USB-кабель и iPhone’ы — потом.",
    "Greek": "Και το νερό και ο κόσμος: η τιμή είναι 12,50 € για το α΄ εξάμηνο, όπως είπε ο κ. Παπάς στις 3 μ.μ.",
    "Arabic": "وصل القطار في الساعة ٧:٣٠، وكان سعر التذكرة ١٢٫٥ دينارًا؛ هل حجزتَ المقعد رقم ١٤؟",
    "Hebrew": "הרכבת הגיעה בשעה 7:30, ומחיר הכרטיס היה 12.50 ₪; שָׁלוֹם לכולם – להתראות מחר.",
    "Persian": "من می‌خواهم کتاب‌های تازه را بخوانم؛ قیمت هر کدام ۱۲٬۵۰۰ تومان است و کتاب‌خانه ساعت ۸ باز می‌شود.",
    "Hindi": "श्रीमान‌जी ने १२ किताबें ₹३५० में खरीदीं और क्‍षमा माँगते हुए कहा कि दुकान ९ बजे खुलती है।",
    "Chinese": "会议改到２０２５年３月１４日（星期五）下午３：３０，地点：三楼“梅花”厅；费用￥１２８，请提前报名。",
    "Japanese": "ﾊﾟｿｺﾝの価格は１２，８００円です。会議は③階の「梅」で、15：30から始まります㈱。",
    "Turkish": "İstanbul’da ılık bir gün: çay 25 ₺, şişe su 10 ₺; görüşmek üzere, Işık ağabey!",
    "emoji": "great 👨‍👩‍👧‍👦 trip 🏳️‍🌈!! ❤️‍🔥 day 1️⃣ & 2️⃣ done 👍🏽 see u @ 8 🇮🇹🇫🇷 🏴󠁧󠁢󠁳󠁣󠁴󠁿",
}


@pytest.mark.parametrize("language", _TEXTS)
def test_no_rule_finds_in_the_form_what_is_not_in_the_text(language: str) -> None:
    text = _TEXTS[language]
    form = canonical(text)
    assert not _SCANNER.find(text)
    assert form is None or not _SCANNER.find(form.text)
    letters = unleet(text if form is None else form.text)
    assert letters is None or not _SCANNER.find(letters.text)


@pytest.mark.parametrize("language", _TEXTS)
def test_an_address_in_such_a_text_is_found_in_disguise_and_replaced_without_rest(language: str) -> None:
    text, hidden = _TEXTS[language], "jо\u200b＠ехample\u00ad.соm"
    whole = f"{text} {hidden} {text}"
    form = canonical(whole)
    assert form is not None
    (match,) = _SCANNER.find(form.text)
    assert form.original_span(match.start, match.end) == (len(text) + 1, len(text) + 1 + len(hidden))
