"""`check`: says what the guards of a policy find in a text, and shows where.

The text itself is shown to those who look at a terminal. Into a file or a pipe goes what was found, by its place, and
the text that is left; `--text` and `--no-text` say otherwise.
"""

from __future__ import annotations

import argparse
import json
import sys
from collections.abc import Iterable, Iterator
from typing import TYPE_CHECKING, Any, Final, TypeGuard, cast

from genai_guard.commands.asking import Answer, Content, ask
from genai_guard.commands.marks import excerpt, place
from genai_guard.commands.shared import NO, OK, UsageError, load, read_json, read_text
from genai_guard.commands.terminal import Paint, Style, add_colour, is_terminal, paint_for, printable

if TYPE_CHECKING:
    from genai_guard.messages import Part
    from genai_guard.verdicts import Action, Finding, Verdict

__all__ = ["add_arguments", "add_content", "content_of", "run", "style_of"]

_STYLES: Final[dict[str, Style]] = {"allow": "green", "flag": "cyan", "block": "red", "error": "red"}


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Say what the command takes."""
    parser.add_argument("policy", metavar="POLICY", help="a .yaml, .yml, .toml or .json file, or package.module:name")
    add_content(parser)
    shown = parser.add_mutually_exclusive_group()
    shown.add_argument("--json", action="store_true", help="print the verdict as JSON")
    shown.add_argument("--text", action="store_true", help="show the text with its spans marked, terminal or not")
    shown.add_argument("--no-text", action="store_true", help="show nothing of the text, not even what is left of it")
    add_colour(parser)


def add_content(parser: argparse.ArgumentParser) -> None:
    """Let a command take a text or a conversation, and a side."""
    parser.add_argument("file", metavar="FILE", nargs="?", default="-", help="the text; - or nothing: standard input")
    parser.add_argument("--side", choices=("input", "output"), default="input", help="whose guards (%(default)s)")
    parser.add_argument(
        "--messages",
        action="store_true",
        help="FILE is a conversation, a JSON list of messages; with --side output the last one is the reply",
    )


def content_of(args: argparse.Namespace) -> Content:
    """Return the text or the conversation that the command line names.

    Raises:
        UsageError: it cannot be read, or is no conversation where one is wanted.
    """
    if not args.messages:
        return read_text(args.file)
    value = read_json(args.file)
    messages: Any = cast("dict[str, Any]", value).get("messages") if isinstance(value, dict) else value
    if not _is_conversation(messages):
        raise UsageError(f"{args.file}: a conversation is a list of messages, each with a role and a content")
    return messages


def _is_conversation(value: Any) -> TypeGuard[list[dict[str, Any]]]:
    items = cast("Iterable[object]", value) if isinstance(value, list) else ()
    return bool(items) and all(_is_message(each) for each in items)


def _is_message(value: object) -> bool:
    message = cast("dict[str, Any]", value) if isinstance(value, dict) else {}
    return isinstance(message.get("role"), str) and isinstance(message.get("content"), str | list | None)


def run(args: argparse.Namespace) -> int:
    """Print what the guards say, and return 1 if the text may not go on."""
    pipeline = load(args.policy)
    content = content_of(args)

    answer = ask(pipeline, args.side, content)
    if args.json:
        sys.stdout.write(_as_json(answer))
    else:
        paint = paint_for(args.color, sys.stdout)
        marked = not args.no_text and (args.text or paint.on or is_terminal(sys.stdout))
        lines = _as_text(answer, paint, marked=marked, left=not args.no_text)
        sys.stdout.write("\n".join(lines) + "\n")
    return NO if answer.says_no else OK


def style_of(action: Action) -> Style:
    """Return how the name of an action is shown."""
    return _STYLES.get(action.value, "yellow")


def _as_json(answer: Answer) -> str:
    several = len(answer.parts) > 1
    values: dict[str, Any] = {
        "action": answer.action.value,
        "mode": answer.mode,
        "error": answer.error,
        "findings": [_finding_as_json(answer, finding, verdict) for finding, verdict in answer.found],
        "text": None if answer.says_no or answer.texts is None else "".join(answer.texts[-1:]),
    }
    if several and answer.texts is not None and not answer.says_no:
        values["texts"] = {part.where: text for part, text in zip(answer.parts, answer.texts, strict=False)}
    return json.dumps(values) + "\n"


def _finding_as_json(answer: Answer, finding: Finding, verdict: Verdict) -> dict[str, Any]:
    names = ("start", "end", "category", "rule", "guard", "score", "where", "detail")
    values = {name: getattr(finding, name) for name in names}
    line, _, column = place(answer.part_of(finding).text, finding.start).partition(":")
    return values | {"line": int(line), "column": int(column), "action": verdict.action.value, "mode": verdict.mode}


def _as_text(answer: Answer, paint: Paint, *, marked: bool, left: bool) -> Iterator[str]:
    """Yield the lines for people. What is left of the text is shown if the guards changed it."""
    shadow = " (in shadow mode)" if answer.mode == "shadow" else ""
    broke = f": a guard broke: {answer.error}" if answer.error else ""
    yield paint(answer.action.value, style_of(answer.action)) + shadow + broke
    for finding, verdict in answer.found:
        yield _finding_line(answer, finding, verdict, paint)
    if marked and answer.found:
        yield from _marked(answer, paint)
    if left and answer.texts is not None and not answer.says_no:
        for part, text in zip(answer.parts, answer.texts, strict=False):
            if text != part.text:
                yield ""
                if len(answer.parts) > 1:
                    yield paint(f"{printable(part.where)}:", "dim")
                yield printable(text).rstrip("\n")


def _finding_line(answer: Answer, finding: Finding, verdict: Verdict, paint: Paint) -> str:
    part = answer.part_of(finding)
    where = f"{printable(part.where)} " if len(answer.parts) > 1 else ""
    detail = f" ({finding.detail})" if finding.detail else ""
    said = printable(f"{finding.guard or verdict.guard}: {finding.rule}{detail}")
    shadow = ", in shadow" if verdict.mode == "shadow" else ""
    span = f"{where}{finding.start}-{finding.end}"
    category = paint(f"{printable(finding.category):<14}", "yellow")
    at = f"at {place(part.text, finding.start)}, score {finding.score:g}, {verdict.action.value}{shadow}"
    return f"  {span:<11} {category} {said}, {at}"


def _marked(answer: Answer, paint: Paint) -> Iterator[str]:
    for part in _parts_with_findings(answer):
        yield ""
        if len(answer.parts) > 1:
            yield paint(f"{printable(part.where)} ({part.role}):", "dim")
        yield from excerpt(part.text, [each for each, _ in answer.found if answer.part_of(each) is part], paint)


def _parts_with_findings(answer: Answer) -> list[Part]:
    found = [answer.part_of(finding) for finding, _ in answer.found]
    return [part for part in answer.parts if any(part is each for each in found)]
