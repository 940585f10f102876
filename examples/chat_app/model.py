"""The model of the chat page: that of the demo where it is installed, else a stand-in that says so."""

from __future__ import annotations

import time
from collections.abc import Callable, Generator, Iterator
from contextlib import contextmanager
from typing import Any

from genai_guard import ConfigurationError
from genai_guard.demo import Console, open_model


@contextmanager
def chosen() -> Generator[tuple[Callable[[str], Iterator[str]], str]]:
    """Start what there is; return a function that streams replies, and what people should know about it."""
    try:
        opened = open_model(Console())
        model = opened.__enter__()
    except ConfigurationError as error:
        print(f"A stand-in answers: {error}")
        yield stand_in, "A stand-in answers, no model."
        return
    try:
        yield asking(model.client), model.about
    finally:
        opened.__exit__(None, None, None)


def stand_in(prompt: str) -> Iterator[str]:
    """Answer slowly, and without any thought."""
    for word in f"There is no model here. You wrote: {prompt} Write to bot@example.com for more.".split(" "):
        time.sleep(0.05)
        yield f"{word} "


def asking(client: Any) -> Callable[[str], Iterator[str]]:
    """Return a function that streams the replies of a client of OpenAI's kind."""

    def ask(prompt: str) -> Iterator[str]:
        messages = [{"role": "system", "content": "Answer in two sentences."}, {"role": "user", "content": prompt}]
        with client.chat.completions.create(model="small", messages=messages, max_tokens=120, stream=True) as chunks:
            for chunk in chunks:
                yield (chunk.choices[0].delta.content or "") if chunk.choices else ""

    return ask
