"""Usage in Redis or Valkey: one count for a fleet, one round trip for all limits of a call."""

from __future__ import annotations

import re
from collections.abc import Sequence
from typing import Any, ClassVar, Final, Generic, TypeVar, cast, final, get_args
from urllib.parse import urlsplit

from genai_guard.environment import FromEnv
from genai_guard.errors import ConfigurationError
from genai_guard.limits.buckets import Buckets
from genai_guard.limits.limit import Limit
from genai_guard.limits.stores.base import Counts, Row
from genai_guard.limits.stores.redis.links import AsyncLink, Link
from genai_guard.limits.stores.redis.outage import Breaker, Outage, StoreHealth
from genai_guard.limits.stores.redis.shared import Call, Shared, Work
from genai_guard.limits.stores.redis.steps import Steps
from genai_guard.limits.stores.redis.tally import RedisTally
from genai_guard.limits.ticket import Demand, Denial, Level, Ticket
from genai_guard.verdicts import OnOutage

__all__ = ["AsyncRedisStore", "RedisStore"]

L = TypeVar("L")
T = TypeVar("T")

_PREFIX: Final = re.compile(r"[^{}\s]{1,64}")
_SCHEMES: Final = ("redis", "rediss", "unix", "valkey", "valkeys")
_OLDEST: Final = 6


class _Store(Generic[L]):
    """What both kinds of store have in common."""

    _asynchronous: ClassVar[bool]

    def __init__(
        self,
        server: FromEnv | Any,
        *,
        prefix: str = "genai_guard",
        timeout_s: float = 0.05,
        on_outage: OnOutage = "local",
        local_share: float = 0.1,
        failures: int = 3,
        retry_s: float = 1.0,
        max_unsent: int = 10_000,
    ) -> None:
        if not isinstance(prefix, str) or not _PREFIX.fullmatch(prefix):
            raise self._wrong("prefix", prefix, "must be 1 to 64 characters without braces and blanks")
        self._number("timeout_s", timeout_s, least=0.001, most=60)
        self._number("retry_s", retry_s, least=0.001, most=3600)
        self._number("local_share", local_share, least=1e-6, most=1)
        if on_outage not in get_args(OnOutage):
            raise self._wrong("on_outage", on_outage, "must be 'deny', 'allow' or 'local'")
        for name, value in (("failures", failures), ("max_unsent", max_unsent)):
            if type(value) is not int or value < 1:
                raise self._wrong(name, value, "must be a whole number above zero")
        self.prefix: Final = prefix
        self.timeout_s: Final = timeout_s
        self.on_outage: Final = on_outage
        self.local_share: Final = local_share
        self.failures: Final = failures
        self.retry_s: Final = retry_s
        self.max_unsent: Final = max_unsent
        self._server: Final = server
        self._where = _place(server) if isinstance(server, str) else f"<{type(server).__name__}>"
        self._shared: Final = Shared(
            prefix=f"{{{prefix}}}:".encode(),
            on_outage=on_outage,
            share=local_share,
            breaker=Breaker(failures, retry_s),
            most_unsent=max_unsent,
        )
        self._link: Final[L] = self._connect(server)

    @property
    def health(self) -> StoreHealth:
        """How the store is doing."""
        breaker, unsent = self._shared.breaker, self._shared.unsent
        state: Any = "down" if breaker.is_open else "failing" if breaker.failures else "up"
        return StoreHealth(state, breaker.failures, breaker.outages, breaker.last_error, len(unsent), unsent.lost)

    def __repr__(self) -> str:
        return f"<{type(self).__name__} {self._where}, {self.health.state}>"

    def _connect(self, server: Any) -> L:
        raise NotImplementedError

    def _steps(self, limits: Sequence[Limit], previous: Counts | None) -> Steps:
        old = previous.steps if isinstance(previous, _Counts) and previous.steps.shared is self._shared else None
        return Steps(self._shared, limits, old)

    def _number(self, name: str, value: Any, *, least: float, most: float) -> None:
        if isinstance(value, bool) or not isinstance(value, int | float) or not least <= value <= most:
            raise self._wrong(name, value, f"must be a number from {least:g} to {most:g}")

    def _wrong(self, name: str, value: object, what: str) -> ConfigurationError:
        return ConfigurationError(f"{type(self).__name__}({name}={value!r}): {what}")

    def _check_client(self, client: Any) -> None:
        """Refuse a client that would break what the store promises."""
        kind = type(self).__name__
        if not callable(getattr(client, "execute_command", None)):
            raise ConfigurationError(
                f"{kind}({type(client).__name__}): takes a URL such as 'redis://localhost:6379/0', or a client of redis-py"
            )
        if type(client).__module__.startswith("redis.asyncio") is not self._asynchronous:
            other = "RedisStore" if self._asynchronous else "AsyncRedisStore"
            raise ConfigurationError(f"{kind}({type(client).__name__}): give this client to {other}")
        options = getattr(getattr(client, "connection_pool", None), "connection_kwargs", {})
        if options.get("decode_responses"):
            raise ConfigurationError(
                f"{kind}(...): the client has decode_responses=True, but states are bytes; drop it"
            )
        if self._asynchronous or not options:
            return
        for name in ("socket_timeout", "socket_connect_timeout"):
            if not options.get(name) or options[name] > self.timeout_s:
                raise ConfigurationError(
                    f"{kind}(...): the client has {name}={options.get(name)!r}, and a call would wait as long for a "
                    f"server that hangs; make it {self.timeout_s:g}, or say timeout_s="
                )


