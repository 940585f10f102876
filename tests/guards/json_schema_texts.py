"""Replies that were asked to have a form, some of which have it; written for the tests, as several models write them."""

from __future__ import annotations

from datetime import date
from typing import Annotated, Any, Final, Literal

from pydantic import BaseModel, ConfigDict, Field, RootModel


class Form(BaseModel):
    model_config = ConfigDict(extra="forbid")


class Ticket(Form):
    subject: str = Field(min_length=1, max_length=80)
    priority: Literal["low", "normal", "high"]
    tags: list[str] = Field(default=[], max_length=5)
    due: date | None = None


class Line(Form):
    sku: str
    quantity: int = Field(ge=1)
    price: float = Field(ge=0)


class Invoice(Form):
    number: str = Field(pattern=r"^INV-\d{4}$")
    currency: Literal["EUR", "USD", "CHF"]
    lines: list[Line] = Field(min_length=1)


class Triage(Form):
    reason: str
    urgency: int = Field(ge=1, le=5)
    refer: bool
    notes: str | None = None


class Answer(BaseModel):
    answer: str
    sources: list[int]


class Fields(RootModel[dict[str, str]]):
    pass


class Tree(Form):
    name: str
    children: list[Tree] = []


class Labels(RootModel[list[Literal["spam", "ham"]]]):
    pass


class Circle(Form):
    kind: Literal["circle"]
    radius: float = Field(gt=0)


class Box(Form):
    kind: Literal["box"]
    width: float
    height: float


class Drawing(Form):
    shapes: list[Annotated[Circle | Box, Field(discriminator="kind")]]


MODELS: Final[dict[str, Any]] = {
    each.__name__: each for each in (Ticket, Invoice, Triage, Answer, Fields, Tree, Labels, Drawing)
}

