"""One call of a fake model, from the question to the last chunk."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

from genai_guard.messages import Usage
from genai_guard.testing.replies import Chunking, FakeCall, FakeReply, cut

__all__ = ["Turn"]


@dataclass(frozen=True, slots=True)
class Turn:
    """What was asked, and what is to be answered.

    Attributes:
        call: The question, as the model keeps it.
        reply: The answer.
        model: Name of the model.
        chunks: How the answer is cut.
        latency_s: Time until the answer, or its first chunk.
        chunk_latency_s: Time before each chunk.
        asked_words: Words of the question.
        reports_usage: Whether the model tells what the call took.
    """

    call: FakeCall
    reply: FakeReply
    model: str
    chunks: Chunking
    latency_s: float
    chunk_latency_s: float
    asked_words: int
    reports_usage: bool

    @property
    def usage(self) -> Usage | None:
        """What the call took: what the script says, else a token a word."""
        if not self.reports_usage:
            return None
        return self.reply.usage or Usage(self.asked_words, self._said_words())

    def whole(self) -> FakeReply:
        """Return the reply at once, or raise its error."""
        self.call.closed = True
        if self.reply.error is not None:
            raise self.reply.error
        self.call.finished = True
        return self.reply

    def pieces(self) -> Iterator[str]:
        """Yield the text chunk by chunk, and raise the error where the reply says."""
        error = self.reply.error
        for at, piece in enumerate(cut(self.reply.text, self.chunks)):
            if error is not None and at == self.reply.error_after_chunks:
                raise error
            self.call.chunks += 1
            yield piece
        if error is not None:
            raise error

    def _said_words(self) -> int:
        reply = self.reply
        texts = (reply.text, reply.reasoning, reply.refusal, *(call.json for call in reply.tool_calls))
        return sum(len(text.split()) for text in texts)
