"""Keys that open nothing: drawn at random in the forms that their providers publish.

Prefixes are written in two parts, so that no scanner takes the source for a leak.
"""

from __future__ import annotations

import json
from base64 import b64encode, urlsafe_b64encode
from collections.abc import Callable, Mapping, Sequence
from random import Random
from typing import TypeAlias
from zlib import crc32

from corpus.values.arithmetic import chars, fill

__all__ = ["MAKERS", "TOKENS"]

Maker: TypeAlias = Callable[[Random, str], str]
_BASE62 = "0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz"


def _bytes(rng: Random, count: int) -> bytes:
    return bytes(rng.randrange(256) for _ in range(count))


def _base64(rng: Random, count: int) -> str:
    return b64encode(_bytes(rng, count)).decode()


def _checked(rng: Random, prefix: str) -> str:
    """End as GitHub and npm do: 30 characters, and their CRC-32 in base 62."""
    body = chars(rng, "$", 30)
    number, made = crc32(body.encode()), ""
    for _ in range(6):
        number, rest = divmod(number, 62)
        made = _BASE62[rest] + made
    return prefix + body + made


def _jwt(rng: Random, _: str) -> str:
    header = {"alg": rng.choice(("HS256", "RS256", "ES256")), "typ": "JWT"}
    claims = {"sub": str(rng.randint(1000, 99999)), "iat": 1_760_000_000 + rng.randint(0, 9_999_999), "scope": "orders"}
    parts = [json.dumps(part, separators=(",", ":")).encode() for part in (header, claims)]
    return ".".join(urlsafe_b64encode(part).decode().rstrip("=") for part in (*parts, _bytes(rng, 32)))


def _pem(rng: Random, hint: str) -> str:
    name = hint if hint.isupper() else rng.choice(("RSA ", "EC ", "", "OPENSSH "))
    name = name.replace("_", " ")
    body = _base64(rng, 240)
    lines = [body[at : at + 64] for at in range(0, len(body), 64)]
    return "\n".join((f"-----BEGIN {name}PRIVATE " + "KEY-----", *lines, f"-----END {name}PRIVATE " + "KEY-----"))


def _password(rng: Random, _: str) -> str:
    return fill(rng, rng.choice(("$$$$$$$$$$$$", "@&&##-&&&@##-$$$$", "$$$$!$$$$#$$$$", "$$$$$$_$$$$$$$$$")))


def _secret(rng: Random, _: str) -> str:
    return rng.choice((chars(rng, "$", 32), chars(rng, "$", 40), chars(rng, "~", 43), _base64(rng, 24)))


_SHAPES = {
    "AWS_ACCESS_KEY_ID": ("AK" + "IA{2:16}", "AS" + "IA{2:16}"),
    "GOOGLE_API_KEY": ("AI" + "za{~:35}",),
    "GOOGLE_OAUTH_SECRET": ("GOC" + "SPX-{~:28}",),
    "GITHUB_FINE_GRAINED_TOKEN": ("github" + "_pat_{$:22}_{$:59}",),
    "GITLAB_TOKEN": ("gl" + "pat-{$:20}",),
    "PYPI_TOKEN": ("py" + "pi-AgEIcHlwaS5vcmc{~:150}",),
    "DATABRICKS_TOKEN": ("da" + "pi{%:32}",),
    "DIGITALOCEAN_TOKEN": ("dop" + "_v1_{%:64}",),
    "STRIPE_KEY": ("sk_" + "live_{$:24}", "rk_" + "live_{$:99}", "sk_" + "test_{$:24}"),
    "STRIPE_WEBHOOK_SECRET": ("wh" + "sec_{$:32}",),
    "SHOPIFY_TOKEN": ("shp" + "at_{%:32}",),
    "SLACK_TOKEN": ("xo" + "xb-{#:12}-{#:13}-{$:24}", "xo" + "xp-{#:12}-{#:12}-{#:13}-{%:32}"),
    "SLACK_WEBHOOK": ("https://hooks.slack" + ".com/services/T{*:10}/B{*:10}/{$:24}",),
    "DISCORD_WEBHOOK": ("https://discord" + ".com/api/webhooks/{9:1}{#:17}/{~:68}",),
    "TELEGRAM_BOT_TOKEN": ("{9:1}{#:9}" + ":AA{~:33}",),
    "SENDGRID_API_KEY": ("S" + "G.{~:22}.{~:43}",),
    "TWILIO_API_KEY": ("S" + "K{%:32}",),
    "MAILCHIMP_API_KEY": ("{%:32}" + "-us1{9:1}",),
    "OPENAI_API_KEY": ("sk-" + "proj-{~:74}T3Blb" + "kFJ{~:74}", "sk-" + "{$:20}T3Blb" + "kFJ{$:20}"),
    "ANTHROPIC_API_KEY": ("sk-" + "ant-api03-{~:93}AA",),
    "HUGGING_FACE_TOKEN": ("h" + "f_{L:34}",),
    "GROQ_API_KEY": ("gs" + "k_{$:52}",),
    "REPLICATE_TOKEN": ("r" + "8_{$:37}",),
    "PERPLEXITY_API_KEY": ("pp" + "lx-{$:48}",),
    "VAULT_TOKEN": ("hv" + "s.{~:90}",),
    "DOPPLER_TOKEN": ("dp" + ".pt.{$:43}",),
    "GRAFANA_SERVICE_TOKEN": ("gl" + "sa_{$:32}_{%:8}",),
    "NOTION_TOKEN": ("nt" + "n_{#:11}{$:35}",),
    "LINEAR_API_KEY": ("lin" + "_api_{$:40}",),
    "AIRTABLE_TOKEN": ("pat{$:14}" + ".{%:64}",),
    "TERRAFORM_TOKEN": ("{$:14}.atlasv1" + ".{~:67}",),
}