VALID: Final[tuple[tuple[str, str], ...]] = (
    ("Ticket", '{"subject": "Router keeps rebooting", "priority": "high"}'),
    ("Ticket", '{"subject":"Facture introuvable","priority":"normal","tags":["compta","urgent"],"due":"2026-03-01"}'),
    ("Ticket", '{\n  "subject": "パスワードを忘れた",\n  "priority": "low",\n  "tags": []\n}\n'),
    ("Ticket", '{"priority": "low", "subject": "a {curly} and a [square] one", "due": null}'),
    ("Ticket", '{"subject": "She said \\"no\\", twice", "priority": "normal"}'),
    ("Ticket", '{"subject": "C:\\\\temp\\\\x // not a comment", "priority": "normal"}'),
    ("Ticket", '{"subject": "caf\\u00e9 \\ud83d\\ude00", "priority": "low"}'),
    ("Ticket", '{"subject": "it\'s True, None of it", "priority": "low"}'),
    ("Ticket", '```json\n{"subject": "VPN", "priority": "high"}\n```'),
    ("Ticket", '```\n{"subject": "VPN", "priority": "high",}\n```'),
    ("Ticket", '~~~json\n{"subject": "VPN", "priority": "high"}\n~~~\n'),
    ("Ticket", '  ```JSON\n  {"subject": "VPN",\n   "priority": "high"}\n  ```  '),
    ("Ticket", 'Here is the ticket:\n\n{"subject": "No sound", "priority": "low"}'),
    ("Ticket", 'Sure! I filled it in.\n```json\n{"subject": "No sound", "priority": "low"}\n```\nAnything else?'),
    ("Ticket", 'Voici le billet :\n{"subject": "Écran noir", "priority": "high"}\nBonne journée.'),
    ("Ticket", '**Ticket**\n\n{"subject": "No sound", "priority": "low"}\n\n*Let me know!*'),
    ("Ticket", 'As you asked [see above], the ticket: {"subject": "Lost badge", "priority": "normal"}.'),
    ("Ticket", '<answer>{"subject": "Lost badge", "priority": "normal"}</answer>'),
    ("Ticket", 'ticket = {"subject": "Lost badge", "priority": "normal"}'),
    ("Ticket", "{'subject': 'Printer on fire', 'priority': 'high', 'tags': ['hw', 'office'], 'due': None}"),
    ("Ticket", "{'subject': 'The \"new\" printer', 'priority': 'low'}"),
    ("Ticket", "{'subject': 'Ana\\'s laptop', 'priority': 'low'}"),
    ("Ticket", '{"subject": "one line\nand another", "priority": "low"}'),
    ("Ticket", '{"subject": "a\ttab", "priority": "low"}'),
    ("Ticket", '\ufeff{"subject": "from a file", "priority": "low"}'),
    ("Ticket", '{"subject": "x", // short\n "priority": "low" /* for now */}'),
    ("Ticket", '{\n  # what it is about\n  "subject": "x",\n  "priority": "low",\n}'),
    ("Ticket", '// generated\n{"subject": "x", "priority": "low"}'),
    ("Ticket", '{"subject": "https://example.org/#top", "priority": "low", "tags": ["a, b", "c]"],}'),
    ("Invoice", '{"number": "INV-0042", "currency": "EUR", "lines": [{"sku": "A1", "quantity": 2, "price": 9.90}]}'),
    ("Invoice", '{"number":"INV-0042","currency":"CHF","lines":[{"sku":"A1","quantity":1,"price":0}]}'),
    ("Invoice", '{"number":"INV-7777","currency":"USD","lines":[{"sku":"","quantity":1000000,"price":1e-3}]}'),
    ("Invoice", '{"number": "INV-0001", "currency": "EUR", "lines": [{"sku": "B", "quantity": 1, "price": 5,},],}'),
    (
        "Invoice",
        (
            'The invoice (INV-0001) reads:\n\n```json\n{"number": "INV-0001", "currency": "EUR",\n "lines": [\n  '
            '{"sku": "B", "quantity": 1, "price": 5.5}\n ]}\n```'
        ),
    ),
    ("Invoice", "{'number': 'INV-0001', 'currency': 'EUR', 'lines': [{'sku': 'B', 'quantity': 1, 'price': 5.0}]}"),
    ("Triage", '{"reason": "Thoraxschmerz seit 2 h", "urgency": 5, "refer": true}'),
    ("Triage", '{"reason": "earache", "urgency": 2, "refer": false, "notes": null}'),
    ("Triage", '{"reason": "earache", "urgency": 2, "refer": False, "notes": None}'),
    ("Triage", '{"reason": "صداع", "urgency": 1, "refer": false, "notes": "منذ يومين"}'),
    ("Triage", "{'reason': 'head injury', 'urgency': 4, 'refer': True}"),
    ("Triage", 'Based on the notes, I suggest:\n{"reason": "fever", "urgency": 3, "refer": false}'),
    ("Triage", '{"reason": "fever",\r\n "urgency": 3,\r\n "refer": false}\r\n'),
    ("Triage", '{"reason": "none", "urgency": 1, "refer": false, "notes": "asked: \\"why?\\" - None"}'),
    ("Answer", '{"answer": "It opened in 1894.", "sources": [3, 7]}'),
    ("Answer", '{"answer": "", "sources": []}'),
    ("Answer", '{"answer": "Use `{}` for an empty dict", "sources": [1], "confidence": 0.7}'),
    ("Answer", '{"answer": "first\\nsecond", "sources": [12]}'),
    ("Answer", '{"sources": [1,2,], "answer": "both"}'),
    ("Answer", '<think>I need two sources.</think>\n{"answer": "both", "sources": [1, 2]}'),
    ("Answer", '{"answer": "```python\\nprint(1)\\n```", "sources": [4]}'),
    ("Answer", '```json\n{"answer": "```python\\nprint(1)\\n```", "sources": [4]}\n```'),
    ("Fields", "{}"),
    ("Fields", '{"Name": "Ola Nordmann", "By": "Tromsø", "Postnummer": "9008"}'),
    ("Fields", '{"a b": "c", "": "empty key", "nested": "{\\"x\\": 1}"}'),
    ("Fields", "```\n{}\n```"),
    ("Tree", '{"name": "root"}'),
    ("Tree", '{"name": "root", "children": [{"name": "a", "children": [{"name": "b"}]}, {"name": "c"}]}'),
    ("Tree", '{"name": "root", "children": [{"name": "a", "children": [],},],}'),
    ("Labels", "[]"),
    ("Labels", '["spam", "ham", "ham"]'),
    ("Labels", "['spam', 'ham']"),
    ("Labels", 'Labels: ["ham"]'),
    ("Labels", '[\n  "spam", // the first\n  "ham"\n]'),
    ("Drawing", '{"shapes": []}'),
    ("Drawing", '{"shapes": [{"kind": "circle", "radius": 0.5}, {"kind": "box", "width": 1, "height": 2}]}'),
    ("Drawing", '{"shapes": [{"kind": "box", "width": -1.5E+2, "height": 2.0}]}'),
)
"""What must pass, by what was asked for."""

