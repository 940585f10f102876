"""An ASGI application on a port of this machine, in a thread."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any

__all__ = ["eventually", "served"]

_PATIENCE_S = 20.0


@contextmanager
def served(app: Any, **options: Any) -> Iterator[str]:
    """Serve an application with uvicorn, and return its address."""
    import uvicorn

    server = uvicorn.Server(uvicorn.Config(app, port=0, log_level="critical", lifespan="off", **options))
    thread = threading.Thread(target=server.run, daemon=True)
    thread.start()
    eventually(lambda: server.started)
    try:
        yield f"http://127.0.0.1:{server.servers[0].sockets[0].getsockname()[1]}"
    finally:
        server.should_exit = server.force_exit = True
        thread.join(_PATIENCE_S)


def eventually(holds: Callable[[], Any]) -> Any:
    """Wait until something holds, and return it; what another process does has no other clock."""
    ends = time.monotonic() + _PATIENCE_S
    while not (found := holds()):
        assert time.monotonic() < ends, "it never came to hold"
        time.sleep(0.01)
    return found
