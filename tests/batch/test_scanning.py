"""Texts through the guards of a policy in several processes."""

from __future__ import annotations

import itertools
import json
import multiprocessing
import os
import pickle
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from genai_guard import ComponentFailed, ConfigurationError, Pipeline
from genai_guard.batch import Scanner, scan, summary_of

POLICY = {
    "version": 1,
    "input": [
        {"guard": "pii", "action": "redact"},
        {"guard": "blocked_patterns", "keywords": ["falcon"]},
    ],
    "output": [{"guard": "length", "max_chars": 10, "action": "block"}],
    "metrics": {"log": {"path": "inference/"}},
}
TEXTS = ["fine", "mail bob@example.com", "falcon", "", "¿qué?", "a\ud800b"]
FORKS = "fork" in multiprocessing.get_all_start_methods()


class Deadly(str):
    """A text that ends the process which looks at it."""

    __slots__ = ()

    def __reduce__(self) -> Any:
        return os._exit, (3,)


def endless(read: list[int]) -> Iterator[str]:
    for number in itertools.count():
        read.append(number)
        yield f"text {number}"


def test_a_scanner_says_what_the_pipeline_says_and_pickles_as_its_policy(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    Path("policy.json").write_text(json.dumps(POLICY))
    pipeline = Pipeline.from_policy({**POLICY, "metrics": {}})
    for side, expected in (("input", pipeline.scan_input), ("output", pipeline.scan_output)):
        sent: Scanner = pickle.loads(pickle.dumps(Scanner("policy.json", side=side)))  # type: ignore[arg-type]
        assert [sent.scan(text) for text in TEXTS] == [expected(text) for text in TEXTS]
        assert "falcon" not in repr(sent)
    assert not Path("inference").exists()  # nothing but guards is built


def test_a_summary_has_no_text_that_must_not_go_on() -> None:
    scanner = Scanner(POLICY)
    assert summary_of(scanner.scan("mail bob@example.com")) == (
        *("redact", "mail [EMAIL]", 1),
        *(["pii.email"], ["EMAIL"], None),
    )
    assert summary_of(scanner.scan("falcon")).text is None


@pytest.mark.skipif(not FORKS, reason="this system does not fork, and to spawn takes too long here")
@pytest.mark.filterwarnings("ignore:.*multi-threaded.*fork:DeprecationWarning")
def test_verdicts_come_in_order_and_what_is_no_text_is_an_error_of_its_own() -> None:
    texts = [*TEXTS * 20]
    pipeline = Pipeline.from_policy({**POLICY, "metrics": {}})
    results = list(scan([*texts, None], policy=POLICY, processes=2, chunk=7, start_method="fork"))  # type: ignore[list-item]
    assert [result.index for result in results] == list(range(len(texts) + 1))
    assert [result.verdict for result in results[:-1]] == [pipeline.scan_input(text) for text in texts]
    assert isinstance(results[-1].error, ConfigurationError)
    assert "falcon" not in repr(results)


@pytest.mark.skipif(not FORKS, reason="as above")
@pytest.mark.filterwarnings("ignore:.*multi-threaded.*fork:DeprecationWarning")
def test_endless_texts_are_read_a_few_chunks_ahead_and_closing_ends_the_processes() -> None:
    read: list[int] = []
    results = scan(endless(read), policy=POLICY, processes=2, chunk=3, start_method="fork")
    for result in itertools.islice(results, 40):
        assert result.verdict is not None
        assert len(read) <= result.index + 1 + (2 * 2 + 1) * 3
    results.close()
    assert multiprocessing.active_children() == []


@pytest.mark.skipif(not FORKS, reason="as above")
@pytest.mark.filterwarnings("ignore:.*multi-threaded.*fork:DeprecationWarning")
def test_an_error_in_reading_texts_is_raised_after_the_verdicts_of_those_that_were_read() -> None:
    def texts() -> Iterator[str]:
        yield from TEXTS[:5]
        raise KeyError("mine")

    results = scan(texts(), policy=POLICY, processes=1, chunk=3, start_method="fork")
    assert [result.index for result in itertools.islice(results, 5)] == [0, 1, 2, 3, 4]
    with pytest.raises(KeyError, match="mine"):
        next(results)


@pytest.mark.skipif(not FORKS, reason="as above")
@pytest.mark.filterwarnings("ignore:.*multi-threaded.*fork:DeprecationWarning")
def test_a_process_that_dies_is_an_error_that_quotes_no_text() -> None:
    results = scan(["fine", Deadly("bob.planted@example.com")], policy=POLICY, processes=1, start_method="fork")
    with pytest.raises(ComponentFailed, match="a process of scan failed in stage scan: it died") as caught:
        list(results)
    assert "planted" not in repr(caught.value)
    assert multiprocessing.active_children() == []


@pytest.mark.parametrize(
    "options",
    [
        {},
        {"policy": POLICY, "factory": "a:b"},
        {"policy": POLICY, "processes": 0},
        {"policy": POLICY, "chunk": 0},
        {"policy": POLICY, "start_method": "clone"},
        {"policy": POLICY, "side": "both"},
        {"policy": {"version": 1, "input": [{"guard": "pi"}]}},
        {"policy": {"version": 1, "input": [{"guard": "length", "max_chars": float("inf")}]}},
        {"policy": ["pii"]},
        {"factory": "no.such.module:factory"},
        {"factory": "policy.yaml"},
    ],
)
def test_what_is_wrong_is_said_at_once_and_here(options: Any) -> None:
    with pytest.raises(ConfigurationError):
        scan(["a"], **options)
