"""Classifiers in policy files."""

from __future__ import annotations

from typing import Any

import pytest
from jsonschema import Draft202012Validator

from genai_guard import ConfigurationError, Pipeline
from genai_guard.guards import Cascade, ContentSafety, LearnedClassifier, LexicalClassifier, PromptInjection
from genai_guard.policy import json_schema


class Ours:
    """A classifier of the user's own."""

    def classify(self, text: str, /) -> dict[str, float]:
        return {"hate": 0.1, "injection": 0.1}


class OursLater:
    async def classify(self, text: str, /) -> dict[str, float]:
        return {"hate": 0.1, "injection": 0.1}


ours, ours_later = Ours(), OursLater()
HERE = __name__


@pytest.mark.parametrize(
    ("classifier", "written"),
    [
        (LexicalClassifier(), {"kind": "lexical"}),
        (LearnedClassifier(), {"kind": "learned"}),
        (LearnedClassifier("harm"), {"kind": "learned", "model": "harm"}),
        (
            Cascade(LearnedClassifier("harm"), LexicalClassifier(), unsure=(0.1, 0.7), on_error="cheap"),
            {
                "kind": "cascade",
                "cheap": {"kind": "learned", "model": "harm"},
                "expensive": {"kind": "lexical"},
                "unsure": [0.1, 0.7],
                "on_error": "cheap",
            },
        ),
        (
            Cascade(LexicalClassifier(), LexicalClassifier(), unsure={"hate": (0.2, 0.5)}, timeout_s=None),
            {
                "kind": "cascade",
                "cheap": {"kind": "lexical"},
                "expensive": {"kind": "lexical"},
                "unsure": {"hate": [0.2, 0.5]},
                "timeout_s": None,
            },
        ),
    ],
)
@pytest.mark.parametrize("guard", [ContentSafety, PromptInjection])
def test_a_classifier_comes_back_from_a_policy(guard: Any, classifier: Any, written: dict[str, Any]) -> None:
    pipeline = Pipeline(input=[guard(classifier=classifier)])
    policy = pipeline.policy()
    assert policy["input"] == [{"guard": guard.kind, "classifier": written}]
    Draft202012Validator(json_schema()).validate(policy)
    assert Pipeline.from_policy(policy) == pipeline


@pytest.mark.parametrize("name", ["ours", "ours_later"])
@pytest.mark.parametrize("guard", ["content_safety", "prompt_injection"])
def test_one_of_the_users_own_is_an_import_reference_asynchronous_or_not(guard: str, name: str) -> None:
    for classifier in (
        f"{HERE}:{name}",
        {"kind": "cascade", "cheap": {"kind": "lexical"}, "expensive": f"{HERE}:{name}"},
    ):
        policy = {"version": 1, "input": [{"guard": guard, "classifier": classifier}]}
        pipeline = Pipeline.from_policy(policy)
        assert pipeline.policy() == policy
        assert Pipeline.from_policy(pipeline.policy()) == pipeline


@pytest.mark.parametrize(
    ("classifier", "message"),
    [
        ({"kind": "learnt"}, r'classifier\.kind: must be one of .*did you mean "learned"'),
        ({"kind": "cascade", "cheap": {"kind": "lexical"}}, r"classifier\.expensive: is missing"),
        (
            {"kind": "cascade", "cheap": {"kind": "lexical"}, "expensive": {"kind": "lexical"}, "unsure": [0.9, 0.2]},
            r"classifier\.unsure: .*must be a lower and an upper score",
        ),
        ({"kind": "learned", "model": "nowhere.bin"}, "there is no model at"),
        ({"kind": "transformers", "path": "no/such/folder"}, "nothing is downloaded"),
        (f"{HERE}:HERE", "must name a classifier"),
        ("harm", "import reference|mapping"),
    ],
)
def test_mistakes_are_named_with_their_place(classifier: Any, message: str) -> None:
    with pytest.raises(ConfigurationError, match=message):
        Pipeline.from_policy({"version": 1, "input": [{"guard": "content_safety", "classifier": classifier}]})
