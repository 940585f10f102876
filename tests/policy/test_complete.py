"""One policy with all of limits and resilience in the three formats: the same pipeline, and it comes back from each."""

from __future__ import annotations

import json
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
import yaml

from genai_guard import ConfigurationError, Limit, Pipeline, RateLimiter
from genai_guard.cli import main
from genai_guard.environment import env
from genai_guard.guards import PII
from genai_guard.limits import Adaptive
from genai_guard.limits.stores.redis import RedisStore
from genai_guard.policy.files import read
from genai_guard.prices import Prices
from genai_guard.resilience import Breaker, Cache, Fallback, Resilience, Retry, Target, Timeout, is_transient
from genai_guard.testing.cases import load_policy
from policy.parts import parts_of

FOLDER = Path(__file__).parents[2] / "examples" / "policies"
FILES = [FOLDER / f"fleet.{suffix}" for suffix in ("yaml", "toml", "json")]


def in_python() -> Pipeline:
    """The pipeline of the files."""
    return Pipeline(
        name="fleet",
        input=[PII(action="hash", hash_key=env("HASH_KEY"))],
        limiter=RateLimiter(
            Limit.requests(6_000, per="minute"),
            Limit.tokens(100_000, per="minute", by="tenant"),
            Limit.requests(20, per="minute", by="user", overrides={"nightly-job": 600}),
            Limit.usd(50, per="day", by="tenant", timezone="Europe/Berlin"),
            Limit.concurrent(8, by="user", on_outage="allow"),
            store=RedisStore(env("LIMITS_URL"), prefix="fleet", local_share=0.05),
            adapt=Adaptive(
                Limit.requests(500, per="minute", by="model"),
                Limit.tokens(200_000, per="minute", by="model"),
                max_keys=100,
            ),
            max_waiting=200,
        ),
        prices=Prices({"small": (0.15, 0.60), "large": (2.50, 10.00)}, unknown_model="error"),
        resilience=Resilience(
            timeout=Timeout(30, attempt_s=10, first_token_s=5),
            retry=Retry(3, first_wait_s=0.2, when=is_transient),
            breaker=Breaker(0.5, minimum_calls=20, probes=3),
            fallback=Fallback(
                [{"model": "large"}, Target({"model": "small", "temperature": 0}, name="plain")], on_truncation=True
            ),
            cache=Cache(300, version="policy 7"),
        ),
    )


def data_of(path: Path) -> dict[str, Any]:
    data = read(path).data
    return {key: value for key, value in data.items() if key != "$schema"}


def test_the_formats_say_the_same() -> None:
    first, *others = map(data_of, FILES)
    assert all(other == first for other in others)


def test_the_page_shows_the_example() -> None:
    page = (FOLDER.parents[1] / "docs" / "how-to" / "policy-file.md").read_text(encoding="utf-8")
    text = FILES[0].read_text(encoding="utf-8")
    assert f"```yaml\n{text[text.index('version: 1') :]}```" in page


@pytest.mark.parametrize("path", FILES, ids=lambda path: path.suffix)
def test_a_file_is_the_pipeline_made_in_python(path: Path) -> None:
    pipeline = Pipeline.from_policy(path)
    assert parts_of(pipeline) == parts_of(in_python())
    assert pipeline.policy() == in_python().policy()


def as_toml(value: Any, *, is_whole: bool = True) -> str:
    """Enough of TOML for a policy: a line for each section."""
    if isinstance(value, dict):
        pairs = [f"{json.dumps(key)} = {as_toml(inner, is_whole=False)}" for key, inner in value.items()]
        return "\n".join(pairs) if is_whole else f"{{{', '.join(pairs)}}}"
    if isinstance(value, list):
        return f"[{', '.join(as_toml(each, is_whole=False) for each in value)}]"
    return json.dumps(value)


WRITERS: dict[str, Callable[[Any], str]] = {"yaml": yaml.safe_dump, "json": json.dumps, "toml": as_toml}