def _options(timeout_s: float, retry: Any) -> dict[str, Any]:
    """Return how to connect: no retries but our own, and no more round trips than are needed."""
    return {
        "socket_timeout": timeout_s,
        "socket_connect_timeout": timeout_s,
        "retry": retry,
        "protocol": 2,
    }


def _place(url: str) -> str:
    """Return a URL as it may be shown: without user and password."""
    try:
        parts = urlsplit(url)
        where = (parts.hostname or "") + (f":{parts.port}" if parts.port else "")
    except ValueError:
        return "a URL"
    return f"{parts.scheme}://{where}{parts.path}"


def _checked(url: str, kind: str) -> str:
    """Return a URL that redis-py takes."""
    example = "must be such as 'redis://localhost:6379/0', 'rediss://...' for TLS, or 'unix:///path/to/socket'"
    try:
        parts = urlsplit(url)
        valid = parts.scheme in _SCHEMES and (parts.port is None or parts.port > 0)
        valid = valid and bool(parts.path if parts.scheme == "unix" else parts.hostname)
    except ValueError:
        valid = False
    if not valid:
        shown = url if isinstance(url, FromEnv) else _place(url)
        raise ConfigurationError(f"{kind}(server={shown!r}): {example}")
    return re.sub(r"^valkey(?=s?:)", "redis", url)


def _library(kind: str) -> Any:
    try:
        import redis  # noqa: PLC0415  of an extra
    except ImportError as error:
        raise ConfigurationError(f"{kind} needs the redis client: pip install 'genai_guard[redis]'") from error
    return redis


