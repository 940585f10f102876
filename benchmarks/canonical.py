"""What the canonical form costs: microseconds of CPU for each kilobyte (1,000 characters), beside one search with `re`.

    python benchmarks/canonical.py

`letters` is the view for keywords. A text that has no canonical form is scanned once; any other is scanned twice.
"""

# ruff: noqa: RUF001  ambiguous characters are what this is about

from __future__ import annotations

from functools import partial
from typing import Final

from kit import SAMPLES, Repeat, calibration, interleave, synchronous

from genai_guard.text.canonical import canonical, prepare, unleet

SIZE: Final = 4_000
_RUSSIAN: Final = (
    "Мы переносим рассылку для клиентов в новую систему этой весной, и мне нужен план, которому три наших отдела "
    "смогут следовать без совещания. Сейчас каждый офис ведёт свой список, пишет своё приветствие и рассылает письма "
    "в разные дни, поэтому читатели, которые переехали в прошлом году, получают новости дважды. "
)
_FRENCH: Final = (
    "Nous déplaçons la lettre d'information vers le nouveau système au printemps, et j'aimerais un plan que nos trois "
    "équipes régionales puissent suivre sans réunion. Chaque bureau tient sa propre liste, rédige sa propre formule de "
    "politesse et envoie à une autre date, si bien que certains lecteurs reçoivent deux fois les mêmes nouvelles. "
)
_CHINESE: Final = (
    "我们将在春季把客户通讯迁移到新的邮件系统，希望有一份三个地区团队无需开会就能执行的计划。目前每个办公室都有自己的名单，"
    "写自己的问候语，并在不同的日子发送，因此去年搬家的读者仍会从两个地方收到消息。"
)
_EMOJI: Final = "haha 😂😂 see you at the park 👨‍👩‍👧 bring the dog 🐶❤️ and maybe cake 🎂! ok 👍🏽 then we go home 🏡 "
_ESCAPED: Final = (
    "Growth was 20% last year & 30% before that; see https://shop.example/search?q=blue%20lamp&page=2&session="
    "AbCdEf0123456789GhIjKlMnOp for R&D figures (commit 1f8a3e2cb04d5b6a7c8d9e0f1a2b3c4d5e6f7a8b), C:\\users\\jo. "
)
TEXTS: Final = {
    "ASCII prose": SAMPLES["prose"].prompt,
    "chat JSON": SAMPLES["chat"].prompt,
    "code": SAMPLES["chat"].reply,
    "ASCII, % & and keys": _ESCAPED,
    "French": _FRENCH,
    "Russian": _RUSSIAN,
    "Chinese": _CHINESE,
    "emoji chat": _EMOJI,
}


def cases() -> dict[str, Repeat]:
    """Return what is measured: both views of every text, repeated up to one size."""
    texts = {name: (text * (SIZE // len(text) + 1))[:SIZE] for name, text in TEXTS.items()}
    forms = {name: synchronous(partial(canonical, text)) for name, text in texts.items()}
    return forms | {f"{name}, letters": synchronous(partial(unleet, text)) for name, text in texts.items()}


def main() -> None:
    """Measure and print."""
    prepare()
    timings = interleave({"re": calibration(), **cases()})
    search_us = timings["re"].median_us * 1_000 / len(SAMPLES["prose"].prompt)
    print(f"  {'one search with re, ASCII prose':32}  {search_us:7.2f} us/KB")
    for name in TEXTS:
        form, letters = (timings[each].median_us * 1_000 / SIZE for each in (name, f"{name}, letters"))
        has = "two scans" if canonical(TEXTS[name]) else "one scan"
        print(f"  {name:32}  {form:7.2f} us/KB  {form / search_us:6.2f} x  {has:9}  letters {letters:6.2f} us/KB")


if __name__ == "__main__":
    main()
