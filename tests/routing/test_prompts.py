"""Prompts as values: what their texts may hold, how they are filled in, and what tells them apart."""

from __future__ import annotations

import pickle
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from genai_guard import ConfigurationError, Experiment, Pipeline, Variant
from genai_guard.messages import Caller
from genai_guard.routing import ExperimentRouter
from genai_guard.routing.prompts import Prompt

TONE = Prompt("support", "Answer {customer} in {words} words.", variables={"customer": "text"}, defaults={"words": 50})


def test_variables_are_filled_in_with_values_and_defaults() -> None:
    assert TONE.render(customer="Ann") == "Answer Ann in 50 words."
    assert TONE.render(customer="Ann", words=9) == "Answer Ann in 9 words."


def test_variables_are_filled_in_with_what_is_known_of_a_caller() -> None:
    prompt = Prompt(
        "p", "{user} of {tenant}, {plan}", variables={"user": "text", "tenant": "text"}, defaults={"plan": "free"}
    )
    assert prompt.render_for(Caller("ann", "acme")) == "ann of acme, free"
    assert prompt.render_for(Caller("ann", "acme", tags={"plan": "pro"})) == "ann of acme, pro"


@pytest.mark.parametrize("value", ["{customer}", "{{", "}", "{0.__class__}", "%s", "\\1", "\ud800"])
def test_a_value_is_never_read_again(value: str) -> None:
    assert TONE.render(customer=value) == f"Answer {value} in 50 words."


def test_doubled_braces_are_braces() -> None:
    assert Prompt("p", '{{"answer": "{{{x}}}"}}', variables={"x": "text"}).render(x="y") == '{"answer": "{y}"}'


@given(st.text(min_size=1).filter(str.strip), st.text(min_size=1))
def test_any_text_can_be_written_with_doubled_braces(text: str, value: str) -> None:
    escaped = text.replace("{", "{{").replace("}", "}}")
    prompt = Prompt("p", escaped + "{v}" + escaped, variables={"v": "text"})
    assert prompt.render(v=value) == text + value + text


@given(st.text(st.sampled_from("{}ax.[]!:_ 0")))
def test_any_text_is_a_prompt_or_refused(text: str) -> None:
    try:
        Prompt("p", text, variables={"a": "text"})
    except ConfigurationError as error:
        assert str(error).startswith("Prompt('p'): ")  # noqa: PT017  it may also be a prompt


@pytest.mark.parametrize(
    ("kind", "value", "written"),
    [
        ("text", "a b", "a b"),
        ("integer", 7, "7"),
        ("integer", "-7", "-7"),
        ("number", 0.5, "0.5"),
        ("number", "1e3", "1e3"),
        ("number", 7, "7"),
        ("bool", True, "true"),
        ("bool", "False", "False"),
    ],
)
def test_a_value_of_its_type_is_filled_in(kind: Any, value: object, written: str) -> None:
    assert Prompt("p", "{x}", variables={"x": kind}).render(x=value) == written


@pytest.mark.parametrize(
    ("kind", "value"),
    [
        ("text", 7),
        ("text", ["a"]),
        ("integer", "7.5"),
        ("integer", 7.0),
        ("integer", True),
        ("integer", "\u0667"),
        ("integer", 10**70),
        ("number", "ten"),
        ("number", float("nan")),
        ("bool", "yes"),
        ("bool", 1),
    ],
)
def test_a_value_of_another_type_is_refused_and_not_quoted(kind: Any, value: object) -> None:
    with pytest.raises(ConfigurationError) as error:
        Prompt("p", "{x}", variables={"x": kind}, version="3").render(x=value)
    assert str(error.value) == f"prompt p version 3: the variable x takes {kind}, and was given something else"


def test_a_variable_without_a_value_is_an_error() -> None:
    with pytest.raises(ConfigurationError, match="the variable customer has no value: give the caller a tag customer"):
        TONE.render()
    with pytest.raises(ConfigurationError, match="the variable customer has no value"):
        TONE.render_for(Caller("ann", tags={"customer": ""}))


def test_a_variable_too_many_is_an_error() -> None:
    with pytest.raises(ConfigurationError, match="there is no variable colour; there are customer, words"):
        TONE.render(customer="Ann", colour="red")


