"""Law 12 for all of recording: of five hundred secrets, sent down every path that a call can go, none is found anywhere.

Paths stand in `planted.paths`, surfaces in `planted.surfaces`; both tests go through all of them.
"""

from __future__ import annotations

import html
import json
import logging
import warnings
from base64 import b64encode, urlsafe_b64encode
from collections.abc import Iterator
from contextlib import contextmanager, redirect_stderr, redirect_stdout
from pathlib import Path
from random import Random
from urllib.parse import quote, urlencode

import pytest
import structlog

from genai_guard.recording import Redactor, no_scan
from genai_guard.recording.dimensions import STATUSES
from planted.paths import PATHS
from planted.plants import plants, secrets, unknown
from planted.search import leaks
from planted.surfaces import SURFACES
from planted.world import USERS, World
from receiver import receiver


@contextmanager
def everything(folder: Path, **settings: object) -> Iterator[World]:
    """Open a world in which all that is logged, printed, warned or sent is kept."""
    with receiver() as server, warnings.catch_warnings(record=True) as warned:
        warnings.simplefilter("always")
        world = World(folder, server, **settings)  # type: ignore[arg-type]
        handler = logging.StreamHandler(world.log_text)
        root = logging.getLogger()
        level = root.level
        root.addHandler(handler)
        root.setLevel(logging.DEBUG)
        structlog.configure(
            processors=[structlog.processors.format_exc_info, structlog.processors.JSONRenderer()],
            logger_factory=structlog.WriteLoggerFactory(world.log_text),
        )
        try:
            with redirect_stdout(world.printed), redirect_stderr(world.printed):
                yield world
                world.close()
        finally:
            structlog.reset_defaults()
            root.removeHandler(handler)
            root.setLevel(level)
            world.warned += [f"{each.filename} {each.message!r} {each.source!r}" for each in warned]


def shown_by(world: World) -> dict[str, list[str | bytes]]:
    return {name: list(surface(world)) for name, surface in SURFACES.items()}


def test_of_500_secrets_none_is_found_on_any_surface(tmp_path: Path) -> None:
    planted = plants(500)
    with everything(tmp_path, content=True) as world:
        walked = world.walk(planted)
    shown = shown_by(world)

    assert len(set(secrets(planted))) == 500
    assert leaks(secrets(planted), shown) == []
    broken = [plant.secret[: len(plant.secret) // 2] for plant in walked["a_stream_that_breaks_within_the_secret"]]
    assert leaks([half for half in broken if len(half) >= 8], {"files": shown["files"]}) == []
    assert {row["status"] for row in world.log.read()} == set(STATUSES)
    assert [name for name, pieces in shown.items() if not any(pieces)] == ["printed", "warned"]


def test_without_content_no_word_of_any_text_is_found(tmp_path: Path) -> None:
    rng = Random(11)
    planted = tuple(unknown(rng, kind) for kind in ("WORD", "NAME") for _ in PATHS)
    with everything(tmp_path, content=False) as world:
        world.walk(planted)

    assert leaks(secrets(planted), shown_by(world)) == []
    assert {row["status"] for row in world.log.read()} == set(STATUSES)


NAMED = {"files", "logged_by_structlog", "shown", "told", "read_back", "commands"}
"""Where it says who called: rows, subjects, sources of feedback, and events that a sink is given."""


def test_who_called_is_named_where_that_is_said_and_in_no_file_once_it_is_erased(tmp_path: Path) -> None:
    with everything(tmp_path, content=True) as world:
        world.walk(plants(500)[: len(PATHS)])
        named = {name for name, _ in leaks(USERS, shown_by(world))}
        for user in USERS:
            world.recorder.erase(user=user)
            world.sqlite_log.erase(user=user)  # a sink besides
    after = shown_by(world)

    assert named == NAMED
    assert leaks(USERS, {name: after[name] for name in ("files", "read_back", "commands")}) == []
    assert world.audit.verify().ok


def test_a_leak_is_found(tmp_path: Path) -> None:
    """The same walk with a log that is not redacted."""
    planted = plants(500)[: len(PATHS)]
    with everything(tmp_path, content=True, redact=Redactor(scan=no_scan)) as world:
        walked = world.walk(planted)
    found = leaks(secrets(planted), shown_by(world))

    assert {name for name, _ in found} >= {"files", "read_back"}
    assert {("files", plant.secret) for plant in walked["the_model_raises"]} <= set(found)


@pytest.mark.parametrize("secret", ["ann@example.com", 'a "quoted" <key>\nin two lines: é', "0123456789"])
def test_a_secret_is_found_in_every_form(secret: str) -> None:
    encoded = secret.encode()
    written = {
        secret, json.dumps(secret), json.dumps(json.dumps(secret)), json.dumps(secret, ensure_ascii=False), repr([secret]),
        quote(f"q={secret}&"), urlencode({"q": secret}), html.escape(secret), encoded.hex(),
        *[b64encode(b"x" * before + encoded + b"yz").decode() for before in range(5)],
        urlsafe_b64encode(b"??" + encoded).decode(),
    }  # fmt: skip

    for each in written:
        assert leaks([secret], {"here": ["before ", f"<{each}>"], "there": ["nothing"]}) == [("here", secret)], each
