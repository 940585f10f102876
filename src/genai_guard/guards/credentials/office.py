"""Documents, tables, designs, maps and tickets."""

from __future__ import annotations

from typing import Final

from genai_guard.guards.credentials.credential import TOKEN, assigned, token

__all__ = ["CREDENTIALS"]

CREDENTIALS: Final = (
    token("AIRTABLE_TOKEN", r"pat[A-Za-z0-9]{14}\.[0-9a-f]{64}", 82),
    token("ATLASSIAN_TOKEN", r"ATATT3[A-Za-z0-9_-]{150,240}=[0-9A-F]{8}", 165, 255, alphabet=TOKEN + "="),
    token("ATLASSIAN_CONNECT_SECRET", r"ATCTT3[A-Za-z0-9_-]{150,240}=[0-9A-F]{8}", 165, 255, alphabet=TOKEN + "="),
    token("ASANA_TOKEN", r"[0-2]/[0-9]{16}(?:/[0-9]{16})?:[0-9a-f]{32}", 51, 68, alphabet=TOKEN + "/:"),
    token("DROPBOX_TOKEN", r"sl\.(?:u\.)?[A-Za-z0-9_-]{130,900}", 133, 905, words=("sl",)),
    token("FIGMA_TOKEN", r"fig[dour]_[A-Za-z0-9_-]{40,48}", 45, 53),
    token("LINEAR_API_KEY", r"lin_(?:api|oauth)_[A-Za-z0-9]{40,64}", 48, 74),
    token("NOTION_TOKEN", r"ntn_[0-9]{11}[A-Za-z0-9]{35}", 50),
    token("NOTION_SECRET", r"secret_[A-Za-z0-9]{43}", 50),
    token("MAPBOX_SECRET_TOKEN", r"sk\.eyJ1[A-Za-z0-9_-]{40,200}\.[A-Za-z0-9_-]{22}", 70, 230, words=("sk",)),
    token("HUBSPOT_TOKEN", r"pat-(?:na|eu|ap)[0-9]-[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12}", 44, words=("pat",)),
    token("CONTENTFUL_TOKEN", r"CFPAT-[A-Za-z0-9_-]{43}", 49, words=("cfpat",)),
    token("FRAMEIO_TOKEN", r"fio-u-[A-Za-z0-9_=-]{64}", 70, words=("fio",), alphabet=TOKEN + "="),
    token("README_API_KEY", r"rdme_[a-z0-9]{70}", 75),
    token("CLICKUP_TOKEN", r"pk_[0-9]{6,9}_[A-Z0-9]{32}", 42, 45),
    assigned("ALGOLIA_ADMIN_KEY", ("algolia_api_key", "algolia_admin_key"), r"[0-9a-f]{32}", 32),
    assigned("ZENDESK_TOKEN", ("zendesk_api_token", "zendesk_token"), r"[A-Za-z0-9]{40}", 40),
)
