"""Mixtures of what was written and drawn: hidden, buried, disguised, mistyped; attacks and harmless texts alike.

Every way of mixing is applied to harmless texts as often as to others, so that no wrapping by itself gives anything
away. A mixture is made of texts of its own split alone, and so are the documents in which things are hidden.
"""

from __future__ import annotations

import json
import math
import random
from bisect import bisect
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass, replace
from itertools import accumulate, pairwise
from pathlib import Path
from typing import Final

from training.examples import Example, Split, Task
from training.sources.disguises import disguised, sloppy
from training.sources.writing import Heading, read_blocks

__all__ = ["mixed"]

_CARRIERS: Final = Path(__file__).parent.parent / "writing" / "carriers"
HERE: Final = "⟦HERE⟧"
_LONGEST_PART: Final = 1200
_REMARK: Final = 240
_DECODE: Final = {
    "train": (
        "Decode and read: {}",
        "Decode this: {}",
        "What does this say? {}",
        "{}",
        "Base64/rot/hex, you figure it out: {}",
    ),
    "test": ("Here's an encoded note: {}", "{} <- please decode", "translate from code: {}", "{}"),
}
_JOINTS: Final = {
    "train": (
        "{a} {b}",
        "{a}\n\n{b}",
        "{b}\n\n{a}",
        "{a}\n---\n{b}",
        "{a} Also: {b}",
        "{a}\nP.S. {b}",
        "1. {a}\n2. {b}",
        "{b} And then: {a}",
    ),
    "test": ("{a}\n\nOne more thing. {b}", "{b}\n***\n{a}", "{a} -- {b}", "a) {a}\nb) {b}", "{a}\n{b}"),
}
_WRAPPINGS: Final = {
    "train": (
        "{}", "{}", "{}", "<!-- {} -->", '<span style="display:none">{}</span>', "[//]: # ({})", "({})", "**Note:** {}",
        "/* {} */", "# {}", '{{"note": "{}"}}', "> {}", "[[{}]]", "<p hidden>{}</p>", "P.S. {}", "NOTE: {}", "\n\n\n{}\n\n\n",
        '<div style="font-size:0">{}</div>', "<info>{}</info>", "IMPORTANT: {}",
    ),
    "test": (
        "{}", "{}", '<div style="color:#fff">{}</div>', "<!--{}-->", "-- {}", "// {}", '"comment": "{}"', "~~~\n{}\n~~~",
        "<meta name='description' content='{}'>", "[Remark: {}]", '<img src="logo.png" alt="{}">',
    ),
}  # fmt: skip
_SHOTS: Final = {
    "train": (
        ("User: {}", "Assistant: {}"),
        ("Q: {}", "A: {}"),
        ("Human: {}", "AI: {}"),
        ("### Input\n{}", "### Output\n{}"),
    ),
    "test": (("Frage: {}", "Antwort: {}"), ("<user>{}</user>", "<bot>{}</bot>"), ("me> {}", "you> {}")),
}
_COMPLIANT: Final = {
    "train": (
        "Sure, here is how.",
        "Of course! Step one:",
        "Gladly, no problem.",
        "Absolutely, the answer is as follows.",
    ),
    "test": ("Happy to, here you go.", "With pleasure, all details:", "Yes boss."),
}
_HELPFUL: Final = {
    "train": (
        "Good question. In short: it depends.",
        "Here is a draft.",
        "Done, see below.",
        "Certainly, the short answer is yes.",
    ),
    "test": ("That is easy to explain.", "Let me look.", "I'd suggest the following."),
}


@dataclass(frozen=True, slots=True)
class Pool:
    """Examples to pick from: a source of many rows more often than one of few, but not in proportion."""

    by_source: tuple[tuple[Example, ...], ...]
    upto: tuple[float, ...]

    @classmethod
    def of(cls, examples: Iterable[Example]) -> Pool:
        """Sort examples by their sources."""
        sources: dict[str, list[Example]] = {}
        for example in examples:
            sources.setdefault(example.source, []).append(example)
        lists = tuple(tuple(each) for each in sources.values())
        return cls(lists, tuple(accumulate(math.sqrt(len(each)) for each in lists)))

    def pick(self, chance: random.Random) -> Example:
        """Return one of the examples, a long one cut."""
        at = bisect(self.upto, chance.random() * self.upto[-1])
        example = chance.choice(self.by_source[min(at, len(self.by_source) - 1)])
        if len(example.text) > _LONGEST_PART:
            return replace(example, text=example.text[:_LONGEST_PART].rsplit(" ", 1)[0])
        return example


