"""What lab 6.3 is about: a shop whose models get slow and fail, and its customers."""

from __future__ import annotations

import time
from collections import Counter
from concurrent.futures import ThreadPoolExecutor

from genai_guard import Pipeline, caller

__all__ = ["Shop"]


class Shop:
    """Two models, and what is wrong with them at the moment.

    Attributes:
        down: Models that fail.
        slow: Models that take 0.7 s.
    """

    def __init__(self) -> None:
        self.down: set[str] = set()
        self.slow: set[str] = set()

    def ask(self, prompt: str, *, model: str = "small") -> str:
        """Answer as the model would."""
        if model in self.down:
            raise ConnectionError("the provider hung up")
        time.sleep(0.7 if model in self.slow else 0.001)
        return "It closes at six."

    def traffic(self, pipeline: Pipeline, prompt: str = "When do you close?", *, users: int = 60) -> Counter[str]:
        """Have so many users ask at once; return what they got, or the class of what was raised, with how many did."""
        ask = pipeline.wrap(self.ask)

        def one(number: int) -> str:
            with caller(user=f"u-{number}", tenant="north" if number % 3 else "south"):
                try:
                    return ask(prompt, model="large" if number % 2 else "small")
                except Exception as error:  # noqa: BLE001  whatever happens is counted
                    return type(error).__name__

        with ThreadPoolExecutor(users) as threads:
            return Counter(threads.map(one, range(users)))
