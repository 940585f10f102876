"""What a whole guarded call costs, around a function that answers at once.

On are: identifiers, 200 keywords, injection rules, length, three limits, an A/B test, metrics and four alerts. Beside it stand the bare function, the same work written out by hand (`handwritten.py`), and other libraries doing what
they have of it (`peers/`, each in an environment of its own, made by `uv`, with the network closed).

    python benchmarks/pipeline.py               everything
    python benchmarks/pipeline.py --quick       fewer rounds
    python benchmarks/pipeline.py --no-peers    without the other libraries
    python benchmarks/pipeline.py --all-peers   with the large ones too (about 700 MB to install)

Figures are microseconds of the thread's CPU time, medians of interleaved rounds; only ratios carry over to another
machine. The same numbers are written to `results/pipeline.json`.
"""

from __future__ import annotations

import argparse
import asyncio
import functools
import json
import os
import platform
import resource
import shutil
import statistics
import subprocess
import sys
from collections.abc import AsyncIterator, Awaitable, Callable, Iterable, Iterator, Mapping
from importlib.metadata import version
from importlib.util import find_spec
from pathlib import Path
from typing import Any, Final

import handwritten
import kit
from kit import SAMPLES, Repeat, Timing, asynchronous, calibration, interleave, synchronous

from genai_guard import (
    Alert,
    Experiment,
    ExperimentRouter,
    Limit,
    MetricsRecorder,
    Pipeline,
    RateLimiter,
    Variant,
    caller,
)
from genai_guard.guards import PII, BlockedPatterns, Length
from genai_guard.guards.seat import Seat

HERE: Final = Path(__file__).parent
SMALL_PEERS: Final = ("langchain_pii", "datafog_redact", "argus_fast", "forcefield_guard", "limits_three")
LARGE_PEERS: Final = ("presidio_patterns", "guardrails_validators")
NAMES: Final = {
    "hi": "'hi' -> 'ok'",
    "prose": "prose, 1 KB + 1 KB, clean",
    "chat": "chat JSON in, code out",
    "hits": "prose with 3 + 3 identifiers",
}
BARS: Final = {"sync": 12.0, "async": 15.0, "import": 40.0}
"""What the fixed cost may be at most: microseconds, microseconds over a bare await, milliseconds over a bare Python."""

LIMITER: Final = "limiter: reserve + settle, 3 limits"
MINUTE: Final = "minute"
PLENTY: Final = 10**9
EVERYTHING: Final = "from genai_guard import *; from genai_guard.guards import *"


PARTS: Final[Mapping[str, Callable[[], Any]]] = {
    "limiter": lambda: RateLimiter(
        Limit.requests(PLENTY, per=MINUTE),
        Limit.tokens(PLENTY, per=MINUTE),
        Limit.requests(PLENTY, per=MINUTE, by="user"),
    ),
    "router": lambda: ExperimentRouter(
        Experiment(
            "model-comparison",
            Variant("control", params={"model": "small"}),
            Variant("treatment", params={"model": "large"}),
            by="user",
        )
    ),
    "recorder": lambda: MetricsRecorder(
        alerts=[
            Alert.latency_p99(above_ms=500),
            Alert.error_rate(above=0.01),
            Alert.budget(tokens=PLENTY, per="day"),
            Alert.guardrail_hits(),
        ]
    ),
    "input": lambda: [
        Length(max_tokens=4_000),
        PII(action="redact"),
        BlockedPatterns(kit.KEYWORDS, name="keywords"),
        BlockedPatterns(kit.INJECTION_PHRASES, regexes=kit.INJECTION_REGEXES, name="injection"),
    ],
    "output": lambda: [
        Length(max_tokens=4_000),
        PII(action="redact"),
        BlockedPatterns(kit.KEYWORDS, name="keywords"),
    ],
}
"""What is on. The limits are counted and never reached."""


def build(*, parts: Iterable[str] = PARTS) -> Pipeline:
    """Return a pipeline with the named parts."""
    return Pipeline(name="benchmark", **{part: PARTS[part]() for part in parts})


