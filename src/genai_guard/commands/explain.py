"""`explain`: says which rule of a policy fired in a text, and why; or what the rules of a policy are.

explain POLICY [FILE]            why the guards say what they say
explain POLICY --rules           all rules of a policy, a line each
explain [POLICY] --rule ID       one rule in full; without a policy, one of the built-in guards
"""

from __future__ import annotations

import argparse
import json
import sys
from collections.abc import Iterable, Iterator
from dataclasses import asdict
from typing import TYPE_CHECKING, Any, Final

from genai_guard.commands.asking import Answer, ask, seats_of
from genai_guard.commands.check import add_content, content_of, style_of
from genai_guard.commands.facts import RuleFacts, about, conditions_of, kind_of, needed_of, sources_of, words_in_short
from genai_guard.commands.listing import all_facts, built_in
from genai_guard.commands.marks import place
from genai_guard.commands.reasons import NearMiss, Reason, near_misses, reasons
from genai_guard.commands.shared import NO, OK, UsageError, load
from genai_guard.commands.terminal import Paint, add_colour, paint_for, printable

if TYPE_CHECKING:
    from genai_guard.guards.base import Side
    from genai_guard.pipeline import Pipeline

__all__ = ["add_arguments", "run"]

_WIDTH: Final = 12
_FORMS: Final = {
    "raw": "no, it is written so",
    "canonical": "yes: found after escapes, look-alike and invisible characters and the like were undone",
    "letters": "yes: found after spaced-out words were closed, and digits read as letters",
}


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Say what the command takes."""
    parser.add_argument("policy", metavar="POLICY", nargs="?", help="a policy file, or package.module:name")
    add_content(parser)
    about = parser.add_mutually_exclusive_group()
    about.add_argument("--rules", action="store_true", help="list the rules of the policy instead")
    about.add_argument("--rule", metavar="ID", help="describe one rule instead, such as pii.email")
    about.add_argument("--near", action="store_true", help="say also what looked like a match, and why it is none")
    parser.add_argument("--show-text", action="store_true", help="show what was found, and what it reads in disguise")
    parser.add_argument("--json", action="store_true", help="print it as JSON")
    add_colour(parser)


def run(args: argparse.Namespace) -> int:
    """Explain a verdict, or the rules of a policy. Returns 1 if the text may not go on, or there is no such rule."""
    paint = paint_for(args.color, sys.stdout)
    if args.rule or args.rules:
        return _explain_rules(args, paint)
    if not args.policy:
        raise UsageError("explain: name a policy, or a rule by --rule")
    pipeline = load(args.policy)
    answer = ask(pipeline, args.side, content_of(args))
    found = [*reasons(pipeline, args.side, answer)]
    missed = [*near_misses(pipeline, args.side, answer)] if args.near else []
    if args.json:
        sys.stdout.write(json.dumps(_as_json(answer, found, missed, show_text=args.show_text)) + "\n")
    else:
        lines = [*_headline(pipeline, args.side, answer, paint)]
        for number, reason in enumerate(found, 1):
            lines += _reason_lines(number, answer, reason, paint, show_text=args.show_text)
        lines += _near_lines(missed, paint, show_text=args.show_text) if args.near else ()
        sys.stdout.write("\n".join(lines) + "\n")
    return NO if answer.says_no else OK


# --- a verdict --------------------------------------------------------------------------------------------------------


def _headline(pipeline: Pipeline, side: Side, answer: Answer, paint: Paint) -> Iterator[str]:
    action = paint(answer.action.value, style_of(answer.action))
    deciding = dict.fromkeys(
        each.guard for each in answer.verdicts if each.action is answer.action and each.mode == "enforce"
    )
    yield f"{action}, because of {', '.join(deciding)}" if deciding else f"{action}: no rule fired that is enforced"
    for verdict in answer.verdicts:
        if verdict.error:
            yield f"the guard {verdict.guard} broke: {verdict.error}"
    asked = [(seat.name, sum(1 for _ in sources_of(seat))) for seat in seats_of(pipeline, side)]
    names = ", ".join(name + (f" ({count} rules)" if count > 1 else "") for name, count in asked)
    yield paint(f"asked were: {names or f'no guards, the policy has none of the {side}'}", "dim")


def _reason_lines(number: int, answer: Answer, reason: Reason, paint: Paint, *, show_text: bool) -> Iterator[str]:
    finding, text = reason.finding, reason.part.text
    where = f" of {printable(finding.where)}" if len(answer.parts) > 1 else ""
    span = f"{place(text, finding.start)} ({finding.start}-{finding.end}){where}"
    shadow = ", in shadow mode" if reason.verdict.mode == "shadow" else ""
    yield ""
    yield f"{number}. {paint(printable(finding.rule), 'bold')} found {paint(printable(finding.category), 'yellow')} at {span}"
    yield _row("guard", f"{reason.verdict.guard}, which answers with {reason.verdict.action.value}{shadow}")
    for name, said in _why(reason, show_text=show_text):
        yield _row(name, said)
    if show_text:
        yield _row("text", printable(repr(finding.of(text))))


def _why(reason: Reason, *, show_text: bool) -> Iterator[tuple[str, str]]:
    facts, finding = reason.facts, reason.finding
    if finding.detail:
        yield "because", printable(finding.detail)
    if facts is None:
        yield from _of_guard(reason)
        return
    yield "looks for", printable(facts.looks_for)
    if reason.keyword:
        phrase = f": {printable(repr(reason.phrase))}" if show_text else ""
        yield "keyword", f"number {reason.keyword} of the list{phrase}"
    for check in facts.checks:
        yield "passed", check
    yield "score", _score(finding.score, facts.needed)
    if reason.form:
        yield "disguised", _FORMS[reason.form]
    if reason.reads is not None:
        yield "reads", printable(repr(reason.reads)) if show_text else f"{len(reason.reads)} characters (--show-text)"
    if reason.named_by:
        yield "named by", ", ".join(reason.named_by)
    for condition in facts.conditions:
        yield "asked", condition
    if facts.exceptions:
        yield "exceptions", f"{facts.exceptions:,} in the policy; this is none of them"


def _of_guard(reason: Reason) -> Iterator[tuple[str, str]]:
    if reason.seat is not None:
        said = about(reason.seat.guard)
        yield "purpose", f"{said} (kind {kind_of(reason.seat.guard)})" if said else kind_of(reason.seat.guard)
        finding = reason.finding
        family, _, sign = finding.rule.partition(".")[2].rpartition(".")
        if family:
            yield "sign", printable(f"{sign}, of the family {family}".replace("_", " "))
        # What a guard adds up from several signs it says itself, as the reason.
        yield "score", _score(finding.score, None if family else needed_of(reason.seat.guard, finding.category))
        for condition in conditions_of(reason.seat):
            yield "asked", condition


def _score(score: float, needed: float | None) -> str:
    return f"{score:g}" if needed is None else f"{score:g}, at least {needed:g} is needed"


def _row(name: str, value: str) -> str:
    return f"   {name:<{_WIDTH}}{value}"


def _near_lines(missed: Iterable[NearMiss], paint: Paint, *, show_text: bool) -> Iterator[str]:
    missed = [*missed]
    yield ""
    yield paint("near misses" if missed else "no near misses", "bold")
    for miss in missed:
        where = f" of {miss.part.where}" if miss.part.where else ""
        text = f": {miss.part.text[miss.start : miss.end]!r}" if show_text else ""
        at = f"{place(miss.part.text, miss.start)} ({miss.start}-{miss.end}){where}"
        yield printable(f"   {miss.rule} at {at}: {miss.why}{text}")


def _as_json(answer: Answer, found: Iterable[Reason], missed: Iterable[NearMiss], *, show_text: bool) -> dict[str, Any]:
    return {
        "action": answer.action.value,
        "error": answer.error,
        "reasons": [_reason_as_json(reason, show_text=show_text) for reason in found],
        "near_misses": [
            {"rule": each.rule, "guard": each.guard, "where": each.part.where, "start": each.start, "end": each.end}
            | {"why": each.why}
            for each in missed
        ],
    }


def _reason_as_json(reason: Reason, *, show_text: bool) -> dict[str, Any]:
    finding = reason.finding
    names = ("rule", "category", "start", "end", "where", "score", "detail")
    values: dict[str, Any] = {name: getattr(finding, name) for name in names}
    values |= {"guard": reason.verdict.guard, "action": reason.verdict.action.value, "mode": reason.verdict.mode}
    values |= {"form": reason.form, "named_by": reason.named_by, "keyword": reason.keyword or None}
    values["about"] = None if reason.facts is None else asdict(reason.facts)
    if show_text:
        values |= {"text": finding.of(reason.part.text), "reads": reason.reads}
    return values


# --- rules ------------------------------------------------------------------------------------------------------------


def _explain_rules(args: argparse.Namespace, paint: Paint) -> int:
    if args.rules and not args.policy:
        raise UsageError("explain --rules: name a policy")
    pipeline = load(args.policy) if args.policy else built_in()
    listed: list[tuple[Side, RuleFacts]] = [
        (side, facts) for side, facts in all_facts(pipeline) if args.rules or facts.rule == args.rule
    ]
    if not listed and args.rule:
        sys.stderr.write(
            f"{args.policy or 'the built-in guards'}: no rule {printable(repr(args.rule))}; --rules lists them\n"
        )
        return NO
    if args.json:
        sys.stdout.write(json.dumps([{"side": side, **asdict(facts)} for side, facts in listed]) + "\n")
    elif args.rule:
        sys.stdout.write("\n\n".join("\n".join(_rule_lines(side, each, paint)) for side, each in listed) + "\n")
    else:
        sys.stdout.write("".join(f"{line}\n" for line in _list_lines(listed, paint)))
    return OK


def _rule_lines(side: Side, facts: RuleFacts, paint: Paint) -> Iterator[str]:
    yield paint(facts.rule, "bold")
    shadow = ", in shadow mode" if facts.mode == "shadow" else ""
    yield _row("category", facts.category)
    yield _row("guard", f"{facts.guard} (kind {facts.kind}) of the {side}, which answers with {facts.action}{shadow}")
    yield _row("looks for", printable(facts.looks_for))
    for check in facts.checks:
        yield _row("checks", check)
    yield _row("score", _score(facts.score, facts.needed))
    if facts.words:
        yield _row("words", words_in_short(facts.words))
    yield _row("disguised", "found as well" if facts.disguises else "not found")
    for condition in facts.conditions:
        yield _row("asked", condition)
    if facts.exceptions:
        yield _row("exceptions", f"{facts.exceptions:,}")


def _list_lines(listed: Iterable[tuple[Side, RuleFacts]], paint: Paint) -> Iterator[str]:
    head: tuple[str, ...] = ()
    for side, facts in listed:
        if head != (side, facts.guard):
            head = (side, facts.guard)
            yield paint(f"{side}: {facts.guard} (kind {facts.kind}), {facts.action}", "bold")
        yield f"  {facts.rule:<40} {facts.category:<28} {facts.score:<5g} {'; '.join(facts.checks[:1])}".rstrip()
