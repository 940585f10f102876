"""The action `pseudonymize`: stand-ins for personal data, and the way back."""

from genai_guard.guards.pseudonyms.calls import CallVault, Vaults
from genai_guard.guards.pseudonyms.pending import Pending, Pseudonyms
from genai_guard.guards.pseudonyms.restoring import Restorer
from genai_guard.guards.pseudonyms.vault import Vault, VaultFull

__all__ = ["CallVault", "Pending", "Pseudonyms", "Restorer", "Vault", "VaultFull", "Vaults"]
