"""Stand-ins that last for a session: over several calls, for one user alone, in threads and tasks."""

from __future__ import annotations

import asyncio
import threading
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import pytest

from calls import KINDS, consume
from genai_guard import ComponentFailed, Pipeline, caller
from genai_guard.guards import PII
from genai_guard.guards.pseudonyms import Pseudonyms
from genai_guard.guards.pseudonyms.calls import Vaults
from genai_guard.messages import Caller, Part
from genai_guard.testing import FakeClock
from genai_guard.text.edits import Edit
from test_pseudonyms_in_calls import echoing

KEY = "correct horse battery staple"
SECRET = "bob@acme.com"
SESSION = PII(action="pseudonymize", scope="session")
RULE = SESSION.rules[0]


def seen_in(pipeline: Pipeline, *texts: str, kind: str = "def", **who: Any) -> list[str]:
    """Return what the model sees of each text, called for somebody."""
    seen: list[str] = []
    fn = pipeline(echoing(kind, seen))
    for text in texts:
        with caller(**who):
            assert consume(kind, fn, text) == text
    return seen


@pytest.mark.parametrize("kind", KINDS)
def test_a_session_keeps_its_stand_ins_over_calls(kind: str) -> None:
    pipeline = Pipeline(input=[SESSION], output=[PII()])
    assert len(set(seen_in(pipeline, *[SECRET] * 4, kind=kind, session="s"))) == 1


def test_sessions_users_and_tenants_have_each_their_own() -> None:
    pipeline = Pipeline(input=[SESSION])
    card = "4111 1111 1111 1111"
    seen = {
        seen_in(pipeline, card, **who)[0]
        for number in range(4)
        for who in (
            {"session": f"s{number}"},
            {"session": "s0", "user": f"u{number}"},
            {"session": "s0", "tenant": f"t{number}"},
        )
    }
    assert len(seen) == 12


def test_a_call_without_a_session_stands_alone() -> None:
    pipeline = Pipeline(input=[SESSION])
    assert len(set(seen_in(pipeline, *["4111 1111 1111 1111"] * 8, user="u"))) > 1


def test_a_history_with_stand_ins_stays_consistent_restored_or_not() -> None:
    pipeline = Pipeline(input=[SESSION], output=[PII()])
    received: list[list[Any]] = []

    def create(messages: list[Any]) -> str:
        received.append([message["content"] for message in messages])
        return f"I wrote to {received[0][0]}"

    fn = pipeline(create)
    with caller(session="s"):
        assert fn([{"role": "user", "content": SECRET}]) == f"I wrote to {SECRET}"
        (stand_in,) = received[0]
        history = [{"role": "assistant", "content": text} for text in (f"to {SECRET}", f"to {stand_in}")]
        again = fn([*history, {"role": "user", "content": "and to whom else?"}])
    assert again == f"I wrote to {SECRET}", "the model remembers what this call has not said"
    assert received[1] == [f"to {stand_in}", f"to {stand_in}", "and to whom else?"]


def test_a_key_makes_the_same_stand_ins_in_every_process_for_one_session() -> None:
    keyed = PII(action="pseudonymize", scope="session", hash_key=KEY)
    one, other, elsewhere = (
        seen_in(Pipeline(input=[keyed]), SECRET, session=session)[0] for session in ("s", "s", "another")
    )
    assert one == other != elsewhere


def test_a_policy_says_it_in_two_words() -> None:
    policy = {"version": 1, "name": "p", "input": [{"guard": "pii", "action": "pseudonymize", "scope": "session"}]}
    built = Pipeline.from_policy(policy)
    assert built.input == (SESSION,)
    assert built.policy()["input"] == policy["input"]


# --- the store ----------------------------------------------------------------------------------------------------


def opened(vaults: Vaults, session: str, value: str = SECRET) -> str:
    vault = vaults.open(Caller(session=session), (Part(value),))
    (edit,) = vault.fill(value, [Edit(0, len(value), SESSION.replacement(RULE, value))])
    return edit.replacement


def test_an_idle_session_is_forgotten_and_a_busy_one_is_not() -> None:
    clock = FakeClock()
    vaults = Vaults(Pseudonyms("session", session_idle_s=60), now=clock.monotonic)
    idle, busy = opened(vaults, "idle"), opened(vaults, "busy")
    for _ in range(5):
        clock.advance(20)
        assert opened(vaults, "busy") == busy
    assert len(vaults) == 1
    assert {opened(vaults, "idle", "4111 1111 1111 1111") for _ in range(3)} != {idle}
    assert vaults.open(Caller(session="idle"), ()).knows(idle) is False


