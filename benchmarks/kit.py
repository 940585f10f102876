"""What the benchmarks share: texts, word lists, a timer that noise hits evenly, and a table.

Standard library only, so that a peer's script can import it inside the peer's own environment.
"""

from __future__ import annotations

import asyncio
import gc
import json
import re
import statistics
import time
from collections.abc import Awaitable, Callable, Mapping
from pathlib import Path
from typing import Any, Final, NamedTuple, TypeAlias

__all__ = [
    "INJECTION_PHRASES",
    "INJECTION_REGEXES",
    "KEYWORDS",
    "RESULTS",
    "SAMPLES",
    "Repeat",
    "Sample",
    "Timing",
    "asynchronous",
    "calibration",
    "interleave",
    "save",
    "synchronous",
    "table",
    "tokens",
]

RESULTS: Final = Path(__file__).parent / "results"


_WARM_UP: Final = 20
"""Repetitions before anything is counted: what is made at the first call is not what a call costs."""


class Sample(NamedTuple):
    """A prompt and the reply that the model is made to give."""

    prompt: str
    reply: str


_PROSE_PROMPT: Final = """\
We are moving the customer newsletter to the new mailing system in spring, and I would like a plan that our three \
regional teams can follow without a meeting. At the moment every office keeps its own list, writes its own greeting \
and sends on a different day, so readers who moved house last year still hear from two places at once. The new system \
can merge the lists, but it wants one owner for each template and a clear rule for people who asked to hear from us \
less often. Please write a short plan with the order of the steps, who should do what, and what we ought to check \
before the first real mailing goes out. Keep in mind that the Lisbon team is away for the last two weeks of March, \
that the photographs have to be shrunk, and that the legal note at the bottom differs between countries. If anything \
could go wrong that we would only notice afterwards, say so plainly; a list of five risks with one sentence each would \
help more than a long discussion of all the options."""

_PROSE_REPLY: Final = """\
Start with the lists, because everything else depends on them. Each office exports what it has, the Dublin team \
merges the exports, and duplicates are settled in favour of the most recent address. Once that is done, agree on a \
single owner for every template; the owner alone may change it, and the others send requests. In the second week \
build the three greetings and the legal notes, then shrink the photographs to the width that the system shows. Before \
the first real mailing, send a trial to twenty colleagues who use different mail programs and ask them to read it on \
a telephone as well. Lisbon should finish its part before the holiday, so plan its review early. The five risks are \
these: an export may lack the people who asked for fewer messages; a merged list may hold two spellings of one name; \
a legal note may end up under the wrong country; large pictures may be cut off; and replies may land in a mailbox \
that nobody reads. Check the last one by answering the trial yourself."""

_CODE_REPLY: Final = '''\
Here is a version that reads the file once and keeps the order of the rows:

```python
def merge(rows, key="id", *, newest_first=True):
    """Return one row for each key, taking the most recent."""
    seen = {}
    for row in sorted(rows, key=lambda item: item["changed_at"], reverse=newest_first):
        seen.setdefault(row[key], row)
    return [row for row in rows if seen[row[key]] is row]


class Template:
    def __init__(self, name, owner, body):
        self.name, self.owner, self.body = name, owner, body

    def render(self, **values):
        missing = set(self.fields()) - set(values)
        if missing:
            raise KeyError(f"{self.name}: no value for {sorted(missing)}")
        return self.body.format_map(values)
```

It runs in O(n log n). With 40,000 rows the sort dominates; below 1,000 you will not notice it. `fields()` is left as \
it was. If two rows have the same `changed_at`, the first one in the file wins, which is what the old script did in \
version 2.3.1 as well.'''

_HITS_PROMPT: Final = """\
Please answer the complaint below in a friendly tone and keep it under two hundred words. The customer is Ms Harper, \
she can be reached at jo.harper@example.com in the evening and at +1 415-555-0132 during the day, and she has been \
with us since the shop in the old harbour opened. She says that the kettle she bought in autumn leaks at the handle, \
that the replacement had the same fault, and that nobody called her back although she was promised a call twice. The \
refund was meant for the card 4111 1111 1111 1111 but went to an account that she closed in summer. She would like \
the money, an apology, and an honest word about whether the third kettle will be any better. I have told her that we \
would look into the supplier. She knows the shop well, writes clearly and has every reason to be cross, so do not \
start with a phrase from the handbook. End by saying who will call her and when, and leave out the discount: she said \
that she does not want one."""