# --- what is measured -------------------------------------------------------------------------------------------------


def model_for(reply: str) -> Callable[..., str]:
    def answer(prompt: str, *, model: str = "small") -> str:  # noqa: ARG001  the shape of a call to a model
        return reply

    return answer


def sync_cases(name: str) -> dict[str, Repeat]:
    prompt, answer = SAMPLES[name].prompt, model_for(SAMPLES[name].reply)
    by_hand, guarded = handwritten.Call(answer), build().wrap(answer)
    return {
        "bare": synchronous(lambda: answer(prompt)),
        "by hand": synchronous(lambda: by_hand(prompt)),
        "genai_guard": synchronous(lambda: guarded(prompt)),
    }


def fixed_cases() -> dict[str, Repeat]:
    """What each part adds to the fixed cost."""
    names, sample = list(PARTS), SAMPLES["hi"]
    answer = model_for(sample.reply)
    cases = {"bare": synchronous(lambda: answer(sample.prompt))}
    for count in range(len(names) + 1):
        guarded = build(parts=names[:count]).wrap(answer)
        label = f"+ {names[count - 1]}" if count else "a pipeline without parts"
        cases[label] = synchronous(functools.partial(guarded, sample.prompt))
    return cases


def async_cases(name: str, runner: asyncio.Runner) -> dict[str, Repeat]:
    prompt, reply = SAMPLES[name].prompt, SAMPLES[name].reply

    async def answer(prompt: str, *, model: str = "small") -> str:  # noqa: ARG001  as above
        return reply

    guarded = build().wrap(answer)
    calls: dict[str, Callable[[], Awaitable[str]]] = {
        "bare await": lambda: answer(prompt),
        "genai_guard": lambda: guarded(prompt),
    }
    return {label: asynchronous(call, runner) for label, call in calls.items()}


def stream_cases(name: str, runner: asyncio.Runner) -> dict[str, Repeat]:
    """Streams of the reply in pieces of four characters; a repetition is one whole stream."""
    prompt, pieces = SAMPLES[name].prompt, kit.tokens(SAMPLES[name].reply)

    def answer(prompt: str, *, model: str = "small") -> Iterator[str]:  # noqa: ARG001  as above
        yield from pieces

    async def aanswer(prompt: str, *, model: str = "small") -> AsyncIterator[str]:  # noqa: ARG001  as above
        for piece in pieces:
            yield piece

    guarded, aguarded = build().wrap(answer), build().wrap(aanswer)
    return {
        "bare generator": synchronous(lambda: consume(answer(prompt))),
        "genai_guard": synchronous(lambda: consume(guarded(prompt))),
        "bare async generator": asynchronous(lambda: aconsume(aanswer(prompt)), runner),
        "genai_guard, async": asynchronous(lambda: aconsume(aguarded(prompt)), runner),
    }


def consume(stream: Iterator[str]) -> None:
    for _ in stream:
        pass


async def aconsume(stream: AsyncIterator[str]) -> None:
    async for _ in stream:
        pass


def part_cases() -> dict[str, Repeat]:
    """Parts of the pipeline by themselves, on the kilobyte of clean prose."""
    prompt, pipeline = SAMPLES["prose"].prompt, build()
    limiter, router = pipeline.limiter, pipeline.router
    assert limiter is not None
    assert router is not None

    def limits() -> None:
        limiter.settle(limiter.reserve(user="u-42", tokens=500), tokens=321)

    return {
        "input guards together": synchronous(lambda: pipeline.scan_input(prompt)),
        "output guards together": synchronous(lambda: pipeline.scan_output(prompt)),
        **{Seat.of(guard).name: synchronous(functools.partial(guard.check, prompt)) for guard in pipeline.input},
        LIMITER: synchronous(limits),
        "router: assign": synchronous(lambda: router.assign("u-42")),
        "handwritten: input guards": synchronous(lambda: handwritten.guarded(prompt, handwritten.BLOCKED_IN)),
    }


