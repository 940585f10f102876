"""Reading policy files: formats, places of mistakes, and everything that is no policy file."""

from __future__ import annotations

import builtins
import sys
from pathlib import Path
from typing import Any

import pytest

from genai_guard.errors import ConfigurationError
from genai_guard.policy.files import read


def written(folder: Path, name: str, content: str | bytes) -> Path:
    path = folder / name
    path.write_bytes(content if isinstance(content, bytes) else content.encode())
    return path


def error_of(folder: Path, name: str, content: str | bytes) -> str:
    """The message for a file, without the folder."""
    with pytest.raises(ConfigurationError) as raised:
        read(written(folder, name, content))
    return str(raised.value).replace(f"{folder}/", "")


@pytest.mark.parametrize(
    ("name", "content"),
    [
        ("policy.yaml", "version: 1\nlimits:\n  - {requests: 60, per: minute}\n"),
        ("policy.yml", "version: 1\nlimits:\n  - {requests: 60, per: minute}\n"),
        ("policy.YAML", "version: 1\nlimits:\n  - {requests: 60, per: minute}\n"),
        ("policy.toml", 'version = 1\n[[limits]]\nrequests = 60\nper = "minute"\n'),
        ("policy.json", '{"version": 1, "limits":\n[{"requests": 60, "per": "minute"}]}'),
        ("policy.json", b'\xef\xbb\xbf{"version": 1, "limits":\n[{"requests": 60, "per": "minute"}]}'),
    ],
)
def test_each_format_is_read_into_the_same_data(tmp_path: Path, name: str, content: str | bytes) -> None:
    document = read(written(tmp_path, name, content))
    assert document.data == {"version": 1, "limits": [{"requests": 60, "per": "minute"}]}


@pytest.mark.parametrize("name", ["policy.yaml", "policy.toml", "policy.json"])
def test_each_format_knows_the_lines_of_its_fields(tmp_path: Path, name: str) -> None:
    contents = {
        "policy.yaml": "version: 1\nlimits:\n- requests: 60\n  per: minute\n",
        "policy.toml": '\nversion = 1\n[[limits]]\nper = "minute"\n',
        "policy.json": '\n\n{"limits": [{\n"per": "minute"}]}',
    }
    assert read(written(tmp_path, name, contents[name])).line_of(("limits", 0, "per")) == 4


@pytest.mark.parametrize(
    ("name", "content", "expected"),
    [
        ("p.json", '{"version": 1,\n"name": }', "p.json:2:9: is not valid JSON: Expecting value"),
        ("p.json", '{"version": 1} x', "p.json:1:16: is not valid JSON: Extra data"),
        ("p.json", "[" * 100_000, "p.json: nested too deeply"),
        ("p.json", f'{{"version": 1{"0" * 5000}}}', "p.json: a number in it has thousands of digits"),
        (
            "p.json",
            '{"a": 1,\n"b": {"c": 1,\n"c": 2},\n"a": 2}',
            "p.json:3: b.c: is here twice, first in line 2: keep one",
        ),
        ("p.json", '{"a": 1,\n"a": 2}', "p.json:2: a: is here twice, first in line 1: keep one"),
        ("p.toml", "version =\n", "p.toml:1:10: is not valid TOML: Invalid value"),
        ("p.toml", "version = 1\nname = [", "p.toml:2: is not valid TOML: "),
        ("p.toml", "version = 1\nversion = 1\n", "is not valid TOML: Cannot overwrite a value"),
        ("p.toml", "[a]\n[a]\n", "p.toml:2:3: is not valid TOML: Cannot declare"),
        ("p.toml", f"a = 1{'0' * 5000}", "p.toml: a number in it has thousands of digits"),
        ("p.toml", "a = " + "[" * 5000, "p.toml: nested too deeply"),
        ("p.yaml", "version: [1\nname: x\n", "p.yaml:2:5: is not valid YAML: while parsing a flow sequence, expected "),
        ("p.yaml", "version: 1\n\tname: x\n", "p.yaml:2:1: is not valid YAML: "),
        ("p.yaml", "version: 1\n---\nversion: 1\n", "is not valid YAML: expected a single document"),
        ("p.yaml", "a: *nobody\n", "p.yaml:1:4: is not valid YAML: found undefined alias"),
        ("p.yaml", "a: 1\nb: \0\n", "p.yaml:2: is not valid YAML: special characters are not allowed"),
        ("p.yaml", "[" * 500, "p.yaml: nested too deeply"),
        ("p.yaml", f"a: 1{'0' * 5000}", "p.yaml: a number in it has thousands of digits"),
        ("p.yaml", "a: 1\nb:\n  c: 1\n  c: 2\n", 'p.yaml:4:3: "c" is here twice, first in line 3: keep one'),
        ("p.yaml", "a: 1\n1: 2\n", "p.yaml:2:1: a key must be text: put it in quotes"),
        ("p.yaml", "? [a]\n: 2\n", "p.yaml:1:3: a key must be text: put it in quotes"),
        ("p.yaml", "a: &a [*a]\n", "p.yaml:1:4: contains itself by way of an alias"),
        ("p.yaml", "a: !!python/name:os.system x\n", 'p.yaml:1:4: the tag "tag:yaml.org,2002:python/name'),
        ("p.yaml", "a: !custom x\n", 'p.yaml:1:4: the tag "!custom" is refused: only data is read'),
        ("p.yaml", "a: !!timestamp 3\n", "p.yaml:1:4: the tag "),
        ("p.yaml", "a: !!binary '%'\n", "p.yaml:1:4: the tag "),
        ("p.yaml", "a: !!int x\n", "p.yaml:1:4: the tag !!int does not fit what follows it"),
        ("p.yaml", "a: !!bool perhaps\n", "p.yaml:1:4: the tag !!bool does not fit what follows it"),
        ("p.yaml", "<<: 3\n", "p.yaml:1:5: is not valid YAML: "),
        ("p.yaml", "# nothing but a comment\n", "p.yaml: the file is empty"),
        ("p.json", " \n ", "p.json: the file is empty"),
        ("p.toml", "", "p.toml: the file is empty"),
        ("p.json", b'{"name":\n"\xff"}', "p.json:2: is not UTF-8 text: save it in that encoding"),
        ("p.yaml", "version: 1".encode("utf-16"), "p.yaml:1: is not UTF-8 text"),
        ("p.txt", "version: 1", "p.txt: the name of a policy file ends in .yaml, .yml, .toml or .json"),
        ("p", "version: 1", "p: the name of a policy file ends in .yaml"),
    ],
)
def test_a_mistake_is_named_with_its_place(tmp_path: Path, name: str, content: str | bytes, expected: str) -> None:
    assert expected in error_of(tmp_path, name, content)