def test_a_user_prompt_is_put_around_the_input() -> None:
    prompt = Prompt("p", "Q: {input}\nA:", role="user")
    assert prompt.render(input="{input}?") == "Q: {input}?\nA:"
    with pytest.raises(ConfigurationError, match="input must be the text of the user"):
        prompt.render()


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"text": "{a.b}"}, r"line 1, column 1: \{a.b\} is no placeholder, which is a name in braces"),
        ({"text": "x\n {a[0]}"}, r"line 2, column 2: \{a\[0\]\} is no placeholder"),
        ({"text": "{a!r}"}, "is no placeholder"),
        ({"text": "{a:>9}"}, "is no placeholder"),
        ({"text": "{}"}, "is no placeholder"),
        ({"text": "a } b"}, r"column 3: a brace by itself; write \{\{ and \}\} for braces"),
        ({"text": "{a"}, "a brace by itself"),
        ({"text": "{a}"}, r"\{a\}, which is not declared: add it to variables=, such as \{'a': 'text'\}"),
        ({"text": "{tonne}", "variables": {"tone": "text"}}, "which is not declared: did you mean tone"),
        ({"text": "x", "variables": {"tone": "text"}}, "the variable tone does not occur in the text"),
        ({"text": "{input}"}, 'which only a prompt with role="user" has'),
        ({"text": "x", "role": "user"}, r"text= has no \{input\}"),
        ({"text": " "}, "text= must be a text, and not an empty one"),
        ({"text": "x", "role": "tool"}, "role='tool' must be 'system' or 'user'"),
        ({"text": "x", "version": ""}, "version='' must be a non-empty text"),
        ({"text": "{a}", "variables": {"a": "str"}}, r"variables\['a'\]='str' must be 'text' or 'integer'"),
        ({"text": "{a}", "variables": {"a": "integer"}, "defaults": {"a": "x"}}, r"defaults\['a'\] must be integer"),
        ({"text": "{a}", "defaults": {"a": None}}, r"defaults\['a'\] must be text"),
        ({"text": "{a}", "variables": ["a"]}, "variables= must be a mapping, not list"),
        ({"text": "{a}", "variables": {"a-b": "text"}}, "which cannot be the name of a variable"),
        ({"text": "{input}", "role": "user", "variables": {"input": "text"}}, "'input', which cannot be the name"),
        ({"text": "x", "file": "y"}, "has text= and file=; keep the one that is meant"),
        ({"file": "/nowhere/prompt.txt"}, "cannot be read as a text in UTF-8: FileNotFoundError"),
    ],
)
def test_what_cannot_work_is_refused_when_it_is_built(options: dict[str, Any], message: str) -> None:
    with pytest.raises(ConfigurationError, match=message):
        Prompt("p", **options)


def test_the_hash_is_that_of_the_content_alone() -> None:
    again = Prompt("other", TONE.text, version="9", variables={"customer": "text"}, defaults={"words": 50})
    assert again.content_hash == TONE.content_hash == "13b5020c48f31443"
    assert (
        Prompt("support", TONE.text, variables={"customer": "text"}, defaults={"words": 51}).content_hash
        != again.content_hash
    )
    assert Prompt("p", "x").content_hash != Prompt("p", "x ").content_hash


def test_a_prompt_is_a_value() -> None:
    assert pickle.loads(pickle.dumps(TONE)) == TONE
    assert hash(TONE) == hash(pickle.loads(pickle.dumps(TONE)))
    assert repr(TONE) == f"<Prompt support version 1, system, {TONE.content_hash}>"


def test_a_text_may_stand_in_a_file(tmp_path: Path) -> None:
    file = tmp_path / "prompt.txt"
    file.write_text("Be brief, {user}.", encoding="utf-8")
    prompt = Prompt("p", file=file, variables={"user": "text"})
    assert prompt.render(user="Ann") == "Be brief, Ann."


def test_policy_files_hold_prompts(tmp_path: Path) -> None:
    file = tmp_path / "prompt.txt"
    file.write_text("Be brief.", encoding="utf-8")
    policy: dict[str, Any] = {
        "version": 1,
        "experiments": [
            {
                "name": "tone",
                "variants": [
                    {"name": "file", "prompt": {"name": "brief", "file": str(file)}},
                    {
                        "name": "text",
                        "prompt": {
                            "name": "frame",
                            "text": "{input} In {words} words, {user}.",
                            "role": "user",
                            "version": "2",
                            "variables": {"user": "text"},
                            "defaults": {"words": 50},
                        },
                    },
                ],
            }
        ],
    }
    pipeline = Pipeline.from_policy(policy)
    assert isinstance(pipeline.router, ExperimentRouter)
    brief, frame = (variant.prompt for variant in pipeline.router.experiments[0].variants)
    assert brief == Prompt("brief", file=str(file))
    assert frame is not None
    assert frame.render(user="Ann", input="Hi.") == "Hi. In 50 words, Ann."
    assert pipeline.policy() == policy


def test_a_mistake_in_a_policy_is_named_with_its_place() -> None:
    with pytest.raises(ConfigurationError, match=r"experiments\[0\].variants\[0\].prompt.text: .*is no placeholder"):
        Pipeline.from_policy(
            {
                "version": 1,
                "experiments": [{"name": "e", "variants": [{"name": "a", "prompt": {"name": "p", "text": "{a.b}"}}]}],
            }
        )


def test_a_variant_takes_nothing_but_a_prompt() -> None:
    with pytest.raises(ConfigurationError, match=r"Variant\('a'\): prompt= must be a Prompt\(...\), not str"):
        Variant("a", prompt="Be brief.")  # type: ignore[arg-type]


def test_nothing_else_may_set_the_system_prompt() -> None:
    prompt = Prompt("p", "x")
    with pytest.raises(ConfigurationError, match="params= and prompt= both set the system prompt"):
        Variant("a", prompt=prompt, params={"system": "y"})
    first, second = (
        Experiment("one", Variant("a", prompt=prompt)),
        Experiment("two", Variant("a", params={"system": "y"})),
    )
    with pytest.raises(ConfigurationError, match="'one' and 'two' both set the parameter 'system'"):
        ExperimentRouter(first, second)


def test_two_experiments_cannot_both_set_a_system_prompt() -> None:
    first, second = (Experiment(name, Variant("a", prompt=Prompt("p", "x"))) for name in ("one", "two"))
    framed = Experiment("three", Variant("a", prompt=Prompt("p", "{input}", role="user")))
    ExperimentRouter(first, framed)
    with pytest.raises(ConfigurationError, match="'one' and 'two' both have a system prompt"):
        ExperimentRouter(first, second)
