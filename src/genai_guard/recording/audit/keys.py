"""The keys of an audit: where they come from, and what they are called.

Rule 1: No key stands in a policy, a `repr`, a message or a file of the audit.
Rule 2: A key is named by a digest of itself, so that nobody can mix up keys and names.
Rule 3: The first key signs. The others are those it followed, and still verify what they signed.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from typing import Final, NamedTuple, TypeAlias, cast

from genai_guard.environment import FromEnv, env
from genai_guard.errors import ConfigurationError

__all__ = ["ENVIRONMENT", "Key", "KeySource", "Keys", "check_source", "read_keys"]

Secret: TypeAlias = str | bytes
KeySource: TypeAlias = FromEnv | Callable[[], Secret | Sequence[Secret]]
"""Text of an environment variable that holds keys, with commas between them; or what returns one key or several."""

ENVIRONMENT: Final = "GENAI_GUARD_AUDIT_KEY"
"""The environment variable that holds the keys unless another is named."""

_MIN_BYTES: Final = 16
_NAMING: Final = b"genai_guard audit key"


class Key:
    """A secret that signs records."""

    __slots__ = ("_digest", "_same", "_secret", "id")

    def __init__(self, secret: Secret) -> None:
        from hmac import compare_digest, digest  # noqa: PLC0415  loads OpenSSL

        self._digest, self._same = digest, compare_digest
        self._secret = secret.encode() if isinstance(secret, str) else bytes(secret)
        self.id: Final = self.mac(_NAMING)[:12]

    def mac(self, body: bytes) -> str:
        """Return the HMAC-SHA256 of a record, in hexadecimal digits."""
        return self._digest(self._secret, body, "sha256").hex()

    def signed(self, body: bytes, mac: str) -> bool:
        """Whether this is the HMAC of the record."""
        return mac.isascii() and self._same(self.mac(body), mac)

    def __repr__(self) -> str:
        return f"<Key {self.id}>"


class Keys(NamedTuple):
    """The key that signs, and all that verify."""

    signing: Key
    by_id: dict[str, Key]


def check_source(source: object, *, where: str) -> KeySource:
    """Return where keys come from: those of the environment have to be there; None stands for `ENVIRONMENT`.

    Raises:
        ConfigurationError: it is nothing that keys could come from, or the variable is not set, or holds no keys.
    """
    if source is None:
        source = env(ENVIRONMENT)
    if isinstance(source, FromEnv):
        read_keys(source, where=where)
        return source
    if not callable(source):
        raise ConfigurationError(
            f'{where}(key=...) must be env("NAME"), for keys in an environment variable, or a function that returns them: '
            "a key itself has no place in a program or policy"
        )
    return cast("KeySource", source)


def read_keys(source: KeySource, *, where: str) -> Keys:
    """Return the keys as they are now, the newest first.

    Raises:
        ConfigurationError: there are none, or one is too short.
    """
    if isinstance(source, FromEnv):
        name = f"the environment variable {source.variable}"
        secrets: Iterable[Secret] = [each.strip() for each in source.split(",") if each.strip()]
    else:
        name = "the function"
        returned = source()
        secrets = [returned] if isinstance(returned, str | bytes) else returned
    keys = [Key(_long_enough(secret, f"{where}(key=...): {name}")) for secret in secrets]
    if not keys:
        raise ConfigurationError(f"{where}(key=...): {name} holds no key")
    return Keys(keys[0], {key.id: key for key in keys})


def _long_enough(secret: object, where: str) -> Secret:
    if not isinstance(secret, str | bytes):
        raise ConfigurationError(f"{where} must give text or bytes, not {type(secret).__name__}")
    if len(secret) < _MIN_BYTES:
        raise ConfigurationError(f"{where} gives a key of less than {_MIN_BYTES} bytes: make it long and random")
    return secret
