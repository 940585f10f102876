"""Plays the prompts, one after the other and bursts at once, and shows each as it happens."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import TYPE_CHECKING, Final

from genai_guard.demo.console import Console, Style, Writer, harmless
from genai_guard.demo.notices import Notices
from genai_guard.demo.prompts import Prompt, bursts
from genai_guard.demo.spans import marked, shortened
from genai_guard.demo.turns import Answer, Turn, ask, ask_together, begin, stream
from genai_guard.errors import ConfigurationError, GuardBlocked, RateLimited, Rejected
from genai_guard.verdicts import Finding

if TYPE_CHECKING:
    from genai_guard.guards import Guard
    from genai_guard.pipeline import Pipeline

__all__ = ["introduce", "play"]

_MARGIN: Final = 14
"""Width of the margin that says who speaks, or what was decided."""
_NAME: Final = _MARGIN - 4
_PROMPT_CHARS: Final = 200
_QUOTED: Final = frozenset({"injection"})
"""Guards whose findings are nobody's secret, and worth reading."""
_WHOLE: Final = frozenset({"LENGTH"})
"""What is found in a text as a whole, and hides nothing of it."""


def introduce(console: Console, about: str, pipeline: Pipeline, prompts: Sequence[Prompt]) -> None:
    """Say what will be called, what will be sent, and what it passes on its way."""
    users = len({prompt.user for prompt in prompts})
    console.line()
    for word, text in (
        ("model", about),
        ("messages", f"{len(prompts)} of {users} users, each with its own limit"),
        ("pipeline", " > ".join(_stations(pipeline))),
    ):
        _show(console, word, text, "bold")


def _stations(pipeline: Pipeline) -> Iterator[str]:
    if pipeline.input:
        yield ", ".join(_guard_name(guard) for guard in pipeline.input)
    if pipeline.router is not None:
        yield ", ".join(f"A/B {experiment.name}" for experiment in pipeline.router.experiments)
    if pipeline.limiter is not None:
        yield f"{len(pipeline.limiter.limits)} limits"
    yield "the model"
    if pipeline.output:
        yield ", ".join(_guard_name(guard) for guard in pipeline.output)
    if pipeline.recorder is not None:
        yield "metrics, alerts, log"


def _guard_name(guard: Guard) -> str:
    return str(getattr(guard, "name", type(guard).__name__))


def play(
    console: Console, pipeline: Pipeline, answer: Answer, prompts: Sequence[Prompt], *, notices: Notices
) -> list[Turn]:
    """Send every prompt, show what becomes of it, and return that in the order of the prompts.

    Args:
        console: Where it is shown.
        pipeline: The pipeline, to ask guards and router by themselves.
        answer: Sends a prompt.
        prompts: What to send.
        notices: What is logged in the meantime, alerts among it.

    Raises:
        ConfigurationError: the model could not be called even once.
    """
    turns: list[Turn] = []
    for burst in bursts(prompts):
        begun = [begin(pipeline, prompt) for prompt in burst]
        _show_prompt(console, begun, number=len(turns) + 1)
        turns += [_one(console, answer, begun[0])] if len(burst) == 1 else _many(console, answer, begun)
        for notice in notices.take():
            _show(console, notice.kind, notice.text, "cyan")
        if turns[-1].error and not any(turn.outcome == "answered" for turn in turns):
            raise ConfigurationError(f"the model cannot be called: {turns[-1].error}")
    return turns


def _one(console: Console, answer: Answer, turn: Turn) -> Turn:
    if turn.prompt.stream:
        writer = Writer(console, first=_label(console, "reply", "green"), indent=_MARGIN)
        turn = stream(answer, turn, write=writer.write)
        writer.finish()
    else:
        turn = ask(answer, turn)
        _show_reply(console, turn)
    if turn.outcome == "answered":
        _show_facts(console, _facts(turn))
    else:
        _show(console, turn.outcome, _reason(turn), "red")
    return turn


def _many(console: Console, answer: Answer, begun: Sequence[Turn]) -> list[Turn]:
    turns = ask_together(answer, begun)
    answered = [turn for turn in turns if turn.outcome == "answered"]
    if answered:
        _show_reply(console, answered[0])
        slowest = max(turn.seconds for turn in answered)
        _show_facts(console, f"{answered[0].variant}, {len(answered)} answered, the last after {slowest:.2f} s")
    for outcome in ("blocked", "denied", "failed"):
        reasons = [_reason(turn) for turn in turns if turn.outcome == outcome]
        for reason in dict.fromkeys(reasons):
            _show(console, outcome, f"{reasons.count(reason)} of them {reason}", "red")
    return turns


def _show_prompt(console: Console, turns: Sequence[Turn], *, number: int) -> None:
    turn = turns[0]
    findings = turn.verdict.findings
    name = shortened(harmless(turn.prompt.user), _NAME)[:_NAME]
    spans = [finding for finding in findings if finding.category not in _WHOLE]
    text = shortened(marked(turn.prompt.text, spans, quote=_QUOTED), _PROMPT_CHARS)
    console.line()
    console.block(text, first=f"{number:>2} {console.paint(f'{name:<{_NAME}}', 'bold')} ", indent=_MARGIN)
    if len(turns) > 1:
        console.block(f"… and {len(turns) - 1} more messages in the same moment", indent=_MARGIN)
    elif findings:
        _show(console, "found", "; ".join(map(_described, findings)), "yellow")


def _described(finding: Finding) -> str:
    place = f" {finding.start}-{finding.end}" if finding.start < finding.end else ""
    return f"{finding.guard}: {finding.summary}{place}"


def _show_reply(console: Console, turn: Turn) -> None:
    if turn.outcome == "answered":
        _show(console, "reply", harmless(turn.reply).strip() or "(empty)", "green")


def _show_facts(console: Console, facts: str) -> None:
    console.line(" " * _MARGIN + console.paint(facts, "dim"))


def _facts(turn: Turn) -> str:
    facts = [turn.variant, f"{turn.input_tokens} + {turn.output_tokens} tokens", f"{turn.seconds:.2f} s"]
    if turn.first_s is not None:
        facts.append(f"first words after {turn.first_s:.2f} s")
    return ", ".join(fact for fact in facts if fact)


def _reason(turn: Turn) -> str:
    return _refusal(turn.refusal) if turn.refusal is not None else turn.error


def _refusal(refusal: Rejected) -> str:
    if isinstance(refusal, GuardBlocked):
        return f"by {refusal.guard}" + (", the model was not called" if refusal.stage == "input" else ", in the reply")
    if isinstance(refusal, RateLimited) and refusal.retry_after_s is not None:
        return f"by the limit of {' and '.join(refusal.limits)}, retry after {refusal.retry_after_s:.1f} s"
    return str(refusal)


def _show(console: Console, word: str, text: str, style: Style) -> None:
    console.block(text, first=_label(console, word, style), indent=_MARGIN)


def _label(console: Console, word: str, style: Style) -> str:
    return f"   {console.paint(f'{word:<{_NAME}}', style)} "