def test_all_mistakes_of_a_yaml_file_are_named_in_its_order(tmp_path: Path) -> None:
    lines = error_of(tmp_path, "p.yaml", "a: !x 1\n2: b\nc: {d: 1, d: 2}\n").splitlines()
    assert [line.split(": ")[0] for line in lines] == ["p.yaml:1:4", "p.yaml:2:1", "p.yaml:3:11"]


def test_aliases_may_not_grow_without_bound(tmp_path: Path) -> None:
    lines = ["a: &a [x, x, x, x, x, x, x, x, x, x]"]
    lines += [f"{new}: &{new} [{', '.join([f'*{old}'] * 10)}]" for old, new in zip("abcdefgh", "bcdefghi", strict=True)]
    assert "values once its aliases are resolved" in error_of(tmp_path, "p.yaml", "\n".join(lines))


def test_anchors_and_merge_keys_are_resolved(tmp_path: Path) -> None:
    text = "a: &base {x: 1, y: 2}\nb:\n  <<: *base\n  y: 3\nc: *base\n"
    document = read(written(tmp_path, "p.yaml", text))
    assert document.data["b"] == {"x": 1, "y": 3}
    assert document.data["c"] == {"x": 1, "y": 2}
    assert [document.line_of(path) for path in (("b", "x"), ("b", "y"), ("c", "x"), ("c",))] == [1, 4, 1, 5]


@pytest.mark.parametrize(
    ("scalar", "value"),
    [
        ("no", "no"),
        ("on", "on"),
        ("22:30", "22:30"),
        ("010", "010"),
        ("0x10", "0x10"),
        ("1_000", "1_000"),
        ("2024-01-01", "2024-01-01"),
        (".inf", ".inf"),
        ("=", "="),
        ("true", True),
        ("False", False),
        ("~", None),
        ("", None),
        ("-12", -12),
        ("+3", 3),
        ("1e3", 1000.0),
        (".5", 0.5),
        ("1.", 1.0),
        ('"1"', "1"),
        ("!!str 1", "1"),
        ("!!float 1", 1.0),
    ],
)
def test_yaml_scalars_are_those_of_version_1_2(tmp_path: Path, scalar: str, value: object) -> None:
    read_back = read(written(tmp_path, "p.yaml", f"a: {scalar}\n")).data["a"]
    assert (type(read_back), read_back) == (type(value), value)


def test_a_missing_file_is_named_with_its_neighbour(tmp_path: Path) -> None:
    written(tmp_path, "policy.yaml", "version: 1")
    with pytest.raises(ConfigurationError, match=r'polcy\.yaml: there is no such file: did you mean "policy\.yaml"\?'):
        read(tmp_path / "polcy.yaml")


def test_a_missing_folder_is_a_missing_file(tmp_path: Path) -> None:
    with pytest.raises(ConfigurationError, match=r"there is no such file$"):
        read(tmp_path / "nowhere" / "policy.yaml")


def test_a_directory_is_refused(tmp_path: Path) -> None:
    with pytest.raises(ConfigurationError, match="is a directory: name the policy file in it"):
        read(tmp_path)


def test_the_text_of_a_policy_is_not_its_path() -> None:
    with pytest.raises(ConfigurationError, match="takes the path of a file or a mapping, not the text of a policy"):
        read("version: 1\nname: x\n")


@pytest.mark.parametrize("name", ["a\0b.yaml", "x" * 5000 + ".yaml"])
def test_what_cannot_be_a_file_name_is_refused(name: str) -> None:
    with pytest.raises(ConfigurationError, match="cannot be read"):
        read(name)


def test_without_its_extra_a_yaml_file_is_refused_by_name(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    real_import = builtins.__import__

    def without_yaml(name: str, *args: Any, **kwargs: Any) -> Any:
        if name.partition(".")[0] == "yaml":
            raise ModuleNotFoundError(name=name)
        return real_import(name, *args, **kwargs)

    monkeypatch.delitem(sys.modules, "genai_guard.policy.yaml_files", raising=False)
    monkeypatch.setattr(builtins, "__import__", without_yaml)
    assert error_of(tmp_path, "p.yaml", "version: 1").endswith(
        "p.yaml: reading YAML needs an extra: pip install 'genai_guard[yaml]'"
    )