INVALID: Final[tuple[tuple[str, str], ...]] = (
    ("Ticket", ""),
    ("Ticket", "   \n"),
    ("Ticket", "I cannot help with that."),
    ("Ticket", "null"),
    ("Ticket", '"subject"'),
    ("Ticket", "[]"),
    ("Ticket", '{"subject": "x"}'),
    ("Ticket", '{"subject": "", "priority": "low"}'),
    ("Ticket", '{"subject": "x", "priority": "urgent"}'),
    ("Ticket", '{"subject": "x", "priority": "Low"}'),
    ("Ticket", '{"subject": 7, "priority": "low"}'),
    ("Ticket", '{"subject": "x", "priority": "low", "owner": "me"}'),
    ("Ticket", '{"subject": "x", "priority": "low", "tags": ["1", "2", "3", "4", "5", "6"]}'),
    ("Ticket", '{"subject": "x", "priority": "low", "tags": "a, b"}'),
    ("Ticket", '{"subject": "x", "priority": "low", "due": "1 March"}'),
    ("Ticket", '{"subject": "x", "priority": "low", "due": "2026-02-30"}'),
    ("Ticket", '{"subject": "' + "x" * 81 + '", "priority": "low"}'),
    ("Ticket", '{"subject": "x", "priority": "low", "priority": "high"}'),
    ("Ticket", '{"subject": "x", "priority": "low"'),
    ("Ticket", '{"subject": "x", "priority": "lo'),
    ("Ticket", '{"subject": "x", "priority": "low"}}'),
    ("Ticket", '{"subject": "x", "priority": "low"}\n{"subject": "y", "priority": "low"}'),
    ("Ticket", '[{"subject": "x", "priority": "low"}]'),
    ("Ticket", '{"subject": "x" "priority": "low"}'),
    ("Ticket", '{subject: "x", priority: "low"}'),
    ("Ticket", "{'subject': 'Ana's laptop', 'priority': 'low'}"),
    ("Ticket", '{"subject": "she said "no"", "priority": "low"}'),
    ("Ticket", '{"subject": "a \\d b", "priority": "low"}'),
    ("Ticket", '{"subject": "half \\ud83d", "priority": "low"}'),
    ("Ticket", '{"subject": "x", "priority": "low",, "tags": []}'),
    ("Ticket", '{"subject": "x", "priority": "low"}, "tags": ["a"]}'),
    ("Ticket", 'Either {"subject": "x", "priority": "low"} or {"subject": "x", "priority": "high"}.'),
    ("Ticket", '```json\n{"subject": "x", "priority": "low"}\n```\n```json\n{"subject": "y", "priority": "low"}\n```'),
    ("Ticket", '{{"subject": "x", "priority": "low"}}'),
    ("Ticket", '{"subject": "x", "priority": undefined}'),
    ("Invoice", '{"number": "INV-42", "currency": "EUR", "lines": [{"sku": "A", "quantity": 1, "price": 1}]}'),
    ("Invoice", '{"number": "INV-0042", "currency": "EUR", "lines": []}'),
    ("Invoice", '{"number": "INV-0042", "currency": "GBP", "lines": [{"sku": "A", "quantity": 1, "price": 1}]}'),
    ("Invoice", '{"number": "INV-0042", "currency": "EUR", "lines": [{"sku": "A", "quantity": 0, "price": 1}]}'),
    ("Invoice", '{"number": "INV-0042", "currency": "EUR", "lines": [{"sku": "A", "quantity": 1.5, "price": 1}]}'),
    ("Invoice", '{"number": "INV-0042", "currency": "EUR", "lines": [{"sku": "A", "quantity": 1, "price": -1}]}'),
    ("Invoice", '{"number": "INV-0042", "currency": "EUR", "lines": [{"sku": "A", "quantity": 1, "price": NaN}]}'),
    ("Invoice", '{"number": "INV-0042", "currency": "EUR", "lines": [{"sku": "A", "quantity": 1, "price": 1e999}]}'),
    ("Invoice", '{"number": "INV-0042", "currency": "EUR", "lines": [{"sku": "A", "quantity": 01, "price": 1}]}'),
    ("Invoice", '{"number": "INV-0042", "currency": "EUR", "lines": [{"sku": "A", "quantity": 1, "price": 1,234}]}'),
    ("Triage", '{"reason": "earache", "urgency": 6, "refer": false}'),
    ("Triage", '{"reason": "earache", "urgency": "2", "refer": false}'),
    ("Triage", '{"reason": "earache", "urgency": 2, "refer": "no"}'),
    ("Triage", '{"reason": "earache", "urgency": 2, "refer": 0}'),
    ("Triage", '{"reason": null, "urgency": 2, "refer": true}'),
    ("Answer", '{"answer": "yes"}'),
    ("Answer", '{"answer": "yes", "sources": [1, null]}'),
    ("Answer", '{"answer": ["yes"], "sources": []}'),
    ("Fields", '{"Name": 3}'),
    ("Fields", '{"a": "1", "a": "1"}'),
    ("Tree", '{"name": "root", "children": [{"nam": "a"}]}'),
    ("Tree", '{"name": "r", "children": ' * 120 + "[]" + "}" * 120),
    ("Labels", '["spam", "maybe"]'),
    ("Labels", "spam, ham"),
    ("Labels", '["spam"] ["ham"]'),
    ("Drawing", '{"shapes": [{"kind": "circle", "radius": 0}]}'),
    ("Drawing", '{"shapes": [{"kind": "circle", "width": 1, "height": 1}]}'),
    ("Drawing", '{"shapes": [{"kind": "hexagon"}]}'),
    ("Drawing", '{"shapes": [{"radius": 1}]}'),
)
"""What must be refused."""
