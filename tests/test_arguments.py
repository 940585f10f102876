"""Law 5 for arguments: a text is guarded however it is passed, by position or name, or the call is refused."""

from __future__ import annotations

from typing import Any

import pytest

from genai_guard import ConfigurationError, GuardBlocked, Pipeline
from genai_guard.guards import BlockedPatterns

BAD = "poison"
GUARDED = Pipeline(input=[BlockedPatterns([BAD])], output=[BlockedPatterns([BAD])])
REDACTED = Pipeline(input=[BlockedPatterns([BAD], action="redact")])
TURN = {"role": "user", "content": "hi"}
RESULT = {"type": "function_call_output", "call_id": "c", "output": BAD}


def seen(*args: Any, **kwargs: Any) -> str:
    return repr((args, kwargs))


def with_prompt(prompt: str, system: Any = "", model: str = "m", *, suffix: str = "") -> str:
    return seen(prompt, system, model, suffix)


def with_messages(messages: Any, instructions: str = "", prompt: Any = None) -> str:
    return seen(messages, instructions, prompt)


def with_input(input: Any, model: str = "m") -> str:  # noqa: A002  as the Responses API names it
    return seen(input, model)


@pytest.mark.parametrize(
    ("fn", "args", "kwargs"),
    [
        (with_prompt, ("hi", BAD), {}),
        (with_prompt, ("hi", [{"type": "text", "text": BAD}], "m"), {}),
        (with_prompt, ("hi",), {"suffix": BAD}),
        (with_messages, ([TURN], BAD), {}),
        (with_messages, ([TURN],), {"instructions": BAD}),
        (with_input, ([TURN, RESULT],), {}),
        (with_input, ([TURN, RESULT], "m"), {}),
    ],
)
def test_a_text_beside_the_request_is_guarded_by_position_and_name(fn: Any, args: Any, kwargs: Any) -> None:
    with pytest.raises(GuardBlocked):
        GUARDED.wrap(fn)(*args, **kwargs)
    assert BAD not in REDACTED.wrap(fn)(*args, **kwargs)


def test_a_call_that_says_two_things_is_refused() -> None:
    with pytest.raises(ConfigurationError, match="messages= and prompt=, and only the first is read") as caught:
        GUARDED.wrap(with_messages)([TURN], prompt=BAD)
    assert BAD not in str(caught.value)
    assert "hi" in GUARDED.wrap(with_messages, prompt="messages")([TURN], prompt="the name of a template")
    assert "hi" in GUARDED.wrap(with_messages)([TURN], prompt={"id": "p"})


def test_arguments_that_a_function_does_not_take_are_its_own_error() -> None:
    for args, kwargs in ((("a", "b", "c", "d"), {}), (("a", "b"), {"system": "c"})):
        with pytest.raises(TypeError):
            GUARDED.wrap(with_prompt)(*args, **kwargs)


@pytest.mark.parametrize(
    "item",
    [
        {"type": "computer_call", "actions": [{"type": "type", "text": BAD}]},
        {"type": "apply_patch_call", "operation": {"type": "create_file", "path": BAD, "diff": "+"}},
        {"type": "local_shell_call", "action": {"type": "exec", "command": ["ls"], "env": {"A": BAD}}},
        {"type": "image_generation_call", "revised_prompt": BAD, "result": "aGk="},
    ],
)
def test_whatever_an_item_of_a_response_says_is_guarded(item: dict[str, Any]) -> None:
    with pytest.raises(GuardBlocked):
        GUARDED.wrap(lambda prompt: {"object": "response", "output": [item]})("hi")
