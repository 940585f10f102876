"""What each guard costs: microseconds of CPU for a kilobyte, clean and with a hit; and what waiting for slow guards costs.

    python benchmarks/guards.py             everything
    python benchmarks/guards.py --quick     fewer rounds

Every kind of guard that `genai_guard.guards` exports has a line in `guard_lines.py`: how to build it, and a text in which
it finds something. A kind without a line stops the benchmark. Each guard is asked by itself, by `check`, about a text that
it has not met before; `all in one pipeline` asks all of them together that know what to do without the call, and whose
rules are then one scan. Ratios refer to `re, five patterns`: one search each for five patterns of personal data, on the
same text, in the same process.

Slow guards are three judges that wait 100 ms each. They wait at the same time, so that a call waits about as long as for
one of them; and a guard that runs beside the call costs nothing but what it takes longer than the model.
"""

from __future__ import annotations

import argparse
import asyncio
import inspect
import platform
import re
import statistics
import time
from collections.abc import Callable, Iterator, Mapping
from functools import partial
from importlib.metadata import version
from itertools import cycle, product
from typing import Any, Final

from guard_lines import CLEAN, LINES, Line, text_with
from kit import Repeat, Timing, asynchronous, interleave, save, synchronous

from genai_guard import Action, Pipeline, Verdict, guards

__all__ = ["BASELINE", "check_lines", "kinds", "main", "missing", "slow_ms"]

BASELINE: Final = "re, five patterns"
PIPELINE: Final = "all in one pipeline"
WAIT_S: Final = 0.1
BAR_MS: Final = 130
"""Three judges of 100 ms, with room for starting threads on a busy machine."""

_PATTERNS: Final = (
    r"\b[A-Za-z0-9._%+-]+@[A-Za-z0-9.-]+\.[A-Za-z]{2,}\b",
    r"\+?\d{1,3}[ .-]?\(?\d{3}\)?[ .-]?\d{3}[ .-]?\d{4}\b",
    r"\b(?:\d[ -]?){13,16}\b",
    r"\b\d{3}-\d{2}-\d{4}\b",
    r"\b[A-Z]{2}\d{2}(?: ?[A-Z0-9]{4}){3,7}\b",
)


# --- what each guard costs --------------------------------------------------------------------------------------------


def kinds() -> dict[str, type[Any]]:
    """Return every class of guards that the package exports, by its kind."""
    exported: list[Any] = [getattr(guards, name) for name in guards.__all__]
    classes = (each for each in exported if isinstance(each, type) and callable(getattr(each, "check", None)))
    named = ((getattr(each, "kind", None), each) for each in classes)
    return {kind: each for kind, each in named if isinstance(kind, str)}


def missing(lines: Mapping[str, Line] = LINES) -> list[str]:
    """Return the kinds of guards that have no line."""
    return sorted(set(kinds()) - set(lines))


def check_lines(lines: Mapping[str, Line] = LINES) -> Iterator[str]:
    """Yield what is wrong with the lines: a text without the hit, or a hit where there should be none."""
    for kind, line in lines.items():
        guard = line.build()
        if verdict_of(guard, line.clean).action is not Action.ALLOW:
            yield f"{kind}: finds something in the clean text"
        if verdict_of(guard, text_with(line)).action is Action.ALLOW:
            yield f"{kind}: finds nothing in the text with the hit"


def verdict_of(guard: Any, text: str) -> Verdict:
    """Ask a guard of either kind."""
    answer = guard.check(text)
    found = asyncio.run(_awaited(answer)) if inspect.isawaitable(answer) else answer
    assert isinstance(found, Verdict)
    return found


async def _awaited(answer: Any) -> Any:
    return await answer


def repeated(check: Callable[[str], Any], text: str, runner: asyncio.Runner) -> Repeat:
    """Ask about a text again and again, each time with other white space at its end: what was met before is cheaper."""
    ends = cycle("".join(end) for end in product(" \n", repeat=16))
    return (asynchronous if inspect.iscoroutinefunction(check) else _plain)(lambda: check(text + next(ends)), runner)


def _plain(function: Callable[[], object], _: asyncio.Runner) -> Repeat:
    return synchronous(function)


def baseline(text: str) -> Repeat:
    """Search a text for five patterns, one after the other."""
    searches = [re.compile(pattern).search for pattern in _PATTERNS]
    return synchronous(lambda: [search(text) for search in searches])


def in_one_pipeline(lines: Mapping[str, Line]) -> Pipeline:
    """Return a pipeline of every guard that does not wait for anything."""
    built = [line.build() for line in lines.values() if not line.alone]
    return Pipeline(input=[each for each in built if not _waits(each)])


def _waits(guard: Any) -> bool:
    return inspect.iscoroutinefunction(guard.check) or bool(getattr(guard, "blocking", False))


