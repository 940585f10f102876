"""What the `PII` guard can find: one file for each family of entities, one `Entity` for each kind."""

from genai_guard.guards.entities.catalogue import ENTITIES
from genai_guard.guards.entities.entity import Entity, mask_all, mask_but_last

__all__ = ["ENTITIES", "Entity", "mask_all", "mask_but_last"]
