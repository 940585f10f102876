"""What streams are measured with: texts, ways to cut them, what is held back, and what gets out that should not.

Standard library only. A guarded stream is a function from the model's pieces to the pieces that its reader gets; beside
it stands the same guard around the whole text. A text that is refused comes out empty. `report` is for the scripts
beside this one, each of which runs in an environment of its own.
"""

from __future__ import annotations

import json
import re
import statistics
import sys
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from functools import partial
from importlib.metadata import version
from pathlib import Path
from typing import Any, Final, NamedTuple, TypeAlias

# Behind everything else: a benchmark may have the name of a package that a peer imports.
sys.path.append(str(Path(__file__).parents[1]))

from kit import KEYWORDS, SAMPLES, calibration, interleave, synchronous, tokens

__all__ = ["KEYWORDS", "TEXTS", "Held", "Leaks", "costs", "held", "leaks", "report", "words"]

Stream: TypeAlias = Callable[[Iterable[str]], Iterable[str]]
Whole: TypeAlias = Callable[[str], str]

TEXTS: Final[Mapping[str, str]] = {
    "prose": SAMPLES["prose"].reply,
    "hits": SAMPLES["hits"].reply,
    "code": SAMPLES["chat"].reply,
    "chat JSON": SAMPLES["chat"].prompt,
    "non-ASCII": (
        "Мы получили ваш запрос и ответим в течение двух рабочих дней. Où est passée la commande n° 17 ? Elle a été "
        "expédiée à Genève. 请在三个工作日内回复。谢谢。 いつも有難うございます。 Größere Mengen gern auf Anfrage 👍🏽. "
    )
    * 4,
}
_PIECE: Final = 4
"""So many characters of an identifier are a part of it."""


def sized(text: str, *, size: int) -> list[str]:
    """Cut a text into pieces of one size."""
    return [text[at : at + size] for at in range(0, len(text), size)]


def words(text: str) -> list[str]:
    """Cut a text before each run of white space."""
    return re.findall(r"\s*\S+|\s+$", text)


# --- what gets out ----------------------------------------------------------------------------------------------------

_LONG_LOCAL: Final = "quarterly.newsletter.subscriptions.of.the.southern.harbour.1871"
_LONG_DOMAIN: Final = ".".join(f"{name}-branch-office-of-the-shop" for name in ("lisbon", "dublin", "bergen", "gdansk"))
IDENTIFIERS: Final = (
    "jo.harper@example.com",
    "tom_field@mail.example.org",
    "k.w@example.com.au",
    f"{_LONG_LOCAL}@{_LONG_DOMAIN}.example.com",
    "4111 1111 1111 1111",
    "5555555555554444",
    "203.0.113.77",
    "2001:db8:77::8a2e:370:7334",
    "GB82 WEST 1234 5698 7654 32",
    "+44 20 7946 0958",
    "415-555-0132",
    "078-05-1120",
)
_BEFORE: Final = ("", "You reach us at ", "The letter was late, so we called twice and nobody came to the door. Note: ")
_AFTER: Final = ("", ", thank you.", f" is what we have on file. {SAMPLES['prose'].reply}")
CUTS: Final[Mapping[str, Callable[[str], list[str]]]] = {
    **{f"pieces of {size}": partial(sized, size=size) for size in (1, 3, 4, 7, 40)},
    "words": words,
}


class Leaks(NamedTuple):
    """What became of identifiers in streams.

    Attributes:
        streams: Streams with an identifier that the same guard hides in the whole text.
        leaked: Those in which some four characters of it got out, one after another.
        differed: Those that came out otherwise than the whole text, without that.
        kinds: Identifiers that the guard hides in a whole text, of all there are.
    """

    streams: int
    leaked: int
    differed: int
    kinds: int


def leaks(stream: Stream, whole: Whole) -> Leaks:
    """Send every identifier, in every surrounding and every cut."""
    streams = leaked = differed = 0
    kinds = set()
    for identifier in IDENTIFIERS:
        for before in _BEFORE:
            for after in _AFTER:
                text = before + identifier + after
                hidden = whole(text)
                if _parts(identifier, text) & _grams(hidden):
                    continue
                kinds.add(identifier)
                for cut in CUTS.values():
                    out = "".join(stream(cut(text)))
                    is_out = bool(_parts(identifier, text) & _grams(out))
                    streams += 1
                    leaked += is_out
                    differed += not is_out and out != hidden
    return Leaks(streams, leaked, differed, len(kinds))


def _grams(text: str) -> set[str]:
    return {text[at : at + _PIECE] for at in range(len(text) - _PIECE + 1)}


def _parts(identifier: str, text: str) -> set[str]:
    """Return the parts of an identifier that stand nowhere else in its text."""
    return _grams(identifier) - _grams(text.replace(identifier, "\0"))


# --- what is held -----------------------------------------------------------------------------------------------------


class Held(NamedTuple):
    """Characters that have arrived and not gone out when the next piece is asked for.

    `missing` never go out.
    """

    median: float
    p95: int
    most: int
    missing: int


def held(stream: Stream, pieces: Sequence[str]) -> Held:
    """Measure a stream that leaves its text as it is."""
    fed = released = 0
    after: list[int] = []

    def feed() -> Iterator[str]:
        nonlocal fed
        for piece in pieces:
            fed += len(piece)
            yield piece
            after.append(fed - released)

    for out in stream(feed()):
        released += len(out)
    ordered = sorted(after)
    return Held(statistics.median(ordered), ordered[int(0.95 * len(ordered))], ordered[-1], fed - released)


# --- what it costs ----------------------------------------------------------------------------------------------------


def consume(stream: Iterable[str]) -> None:
    """Read a stream to its end."""
    for _ in stream:
        pass


def _read(stream: Stream, pieces: Sequence[str]) -> None:
    consume(stream(iter(pieces)))


def costs(streams: Mapping[str, Stream], pieces: Sequence[str], *, rounds: int) -> dict[str, float]:
    """Return microseconds of CPU a piece for each stream, over a generator that nothing guards."""
    cases = {"bare": synchronous(lambda: consume(iter(pieces)))}
    for name, stream in streams.items():
        cases[name] = synchronous(partial(_read, stream, pieces))
    timings = interleave(cases, rounds=rounds, batch_s=0.01)
    bare = timings.pop("bare").median_us
    return {name: (timing.median_us - bare) / len(pieces) for name, timing in timings.items()}


def report(stream: Stream, whole: Whole, *, package: str, work: str) -> None:
    """Measure a peer and print the result as one line of JSON."""
    rounds = 3 if "--quick" in sys.argv else 7
    pace = interleave({"calibration": calibration()}, rounds=rounds)["calibration"].median_us
    result: dict[str, Any] = {"package": package, "version": version(package), "work": work, "calibration": pace}
    result["held"] = held(stream, tokens(TEXTS["prose"]))._asdict()
    result["leaks"] = leaks(stream, whole)._asdict()
    result["us"] = {name: costs({"peer": stream}, tokens(text), rounds=rounds)["peer"] for name, text in TEXTS.items()}
    print(json.dumps(result))


def _refuse_network(event: str, _arguments: tuple[Any, ...]) -> None:
    if event in {"socket.connect", "socket.getaddrinfo"}:
        raise OSError("no network in a benchmark")


sys.addaudithook(_refuse_network)
