"""Keywords out of a file."""

from __future__ import annotations

import pickle
from pathlib import Path

import pytest

from genai_guard import ConfigurationError, Pipeline
from genai_guard.guards import BlockedPatterns


def write(path: Path, content: str | bytes) -> Path:
    path.write_bytes(content if isinstance(content, bytes) else content.encode())
    return path


def test_a_file_holds_one_phrase_a_line(tmp_path: Path) -> None:
    path = write(tmp_path / "w.txt", "\ufeff# names\r\n\r\n  Project X \r\nбомба\n\\#leak\n\\\\server\n")  # noqa: RUF001  Russian
    guard = BlockedPatterns(["ban"], keywords_file=path)
    text = "ban project  x БОМБА #leak \\\\server names #names"
    assert [finding.of(text) for finding in guard.check(text).findings] == [
        "ban", "project  x", "БОМБА", "#leak", "\\\\server",
    ]  # fmt: skip


def test_thousands_of_lines_are_one_rule(tmp_path: Path) -> None:
    path = write(tmp_path / "w.txt", "\n".join(f"word{number} x" for number in range(10_000)))
    guard = BlockedPatterns(keywords_file=path)
    assert guard.check("a word9999 x and a word10000 x").findings[0].start == 2
    assert len(guard.rules) == 1
    assert repr(guard).startswith("<BlockedPatterns blocked_patterns: 10000 keywords, 0 regexes")


@pytest.mark.parametrize(
    ("content", "problem"),
    [
        ("", ": holds no phrase in its 1 lines; write one phrase a line"),
        ("# only\n\n  \n# comments", ": holds no phrase in its 4 lines"),
        (b"fine\nnightjar\xff\n", ":2: is not UTF-8 text; save it in that encoding"),
        ("fine\n\nnight\0jar", ":3: holds a NUL character; is it a text file?"),
        ("fine\n" + "nightjar " * 200, ":2: is 1799 characters long, of 1000 at most; write one phrase a line"),
    ],
)
def test_what_is_wrong_with_a_file_is_told_by_its_line_and_without_its_words(
    tmp_path: Path, content: str | bytes, problem: str
) -> None:
    path = write(tmp_path / "w.txt", content)
    with pytest.raises(ConfigurationError) as caught:
        BlockedPatterns(keywords_file=path)
    assert str(caught.value).startswith(f"BlockedPatterns(keywords_file=...): {path}{problem}")
    assert "nightjar" not in str(caught.value)


@pytest.mark.parametrize(
    ("name", "reason"), [("none.txt", "No such file"), (".", "Is a directory"), ("a\0b", "not a file name")]
)
def test_a_file_that_cannot_be_read_is_told(tmp_path: Path, name: str, reason: str) -> None:
    with pytest.raises(ConfigurationError, match=f"cannot be read: {reason}"):
        BlockedPatterns(keywords_file=tmp_path / name)


def test_an_exception_that_is_a_line_of_the_file_is_told_by_its_line(tmp_path: Path) -> None:
    path = write(tmp_path / "w.txt", "# comment\nban\nnightjar song\n")
    with pytest.raises(ConfigurationError, match="item 0 is also line 3 of keywords_file") as caught:
        BlockedPatterns(["x"], keywords_file=path, exceptions=["Nightjar Song"])
    assert "ightjar" not in str(caught.value)


def test_a_guard_keeps_what_the_file_held_when_it_was_built(tmp_path: Path) -> None:
    path = write(tmp_path / "w.txt", "ban")
    guard = BlockedPatterns(keywords_file=path)
    same = BlockedPatterns(keywords_file=str(path))
    write(path, "other")
    assert guard == same != BlockedPatterns(keywords_file=path)
    path.unlink()
    assert pickle.loads(pickle.dumps(guard)).check("a ban").blocked


@pytest.mark.parametrize("suffix", [".toml", ".json"])
def test_a_policy_file_names_a_file_of_keywords(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, suffix: str) -> None:
    monkeypatch.chdir(tmp_path)
    write(tmp_path / "words.txt", "nightjar song\n")
    policies = {
        ".toml": 'version = 1\n[[input]]\nguard = "blocked_patterns"\nkeywords_file = "words.txt"\nfuzzy = 1\n'
        'exceptions = ["a nightjar song"]\n',
        ".json": '{"version": 1, "input": [{"guard": "blocked_patterns", "keywords_file": "words.txt", "fuzzy": 1, '
        '"exceptions": ["a nightjar song"]}]}',
    }
    pipeline = Pipeline.from_policy(write(tmp_path / f"policy{suffix}", policies[suffix]))
    assert pipeline.scan_input("the nightjat song").blocked
    assert not pipeline.scan_input("a nightjar song").blocked
    assert pipeline.policy()["input"] == [
        {"guard": "blocked_patterns", "keywords_file": "words.txt", "exceptions": ["a nightjar song"], "fuzzy": 1}
    ]


def test_a_policy_whose_file_of_keywords_is_wrong_names_its_field(tmp_path: Path) -> None:
    policy = {"version": 1, "input": [{"guard": "blocked_patterns", "keywords_file": str(tmp_path / "none.txt")}]}
    with pytest.raises(ConfigurationError, match=r"input\[0\]\.keywords_file: .*cannot be read: No such file"):
        Pipeline.from_policy(policy)