def _shaped(rng: Random, shape: str) -> str:
    made, rest = "", shape
    while "{" in rest:
        before, _, tail = rest.partition("{")
        kind, _, tail = tail.partition(":")
        count, _, rest = tail.partition("}")
        extra = {"2": "ABCDEFGHIJKLMNOPQRSTUVWXYZ234567", "L": "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz"}
        made += before + (
            "".join(rng.choices(extra[kind], k=int(count))) if kind in extra else _drawn(rng, kind, int(count))
        )
    return made + rest


def _maker(shapes: Sequence[str]) -> Maker:
    return lambda rng, _: _shaped(rng, rng.choice(shapes))


def _drawn(rng: Random, kind: str, count: int) -> str:
    """Draw until the ends are no punctuation, which sentences and scanners read in their own ways."""
    while True:
        made = chars(rng, kind, count)
        if made[0] not in "-_" and made[-1] not in "-_":
            return made


TOKENS = (*_SHAPES, "GITHUB_TOKEN", "NPM_TOKEN", "JWT")
"""Kinds that their form alone gives away, in the order in which templates take them."""
MAKERS: Mapping[str, Maker] = {
    **{name: _maker(shapes) for name, shapes in _SHAPES.items()},
    "GITHUB_TOKEN": lambda rng, _: _checked(rng, rng.choice(("gh" + "p_", "gh" + "o_", "gh" + "s_"))),
    "NPM_TOKEN": lambda rng, _: _checked(rng, "np" + "m_"),
    "JWT": _jwt,
    "PRIVATE_KEY": _pem,
    "PASSWORD": _password,
    "SECRET": _secret,
    "CONNECTION_STRING": lambda rng, _: fill(rng, rng.choice(("$$$$$$$$$$$$", "&&&&&##&&&&@@", "$$$$$$$$$$$$$$$$$$"))),
    "AWS_SECRET_ACCESS_KEY": lambda rng, _: _base64(rng, 30),
    "AZURE_STORAGE_KEY": lambda rng, _: _base64(rng, 64),
    "BEARER_TOKEN": lambda rng, _: chars(rng, "$", rng.choice((32, 40))),
    "BASIC_AUTH": lambda rng, _: b64encode(f"svc:{_password(rng, '')}".encode()).decode(),
    "DATADOG_API_KEY": lambda rng, _: chars(rng, "%", 32),
    "HEROKU_API_KEY": lambda rng, _: fill(rng, "%%%%%%%%-%%%%-4%%%-a%%%-%%%%%%%%%%%%"),
    "CLOUDFLARE_TOKEN": lambda rng, _: _drawn(rng, "~", 40),
    "WANDB_API_KEY": lambda rng, _: chars(rng, "%", 40),
}
