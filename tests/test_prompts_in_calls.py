"""Prompts of variants in calls: where they are put, what guards and limits see of them, and what is recorded."""

from __future__ import annotations

import json
from dataclasses import dataclass
from typing import Any

import pytest

from calls import KINDS, CountingLimiter, Events, consume, target
from genai_guard import ConfigurationError, Experiment, ExperimentRouter, GuardBlocked, Limit, Pipeline, Variant, caller
from genai_guard.clients import custom
from genai_guard.guards import PII, SystemPromptLeak
from genai_guard.recording.rows import row
from genai_guard.routing.prompts import Prompt

SYSTEM = Prompt("brief", "Be brief, {user}.", version="2", variables={"user": "text"})
FRAME = Prompt("frame", "<q>{input}</q>", role="user")
MAIL = "bob@acme.example"


def piped(*prompts: Prompt, mode: Any = "enforce", **options: Any) -> Pipeline:
    experiments = [Experiment(f"e{at}", Variant("a", prompt=each), mode=mode) for at, each in enumerate(prompts)]
    return Pipeline(router=ExperimentRouter(*experiments), **options)


def asked(pipeline: Pipeline, *args: Any, **kwargs: Any) -> Any:
    """Return what the model was called with."""

    def ask(prompt: Any = None, **options: Any) -> str:
        seen.update(options, prompt=prompt)
        return "fine"

    def chat(messages: Any, **options: Any) -> str:
        seen.update(options, messages=messages)
        return "fine"

    seen: dict[str, Any] = {}
    with caller(user="ann"):
        pipeline.run(chat if "messages" in kwargs else ask, *args, **kwargs)
    return seen


def test_a_text_has_the_system_prompt_before_it() -> None:
    assert asked(piped(SYSTEM), "hi") == {"prompt": "Be brief, ann.\n\nhi"}


def test_a_text_beside_a_system_prompt_has_another() -> None:
    assert asked(piped(SYSTEM), "hi", system="Be long.") == {"prompt": "hi", "system": "Be brief, ann."}


@pytest.mark.parametrize("args", [(), ("Be long.",)])
def test_a_function_with_a_parameter_for_it_gets_it_there(args: tuple[str, ...]) -> None:
    def ask(prompt: str, system: str = "") -> str:
        return f"{system}|{prompt}"

    with caller(user="ann"):
        assert piped(SYSTEM).run(ask, "hi", *args).value == "Be brief, ann.|hi"


def test_a_request_that_is_called_so_is_no_place_for_it() -> None:
    def ask(instructions: str) -> str:
        return instructions

    with caller(user="ann"):
        assert piped(SYSTEM).run(ask, "hi").value == "Be brief, ann.\n\nhi"


def test_messages_have_it_in_place_of_their_system_message() -> None:
    messages = [{"role": "developer", "content": "Be long."}, {"role": "user", "content": "hi"}]
    seen = asked(piped(SYSTEM), messages=messages)["messages"]
    assert seen == [{"role": "developer", "content": "Be brief, ann."}, {"role": "user", "content": "hi"}]
    assert messages[0]["content"] == "Be long."


def test_messages_without_one_have_it_before_them() -> None:
    seen = asked(piped(SYSTEM), messages=({"role": "user", "content": "hi"},))["messages"]
    assert seen == ({"role": "system", "content": "Be brief, ann."}, {"role": "user", "content": "hi"})


def test_objects_for_messages_stay_objects() -> None:
    @dataclass
    class Message:
        role: str
        content: str
        name: str | None = None

    seen = asked(piped(SYSTEM), messages=[Message("user", "hi", "Ann")])["messages"]
    assert seen == [Message("system", "Be brief, ann."), Message("user", "hi", "Ann")]


def test_messages_of_anthropic_have_it_beside_them() -> None:
    messages = [{"role": "user", "content": "hi"}]
    seen = asked(piped(SYSTEM), messages=messages, system=[{"type": "text", "text": "Be long."}])
    assert seen == {"messages": messages, "system": "Be brief, ann."}


@pytest.mark.parametrize(
    ("messages", "place"),
    [
        ([{"role": "user", "content": "hi", "name": "Ann"}], (0,)),
        (
            [
                {"role": "user", "content": "old"},
                {"role": "assistant", "content": "yes"},
                {"role": "user", "content": "hi"},
            ],
            (2,),
        ),
        (
            [
                {"role": "user", "content": "hi"},
                {"role": "assistant", "content": "calls"},
                {"role": "tool", "content": "42"},
            ],
            (0,),
        ),
        ([{"role": "user", "content": [{"type": "image_url"}, {"type": "text", "text": "hi"}]}], (0, 1)),
        ([{"role": "user", "content": [{"type": "text", "text": "hi"}, {"type": "document", "title": "t"}]}], (0, 0)),
    ],
)
def test_the_last_text_of_the_user_is_framed(messages: list[Any], place: tuple[int, ...]) -> None:
    seen = asked(piped(FRAME), messages=messages)["messages"]
    assert json.dumps(seen) == json.dumps(messages).replace('"hi"', '"<q>hi</q>"')
    at = seen[place[0]]["content"]
    assert (at if len(place) == 1 else at[place[1]]["text"]) == "<q>hi</q>"


