"""Guards a streamed reply: what could still become a match is held back, all the rest is handed out at once.

Shows an e-mail address that arrives in pieces, and a reply that is stopped before its forbidden words come out.
Run: python examples/streaming.py
"""

from __future__ import annotations

from collections.abc import Iterator

from genai_guard import GuardBlocked, Pipeline
from genai_guard.guards import PII, BlockedPatterns

CONTACT = ["Write", " to bo", "b@ex", "ample", ".com", " or to", " the shop", "."]
SECRET = ["We are", " working", " on proj", "ect fal", "con, which", " is secret."]

pipeline = Pipeline(output=[PII(action="redact"), BlockedPatterns(["project falcon"])])


@pipeline
def ask(prompt: str) -> Iterator[str]:
    """Stand in for a model that streams its reply, a few characters at a time."""
    yield from SECRET if "working on" in prompt else CONTACT


def main() -> None:
    """Print each chunk as it comes out of the model, and then as it comes out of the pipeline."""
    print("the model says:    ", CONTACT)
    print("you get:           ", list(ask("How can I reach you?")))

    print("the model says:    ", SECRET)
    print("you get:            ", end="")
    try:
        for chunk in ask("What are you working on?"):
            print(repr(chunk), end=", ")
    except GuardBlocked as blocked:
        print(f"and then GuardBlocked: {blocked}")


if __name__ == "__main__":
    main()
