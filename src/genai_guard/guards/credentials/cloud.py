"""Clouds and what runs in them."""

from __future__ import annotations

from typing import Final

from genai_guard.guards.credentials.credential import TOKEN, assigned, token

__all__ = ["CREDENTIALS"]

CREDENTIALS: Final = (
    token("AWS_ACCESS_KEY_ID", r"(?:AKIA|ASIA|ABIA|ACCA)[A-Z2-7]{16}", 20),
    assigned(
        "AWS_SECRET_ACCESS_KEY",
        ("aws_secret_access_key", "awssecretaccesskey", "secretaccesskey", "secret_access_key", "aws_secret_key"),
        r"[A-Za-z0-9/+]{40}",
        40,
        score=0.95,
    ),
    # The bytes that it encodes begin with "BedrockAPIKey-".
    token(
        "AWS_BEDROCK_API_KEY", r"ABSKQmVkcm9ja0FQSUtleS[A-Za-z0-9+/]{91,251}={0,2}", 113, 275, alphabet=TOKEN + "+/="
    ),
    token("GOOGLE_API_KEY", r"AIza[A-Za-z0-9_-]{35}", 39),
    token("GOOGLE_OAUTH_SECRET", r"GOCSPX-[A-Za-z0-9_-]{28}", 35, words=("gocspx",)),
    token("GOOGLE_OAUTH_TOKEN", r"ya29\.[A-Za-z0-9_-]{30,400}", 35, 405, words=("ya29",)),
    assigned("GOOGLE_PRIVATE_KEY_ID", ("private_key_id",), r"[0-9a-f]{40}", 40, score=0.9),
    assigned("AZURE_STORAGE_KEY", ("accountkey", "account_key"), r"[A-Za-z0-9+/]{86}==", 88, score=1.0),
    assigned("AZURE_SHARED_ACCESS_KEY", ("sharedaccesskey",), r"[A-Za-z0-9+/]{43}=", 44, score=1.0),
    assigned("AZURE_SAS_SIGNATURE", ("sig",), r"[A-Za-z0-9+/%]{43,64}(?:=|%3D)", 44, 67, score=0.9),
    assigned(
        "AZURE_CLIENT_SECRET",
        ("azure_client_secret", "arm_client_secret", "aad_client_secret", "client_secret", "clientsecret"),
        r"[A-Za-z0-9_~.]{3}[0-9]Q~[A-Za-z0-9_~.-]{31,34}",
        37,
        40,
        score=1.0,
    ),
    token("ALIBABA_ACCESS_KEY_ID", r"LTAI[A-Za-z0-9]{20}", 24),
    token("DIGITALOCEAN_TOKEN", r"do[oprt]_v1_[0-9a-f]{64}", 71),
    assigned(
        "HEROKU_API_KEY", ("heroku_api_key", "heroku_api_token"), r"[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12}", 36
    ),
    token("HEROKU_TOKEN", r"HRKU-AA[A-Za-z0-9_-]{58}", 65, words=("hrku",)),
    assigned("CLOUDFLARE_TOKEN", ("cloudflare_api_token", "cf_api_token"), r"[A-Za-z0-9_-]{40}", 40),
    assigned("CLOUDFLARE_API_KEY", ("cloudflare_api_key", "cf_api_key"), r"[0-9a-f]{37}", 37),
    token("CLOUDFLARE_ORIGIN_CA_KEY", r"v1\.0-[0-9a-f]{24}-[0-9a-f]{146}", 176, words=("v1",)),
    assigned("FASTLY_TOKEN", ("fastly_api_token", "fastly_api_key"), r"[A-Za-z0-9_-]{32}", 32),
    token("NETLIFY_TOKEN", r"nf[cpoub]_[A-Za-z0-9]{36}", 40),
    token(
        "FLY_TOKEN",
        r"FlyV1 fm[12][ar]?_[A-Za-z0-9+/]{100,400}={0,3}",
        110,
        414,
        words=("flyv1",),
        alphabet=TOKEN + "+/= ",
    ),
    token("RENDER_API_KEY", r"rnd_[A-Za-z0-9]{28,32}", 32, 36),
    token("YANDEX_TOKEN", r"AQVN[A-Za-z0-9_-]{35,38}", 39, 42),
    token("DATABRICKS_TOKEN", r"dapi[0-9a-f]{32}(?:-[0-9])?", 36, 38),
)
