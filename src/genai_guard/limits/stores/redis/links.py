"""The connection to the server: requests in, replies out, and one error for everything that can go wrong."""

from __future__ import annotations

from collections.abc import Callable
from contextlib import suppress
from typing import Any, Final
from weakref import WeakKeyDictionary

from genai_guard.limits.stores.redis.connections import Connections
from genai_guard.limits.stores.redis.outage import Outage
from genai_guard.limits.stores.redis.scripts import script
from genai_guard.limits.stores.redis.shared import Call, Request, Scan

__all__ = ["AsyncLink", "Link"]

_SCAN: Final = 1_000


class Link:
    """Sends requests, and blocks until there is a reply.

    Args:
        client: The client.
        own: Whether it is the store's to close.
    """

    def __init__(self, client: Any, *, own: bool) -> None:
        from redis import exceptions  # noqa: PLC0415  of an extra

        self.client: Final = client
        self._connections: Final = Connections(client.connection_pool) if own else None
        self._run_command: Final = client.execute_command if self._connections is None else self._connections.run
        self._errors: Final = (exceptions.RedisError, OSError)
        self._lost: Final = exceptions.ConnectionError
        self._unknown: Final = exceptions.NoScriptError

    def send(self, request: Request) -> Any:
        """Return the reply.

        Raises:
            Outage: there is none.
        """
        try:
            try:
                return self._send(request)
            except self._lost as error:  # the server may have closed it long ago, or been replaced by another
                if type(error) is not self._lost:
                    raise
                return self._send(request)
        except self._errors as error:
            raise Outage(type(error).__name__) from error

    def close(self) -> None:
        """Close every connection of the store's own."""
        if self._connections is not None:
            self._connections.close()
            self.client.close()

    def _send(self, request: Request) -> Any:
        if isinstance(request, Call):
            return self._run(request)
        if isinstance(request, Scan):
            return list(self.client.scan_iter(match=request.pattern, count=_SCAN))
        if _is_cluster(self.client):
            return [self._run(call) for call in request]
        with self.client.pipeline(transaction=False) as pipeline:
            for call in request:
                pipeline.eval(script(call.name).text, len(call.keys), *call.keys, *call.args)
            return pipeline.execute()

    def _run(self, call: Call) -> Any:
        source, run = script(call.name), self._run_command
        try:
            return run("EVALSHA", source.sha, len(call.keys), *call.keys, *call.args)
        except self._unknown:
            return run("EVAL", source.text, len(call.keys), *call.keys, *call.args)


class AsyncLink:
    """Sends requests, and is awaited until there is a reply, for so long and no longer.

    Args:
        make: What makes a client; an event loop needs one of its own.
        timeout_s: Most seconds for a reply.
        own: Whether the clients are the store's to close.
    """

    def __init__(self, make: Callable[[], Any], timeout_s: float, *, own: bool) -> None:
        import asyncio  # noqa: PLC0415  half of what importing this would cost, for who has no event loop

        from redis import exceptions  # noqa: PLC0415  of an extra

        self._loop: Final = asyncio.get_running_loop
        self._timeout: Final = asyncio.timeout
        self._make: Final = make
        self._own: Final = own
        self._timeout_s: Final = timeout_s
        self._clients: Final[WeakKeyDictionary[Any, Any]] = WeakKeyDictionary()
        self._errors: Final = (exceptions.RedisError, OSError)  # of which TimeoutError is one
        self._lost: Final = exceptions.ConnectionError
        self._unknown: Final = exceptions.NoScriptError

    @property
    def client(self) -> Any:
        """The client of the running event loop."""
        loop = self._loop()
        client = self._clients.get(loop)
        if client is None:
            client = self._clients[loop] = self._make()
        return client

    async def send(self, request: Request) -> Any:
        """Return the reply.

        Raises:
            Outage: there is none.
        """
        try:
            if isinstance(request, Scan):
                return await self._scan(request)
            async with self._timeout(self._timeout_s):
                try:
                    return await self._send(request)
                except self._lost as error:  # as above
                    if type(error) is not self._lost:
                        raise
                    return await self._send(request)
        except self._errors as error:
            raise Outage(type(error).__name__) from error

    async def close(self) -> None:
        """Close every connection of the store's own in this event loop."""
        if self._own:
            with suppress(*self._errors):
                await self.client.aclose()

    async def _scan(self, request: Scan) -> list[bytes]:
        keys = aiter(self.client.scan_iter(match=request.pattern, count=_SCAN))
        found: list[bytes] = []
        while True:
            async with self._timeout(self._timeout_s):
                try:
                    found.append(await anext(keys))
                except StopAsyncIteration:
                    return found

    async def _send(self, request: Call | list[Call]) -> Any:
        if isinstance(request, Call):
            return await self._run(request)
        if _is_cluster(self.client):
            return [await self._run(call) for call in request]
        async with self.client.pipeline(transaction=False) as pipeline:
            for call in request:
                pipeline.eval(script(call.name).text, len(call.keys), *call.keys, *call.args)
            return await pipeline.execute()

    async def _run(self, call: Call) -> Any:
        source = script(call.name)
        run = self.client.execute_command
        try:
            return await run("EVALSHA", source.sha, len(call.keys), *call.keys, *call.args)
        except self._unknown:
            return await run("EVAL", source.text, len(call.keys), *call.keys, *call.args)


def _is_cluster(client: Any) -> bool:
    return "Cluster" in type(client).__name__
