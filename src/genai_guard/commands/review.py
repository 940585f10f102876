"""`review`: the calls of a review queue: shown, claimed, judged, counted, exported.

review next review.sqlite --reviewer ann
review judge review.sqlite 17 false_positive --reviewer ann --rule pii.phone=true_positive
review stats policy.yaml
review export policy.yaml --format cases --output reviewed.cases.json
"""

from __future__ import annotations

import argparse
import json
import sys
from collections import Counter
from collections.abc import Callable, Iterable
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

from genai_guard.commands.as_json import as_json
from genai_guard.commands.shared import NO, OK, UsageError, check_kept, give, json_lines, load, sentence
from genai_guard.commands.terminal import printable, printable_json

if TYPE_CHECKING:
    from genai_guard.recording.review import ReviewItem, ReviewQueue, ReviewStats

__all__ = ["add_arguments", "run"]

_POLICIES: Final = (".yaml", ".yml", ".json", ".toml")
_STATUSES: Final = ("open", "escalated", "done")
_FORMATS: Final = ("jsonl", "cases", "feedback", "label-studio", "label-studio-config")


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Say what the command takes."""
    actions = parser.add_subparsers(title="actions", metavar="ACTION", required=True, dest="action")
    for name, about in _ABOUT.items():
        action = actions.add_parser(name, help=about, description=sentence(about), allow_abbrev=False)
        action.add_argument("queue", metavar="QUEUE", help="the file of a ReviewQueue, or the policy that has one")
        if name in {"judge", "skip", "escalate"}:
            action.add_argument("item", metavar="ITEM", type=int, help="its number")
        if name == "judge":
            action.add_argument("label", metavar="LABEL", help="what is to be said: true_positive, false_positive, ...")
            action.add_argument(
                "--rule", metavar="RULE=LABEL", action="append", default=[], help="say something else of one rule"
            )
        if name in {"next", "judge", "skip", "escalate"}:
            action.add_argument("--reviewer", metavar="NAME", required=True, help="who looks at it")
        if name in {"judge", "skip", "escalate"}:
            action.add_argument("--comment", metavar="TEXT", default="", help="why; redacted before it is kept")
        if name == "next":
            action.add_argument("--escalated", action="store_true", help="what others want decided")
        if name in {"list", "next", "stats"}:
            action.add_argument("--json", action="store_true", help="print it as JSON")
        if name in {"list", "export"}:
            action.add_argument("--status", choices=_STATUSES, help="only items that stand there")
        if name == "export":
            action.add_argument("--format", choices=_FORMATS, default="jsonl", help="what to export as (%(default)s)")
            action.add_argument("--output", metavar="FILE", default="-", help="where to; standard output unless said")


def run(args: argparse.Namespace) -> int:
    """Do what was asked for; 1 where there is nothing to do, or somebody else was faster."""
    import sqlite3  # noqa: PLC0415  `--help` does not need it

    queue = _queue(args.queue)
    try:
        return _ACTIONS[args.action](queue, args)
    except sqlite3.Error as error:
        raise UsageError(f"{args.queue}: cannot be used as a review queue: {error}") from None
    finally:
        queue.close()


def _queue(name: str) -> ReviewQueue:
    from genai_guard.recording import MetricsRecorder  # noqa: PLC0415  as above
    from genai_guard.recording.review import ReviewQueue  # noqa: PLC0415
    from genai_guard.recording.review.table import TABLE  # noqa: PLC0415

    if not (name.lower().endswith(_POLICIES) and Path(name).is_file()):
        check_kept(name, TABLE, what="file of a review queue, and no policy")
        return ReviewQueue(name)
    recorder = load(name).recorder
    if not isinstance(recorder, MetricsRecorder) or recorder.review is None:
        raise UsageError(f"{name}: has no review queue: add review: {{path: review.sqlite}} to metrics")
    return recorder.review


def _list(queue: ReviewQueue, args: argparse.Namespace) -> int:
    items = queue.items(status=args.status)
    if args.json:
        sys.stdout.write(_records(items, queue))
        return OK
    for item in items:
        fired = ", ".join(dict.fromkeys(each.rule for each in item.fired)) or "nothing found"
        said = ", ".join(f"{each.reviewer}: {each.label or each.kind}" for each in item.reviews)
        words = (f"{item.id:>6}", f"{item.status:<9}", item.request_id, "; ".join(item.reasons), fired, said)
        sys.stdout.write(printable("  ".join(filter(None, words))) + "\n")
    return OK


def _next(queue: ReviewQueue, args: argparse.Namespace) -> int:
    items = queue.claim(args.reviewer, escalated=args.escalated)
    if not items:
        sys.stderr.write("nothing to review\n")
        return NO
    if args.json:
        sys.stdout.write(_records(items[:1], queue))
    else:
        sys.stdout.write("\n".join([printable(line) for line in _shown(items[0])]) + "\n")
    return OK


def _records(items: Iterable[ReviewItem], queue: ReviewQueue) -> str:
    from genai_guard.recording.review import export  # noqa: PLC0415  as above

    return printable_json(json_lines(export.records(items, labels=queue.labels)))


def _shown(item: ReviewItem) -> Iterable[str]:
    yield f"item {item.id}: call {item.request_id}, {item.row.get('status') or 'of another process'}"
    yield f"because: {', '.join(item.reasons)}"
    for each in item.fired:
        where = f"{each.side}, message {each.message}" if each.message >= 0 else each.side
        yield f"found: {each.rule} ({each.category}) by {each.guard}, {each.action}, in the {where}"
    for side in ("request", "response"):
        for message in _messages(item, side):
            yield f"\n{side}, {message['role']}:"
            yield from str(message["content"]).splitlines()
    for review in item.reviews:
        yield f"\n{review.reviewer}: {review.label or review.kind}" + (f" ({review.comment})" if review.comment else "")


def _messages(item: ReviewItem, side: str) -> list[dict[str, Any]]:
    payload = item.row.get(side)
    messages: list[dict[str, Any]] = json.loads(payload)["messages"] if isinstance(payload, str) else []
    return messages


def _judge(queue: ReviewQueue, args: argparse.Namespace) -> int:
    rules = dict(_pair(each) for each in args.rule)
    return _told(queue.judge(args.item, args.reviewer, args.label, rules=rules, comment=args.comment))


def _pair(text: str) -> tuple[str, str]:
    rule, equals, label = text.rpartition("=")
    if not (rule and equals and label):
        raise UsageError(f"--rule {text}: must be the name of a rule and a label: pii.phone=false_positive")
    return rule, label


def _skip(queue: ReviewQueue, args: argparse.Namespace) -> int:
    return _told(queue.skip(args.item, args.reviewer, comment=args.comment))


def _escalate(queue: ReviewQueue, args: argparse.Namespace) -> int:
    return _told(queue.escalate(args.item, args.reviewer, comment=args.comment))


def _told(taken: object) -> int:
    if taken:
        return OK
    sys.stderr.write("not taken: there is no such item, or others have said what there is to say\n")
    return NO


def _stats(queue: ReviewQueue, args: argparse.Namespace) -> int:
    from genai_guard.recording.review import report  # noqa: PLC0415  as above

    if args.json:
        found = {"queue": queue.stats(), "judged": report(queue.items(), labels=queue.labels)}
        sys.stdout.write(as_json(found))
        return OK
    lines = [*_counts(queue.stats()), "", str(report(queue.items(), labels=queue.labels))]
    sys.stdout.write("\n".join([printable(line) for text in lines for line in text.split("\n")]) + "\n")
    return OK


def _counts(stats: ReviewStats) -> Iterable[str]:
    yield f"{stats.open:,} open, {stats.escalated:,} escalated, {stats.done:,} done; {stats.claimed:,} at hand"
    if stats.oldest_s:
        yield f"the oldest waits for {stats.oldest_s / 3_600:,.1f} h"
    if stats.dropped:
        yield f"{stats.dropped:,} found no room, and no estimate knows of them"
    if stats.reviewers:
        yield "judged: " + ", ".join(f"{name} {count:,}" for name, count in stats.reviewers.items())


def _export(queue: ReviewQueue, args: argparse.Namespace) -> int:
    from genai_guard.recording.feedback.export import assessments  # noqa: PLC0415  as above
    from genai_guard.recording.review import export  # noqa: PLC0415

    left_out: Counter[str] = Counter()

    def leave_out(_: ReviewItem, reason: str) -> None:
        left_out[reason] += 1

    items, labels = queue.items(status=args.status), queue.labels
    if args.format == "jsonl":
        text = json_lines(export.records(items, labels=labels))
    elif args.format == "cases":
        text = (
            json.dumps(export.cases(items, labels=labels, on_left_out=leave_out), ensure_ascii=False, indent=1) + "\n"
        )
    elif args.format == "feedback":
        text = json_lines(assessments(export.feedback(items)))
    elif args.format == "label-studio":
        text = json.dumps(list(export.label_studio_tasks(items, on_left_out=leave_out)), ensure_ascii=False) + "\n"
    else:
        text = export.label_studio_config(labels)
    return give(args.output, text, left_out=left_out)


_ABOUT: Final = {
    "list": "list the items of a queue",
    "next": "claim what is most urgent, and show it",
    "judge": "say what holds of an item",
    "skip": "leave an item to others",
    "escalate": "have somebody else decide",
    "stats": "say how the queue is doing, how often rules are right, and how far reviewers agree",
    "export": "write items for other tools",
}
_ACTIONS: Final[dict[str, Callable[[ReviewQueue, argparse.Namespace], int]]] = {
    "list": _list,
    "next": _next,
    "judge": _judge,
    "skip": _skip,
    "escalate": _escalate,
    "stats": _stats,
    "export": _export,
}