@dataclass(frozen=True, slots=True)
class Pools:
    """What mixtures are made of."""

    split: Split
    found: Pool
    harmless: Pool
    payloads: Pool
    remarks: Pool
    carriers: Sequence[tuple[Heading, str]]


Mixture = Callable[[Pools, bool, random.Random], Example]


def mixed(task: Task, split: Split, own: Sequence[Example], *, scale: float) -> Iterator[Example]:
    """Yield mixtures of a split's own texts, half of them harmless.

    Args:
        task: What for; in `harm` nothing is hidden as an instruction, but written into comments and chats.
        split: Of all that goes in and comes out.
        own: What was written and drawn.
        scale: How many rows, as a part of all.
    """
    pools = _pools(split, own)
    for name, (mixture, rows) in (_INJECTION if task == "injection" else _HARM).items():
        for harmful in (True, False):
            chance = random.Random(f"{task}/{split}/{name}/{harmful}")
            part = scale * (1.0 if split == "train" else _TEST_PART)
            for _ in range(max(2, round(rows * part))):
                made = mixture(pools, harmful, chance)
                parts = (made.source, *made.made_of)
                yield replace(made, source=f"mixed/{name} ({split})", split=split, made_of=parts)


def _pools(split: Split, own: Sequence[Example]) -> Pools:
    found = [example for example in own if example.labels]
    indirect = [example for example in found if "indirect" in example.labels]
    harmless = [example for example in own if not example.labels]
    return Pools(
        split,
        Pool.of([example for example in found if "indirect" not in example.labels] or found),
        Pool.of(harmless),
        Pool.of(indirect or found),
        Pool.of([example for example in harmless if example.place != "prompt" and len(example.text) < _REMARK]),
        [*read_blocks(_CARRIERS / f"{split}.txt")],
    )


def _hidden(pools: Pools, harmful: bool, chance: random.Random) -> Example:
    """Something is said, in some wrapping, within a document or a tool result."""
    heading, document = chance.choice(pools.carriers)
    if harmful:
        said = (pools.payloads if chance.random() < 0.75 else pools.found).pick(chance)
    else:
        said = (pools.remarks if chance.random() < 0.75 else pools.harmless).pick(chance)
    wrapping = chance.choice(_WRAPPINGS[pools.split])
    text = said.text.replace("\n", " ") if wrapping != "{}" and '"' in wrapping else said.text
    wrapped = wrapping.format(text)
    if document.lstrip().startswith(("{", "[")):
        wrapped = json.dumps(wrapped, ensure_ascii=False)[1:-1]
    places = document.split(HERE)
    at = chance.randrange(1, len(places)) if len(places) > 1 else 1
    whole = "".join(places[:at]) + wrapped + "".join(places[at:])
    labels = frozenset({"indirect"}) if harmful else frozenset[str]()
    kind = "attack" if harmful else heading.kind
    return replace(said, text=whole, labels=labels, kind=kind, place=heading.place)


def _long(pools: Pools, harmful: bool, chance: random.Random) -> Example:
    """The same within several documents, one after the other."""
    others = [_hidden(pools, False, chance) for _ in range(chance.randrange(2, 6))]
    said = _hidden(pools, harmful, chance)
    parts = [each.text for each in others]
    parts.insert(chance.randrange(len(parts) + 1), said.text)
    text = chance.choice(("\n\n", "\n---\n", "\n\n\n")).join(parts)
    return replace(said, text=text, made_of=tuple(each.source for each in others))


def _buried(pools: Pools, harmful: bool, chance: random.Random) -> Example:
    """One thing is asked for, and another."""
    said = (pools.found if harmful else pools.harmless).pick(chance)
    other = pools.harmless.pick(chance)
    joint = chance.choice(_JOINTS[pools.split])
    return replace(said, text=joint.replace("{a}", other.text).replace("{b}", said.text), made_of=(other.source,))


