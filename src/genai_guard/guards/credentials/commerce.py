"""Payments and shops."""

from __future__ import annotations

from typing import Final

from genai_guard.guards.credentials.credential import assigned, token

__all__ = ["CREDENTIALS"]

CREDENTIALS: Final = (
    token("STRIPE_KEY", r"[sr]k_(?:live|test)_(?:[A-Za-z0-9]{24}|[A-Za-z0-9]{34}|[A-Za-z0-9]{90,110})", 32, 118),
    token("STRIPE_WEBHOOK_SECRET", r"whsec_[A-Za-z0-9]{32}", 38),
    token("SHOPIFY_TOKEN", r"shp(?:at|ca|pa|ss)_[0-9a-fA-F]{32}", 38),
    token("SQUARE_TOKEN", r"EAAA[A-Za-z0-9_-]{60}", 64),
    token("SQUARE_SECRET", r"sq0(?:csp-[A-Za-z0-9_-]{43}|atp-[A-Za-z0-9_-]{22})", 29, 50, words=("sq0csp", "sq0atp")),
    token(
        "PAYPAL_BRAINTREE_TOKEN",
        r"access_token\$(?:production|sandbox)\$[a-z0-9]{16}\$[0-9a-f]{32}",
        70,
        73,
        words=("access_token",),
        alphabet="abcdefghijklmnopqrstuvwxyz0123456789_$",
    ),
    token("EASYPOST_KEY", r"EZ[AT]K[A-Za-z0-9]{54}", 58),
    token("FLUTTERWAVE_KEY", r"FLWSECK(?:_TEST)?-[0-9a-zA-Z]{32}-X", 42, 47, words=("flwseck", "flwseck_test")),
    token("PAYSTACK_KEY", r"sk_(?:live|test)_[0-9a-f]{40}", 48),
    token("RAZORPAY_KEY_ID", r"rzp_(?:live|test)_[A-Za-z0-9]{14}", 23, score=0.9),
    assigned("PLAID_SECRET", ("plaid_secret", "plaid_client_secret"), r"[0-9a-f]{30}", 30),
    token(
        "PLAID_ACCESS_TOKEN",
        r"access-(?:sandbox|development|production)-[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12}",
        51,
        55,
        words=("sandbox", "development", "production"),
    ),
    token("SHIPPO_TOKEN", r"shippo_(?:live|test)_[0-9a-f]{40}", 52),
)