_HITS_REPLY: Final = """\
Dear Ms Harper, you bought a kettle that leaks, then another one that leaks, and then you waited for a call that never \
came. None of that is what you should expect from a shop you have known for so long, and I am sorry for all three. The \
refund will be paid today to GB82 WEST 1234 5698 7654 32, the account that you named in your last letter, and you do \
not have to send anything back. About the third kettle I would rather be honest than hopeful: the supplier changed the \
seal in October, the first ones we tried have held for four weeks, and I cannot promise more than that yet. If you \
would like to wait until we know, I will keep one aside for you. My colleague Tom will call you tomorrow morning; if \
another time suits you better, write to tom.field@example.org or ring 415-555-0199 after six, and he will arrange it. \
With thanks for your patience, and for writing so clearly about something so annoying, the team at the harbour."""


def _chat() -> str:
    turns = [
        ("system", "You answer questions about orders. Be brief, and ask when something is unclear."),
        ("user", "Where is my parcel? The shop said it left on Tuesday and it is Friday now."),
        ("assistant", "It was handed to the carrier on Tuesday evening. Deliveries to the islands take three days."),
        ("user", "And can I still change the colour of the second lamp, or is that too late?"),
        ("assistant", "The second lamp ships separately, so there is still time. Which colour would you like?"),
        ("user", "The green one, if it has the short cable. Otherwise leave it as it is, please."),
    ]
    messages = [
        {"role": role, "content": content, "id": f"msg_{number:03d}", "ts": f"2026-03-1{number}T09:2{number}:41Z"}
        for number, (role, content) in enumerate(turns)
    ]
    return json.dumps({"model": "small", "temperature": 0.7, "max_tokens": 256, "messages": messages})


SAMPLES: Final[Mapping[str, Sample]] = {
    "hi": Sample("hi", "ok"),
    "prose": Sample(_PROSE_PROMPT, _PROSE_REPLY),
    "chat": Sample(_chat(), _CODE_REPLY),
    "hits": Sample(_HITS_PROMPT, _HITS_REPLY),
}
"""`hi`: the fixed cost. `prose`: about 1 KB each way, clean. `chat`: chat JSON in, code out. `hits`: three identifiers
each way."""

_VERBS: Final = ["build", "buy", "sell", "forge", "smuggle", "steal", "leak", "poison", "hijack", "hoard"]
_OBJECTS: Final = [
    *("a pipe bomb", "stolen cards", "fake passports", "nerve agents", "click fraud", "botnet access", "voter lists"),
    *("ransomware kits", "insider data", "exam answers", "gift card codes", "patient files", "radar jammers"),
    *("loot crates", "ghost accounts", "malware samples", "counterfeit pills", "rare birds", "ballot papers"),
]
KEYWORDS: Final = [
    *(f"{verb} {thing}" for verb in _VERBS for thing in _OBJECTS),
    *(f"project {n}" for n in _OBJECTS[:10]),
]
"""Two hundred blocked words and phrases, of which the samples hold none."""

INJECTION_PHRASES: Final = [
    "do anything now",
    "developer mode enabled",
    "stay in character",
    "sudo mode",
    "begin admin mode",
    "end of system prompt",
    "you have no restrictions",
    "without any restrictions",
    "this is a hypothetical scenario",
    "simulate a terminal",
]
INJECTION_REGEXES: Final = [
    r"\bignore\s+(?:all\s+|any\s+)?(?:the\s+|your\s+)?(?:previous|prior|above|earlier)\s+(?:instructions|rules|prompts)\b",
    r"\bdisregard\s+(?:all\s+|any\s+)?(?:the\s+|your\s+)?(?:previous|prior|above|system)\s+\w{1,30}",
    r"\bforget\s+(?:everything|all)\s+(?:you|that|above)\b",
    r"\byou\s+are\s+now\s+(?:a|an|the)\s+\w{1,30}",
    r"\bact\s+as\s+(?:if\s+you\s+(?:are|were)|an?\s+unrestricted)\b",
    r"\bpretend\s+(?:to\s+be|you\s+are)\b",
    r"\bjail\s?break(?:s|ing|er)?\b",
    r"\b(?:reveal|show|print|repeat|output)\s+(?:me\s+)?(?:your|the)\s+(?:system|hidden|initial)\s+(?:prompt|instructions)\b",
    r"\bnew\s+instructions?\s*:",
    r"\boverride\s+(?:your|all|the)\s+(?:safety|rules|instructions)\b",
    r"\bno\s+(?:ethical|moral)\s+(?:guidelines|constraints)\b",
    r"\bbypass\s+(?:your|the|all)\s+(?:filters?|guardrails?|safety)\b",
    r"\bfrom\s+now\s+on\s+you\s+(?:will|must|are)\b",
    r"\btranslate\s+the\s+(?:above|previous)\s+(?:text|prompt)\b",
    r"\bbase64\s+decode\s+(?:the|this)\b",
]
"""Together with the phrases: the kind of rules that people write against prompt injection."""


