"""Settings of every test."""

from __future__ import annotations

import gc
import os

from hypothesis import settings

# The machines of CI are noisy: a time limit for one example would fail by chance. There the examples are the same each
# time, so that a change is judged and not its luck; everywhere else they are new ones. `thorough` is for a night.
settings.register_profile("default", deadline=None, derandomize="CI" in os.environ)
settings.register_profile("thorough", deadline=None, max_examples=5_000)
settings.load_profile(os.environ.get("HYPOTHESIS_PROFILE", "default"))


def pytest_collection_finish() -> None:
    """Leave the tests themselves out of garbage collections: there are so many that each would take a second."""
    gc.collect()
    gc.freeze()
