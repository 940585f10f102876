"""Sends a prompt through the pipeline, and keeps what became of it."""

from __future__ import annotations

import time
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field, replace
from functools import partial
from typing import TYPE_CHECKING, Any, Final, Protocol

from genai_guard.demo.console import harmless
from genai_guard.demo.prompts import Prompt
from genai_guard.demo.spans import shortened
from genai_guard.errors import GuardBlocked, Rejected
from genai_guard.verdicts import Verdict

if TYPE_CHECKING:
    from genai_guard.pipeline import Pipeline

__all__ = ["Answer", "Turn", "ask", "ask_together", "begin", "stream"]

_AT_ONCE: Final = 16
_ERROR_CHARS: Final = 200
_STREAM: Final = {"stream": True, "stream_options": {"include_usage": True}}


class Answer(Protocol):
    """The function that asks the model, guarded by the pipeline."""

    def __call__(self, user: str, text: str, **options: Any) -> Any:
        """Return what `client.chat.completions.create` does for one message of one user, with these options."""
        ...


@dataclass(frozen=True, slots=True)
class Turn:
    """What became of one prompt.

    Attributes:
        prompt: What was sent.
        verdict: What the input guards say about it.
        variant: What the experiment assigned to the user; empty if the call did not get that far.
        reply: What came back, as the guards let it through.
        input_tokens: As the model counted them.
        output_tokens: As the model counted them.
        seconds: From sending it to the end of the reply.
        first_s: From sending it to the first words; None unless streamed.
        refusal: Why the pipeline refused it.
        error: What the model raised.
    """

    prompt: Prompt
    verdict: Verdict
    variant: str = ""
    reply: str = field(default="", repr=False)
    input_tokens: int = 0
    output_tokens: int = 0
    seconds: float = 0.0
    first_s: float | None = None
    refusal: Rejected | None = None
    error: str = ""

    @property
    def outcome(self) -> str:
        """`answered`, `blocked` by a guard, `denied` by a limit, or `failed`."""
        if self.error:
            return "failed"
        if self.refusal is None:
            return "answered"
        return "blocked" if isinstance(self.refusal, GuardBlocked) else "denied"


def begin(pipeline: Pipeline, prompt: Prompt) -> Turn:
    """Ask guards and router what they will say, without a call. Both are pure: the call gets the same answers."""
    variant = pipeline.router.assign(prompt.user).variant if pipeline.router is not None else ""
    return Turn(prompt, pipeline.scan_input(prompt.text), variant)


def ask(answer: Answer, turn: Turn) -> Turn:
    """Send a prompt and wait for the whole reply."""
    began = time.perf_counter()
    try:
        reply = answer(turn.prompt.user, turn.prompt.text)
    except Exception as error:  # noqa: BLE001  whatever the model's client raises is shown
        return _not_answered(turn, error, began)
    return replace(_with_usage(turn, reply), reply=_content(reply, "message"), seconds=time.perf_counter() - began)


def ask_together(answer: Answer, turns: Sequence[Turn]) -> list[Turn]:
    """Send prompts at the same moment, from threads, and wait for all replies."""
    with ThreadPoolExecutor(min(len(turns), _AT_ONCE)) as pool:
        return list(pool.map(partial(ask, answer), turns))


def stream(answer: Answer, turn: Turn, *, write: Callable[[str], None]) -> Turn:
    """Send a prompt and hand on the reply to `write` as it arrives."""
    began = time.perf_counter()
    first_s: float | None = None
    said: list[str] = []
    try:
        for chunk in answer(turn.prompt.user, turn.prompt.text, **_STREAM):
            turn = _with_usage(turn, chunk)
            if text := _content(chunk, "delta"):
                first_s = first_s or time.perf_counter() - began
                said.append(text)
                write(text)
    except Exception as error:  # noqa: BLE001  as above; a guard, too, may object in mid-stream
        return replace(_not_answered(turn, error, began), reply="".join(said))
    return replace(turn, reply="".join(said), seconds=time.perf_counter() - began, first_s=first_s)


def _not_answered(turn: Turn, error: Exception, began: float) -> Turn:
    seconds = time.perf_counter() - began
    if isinstance(error, Rejected):
        unassigned = isinstance(error, GuardBlocked) and error.stage == "input"
        return replace(turn, refusal=error, variant="" if unassigned else turn.variant, seconds=seconds)
    return replace(
        turn, error=f"{type(error).__name__}: {shortened(harmless(str(error)), _ERROR_CHARS)}", seconds=seconds
    )


def _content(reply: Any, kind: str) -> str:
    return (getattr(reply.choices[0], kind).content or "") if reply.choices else ""


def _with_usage(turn: Turn, reply: Any) -> Turn:
    usage = getattr(reply, "usage", None)
    if usage is None:
        return turn
    return replace(turn, input_tokens=usage.prompt_tokens, output_tokens=usage.completion_tokens)
