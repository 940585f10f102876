"""Proxies of quality, as features that can be profiled and watched for drift."""

from genai_guard.recording.quality.measures import QUALITY, distinct_n, guard_score, is_refusal

__all__ = ["QUALITY", "distinct_n", "guard_score", "is_refusal"]
