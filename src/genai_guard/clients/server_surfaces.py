"""What of the clients of model servers asks a model: Databricks, MLflow deployments, Hugging Face, Ollama."""

from __future__ import annotations

from typing import Final

from genai_guard.clients.surface import Surface

__all__ = ["DATABRICKS", "HUGGING_FACE", "MLFLOW", "OLLAMA"]

_OPENAI: Final = "wrap the client that it returns: pipeline.wrap_client(w.serving_endpoints.get_open_ai_client())"
_UNREAD: Final = "what it is asked and answers is not read: use serving_endpoints.query"
_TASK: Final = "what it is asked and answers is not read: use chat_completion or text_generation"

DATABRICKS: Final = Surface(
    name="Databricks",
    classes=("databricks.WorkspaceClient",),
    methods=("serving_endpoints.query", "serving_endpoints_data_plane.query"),
    refused={
        "serving_endpoints.get_open_ai_client": _OPENAI,
        "serving_endpoints.get_langchain_chat_open_ai_client": "it is no client of this SDK: guard the chat model itself",
        **dict.fromkeys(
            (
                *(
                    f"genie.{name}{ending}"
                    for name in ("start_conversation", "create_message")
                    for ending in ("", "_and_wait")
                ),
                *("genie.get_message", "genie.list_conversation_messages", "genie.wait_get_message_genie_completed"),
                *("genie.genie_create_eval_run", "genie.genie_get_eval_result_details"),
                *(f"ai_functions.ai_{name}" for name in ("classify", "decide", "extract", "parse_document")),
                *("ai_functions.create_batch", "ai_functions.get_batch", "agent_kit.extract_memories"),
            ),
            _UNREAD,
        ),
    },
)
MLFLOW: Final = Surface(
    name="MLflow deployments",
    classes=tuple(f"mlflow.{name}DeploymentClient" for name in ("Databricks", "Mlflow", "OpenAI")),
    methods=("predict", "predict_stream"),
)
HUGGING_FACE: Final = Surface(
    name="Hugging Face",
    classes=("huggingface_hub.InferenceClient", "huggingface_hub.AsyncInferenceClient"),
    methods=("chat_completion", "text_generation"),
    refused=dict.fromkeys(
        (
            *("summarization", "translation", "question_answering", "table_question_answering"),
            *("document_question_answering", "visual_question_answering", "image_to_text", "image_to_image"),
            *("image_to_video", "text_to_image", "text_to_speech", "text_to_video", "audio_to_audio"),
            "automatic_speech_recognition",
        ),
        _TASK,
    ),
)
OLLAMA: Final = Surface(
    name="Ollama",
    classes=("ollama.Client", "ollama.AsyncClient"),
    methods=("chat", "generate"),
    refused={"systemone": "what it is asked and answers is not read: use chat"},
)
