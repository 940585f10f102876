"""`SystemPromptLeak`: the canary, the overlap, and what neither of them is."""

from __future__ import annotations

import copy
import pickle
from typing import Any

import pytest

from genai_guard import ConfigurationError
from genai_guard.guards import SystemPromptLeak
from genai_guard.guards.base import Context
from genai_guard.messages import Part, Request
from genai_guard.verdicts import Action
from guards.system_prompt_leak_texts import CLEAN, FALSE_ALARMS, LEAKS, MISSED

PROMPT = "You are the concierge of Hotel Miramar. Never tell anyone that room 404 is kept free for the owner."
LEAK = "never tell anyone that room 404 is kept free"
TOKEN = "qwmzkpvtrhxb"


def planted(guard: SystemPromptLeak) -> str:
    """Return the token that the guard plants."""
    return guard.plant("").split()[-1]


def context(*parts: Part) -> Context:
    return Context(side="output", request=Request(parts))


@pytest.mark.parametrize(("prompt", "reply"), [pair for pair in LEAKS if pair not in MISSED])
def test_a_leak_is_found(prompt: str, reply: str) -> None:
    assert SystemPromptLeak().check(reply, system_prompt=prompt).blocked


@pytest.mark.parametrize(("prompt", "reply"), [pair for pair in CLEAN if pair not in FALSE_ALARMS])
def test_an_honest_reply_passes(prompt: str, reply: str) -> None:
    assert SystemPromptLeak().check(reply, system_prompt=prompt).findings == ()


@pytest.mark.parametrize(("prompt", "reply"), MISSED)
def test_what_is_reworded_translated_or_taken_apart_is_missed(prompt: str, reply: str) -> None:
    assert SystemPromptLeak().check(reply, system_prompt=prompt).findings == ()


@pytest.mark.parametrize(("prompt", "reply"), FALSE_ALARMS)
def test_what_the_system_prompt_asks_to_say_is_found_unless_it_is_an_exception(prompt: str, reply: str) -> None:
    said = (
        "An adviser will call back within two working days",
        "Hello and welcome to Fern & Fable, how may I help you today?",
    )
    assert SystemPromptLeak().check(reply, system_prompt=prompt).blocked
    assert SystemPromptLeak(exceptions=said).check(reply, system_prompt=prompt).findings == ()


def test_the_token_is_planted_in_a_line_of_its_own() -> None:
    guard = SystemPromptLeak(canary=TOKEN)
    assert guard.plant(PROMPT).splitlines()[0] == PROMPT
    assert guard.plant(PROMPT).endswith(TOKEN)


def test_planting_twice_is_planting_once() -> None:
    guard = SystemPromptLeak()
    assert guard.plant(guard.plant(PROMPT)) == guard.plant(PROMPT)


def test_without_a_canary_nothing_is_planted_or_looked_for() -> None:
    guard = SystemPromptLeak(canary=False)
    assert guard.plant(PROMPT) == PROMPT
    assert guard.rules == ()
    assert guard.check(TOKEN).action is Action.ALLOW


@pytest.mark.parametrize(
    "disguise",
    [
        str,
        str.upper,
        " ".join,
        "-".join,
        "\u200b".join,
        lambda token: token.encode().hex(),
        lambda token: f"<!-- {token} -->",
        lambda token: "".join(chr(ord(letter) - ord("a") + 0xFF41) for letter in token),
    ],
)
def test_the_token_is_found_in_disguise(disguise: Any) -> None:
    guard = SystemPromptLeak()
    text = f"It says: {disguise(planted(guard))}, and more."
    (finding,) = guard.check(text).findings
    assert finding.rule == "system_prompt_leak.canary"


def test_each_guard_draws_its_own_token() -> None:
    assert planted(SystemPromptLeak()) != planted(SystemPromptLeak())


def test_guards_with_the_same_parameters_are_equal_whatever_their_tokens() -> None:
    assert SystemPromptLeak() == SystemPromptLeak()
    assert hash(SystemPromptLeak()) == hash(SystemPromptLeak())
    assert SystemPromptLeak() != SystemPromptLeak(9)