def measure(lines: Mapping[str, Line], rounds: int) -> dict[str, Timing]:
    """Measure every guard, clean and hit, and the baseline."""
    pipeline = in_one_pipeline(lines)
    with asyncio.Runner() as runner:
        cases = {BASELINE: baseline(CLEAN), f"{PIPELINE}, clean": repeated(pipeline.scan_input, CLEAN, runner)}
        for kind, line in lines.items():
            guard = line.build()
            cases[f"{kind}, clean"] = repeated(guard.check, line.clean, runner)
            cases[f"{kind}, hit"] = repeated(guard.check, text_with(line), runner)
        return interleave(cases, rounds=rounds, batch_s=0.012)


def report(timings: Mapping[str, Timing], lines: Mapping[str, Line]) -> str:
    """Lay the costs out, a guard a line."""
    unit = timings[BASELINE].median_us
    rows = [f"  {'':28}{'clean':>12}{'':>10}{'hit':>12}", f"  {BASELINE:28}{unit:9.2f} us{1:8.2f} x"]
    rows += [
        f"  {kind:28}{_cell(timings[f'{kind}, clean'], unit)}{_cell(timings[f'{kind}, hit'], unit)}" for kind in lines
    ]
    rows.append(f"  {PIPELINE:28}{_cell(timings[f'{PIPELINE}, clean'], unit)}")
    return "\n".join(rows)


def _cell(timing: Timing, unit: float) -> str:
    return f"{timing.median_us:9.2f} us{timing.median_us / unit:8.2f} x"


# --- what waiting costs -----------------------------------------------------------------------------------------------


_PASSES: Final = '{"verdict": "pass", "score": 0.1, "reason_code": "none"}'


def slow_judge(_: str) -> str:
    time.sleep(WAIT_S)
    return _PASSES


async def slow_ajudge(_: str) -> str:
    await asyncio.sleep(WAIT_S)
    return _PASSES


def judges(llm: Callable[[str], object], count: int) -> list[guards.Judge]:
    """Return judges that ask a model each time."""
    return [guards.Judge(llm, name=f"judge-{number}", cache_size=0) for number in range(count)]


def model(prompt: str) -> str:
    return prompt


async def amodel(prompt: str) -> str:
    return prompt


def slow_model(prompt: str) -> str:
    time.sleep(WAIT_S)
    return prompt


async def slow_amodel(prompt: str) -> str:
    await asyncio.sleep(WAIT_S)
    return prompt


def slow_ms(rounds: int) -> dict[str, float]:
    """Return how many milliseconds calls take in which guards wait; medians."""
    beside = Pipeline(input=[guards.Judge(slow_judge, cache_size=0, beside_call=True)])
    abeside = Pipeline(input=[guards.Judge(slow_ajudge, cache_size=0, beside_call=True)])
    one, three = (Pipeline(input=judges(slow_judge, count))(model) for count in (1, 3))
    athree = Pipeline(input=judges(slow_ajudge, 3))(amodel)
    cases: dict[str, Callable[[], object]] = {
        "one judge": partial(one, CLEAN),
        "three judges": partial(three, CLEAN),
        "three judges, async": lambda: asyncio.run(athree(CLEAN)),
        "a judge beside a model of 100 ms": partial(beside(slow_model), CLEAN),
        "a judge beside it, async": lambda: asyncio.run(abeside(slow_amodel)(CLEAN)),
    }
    return {name: statistics.median(_wall_ms(call) for _ in range(rounds)) for name, call in cases.items()}


def _wall_ms(call: Callable[[], object]) -> float:
    start = time.perf_counter()
    call()
    return (time.perf_counter() - start) * 1e3


def main() -> None:
    """Measure and print."""
    options = argparse.ArgumentParser(description="What each guard costs, and what waiting for slow guards costs.")
    options.add_argument("--quick", action="store_true", help="fewer rounds")
    rounds = 5 if options.parse_args().quick else 21
    for problem in (*(f"{kind}: has no line in guard_lines.py" for kind in missing()), *check_lines()):
        raise SystemExit(problem)
    print(
        f"genai_guard {version('genai_guard')}, Python {platform.python_version()}, {platform.machine()}, {rounds} rounds"
    )
    timings = measure(LINES, rounds)
    print(f"\nEach guard, a text of {len(CLEAN):,} characters\n{report(timings, LINES)}")
    waits = slow_ms(3 if rounds < 10 else 7)
    print("\nSlow guards, wall clock")
    for name, spent_ms in waits.items():
        print(f"  {name:36}{spent_ms:8.1f} ms  {'ok' if spent_ms <= BAR_MS else f'above {BAR_MS} ms'}")
    path = save("guards", {"us": {name: each.median_us for name, each in timings.items()}, "wait_ms": waits})
    print(f"\nWritten to {path}")


if __name__ == "__main__":
    main()
