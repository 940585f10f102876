"""All guards of a side around a request or reply, slow and asynchronous ones included."""

from __future__ import annotations

from typing import TYPE_CHECKING

from genai_guard.effects import Flow, Io
from genai_guard.errors import ComponentFailed, GuardBlocked
from genai_guard.guards.screen import Judgement, Screen, Seat, place_in_original
from genai_guard.messages import Part
from genai_guard.outcome import Call
from genai_guard.verdicts import Action, Verdict

if TYPE_CHECKING:
    from genai_guard.guards.pseudonyms.calls import CallVault
    from genai_guard.text.edits import Edit

__all__ = ["ask_others", "enforced", "judge", "refuse"]


def judge(guards: Screen, parts: tuple[Part, ...], vault: CallVault | None) -> Flow[Judgement | None]:
    """Ask all guards of a side about `parts`, until one ends the call; return None when none has anything to say."""
    judgement = guards.judge(parts, vault)
    if guards.others:
        judgement = judgement or Judgement([part.text for part in parts])
        for index, part in enumerate(parts):
            yield from ask_others(guards, judgement, index, part)
    return judgement


def enforced(guards: Screen, call: Call, parts: tuple[Part, ...], judgement: Judgement) -> list[str] | None:
    """Put the verdicts on the call; return the texts to go on with, or None if none changed.

    Raises:
        GuardBlocked: a guard said no.
        ComponentFailed: a guard broke whose `on_error` is `block`.
    """
    enforce(guards, call, judgement)
    changed = any(text is not part.text for text, part in zip(judgement.texts, parts, strict=True))
    return judgement.texts if changed else None


def enforce(guards: Screen, call: Call, judgement: Judgement) -> None:
    """Put the verdicts on the call, and raise the one that ends it."""
    call.verdicts += judgement.verdicts
    refuse(guards, judgement)


def refuse(guards: Screen, judgement: Judgement) -> None:
    """Raise the verdict that ends the call, if there is one."""
    if judgement.blocked is not None:
        raise GuardBlocked(judgement.blocked.guard, guards.side, judgement.blocked.findings)
    if judgement.failed is not None:
        seat, error = judgement.failed
        raise ComponentFailed(seat.name, guards.side, type(error).__name__) from error


def ask_others(guards: Screen, judgement: Judgement, index: int, part: Part) -> Flow[None]:
    """Ask the guards that take one text at a time; `part` holds the original of `judgement.texts[index]`.

    There is nothing to ask about an empty text.
    """
    if not part.text:
        return
    edits: list[Edit] | None = judgement.edits.get(index, [])
    for seat in guards.others:
        if judgement.stopped:
            return
        text = judgement.texts[index]
        verdict = yield from _ask(judgement, seat, text)
        if verdict is None or verdict.action is Action.ALLOW:
            continue
        judgement.add(place_in_original(verdict, seat, part, edits))
        if verdict.action.edits and seat.mode == "enforce" and verdict.text != text:
            judgement.texts[index] = verdict.text
            judgement.edits[index] = edits = None


def _ask(judgement: Judgement, seat: Seat, text: str) -> Flow[Verdict | None]:
    check = seat.guard.check
    try:
        verdict = check(text) if seat.inline else (yield Io(check, (text,), is_async=seat.is_async))
        if not isinstance(verdict, Verdict):
            raise TypeError(f"check() must return a Verdict, not {type(verdict).__name__}")  # noqa: TRY301
    except Exception as error:  # noqa: BLE001  any failure of a plug-in is a verdict
        judgement.fail(seat, error)
        return None
    return verdict
