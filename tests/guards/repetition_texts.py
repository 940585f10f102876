# ruff: noqa: RUF001, FLY002  texts of other scripts, and verses that are read line by line
"""Texts that go round in circles, and texts that repeat something for good reason."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final

__all__ = ["FALSE_ALARMS", "MISSED", "NEGATIVES", "POSITIVES"]

_PARAGRAPH: Final = (
    "To reset the device, hold the power button for ten seconds until the light turns amber, then let go. The device "
    "will restart and show the setup screen. If it does not, remove the cable, wait a minute and begin again.\n\n"
)
_STEP: Final = "Next, open the settings, choose Network and make sure that the box for automatic addresses is ticked. "

POSITIVES: Final[Mapping[str, str]] = {
    "one word": "The capital of France is " + "the " * 60,
    "one word, capitals and points": "Sure! " + "Yes. " * 220,
    "one word in French": "Je pense que " + "que " * 40,
    "two words": "I would say that this is " + "very very good " * 30,
    "a clause": "The results show that " + "it is important to note that " * 15,
    "a sentence": "Thanks for asking. " + "I do not know the answer to this question. " * 9,
    "a short sentence": "I see. " + "I am here to help. " * 14,
    "a paragraph": "# Reset\n\n" + _PARAGRAPH * 6,
    "a long paragraph with a beginning of its own": "Here is what to do.\n\n" + _STEP * 8 + _PARAGRAPH,
    "three steps over and over": "".join("1. Open the lid.\n2. Turn the knob.\n3. Close the lid.\n" for _ in range(12)),
    "a line": "Shopping list:\n" + "- milk\n" * 45,
    "a heading": "## Introduction\n\n" * 30,
    "a question to oneself": "Wait, let me check that again. " * 25,
    "reasoning that does not get on": "Hmm, so x is 4. But wait, then y is 3. No, that is wrong. " * 12,
    "German": "Gerne! " + "Die Antwort auf diese Frage ist, dass " * 14,
    "Spanish": "En conclusión, " + "es importante destacar que " * 16,
    "Russian": "Ответ: " + "потому что это важно, " * 18,
    "Chinese": "答案是" + "这个问题的答案是" * 14,
    "Japanese": "はい、" + "そうですね、" * 30,
    "Thai": "คำตอบคือ" + "ใช่ครับ" * 40,
    "Arabic": "الجواب هو " + "نعم بالتأكيد " * 30,
    "Korean": "답변: " + "그렇습니다 " * 40,
    "one character": "Well, that is great" + "!" * 400,
    "a vowel": "Aaaand the winner is" + "o" * 900,
    "empty lines": "The end." + "\n" * 350,
    "empty lines with blanks": "Done." + " \n" * 220,
    "letters without a space": "hm " + "blah" * 200,
    "an emoji": "Congratulations " + "🎉" * 260,
    "a chapter with small changes": "".join(
        f"Item {number}: please make sure that the cable is firmly connected to the port on the back of the box. "
        for number in range(30)
    ),
    "numbered apologies": "".join(
        f"{number}. I am sorry, I cannot find any more results for your query at this time.\n"
        for number in range(1, 40)
    ),
    "a function call again and again": "print('hello world')\n" * 90,
    "a tag for ever": "<div>" * 400,
    "JSON keys without end": '{"items": [' + '{"name": "chair", "colour": "red", "price": 20}, ' * 40,
    "a loop after a long good answer": "".join(f"Fact {n} is that {n} times two makes {2 * n}. " for n in range(20))
    + "and so on " * 30,
    "a quarrel of two phrases": "It is true. It is not true. " * 20,
    "a number": "The value is 3.14159" + "0" * 600,
    "a loop before a good end": "the " * 50 + "answer to your question is that shops open at nine on weekdays.",
}

_SONG: Final = (
    "Row, row, row the ferry home,\nFar across the bay,\nLa la la la, la la la la,\nWe will rest today.\n\n"
    "Oh the wind, oh the wind, oh the wind blows free,\nOh the wind, oh the wind, take me home with thee.\n\n"
)
_LETTER: Final = (
    "Dear neighbour,\n\nthe lift will be serviced on Tuesday between eight and noon. Please use the stairs.\n\n"
    "Kind regards\nThe caretaker\n\n"
)

NEGATIVES: Final[Mapping[str, str]] = {
    "a note": "Hi Sam, the parcel came. It was damp, but the book inside is fine. See you on Sunday!",
    "laughter": "ha ha ha ha ha ha, that was a good one!",
    "much laughter": "Ha ha ha ha ha ha ha ha ha ha ha ha ha ha. Stop it.",
    "a laugh in one word": "hahahahahahahahahahahahaha you wish",
    "a scream": "NOOOOOOOOOOOOOOOOOOOOOOOOOOOOOO! Aaaaaaaaargh!!!!!!!!!!!!!!!",
    "a stern no": "No, no, no, no, no! I said no.",
    "an emphatic very": "It was very, very, very, very, very far away.",
    "buffaloes": "Buffalo buffalo Buffalo buffalo buffalo buffalo Buffalo buffalo.",
    "had had": "James, while John had had 'had', had had 'had had'; 'had had' had had a better effect.",
    "a chorus": _SONG * 2,
    "a refrain thrice": "Let the river run, let the river run, let the river run, and carry me along.",
    "a chant": "We want bread! We want bread! We want bread! We want bread! the crowd shouted.",
    "na na": "Na na na na, na na na na, hey hey hey, goodbye. " * 3,
    "a nursery rhyme": "If you are merry clap your hands (clap clap). If you are merry clap your hands (clap clap). "
    "If you are merry and you mean it, let your neighbours surely see it.",
    "a litany": "".join(
        f"Saint {name}, pray for us.\n"
        for name in ("Agnes", "Bruno", "Clare", "Denis", "Emma", "Felix", "Gall", "Hugh")
    ),
    "a villanelle": "\n".join(
        (
            "The lamp burns low, the harbour waits for rain.",
            "The nets are mended and the boats are tied.",
            "We set the table and begin again.",
            "My father counted every weathervane,",
            "And what he could not count he put aside.",
            "The lamp burns low, the harbour waits for rain.",
            "You ask me if the gulls can feel the strain",
            "Of holding still against so strong a tide.",
            "We set the table and begin again.",
        )
    ),
    "anaphora": "I have seen the mountains. I have seen the desert. I have seen the sea. I have seen enough to know.",
    "a list with the same beginnings": "".join(
        f"- Make sure that the {thing} is clean.\n"
        for thing in ("filter", "hose", "drum", "seal", "door", "tray", "pump", "inlet", "drain", "panel", "socket")
    ),
    "a table": "| name | age | city |\n|------|-----|------|\n"
    + "".join(f"| user{n} | {20 + n % 9} | Rome |\n" for n in range(25)),
    "a table of ticks": "| feature | free | pro |\n|---|---|---|\n"
    + "".join(f"| item {n} | yes | yes |\n" for n in range(30)),
    "an empty table to fill in": "| date | name | sign |\n|---|---|---|\n" + "|  |  |  |\n" * 25,
    "a wide ruler": "-" * 120 + "\nTotal\n" + "=" * 120,
    "rulers between parts": "".join(f"{'-' * 40}\nPart {n}\n{'-' * 40}\n" for n in range(12)),
    "a table of contents": "".join(f"Chapter {n} {'.' * 60} {n * 12}\n" for n in range(1, 15)),
    "a form": "Name: ________________  Date: ____________  Signature: ______________________\n" * 4,
    "check boxes": "".join(f"[ ] task {n}\n" for n in range(30)),
    "a box of ASCII": "+----------+----------+----------+\n|          |          |          |\n" * 6,
    "a tree of ASCII": "".join(" " * (10 - n) + "*" * (2 * n + 1) + "\n" for n in range(10)),
    "waves of ASCII": "~^~^~^~^~^~^~^~^~^~^~^~^~^~^~^~^~^~^~^~\n" * 6,
    "a chess board": "\n".join(["r n b q k b n r", "p p p p p p p p", *[". . . . . . . ."] * 4, "P P P P P P P P"]),
    "a progress bar": "".join(f"[{'#' * n}{' ' * (20 - n)}] {n * 5}%\n" for n in range(21)),
    "a log": "".join(f"2025-03-04 10:{n:02}:17 INFO worker-3 heartbeat ok latency={n * 7 % 50}ms\n" for n in range(40)),
    "a log that retries": "".join(f"[{n:03}] connection refused, retrying in {2**n} s\n" for n in range(12)),
    "a log of long lines": "".join(
        f"2025-03-04T10:{n:02}:17Z WARN [pool-7-thread-2] com.acme.billing.InvoiceWorker - Could not connect to the mail "
        "server smtp.acme.example on port 587, the message stays in the queue and will be sent later\n"
        for n in range(30)
    ),
    "an access log": "".join(f'10.0.0.{n} - - "GET /health HTTP/1.1" 200 {n + 300}\n' for n in range(40)),
    "a stack trace": "".join(
        f'  File "/srv/app/views.py", line {n * 13}, in handle\n    return self.inner(request)\n' for n in range(1, 20)
    ),
    "CSV": "id,status,amount\n" + "".join(f"{n},paid,{n * 3 % 17}.00\n" for n in range(60)),
    "CSV of zeros": "t,a,b,c\n" + "".join(f"{n},0,0,0\n" for n in range(60)),
    "a row of zeros": "[" + "0, " * 100 + "0]",
    "a matrix of zeros": "[[0, 0, 0, 0], [0, 0, 0, 0], [0, 0, 0, 0], [0, 0, 0, 0]]",
    "booleans": "mask = [" + "False, " * 40 + "True]",
    "nulls": '{"row": [' + "null, " * 50 + "1]}",
    "JSON with equal keys": "["
    + ", ".join(f'{{"id": {n}, "name": "user{n}", "active": true, "role": "viewer"}}' for n in range(40))
    + "]",
    "pretty JSON": "[\n"
    + ",\n".join(f'  {{\n    "lat": {n}.5,\n    "lon": {n * 2}.1\n  }}' for n in range(30))
    + "\n]",
    "similar lines of code": "".join(f"self.assertEqual(parse('{n}'), {n})\n" for n in range(30)),
    "a switch": "".join(f"    case {n}:\n      return 'm{n}';\n      break;\n" for n in range(20)),
    "inserts": "".join(f"INSERT INTO t (a, b) VALUES ({n}, 'x{n}');\n" for n in range(40)),
    "closing brackets": "f(" * 30 + "x" + ")" * 30,
    "closing tags": "</div>\n" * 12,
    "empty cells": "<tr>" + "<td></td>" * 25 + "</tr>",
    "CSS": "".join(f".m-{n} {{ margin: {n}px; }}\n.p-{n} {{ padding: {n}px; }}\n" for n in range(20)),
    "hexadecimal": "00 00 00 00 00 00 00 00 00 00 00 00 00 00 00 00 ff d8 ff e0 00 10 4a 46 49 46 00 01",
    "a hex dump": "".join(f"{n * 16:08x}  00 00 00 00 00 00 00 00  00 00 00 00 00 00 00 00\n" for n in range(12)),
    "a base64 string": "iVBORw0KGgoAAAANSUhEUgAAAAEAAAABCAAAAAA6fptVAAAACklEQVR4nGNgAAAAAgABSK+kcQAAAABJRU5ErkJggg==",
    "binary": "0101010101010101 0000000011111111 1010101010101010",
    "digits of a third": "1/3 = 0.3333333333333333333333333333333333333333333333",
    "a big number": "10^100 = 1" + "0" * 100,
    "a drum pattern": "boom chak boom boom chak, boom chak boom boom chak, boom chak boom boom chak",
    "knitting": "Row 1: k2, p2, k2, p2, k2, p2, k2, p2, k2, p2. Row 2: p2, k2, p2, k2, p2, k2, p2, k2, p2, k2. " * 2,
    "guitar tab": "e|----------------|----------------|\nB|----------------|----------------|\n" * 4,
    "a letter in three copies": _LETTER * 3,
    "placeholder text": "Lorem ipsum dolor sit amet, consectetur adipiscing elit. " * 4,
    "vocabulary cards": "".join(f"Front: word {n}\nBack: das Wort {n}\nTags: german noun\n\n" for n in range(25)),
    "multiple choice": "".join(
        f"{n}. What is {n} + {n}?\na) {n}\nb) {2 * n}\nc) none of these\n\n" for n in range(1, 20)
    ),
    "times tables": "".join(f"{a} x {b} = {a * b}\n" for a in range(2, 6) for b in range(1, 11)),
    "subtitles": "".join(
        f"{n}\n00:00:{n:02},000 --> 00:00:{n + 1:02},000\nLine {n} of the talk\n\n" for n in range(1, 30)
    ),
    "a dialogue": "".join(f"A: And then?\nB: Then came number {n}.\n" for n in range(15)),
    "a countdown": "10, 9, 8, 7, 6, 5, 4, 3, 2, 1. Go, go, go, go!",
    "a German sentence": "Wenn Fliegen hinter Fliegen fliegen, fliegen Fliegen Fliegen nach.",
    "Chinese with doubled words": "慢慢来，好好学习，天天向上，看看书，听听歌，说说笑笑，哈哈哈哈哈哈哈。",
    "Japanese sounds": "雨がざあざあ、風がびゅうびゅう、心臓がどきどき。わくわくわくわく。",
    "a cry in Russian": "Ура! Ура! Ура! Ура! Ура! кричали дети.",
    "a checklist with equal answers": "".join(f"Question {n}: answered yes.\n" for n in range(25)),
    "a diff": "".join(f"-    old_{n} = {n}\n+    new_{n} = {n}\n" for n in range(25)),
    "dots between rows": "· · · · · · · · · · · · · · · · · · · ·\nmenu\n· · · · · · · · · · · · · · · · · · · ·",
    "an address list": "".join(f"{n} Mill Lane, Oxford OX1 2AB, United Kingdom\n" for n in range(1, 25)),
    "nothing": "",
    "white space": "   \n\n  ",
}

MISSED: Final[Mapping[str, str]] = {
    "the same thing in other words": "The shop opens at nine. You can go there from nine. From nine on it is open. "
    "Its doors are opened at nine o'clock. Nine is when it opens. Be there at nine, that is when they open. " * 1,
    "a short loop that stops by itself": "I am sorry. " * 8,
}
FALSE_ALARMS: Final[Mapping[str, str]] = {
    "a song of one line": "Round and round we go, " * 24,
    "a matrix of a thousand zeros": "[" + "0, " * 1_500 + "0]",
}
