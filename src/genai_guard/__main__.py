"""`python -m genai_guard`: see `genai_guard.cli`."""

from __future__ import annotations

import sys

from genai_guard.cli import main

__all__ = ["main"]

if __name__ == "__main__":
    sys.exit(main())
