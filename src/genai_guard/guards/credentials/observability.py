"""Metrics, logs, errors and feature flags."""

from __future__ import annotations

from typing import Final

from genai_guard.guards.credentials.credential import TOKEN, assigned, token

__all__ = ["CREDENTIALS"]

CREDENTIALS: Final = (
    assigned("DATADOG_API_KEY", ("dd_api_key", "datadog_api_key"), r"[0-9a-f]{32}", 32),
    assigned("DATADOG_APP_KEY", ("dd_app_key", "dd_application_key", "datadog_app_key"), r"[0-9a-f]{40}", 40),
    token(
        "NEW_RELIC_KEY",
        r"NR(?:AK|AL|RA|II|IQ|JS)-[A-Za-z0-9_-]{19,42}",
        24,
        47,
        words=("nrak", "nral", "nrra", "nrii", "nriq", "nrjs"),
    ),
    token("GRAFANA_CLOUD_TOKEN", r"glc_eyJ[A-Za-z0-9]{60,340}={0,2}", 67, 349, alphabet=TOKEN + "="),
    token("GRAFANA_SERVICE_TOKEN", r"glsa_[A-Za-z0-9]{32}_[0-9A-Fa-f]{8}", 46),
    token("SENTRY_TOKEN", r"sntryu_[0-9a-f]{64}", 71),
    token(
        "SENTRY_ORG_TOKEN", r"sntrys_eyJ[A-Za-z0-9]{60,340}={0,2}_[A-Za-z0-9+/]{43}", 114, 396, alphabet=TOKEN + "+/="
    ),
    token("POSTHOG_KEY", r"ph[xs]_[A-Za-z0-9]{43,48}", 47, 52),
    token(
        "LAUNCHDARKLY_KEY",
        r"(?:sdk|api|mob)-[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12}",
        40,
        words=("sdk", "api", "mob"),
    ),
    token("HONEYCOMB_KEY", r"hc[abmx][a-z]{2}_[a-z0-9]{58}", 64),
)