def test_a_session_without_stand_ins_takes_no_room() -> None:
    vaults = Vaults(Pseudonyms("session"))
    for number in range(100):
        vaults.open(Caller(session=str(number)), (Part("clean"),)).close()
    assert len(vaults) == 0


def test_a_full_store_refuses_a_new_session_and_keeps_the_old_ones() -> None:
    clock = FakeClock()
    vaults = Vaults(Pseudonyms("session", max_sessions=2, session_idle_s=60), now=clock.monotonic)
    first = opened(vaults, "a")
    opened(vaults, "b")
    with pytest.raises(Exception, match="2 sessions are kept") as caught:
        opened(vaults, "c")
    assert SECRET not in str(caught.value)
    assert opened(vaults, "a") == first
    clock.advance(61)
    opened(vaults, "c")


def test_a_call_of_a_session_too_many_fails_as_its_guard_says() -> None:
    pipeline = Pipeline(input=[PII(action="pseudonymize", scope="session", max_sessions=1)])
    seen_in(pipeline, SECRET, session="a")
    with caller(session="b"), pytest.raises(ComponentFailed):
        pipeline(echoing("def", []))(SECRET)


def test_vaults_show_nothing() -> None:
    vaults = Vaults(Pseudonyms("session", key=KEY))
    stand_in = opened(vaults, "the session")
    shown = repr(vaults) + repr(vaults.pseudonyms) + repr(vaults.open(Caller(session="the session"), (Part(SECRET),)))
    assert not any(word in shown for word in (SECRET, stand_in, KEY, "the session"))


# --- at the same time ---------------------------------------------------------------------------------------------


def values_of(number: int) -> str:
    return f"u{number}@acme.com and shared@acme.com"


@pytest.mark.parametrize("guard", [SESSION, PII(action="pseudonymize")])
def test_threads_get_back_their_own_values(guard: PII) -> None:
    pipeline = Pipeline(input=[guard], output=[PII()])
    barrier = threading.Barrier(8)

    def answer(prompt: str) -> str:
        barrier.wait(10)  # all requests are replaced before any reply is turned back
        return f"re: {prompt}"

    fn = pipeline(answer)

    def run(number: int) -> list[str]:
        with caller(session="one for all"):
            return [fn(values_of(number)) for _ in range(20)]

    with ThreadPoolExecutor(8) as pool:
        runs = list(pool.map(run, range(8)))
    assert runs == [[f"re: {values_of(number)}"] * 20 for number in range(8)]


@pytest.mark.parametrize("guard", [SESSION, PII(action="pseudonymize")])
def test_tasks_get_back_their_own_values_in_streams(guard: PII) -> None:
    pipeline = Pipeline(input=[guard], output=[PII()])
    together: list[asyncio.Barrier] = []

    async def answer(prompt: str) -> Any:
        await together[0].wait()
        for char in f"re: {prompt}":
            await asyncio.sleep(0)
            yield char

    fn = pipeline(answer)

    async def run(number: int) -> str:
        with caller(session="one for all"):
            return "".join([chunk async for chunk in fn(values_of(number))])

    async def main() -> list[str]:
        together.append(asyncio.Barrier(8))
        return await asyncio.gather(*map(run, range(8)))

    assert asyncio.run(main()) == [f"re: {values_of(number)}" for number in range(8)]


def test_concurrent_calls_of_one_request_scope_never_see_each_others_vault() -> None:
    pipeline = Pipeline(input=[PII(action="pseudonymize")])
    seen: dict[int, str] = {}
    barrier = threading.Barrier(2)

    def answer(prompt: str, number: int) -> str:
        seen[number] = prompt
        barrier.wait(10)
        return seen[1 - number]  # what the other call's model was told

    fn = pipeline(answer)
    with ThreadPoolExecutor(2) as pool:
        replies = list(pool.map(lambda number: fn(f"u{number}@acme.com", number), range(2)))
    assert replies == [seen[1], seen[0]], "nobody turns back what another call replaced"


def test_concurrent_calls_of_one_session_share_stand_ins() -> None:
    pipeline = Pipeline(input=[SESSION])
    seen: list[str] = []
    barrier = threading.Barrier(8)

    def answer(prompt: str) -> str:
        seen.append(prompt)
        return prompt

    fn = pipeline(answer)

    def run(_: int) -> str:
        with caller(session="s"):
            barrier.wait(10)
            return fn(SECRET)

    with ThreadPoolExecutor(8) as pool:
        assert set(pool.map(run, range(8))) == {SECRET}
    assert len(set(seen)) == 1