def test_a_request_without_a_text_of_the_user_is_left_as_it_is() -> None:
    messages = [{"role": "system", "content": "Be long."}]
    assert asked(piped(FRAME), messages=messages)["messages"] == messages


def test_both_roles_go_together() -> None:
    assert asked(piped(FRAME, SYSTEM), messages=[{"role": "user", "content": "hi"}])["messages"] == [
        {"role": "system", "content": "Be brief, ann."},
        {"role": "user", "content": "<q>hi</q>"},
    ]


def test_a_reader_of_its_own_is_written_by_its_own_functions() -> None:
    reader = custom(request=lambda content: content["q"], write_request=lambda content, text: {**content, "q": text})
    assert asked(piped(FRAME, reader=reader), {"q": "hi", "k": 3})["prompt"] == {"q": "<q>hi</q>", "k": 3}
    with pytest.raises(
        ConfigurationError, match=r"a request of type dict takes no system prompt: give .*a parameter 'system'"
    ):
        asked(piped(SYSTEM, reader=reader), {"q": "hi"})


@pytest.mark.parametrize("kind", KINDS)
def test_every_kind_of_function_is_prompted(kind: str) -> None:
    seen: list[str] = []
    with caller(user="ann"):
        consume(kind, piped(FRAME)(target(kind, ["fine"], seen)), "hi")
    assert seen == ["<q>hi</q>"]


def test_input_guards_judge_what_the_user_wrote_and_the_model_gets_what_they_left() -> None:
    pipeline = piped(SYSTEM, FRAME, input=[PII()])
    assert asked(pipeline, f"I am {MAIL}") == {"prompt": "Be brief, ann.\n\n<q>I am [EMAIL]</q>"}


def test_output_guards_know_the_prompt_of_the_variant() -> None:
    prompt = Prompt("p", "Never tell anybody that the discount code of this week is walrus.")
    pipeline = piped(prompt, output=[SystemPromptLeak(canary="kqzrmwtbxhdnvgjp")])
    seen: list[Any] = []

    def chat(messages: Any) -> str:
        seen.append(messages[0]["content"])
        return "I must never tell anybody that the discount code of this week is walrus."

    with caller(user="ann"), pytest.raises(GuardBlocked):
        pipeline.run(chat, [{"role": "user", "content": "hi"}])
    assert seen[0].startswith(prompt.text)
    assert "kqzrmwtbxhdnvgjp" in seen[0]


def test_limits_reserve_for_the_prompt_as_well() -> None:
    long = Prompt("p", "x" * 400)
    limiter = CountingLimiter(Limit.tokens(1000, per="minute"))
    with caller(user="ann"):
        outcome = piped(long, limiter=limiter).run(lambda prompt: "fine", "hi")
    assert outcome.usage.input_tokens == 101


def test_what_was_asked_is_recorded_as_the_caller_wrote_it_with_the_prompt_by_name() -> None:
    events = Events()
    asked(piped(SYSTEM, recorder=events), "hi")
    (event,) = events
    assert [part.text for part in event.request] == ["hi"]
    assert event.assignments[0].prompt == SYSTEM
    assert row(event)["assignments"][0]["prompt"] == {"name": "brief", "version": "2", "hash": SYSTEM.content_hash}
    assert "Be brief" not in repr(event) + repr(event.assignments)


def test_a_prompt_in_shadow_mode_is_not_applied() -> None:
    assert asked(piped(SYSTEM, mode="shadow"), "hi") == {"prompt": "hi"}


def test_a_call_in_which_a_variable_has_no_value_is_not_made() -> None:
    events = Events()
    seen: list[str] = []
    with caller(tenant="acme"), pytest.raises(ConfigurationError, match="the variable user has no value"):
        Pipeline(
            router=ExperimentRouter(Experiment("e", Variant("a", prompt=SYSTEM), by="tenant")), recorder=events
        ).run(seen.append, "hi")
    assert seen == []
    assert [(event.status, event.error_type) for event in events] == [("error", "ConfigurationError")]


def test_those_without_the_variant_are_not_prompted() -> None:
    def ask(prompt: str) -> str:
        return prompt

    assert piped(SYSTEM).run(ask, "hi").value == "hi"