# --- importing --------------------------------------------------------------------------------------------------------


def import_ms(*, rounds: int) -> dict[str, float]:
    """Return median CPU milliseconds of a child that imports a thing, over one that imports nothing."""
    statements = {
        "bare": "pass",
        "genai_guard": "import genai_guard",
        "every public name": EVERYTHING,
        "regex alone": "import regex",
        "pydantic alone": "import pydantic",
    }
    times: dict[str, list[float]] = {name: [] for name in statements}
    for _ in range(rounds):
        for name, statement in statements.items():
            times[name].append(child_cpu_ms(statement))
    medians = {name: statistics.median(values) for name, values in times.items()}
    return {name: value if name == "bare" else value - medians["bare"] for name, value in medians.items()}


def child_cpu_ms(statement: str) -> float:
    before = resource.getrusage(resource.RUSAGE_CHILDREN)
    subprocess.run([sys.executable, "-c", statement], check=True)
    after = resource.getrusage(resource.RUSAGE_CHILDREN)
    return (after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime) * 1e3


def import_top(*, count: int = 12) -> list[tuple[float, str]]:
    """Return the modules that cost most by themselves, in milliseconds, as `-X importtime` reports them."""
    command = [sys.executable, "-X", "importtime", "-c", EVERYTHING]
    lines = subprocess.run(command, check=True, capture_output=True, text=True).stderr.splitlines()
    rows = [line.removeprefix("import time:").split("|") for line in lines if line.startswith("import time:")]
    own = [(int(row[0]) / 1e3, row[2].strip()) for row in rows if row[0].strip().isdigit()]
    return sorted(own, reverse=True)[:count]


# --- peers ------------------------------------------------------------------------------------------------------------


def uv() -> list[str] | None:
    """Return the command that makes environments; None when there is none."""
    if find_spec("uv") is not None:
        return [sys.executable, "-m", "uv"]
    found = shutil.which("uv")
    return [found] if found else None


def measure_peer(name: str, command: list[str], *flags: str, quick: bool) -> list[dict[str, Any]]:
    """Run a peer's script in its own environment; an empty list when it cannot be installed or run here."""
    script = HERE / "peers" / f"{name}.py"
    arguments = [*command, "run", "--quiet", "--no-project", "--python", sys.executable, "--script", str(script)]
    quiet = {"HF_HUB_OFFLINE": "1", "DO_NOT_TRACK": "1", "OTEL_SDK_DISABLED": "true"}
    done = subprocess.run(
        [*arguments, *flags, *(["--quick"] if quick else [])],
        capture_output=True,
        text=True,
        check=False,
        env=os.environ | quiet,
    )
    if done.returncode:
        print(f"  {name}: not measured: {(done.stderr.strip().splitlines() or ['no output'])[-1][:200]}")
        return []
    return [json.loads(line) for line in done.stdout.splitlines() if line.startswith("{")]


# --- the report -------------------------------------------------------------------------------------------------------


def medians(rows: Mapping[str, Timing]) -> dict[str, float]:
    return {name: round(timing.median_us, 3) for name, timing in rows.items()}


def show(title: str, rows: Mapping[str, Timing], **options: str) -> dict[str, float]:
    print(f"\n{title}\n{kit.table(rows, **options)}")
    return medians(rows)


def verdict(what: str, measured: float, bar: float, unit: str) -> str:
    return f"  {'met' if measured <= bar else 'MISSED'}: {what} {measured:.1f} {unit} (at most {bar:g})"


