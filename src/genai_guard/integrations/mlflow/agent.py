"""A guarded agent that MLflow logs, loads and serves. Needs the extra `mlflow`.

Rule 1: MLflow traces the methods that the class of an agent has itself, with all texts as they came. So these are
    inherited ones: calls are traced by the recorder of the pipeline, once their texts were redacted.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from typing import TYPE_CHECKING, Any, Final

from genai_guard.errors import ConfigurationError
from genai_guard.integrations.mlflow.answering import Answer, Answering, Question
from genai_guard.integrations.mlflow.items import Items
from genai_guard.integrations.mlflow.package import package, unhinted
from genai_guard.integrations.mlflow.rows import FIELDS
from genai_guard.integrations.mlflow.saving import answering_in, log
from genai_guard.pipeline import Pipeline

if TYPE_CHECKING:
    import os

    class ResponsesAgent:
        """What MLflow calls."""
else:
    ResponsesAgent = package("mlflow.pyfunc").ResponsesAgent

__all__ = ["GuardedAgent", "log_agent"]

_TAKES: Final = ("messages", "input")
_NO_CHAT: Final = Answer(
    status="bad_request",
    http_status=400,
    reason="an item that messages do not hold, such as an image: the function may take input=... in place of messages",
)
_PASSED_ON: Final = ("temperature", "top_p", "max_output_tokens", "tools", "tool_choice", "parallel_tool_calls")


class _Answers:
    """What an agent does. It is no agent of MLflow itself: rule 1."""

    def __init__(self, pipeline: Pipeline | None = None, model: str | Callable[..., Any] | None = None) -> None:
        if (pipeline is None) is not (model is None):
            raise ConfigurationError("GuardedAgent takes a pipeline and a model, or neither if both were logged")
        self._answering = None if pipeline is None or model is None else _checked(Answering(pipeline, model))

    def load_context(self, context: Any) -> None:
        """Build the pipeline and import the function that were logged; called by MLflow."""
        if self._answering is None:
            self._answering = _checked(answering_in(context))

    @unhinted
    def predict(self, request: Any) -> Any:
        """Return the whole response.

        Args:
            request: A `ResponsesAgentRequest`, or its fields.
        """
        asked = self._loaded.ask(self._question(request))
        items = Items(asked.answer.request_id)
        for delta in asked.deltas():
            items.add(delta)
        done = items.done() if asked.answer.status == "ok" else []
        return package("mlflow.types.responses").ResponsesAgentResponse(output=done, **_ending(asked.answer))

    @unhinted
    def predict_stream(self, request: Any) -> Iterator[Any]:
        """Yield the events of the response: text as it comes, then each item, and an error if it was broken off.

        Args:
            request: As for `predict`.
        """
        event = package("mlflow.types.responses").ResponsesAgentStreamEvent
        asked = self._loaded.ask(self._question(request))
        items = Items(asked.answer.request_id)
        for delta in asked.deltas():
            items.add(delta)
            if delta.kind in {"text", "refusal"} and delta.text:
                yield event(type="response.output_text.delta", delta=delta.text, item_id=items.message_id)
        if asked.answer.status != "ok":
            yield event(
                type="error",
                code=asked.answer.status,
                message=asked.answer.reason,
                custom_outputs=_outputs(asked.answer),
            )
            return
        for item in items.done():
            yield event(type="response.output_item.done", item=item)

    @property
    def _loaded(self) -> Answering:
        if self._answering is None:
            raise ConfigurationError("this GuardedAgent has no pipeline: let MLflow load it, or give it one")
        return self._answering

    def _question(self, request: Any) -> Question | Answer:
        types = package("mlflow.types.responses")
        given = types.ResponsesAgentRequest(**request) if isinstance(request, Mapping) else request
        items = [item.model_dump(exclude_none=True) for item in given.input]
        inputs: Mapping[str, Any] = given.custom_inputs or {}
        custom = {name: str(value) for name, value in inputs.items() if isinstance(value, str | int)}
        who: dict[str, Any] = {"user": given.user}
        if given.context is not None:
            who = {"user": given.context.user_id or given.user, "session": given.context.conversation_id}
        who |= custom
        try:
            content = items if self._loaded.content == "input" else types.to_chat_completions_input(items)
        except (
            LookupError,
            TypeError,
            ValueError,
            AttributeError,
        ):  # it quotes what it does not know, or looks for texts
            return _NO_CHAT
        return Question(
            content,
            {name: who[name] for name in FIELDS if who.get(name)},
            {name: value for name, value in custom.items() if name not in FIELDS},
            {name: value for name, value in _params(given) if self._loaded.accepts(name)},
        )


class GuardedAgent(_Answers, ResponsesAgent):
    """A function that asks a model, guarded, as a `ResponsesAgent`.

    The function takes `messages`, as chat completions have them, or `input`, as the Responses API has it, and what else it
    has parameters for of `temperature`, `top_p`, `max_output_tokens`, `tools`, `tool_choice` and `parallel_tool_calls`. Its
    reply may be a text, a stream of texts, or what a provider answers; messages and tool calls become items. The
    conversation and the user of the request are those of the caller, `custom_inputs` say more of it: `tenant`,
    `request_id`, and tags.

    What a policy refuses is a response with the status `incomplete`, for the reason `content_filter`, and what else fails one
    with the status `failed`. `custom_outputs` say what `GuardedModel` says of a row. In a stream that is the event `error`.

    Args:
        pipeline: What guards; as logged when None.
        model: The function, or an import reference of one. It is not asynchronous.

    Raises:
        ConfigurationError: the function cannot be imported, or takes neither `messages` nor `input`.
    """


def log_agent(
    policy: str | os.PathLike[str] | Mapping[str, Any] | Pipeline,
    model: str | Callable[..., Any],
    *,
    name: str = "guarded_agent",
    code_paths: Sequence[str] = (),
    requirements: Sequence[str] = (),
    **options: Any,
) -> Any:
    """Log a `GuardedAgent` from code; otherwise like `log_model`.

    MLflow asks every agent that it logs once, with its `input_example` or an example of its own.

    Args:
        policy: As for `log_model`.
        model: A function of `messages` or `input`.
        name: Name of the model.
        code_paths: As for `log_model`.
        requirements: As for `log_model`.
        options: As for `log_model`.

    Raises:
        ConfigurationError: as for `log_model`, or the function takes neither `messages` nor `input`.
    """

    def checked(takes: str) -> Mapping[str, Any]:
        _check_takes(takes)
        return options

    return log(
        "agent_script.py",
        policy,
        model,
        name=name,
        code_paths=code_paths,
        requirements=requirements,
        options=checked,
    )


def _checked(answering: Answering) -> Answering:
    _check_takes(answering.content)
    return answering


def _check_takes(name: str) -> None:
    if name not in _TAKES:
        raise ConfigurationError(
            f"an agent is asked with a whole conversation: its function takes messages or input, not {name}"
        )


def _params(request: Any) -> Iterator[tuple[str, Any]]:
    for name in _PASSED_ON:
        value = getattr(request, name, None)
        if value is not None:
            plain = [each.model_dump(exclude_none=True) for each in value] if name == "tools" else value
            yield name, plain


def _ending(answer: Answer) -> dict[str, Any]:
    """Return what a response says of how it ended, in the words of the Responses API."""
    if answer.status == "ok":
        return {"status": "completed", "custom_outputs": _outputs(answer)}
    known: dict[str, Any] = {"custom_outputs": _outputs(answer)}
    if answer.status == "blocked":
        return {"status": "incomplete", "incomplete_details": {"reason": "content_filter"}, **known}
    return {"status": "failed", "error": {"code": answer.status, "message": answer.reason}, **known}


def _outputs(answer: Answer) -> dict[str, Any]:
    return {name: value for name, value in answer._asdict().items() if name != "reply" and value is not None}