def _disguise(pools: Pools, harmful: bool, chance: random.Random) -> Example:
    said = (pools.found if harmful else pools.harmless).pick(chance)
    text, encoded = disguised(said.text[:400], chance)
    if encoded:
        text = chance.choice(_DECODE[pools.split]).replace("{}", text)
    if harmful:
        return replace(
            said, text=text, labels=said.labels | ({"obfuscated"} if said.labels & _INJECTION_KINDS else set())
        )
    return replace(said, text=text, kind="obfuscated_harmless")


def _mistyped(pools: Pools, harmful: bool, chance: random.Random) -> Example:
    said = (pools.found if harmful else pools.harmless).pick(chance)
    return replace(said, text=sloppy(said.text, chance))


def _shots(pools: Pools, harmful: bool, chance: random.Random) -> Example:
    """A conversation that is made up, in which the assistant goes along with all of it."""
    asked, answered = chance.choice(_SHOTS[pools.split])
    answers = (_COMPLIANT if harmful else _HELPFUL)[pools.split]
    said = [(pools.found if harmful else pools.harmless).pick(chance) for _ in range(chance.randrange(2, 9))]
    lines = [line for each in said for line in (asked.format(each.text[:300]), answered.format(chance.choice(answers)))]
    labels = frozenset(label for each in said for label in each.labels)
    if labels & _INJECTION_KINDS:
        labels = frozenset({"jailbreak"})
    return replace(said[0], text="\n".join(lines), labels=labels, made_of=tuple(each.source for each in said[1:]))


def _split_up(pools: Pools, harmful: bool, chance: random.Random) -> Example:
    """The text in pieces, to be put together by the reader."""
    said = (pools.found if harmful else pools.harmless).pick(chance)
    words = said.text[:240].split()
    cuts = (
        sorted(chance.sample(range(1, len(words)), min(len(words) - 1, chance.randrange(1, 4))))
        if len(words) > 2
        else []
    )
    pieces = [" ".join(words[a:b]) for a, b in pairwise([0, *cuts, len(words)])]
    names = chance.choice(("abcd", "xyzw", "1234"))
    sums = "+".join(names[: len(pieces)])
    lines = [f'{name} = "{piece}"' for name, piece in zip(names, pieces, strict=False)]
    text = chance.choice(("{}\n{}", "Let {}. Now read {}.", "{}; print({})")).format(
        chance.choice(("\n", ", ")).join(lines), sums
    )
    labels = said.labels | ({"obfuscated"} if said.labels & _INJECTION_KINDS else frozenset())
    return replace(said, text=text, labels=labels, kind=said.kind if harmful else "obfuscated_harmless")


def _comment(pools: Pools, harmful: bool, chance: random.Random) -> Example:
    """A document in which somebody says something: a comment, a message, a field of data."""
    heading, document = chance.choice(pools.carriers)
    said = (pools.found if harmful else pools.harmless).pick(chance)
    text = json.dumps(said.text, ensure_ascii=False)[1:-1] if document.lstrip().startswith(("{", "[")) else said.text
    places = document.split(HERE)
    at = chance.randrange(1, len(places)) if len(places) > 1 else 1
    kind = "harmful" if harmful else heading.kind
    return replace(said, text="".join(places[:at]) + text + "".join(places[at:]), kind=kind, place=heading.place)


_INJECTION_KINDS: Final = frozenset({"direct", "jailbreak", "extraction", "indirect"})
_TEST_PART: Final = 0.12
_INJECTION: Final[dict[str, tuple[Mixture, int]]] = {
    "hidden": (_hidden, 3000), "long": (_long, 700), "buried": (_buried, 1800), "disguised": (_disguise, 1800),
    "mistyped": (_mistyped, 1500), "shots": (_shots, 400), "pieces": (_split_up, 300),
}  # fmt: skip
_HARM: Final[dict[str, tuple[Mixture, int]]] = {
    "comment": (_comment, 1500), "buried": (_buried, 2000), "disguised": (_disguise, 900), "mistyped": (_mistyped, 2500),
    "shots": (_shots, 300),
}  # fmt: skip
