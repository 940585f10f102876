from __future__ import annotations

from pathlib import Path

import pytest

from genai_guard import ConfigurationError
from genai_guard.demo.prompts import Prompt, bursts, load_prompts


def write(folder: Path, name: str, content: bytes | str) -> Path:
    path = folder / name
    path.write_bytes(content if isinstance(content, bytes) else content.encode())
    return path


def test_json_lines_name_the_user_of_each_prompt(tmp_path: Path) -> None:
    path = write(tmp_path, "a.jsonl", '{"user": "ana", "text": "hi", "stream": true}\n\n{"user": "bo", "text": "ho"}\n')
    assert load_prompts(path) == (Prompt("ana", "hi", stream=True), Prompt("bo", "ho"))


def test_plain_text_has_one_prompt_a_line_each_of_a_user_of_its_own(tmp_path: Path) -> None:
    path = write(tmp_path, "a.txt", "hi\n\n  where is my parcel?  \r\n")
    assert load_prompts(path) == (Prompt("user-1", "hi"), Prompt("user-2", "where is my parcel?", stream=True))


def test_a_byte_order_mark_is_no_part_of_the_first_prompt(tmp_path: Path) -> None:
    assert load_prompts(write(tmp_path, "a.txt", "\ufeffhi"))[0].text == "hi"


def test_braces_in_plain_text_are_no_json(tmp_path: Path) -> None:
    assert load_prompts(write(tmp_path, "a.txt", "{not json}"))[0].text == "{not json}"


def test_the_last_prompt_is_streamed_when_the_file_asks_for_no_stream(tmp_path: Path) -> None:
    path = write(tmp_path, "a.jsonl", '{"user": "a", "text": "1"}\n{"user": "b", "text": "2"}')
    assert [prompt.stream for prompt in load_prompts(path)] == [False, True]


@pytest.mark.parametrize(
    ("line", "complaint"),
    [
        ("my secret", "not a JSON object"),
        ('["my secret"]', "not a JSON object"),
        ("[" * 100_000, "not a JSON object"),
        ('{"user": "ana"}', "'user' and 'text' must be strings"),
        ('{"user": "", "text": "my secret"}', "'user' and 'text' must be strings"),
        ('{"user": "ana", "text": 7}', "'user' and 'text' must be strings"),
        ('{"user": "ana", "prompt": "my secret"}', "unknown key 'prompt'"),
        ('{"user": "ana", "text": "my secret", "stream": "yes"}', "'stream' must be true or false"),
    ],
)
def test_a_wrong_line_is_named_and_not_quoted(tmp_path: Path, line: str, complaint: str) -> None:
    path = write(tmp_path, "a.jsonl", f'{{"user": "ana", "text": "hi"}}\n{line}\n')
    with pytest.raises(ConfigurationError, match=r"a\.jsonl, line 2: ") as caught:
        load_prompts(path)
    assert complaint in str(caught.value)
    assert "secret" not in str(caught.value)


def test_a_file_without_prompts_is_an_error(tmp_path: Path) -> None:
    with pytest.raises(ConfigurationError, match="holds no prompts"):
        load_prompts(write(tmp_path, "a.txt", "\n \n"))


def test_a_missing_file_is_an_error(tmp_path: Path) -> None:
    with pytest.raises(ConfigurationError, match="No such file"):
        load_prompts(tmp_path / "none.txt")


def test_a_folder_is_an_error(tmp_path: Path) -> None:
    with pytest.raises(ConfigurationError, match="cannot read the prompts"):
        load_prompts(tmp_path)


def test_a_file_that_is_no_text_is_an_error(tmp_path: Path) -> None:
    with pytest.raises(ConfigurationError, match="not UTF-8 text: byte 2"):
        load_prompts(write(tmp_path, "a.txt", b"ok\xff"))


def test_a_prompt_does_not_show_its_text() -> None:
    assert "secret" not in repr(Prompt("ana", "my secret"))


def test_prompts_of_one_user_in_a_row_are_a_burst() -> None:
    a1, a2, b, a3 = Prompt("a", "1"), Prompt("a", "2"), Prompt("b", "3"), Prompt("a", "4")
    assert bursts([a1, a2, b, a3]) == [(a1, a2), (b,), (a3,)]


def test_a_streamed_prompt_is_never_part_of_a_burst() -> None:
    one, streamed, another = Prompt("a", "1"), Prompt("a", "2", stream=True), Prompt("a", "3")
    assert bursts([one, streamed, another]) == [(one,), (streamed,), (another,)]


def test_the_prompts_of_the_demo_ask_the_model_at_most_25_times() -> None:
    groups = bursts(load_prompts())
    assert sum(min(len(group), 10) for group in groups) <= 25
    assert max(map(len, groups)) > 10
    assert [prompt.stream for group in groups for prompt in group].count(True) == 1
