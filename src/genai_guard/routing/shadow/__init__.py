"""Shadow traffic: a sample of calls, made a second time to another target, and compared."""

from genai_guard.routing.shadow.comparing import Comparer, Measure, similarity
from genai_guard.routing.shadow.summary import Difference, ShadowResult, ShadowSummary
from genai_guard.routing.shadow.traffic import Shadow

__all__ = ["Comparer", "Difference", "Measure", "Shadow", "ShadowResult", "ShadowSummary", "similarity"]
