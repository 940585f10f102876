"""What finding costs: microseconds of CPU for a text, beside the same rules searched for one by one, in the same run.

    python benchmarks/scan.py

`one by one` is every pattern of `PII` and one pattern of all keywords, by the `regex` package, without gates, word pass
or windows: what a careful program does that does not know the tricks. Before anything is measured, both are made to
find the same. Streams are cut into pieces of four characters, about the size of a model's tokens; `held` says how many
characters are not released yet after a piece. The aims: text without a finding at most 1.3 times the hand-written
scanner of `pipeline.py`, ten thousand keywords for what two hundred cost, a stream at 3 us a token.
"""

from __future__ import annotations

import random
import statistics
from collections.abc import Callable, Mapping, Sequence
from typing import Any, Final

import regex
from kit import KEYWORDS, SAMPLES, Repeat, interleave, save, synchronous, table, tokens

from genai_guard.guards import PII, BlockedPatterns
from genai_guard.text import Rule, Scanner, ScanStream
from genai_guard.text.patterns import compile_pattern
from genai_guard.text.tokens import count, fits

PII_RULES: Final = PII().rules
KEYWORD_RULES: Final = BlockedPatterns(KEYWORDS).rules
TEXTS: Final[Mapping[str, str]] = {
    "hi": "hi",
    "prose 1 KB": SAMPLES["prose"].prompt,
    "chat JSON 1 KB": SAMPLES["chat"].prompt,
    "code 1 KB": SAMPLES["chat"].reply,
    "hits 1 KB": SAMPLES["hits"].prompt,
    "prose 10 KB": SAMPLES["prose"].prompt * 10,
    "prose 100 KB": SAMPLES["prose"].prompt * 100,
    "prose 100 KB, 3 hits": SAMPLES["prose"].prompt * 50 + SAMPLES["hits"].prompt + SAMPLES["prose"].reply * 50,
    "Russian 1 KB": "Мы получили ваш запрос и ответим в течение двух рабочих дней. " * 16,
}


def many_keywords() -> list[str]:
    """Return ten thousand phrases of two words."""
    rng = random.Random(1)
    syllables = ["ba", "do", "fi", "gu", "ke", "lo", "mi", "nu", "pa", "ro", "se", "ti", "vu", "za"]
    words = ["".join(rng.choices(syllables, k=3)) for _ in range(2_000)]
    return [f"{rng.choice(words)} {rng.choice(words)}" for _ in range(10_000)]


def one_by_one(rules: Sequence[Rule]) -> Callable[[str], set[tuple[int, int]]]:
    """Return a scan that searches for every rule in all of a text."""
    patterns: list[tuple[Any, Callable[[str], int]]] = []
    for rule in rules:
        source = r"\b\L<words>\b" if rule.keywords else rule.pattern
        flags = regex.IGNORECASE if rule.keywords else 0
        compiled = (
            regex.compile(source, flags, words=list(rule.keywords)) if rule.keywords else compile_pattern(source, rule)
        )
        patterns.append((compiled, rule.trim or (len if rule.validator is None else _kept(rule.validator))))

    def find(text: str) -> set[tuple[int, int]]:
        return {
            (match.start(), match.start() + kept)
            for pattern, keep in patterns
            for match in pattern.finditer(text)
            if (kept := keep(match.group()))
        }

    return find


def _kept(validator: Callable[[str], bool]) -> Callable[[str], int]:
    return lambda matched: len(matched) if validator(matched) else 0


def calling(function: Callable[[Any], object], argument: object) -> Repeat:
    """Repeat a call with one argument."""
    return synchronous(lambda: function(argument))


def scanning() -> dict[str, Any]:
    """Print and return the cost of each scan of each text."""
    rules = (*PII_RULES, *KEYWORD_RULES)
    scanners = {
        "PII": Scanner(PII_RULES),
        "200 keywords": Scanner(KEYWORD_RULES),
        "10,000 keywords": Scanner(BlockedPatterns(many_keywords()).rules),
        "PII + 200 keywords": Scanner(rules),
    }
    plain = one_by_one(rules)
    results: dict[str, Any] = {}
    for name, text in TEXTS.items():
        found = {(match.start, match.end) for match in scanners["PII + 200 keywords"].find(text)}
        assert found == plain(text), name
        cases = {label: calling(scanner.find, text) for label, scanner in scanners.items()}
        cases["one by one"] = calling(plain, text)
        timings = interleave(cases, rounds=9)
        print(f"\n{name}: {len(text):,} characters, {len(found)} found")
        print(table(timings, baseline="PII + 200 keywords"))
        results[name] = {label: round(timing.median_us, 3) for label, timing in timings.items()}
    return results


def streaming() -> dict[str, Any]:
    """Print and return the cost of a token of a stream, and how much is held."""
    scanner = Scanner((*PII_RULES, *KEYWORD_RULES))
    results: dict[str, Any] = {}
    for name in ("prose", "chat", "hits"):
        pieces = tokens(SAMPLES[name].reply)
        timing = interleave({name: calling(lambda given: stream(scanner, given), pieces)}, rounds=9)[name]
        held = sorted(held_after(scanner, pieces))
        per_token = timing.median_us / len(pieces)
        p95 = held[int(0.95 * len(held))]
        print(
            f"  {name:8} {per_token:6.2f} us a token; held: median {statistics.median(held):.0f}, p95 {p95}, most {held[-1]}"
        )
        results[name] = {"us_per_token": round(per_token, 3), "held_p95": p95, "held_max": held[-1]}
    return results


def stream(scanner: Scanner, pieces: Sequence[str]) -> None:
    """Scan a text that comes in pieces."""
    scan = ScanStream(scanner)
    for piece in pieces:
        scan.feed(piece)
    scan.finish()


def held_after(scanner: Scanner, pieces: Sequence[str]) -> list[int]:
    """Return the characters that are held after each piece."""
    scan = ScanStream(scanner)
    held: list[int] = []
    for piece in pieces:
        scan.feed(piece)
        held.append(len(scan.held))
    return held


def counting() -> dict[str, Any]:
    """Print and return what it costs to know whether a text keeps to a number of tokens."""
    text = SAMPLES["prose"].prompt
    count(text)  # loads the vocabulary
    timings = interleave(
        {
            "fits 4,000 tokens: bytes decide": synchronous(lambda: fits(text, 4_000)),
            "fits 200 tokens: counted": synchronous(lambda: fits(text, 200)),
            "100 KB fits 1,000 tokens: counted in part": synchronous(lambda: fits(text * 100, 1_000)),
            "100 KB counted": synchronous(lambda: count(text * 100)),
        },
        rounds=9,
    )
    print(table(timings))
    return {label: round(timing.median_us, 3) for label, timing in timings.items()}


def main() -> None:
    print("Scanning, us of CPU")
    results: dict[str, Any] = {"scan": scanning()}
    print("\nStreaming PII + 200 keywords")
    results["stream"] = streaming()
    print("\nCounting tokens of 1 KB of prose")
    results["tokens"] = counting()
    print(f"\nresults: {save('scan', results)}")


if __name__ == "__main__":
    main()
