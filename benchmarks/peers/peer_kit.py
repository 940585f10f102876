"""What the peers' scripts share: the same texts, the same timer, no network, one line of JSON.

Each script beside this one names what it needs in its head, so that `uv run --script` gives it an environment of its
own, and hands `report` a function that puts the peer around a model. Importing this module closes the network.
"""

from __future__ import annotations

import json
import sys
from collections.abc import Callable
from functools import partial
from importlib.metadata import version
from pathlib import Path
from typing import Any, TypeAlias

# Behind everything else: a benchmark may have the name of a package that a peer imports.
sys.path.append(str(Path(__file__).parents[1]))

from kit import INJECTION_PHRASES, INJECTION_REGEXES, KEYWORDS, SAMPLES, calibration, interleave, synchronous
from scan_texts import PEER_TEXTS, TEXTS

__all__ = ["INJECTION_PHRASES", "INJECTION_REGEXES", "KEYWORDS", "Call", "report"]

Call: TypeAlias = Callable[[str], Any]


def report(wrap: Callable[[Call], Call], *, package: str, work: str, beside: str = "pipeline") -> None:
    """Measure a peer around a model that answers at once, and print the result.

    Args:
        wrap: Puts the peer around a model, which takes a prompt and returns a reply.
        package: Distribution whose version is reported.
        work: What the peer does with a call, in a few words.
        beside: What of ours does the like: the whole `pipeline`, or the `limiter`.

    With `--scan` the prompts are the texts of `scan.py`, and the replies are empty: what is left is one scan.
    """
    cases = {"calibration": calibration()}
    if "--scan" in sys.argv:
        for name in PEER_TEXTS:
            cases[name] = synchronous(partial(wrap(partial(_answer, "")), TEXTS[name]))
    else:
        for name, sample in SAMPLES.items():
            cases[name] = synchronous(partial(wrap(partial(_answer, sample.reply)), sample.prompt))
    rounds = 5 if "--quick" in sys.argv else 11
    timings = interleave(cases, rounds=rounds, batch_s=0.02)
    medians = {name: timing.median_us for name, timing in timings.items()}
    print(json.dumps({"package": package, "version": version(package), "work": work, "beside": beside, "us": medians}))


def _answer(reply: str, _prompt: str) -> str:
    return reply


def _refuse_network(event: str, _arguments: tuple[Any, ...]) -> None:
    if event in {"socket.connect", "socket.getaddrinfo"}:
        raise OSError("no network in a benchmark")


sys.addaudithook(_refuse_network)
