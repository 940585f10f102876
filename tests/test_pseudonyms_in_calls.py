"""Stand-ins through a whole call: what the model sees, what the caller gets back, what is recorded."""

from __future__ import annotations

import asyncio
import gc
import weakref
from contextlib import suppress
from functools import cached_property, partial
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from calls import KINDS, STREAMED, World, consume, target
from genai_guard import ComponentFailed, ConfigurationError, GuardBlocked, Pipeline
from genai_guard.clients import custom
from genai_guard.guards import PII, BlockedPatterns, Length, Vault, guard
from genai_guard.recording import Redactor
from genai_guard.text.rules import Rule
from genai_guard.verdicts import Action
from guards.standing import cut

SECRET = "bob@acme.com"
CARD = "4111 1111 1111 1111"
TEXT = f"write to {SECRET} about {CARD}"
PSEUDONYMIZE = PII(action="pseudonymize")
pipeline = Pipeline(input=[PSEUDONYMIZE], output=[PII(action="redact")])


def echoing(kind: str, seen: list[str], *, cut_at: int = 3, before: str = "", after: str = "") -> Any:
    """Return a target that answers with its prompt, and something around it."""

    def answer(prompt: str) -> list[str]:
        seen.append(prompt)
        return cut(f"{before}{prompt}{after}", [cut_at])

    def whole(prompt: str) -> str:
        return "".join(answer(prompt))

    async def async_whole(prompt: str) -> str:
        return whole(prompt)

    def generator(prompt: str) -> Any:
        yield from answer(prompt)

    async def async_generator(prompt: str) -> Any:
        for chunk in answer(prompt):
            yield chunk

    def stream(prompt: str) -> Any:
        return target("def stream", answer(prompt))(prompt)

    async def async_stream(prompt: str) -> Any:
        return await target("async def stream", answer(prompt))(prompt)

    return dict(zip(KINDS, (whole, async_whole, generator, async_generator, stream, async_stream), strict=True))[kind]


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("cut_at", [1, 4, 1000])
def test_the_model_sees_stand_ins_and_the_caller_gets_the_values_back(kind: str, cut_at: int) -> None:
    world = World(parts={"input": [PSEUDONYMIZE], "output": [PII(action="redact")]})
    seen: list[str] = []
    fn = world.pipeline(echoing(kind, seen, cut_at=cut_at, before="Dear ann@other.org, ", after="!"))
    assert consume(kind, fn, TEXT) == f"Dear [EMAIL], {TEXT}!"
    assert not {SECRET, CARD} & set(seen[0].split())
    assert "@example." in seen[0]
    assert [verdict.action for verdict in world.event.verdicts] == [Action.PSEUDONYMIZE, Action.REDACT]
    assert len(world.event.verdicts[1].findings) == 1, "stand-ins are no findings"


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("action", ["redact", "mask", "hash", "flag", "block"])
def test_no_guard_of_the_reply_touches_what_will_be_turned_back(kind: str, action: Any) -> None:
    guarded = Pipeline(input=[PSEUDONYMIZE], output=[PII(action=action)])
    assert consume(kind, guarded(echoing(kind, [])), TEXT) == TEXT


@pytest.mark.parametrize("kind", KINDS)
def test_guards_that_see_the_whole_reply_see_stand_ins(kind: str) -> None:
    heard: list[str] = []

    @guard(name="listening")
    def listening(text: str) -> bool:
        heard.append(text)
        return False

    guarded = Pipeline(input=[PSEUDONYMIZE], output=[listening, Length(max_chars=500)])
    seen: list[str] = []
    assert consume(kind, guarded(echoing(kind, seen)), TEXT) == TEXT
    assert heard == seen


@pytest.mark.parametrize("kind", KINDS)
def test_without_a_guard_of_replies_values_are_turned_back_all_the_same(kind: str) -> None:
    assert consume(kind, Pipeline(input=[PSEUDONYMIZE])(echoing(kind, [], cut_at=1)), TEXT) == TEXT


