"""The environment that the policies of these tests name."""

from __future__ import annotations

from collections.abc import Iterator

import pytest


@pytest.fixture(autouse=True, scope="package")
def environment() -> Iterator[None]:
    """Hold the secrets of the examples."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("LIMITS_URL", "redis://:hunter2@127.0.0.1:1/0")
        patch.setenv("HOOK_URL", "https://hooks.example/hunter2")
        patch.setenv("HASH_KEY", "hunter2-hunter2-hunter2")
        yield