@final
class RedisStore(_Store[Link]):
    """Keeps usage in Redis (6 or later) or Valkey: exact for a fleet of processes, by the server's clock.

    All limits of a call are checked and committed in one step of the server and one round trip; so are settling and
    extending. Reservations stand in the name of their ticket and are settled once, however often it is tried.

    While the server cannot be reached, no call waits longer than `timeout_s` to connect and as long again for an answer.
    After `failures` in a row it is left alone for `retry_s`, and then tried by one call while the others go on without
    it. What becomes of calls says `on_outage` of each limit: `deny` raises `LimitUnavailable`; `allow` lets them
    through; `local` counts them in this process, up to `local_share` of the amount. A limit that does not say allows
    them if its `on_error` is `allow`, and denies them if it counts money; others go by `on_outage` of the store.
    Settlements wait until the server is back.

    Args:
        server: URL, such as `redis://localhost:6379/0`; or a client of redis-py, which keeps its own retries, and whose
            timeouts must not be longer than `timeout_s`.
        prefix: What keys begin with, in braces: on a cluster they all live in one slot. Limiters with equal limits and
            the same prefix count together.
        timeout_s: Most seconds to wait for the server, each time.
        on_outage: What becomes of calls while it cannot be reached, where a limit does not say.
        local_share: Part of an amount that one process counts to by itself: one divided by the number of processes
            keeps the limit during an outage as well.
        failures: Failures in a row after which the server is left alone.
        retry_s: Seconds until it is tried again.
        max_unsent: Settlements that wait for it. Of more the oldest are lost: what they had reserved stays reserved.

    Raises:
        ConfigurationError: a parameter is out of range, the URL is none, or the client does not fit.
    """

    _asynchronous = False

    def _connect(self, server: Any) -> Link:
        redis = _library("RedisStore")
        own = isinstance(server, str)
        if own:
            from redis.backoff import NoBackoff  # noqa: PLC0415  of an extra
            from redis.retry import Retry  # noqa: PLC0415  as above

            url = _checked(server, "RedisStore")
            server = redis.Redis.from_url(url, **_options(self.timeout_s, Retry(NoBackoff(), 0)))
        self._check_client(server)
        return Link(server, own=own)

    def bind(self, limits: Sequence[Limit], previous: Counts | None = None, /) -> Counts:
        """Return the counts of these limits."""
        return _Counts(self._steps(limits, previous), self._link)

    def tally(self, name: str, /) -> RedisTally:
        """Return what canaries of this name count together."""
        return RedisTally(lambda call: _drive(self._shared.other(call), self._link), self._shared.prefix, name)

    def check(self) -> None:
        """Ask the server whether it is there and can do what is needed. For the start of an application.

        Raises:
            ConfigurationError: it is not, or cannot.
        """
        try:
            self._link.send(Call("look", [self._shared.ticket_key()], []))
        except Outage as outage:
            raise _unreachable(self._where, outage) from outage.__cause__

    def flush(self) -> int:
        """Send settlements that wait for the server; return how many still do."""
        _drive(self._shared.flush(len(self._shared.unsent)), self._link)
        return len(self._shared.unsent)

    def close(self) -> None:
        """Send what waits, and close every connection."""
        self.flush()
        self._link.close()


@final
class AsyncRedisStore(_Store[AsyncLink]):
    """Keeps usage as `RedisStore` does, for asyncio: await `areserve`, `asettle`, `apeek` and so on of the limiter.

    No call waits longer than `timeout_s` for the server, connecting included. Each event loop has connections of its own.

    The parameters are those of `RedisStore`; a client is one of `redis.asyncio`, and belongs to one event loop.
    """

    _asynchronous = True

    def _connect(self, server: Any) -> AsyncLink:
        _library("AsyncRedisStore")
        if not isinstance(server, str):
            self._check_client(server)
            return AsyncLink(lambda: server, self.timeout_s, own=False)
        from redis import asyncio as library  # noqa: PLC0415  of an extra
        from redis.asyncio.retry import Retry  # noqa: PLC0415  as above
        from redis.backoff import NoBackoff  # noqa: PLC0415  as above

        url, redis = _checked(server, "AsyncRedisStore"), cast("Any", library)

        def make() -> Any:
            options = _options(self.timeout_s, Retry(NoBackoff(), 0))
            # The link bounds the whole of a request already; to bound its parts as well would take a task for each.
            return redis.Redis.from_url(url, **options | {"socket_timeout": None})

        make()  # refuses what is wrong with the URL
        return AsyncLink(make, self.timeout_s, own=True)

    def bind(self, limits: Sequence[Limit], previous: Counts | None = None, /) -> Counts:
        """Return the counts of these limits."""
        return _AsyncCounts(self._steps(limits, previous), self._link)

    async def check(self) -> None:
        """Do as `RedisStore.check`."""
        try:
            await self._link.send(Call("look", [self._shared.ticket_key()], []))
        except Outage as outage:
            raise _unreachable(self._where, outage) from outage.__cause__

    async def flush(self) -> int:
        """Do as `RedisStore.flush`."""
        await _adrive(self._shared.flush(len(self._shared.unsent)), self._link)
        return len(self._shared.unsent)

    async def close(self) -> None:
        """Do as `RedisStore.close`, for this event loop."""
        await self.flush()
        await self._link.close()


