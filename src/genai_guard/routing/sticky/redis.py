"""Variants in Redis or Valkey."""

from __future__ import annotations

from typing import Any, Final, final

from genai_guard.environment import FromEnv
from genai_guard.errors import ConfigurationError
from genai_guard.routing.sticky.base import StickyKey

__all__ = ["RedisStickyStore"]

_EXAMPLE: Final = "takes a URL such as 'redis://localhost:6379/0', or a client of redis-py"
_DAY_S: Final = 86_400


@final
class RedisStickyStore:
    """Keeps variants in Redis (6.2 or later) or Valkey, for a fleet of processes.

    A variant is one key of some 60 bytes, in which the unit is a digest of 16 bytes. It expires when nobody has asked for
    it for `ttl_s`; until then each time that it is read makes it last as long again.

    Args:
        server: URL, such as `redis://localhost:6379/0`; or a client of redis-py, whose own timeouts and retries hold.
        prefix: What keys begin with.
        timeout_s: Most seconds to connect, and as many again for an answer.
        ttl_s: Seconds after which a variant that is not asked for is forgotten; 90 days unless said.

    Raises:
        ConfigurationError: a parameter is wrong, or the library is not installed.
    """

    def __init__(
        self, server: FromEnv | Any, *, prefix: str = "genai_guard", timeout_s: float = 0.05, ttl_s: int = 90 * _DAY_S
    ) -> None:
        from genai_guard.limits.stores.redis import connecting  # noqa: PLC0415  asyncio comes with it

        if not connecting.is_prefix(prefix):
            raise _wrong("prefix", prefix, connecting.PREFIXES)
        if isinstance(timeout_s, bool) or not isinstance(timeout_s, int | float) or not 0.001 <= timeout_s <= 60:
            raise _wrong("timeout_s", timeout_s, "must be a number from 0.001 to 60")
        if type(ttl_s) is not int or ttl_s < 1:
            raise _wrong("ttl_s", ttl_s, "must be a whole number of seconds above zero")
        self.timeout_s: Final = timeout_s
        self.ttl_s: Final = ttl_s
        self.prefix: Final = prefix
        self._server: Final = server
        self._prefix: Final = f"{prefix}:sticky:"
        self._own: Final = isinstance(server, str)
        self._client: Final = _connect(server, timeout_s) if self._own else _checked(server)

    def get(self, key: StickyKey, /) -> str:
        """Return the name of the variant that was set; empty when none is known.

        Raises:
            redis.RedisError: the server did not answer in time.
        """
        value = self._client.getex(self._key(key), ex=self.ttl_s)
        return value.decode() if isinstance(value, bytes) else value or ""

    def set(self, key: StickyKey, variant: str, /) -> None:
        """Keep the name of a variant, in place of what was kept before.

        Raises:
            redis.RedisError: the server did not answer in time.
        """
        self._client.set(self._key(key), variant, ex=self.ttl_s)

    def forget(self, experiment: str) -> int:
        """Remove all variants of an experiment; return how many there were. Walks over every key of the server."""
        from genai_guard.limits.stores.redis import connecting  # noqa: PLC0415  as above

        pattern = connecting.literally(f"{self._prefix}{experiment}:".encode()) + b"*"
        keys = list(self._client.scan_iter(match=pattern, count=1_000))
        return sum(self._client.unlink(key) for key in keys)

    def close(self) -> None:
        """Close the connections, unless the client is the caller's."""
        if self._own:
            self._client.close()

    def __repr__(self) -> str:
        return f"<RedisStickyStore {self._prefix}>"

    def _key(self, key: StickyKey) -> str:
        return f"{self._prefix}{key.experiment}:{key.version}:{key.digest.hex()}"


def _connect(url: str, timeout_s: float) -> Any:
    from genai_guard.limits.stores.redis import connecting  # noqa: PLC0415  asyncio comes with it

    redis = connecting.library("RedisStickyStore")
    from redis.backoff import NoBackoff  # noqa: PLC0415  of an extra
    from redis.retry import Retry  # noqa: PLC0415  as above

    # A connection that the server has closed long ago fails once.
    options = connecting.options_of(timeout_s, Retry(NoBackoff(), 1))
    return redis.Redis.from_url(connecting.checked_url(url, "RedisStickyStore"), **options)


def _checked(client: Any) -> Any:
    if not callable(getattr(client, "getex", None)) or type(client).__module__.startswith("redis.asyncio"):
        raise ConfigurationError(f"RedisStickyStore({type(client).__name__}): {_EXAMPLE}")
    return client


def _wrong(name: str, value: object, what: str) -> ConfigurationError:
    return ConfigurationError(f"RedisStickyStore({name}={value!r}): {what}")
