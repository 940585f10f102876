"""What sinks send with: see `genai_guard.posting`."""

from __future__ import annotations

from genai_guard.posting import DeliveryError, post

__all__ = ["DeliveryError", "post"]