class _Counts:
    """The usage of the limits of one limiter."""

    def __init__(self, steps: Steps, link: Any) -> None:
        self.steps: Final = steps
        self._link: Final = link

    def reserve(self, ticket: Ticket, buckets: Buckets, demand: Demand, /) -> Any:
        """Check every limit, then commit to every limit."""
        return _drive(self.steps.reserve(ticket, buckets, demand), self._link)

    def extend(self, ticket: Ticket, demand: Demand, /) -> Any:
        """Reserve more of every limit, or of none, and renew leases."""
        return _drive(self.steps.extend(ticket, demand), self._link)

    def settle(self, ticket: Ticket, actual: tuple[int | None, ...], /) -> Any:
        """Replace what was reserved by what was used, once."""
        return _drive(self.steps.settle(ticket, actual), self._link)

    def peek(self, buckets: Buckets, /) -> Any:
        """Return the level of every limit."""
        return _drive(self.steps.peek(buckets), self._link)

    def usage(self) -> Any:
        """Return every bucket in use."""
        return _drive(self.steps.usage(), self._link)

    def reset(self, buckets: Buckets | None, /) -> Any:
        """Forget the usage in these buckets; None forgets all there is."""
        return _drive(self.steps.reset(buckets), self._link)


class _AsyncCounts(_Counts):
    """The same, to be awaited."""

    async def reserve(self, ticket: Ticket, buckets: Buckets, demand: Demand, /) -> Sequence[Denial]:
        return await _adrive(self.steps.reserve(ticket, buckets, demand), self._link)

    async def extend(self, ticket: Ticket, demand: Demand, /) -> Sequence[Denial]:
        return await _adrive(self.steps.extend(ticket, demand), self._link)

    async def settle(self, ticket: Ticket, actual: tuple[int | None, ...], /) -> bool:
        return await _adrive(self.steps.settle(ticket, actual), self._link)

    def settle_later(self, ticket: Ticket, actual: tuple[int | None, ...], /) -> bool:
        return self.steps.settle_later(ticket, actual)

    async def peek(self, buckets: Buckets, /) -> Sequence[Level]:
        return await _adrive(self.steps.peek(buckets), self._link)

    async def usage(self) -> Sequence[Row]:
        return await _adrive(self.steps.usage(), self._link)

    async def reset(self, buckets: Buckets | None, /) -> None:
        await _adrive(self.steps.reset(buckets), self._link)


def _drive(work: Work[T], link: Link) -> T:
    """Run an operation with a client that blocks."""
    try:
        request = next(work)
        while True:
            try:
                reply = link.send(request)
            except BaseException as error:  # noqa: BLE001  the operation decides
                request = work.throw(error)
            else:
                request = work.send(reply)
    except StopIteration as done:
        result: T = done.value
        return result


async def _adrive(work: Work[T], link: AsyncLink) -> T:
    """Run an operation with a client that is awaited."""
    try:
        request = next(work)
        while True:
            try:
                reply = await link.send(request)
            except BaseException as error:  # noqa: BLE001  as above
                request = work.throw(error)
            else:
                request = work.send(reply)
    except StopIteration as done:
        result: T = done.value
        return result


def _unreachable(where: str, outage: Outage) -> ConfigurationError:
    cause = outage.__cause__
    return ConfigurationError(
        f"the server at {where} does not do: {outage.reason}: {cause}. It takes Redis {_OLDEST} or later, or Valkey, "
        "and a user who may run scripts"
    )
