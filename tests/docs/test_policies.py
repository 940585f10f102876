"""Every policy, or piece of one, that a page shows is valid by the schema, and loads."""

from __future__ import annotations

import json
import re
import tomllib
from pathlib import Path
from typing import Any

import pytest
import yaml
from jsonschema import Draft202012Validator

from docs.pages import PAGES, ROOT
from genai_guard import ConfigurationError, Pipeline
from genai_guard.environment import elsewhere
from genai_guard.policy import json_schema

SCHEMA = json_schema()
VALIDATOR = Draft202012Validator(SCHEMA)
SECTIONS = frozenset(SCHEMA["properties"]) - {"version", "name", "$schema"}
_BLOCK = re.compile(r"^( *)```(yaml|toml|json)[^\n]*\n(.*?)^\1```$", re.MULTILINE | re.DOTALL)
_READERS: dict[str, Any] = {"yaml": yaml.safe_load, "toml": tomllib.loads, "json": json.loads}


def shown() -> list[Any]:
    """Every block that holds a section of a policy, with its page and line."""
    found = []
    for page in PAGES:
        text = page.read_text(encoding="utf-8")
        for block in _BLOCK.finditer(text):
            data = _READERS[block[2]](re.sub(rf"^{block[1]}", "", block[3], flags=re.MULTILINE))
            if isinstance(data, dict) and SECTIONS & data.keys():
                line = text.count("\n", 0, block.start()) + 1
                found.append(pytest.param({"version": 1, **data}, id=f"{page.relative_to(ROOT)}:{line}"))
    return found


@pytest.mark.parametrize("policy", shown())
def test_a_policy_on_a_page_is_valid_and_loads(
    policy: dict[str, Any], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    for name in ("blocked.txt",):
        (tmp_path / name).write_text("falcon\nfalcon heavy rocket\n", encoding="utf-8")
    VALIDATOR.validate(policy)
    try:
        with elsewhere():
            Pipeline.from_policy(policy)
    except ConfigurationError as error:
        assert re.search("cannot be imported: there is no module 'my_app", str(error)), str(error)  # noqa: PT017


def test_the_pages_show_policies() -> None:
    assert len(shown()) > 10
