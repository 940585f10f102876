"""What the `Secrets` guard can find: one file for each family of providers, one `Credential` for each kind."""

from genai_guard.guards.credentials.catalogue import CREDENTIALS
from genai_guard.guards.credentials.credential import Credential

__all__ = ["CREDENTIALS", "Credential"]
