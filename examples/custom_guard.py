"""Guards of your own: a function with `@guard`, and an object with a method `check`. Nothing is registered anywhere.

Shows spans that are redacted, a yes or no that blocks, a score with a threshold, and trying out a guard alone.
Run: python examples/custom_guard.py
"""

from __future__ import annotations

import re

from genai_guard import Action, Finding, Pipeline, Verdict
from genai_guard.guards import guard


@guard(action="redact", name="order_number")
def order_numbers(text: str) -> list[tuple[int, int, str]]:
    """Find the shop's order numbers: spans, each with the label to put in its place."""
    return [(*match.span(), "ORDER") for match in re.finditer(r"\bJP-\d{6}\b", text)]


@guard
def other_languages(text: str) -> bool:
    """Refuse what is not written in Latin letters: found or not, about the whole text."""
    return any(char.isalpha() and ord(char) > 0x24F for char in text)


@guard(action="flag", threshold=0.5)
def shouting(text: str) -> float:
    """Mark what is mostly in capitals: a score, and from where on it counts."""
    letters = [char for char in text if char.isalpha()]
    return sum(char.isupper() for char in letters) / len(letters) if letters else 0.0


class Politeness:
    """Any object with `check` is a guard. This one says itself what to go on with."""

    def check(self, text: str, /) -> Verdict:
        """Replace a rude word."""
        start = text.find("stupid")
        if start < 0:
            return Verdict(Action.ALLOW, text)
        finding = Finding("politeness.rude", "RUDE", start, start + len("stupid"))
        return Verdict(Action.REDACT, text.replace("stupid", "unfortunate"), (finding,))


def main() -> None:
    """Try a guard alone, then all of them together."""
    verdict = order_numbers.check("Where is JP-123456?")
    print(f"alone: {verdict.action} {verdict.text}")

    pipeline = Pipeline(input=[order_numbers, other_languages, shouting, Politeness()])
    for text in ("Where is my stupid JP-123456?", "WHERE IS IT?", "\u0413\u0434\u0435 JP-123456?"):
        verdict = pipeline.scan_input(text)
        print(f"{verdict.action} by {verdict.guard}: {verdict.text}")


if __name__ == "__main__":
    main()
