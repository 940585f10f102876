"""What guarding a stream costs, how much of it is held back, and whether anything gets out that should not.

    python benchmarks/stream.py               everything
    python benchmarks/stream.py --quick       fewer rounds
    python benchmarks/stream.py --no-peers    without the other libraries

Measured are whole streams through a `Pipeline`, over a generator that nothing guards; `the rules alone` is the scan
without a pipeline around it. Pieces are four characters, about a model's token, or words. Held is what has arrived and
not gone out when the next piece is asked for.

Leaks: twelve identifiers, in three beginnings and three endings, cut in six ways. Of those that a library hides in the
whole text, it counts how many get out in the stream, four characters or more, and how many come out otherwise than in
the whole text. The other libraries (`peers/stream_*.py`) run in environments of their own, made by `uv`, with the
network closed; their figures are scaled by a search that every process measures. NeMo Guardrails and LiteLLM stream as
well, but need a model or a server to do so, and are not measured.
"""

from __future__ import annotations

import argparse
from collections.abc import Callable, Iterable, Iterator, Mapping
from typing import Any, Final

from kit import INJECTION_PHRASES, INJECTION_REGEXES, KEYWORDS, calibration, interleave, save, tokens
from peers.stream_kit import TEXTS, Held, Leaks, costs, held, leaks, words
from pipeline import build, measure_peer, uv

from genai_guard import Pipeline, caller
from genai_guard.guards import PII, BlockedPatterns, Secrets
from genai_guard.text import Scanner, ScanStream

PEERS: Final = ("stream_langchain", "stream_argus", "stream_guardrails", "stream_openai_guardrails")
CUTS: Final[Mapping[str, Callable[[str], list[str]]]] = {"4 characters": tokens, "words": words}
AIM_US: Final = 3.0

Stream = Callable[[Iterable[str]], Iterable[str]]


def guards(action: Any = "redact") -> dict[str, list[Any]]:
    """Return the guards that are measured, each row with those of the row above."""
    words_action: Any = "flag" if action == "flag" else "block"
    pii, secrets = PII(action=action), Secrets(action=action)
    keywords = BlockedPatterns(KEYWORDS, action=words_action, name="keywords")
    injection = BlockedPatterns(INJECTION_PHRASES, regexes=INJECTION_REGEXES, action=words_action, name="injection")
    return {
        "PII": [pii],
        "PII, 200 keywords": [pii, keywords],
        "PII, 200 keywords, Secrets": [pii, keywords, secrets],
        "PII, 200 keywords, Secrets, injection rules": [pii, keywords, secrets, injection],
    }


def through(pipeline: Pipeline) -> Stream:
    """Return the stream that a pipeline makes of a model's pieces."""

    def answer(prompt: str, pieces: Iterable[str] = (), *, model: str = "small") -> Iterator[str]:  # noqa: ARG001  the shape of a call to a model
        yield from pieces

    guarded = pipeline.wrap(answer, prompt="prompt")
    return lambda pieces: guarded("hi", pieces)


def whole(pipeline: Pipeline) -> Callable[[str], str]:
    """Return what a pipeline makes of a whole reply."""

    def answer(prompt: str) -> str:
        return prompt

    return pipeline.wrap(answer)


def alone(given: list[Any]) -> Stream:
    """Return the scan of a stream, and nothing around it."""
    scanner = Scanner([rule for guard in given for rule in guard.rules])

    def scan(pieces: Iterable[str]) -> Iterator[str]:
        stream = ScanStream(scanner)
        for piece in pieces:
            decided = stream.feed(piece)
            if decided is not None:
                yield decided.text
        yield stream.finish().text

    return scan


def report_costs(rounds: int) -> dict[str, Any]:
    """Print and return microseconds a piece for each text, cut and row."""
    rows = guards()
    streams = {"the rules alone (PII, 200 keywords)": alone(rows["PII, 200 keywords"])}
    streams |= {name: through(Pipeline(output=given)) for name, given in rows.items()}
    streams["the whole pipeline: PII, 200 keywords, length, limits, A/B, metrics"] = through(build())
    results: dict[str, Any] = {}
    for label, cut in CUTS.items():
        table = {name: costs(streams, cut(text), rounds=rounds) for name, text in TEXTS.items()}
        print(f"\nus a piece over a bare generator, pieces of {label}: {', '.join(TEXTS)}")
        for name in streams:
            print(f"  {name:70}{''.join(f'{table[text][name]:8.2f}' for text in TEXTS)}")
        results[label] = table
    worst = results["4 characters"]
    over = [
        f"{text} {row[name]:.1f}" for name in list(streams)[:1] for text, row in worst.items() if row[name] > AIM_US
    ]
    print(f"  aim of {AIM_US:g} us a token for the rules alone: {'met' if not over else 'MISSED: ' + ', '.join(over)}")
    return results


def report_held() -> dict[str, Any]:
    """Print and return what is held of each text; the guards only look, so that nothing changes its length."""
    results: dict[str, Any] = {}
    print("\nCharacters held, pieces of 4: median / p95 / most")
    for name, given in guards("flag").items():
        stream = through(Pipeline(output=given))
        row = {text: held(stream, tokens(TEXTS[text])) for text in TEXTS}
        assert not any(each.missing for each in row.values()), name
        print(f"  {name:46}{'  '.join(f'{text} {_held(each)}' for text, each in row.items())}")
        results[name] = {text: each._asdict() for text, each in row.items()}
    return results


def report_leaks() -> dict[str, Any]:
    """Print and return what gets out."""
    pipeline = Pipeline(output=[PII()])
    found = leaks(through(pipeline), whole(pipeline))
    print(f"\nLeaks\n  genai_guard: {_leaks(found)}")
    return found._asdict()


def report_peers(*, quick: bool) -> list[dict[str, Any]]:
    """Print and return the figures of the other libraries, costs as on this process's clock."""
    command = uv()
    if command is None:
        print("\nPeers: not measured, because there is no uv to make their environments: pip install uv")
        return []
    pace = interleave({"calibration": calibration()}, rounds=7)["calibration"].median_us
    peers: list[dict[str, Any]] = []
    print("\nPeers, the same texts and cuts")
    for name in PEERS:
        for row in measure_peer(name, command, quick=quick):
            row["us"] = {text: us * pace / row["calibration"] for text, us in row["us"].items()}
            print(f"  {row['package']} {row['version']}: {row['work']}")
            print(f"    us a token: {'  '.join(f'{text} {us:.1f}' for text, us in row['us'].items())}")
            print(f"    held of clean prose: {_held(Held(**row['held']))}, lost {row['held']['missing']}")
            print(f"    {_leaks(Leaks(**row['leaks']))}")
            peers.append(row)
    return peers


def _held(each: Held) -> str:
    return f"{each.median:.0f}/{each.p95}/{each.most}"


def _leaks(found: Leaks) -> str:
    return (
        f"of {found.streams} streams with one of the {found.kinds} identifiers that it hides in a whole text, "
        f"{found.leaked} let it out, {found.differed} came out otherwise"
    )


def main() -> None:
    options = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    options.add_argument("--quick", action="store_true", help="fewer rounds")
    options.add_argument("--no-peers", action="store_true", help="without the other libraries")
    chosen = options.parse_args()
    with caller(user="u-42"):
        results: dict[str, Any] = {"us": report_costs(3 if chosen.quick else 9)}
    results |= {"held": report_held(), "leaks": report_leaks()}
    if not chosen.no_peers:
        results["peers"] = report_peers(quick=chosen.quick)
    print(f"\nWritten to {save('stream', results)}")


if __name__ == "__main__":
    main()
