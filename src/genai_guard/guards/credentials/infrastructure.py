"""Secret stores, networks, databases and deployment."""

from __future__ import annotations

from typing import Final

from genai_guard.guards.credentials.credential import TOKEN, assigned, token

__all__ = ["CREDENTIALS"]

CREDENTIALS: Final = (
    token("VAULT_TOKEN", r"hv[brs]\.[A-Za-z0-9_-]{24,300}", 28, 304, words=("hvb", "hvr", "hvs")),
    assigned("VAULT_LEGACY_TOKEN", ("vault_token",), r"s\.[A-Za-z0-9]{24}", 26),
    token("TERRAFORM_TOKEN", r"[A-Za-z0-9]{14}\.atlasv1\.[A-Za-z0-9_-]{60,70}", 83, 93, words=("atlasv1",)),
    token("PULUMI_TOKEN", r"pul-[0-9a-f]{40}", 44, words=("pul",)),
    token(
        "DOPPLER_TOKEN",
        r"dp\.(?:pt|ct|st|sa|scim|audit)\.(?:[A-Za-z0-9_-]{2,35}\.)?[A-Za-z0-9]{40,44}",
        46,
        89,
        words=("dp",),
    ),
    token("INFISICAL_TOKEN", r"st\.[0-9a-f]{24}\.[0-9a-f]{32}\.[0-9a-f]{32}", 93, words=("st",)),
    token("AGE_SECRET_KEY", r"AGE-SECRET-KEY-1[QPZRY9X8GF2TVDW0S3JN54KHCE6MUA7L]{58}", 74, words=("age",)),
    token(
        "TAILSCALE_KEY",
        r"tskey-(?:api|auth|client|scim|webhook)-[A-Za-z0-9]{10,24}-[A-Za-z0-9]{20,40}",
        41,
        79,
        words=("tskey",),
    ),
    token("ONEPASSWORD_SERVICE_TOKEN", r"ops_eyJ[A-Za-z0-9_-]{250,990}={0,2}", 257, 999, alphabet=TOKEN + "="),
    token("ONEPASSWORD_SECRET_KEY", r"A3-[A-Z0-9]{6}-[A-Z0-9]{6}(?:-[A-Z0-9]{5}){4}", 40, words=("a3",)),
    token("SUPABASE_TOKEN", r"sbp_[0-9a-f]{40}", 44),
    token("SUPABASE_SECRET_KEY", r"sb_secret_[A-Za-z0-9_-]{22}_[A-Za-z0-9]{8}", 41),
    token("PLANETSCALE_TOKEN", r"pscale_(?:tkn|pw|oauth)_[A-Za-z0-9_-]{32,64}", 42, 77),
    token("NEON_API_KEY", r"napi_[a-z0-9]{64}", 69),
    token("PREFECT_API_KEY", r"pn[ub]_[A-Za-z0-9]{36}", 40),
    token("SCALEWAY_ACCESS_KEY", r"SCW[A-Z0-9]{17}", 20, score=0.9),
    token("DYNATRACE_TOKEN", r"dt0[a-z][0-9]{2}\.[A-Z0-9]{24}\.[A-Z0-9]{64}", 96),
    assigned("OKTA_TOKEN", ("okta_api_token", "okta_token", "ssws"), r"00[A-Za-z0-9_-]{40}", 42),
    assigned("SNYK_TOKEN", ("snyk_token",), r"[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12}", 36),
)
