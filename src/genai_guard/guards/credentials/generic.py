"""What belongs to no provider: private keys, tokens of a standard, passwords in URLs, headers and assignments."""

from __future__ import annotations

import re
from binascii import Error, a2b_base64
from collections.abc import Callable
from functools import partial
from typing import Final

from genai_guard.guards.credentials.credential import GATE, SIGN, TOKEN, Credential, after_sign
from genai_guard.guards.credentials.randomness import looks_random
from genai_guard.text.rules import Rule

__all__ = ["ASSIGNED", "CREDENTIALS", "is_assigned_secret"]

# Without its end, as a reply that was cut off leaves it, a key is the characters of base64 that follow its beginning.
_PRIVATE_KEY: Final = (
    r"-----BEGIN (?:[A-Z0-9]{1,12} ){0,2}PRIVATE KEY(?: BLOCK)?-----"
    r"(?:(?:[^-]|-(?!----)){64,}?-----END (?:[A-Z0-9]{1,12} ){0,2}PRIVATE KEY(?: BLOCK)?-----|(?:[\w+/=\s]|\\[nr]){64,}+)"
)
_JWT: Final = r"(?<![\w.-])e(?:yJ|wo|yA)[\w-]{8,}\.[\w-]{10,}\.[\w-]{20,}(?![\w-])"
_SCHEMES: Final = (
    r"(?:postgres(?:ql)?|mysql|mariadb|mssql|sqlserver|oracle|cockroachdb|redshift|clickhouse|snowflake|mongodb|rediss?|"
    r"amqps?|nats|kafka|ldaps?|smtps?|s?ftps?|ssh|https?|wss?)"
)
_CONNECTION: Final = rf"\b{_SCHEMES}(?:\+[a-z0-9]{{1,16}})?://[\w.%+~-]{{0,64}}:[^\s:@/\"'`<>]{{3,128}}(?=@[\w\[])"
_BASIC: Final = r"\bBasic[ ]{1,3}[A-Za-z0-9+/]{8,512}={0,2}(?![\w/+=-])"
_BEARER: Final = r"\bBearer[ ]{1,3}[\w.~+/-]{20,2000}={0,2}(?![\w/+=-])"

_OWNERS: Final = (
    "", "admin", "api", "app", "auth", "aws", "azure", "bot", "client", "cloud", "consumer", "db", "database", "deploy",
    "django", "encryption", "gcp", "git", "github", "gitlab", "google", "jwt", "ldap", "login", "mail", "master", "mongo",
    "mysql", "oauth", "pg", "postgres", "proxy", "redis", "refresh", "root", "service", "session", "shared", "signing",
    "slack", "smtp", "sql", "ssh", "stripe", "user", "webhook", "wifi", "x",
)  # fmt: skip
_PASSWORDS: Final = ("password", "passwd", "passphrase", "passwort", "pwd", "pass", "pw")
_SECRETS: Final = (
    "secret", "token", "api_key", "apikey", "secret_key", "secretkey", "secret_token", "access_key", "accesskey",
    "access_token", "accesstoken", "auth_token", "authtoken", "private_key", "privatekey", "encryption_key", "signing_key",
    "client_secret", "clientsecret", "credential", "credentials", "auth_key", "authkey", "session_token", "bearer_token",
)  # fmt: skip
_DASHED: Final = ("x-api-key", "api-key", "x-auth-token", "auth-token", "x-access-token")
_VALUE: Final = r"[\w!#%*+\-./:=?@^|~$]"
_COMMON: Final = frozenset({"pass", "password", "passwd", "pwd", "secret", "user", "guest", "root", "test", "token"})
_read_header: Final[Callable[[str], object]] = re.compile(r'\{[^{}]*"alg"\s*:\s*"[A-Za-z0-9]+"').match


def _decoded(value: str) -> bytes:
    try:
        return a2b_base64(value.translate({45: "+", 95: "/"}) + "=" * (-len(value) % 4))
    except Error:
        return b""


def _is_jwt(matched: str) -> bool:
    """Whether the header is JSON that names an algorithm (RFC 7515, section 4.1.1)."""
    return bool(_read_header(_decoded(matched.partition(".")[0]).decode("utf-8", "replace")))