def report_calls(rounds: int) -> dict[str, Any]:
    results: dict[str, Any] = {"sync": {}, "async": {}, "stream_per_token": {}}
    for name, label in NAMES.items():
        rows = interleave(sync_cases(name), rounds=rounds)
        results["sync"][name] = show(f"Sync, {label}", rows, minus="bare", baseline="by hand")
    results["fixed"] = show("Fixed cost, part by part", interleave(fixed_cases(), rounds=rounds), minus="bare")
    with asyncio.Runner() as runner:
        for name, label in NAMES.items():
            rows = interleave(async_cases(name, runner), rounds=rounds)
            results["async"][name] = show(f"Async, {label}", rows, minus="bare await")
        for name in ("prose", "chat", "hits"):
            count = len(kit.tokens(SAMPLES[name].reply))
            rows = interleave(stream_cases(name, runner), rounds=rounds, batch_s=0.01)
            per_token = {label: Timing(*(value / count for value in timing)) for label, timing in rows.items()}
            results["stream_per_token"][name] = show(f"Stream of {count} tokens, per token, {NAMES[name]}", per_token)
    results["parts"] = show("Parts alone, 1 KB of clean prose", interleave(part_cases(), rounds=rounds))
    return results


def report_import(rounds: int) -> dict[str, Any]:
    costs, top = import_ms(rounds=rounds), import_top()
    print("\nImport, CPU ms over a bare interpreter")
    for name, value in costs.items():
        print(f"  {name:18} {value:7.1f}")
    print("  of every public name, the costliest by themselves (-X importtime, wall ms):")
    for own_ms, module in top:
        print(f"    {own_ms:6.1f}  {module}")
    return {"ms": costs, "top": top}


def report_peers(names: tuple[str, ...], ours: Mapping[str, float], *, quick: bool) -> list[dict[str, Any]]:
    """Print the peers' cost beside ours. Each process measures one search with `re` as well, and figures are scaled by it."""
    command = uv()
    if command is None:
        print("\nPeers: not measured, because there is no uv to make their environments: pip install uv")
        return []
    print(
        "\nPeers, us a call as on this process's clock, and how many times genai_guard's whole pipeline (or named part)"
    )
    peers = [row for name in names for row in measure_peer(name, command, quick=quick)]
    for row in peers:
        scale = ours["calibration"] / row["us"]["calibration"]
        part = row["beside"]
        cells = []
        for name in NAMES:
            peer_us, own_us = row["us"][name] * scale, ours[name if part == "pipeline" else part]
            cells.append(f"{name} {peer_us:8.0f} ({peer_us / own_us:6.1f} x)")
        note = "" if part == "pipeline" else f"; beside our {part}"
        print(f"  {row['package']} {row['version']}: {row['work']}{note}\n    {'  '.join(cells)}")
    return peers


def main() -> None:
    options = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    options.add_argument("--quick", action="store_true", help="fewer rounds")
    options.add_argument("--no-peers", action="store_true", help="without the other libraries")
    options.add_argument("--all-peers", action="store_true", help="with the large ones too")
    chosen = options.parse_args()
    rounds = 7 if chosen.quick else 25
    print(
        f"genai_guard {version('genai_guard')}, Python {platform.python_version()}, {platform.machine()}, {rounds} rounds"
    )
    handwritten.user.set("u-42")
    with caller(user="u-42"):
        results = report_calls(rounds)
        mine = {"calibration": calibration(), "limiter": part_cases()[LIMITER]}
        mine |= {name: sync_cases(name)["genai_guard"] for name in NAMES}
        ours = medians(interleave(mine, rounds=rounds))
    results["import"] = report_import(max(5, rounds))
    if not chosen.no_peers:
        names = SMALL_PEERS + (LARGE_PEERS if chosen.all_peers else ())
        results["peers"] = report_peers(names, ours, quick=chosen.quick)
        results["ours"] = ours
    sync_us = results["sync"]["hi"]["genai_guard"] - results["sync"]["hi"]["bare"]
    async_us = results["async"]["hi"]["genai_guard"] - results["async"]["hi"]["bare await"]
    print("\nFixed cost")
    print(verdict("sync", sync_us, BARS["sync"], "us"))
    print(verdict("async, over a bare await", async_us, BARS["async"], "us"))
    print(verdict("import, over a bare interpreter", results["import"]["ms"]["genai_guard"], BARS["import"], "ms"))
    print(f"\nWritten to {kit.save('pipeline', results)}")


if __name__ == "__main__":
    main()
