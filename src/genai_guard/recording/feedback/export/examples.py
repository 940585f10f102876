"""Corrected and ranked replies as examples to train a model with, one JSON object a line.

The texts are those of the inference log and of the corrections: redacted, with `[EMAIL]` where an address was.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from itertools import combinations
from typing import Any

from genai_guard.recording.feedback.export.conversations import (
    Conversation,
    Message,
    UnfitError,
    conversation_of,
    is_withheld,
)
from genai_guard.recording.feedback.export.joining import OnLeftOut, Row, joined
from genai_guard.recording.feedback.values import Feedback, latest

__all__ = ["chat_examples", "openai_preferences", "preferences"]


def chat_examples(
    rows: Iterable[Row], feedback: Iterable[Feedback], *, thumbs_up: bool = False, on_left_out: OnLeftOut | None = None
) -> Iterator[dict[str, Any]]:
    """Yield conversations that end in the corrected reply: `{"messages": [...]}`, for supervised fine-tuning.

    Args:
        rows: Of an inference log: `InferenceLog("inference").read()`.
        feedback: All that was said: `store.read()`.
        thumbs_up: Take replies as well that got a thumb up, none down, and no correction.
        on_left_out: Told what cannot be an example: calls with tools, texts that were not kept, unknown requests.
    """
    for row, entries in joined(rows, feedback, on_left_out=on_left_out):
        right = _corrections(entries)
        liked = thumbs_up and not right and {each.value for each in entries if each.name == "thumbs"} == {"up"}
        if not (right or liked):
            continue
        talk = _talk(row, on_left_out)
        if talk is not None:
            for text in right or [talk.reply]:
                yield {"messages": [*talk.prompt, _said(text)]}


def preferences(
    rows: Iterable[Row], feedback: Iterable[Feedback], *, on_left_out: OnLeftOut | None = None
) -> Iterator[dict[str, Any]]:
    """Yield pairs of a better and a worse reply: `prompt`, `chosen` and `rejected`, each a list of messages.

    This is the conversational form that preference trainers such as TRL's `DPOTrainer` read. A correction is better than
    the reply that it corrects; of a ranking, each reply is better than those after it, where both were asked the same.

    Args:
        rows: As for `chat_examples`.
        feedback: The same.
        on_left_out: The same; told of rankings by the call that they were given for.
    """
    entries = list(feedback)
    rankings = [each for each in latest(entries) if isinstance(each.value, tuple)]
    ranked = {request_id for each in rankings for request_id in each.value or ()}  # type: ignore[union-attr]
    talks: dict[str, Conversation] = {}

    def noted() -> Iterator[Row]:
        for row in rows:
            if row.get("request_id") in ranked and (talk := _talk(row, None)) is not None:
                talks[str(row["request_id"])] = talk
            yield row

    for row, said in joined(noted(), entries, on_left_out=on_left_out):
        right = _corrections(said)
        talk = _talk(row, on_left_out) if right else None
        if talk is not None:
            yield from (_pair(talk.prompt, text, talk.reply) for text in right if text != talk.reply)
    for ranking in rankings:
        yield from _ranked(ranking, talks, on_left_out)


def openai_preferences(
    rows: Iterable[Row], feedback: Iterable[Feedback], *, on_left_out: OnLeftOut | None = None
) -> Iterator[dict[str, Any]]:
    """Yield the same pairs as OpenAI's preference fine-tuning reads them: `input`, `preferred_output` and the other."""
    for pair in preferences(rows, feedback, on_left_out=on_left_out):
        yield {
            "input": {"messages": pair["prompt"]},
            "preferred_output": pair["chosen"],
            "non_preferred_output": pair["rejected"],
        }


def _ranked(
    ranking: Feedback, talks: Mapping[str, Conversation], on_left_out: OnLeftOut | None
) -> Iterator[dict[str, Any]]:
    ids = ranking.value if isinstance(ranking.value, tuple) else ()
    pairs = 0
    for better, worse in combinations([talks[each] for each in ids if each in talks], 2):
        if better.prompt == worse.prompt and better.reply != worse.reply:
            pairs += 1
            yield _pair(better.prompt, better.reply, worse.reply)
    if not pairs and on_left_out is not None:
        on_left_out(ranking.request_id, "no two ranked replies to one prompt")


def _corrections(entries: Iterable[Feedback]) -> list[str]:
    """Return the corrections of one call, each once."""
    texts = [str(each.value) for each in entries if each.name == "correction"]
    return [text for text in dict.fromkeys(texts) if not is_withheld(text)]


def _talk(row: Row, on_left_out: OnLeftOut | None) -> Conversation | None:
    try:
        return conversation_of(row)
    except UnfitError as reason:
        if on_left_out is not None:
            on_left_out(str(row.get("request_id")), str(reason))
        return None


def _pair(prompt: list[Message], better: str, worse: str) -> dict[str, Any]:
    return {"prompt": prompt, "chosen": [_said(better)], "rejected": [_said(worse)]}


def _said(text: str) -> Message:
    return {"role": "assistant", "content": text}