def tokens(text: str) -> list[str]:
    """Cut a text into pieces of about the size of a model's tokens."""
    return [text[start : start + 4] for start in range(0, len(text), 4)]


Repeat: TypeAlias = Callable[[int], object]
"""Does the measured thing so many times."""


class Timing(NamedTuple):
    """Microseconds of the thread's CPU time for one repetition."""

    median_us: float
    best_us: float


def synchronous(function: Callable[[], object]) -> Repeat:
    """Repeat a call."""

    def repeat(count: int) -> None:
        for _ in range(count):
            function()

    return repeat


def asynchronous(function: Callable[[], Awaitable[object]], runner: asyncio.Runner) -> Repeat:
    """Repeat an await, inside one task of the runner's loop."""

    async def repeat(count: int) -> None:
        for _ in range(count):
            await function()

    return lambda count: runner.run(repeat(count))


_ADDRESS: Final = re.compile(r"\b[A-Za-z0-9._%+-]+@[A-Za-z0-9.-]+\.[A-Za-z]{2,}\b")


def calibration() -> Repeat:
    """Search a kilobyte with `re`: what every process measures besides, so that the figures of two can be compared."""
    text = SAMPLES["prose"].prompt
    return synchronous(lambda: _ADDRESS.search(text))


def interleave(cases: Mapping[str, Repeat], *, rounds: int = 15, batch_s: float = 0.004) -> dict[str, Timing]:
    """Measure all cases in turns, so that whatever else the machine does hits them alike.

    Args:
        cases: What to measure, by name.
        rounds: How often every case has its turn. The median over the rounds is reported.
        batch_s: CPU seconds of one turn; the number of repetitions follows from it.
    """
    for repeat in cases.values():
        repeat(_WARM_UP)
    counts = {name: _count(repeat, batch_s) for name, repeat in cases.items()}
    times: dict[str, list[float]] = {name: [] for name in cases}
    for _ in range(rounds):
        gc.collect()
        for name, repeat in cases.items():
            times[name].append(_cpu_us(repeat, counts[name]))
    return {name: Timing(statistics.median(values), min(values)) for name, values in times.items()}


def _count(repeat: Repeat, batch_s: float) -> int:
    count = 1
    while (spent_us := _cpu_us(repeat, count) * count) < batch_s * 1e6 / 4:
        count *= 4
    return max(1, round(count * batch_s * 1e6 / spent_us))


def _cpu_us(repeat: Repeat, count: int) -> float:
    start = time.thread_time_ns()
    repeat(count)
    return (time.thread_time_ns() - start) / count / 1e3


def table(rows: Mapping[str, Timing], *, baseline: str = "", minus: str = "") -> str:
    """Lay timings out for reading.

    Args:
        rows: What was measured.
        baseline: The row that the ratios refer to; no ratios when empty.
        minus: The row to subtract from all others, for instance an empty loop; nothing when empty.
    """
    floor = rows[minus].median_us if minus else 0.0
    width = max(map(len, rows))
    lines = []
    for name, timing in rows.items():
        line = f"  {name:{width}}  {timing.median_us:9.2f} us"
        if minus and name != minus:
            line += f"  {timing.median_us - floor:+9.2f}"
        if baseline and name != minus:
            line += f"  {(timing.median_us - floor) / (rows[baseline].median_us - floor):8.2f} x"
        lines.append(line)
    return "\n".join(lines)


def save(name: str, results: Mapping[str, Any]) -> Path:
    """Write results as JSON beside the benchmarks, where git does not look, and return the file."""
    RESULTS.mkdir(exist_ok=True)
    (RESULTS / ".gitignore").write_text("*\n", encoding="utf-8")
    path = RESULTS / f"{name}.json"
    path.write_text(json.dumps(results, indent=2) + "\n", encoding="utf-8")
    return path
