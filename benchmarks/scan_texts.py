# ruff: noqa: RUF001  letters that look like others are what some of these languages are written with
"""The texts of `scan.py`, for itself and for the scripts of the peers: eight kinds, at 1, 10 and 100 KB.

The longer ones are made of the sentences or lines of the short one, each time in another order, so that nothing is
learnt by heart. Standard library only, like `kit.py`.
"""

from __future__ import annotations

import random
from collections.abc import Mapping
from typing import Final

from kit import SAMPLES

__all__ = ["PEER_TEXTS", "SIZES", "TEXTS"]

SIZES: Final = {"1 KB": 1, "10 KB": 10, "100 KB": 100}

_RUSSIAN: Final = """\
Мы переносим рассылку для клиентов в новую почтовую систему весной, и мне нужен план, которому три наши группы смогут \
следовать без совещания. Сейчас каждая контора ведёт свой список, пишет своё приветствие и отправляет письма в разные \
дни, поэтому читатели, которые переехали в прошлом году, до сих пор получают вести из двух мест сразу. Новая система \
умеет сливать списки, но ей нужен один владелец у каждого шаблона и ясное правило для тех, кто просил писать реже. \
Пожалуйста, напишите короткий план с порядком шагов, с тем, кто что делает, и с тем, что следует проверить до первой \
настоящей отправки. Учтите, что группа из Твери отсутствует в последние две недели марта, что снимки нужно уменьшить, \
и что правовая сноска внизу различается по странам. Если что-то может пойти не так и мы заметим это только потом, \
скажите об этом прямо. Список из пяти опасностей, по одному предложению на каждую, поможет больше, чем долгое \
обсуждение всех возможностей."""

_GERMAN: Final = """\
Im Frühjahr ziehen wir mit dem Rundbrief für unsere Kundschaft in das neue Versandprogramm um, und ich hätte gern einen \
Plan, dem unsere drei Büros ohne Sitzung folgen können. Zurzeit führt jedes Büro seine eigene Liste, schreibt seine \
eigene Begrüßung und verschickt an einem anderen Tag, sodass Leute, die voriges Jahr umgezogen sind, noch immer doppelt \
Post bekommen. Das neue Programm kann die Listen zusammenführen, verlangt aber für jede Vorlage genau eine zuständige \
Person und eine klare Regel für alle, die seltener von uns hören möchten. Bitte schreiben Sie einen kurzen Plan mit der \
Reihenfolge der Schritte, mit den Zuständigkeiten und mit dem, was wir vor der ersten echten Aussendung prüfen müssen. \
Denken Sie daran, dass das Münchner Büro Ende März geschlossen ist, dass die Bilder verkleinert werden müssen und dass \
der rechtliche Hinweis je nach Land anders lautet. Fünf Gefahren mit je einem Satz würden mehr helfen als eine lange \
Erörterung aller Möglichkeiten."""

_CHINESE: Final = """\
今年春天我们要把客户通讯搬到新的邮件系统里，我希望有一份计划，让三个地区的同事不用开会也能照着做。目前每个办公室都有自己的名单，\
自己的问候语，发送的日子也不一样，所以去年搬家的读者到现在还会收到两份来信。新系统可以合并名单，不过它要求每个模板只有一位负责人，\
并且对那些希望少收来信的人有一条清楚的规则。请写一份简短的计划，说明步骤的先后，谁做什么，以及第一次正式发送之前应该检查哪些地方。\
请注意，成都的同事三月最后两个星期不在，照片必须缩小，页脚的法律说明每个国家都不相同。如果有什么问题要到事后才会发现，请直接说出来。\
列出五个风险，每个用一句话说明，比长篇讨论所有的选择更有帮助。合并之后请再核对一次地址，因为有些名字有两种写法。\
最后请把试寄的信发给二十位使用不同程序的同事，请他们在电话上也看一看。如果有人回信，信件应当送到有人阅读的信箱里。\
里斯本的部分要在假期之前完成，所以请早一点安排检查。每一位负责人只修改自己的模板，其他人提出请求就可以了。"""


def _logs() -> str:
    """Return lines with what looks like keys and is none: identifiers, hashes, names of code and of machines."""
    rng = random.Random(7)
    lines = []
    for number in range(7):
        request = "-".join(f"{rng.getrandbits(4 * size):0{size}x}" for size in (8, 4, 4, 4, 12))
        lines.append(
            f"2026-03-1{number}T09:2{number}:41Z INFO orders.worker_pool_{number} request_id={request} "
            f"commit={rng.getrandbits(160):040x} handler=apply_customer_discount_to_open_orders"
        )
    return "\n".join(lines)


def _grown(text: str, times: int, joint: str) -> str:
    rng = random.Random(times)
    parts = text.split(joint)
    copies = [text]
    for _ in range(times - 1):
        rng.shuffle(parts)
        copies.append(joint.join(parts))
    return joint.join(copies)


_BASES: Final = {
    "prose": (SAMPLES["prose"].prompt, ". "),
    "code": (SAMPLES["chat"].reply, "\n"),
    "chat JSON": (SAMPLES["chat"].prompt, "}, "),
    "logs": (_logs(), "\n"),
    "hits": (SAMPLES["hits"].prompt, ". "),
    "Russian": (_RUSSIAN, ". "),
    "Chinese": (_CHINESE * 2, "。"),
    "German": (_GERMAN, ". "),
}
TEXTS: Final[Mapping[str, str]] = {
    f"{name} {size}": _grown(text, times, joint)
    for name, (text, joint) in _BASES.items()
    for size, times in SIZES.items()
}
"""`hits` holds three identifiers a kilobyte, the others nothing."""
PEER_TEXTS: Final = ("prose 1 KB", "code 1 KB", "chat JSON 1 KB", "hits 1 KB", "prose 10 KB", "hits 10 KB")
"""What the peers are measured on: at 100 KB some of them take seconds."""
