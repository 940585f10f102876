"""Reviewed calls for other tools: as JSON, as feedback, as policy tests, as tasks in which people label."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterable, Iterator, Mapping
from typing import Any, Final, TypeAlias, cast

from genai_guard.recording.feedback.export.conversations import UnfitError, conversation_of, is_withheld
from genai_guard.recording.feedback.export.labelling import annotator, chosen
from genai_guard.recording.feedback.values import Feedback
from genai_guard.recording.review.values import CALL, Fired, Labels, ReviewItem

__all__ = ["cases", "feedback", "label_studio_config", "label_studio_tasks", "read_label_studio", "records"]

OnLeftOut: TypeAlias = Callable[[ReviewItem, str], object]
"""Told of what is left out, and why."""

_DEFAULT: Final = Labels()
_CONFIG: Final = """\
<View>
  <Paragraphs name="messages" value="$messages" layout="dialogue" nameKey="role" textKey="content"/>
  <Header value="$found"/>
  <Choices name="review" toName="messages" choice="single-radio">
{choices}
  </Choices>
  <TextArea name="comment" toName="messages" rows="2" maxSubmissions="1"/>
</View>
"""


def records(items: Iterable[ReviewItem], *, labels: Labels = _DEFAULT) -> Iterator[dict[str, Any]]:
    """Yield all that is known of each item, with the values that JSON has; `decided` is what the majority says of a rule.

    Args:
        items: Of a queue: `queue.items()`.
        labels: Those of the queue.
    """
    for item in items:
        yield {
            "item": item.id,
            "request_id": item.request_id,
            "time_s": item.time_s,
            "status": item.status,
            "reasons": list(item.reasons),
            "priority": item.priority,
            "propensity": item.propensity,
            "fired": [each._asdict() for each in item.fired],
            "decided": {rule: labels.decided(item, rule) for rule in item.subjects},
            "reviews": [
                {
                    "reviewer": each.reviewer, "kind": each.kind, "label": each.label, "rules": dict(each.rules),
                    "comment": each.comment, "time_s": each.time_s, "is_final": each.is_final,
                }
                for each in item.reviews
            ],
            "row": dict(item.row),
        }  # fmt: skip


def feedback(items: Iterable[ReviewItem]) -> Iterator[Feedback]:
    """Yield the judgements as feedback, which `genai_guard.recording.feedback.export` joins to calls and exports.

    The score `review` is the label, `review.` and the name of a rule that of a rule with one of its own. A comment is a
    comment.
    """
    for item in items:
        for each in item.reviews:
            if each.kind == "judged":
                said = {"review": each.label, **{f"review.{_word(rule)}": label for rule, label in each.rules.items()}}
                said |= {"comment": each.comment} if each.comment.strip() else {}
                for name, value in said.items():
                    yield Feedback(item.request_id, name=name, value=value, source=each.reviewer, time_s=each.time_s)


def _word(rule: str) -> str:
    """Return a rule as the name of a score may be."""
    return "".join(letter if letter.isalnum() or letter in "_-." else "_" for letter in rule)[:56]


# --- policy tests -----------------------------------------------------------------------------------------------------


def cases(
    items: Iterable[ReviewItem], *, labels: Labels = _DEFAULT, on_left_out: OnLeftOut | None = None
) -> dict[str, Any]:
    """Return judged calls as a file of policy tests, which also fits thresholds: write it as `reviewed.cases.json`.

    A rule that was right has to find its category in the text again, one that was wrong nothing; where no rule fired and
    there was nothing to find, the guards of both sides have to allow.

    Args:
        items: Of a queue: `queue.items()`.
        labels: Those of the queue.
        on_left_out: Told what cannot be a test: what is undecided, what was found and is covered in the text that was
            kept, what was missed without being named.
    """
    return {"cases": [case for item in items for case in _cases(item, labels, on_left_out or _ignore)]}


def _cases(item: ReviewItem, labels: Labels, leave_out: OnLeftOut) -> Iterator[dict[str, Any]]:
    if not item.fired:
        yield from _silent_cases(item, labels, leave_out)
    for each in item.fired:
        sense = labels.decided(item, each.rule)
        message = _message(item, each.side, each.message)
        reason = "undecided" if sense is None else "" if each.is_shown else "what was found is covered"
        if reason or message is None:
            leave_out(item, reason or "no text")
        else:
            found = {"category": each.category, "others": True} if sense else {"expect": "allow"}
            yield {
                **_named(item, message, each.side, each.rule), "guard": each.guard, **found,
                "source": "review", "tags": [f"rule:{each.rule}"],
            }  # fmt: skip


def _silent_cases(item: ReviewItem, labels: Labels, leave_out: OnLeftOut) -> Iterator[dict[str, Any]]:
    sense = labels.decided(item, CALL)
    if sense is not False:
        leave_out(item, "undecided" if sense is None else "what was missed is not named")
        return
    for side in ("request", "response"):
        if (message := _message(item, side, -1)) is None:
            leave_out(item, "no text")
        else:
            yield {**_named(item, message, side, side), "expect": "allow", "source": "review"}


def _named(item: ReviewItem, message: Mapping[str, str], side: str, what: str) -> dict[str, Any]:
    role = {"role": message["role"]} if side == "request" and message["role"] in {"system", "tool"} else {}
    side = "input" if side == "request" else "output"
    return {"name": f"review {item.id} {what}", "text": message["content"], "side": side, **role}


def _message(item: ReviewItem, side: str, place: int) -> Mapping[str, str] | None:
    """Return one of the texts of a call; None if it was not kept."""
    try:
        messages: Any = json.loads(item.row[side])["messages"]
        message = cast("Mapping[str, str]", messages[place])
    except (KeyError, IndexError, TypeError, ValueError):
        return None
    return None if is_withheld(message["content"]) or not message["content"] else message


def _ignore(_: ReviewItem, __: str) -> None:
    """Take no notice."""


# --- Label Studio -----------------------------------------------------------------------------------------------------


def label_studio_config(labels: Labels = _DEFAULT) -> str:
    """Return the labelling configuration that goes with `label_studio_tasks`."""
    from html import escape  # noqa: PLC0415  a recorder does not need it

    choices = "\n".join(f'    <Choice value="{escape(each)}"/>' for each in labels.all)
    return _CONFIG.format(choices=choices)


def label_studio_tasks(
    items: Iterable[ReviewItem], *, on_left_out: OnLeftOut | None = None
) -> Iterator[dict[str, Any]]:
    """Yield items as tasks for Label Studio, with what was said of them as predictions to start from.

    Args:
        items: Of a queue: `queue.items(status="open")`.
        on_left_out: Told what cannot be a task: calls with tools, texts that were not kept.
    """
    for item in items:
        try:
            talk = conversation_of(item.row)
        except UnfitError as reason:
            (on_left_out or _ignore)(item, str(reason))
            continue
        yield {
            "data": {
                "item": item.id,
                "request_id": item.request_id,
                "reasons": ", ".join(item.reasons),
                "found": ", ".join(map(_found, item.fired)) or "nothing found",
                "messages": [*talk.prompt, {"role": "assistant", "content": talk.reply}],
            },
            "predictions": [
                {
                    "model_version": each.reviewer,
                    "result": [
                        {
                            "from_name": "review",
                            "to_name": "messages",
                            "type": "choices",
                            "value": {"choices": [each.label]},
                        }
                    ],
                }
                for each in item.reviews
                if each.kind == "judged"
            ],
        }


def read_label_studio(tasks: Iterable[Mapping[str, Any]]) -> Iterator[dict[str, Any]]:
    """Yield what was said in the tasks that Label Studio exports as JSON, for `queue.judge(**said)`.

    The reviewer is `label-studio:` and who completed the annotation. Tasks without annotations, cancelled ones and those
    without a label are passed over.
    """
    for task in tasks:
        for annotation in task.get("annotations") or ():
            said = {str(each.get("from_name")): chosen(each) for each in annotation.get("result") or ()}
            if said.get("review") and not annotation.get("was_cancelled"):
                yield {
                    "item": task["data"]["item"],
                    "reviewer": f"label-studio:{annotator(annotation.get('completed_by'))}",
                    "label": said["review"],
                    "comment": said.get("comment", ""),
                }


def _found(each: Fired) -> str:
    return f"{each.rule} ({each.guard}, {each.action})"
