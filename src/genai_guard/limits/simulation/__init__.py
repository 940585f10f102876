"""What limits would do to traffic: read it from a file, replay it on a clock that does not wait, and show it."""

from genai_guard.limits.simulation.replay import LimitResult, Result, replay
from genai_guard.limits.simulation.traffic import Row, Traffic, TrafficError, read_traffic

__all__ = ["LimitResult", "Result", "Row", "Traffic", "TrafficError", "read_traffic", "replay"]
