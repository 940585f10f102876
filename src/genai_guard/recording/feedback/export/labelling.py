"""Calls and what was said of them, for tools in which people label."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from time import gmtime, strftime
from typing import Any, Final, TextIO, cast

from genai_guard.recording.feedback.export.conversations import UnfitError, conversation_of
from genai_guard.recording.feedback.export.joining import OnLeftOut, Row, joined
from genai_guard.recording.feedback.values import Feedback

__all__ = ["LABEL_STUDIO_CONFIG", "annotator", "chosen", "label_studio_tasks", "read_label_studio", "write_csv"]

LABEL_STUDIO_CONFIG: Final = """\
<View>
  <Paragraphs name="messages" value="$messages" layout="dialogue" nameKey="role" textKey="content"/>
  <Choices name="thumbs" toName="messages" choice="single-radio">
    <Choice value="up"/>
    <Choice value="down"/>
  </Choices>
  <Rating name="rating" toName="messages"/>
  <TextArea name="correction" toName="messages" rows="5" maxSubmissions="1"/>
  <TextArea name="comment" toName="messages" rows="2" maxSubmissions="1"/>
</View>
"""
"""The labelling configuration that goes with `label_studio_tasks`."""

_COLUMNS: Final = (
    "request_id", "request_time", "model", "variant", "prompt", "reply",
    "name", "value", "time", "source", "source_type",
)  # fmt: skip
_FORMULA: Final = ("=", "+", "-", "@", "\t", "\r")


def label_studio_tasks(
    rows: Iterable[Row], feedback: Iterable[Feedback], *, on_left_out: OnLeftOut | None = None
) -> Iterator[dict[str, Any]]:
    """Yield tasks for Label Studio: the calls that something was said of, with that as predictions to start from.

    The project needs the configuration `LABEL_STUDIO_CONFIG`. Give feedback as well that only picks calls, such as a
    score.

    Args:
        rows: Of an inference log: `InferenceLog("inference").read()`.
        feedback: All that was said: `store.read()`.
        on_left_out: Told what cannot be a task: calls with tools, texts that were not kept, unknown requests.
    """
    for row, entries in joined(rows, feedback, on_left_out=on_left_out):
        try:
            talk = conversation_of(row)
        except UnfitError as reason:
            if on_left_out is not None:
                on_left_out(str(row.get("request_id")), str(reason))
            continue
        yield {
            "data": {
                "request_id": row.get("request_id"),
                "model": row.get("model"),
                "variant": row.get("variant"),
                "messages": [*talk.prompt, {"role": "assistant", "content": talk.reply}],
            },
            "predictions": list(_predictions(entries)),
        }


def _predictions(entries: Iterable[Feedback]) -> Iterator[dict[str, Any]]:
    """Yield one for each source."""
    by_source: dict[str, list[Feedback]] = {}
    for entry in entries:
        by_source.setdefault(entry.source or "user", []).append(entry)
    for source, said in by_source.items():
        if result := [labelled for entry in said if (labelled := _result(entry)) is not None]:
            yield {"model_version": source, "result": result}


def _result(entry: Feedback) -> dict[str, Any] | None:
    forms: dict[str, tuple[str, Any]] = {
        "thumbs": ("choices", {"choices": [entry.value]}),
        "rating": ("rating", {"rating": entry.value}),
        "correction": ("textarea", {"text": [entry.value]}),
        "comment": ("textarea", {"text": [entry.value]}),
    }
    if entry.name not in forms:
        return None
    kind, value = forms[entry.name]
    return {"from_name": entry.name, "to_name": "messages", "type": kind, "value": value}


def read_label_studio(tasks: Iterable[Mapping[str, Any]]) -> Iterator[dict[str, Any]]:
    """Yield what was said in the tasks that Label Studio exports as JSON, for `recorder.feedback(**said)`.

    The source is `label-studio:` and who completed the annotation, the time that of its last change. Tasks without
    annotations, cancelled ones and labels of a configuration of your own are passed over.
    """
    for task in tasks:
        for annotation in task.get("annotations") or ():
            said = dict(filter(None, map(_said, annotation.get("result") or ())))
            if said and not annotation.get("was_cancelled"):
                yield {
                    "request_id": task["data"]["request_id"],
                    **said,
                    "source": f"label-studio:{annotator(annotation.get('completed_by'))}",
                    "time_s": _seconds(annotation.get("updated_at") or annotation.get("created_at")),
                }


def _said(result: Mapping[str, Any]) -> tuple[str, Any] | None:
    name, value = result.get("from_name"), result.get("value", {})
    if name == "rating":
        return ("rating", value["rating"]) if value.get("rating") else None
    text = chosen(result) if name in {"thumbs", "correction", "comment"} else ""
    return (str(name), text) if text.strip() else None


def chosen(result: Mapping[str, Any]) -> str:
    """Return the choice that somebody made, or the text that they wrote."""
    value = result.get("value", {})
    given = value.get("choices") or value.get("text")
    return "\n".join([given] if isinstance(given, str) else given or ())


def annotator(who: Any) -> str:
    """Return who labelled: Label Studio gives the id, or a mapping that has one and maybe an address."""
    if isinstance(who, Mapping):
        person = cast("Mapping[str, object]", who)
        who = person.get("email") or person.get("id")
    return "" if who is None else str(who)


def _seconds(time: object) -> float | None:
    from datetime import datetime  # noqa: PLC0415  only what was exported has times to read

    return datetime.fromisoformat(time).timestamp() if isinstance(time, str) else None


def write_csv(
    file: TextIO, rows: Iterable[Row], feedback: Iterable[Feedback], *, on_left_out: OnLeftOut | None = None
) -> int:
    """Write a line for everything that was said, with its call; return how many.

    A cell that a spreadsheet would take for a formula begins with an apostrophe. Texts that were not kept are empty.

    Args:
        file: Open for writing, with `newline=""`.
        rows: As for `label_studio_tasks`.
        feedback: The same.
        on_left_out: Told of feedback on unknown requests.
    """
    import csv  # noqa: PLC0415  a recorder does not need it

    writer = csv.writer(file)
    writer.writerow(_COLUMNS)
    written = 0
    for row, entries in joined(rows, feedback, on_left_out=on_left_out):
        try:
            talk = conversation_of(row)
            texts = ["\n".join(f"{each['role']}: {each['content']}" for each in talk.prompt), talk.reply]
        except UnfitError:
            texts = ["", ""]
        call = [row.get(name) for name in _COLUMNS[:4]]
        for each in entries:
            value = " ".join(each.value) if isinstance(each.value, tuple) else each.value
            time = strftime("%Y-%m-%dT%H:%M:%S+00:00", gmtime(each.time_s))
            writer.writerow(
                [_cell(cell) for cell in (*call, *texts, each.name, value, time, each.source, each.source_type)]
            )
            written += 1
    return written


def _cell(value: object) -> object:
    return f"'{value}" if isinstance(value, str) and value.startswith(_FORMULA) else value
