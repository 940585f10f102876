"""How providers say a text, whole and in pieces: dictionaries of their shapes, for laws that hold for each."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from typing import Any, NamedTuple

__all__ = ["DIALECTS", "Dialect"]


class Dialect(NamedTuple):
    """One provider.

    Attributes:
        whole: Makes a reply.
        stream: Makes the chunks of a stream.
        said: Joins the texts of what was handed out, be it one reply or chunks.
        usage: Tokens in and out that a reply and a stream report.
    """

    whole: Callable[[str], Any]
    stream: Callable[[Sequence[str]], list[Any]]
    said: Callable[[Iterable[Any]], str]
    usage: tuple[int, int] = (7, 3)


def _gemini(text: str, *, end: bool = True) -> dict[str, Any]:
    candidate = {"index": 0, "content": {"role": "model", "parts": [{"text": text}]}}
    if not end:
        return {"candidates": [candidate | {"finish_reason": None}]}
    usage = {"prompt_token_count": 7, "candidates_token_count": 2, "thoughts_token_count": 1}
    return {"candidates": [candidate | {"finish_reason": "STOP"}], "usage_metadata": usage}


def _gemini_said(replies: Iterable[Any]) -> str:
    return "".join(part["text"] for reply in replies for part in reply["candidates"][0]["content"]["parts"])


def _ollama(text: str, *, end: bool = True) -> dict[str, Any]:
    figures = {"done": True, "done_reason": "stop", "prompt_eval_count": 7, "eval_count": 3}
    return {"message": {"role": "assistant", "content": text}, **(figures if end else {"done": False})}


def _generated(text: str, *, end: bool = True) -> dict[str, Any]:
    figures = {"done": True, "done_reason": "stop", "prompt_eval_count": 7, "eval_count": 3, "context": [1]}
    return {"response": text, **(figures if end else {"done": False})}


def _token(text: str, *, special: bool = False) -> dict[str, Any]:
    return {"token": {"id": 1, "text": text, "special": special}, "generated_text": None, "details": None}


def _hugging_face(text: str) -> dict[str, Any]:
    prefill = [{"id": at, "text": "a"} for at in range(7)]
    return {"generated_text": text, "details": {"finish_reason": "stop", "generated_tokens": 3, "prefill": prefill}}


def _tokens(pieces: Sequence[str]) -> list[Any]:
    details = {"finish_reason": "stop", "generated_tokens": 3, "input_length": 7}
    last = _token("</s>", special=True) | {"generated_text": "".join(pieces), "details": details}
    return [*map(_token, pieces), last]


def _tokens_said(replies: Iterable[Any]) -> str:
    listed = list(replies)
    if "token" not in listed[0]:
        return "".join(reply["generated_text"] for reply in listed)
    said = "".join(chunk["token"]["text"] for chunk in listed if not chunk["token"]["special"])
    assert listed[-1]["generated_text"] in {None, said}
    return said


def _in_pieces(make: Callable[..., Any]) -> Callable[[Sequence[str]], list[Any]]:
    return lambda pieces: [*(make(piece, end=False) for piece in pieces), make("")]


DIALECTS = {
    "gemini": Dialect(_gemini, _in_pieces(_gemini), _gemini_said),
    "ollama chat": Dialect(_ollama, _in_pieces(_ollama), lambda out: "".join(one["message"]["content"] for one in out)),
    "ollama generate": Dialect(_generated, _in_pieces(_generated), lambda out: "".join(one["response"] for one in out)),
    "hugging face": Dialect(_hugging_face, _tokens, _tokens_said),
}
