"""Guardrails, rate limits, A/B tests and metrics around any LLM call, in the caller's own process."""
