"""Serves a model over the OpenAI wire format: `python server.py WEIGHTS NAME...`, a process of its own.

Loading weights stops every thread of the process that does it, and an engine that does not suit the processor ends it.
Prints its address as one line when it is ready, and serves until its standard input is closed: when its parent ends,
in whatever way, so does it. Imports nothing of genai_guard.
"""

from __future__ import annotations

import importlib
import os
import signal
import sys
from collections.abc import Sequence
from typing import Any, Final, NoReturn

__all__ = ["main"]

_LOOPBACK: Final = "127.0.0.1"
_CONTEXT_TOKENS: Final = 2048
_LONGEST_REPLY_TOKENS: Final = 256


def main(argv: Sequence[str]) -> NoReturn:
    """Serve the weights in `argv[0]`; the names after it are the models that clients may ask for."""
    signal.signal(signal.SIGINT, signal.SIG_IGN)  # Ctrl-C reaches the whole process group; the parent decides
    with os.fdopen(os.dup(1), "w") as ready:
        os.dup2(2, 1)  # whatever the engine prints is no address
        server = _serve(argv[0], argv[1:])
        ready.write(f"{server.listening_address}\n")
    sys.stdin.read()
    os._exit(0)  # an engine that is stopped before it was asked anything waits for itself, for ever


def _serve(weights: str, names: Sequence[str]) -> Any:
    engine: Any = importlib.import_module("xllamacpp")
    params = engine.CommonParams()
    params.model.path = weights
    params.model_alias = set(names)
    if hasattr(params, "hostnames"):
        params.hostnames = [_LOOPBACK]
    else:  # before version 2026.10
        params.hostname = _LOOPBACK
    params.port = 0
    params.n_ctx = _CONTEXT_TOKENS
    params.n_parallel = 1
    params.n_predict = _LONGEST_REPLY_TOKENS
    # A second thread gains a third on an idle machine of two cores, and is several times slower on a busy one.
    params.cpuparams.n_threads = 1
    params.cpuparams_batch.n_threads = 1
    params.warmup = False
    params.verbosity = 0
    return engine.Server(params)


if __name__ == "__main__":
    main(sys.argv[1:])
