"""Usage in Redis or Valkey."""

from genai_guard.limits.stores.redis.outage import LimitUnavailable, StoreHealth
from genai_guard.limits.stores.redis.store import AsyncRedisStore, RedisStore

__all__ = ["AsyncRedisStore", "LimitUnavailable", "RedisStore", "StoreHealth"]
