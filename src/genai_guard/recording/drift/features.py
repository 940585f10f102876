"""What of a call is watched."""

from __future__ import annotations

import importlib.util
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field
from typing import Any, Final, Literal, TypeAlias

from genai_guard.errors import ConfigurationError
from genai_guard.guards.base import one_of
from genai_guard.recording.drift.calls import Call
from genai_guard.text.words import folded_tokens

__all__ = ["FEATURES", "Feature", "FeatureKind", "default_features", "features_of", "guard_hit", "words_of"]

FeatureKind: TypeAlias = Literal["number", "label", "words", "vector"]
"""What a feature returns: a number, a label, a text whose words are watched, or a vector such as an embedding."""


@dataclass(frozen=True)
class Feature:
    """Something that each call has, and whose distribution is watched.

    `Feature("stars", lambda call: call.row.get("stars"))`, `Feature("topic", lambda call: topic_of(call.prompt), kind="label")`,
    `Feature("meaning", lambda call: embed(call.prompt), kind="vector")`.

    Args:
        name: Its name, in the column `column_name`.
        read: Takes a `Call` and returns the value; None where the call has none. What it raises is counted, and is no value.
        kind: What it returns: `number` (a truth value is 0 or 1), `label`, `words` (a text) or `vector` (numbers, always
            as many). Labels are kept as they are: they must name no person.
        needs_text: Whether it looks at the texts of the call. A monitor of features that do not is not handed any.

    Raises:
        ConfigurationError: one of them is not what it must be.
    """

    name: str
    read: Callable[[Call], Any]
    kind: FeatureKind = field(default="number", kw_only=True)
    needs_text: bool = field(default=True, kw_only=True)

    def __post_init__(self) -> None:
        one_of(self, "kind", {"number", "label", "words", "vector"})
        if not isinstance(self.name, str) or not self.name or not callable(self.read):
            raise ConfigurationError("Feature(name, read) takes a name and a function of one Call")


def _answered(column: str) -> Callable[[Call], float | None]:
    """Return what reads a duration of calls that reached the model: refusals take microseconds."""
    return lambda call: call.number(column) if call.row.get("model_ms") != 0 else None


def _count(text: str, count: Callable[[str], int] = len) -> int | None:
    return count(text) if text else None


def _words(text: str) -> int:
    return len(text.split())


def _label(column: str) -> Callable[[Call], str | None]:
    def read(call: Call) -> str | None:
        value = call.row.get(column)
        return None if value is None else str(value)

    return read


def _number(column: str) -> Callable[[Call], float | None]:
    return lambda call: call.number(column)


def guard_hit(guard: str) -> Feature:
    """Return the feature that is whether a guard found something, in shadow mode too: its rate, called `pii_hit` for `pii`.

    Args:
        guard: Name of the guard, as verdicts have it.
    """
    return Feature(f"{guard}_hit", lambda call: guard in _hits(call), kind="label", needs_text=False)


def _hits(call: Call) -> set[str]:
    """Return the guards that found something."""
    return {str(each["guard"]) for each in call.verdicts if each.get("action") not in {"allow", "error"}}


def _guards(call: Call) -> str:
    return "+".join(sorted(_hits(call))) or "none"


def _language(side: str) -> Callable[[Call], str | None]:
    def read(call: Call) -> str | None:
        from genai_guard.guards.language import language_of  # noqa: PLC0415  loaded when it is asked for

        return language_of(getattr(call, side))

    return read


def _refusal(call: Call) -> bool | None:
    from genai_guard.recording.quality.measures import is_refusal  # noqa: PLC0415  as above

    return is_refusal(call)


_NUMBERS: Final = ("input_tokens", "output_tokens", "cost_usd")
_LABELS: Final = ("status", "model", "variant", "finish_reason")

FEATURES: Final[Mapping[str, Feature]] = {
    each.name: each
    for each in (
        Feature("prompt_chars", lambda call: _count(call.prompt)),
        Feature("prompt_words", lambda call: _count(call.prompt, _words)),
        Feature("reply_chars", lambda call: _count(call.reply)),
        Feature("reply_words", lambda call: _count(call.reply, _words)),
        *(Feature(name, _number(name), needs_text=False) for name in _NUMBERS),
        Feature("latency_ms", _answered("latency_ms"), needs_text=False),
        Feature("first_token_ms", _answered("first_token_ms"), needs_text=False),
        *(Feature(name, _label(name), kind="label", needs_text=False) for name in _LABELS),
        Feature("guard_hits", _guards, kind="label", needs_text=False),
        Feature("refusal", _refusal, kind="label"),
        Feature("prompt_language", _language("prompt"), kind="label"),
        Feature("reply_language", _language("reply"), kind="label"),
        Feature("prompt_vocabulary", lambda call: call.prompt, kind="words"),
        Feature("reply_vocabulary", lambda call: call.reply, kind="words"),
    )
}
"""The features there are, by name. Languages need `pip install 'genai_guard[language]'`."""


def default_features() -> tuple[Feature, ...]:
    """Return all features that work here: those of languages where py3langid is installed."""
    has_languages = importlib.util.find_spec("py3langid") is not None
    return tuple(each for each in FEATURES.values() if has_languages or not each.name.endswith("_language"))


def features_of(given: Iterable[str | Feature] | None, *, where: str) -> tuple[Feature, ...]:
    """Return the features that were given or named; all that work here for None.

    A name is that of one in `FEATURES` or of the measures of quality, that of a column with numbers, or an import
    reference `package.module:name` to a `Feature`.

    Raises:
        ConfigurationError: one is none, or two have one name.
    """
    if given is None:
        return default_features()
    found = tuple(_feature(each, where) for each in ((given,) if isinstance(given, str | Feature) else given))
    names = [each.name for each in found]
    twice = next((name for name in names if names.count(name) > 1), None)
    if twice is not None:
        raise ConfigurationError(f"{where}(features=...) has {twice!r} twice")
    if not found:
        raise ConfigurationError(
            f"{where}(features=[]) would watch nothing; leave it out to watch {', '.join(FEATURES)}"
        )
    return found


def _feature(given: object, where: str) -> Feature:
    if isinstance(given, Feature):
        return given
    if not isinstance(given, str) or not given:
        raise ConfigurationError(f"{where}(features=...) takes names and Feature(...), not {type(given).__name__}")
    if ":" in given:
        return _imported(given, where)
    if given.endswith("_language") and given in FEATURES:
        from genai_guard.guards.language import language_of  # noqa: PLC0415  says what is missing

        language_of("")
    from genai_guard.recording.quality.measures import QUALITY  # noqa: PLC0415  builds on this

    return FEATURES.get(given) or QUALITY.get(given) or Feature(given, _number(given), needs_text=False)


def _imported(reference: str, where: str) -> Feature:
    from genai_guard.policy.problems import Problems  # noqa: PLC0415  needs pydantic
    from genai_guard.policy.references import imported  # noqa: PLC0415

    try:
        found = imported(reference)
    except Problems as error:
        what = "; ".join(problem.text for problem in error.problems)
        raise ConfigurationError(f"{where}(features=...): {reference!r} {what}") from None
    if isinstance(found, Feature):
        return found
    raise ConfigurationError(f"{where}(features=...): {reference!r} leads to no Feature")


def words_of(text: str) -> list[str]:
    """Return the words of a text, case-folded; marks are left out."""
    return [token for token in folded_tokens(text) if token[0].isalnum()]
