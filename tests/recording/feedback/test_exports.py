"""Feedback joined to calls, and what becomes of both: outcomes, examples to train with, tasks, tables, assessments."""

from __future__ import annotations

import csv
import io
import json
from typing import Any
from xml.etree import ElementTree as ET

import pytest

from genai_guard.messages import Caller, Part
from genai_guard.recording import Event
from genai_guard.recording.feedback import Feedback, Value
from genai_guard.recording.feedback.export import (
    LABEL_STUDIO_CONFIG,
    assessments,
    chat_examples,
    feedback_by,
    joined,
    label_studio_tasks,
    openai_preferences,
    outcomes,
    preferences,
    read_label_studio,
    write_csv,
)
from genai_guard.recording.redaction import FAILED, TOO_LONG
from genai_guard.recording.rows import row


def logged(request_id: str, *, asked: str = "How?", said: str = "So.", **values: Any) -> dict[str, Any]:
    """A row of the log, as the log itself makes it."""
    texts = {
        "request": (Part("Be brief.", "system"), Part(asked)),
        "response": (Part("hm", "assistant", "reasoning"), Part(said, "assistant")),
    }
    return row(Event(1.7e9, request_id, **(texts | values)))


def of(request_id: str, name: str, value: Value, **values: Any) -> Feedback:
    return Feedback(request_id, name=name, value=value, **({"time_s": 1.7e9} | values))


def test_feedback_finds_its_call_by_its_id_and_by_that_of_the_caller() -> None:
    rows = [logged("r1", caller=Caller(request_id="mine")), logged("r2"), logged("r3")]
    said = [of("mine", "thumbs", "up"), of("r1", "rating", 3), of("r3", "thumbs", "down"), of("gone", "thumbs", "up")]
    told: list[tuple[str, str]] = []

    found = [
        (values["request_id"], {each.value for each in entries})
        for values, entries in joined(rows, said, on_left_out=lambda *each: told.append(each))
    ]
    assert found == [("r1", {"up", 3.0}), ("r3", {"down"})]
    assert told == [("gone", "unknown request")]


def test_outcomes_are_numbers_by_request_averaged_over_sources() -> None:
    said = [
        of("r1", "thumbs", "up", source="ann"),
        of("r1", "thumbs", "down", source="bob"),
        of("r1", "rating", 4),
        of("r1", "comment", "fine"),
        of("r2", "correction", "Better."),
        of("r2", "polite", True),
        of("r3", "ranking", ("r3", "r2", "r1")),
        of("mine", "rating", 1),
    ]
    assert outcomes(said, rows=[logged("r4", caller=Caller(request_id="mine"))]) == {
        "r1": {"thumbs_up": 0.5, "rating": 4.0, "rank": 0.0},
        "r2": {"corrected": 1.0, "polite": 1.0, "rank": 0.5},
        "r3": {"rank": 1.0},
        "r4": {"rating": 1.0},
    }


def test_feedback_is_summed_up_by_a_column() -> None:
    rows = [logged("r1", model="small"), logged("r2", model="small"), logged("r3", model="large")]
    said = [of("r1", "thumbs", "up"), of("r1", "rating", 4), of("r2", "thumbs", "down"), of("gone", "thumbs", "down")]

    found = feedback_by("model", iter(rows), said)
    assert [(name, each.calls, each.with_feedback) for name, each in found.items()] == [
        ("large", 1, 0),
        ("small", 2, 2),
    ]
    assert found["small"].counts.thumbs_down_rate == 0.5
    assert found["small"].counts.mean_rating == 4.0
    assert found["large"].counts.thumbs_down_rate is None


PROMPT = [{"role": "system", "content": "Be brief."}, {"role": "user", "content": "How?"}]


def test_a_correction_is_an_example_of_a_chat() -> None:
    said = [
        of("r1", "correction", "Like so."),
        of("r1", "correction", "Or so.", source="ann"),
        of("r2", "thumbs", "up"),
    ]

    examples = list(chat_examples([logged("r1"), logged("r2")], said))
    assert examples == [
        {"messages": [*PROMPT, {"role": "assistant", "content": text}]} for text in ("Like so.", "Or so.")
    ]