@pytest.mark.parametrize("suffix", WRITERS)
def test_what_is_written_comes_back_from_a_file(suffix: str, tmp_path: Path) -> None:
    pipeline = Pipeline.from_policy(FILES[0])
    path = tmp_path / f"policy.{suffix}"
    path.write_text(WRITERS[suffix](pipeline.policy()))
    again = Pipeline.from_policy(path)
    assert again == pipeline
    assert again.policy() == pipeline.policy()


def test_what_is_written_holds_no_secret() -> None:
    assert "hunter2" not in json.dumps(Pipeline.from_policy(FILES[0]).policy())
    assert "hunter2" not in repr(Pipeline.from_policy(FILES[0]))


# --- commands ---------------------------------------------------------------------------------------------------------


def test_the_command_line_needs_no_secrets(monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> None:
    monkeypatch.delenv("LIMITS_URL")
    monkeypatch.setenv("HASH_KEY", "")
    assert main(["validate", str(FILES[0])]) == 0
    out, err = capsys.readouterr()
    assert out == f"{FILES[0]}: OK\n"
    assert err.splitlines() == [
        f"{FILES[0]}: note: the environment variable {name} is not set here" for name in ("HASH_KEY", "LIMITS_URL")
    ]
    with pytest.raises(
        ConfigurationError, match=r"fleet\.yaml:\d+: input\[0\]\.hash_key\.env: .* is empty\n.*LIMITS_URL"
    ):
        Pipeline.from_policy(FILES[0])


def test_a_wrong_policy_is_named_with_its_lines(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    text = FILES[0].read_text().replace("kind: redis", "kind: redsi").replace("attempts: 3", "attempts: 0")
    path = tmp_path / "policy.yaml"
    path.write_text(text)
    assert main(["validate", str(path)]) == 1
    lines = text.splitlines()
    first, second = capsys.readouterr().err.splitlines()
    assert first.startswith(
        f"{path}:{1 + next(i for i, line in enumerate(lines) if 'redsi' in line)}: limiter.store.kind: "
    )
    assert second.startswith(
        f"{path}:{1 + next(i for i, line in enumerate(lines) if 'attempts: 0' in line)}: resilience."
    )


def test_explain_lists_the_rules_of_it(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["explain", str(FILES[0]), "--rules"]) == 0
    assert "pii.email" in capsys.readouterr().out


def test_its_limits_can_be_simulated_without_its_store(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    calls = tmp_path / "traffic.csv"
    calls.write_text("time_s,user,tenant,model,input_tokens,output_tokens\n" + "0,ann,acme,small,10,5\n" * 30)
    assert main(["simulate-limits", str(FILES[0]), str(calls), "--json"]) == 0
    told = json.loads(capsys.readouterr().out)
    assert (told["calls"], told["admitted"]) == (30, 20)


def test_the_command_line_leaves_the_store_alone(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    path = tmp_path / "policy.json"
    policy = {"version": 1, "limits": [{"concurrent": 5}]}
    file = {"kind": "sqlite", "path": str(tmp_path / "no-such-folder" / "usage")}
    path.write_text(json.dumps({**policy, "limiter": {"store": file}}))
    assert main(["validate", str(path)]) == 0
    path.write_text(json.dumps({**policy, "limiter": {"store": {"kind": "leased", "store": file}}}))
    assert main(["validate", str(path)]) == 1
    assert "limiter.store: LeasedStore: '5 calls at once': calls in flight cannot be leased" in capsys.readouterr().err


def test_a_module_that_a_policy_names_is_imported_as_ever(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.syspath_prepend(str(tmp_path))
    (tmp_path / "an_application.py").write_text(
        "from genai_guard.environment import is_elsewhere\nseen = is_elsewhere()\ndef unsure(reply): return False\n"
    )
    tiers = {"targets": [{"params": {"model": "large"}}], "escalate": "an_application:unsure"}
    (tmp_path / "policy.json").write_text(json.dumps({"version": 1, "resilience": {"tiers": tiers}}))
    load_policy(tmp_path / "policy.json")
    assert sys.modules["an_application"].seen is False
