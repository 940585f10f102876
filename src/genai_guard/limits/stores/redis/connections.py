"""Connections of a store's own: those of redis-py, without what its client and pool do around each command."""

from __future__ import annotations

import os
from collections import deque
from typing import Any, Final

__all__ = ["Connections"]


class Connections:
    """Runs commands, each over a connection that nobody else uses meanwhile; as many are kept as were in use at once.

    The client and the pool of redis-py take more CPU time for a command than the connection itself: they count for
    telemetry, look whether the server has hung up, and may retry. A store finds out from the reply that does not come,
    and a `Link` tries again by itself. Safe for threads; a forked child begins with none.

    Args:
        pool: Pool of redis-py that says how to connect.
    """

    def __init__(self, pool: Any) -> None:
        from redis import exceptions  # noqa: PLC0415  of an extra

        self._pool: Final = pool
        self._answers: Final = exceptions.ResponseError
        self._lost: Final = exceptions.ConnectionError
        self._idle: deque[Any] = deque()
        self._forks = _forks[0]

    def run(self, *command: Any) -> Any:
        """Return the reply to a command; errors are those of redis-py."""
        if self._forks != _forks[0]:
            self._idle, self._forks = deque(), _forks[0]
        idle = self._idle
        try:
            connection = idle.pop()
        except IndexError:
            connection = self._pool.connection_class(**self._pool.connection_kwargs)
        try:
            connection.send_packed_command(connection.pack_command(*command))
            reply = connection.read_response()
        except self._answers:
            idle.append(connection)
            raise
        except self._lost:
            connection.disconnect()
            self.close()
            raise
        except BaseException:  # an interrupt too: the next one must not read the reply to this command
            connection.disconnect()
            raise
        idle.append(connection)
        return reply

    def close(self) -> None:
        """Close every connection that is not in use: if one has been hung up, so may be all of them."""
        while self._idle:
            try:
                connection = self._idle.pop()
            except IndexError:  # another thread has taken it
                return
            connection.disconnect()


_forks: Final = [0]


def _after_fork_in_child() -> None:
    _forks[0] += 1


if hasattr(os, "register_at_fork"):
    os.register_at_fork(after_in_child=_after_fork_in_child)
