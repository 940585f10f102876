"""Providers of models, and what is built around models."""

from __future__ import annotations

from typing import Final

from genai_guard.guards.credentials.credential import assigned, token

__all__ = ["CREDENTIALS"]

# "OpenAI" in base64 stands in the middle of the company's keys.
_OPENAI: Final = r"sk-(?:(?:proj|svcacct|admin|None)-)?[A-Za-z0-9_-]{20,74}T3BlbkFJ[A-Za-z0-9_-]{20,74}"

CREDENTIALS: Final = (
    token("OPENAI_API_KEY", _OPENAI, 51, 167, words=("sk",)),
    token("ANTHROPIC_API_KEY", r"sk-ant-(?:api|admin|oat|sid)[0-9]{2}-[A-Za-z0-9_-]{80,120}", 93, 135, words=("sk",)),
    token("OPENROUTER_API_KEY", r"sk-or-v1-[0-9a-f]{64}", 73, words=("sk",)),
    token("DEEPSEEK_API_KEY", r"sk-[0-9a-f]{32}", 35, words=("sk",), score=0.9),
    token("HUGGING_FACE_TOKEN", r"(?:hf|api_org)_[A-Za-z]{34}", 37, 42),
    token("REPLICATE_TOKEN", r"r8_[A-Za-z0-9]{37}", 40),
    token("GROQ_API_KEY", r"gsk_[A-Za-z0-9]{52}", 56),
    token("XAI_API_KEY", r"xai-[A-Za-z0-9]{80}", 84, words=("xai",)),
    token("PERPLEXITY_API_KEY", r"pplx-[A-Za-z0-9]{48}", 53, words=("pplx",)),
    token("NVIDIA_API_KEY", r"nvapi-[A-Za-z0-9_-]{64}", 70, words=("nvapi",)),
    token("PINECONE_API_KEY", r"pcsk_[A-Za-z0-9]{5,8}_[A-Za-z0-9]{60,64}", 71, 78),
    token("LANGSMITH_API_KEY", r"lsv2_(?:pt|sk)_[0-9a-f]{32}_[0-9a-f]{10}", 51),
    token("LANGFUSE_SECRET_KEY", r"sk-lf-[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12}", 42, words=("sk",)),
    token("E2B_API_KEY", r"e2b_[0-9a-f]{40}", 44),
    token("TAVILY_API_KEY", r"tvly-(?:(?:dev|prod)-)?[A-Za-z0-9_-]{32}", 37, 42, words=("tvly",)),
    token("FIREWORKS_API_KEY", r"fw_[A-Za-z0-9]{24}", 27, score=0.9),
    assigned("COHERE_API_KEY", ("cohere_api_key", "co_api_key"), r"[A-Za-z0-9]{40}", 40),
    assigned("MISTRAL_API_KEY", ("mistral_api_key",), r"[A-Za-z0-9]{32}", 32),
    assigned("TOGETHER_API_KEY", ("together_api_key",), r"[0-9a-f]{64}", 64),
    assigned("WANDB_API_KEY", ("wandb_api_key",), r"[0-9a-f]{40}", 40),
)
