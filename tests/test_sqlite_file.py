"""A file of SQLite that threads and processes share; what forks do to it stands with the limits that are kept in one."""

from __future__ import annotations

import sqlite3
import threading
from pathlib import Path
from typing import Any

import pytest

from genai_guard import ConfigurationError
from genai_guard.sqlite_file import SqliteFile

TABLE = "CREATE TABLE IF NOT EXISTS words_1 (word TEXT)"


def file_of(path: Path, **settings: Any) -> SqliteFile:
    given: dict[str, Any] = {"of": "Words", "timeout_s": 5.0, "tables": [TABLE], "private": True} | settings
    return SqliteFile(path, **given)


def add(file: SqliteFile, word: str) -> None:
    file.execute("INSERT INTO words_1 VALUES (?)", word)


def words(file: SqliteFile) -> list[str]:
    return [word for (word,) in file.execute("SELECT word FROM words_1 ORDER BY rowid")[0]]


def test_nothing_is_opened_before_the_first_use(tmp_path: Path) -> None:
    file = file_of(tmp_path / "in" / "a.sqlite")
    assert not file.exists
    assert not list(tmp_path.iterdir())

    add(file, "one")
    assert words(file) == ["one"]
    assert (tmp_path / "in" / "a.sqlite").stat().st_mode & 0o777 == 0o600


def test_a_change_that_raises_or_rolls_back_is_none(tmp_path: Path) -> None:
    file = file_of(tmp_path / "a.sqlite")

    def raising(connection: sqlite3.Connection) -> None:
        connection.execute("INSERT INTO words_1 VALUES ('raised')")
        raise LookupError

    def regretting(connection: sqlite3.Connection) -> str:
        connection.execute("INSERT INTO words_1 VALUES ('regretted')")
        connection.execute("ROLLBACK")
        return "regretted"

    with pytest.raises(LookupError):
        file.change(raising)
    assert file.change(regretting) == "regretted"
    assert words(file) == []


def test_threads_take_turns(tmp_path: Path) -> None:
    file = file_of(tmp_path / "a.sqlite")

    def grow(connection: sqlite3.Connection) -> None:
        (count,) = connection.execute("SELECT count(*) FROM words_1").fetchone()
        connection.execute("INSERT INTO words_1 VALUES (?)", (str(count),))

    threads = [threading.Thread(target=lambda: [file.change(grow) for _ in range(10)]) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert words(file) == [str(number) for number in range(40)]


def test_a_private_file_that_was_removed_is_made_anew(tmp_path: Path) -> None:
    file = file_of(tmp_path / "a.sqlite")
    add(file, "one")
    for each in tmp_path.iterdir():
        each.unlink()

    add(file, "two")
    assert words(file) == words(file_of(tmp_path / "a.sqlite")) == ["two"]


def test_what_was_deleted_is_gone_once_it_is_written_into_the_file(tmp_path: Path) -> None:
    file = file_of(tmp_path / "a.sqlite")
    add(file, "planted " * 2_000)
    file.execute("DELETE FROM words_1")

    file.checkpoint()
    assert [each.name for each in tmp_path.iterdir() if b"planted" in each.read_bytes()] == []


def test_a_log_that_is_being_read_is_not_emptied_and_says_so(tmp_path: Path) -> None:
    file = file_of(tmp_path / "a.sqlite", timeout_s=0.01)
    add(file, "one")
    reader = sqlite3.connect(tmp_path / "a.sqlite", isolation_level=None)
    reader.execute("BEGIN")
    reader.execute("SELECT * FROM words_1").fetchall()
    add(file, "two")

    with pytest.raises(sqlite3.OperationalError, match="still being read"):
        file.checkpoint()
    reader.close()
    file.checkpoint()


def test_somebody_else_who_takes_too_long_is_an_error_and_closes_nothing(tmp_path: Path) -> None:
    file = file_of(tmp_path / "a.sqlite", timeout_s=0.01)
    add(file, "one")
    other = sqlite3.connect(tmp_path / "a.sqlite", isolation_level=None)
    other.execute("BEGIN IMMEDIATE")

    with pytest.raises(sqlite3.OperationalError, match="locked"):
        add(file, "two")
    assert words(file) == ["one"]
    other.close()
    add(file, "three")


@pytest.mark.parametrize("settings", [{"path": ""}, {"path": ":memory:"}, {"path": "a\0"}, {"path": 7}])
def test_the_path_must_be_that_of_a_file(settings: Any) -> None:
    with pytest.raises(ConfigurationError, match=r"Words\(path="):
        file_of(**settings)


def test_a_time_to_wait_is_a_number(tmp_path: Path) -> None:
    with pytest.raises(ConfigurationError, match=r"Words\(timeout_s=True"):
        file_of(tmp_path / "a", timeout_s=True)
