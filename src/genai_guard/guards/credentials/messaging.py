"""Chat, mail, telephony."""

from __future__ import annotations

from typing import Final

from genai_guard.guards.credentials.credential import TOKEN, assigned, token

__all__ = ["CREDENTIALS"]

_URL: Final = TOKEN + ":/"

CREDENTIALS: Final = (
    token(
        "SLACK_TOKEN",
        r"xox[abposr]-(?:[A-Za-z0-9]{1,14}-){1,4}[A-Za-z0-9]{10,146}",
        17,
        211,
        words=("xoxa", "xoxb", "xoxp", "xoxo", "xoxs", "xoxr"),
    ),
    token("SLACK_APP_TOKEN", r"xapp-[0-9]-[A-Z0-9]{9,12}-[0-9]{10,14}-[0-9a-f]{64}", 92, 99, words=("xapp",)),
    token(
        "SLACK_WEBHOOK",
        r"hooks\.slack\.com/(?:services|workflows)/T[A-Z0-9]{8,12}/[AB][A-Z0-9]{8,12}/[A-Za-z0-9/]{24,48}",
        69,
        102,
        words=("hooks",),
        alphabet=_URL,
    ),
    token(
        "DISCORD_BOT_TOKEN",
        r"[MNO][A-Za-z0-9_-]{23,25}\.[A-Za-z0-9_-]{6}\.[A-Za-z0-9_-]{27,38}",
        59,
        72,
        gate="token_20_dotted_6",
    ),
    token(
        "DISCORD_WEBHOOK",
        r"discord(?:app)?\.com/api/webhooks/[0-9]{17,20}/[A-Za-z0-9_-]{60,80}",
        103,
        129,
        words=("webhooks",),
        alphabet=_URL,
    ),
    token(
        "TEAMS_WEBHOOK",
        r"webhook\.office\.com/webhookb2/[0-9a-f@-]{73}/IncomingWebhook/[0-9a-f]{32}/[0-9a-f-]{36}",
        188,
        words=("webhookb2",),
        alphabet=_URL + "@",
    ),
    token("TELEGRAM_BOT_TOKEN", r"[0-9]{8,10}:AA[A-Za-z0-9_-]{33}", 44, 46, alphabet=TOKEN + ":"),
    assigned("TWILIO_AUTH_TOKEN", ("twilio_auth_token",), r"[0-9a-f]{32}", 32),
    token("TWILIO_API_KEY", r"SK[0-9a-f]{32}", 34, score=0.9),
    token("TWILIO_ACCOUNT_SID", r"AC[0-9a-f]{32}", 34, score=0.7),
    token("SENDGRID_API_KEY", r"SG\.[A-Za-z0-9_-]{22}\.[A-Za-z0-9_-]{43}", 69, words=("sg",)),
    token("MAILGUN_API_KEY", r"key-[0-9a-f]{32}", 36, words=("key",), score=0.95),
    token("MAILCHIMP_API_KEY", r"[0-9a-f]{32}-us[0-9]{1,2}", 36, 37, score=0.95),
    token("BREVO_API_KEY", r"xkeysib-[0-9a-f]{64}-[A-Za-z0-9]{16}", 89, words=("xkeysib",)),
    token("RESEND_API_KEY", r"re_[A-Za-z0-9]{8}_[A-Za-z0-9]{24}", 36),
    token("FACEBOOK_TOKEN", r"EAA[A-Za-z][A-Za-z0-9]{80,300}", 84, 304),
    token("INTRA42_SECRET", r"s-s4t2(?:ud|af)-[0-9a-f]{64}", 73, words=("s4t2ud", "s4t2af")),
)