def _is_basic(matched: str) -> bool:
    """Whether it is a name and a password in base64 (RFC 7617)."""
    pair = _decoded(matched.split()[1])
    name, colon, password = pair.partition(b":")
    return bool(colon and len(password) >= 3) and (name + password).isascii() and b"\x00" not in pair


def _is_bearer(matched: str) -> bool:
    return looks_random(matched.split()[1], min_entropy_bits=3.0)


def _is_connection(matched: str) -> bool:
    """Refuse URLs of documentation: `postgres://user:password@host`, and variables in place of a password."""
    password = matched[_after_user(matched) :]
    is_variable = password[0] in "$%{[<" or "${" in password or password[-1] in "}>"
    return not is_variable and password.lower() not in _COMMON and not set(password) <= set("*x.X")


def _after_user(matched: str) -> int:
    return matched.rindex(":") + 1


def _after_scheme(matched: str) -> int:
    return matched.rindex(" ") + 1


def is_assigned_secret(matched: str, *, min_entropy_bits: float) -> bool:
    """Whether what is assigned may be a secret, and not a name, a path, a call, a hash or a placeholder."""
    return looks_random(matched[after_sign(matched) :], min_entropy_bits=min_entropy_bits)


def _names(ends: tuple[str, ...]) -> tuple[str, ...]:
    joined = (f"{owner}{glue}{end}" for owner in _OWNERS for end in ends for glue in (("_", "") if owner else ("",)))
    return tuple(sorted({*joined}))


def _assignment(name: str, ends: tuple[str, ...], least: int, *, dashed: tuple[str, ...] = ()) -> Credential:
    owners = "|".join(filter(None, _OWNERS))
    named = rf"(?:(?:{owners})_?)?(?:{'|'.join(ends)})"
    names = "|".join((*dashed, named))
    rule = Rule(
        id=f"secrets.{name.lower()}",
        category=name,
        pattern=rf"\b(?:{names}){SIGN}{_VALUE}{{{least},200}}(?![^\s\"'`,;&<\\)\]}}])",
        starts=(*_names(ends), *{each.partition("-")[0] for each in dashed}),
        validator=partial(is_assigned_secret, min_entropy_bits=3.0),
        ignore_case=True,
        max_length=280,
        min_length=least + 3,
        score=0.6,
    )
    return Credential(name, rule, after_sign)


ASSIGNED: Final = frozenset({"PASSWORD", "SECRET"})
"""The kinds that only the randomness of a value tells from harmless ones."""

CREDENTIALS: Final = (
    Credential(
        "PRIVATE_KEY",
        Rule(
            id="secrets.private_key",
            category="PRIVATE_KEY",
            pattern=_PRIVATE_KEY,
            words=("begin",),
            max_length=0,
            min_length=116,
            prose=False,
        ),
    ),
    Credential(
        "JWT",
        Rule(
            id="secrets.jwt",
            category="JWT",
            pattern=_JWT,
            gate=GATE,
            literals=("eyJ", "ewo", "eyA"),
            validator=_is_jwt,
            max_length=0,
            look_behind=1,
            min_length=43,
            alphabet=TOKEN,
            prose=False,
        ),
    ),
    Credential(
        "CONNECTION_STRING",
        Rule(
            id="secrets.connection_string",
            category="CONNECTION_STRING",
            pattern=_CONNECTION,
            gate="at",
            validator=_is_connection,
            ignore_case=True,
            max_length=240,
            min_length=9,
            prose=False,
            score=0.95,
        ),
        _after_user,
    ),
    Credential(
        "BASIC_AUTH",
        Rule(
            id="secrets.basic_auth",
            category="BASIC_AUTH",
            pattern=_BASIC,
            starts=("basic",),
            validator=_is_basic,
            ignore_case=True,
            max_length=524,
            min_length=14,
            score=0.9,
        ),
        _after_scheme,
    ),
    Credential(
        "BEARER_TOKEN",
        Rule(
            id="secrets.bearer_token",
            category="BEARER_TOKEN",
            pattern=_BEARER,
            starts=("bearer",),
            validator=_is_bearer,
            ignore_case=True,
            max_length=2014,
            min_length=27,
            score=0.8,
        ),
        _after_scheme,
    ),
    _assignment("PASSWORD", _PASSWORDS, 8),
    _assignment("SECRET", _SECRETS, 16, dashed=_DASHED),
)
