"""Any ASGI application around a pipeline: who is calling, answers to refusals, streams of events. No framework is needed."""

from __future__ import annotations

from genai_guard.integrations.asgi.answers import EventStream, send_problem
from genai_guard.integrations.asgi.callers import Callers, Scope, Who
from genai_guard.integrations.asgi.events import Encode, as_json, events, opened, outcome_data, server_sent_event
from genai_guard.integrations.asgi.middleware import GuardMiddleware
from genai_guard.integrations.asgi.problems import PROBLEM_TYPE, Problem, Problems
from genai_guard.integrations.asgi.room import check_room, limit_headers

__all__ = [
    "PROBLEM_TYPE",
    "Callers",
    "Encode",
    "EventStream",
    "GuardMiddleware",
    "Problem",
    "Problems",
    "Scope",
    "Who",
    "as_json",
    "check_room",
    "events",
    "limit_headers",
    "opened",
    "outcome_data",
    "send_problem",
    "server_sent_event",
]