def test_replies_that_were_liked_are_examples_if_one_asks_for_them() -> None:
    said = [of("r1", "thumbs", "up"), of("r2", "thumbs", "up"), of("r2", "thumbs", "down", source="ann")]

    (example,) = chat_examples([logged("r1"), logged("r2")], said, thumbs_up=True)
    assert example["messages"][-1] == {"role": "assistant", "content": "So."}


def test_a_correction_is_preferred_to_the_reply() -> None:
    said = [of("r1", "correction", "Like so."), of("r2", "correction", "So.")]

    assert list(preferences([logged("r1"), logged("r2")], said)) == [
        {
            "prompt": PROMPT,
            "chosen": [{"role": "assistant", "content": "Like so."}],
            "rejected": [{"role": "assistant", "content": "So."}],
        }
    ]
    (pair,) = openai_preferences([logged("r1")], said)
    assert pair["input"] == {"messages": PROMPT}
    assert pair["preferred_output"][0]["content"] == "Like so."
    assert pair["non_preferred_output"][0]["content"] == "So."


def test_of_a_ranking_each_reply_is_preferred_to_those_after_it_where_the_prompt_is_the_same() -> None:
    rows = [logged("r1", said="C"), logged("r2", said="A"), logged("r3", said="B"), logged("r4", asked="Why?")]
    told: list[tuple[str, str]] = []
    said = [of("r1", "ranking", ("r2", "r3", "r1", "r4", "gone")), of("r4", "ranking", ("r4", "r1"))]

    pairs = [
        (pair["chosen"][0]["content"], pair["rejected"][0]["content"])
        for pair in preferences(rows, said, on_left_out=lambda *each: told.append(each))
    ]
    assert pairs == [("A", "B"), ("A", "C"), ("B", "C")]
    assert told == [("r4", "no two ranked replies to one prompt")]


@pytest.mark.parametrize(
    ("values", "reason"),
    [
        ({"request": ()}, "no request"),
        ({"response": ()}, "no response"),
        ({"response": (Part(TOO_LONG, "assistant"),)}, "no response"),
        ({"response": (Part("a", "assistant"), Part("b", "assistant"))}, "several replies"),
        ({"response": (Part("a", "assistant", "reasoning"),)}, "no reply"),
        ({"request": (Part("{}", "assistant", "arguments"),)}, "tool calls"),
    ],
)
def test_what_is_no_conversation_of_texts_is_left_out_with_the_reason(values: Any, reason: str) -> None:
    told: list[tuple[str, str]] = []
    said = [of("r1", "correction", "Like so.")]
    exports: list[Any] = [chat_examples, preferences, label_studio_tasks]
    for export in exports:
        assert list(export([logged("r1", **values)], said, on_left_out=lambda *each: told.append(each))) == []
    assert told == [("r1", reason)] * 3


def test_a_correction_that_was_withheld_is_no_example() -> None:
    assert list(chat_examples([logged("r1")], [of("r1", "correction", FAILED)])) == []


def test_tasks_fit_the_labelling_configuration_that_comes_with_them() -> None:
    said = [
        of("r1", "thumbs", "down"),
        of("r1", "rating", 2),
        of("r1", "correction", "Like so.", source="ann"),
        of("r1", "polite", True),
    ]
    (task,) = label_studio_tasks([logged("r1", model="small")], said)
    tags = {tag.get("name"): tag for tag in ET.fromstring(LABEL_STUDIO_CONFIG)}
    results = [result for each in task["predictions"] for result in each["result"]]

    assert task["data"]["messages"] == [*PROMPT, {"role": "assistant", "content": "So."}]
    assert (task["data"]["request_id"], task["data"]["model"]) == ("r1", "small")
    assert {each["model_version"] for each in task["predictions"]} == {"user", "ann"}
    assert {each["from_name"] for each in results} == {"thumbs", "rating", "correction"}
    for each in results:
        tag = tags[each["from_name"]]
        assert (tag.tag.lower(), tag.get("toName")) == (each["type"], each["to_name"])
    assert {choice.get("value") for choice in tags["thumbs"]} == {"up", "down"}
    assert json.loads(json.dumps(task)) == task


