"""Settings of every test."""

from __future__ import annotations

import os

from hypothesis import settings

# The machines of CI are noisy: a time limit for one example would fail by chance. `thorough` is for a night.
settings.register_profile("default", deadline=None)
settings.register_profile("thorough", deadline=None, max_examples=5_000)
settings.load_profile(os.environ.get("HYPOTHESIS_PROFILE", "default"))
