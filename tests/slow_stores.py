"""Stores that are not at once there with an answer: one that is awaited, and one that blocks."""

from __future__ import annotations

import asyncio
import threading
from collections.abc import Callable, Sequence
from typing import Any

from genai_guard.limits import Limit, MemoryStore, Ticket


class Book:
    """What both keep: the tickets they have granted and not settled, what they were asked, and in which threads."""

    def __init__(self, store: MemoryStore | None = None) -> None:
        self.store = MemoryStore() if store is None else store
        self.held: set[Ticket] = set()
        self.asked: list[str] = []
        self.threads: set[int] = set()
        self.fails = False

    def ask(self, name: str, run: Callable[..., Any], *args: Any) -> Any:
        if self.fails:
            raise OSError("the store is gone")
        self.asked.append(name)
        self.threads.add(threading.get_ident())
        answer = run(*args)
        if args and isinstance(args[0], Ticket):
            (self.held.add if args[0].open else self.held.discard)(args[0])
        return answer


class BlockingStore(Book):
    """A store that blocks."""

    def bind(self, limits: Sequence[Limit], previous: Any = None, /) -> Any:
        return BlockingCounts(self, self.store.bind(limits, previous))


class BlockingCounts:
    def __init__(self, book: Book, inner: Any) -> None:
        self.book, self.inner = book, inner

    def __getattr__(self, name: str) -> Any:
        return lambda *args: self.book.ask(name, getattr(self.inner, name), *args)


class AwaitedStore(Book):
    """A store that is awaited: twice for each answer, before it is at work and after."""

    def bind(self, limits: Sequence[Limit], previous: Any = None, /) -> Any:
        return AwaitedCounts(self, self.store.bind(limits, previous))


class AwaitedCounts:
    def __init__(self, book: Book, inner: Any) -> None:
        self.book, self.inner = book, inner

    async def _ask(self, name: str, *args: Any) -> Any:
        await asyncio.sleep(0)
        answer = self.book.ask(name, getattr(self.inner, name), *args)
        await asyncio.sleep(0)
        return answer

    async def reserve(self, *args: Any) -> Any:
        return await self._ask("reserve", *args)

    async def extend(self, *args: Any) -> Any:
        return await self._ask("extend", *args)

    async def settle(self, *args: Any) -> Any:
        return await self._ask("settle", *args)

    async def peek(self, *args: Any) -> Any:
        return await self._ask("peek", *args)

    async def usage(self, *args: Any) -> Any:
        return await self._ask("usage", *args)

    async def reset(self, *args: Any) -> Any:
        return await self._ask("reset", *args)

    def settle_later(self, *args: Any) -> Any:
        return self.book.ask("settle_later", self.inner.settle, *args)
