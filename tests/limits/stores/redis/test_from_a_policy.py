"""The store of a policy file: processes that read the same policy count together."""

from __future__ import annotations

from typing import Any

import pytest

from genai_guard import Pipeline, RateLimited
from limits.stores.servers import Server


def answer(prompt: str) -> str:
    return "ok"


@pytest.mark.parametrize("leased", [False, True], ids=["shared", "leased"])
def test_pipelines_of_one_policy_count_together(leased: bool, server: Server, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("SERVER_OF_LIMITS", server.url)
    store: Any = {"kind": "redis", "server": {"env": "SERVER_OF_LIMITS"}, "prefix": f"policy-{leased}", "timeout_s": 30}
    policy = {
        "version": 1,
        "limits": [{"requests": 3, "per": "day"}],
        "limiter": {"store": {"kind": "leased", "store": store, "share": 0.01} if leased else store},
    }
    first = Pipeline.from_policy(policy)
    second = Pipeline.from_policy(first.policy())
    for pipeline in (first, second, first):
        pipeline.run(answer, "Hello")
    with pytest.raises(RateLimited):
        second.run(answer, "Hello")