@pytest.mark.parametrize("kind", KINDS)
def test_a_clean_request_changes_nothing(kind: str) -> None:
    seen: list[str] = []
    reply = consume(kind, pipeline(echoing(kind, seen, after=" by fay.ellis@example.com")), "the sea")
    assert (seen, reply) == (["the sea"], "the sea by [EMAIL]")


@pytest.mark.parametrize("kind", STREAMED)
def test_no_more_of_a_stream_is_held_than_may_be_a_stand_in(kind: str) -> None:
    fn = Pipeline(input=[PSEUDONYMIZE])(echoing(kind, [], cut_at=1, before="0123456789 ", after=" 0123456789"))
    got = chunks_of(kind, fn)
    assert "".join(got) == f"0123456789 {SECRET} 0123456789"
    assert got[:11] == list("0123456789 ")
    assert got[-11:] == list(" 0123456789")
    assert SECRET in got


def chunks_of(kind: str, fn: Any) -> list[str]:
    if not kind.startswith("async"):
        return list(fn(SECRET))

    async def read() -> list[str]:
        stream = fn(SECRET)
        if kind != "async generator":
            stream = await stream
        return [chunk async for chunk in stream]

    return asyncio.run(read())


@pytest.mark.parametrize("kind", KINDS)
def test_shadow_replaces_nothing_in_a_call(kind: str) -> None:
    seen: list[str] = []
    shadow = Pipeline(input=[PII(action="pseudonymize", mode="shadow")], output=[PII()])
    assert consume(kind, shadow(echoing(kind, seen)), f"to {SECRET}") == "to [EMAIL]"
    assert seen == [f"to {SECRET}"]


# --- how calls end ------------------------------------------------------------------------------------------------


def test_each_call_has_a_vault_of_its_own() -> None:
    seen: list[str] = []
    fn = pipeline(echoing("def", seen))
    for _ in range(8):
        fn(CARD)
    assert len(set(seen)) > 1


def test_a_key_makes_the_same_stand_ins_in_every_call() -> None:
    seen: list[str] = []
    keyed = Pipeline(input=[PII(action="pseudonymize", hash_key="correct horse battery staple")])
    for _ in range(4):
        keyed(echoing("def", seen))(TEXT)
    assert len(set(seen)) == 1


@pytest.fixture
def made(monkeypatch: pytest.MonkeyPatch) -> list[weakref.ref[Vault]]:
    """Return references to all vaults that the test makes."""
    references: list[weakref.ref[Vault]] = []
    build = Vault.__init__

    def watched(self: Vault, **parameters: Any) -> None:
        build(self, **parameters)
        references.append(weakref.ref(self))

    monkeypatch.setattr(Vault, "__init__", watched)
    return references


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("ending", ["ok", "error", "blocked", "dropped"])
def test_the_vault_dies_with_the_call(kind: str, ending: str, made: list[weakref.ref[Vault]]) -> None:
    world = World(parts={"input": [PSEUDONYMIZE], "output": [BlockedPatterns(["poison"])]})
    endings: dict[str, list[Any]] = {"error": ["a ", RuntimeError()], "blocked": ["a ", "poison "]}
    chunks = endings.get(ending, ["a ", "b ", "c "])
    fn = world.pipeline(target(kind, chunks))
    with suppress(RuntimeError, GuardBlocked):
        consume(kind, fn, TEXT, take=1 if ending == "dropped" and kind in STREAMED else None)
    del fn
    gc.collect()
    assert [reference() for reference in made] == [None]


def test_a_reply_that_cannot_be_read_is_refused_only_if_it_may_hold_stand_ins() -> None:
    class Odd:
        pass

    def create(prompt: str) -> Any:
        return Odd() if prompt else None

    fn = Pipeline(input=[PSEUDONYMIZE])(create)
    assert isinstance(fn("nothing to replace"), Odd)
    with pytest.raises(ConfigurationError, match="no client reads a reply"):
        fn(TEXT)


