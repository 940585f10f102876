from __future__ import annotations

import asyncio
import threading

import pytest

from genai_guard.context import caller, current_caller
from genai_guard.errors import ConfigurationError
from genai_guard.messages import ANONYMOUS, Caller


def test_outside_of_any_block_the_caller_is_anonymous() -> None:
    assert current_caller() == ANONYMOUS


def test_a_block_sets_the_caller_and_its_end_takes_it_back() -> None:
    with caller(user="u-42", tenant="acme", session="s-1", request_id="r-1", tags={"team": "care"}) as current:
        assert current == current_caller() == Caller("u-42", "acme", "s-1", "r-1", {"team": "care"})
    assert current_caller() == ANONYMOUS


def test_an_inner_block_keeps_what_it_does_not_name_and_merges_tags() -> None:
    with caller(user="outer", tenant="acme", tags={"a": "1", "b": "1"}), caller(user="inner", tags={"b": "2"}):
        assert current_caller() == Caller("inner", "acme", tags={"a": "1", "b": "2"})


def test_a_block_that_raises_takes_its_caller_back() -> None:
    with pytest.raises(KeyError), caller(user="u"):
        raise KeyError
    assert current_caller() == ANONYMOUS


def test_an_integer_user_is_written_in_digits() -> None:
    with caller(user=42):
        assert current_caller().user == "42"


@pytest.mark.parametrize("value", ["", 1.5, True, b"u", ["u"]])
def test_a_user_that_is_no_identifier_is_refused_without_repeating_it(value: object) -> None:
    with pytest.raises(ConfigurationError, match="user") as caught, caller(user=value):  # type: ignore[arg-type]
        pass
    assert not value or repr(value) not in str(caught.value)


def test_each_thread_has_its_own_caller() -> None:
    seen: list[Caller] = []
    with caller(user="main"):
        thread = threading.Thread(target=lambda: seen.append(current_caller()))
        thread.start()
        thread.join()
    assert seen == [ANONYMOUS]


async def test_a_task_inherits_the_caller_and_keeps_its_changes_to_itself() -> None:
    async def child() -> str:
        with caller(user="child"):
            await asyncio.sleep(0)
            return current_caller().tenant

    with caller(user="parent", tenant="acme"):
        assert set(await asyncio.gather(child(), child())) == {"acme"}
        assert current_caller().user == "parent"
