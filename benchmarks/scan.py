"""What finding costs: microseconds of CPU for a text, beside other ways to find the same, in the same run.

    python benchmarks/scan.py               everything
    python benchmarks/scan.py --quick       fewer rounds, and no text of 100 KB
    python benchmarks/scan.py --no-peers    without the other libraries
    python benchmarks/scan.py --all-peers   with the large ones too (about 700 MB to install)

`core` is what the package finds by itself, `fast` what it finds with the extra `fast`. `regex, one by one` and `re, one
by one` search for every pattern of `PII` and for one pattern of all keywords, without gates, word pass or windows: what a
careful program does that does not know the tricks. (`re` cannot compile every pattern: those it leaves to `regex`.)
Before anything is measured, all of them are made to find the same. The peers find something alike; what it is they say,
and their figures are scaled by a search that every process measures besides.

Streams are cut into pieces of four characters, about the size of a model's tokens; `held` says how many characters are
not released yet after a piece. The aims: text without a finding at most 1.3 times the hand-written scanner of
`pipeline.py`, ten thousand keywords for what two hundred cost, the same for each kilobyte of a long text as for a short
one, a stream at 3 us a token.
"""

from __future__ import annotations

import argparse
import random
import re
import statistics
import time
from collections.abc import Callable, Mapping, Sequence
from importlib.util import find_spec
from typing import Any, Final

import regex
from kit import KEYWORDS, SAMPLES, Repeat, calibration, interleave, save, synchronous, table, tokens
from pipeline import LARGE_PEERS, SMALL_PEERS, measure_peer, uv
from scan_texts import PEER_TEXTS, TEXTS

from genai_guard.guards import PII, BlockedPatterns, Secrets
from genai_guard.text import Rule, Scanner, ScanStream
from genai_guard.text.patterns import compile_pattern
from genai_guard.text.scanner import Engine
from genai_guard.text.tokens import count, fits

PII_RULES: Final = PII().rules
KEYWORD_RULES: Final = BlockedPatterns(KEYWORDS).rules
BASELINE: Final = "core: PII + 200 keywords"
PEERS: Final = tuple(name for name in SMALL_PEERS if name != "limits_three")
ENGINES: Final[tuple[Engine, ...]] = ("core", "fast") if find_spec("re2") else ("core",)


def many_keywords() -> list[str]:
    """Return ten thousand phrases of two words."""
    rng = random.Random(1)
    syllables = ["ba", "do", "fi", "gu", "ke", "lo", "mi", "nu", "pa", "ro", "se", "ti", "vu", "za"]
    words = ["".join(rng.choices(syllables, k=3)) for _ in range(2_000)]
    return [f"{rng.choice(words)} {rng.choice(words)}" for _ in range(10_000)]


RULES: Final[Mapping[str, Sequence[Rule]]] = {
    "PII": PII_RULES,
    "200 keywords": KEYWORD_RULES,
    "10,000 keywords": BlockedPatterns(many_keywords()).rules,
    "PII + 200 keywords": (*PII_RULES, *KEYWORD_RULES),
    "Secrets": Secrets().rules,
}


def one_by_one(rules: Sequence[Rule], *, use_re: bool = False) -> Callable[[str], set[tuple[int, int]]]:
    """Return a scan that searches for every rule in all of a text."""
    patterns: list[tuple[Any, Callable[[str], int]]] = []
    for rule in rules:
        compiled = _keywords(rule, use_re=use_re) if rule.keywords else _pattern(rule, use_re=use_re)
        patterns.append((compiled, rule.trim or (len if rule.validator is None else _kept(rule.validator))))

    def find(text: str) -> set[tuple[int, int]]:
        return {
            (match.start(), match.start() + kept)
            for pattern, keep in patterns
            for match in pattern.finditer(text)
            if (kept := keep(match.group()))
        }

    return find


def _keywords(rule: Rule, *, use_re: bool) -> Any:
    if use_re:
        return re.compile(rf"\b(?:{'|'.join(map(re.escape, rule.keywords))})\b", re.IGNORECASE)
    return regex.compile(r"\b\L<words>\b", regex.IGNORECASE, words=list(rule.keywords))


def _pattern(rule: Rule, *, use_re: bool) -> Any:
    if use_re:
        flags = (0 if rule.unicode else re.ASCII) | (re.IGNORECASE if rule.ignore_case else 0)
        try:
            return re.compile(rule.pattern, flags)
        except re.error:  # a lookbehind of more than one length
            pass
    return compile_pattern(rule.pattern, rule)


def _kept(validator: Callable[[str], bool]) -> Callable[[str], int]:
    return lambda matched: len(matched) if validator(matched) else 0


def calling(function: Callable[[Any], object], argument: object) -> Repeat:
    """Repeat a call with one argument."""
    return synchronous(lambda: function(argument))