def test_a_stream_that_cannot_be_read_is_refused_only_if_it_may_hold_stand_ins() -> None:
    def create(prompt: str) -> Any:
        yield from [object(), prompt]

    fn = Pipeline(input=[PSEUDONYMIZE])(create)
    assert len(list(fn("nothing to replace"))) == 2
    with pytest.raises(ConfigurationError, match="no client reads a chunk"):
        list(fn(TEXT))


def test_a_reader_of_the_users_own_turns_values_back() -> None:
    reader = custom(reply=lambda reply: reply["say"], write_reply=lambda reply, text: {**reply, "say": text})

    def create(prompt: str) -> Any:
        return {"say": prompt, "n": 1}

    assert Pipeline(input=[PSEUDONYMIZE], reader=reader)(create)(TEXT) == {"say": TEXT, "n": 1}


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("on_error", ["block", "allow"])
def test_without_a_stand_in_a_value_is_refused_or_redacted_and_never_let_through(
    kind: str, on_error: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("genai_guard.guards.pseudonyms.calls.Vault", partial(Vault, max_entries=1))
    world = World(parts={"input": [PII(action="pseudonymize", on_error=on_error)]})
    seen: list[str] = []
    fn = world.pipeline(echoing(kind, seen))
    if on_error == "block":
        with pytest.raises(ComponentFailed, match="pii failed in stage input: VaultFull"):
            consume(kind, fn, TEXT)
        assert seen == []
    else:
        assert consume(kind, fn, TEXT) == "write to [EMAIL] about [PAYMENT_CARD]"
        assert seen == ["write to [EMAIL] about [PAYMENT_CARD]"]
    failures = [verdict for verdict in world.event.verdicts if verdict.action is Action.ERROR]
    assert [(verdict.guard, verdict.error) for verdict in failures] == [("pii", "VaultFull")]


# --- what is refused, what is recorded -----------------------------------------------------------------------------


def test_a_guard_of_replies_does_not_pseudonymise() -> None:
    with pytest.raises(ConfigurationError, match=r"belongs into Pipeline\(input="):
        Pipeline(output=[PSEUDONYMIZE])


def test_guards_that_pseudonymise_agree_about_the_vault() -> None:
    with pytest.raises(ConfigurationError, match="share one vault"):
        Pipeline(input=[PSEUDONYMIZE, PII("IBAN", action="pseudonymize", scope="session", name="other")])
    Pipeline(input=[PII("EMAIL", action="pseudonymize"), PII("IBAN", action="pseudonymize", name="other")])


def test_a_scan_without_a_call_gives_stand_ins() -> None:
    verdict = pipeline.scan_input(TEXT)
    assert verdict.action is Action.PSEUDONYMIZE
    assert not {SECRET, CARD} & set(verdict.text.split())
    assert "@example." in verdict.text
    assert "[" not in verdict.text
    assert pipeline.scan_output(TEXT).text == "write to [EMAIL] about [PAYMENT_CARD]"


@pytest.mark.parametrize("kind", KINDS)
def test_the_event_holds_no_value_but_where_findings_cover_it(kind: str) -> None:
    world = World(parts={"input": [PSEUDONYMIZE], "output": [PII(action="redact")]})
    seen: list[str] = []
    assert consume(kind, world.pipeline(echoing(kind, seen)), TEXT) == TEXT
    event = world.event
    assert "".join(part.text for part in event.response) == seen[0], "the reply as the model wrote it"
    redacted = Redactor(scan=lambda _: ()).event(event)
    for shown in (str(tuple(redacted)), repr(event.verdicts), repr(redacted.request)):
        assert SECRET not in shown
        assert CARD not in shown
    assert redacted.request[0].text == "write to [EMAIL] about [PAYMENT_CARD]"


def test_a_block_of_a_reply_with_stand_ins_tells_no_value() -> None:
    guarded = Pipeline(input=[PSEUDONYMIZE], output=[BlockedPatterns(["write"])])
    with pytest.raises(GuardBlocked) as caught:
        guarded(echoing("def", []))(TEXT)
    shown = repr(caught.value) + str(caught.value) + repr(caught.value.findings)
    assert SECRET not in shown


def test_a_third_guard_sees_stand_ins_in_the_request() -> None:
    heard: list[str] = []

    @guard(name="listening")
    def listening(text: str) -> bool:
        heard.append(text)
        return False

    seen: list[str] = []
    Pipeline(input=[PSEUDONYMIZE, listening])(echoing("def", seen))(TEXT)
    assert heard == seen
    assert SECRET not in heard[0]


class Broken(PII):
    """A guard whose rule fails."""

    kind = "broken"

    @cached_property
    def rules(self) -> tuple[Rule, ...]:
        return (Rule("broken", "BROKEN", "write", validator=lambda text: bool(1 / len(text[:0]))),)


def test_a_guard_that_breaks_leaves_the_others_their_stand_ins() -> None:
    seen: list[str] = []
    guarded = Pipeline(input=[Broken(on_error="allow"), PSEUDONYMIZE])
    outcome = guarded.run(echoing("def", seen), TEXT)
    assert outcome.value == TEXT
    assert SECRET not in seen[0]
    assert [verdict.action for verdict in outcome.verdicts] == [Action.ERROR, Action.PSEUDONYMIZE]


# --- parity, and policies ------------------------------------------------------------------------------------------

KEYED = PII(action="pseudonymize", hash_key="correct horse battery staple")
PIECES = [
    "the sea ",
    "bob@acme.com ",
    "4111 1111 1111 1111, ",
    "poison ",
    "BOB@acme.com ",
    "é 漢字 ",
    "192.168.0.1 ",
    "\n",
]
pieces = st.lists(st.sampled_from(PIECES), max_size=6).map("".join)
sides = st.sampled_from([
    [], [PII()], [PII(action="mask"), BlockedPatterns(["poison"])], [Length(max_chars=400), PII(action="flag")],
])  # fmt: skip


@given(prompt=pieces, after=pieces, cut_at=st.integers(1, 9), side=sides)
def test_the_same_call_ends_alike_however_it_is_made(prompt: str, after: str, cut_at: int, side: list[Any]) -> None:
    def run(kind: str) -> tuple[Any, ...]:
        world = World(parts={"input": [KEYED], "output": side})
        seen: list[str] = []
        try:
            result = consume(kind, world.pipeline(echoing(kind, seen, cut_at=cut_at, after=after)), prompt)
        except GuardBlocked:
            return "blocked", seen
        event = world.event
        response = [part for part in event.response if part.text]
        return result, seen, event.status, event.request, response, [str(verdict) for verdict in event.verdicts]

    runs = {kind: run(kind) for kind in KINDS}
    assert all(each == runs["def"] for each in runs.values()), runs
    if not side and "@" not in after and "4" not in after:
        assert runs["def"][0] == prompt + after


@pytest.mark.parametrize("kind", ["async def", "async generator", "async def stream"])
def test_a_cancelled_call_leaves_no_vault(kind: str, made: list[weakref.ref[Vault]]) -> None:
    world = World(parts={"input": [PSEUDONYMIZE]})
    started = asyncio.Event()
    seen: list[str] = []

    async def hang(prompt: str) -> str:
        seen.append(prompt)
        started.set()
        await asyncio.Event().wait()
        return prompt

    async def hang_streaming(prompt: str) -> Any:
        yield "first "
        await hang(prompt)

    async def stream_of(prompt: str) -> Any:
        return hang_streaming(prompt)

    fn: Any = world.pipeline(
        {"async def": hang, "async generator": hang_streaming, "async def stream": stream_of}[kind]
    )

    async def read() -> None:
        if kind == "async def":
            await fn(TEXT)
            return
        stream = fn(TEXT) if kind == "async generator" else await fn(TEXT)
        async for _ in stream:
            pass

    async def main() -> None:
        task = asyncio.create_task(read())
        await started.wait()
        task.cancel()
        with pytest.raises(asyncio.CancelledError):
            await task

    asyncio.run(main())
    gc.collect()
    assert world.event.status == "cancelled"
    assert SECRET not in seen[0]
    assert [reference() for reference in made] == [None]
