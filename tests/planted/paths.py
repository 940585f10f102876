"""The ways that a call can go, each with a text in it wherever somebody may write one.

A path takes the `World` and a `Plant`; `@path` puts it among those that are walked. What a call raises that is the
library's own is kept as it would be printed; what the model raises belongs to the caller.
"""

from __future__ import annotations

import asyncio
import traceback
from collections.abc import AsyncIterator, Callable, Iterator
from typing import TYPE_CHECKING, Any

from calls import SdkStream
from genai_guard import GenAIGuardError, caller

if TYPE_CHECKING:
    from planted.plants import Plant
    from planted.world import World

__all__ = ["PATHS", "Path"]

Path = Callable[["World", "Plant"], None]
PATHS: list[Path] = []


def path(function: Path) -> Path:
    PATHS.append(function)
    return function


def run(world: World, pipeline: str, fn: Callable[..., Any], *args: Any, **kwargs: Any) -> Any:
    """Call the model, use up its reply, and keep what is shown of it all."""
    try:
        with caller(user=world.user(), tenant="acme", session="s-1", tags=world.tags()):
            outcome = world.pipelines[pipeline].run(fn, *args, **kwargs)
            if hasattr(outcome.value, "__next__"):
                for _ in outcome.value:
                    pass
            world.shown += [repr(outcome), repr(outcome.verdicts), repr(outcome.timings)]
            world.last_id = outcome.request_id
            return outcome
    except BaseException as error:  # noqa: BLE001  cancelled ones too
        keep(world, error)
        return None


def keep(world: World, error: BaseException | None) -> None:
    """Keep what an error of the library shows, what it was raised from excepted: that is of the guard, or the model."""
    if isinstance(error, GenAIGuardError):
        world.raised.append("".join(traceback.format_exception(error, chain=error.__cause__ is None)))
        world.raised += [repr(error), str(error), repr(error.args), repr(vars(error))]
        world.logger.error("the call failed", exc_info=error)


def broken(plant: Plant, kind: type[Exception] = ValueError) -> Exception:
    """Return an error that quotes the text in every way."""
    error = kind(plant.text)
    error.add_note(plant.text)
    error.__cause__ = KeyError(plant.secret)
    error.__context__ = LookupError(plant.secret)
    return error


def failing(plant: Plant, kind: type[Exception] = ValueError) -> Callable[[str], str]:
    def ask(prompt: str) -> str:
        raise broken(plant, kind)

    return ask


def stream(
    plant: Plant, error: BaseException | None = None, *, after: str = " and so on. " * 4
) -> Callable[[str], Iterator[str]]:
    def ask(prompt: str) -> Iterator[str]:
        yield from (plant.text[at : at + 7] for at in range(0, len(plant.text), 7))
        yield after
        if error is not None:
            raise error

    return ask


@path
def answered(world: World, plant: Plant) -> None:
    run(world, "open", lambda prompt: f"You said: {plant.text}", plant.text)


@path
def refused_by_a_guard_of_the_input(world: World, plant: Plant) -> None:
    run(world, "strict", lambda prompt: plant.text, plant.text)


@path
def refused_by_a_guard_of_the_output(world: World, plant: Plant) -> None:
    run(world, "strict_reply", lambda prompt: plant.text, "Who is it?")


@path
def the_model_raises(world: World, plant: Plant) -> None:
    run(world, "open", failing(plant), plant.text)


@path
def the_model_is_late(world: World, plant: Plant) -> None:
    run(world, "open", failing(plant, TimeoutError), plant.text)


@path
def cancelled(world: World, plant: Plant) -> None:
    asked = asyncio.Event()

    async def ask(prompt: str) -> str:
        asked.set()
        await asyncio.sleep(60)
        return plant.text

    async def main() -> None:
        with caller(user=world.user(), tags=world.tags()):
            task = asyncio.ensure_future(world.pipelines["open"].arun(ask, plant.text))
        await asked.wait()
        task.cancel(plant.text)
        await asyncio.gather(task, return_exceptions=True)

    asyncio.run(main())


@path
def streamed(world: World, plant: Plant) -> None:
    run(world, "open", stream(plant), plant.text)


@path
def a_stream_that_breaks(world: World, plant: Plant) -> None:
    run(world, "open", stream(plant, broken(plant)), plant.text)


@path
def a_stream_that_is_refused(world: World, plant: Plant) -> None:
    run(world, "strict_reply", stream(plant), "Who is it?")