def test_what_was_labelled_comes_back_as_feedback() -> None:
    results = [
        {"from_name": "thumbs", "to_name": "messages", "type": "choices", "value": {"choices": ["down"]}},
        {"from_name": "rating", "to_name": "messages", "type": "rating", "value": {"rating": 2}},
        {"from_name": "correction", "to_name": "messages", "type": "textarea", "value": {"text": ["Like so."]}},
        {"from_name": "comment", "to_name": "messages", "type": "textarea", "value": {"text": [" "]}},
        {"from_name": "mood", "to_name": "messages", "type": "choices", "value": {"choices": ["sad"]}},
    ]
    annotation = {"completed_by": 7, "result": results, "updated_at": "2023-11-14T22:13:20.500000Z"}
    cancelled = annotation | {"was_cancelled": True}
    exported: list[dict[str, Any]] = [
        {"data": {"request_id": "r1"}, "annotations": [annotation, cancelled]},
        {"data": {"request_id": "r2"}, "annotations": []},
    ]

    assert list(read_label_studio(exported)) == [
        {
            "request_id": "r1", "thumbs": "down", "rating": 2, "correction": "Like so.",
            "source": "label-studio:7", "time_s": 1.7e9 + 0.5,
        }
    ]  # fmt: skip


def test_a_table_has_a_line_for_everything_that_was_said_and_no_formulas() -> None:
    file = io.StringIO(newline="")
    said = [of("r1", "comment", "=HYPERLINK(1)"), of("r1", "ranking", ("r1", "r2")), of("r2", "rating", -1)]
    written = write_csv(file, [logged("r1"), logged("r2", response=())], said)
    lines = list(csv.DictReader(io.StringIO(file.getvalue(), newline="")))

    assert written == len(lines) == 3
    assert [line["value"] for line in lines] == ["'=HYPERLINK(1)", "r1 r2", "-1.0"]
    assert lines[0]["prompt"] == "system: Be brief.\nuser: How?"
    assert (lines[0]["reply"], lines[2]["reply"]) == ("So.", "")
    assert lines[0]["time"] == "2023-11-14T22:13:20+00:00"


def test_assessments_are_those_of_mlflow() -> None:
    said = [
        of("r1", "thumbs", "down", source="ann", user="u-1", time_s=1.7e9 + 0.25),
        of("r1", "comment", "Too long.", source="ann"),
        of("r1", "correction", "Like so.", source_type="llm_judge", source="judge"),
    ]
    correction, thumbs = assessments(said)

    assert thumbs == {  # what its to_dictionary() returns
        "assessment_id": thumbs["assessment_id"],
        "assessment_name": "thumbs",
        "trace_id": "r1",
        "source": {"source_type": "HUMAN", "source_id": "ann"},
        "create_time": "2023-11-14T22:13:20.250Z",
        "last_update_time": "2023-11-14T22:13:20.250Z",
        "feedback": {"value": "down"},
        "rationale": "Too long.",
        "metadata": {"user": "u-1"},
        "valid": True,
    }
    assert correction["assessment_name"] == "expected_response"
    assert correction["expectation"] == {"value": "Like so."}
    assert correction["source"]["source_type"] == "LLM_JUDGE"


def test_an_assessment_that_was_overridden_or_withdrawn_is_not_valid() -> None:
    said = [
        of("r1", "thumbs", "up", time_s=1.0),
        of("r1", "thumbs", "down", time_s=2.0),
        of("r1", "rating", 1, time_s=3.0),
        of("r1", "rating", None, time_s=4.0),
    ]
    up, down, rating = assessments(reversed(said))

    assert [each["valid"] for each in (up, down, rating)] == [False, True, False]
    assert down["overrides"] == up["assessment_id"] != down["assessment_id"]
    assert [each["assessment_id"] for each in assessments(said)] == [
        each["assessment_id"] for each in (up, down, rating)
    ]


def test_a_comment_alone_is_an_assessment_of_its_own() -> None:
    (only,) = assessments([of("r1", "comment", "Fine."), of("r1", "thumbs", "up", source="ann")][:1])

    assert (only["assessment_name"], only["feedback"]) == ("comment", {"value": "Fine."})
    assert "rationale" not in only
