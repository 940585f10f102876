"""`Media`: what is no text passes or is refused, wherever it stands in a request of whichever provider."""

from __future__ import annotations

from typing import Any

import pytest

from genai_guard import ConfigurationError, GuardBlocked, Pipeline
from genai_guard.clients import request_client
from genai_guard.guards import PII, Media

CHAT = [
    {"role": "system", "content": "be kind"},
    {
        "role": "user",
        "content": [
            {"type": "text", "text": "I am jo@example.com"},
            {"type": "image_url", "image_url": {"url": "data:image/png;base64,AAAA"}},
            {"type": "input_audio", "input_audio": {"data": "AAAA", "format": "wav"}},
            {"type": "file", "file": {"file_data": "AAAA", "filename": "a.pdf"}},
            {"type": "video_url", "video_url": {"url": "https://example.com/a.mp4"}},
        ],
    },
]
ITEMS = [
    {"role": "user", "content": [{"type": "input_image", "image_url": "u"}, {"type": "input_file", "file_id": "f"}]},
    {"type": "function_call_output", "call_id": "c", "output": [{"type": "input_image", "file_id": "f"}]},
]
BLOCKS = [
    {
        "role": "user",
        "content": [
            {"type": "image", "source": {"type": "base64", "media_type": "image/png", "data": "AAAA"}},
            {"type": "document", "source": {"type": "base64", "media_type": "application/pdf", "data": "AAAA"}},
            {"type": "document", "source": {"type": "text", "media_type": "text/plain", "data": "I am jo@example.com"}},
            {"type": "tool_result", "tool_use_id": "t", "content": [{"type": "image", "source": {"type": "url"}}]},
        ],
    }
]


@pytest.mark.parametrize(
    ("content", "kwargs", "media"),
    [
        (
            CHAT,
            {},
            [
                (kind, f"messages[1].content[{at}]")
                for at, kind in enumerate(("image", "audio", "file", "video"), start=1)
            ],
        ),
        (
            ITEMS,
            {"input": ITEMS},
            [("image", "input[0].content[0]"), ("file", "input[0].content[1]"), ("image", "input[1].output[0]")],
        ),
        (
            BLOCKS,
            {"system": "be kind"},
            [
                ("image", "messages[0].content[0]"),
                ("file", "messages[0].content[1]"),
                ("image", "messages[0].content[3].content[0]"),
            ],
        ),
    ],
    ids=["chat", "responses", "anthropic"],
)
def test_whatever_is_no_text_is_seen_with_its_place(content: Any, kwargs: Any, media: Any) -> None:
    assert list(request_client(content, kwargs).read_request(content, kwargs).media) == media


def ask(content: Any, *guards: Any) -> list[Any]:
    seen: list[Any] = []

    @Pipeline(input=guards)
    def answer(messages: Any) -> str:
        seen.append(messages)
        return "fine"

    answer(content)
    return seen


def test_what_is_not_allowed_is_blocked_with_its_place() -> None:
    with pytest.raises(GuardBlocked) as caught:
        ask(CHAT, PII(), Media(allow=["image", "audio", "video"]))
    (finding,) = caught.value.findings
    assert (finding.rule, finding.category, finding.where) == ("media.file", "FILE", "messages[1].content[3]")


def test_a_request_of_nothing_but_an_image_is_blocked_too() -> None:
    with pytest.raises(GuardBlocked):
        ask([{"role": "user", "content": [CHAT[1]["content"][1]]}], Media())  # type: ignore[index]


def test_what_is_allowed_passes_as_it_is_and_the_text_beside_it_is_guarded() -> None:
    ((_, message),) = ask(CHAT, PII(), Media(allow=["image", "audio", "video", "file"]))
    assert message["content"][0] == {"type": "text", "text": "I am [EMAIL]"}
    assert message["content"][1:] == CHAT[1]["content"][1:]  # type: ignore[index]


def test_without_the_guard_all_media_pass() -> None:
    assert ask(BLOCKS)[0][0]["content"][0] == BLOCKS[0]["content"][0]


@pytest.mark.parametrize("allow", [["picture"], "picture", [3]])
def test_an_unknown_medium_is_refused(allow: Any) -> None:
    with pytest.raises(ConfigurationError, match="must be some of 'image', 'audio', 'video', 'file'"):
        Media(allow=allow)