@path
def a_stream_that_breaks_within_the_secret(world: World, plant: Plant) -> None:
    half = plant.text[: plant.text.index(plant.secret) + len(plant.secret) // 2]
    run(world, "unguarded", stream(plant._replace(text=half), LookupError(half), after=""), "Who is it?")


@path
def a_stream_that_is_left(world: World, plant: Plant) -> None:
    with caller(user=world.user(), tags=world.tags()):
        chunks: Any = world.pipelines["open"].run(stream(plant), plant.text).value
        for _ in chunks:
            break
        chunks.close()


@path
def a_stream_that_is_dropped(world: World, plant: Plant) -> None:
    """Nobody closes it: it is recorded when the next call is made."""
    with caller(user=world.user(), tags=world.tags()):
        chunks = world.pipelines["open"].wrap(lambda prompt: SdkStream([plant.text, " and more"]))(plant.text)
        next(iter(chunks))
        del chunks
    world.pipelines["open"].reap()


@path
def an_async_stream_that_is_cancelled(world: World, plant: Plant) -> None:
    begun = asyncio.Event()

    async def ask(prompt: str) -> AsyncIterator[str]:
        yield plant.text
        begun.set()
        await asyncio.sleep(60)

    async def read() -> None:
        with caller(user=world.user(), tags=world.tags()):
            async for _ in world.pipelines["plain"].wrap(ask)(plant.text):
                pass

    async def main() -> None:
        task = asyncio.ensure_future(read())
        await begun.wait()
        task.cancel(plant.text)
        await asyncio.gather(task, return_exceptions=True)

    asyncio.run(main())


@path
def refused_by_a_limit(world: World, plant: Plant) -> None:
    run(world, "limited", lambda prompt: plant.text, plant.text)


@path
def refused_by_a_budget(world: World, plant: Plant) -> None:
    run(world, "broke", lambda prompt, model="small": plant.text, plant.text)


@path
def a_guard_breaks(world: World, plant: Plant) -> None:
    run(world, "broken", lambda prompt: plant.text, plant.text)


@path
def a_guard_breaks_and_the_call_goes_on(world: World, plant: Plant) -> None:
    run(world, "lenient", lambda prompt: plant.text, plant.text)


@path
def a_limiter_breaks(world: World, plant: Plant) -> None:
    run(world, "unlimited", lambda prompt: plant.text, plant.text)


@path
def arguments_of_tools(world: World, plant: Plant) -> None:
    called = {
        "id": "1",
        "type": "function",
        "function": {"name": "search", "arguments": f'{{"q": {world.json(plant)}}}'},
    }
    messages = [
        {"role": "system", "content": f"About the user: {plant.text}"},
        {"role": "user", "content": [{"type": "text", "text": plant.text}]},
        {"role": "assistant", "content": None, "tool_calls": [called]},
        {"role": "tool", "tool_call_id": "1", "content": plant.text},
    ]
    choice = {"index": 0, "finish_reason": "tool_calls", "message": {"role": "assistant", "tool_calls": [called]}}
    reply = {"id": "r", "model": "small", "choices": [choice], "usage": {"prompt_tokens": 3, "completion_tokens": 4}}
    run(world, "open", lambda *, messages, model="small": reply, messages=messages)


@path
def another_target_answers(world: World, plant: Plant) -> None:
    class UnavailableError(Exception):
        status_code = 503

    run(world, "resilient", failing(plant, UnavailableError), plant.text)


@path
def the_circuit_is_open(world: World, plant: Plant) -> None:
    run(world, "open_circuit", lambda prompt, model="small": plant.text, plant.text)


@path
def pseudonyms(world: World, plant: Plant) -> None:
    run(world, "pseudonymous", lambda prompt: f"Dear {prompt}", plant.text)


@path
def a_copy_to_another_model(world: World, plant: Plant) -> None:
    run(world, "shadowed", lambda prompt: plant.text, plant.text)


@path
def wrong_use(world: World, plant: Plant) -> None:
    """What the library refuses because it was written wrong must not quote what it was given."""
    feedback: Any = world.recorder.feedback
    scan: Any = world.pipelines["open"].scan_input
    attempts: list[Callable[[], object]] = [
        lambda: feedback("r", rating=plant.text),
        lambda: feedback("r", thumbs=plant.text),
        lambda: feedback("r", ranking=[plant.text]),
        lambda: feedback("r", ranking=plant.text),
        lambda: feedback("r" * 2000 + plant.text, thumbs="up"),
        lambda: world.audit.record(plant.text),
        lambda: scan(plant.text.encode()),
    ]
    for attempt in attempts:
        try:
            attempt()
        except GenAIGuardError as error:
            keep(world, error)


@path
def what_users_say(world: World, plant: Plant) -> None:
    said = plant.text if plant.is_known else "fine"
    outcome = run(world, "open", lambda prompt: plant.text, plant.text)
    world.recorder.feedback(
        outcome.request_id if outcome else "never-seen",
        thumbs="down", comment=said, correction=f"It should be: {said}", scores={"reason": said}, source=world.user(),
    )  # fmt: skip


@path
def what_an_operator_records(world: World, plant: Plant) -> None:
    if plant.is_known:
        world.audit.record("rollback", reason=plant.text, more={"deep": [plant.text]}, error=broken(plant))
