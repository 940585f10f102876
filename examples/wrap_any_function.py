"""Guards functions of your own, whatever they are: here plain `def`s that stand in for a call of a model.

Shows the decorator, a refusal, and `pipeline.run`, which tells everything about one call.
Run: python examples/wrap_any_function.py
"""

from __future__ import annotations

from genai_guard import GuardBlocked, Pipeline
from genai_guard.guards import PII, BlockedPatterns

pipeline = Pipeline(
    input=[PII(action="redact"), BlockedPatterns(["project falcon"])],
    output=[PII(action="mask")],
)


@pipeline
def ask(prompt: str, *, model: str = "small") -> str:
    """Ask a model; any code that takes a text and returns one will do."""
    return f"{model} was told: {prompt} Our card is 4111 1111 1111 1111."


def summarise(document: str) -> str:
    """Another function, left as it is: `pipeline.run` guards one call of it."""
    words = document.split()
    return f"{len(words)} words, the first of them: {words[0]}."


def main() -> None:
    """Ask, be refused, and look into a call."""
    print(ask("I am bob@example.com, when do you open?"))

    try:
        ask("What is the state of Project Falcon?")
    except GuardBlocked as refused:
        print(f"{refused}, at {refused.findings[0].start}-{refused.findings[0].end}")

    outcome = pipeline.run(summarise, "+1 202-555-0143 called twice today")
    print(outcome.value)
    for verdict in outcome.verdicts:
        spans = ", ".join(f"{finding.category} {finding.start}-{finding.end}" for finding in verdict.findings)
        print(f"  {verdict.guard}: {verdict.action} {spans}")
    print(f"  about {outcome.usage.total_tokens} tokens, {outcome.timings.total_s * 1e6:.0f} microseconds")


if __name__ == "__main__":
    main()
