"""What MLflow hands to a model, and what it is: pure, and without MLflow."""

from __future__ import annotations

from typing import Any

import pytest

from genai_guard.clients import Delta
from genai_guard.integrations.mlflow.answering import Answer, Question
from genai_guard.integrations.mlflow.items import Items
from genai_guard.integrations.mlflow.rows import answers_for, question_in, rows_of

TURN = [{"role": "user", "content": "hi"}]


@pytest.mark.parametrize(
    ("given", "prompts"),
    [
        ("hi", ["hi"]),
        (["a", "b"], ["a", "b"]),
        ({"prompt": "hi"}, ["hi"]),
        ({"prompt": ["a", "b"], "user": "u"}, ["a", "b"]),
        ([{"prompt": "a"}, {"prompt": "b"}], ["a", "b"]),
        ([], []),
    ],
)
def test_rows_come_as_texts_mappings_and_columns(given: Any, prompts: list[str]) -> None:
    questions = [question_in(row, takes="prompt", params={}) for row in rows_of(given)]
    assert [each.content for each in questions if isinstance(each, Question)] == prompts


def test_rows_come_as_tables_whose_gaps_are_nothing() -> None:
    pd: Any = pytest.importorskip("pandas")
    for given, users in (
        (pd.DataFrame({"prompt": ["a", "b"], "user": [None, float("nan")]}), [{}, {}]),
        (pd.DataFrame({"prompt": ["a", "b"], "user": pd.array([7, None], dtype="Int64")}), [{"user": "7"}, {}]),
        (pd.DataFrame([{"prompt": ["a", "b"]}]), [{}, {}]),
    ):
        questions = [question_in(row, takes="prompt", params={}) for row in rows_of(given)]
        assert questions == [Question(prompt, user, {}, {}) for prompt, user in zip("ab", users, strict=True)]


def test_a_prompt_becomes_a_message_for_a_function_of_messages() -> None:
    assert question_in("hi", takes="messages", params={}) == Question(TURN, {}, {}, {})
    assert question_in({"messages": TURN}, takes="messages", params={}) == Question(TURN, {}, {}, {})


def test_columns_say_on_whose_behalf_and_all_others_are_tags() -> None:
    row = {"prompt": "hi", "user": 42, "session": "s", "tenant": "", "plan": "pro", "country": None}
    question = question_in(row, takes="prompt", params={"temperature": 0.5})
    assert question == Question("hi", {"user": "42", "session": "s"}, {"plan": "pro"}, {"temperature": 0.5})


@pytest.mark.parametrize("row", [{}, {"prompt": None}, {"prompt": 7}, 7, None, {"messages": "hi"}, {"messages": TURN}])
def test_a_row_that_asks_nothing_is_answered_so(row: Any) -> None:
    answer = question_in(row, takes="prompt", params={})
    assert isinstance(answer, Answer)
    assert (answer.status, answer.http_status) == ("bad_request", 400)


def test_a_table_is_answered_by_a_table_and_a_list_by_a_list() -> None:
    pd: Any = pytest.importorskip("pandas")
    answers = [
        Answer("hi", request_id="r-1"),
        Answer(status="blocked", http_status=400, reason="pii blocked the input"),
    ]
    table = answers_for(pd.DataFrame({"prompt": ["a", "b"]}), answers)
    assert table.to_dict(orient="records") == answers_for(["a", "b"], answers) == [each._asdict() for each in answers]


def test_neither_questions_nor_answers_show_their_texts() -> None:
    question = question_in({"prompt": "my secret", "user": "u"}, takes="prompt", params={"stop": "my secret"})
    assert "secret" not in f"{question!r} {Answer('my secret', request_id='r-1')!r}"


def test_pieces_become_one_message_and_an_item_for_each_tool_call() -> None:
    items = Items("r-1")
    for delta in [
        Delta(0, "Let me ", kind="reasoning"),
        Delta(1, "I "),
        Delta(2, '{"to":', kind="arguments", name="send"),
        Delta(1, "write."),
        Delta(2, ' "jo"}', kind="arguments"),
        Delta(3, "{}", kind="arguments", name="stop"),
    ]:
        items.add(delta)
    thought, message, send, stop = items.done()
    assert thought["summary"] == [{"type": "summary_text", "text": "Let me "}]
    assert (message["content"][0]["text"], message["id"]) == ("I write.", items.message_id)
    assert (send["name"], send["arguments"]) == ("send", '{"to": "jo"}')
    assert len({send["call_id"], stop["call_id"], send["id"], stop["id"]}) == 4