def building() -> dict[str, Any]:
    """Print and return what it costs to build each scanner, in milliseconds, and what to scan the first text."""
    results: dict[str, Any] = {}
    for engine in ENGINES:
        for label, rules in RULES.items():
            start = time.thread_time()
            scanner = Scanner(rules, engine=engine)
            built = time.thread_time()
            scanner.find(TEXTS["prose 1 KB"])
            first = time.thread_time()
            times = round((built - start) * 1e3, 1), round((first - built) * 1e3, 2)
            print(f"  {engine + ': ' + label:26} {times[0]:8.1f} ms to build {times[1]:8.2f} ms for the first text")
            results[f"{engine}: {label}"] = {"build_ms": times[0], "first_ms": times[1]}
    return results


def scanning(*, quick: bool) -> dict[str, Any]:
    """Print and return the cost of each scan of each text."""
    scanners = {
        f"{engine}: {label}": Scanner(rules, engine=engine) for engine in ENGINES for label, rules in RULES.items()
    }
    rules = RULES["PII + 200 keywords"]
    plain = {"regex, one by one": one_by_one(rules), "re, one by one": one_by_one(rules, use_re=True)}
    results: dict[str, Any] = {}
    for name, text in TEXTS.items():
        if quick and name.endswith("100 KB"):
            continue
        found = {(match.start, match.end) for match in scanners[BASELINE].find(text)}
        for label, scan in plain.items():
            assert found == scan(text), (label, name)
        for label, scanner in scanners.items():
            assert scanner.find(text) == scanners[f"core: {label.partition(': ')[2]}"].find(text), (label, name)
        cases = {label: calling(scanner.find, text) for label, scanner in scanners.items()}
        cases |= {label: calling(scan, text) for label, scan in plain.items()}
        timings = interleave(cases, rounds=5 if quick else 9)
        print(f"\n{name}: {len(text):,} characters, {len(found)} found")
        print(table(timings, baseline=BASELINE))
        results[name] = {label: round(timing.median_us, 3) for label, timing in timings.items()}
    return results


def streaming() -> dict[str, Any]:
    """Print and return the cost of a token of a stream, and how much is held."""
    results: dict[str, Any] = {}
    for engine in ENGINES:
        scanner = Scanner(RULES["PII + 200 keywords"], engine=engine)
        for name in ("prose", "chat", "hits"):
            pieces = tokens(SAMPLES[name].reply)
            repeat = calling(lambda given, scanner=scanner: stream(scanner, given), pieces)  # type: ignore[misc]
            per_token = interleave({name: repeat}, rounds=9)[name].median_us / len(pieces)
            held = sorted(held_after(scanner, pieces))
            p95 = held[int(0.95 * len(held))]
            print(
                f"  {engine}: {name:8} {per_token:6.2f} us a token; "
                f"held: median {statistics.median(held):.0f}, p95 {p95}, most {held[-1]}"
            )
            results[f"{engine}: {name}"] = {
                "us_per_token": round(per_token, 3),
                "held_p95": p95,
                "held_max": held[-1],
            }
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


def peering(names: Sequence[str], scans: Mapping[str, Mapping[str, float]], *, quick: bool) -> list[dict[str, Any]]:
    """Print the peers' cost beside that of both engines, and return it."""
    command = uv()
    if command is None:
        print("  not measured, because there is no uv to make their environments: pip install uv")
        return []
    own = interleave({"calibration": calibration()})["calibration"].median_us
    rows = [row for name in names for row in measure_peer(name, command, "--scan", quick=quick)]
    for row in rows:
        scale = own / row["us"]["calibration"]
        print(f"  {row['package']} {row['version']}: {row['work']}")
        for name in PEER_TEXTS:
            theirs = row["us"][name] * scale
            ratios = [f"{theirs / scans[name][f'{each}: PII + 200 keywords']:8.1f} x {each}" for each in ENGINES]
            print(f"    {name:16} {theirs:10.1f} us  {'  '.join(ratios)}")
    return rows


def main() -> None:
    options = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    options.add_argument("--quick", action="store_true", help="fewer rounds, and no text of 100 KB")
    options.add_argument("--no-peers", action="store_true", help="without the other libraries")
    options.add_argument("--all-peers", action="store_true", help="with the large ones too")
    chosen = options.parse_args()
    print("Building a scanner, ms of CPU")
    results: dict[str, Any] = {"build": building()}
    print("\nScanning, us of CPU")
    results["scan"] = scanning(quick=chosen.quick)
    print("\nStreaming PII + 200 keywords")
    results["stream"] = streaming()
    print("\nCounting tokens of 1 KB of prose")
    results["tokens"] = counting()
    if not chosen.no_peers:
        print("\nPeers, us a scan as on this process's clock, and how many times PII + 200 keywords")
        names = (*PEERS, *(LARGE_PEERS if chosen.all_peers else ()))
        results["peers"] = peering(names, results["scan"], quick=chosen.quick)
    print(f"\nresults: {save('scan', results)}")


if __name__ == "__main__":
    main()