@pytest.mark.parametrize("copied", [copy.copy, copy.deepcopy, lambda guard: pickle.loads(pickle.dumps(guard))])
def test_a_copy_looks_for_the_same_token(copied: Any) -> None:
    guard = SystemPromptLeak()
    assert copied(guard).check(planted(guard)).blocked


def test_the_token_stands_in_no_repr() -> None:
    guard, given = SystemPromptLeak(), SystemPromptLeak(canary=TOKEN)
    assert planted(guard) not in f"{guard!r} {guard.rules!r} {guard.check(planted(guard))!r}"
    assert TOKEN not in f"{given!r} {given.rules!r} {given.check(TOKEN)!r}"


def test_the_system_prompt_stands_in_no_finding() -> None:
    verdict = SystemPromptLeak().check(LEAK, system_prompt=PROMPT)
    assert "404" not in repr(verdict)
    assert [finding.category for finding in verdict.findings] == ["SYSTEM_PROMPT"]


def test_redaction_takes_the_whole_run() -> None:
    guard = SystemPromptLeak(action="redact", canary=TOKEN)
    text = f"Well: {LEAK} for the owner. Ref {TOKEN}!"
    assert guard.check(text, system_prompt=PROMPT).text == "Well: [SYSTEM_PROMPT]. Ref [SYSTEM_PROMPT]!"


def test_shadow_changes_nothing() -> None:
    verdict = SystemPromptLeak(action="redact", mode="shadow").check(LEAK, system_prompt=PROMPT)
    assert (verdict.text, len(verdict.findings)) == (LEAK, 1)


def test_the_length_of_a_run_is_a_parameter() -> None:
    reply = "Hotel Miramar never tell anyone?"
    assert SystemPromptLeak(5).check(reply, system_prompt=PROMPT).blocked
    assert SystemPromptLeak(6).check(reply, system_prompt=PROMPT).findings == ()


def test_disguises_are_seen_through_unless_that_is_switched_off() -> None:
    hidden = LEAK.encode().hex()
    assert SystemPromptLeak().check(hidden, system_prompt=PROMPT).blocked
    assert SystemPromptLeak(normalize=False).check(hidden, system_prompt=PROMPT).findings == ()


def test_the_views_of_a_call_are_those_of_its_system_prompts() -> None:
    guard = SystemPromptLeak()
    views = guard.views_for(
        context(Part(PROMPT, "system"), Part("Say hello to every guest by name", "system"), Part("hi"))
    )
    assert views is not None
    assert len(views.find(LEAK)) == 1
    assert len(views.find("say hello to every guest by name please, say hello to every guest")) == 0
    assert views is guard.views_of(PROMPT + "\nSay hello to every guest by name")


def test_a_call_without_a_system_prompt_has_no_views() -> None:
    assert SystemPromptLeak().views_for(context(Part(PROMPT, "user"))) is None


@pytest.mark.parametrize("prompt", ["", "Be nice.", "?!", "Be very nice"])
def test_a_system_prompt_of_fewer_than_four_words_is_not_looked_for(prompt: str) -> None:
    assert SystemPromptLeak().views_of(prompt) is None


@pytest.mark.parametrize(
    ("parameters", "message"),
    [
        ({"min_words": 2}, "min_words=2"),
        ({"min_words": True}, "min_words=True"),
        ({"min_words": "8"}, "min_words='8'"),
        ({"canary": "short"}, "at least 8 ASCII letters and digits"),
        ({"canary": "two words here"}, "ASCII letters and digits"),
        ({"canary": 7}, "not int"),
        ({"canary": ""}, "at least 8"),
        ({"exceptions": "one text"}, "takes a list of texts, not str"),
        ({"exceptions": ["fine", " "]}, "item 1"),
        ({"exceptions": [3]}, "item 0"),
        ({"action": "mask"}, "action='mask'"),
    ],
)
def test_wrong_parameters_are_refused(parameters: dict[str, Any], message: str) -> None:
    with pytest.raises(ConfigurationError, match="SystemPromptLeak") as raised:
        SystemPromptLeak(**parameters)
    assert message in str(raised.value)


def test_a_token_that_is_refused_is_not_repeated() -> None:
    with pytest.raises(ConfigurationError) as raised:
        SystemPromptLeak(canary="hush-hush")
    assert "hush" not in str(raised.value)
