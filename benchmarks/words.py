"""What ten thousand keywords cost: exact, with exceptions, and forgiving one edit or two, beside one search with `re`.

    python benchmarks/words.py

*new words* are texts in which hardly any word was met before, which is the worst that can happen to fuzzy keywords.
"""

from __future__ import annotations

import random
import time
import tracemalloc
from functools import partial
from itertools import cycle
from typing import Any, Final

from kit import SAMPLES, Repeat, calibration, interleave, synchronous

from genai_guard.guards import BlockedPatterns
from genai_guard.text.lint import lint

COUNT: Final = 10_000
KINDS: Final[dict[str, dict[str, Any]]] = {
    "exact": {},
    "1,000 exceptions": {"exceptions": 1_000},
    "fuzzy=1": {"fuzzy": 1},
    "fuzzy=2": {"fuzzy": 2},
}
_REGEX: Final = r"\b(?:ignore|disregard)\s+(?:all\s+|any\s+)?(?:previous|prior)\s+(?:instructions?|prompts?)\b"


def word(rng: random.Random, letters: int) -> str:
    """Return a word that is none."""
    return "".join(rng.choice("etaoinshrdlu") for _ in range(letters))


def built(words: list[str], *, exceptions: int = 0, fuzzy: Any = 0) -> BlockedPatterns:
    """Return a guard of one of the `KINDS`."""
    return BlockedPatterns(words, exceptions=[f"{each} insect" for each in words[:exceptions]], fuzzy=fuzzy)


def always_new(guard: BlockedPatterns, rng: random.Random) -> Repeat:
    """Scan a kilobyte of words out of so many that none of them is remembered."""
    texts = cycle([" ".join(word(rng, rng.randint(2, 10)) for _ in range(155))[:1_000] for _ in range(120)])
    return synchronous(lambda: guard.check(next(texts)))


def size_of(words: list[str], kind: dict[str, Any]) -> str:
    """Return how long it takes to build a guard and its scanner, and how much memory they hold."""
    start = time.process_time()
    built(words, **kind).check("warm up")
    seconds = time.process_time() - start
    tracemalloc.start()
    guard = built(words, **kind)
    guard.check("warm up")
    megabytes = tracemalloc.get_traced_memory()[0] / 1e6
    tracemalloc.stop()
    return f"built in {seconds:5.2f} s, {megabytes:5.1f} MB"


def main() -> None:
    """Measure and print."""
    rng = random.Random(7)
    words = [word(rng, rng.randint(5, 12)) for _ in range(COUNT)]
    guards = {name: built(words, **kind) for name, kind in KINDS.items()}
    prose = SAMPLES["prose"].prompt
    cases = {name: synchronous(partial(guard.check, prose)) for name, guard in guards.items()}
    cases |= {f"{name}, new words": always_new(guard, rng) for name, guard in guards.items()}
    timings = interleave({"re": calibration(), "lint": synchronous(partial(lint, _REGEX)), **cases}, rounds=9)
    search_us = timings["re"].median_us
    print(f"  {'one search with re':18}  {search_us:9.2f} us")
    for name, kind in KINDS.items():
        known, new = timings[name].median_us, timings[f"{name}, new words"].median_us
        ratio = f"{known / search_us:6.2f} x"
        print(f"  {name:18}  {known:9.2f} us/KB  {ratio}  new words {new:9.2f} us/KB  {size_of(words, kind)}")
    print(f"  {'lint of a regex':18}  {timings['lint'].median_us:9.2f} us")


if __name__ == "__main__":
    main()
