"""The rules of the house that a machine can check."""

from __future__ import annotations

import ast
import re
import tomllib
from collections.abc import Iterator
from pathlib import Path

import pytest

from house.extras_smoke import USES

ROOT = Path(__file__).parents[2]
SOURCES = sorted((ROOT / "src").rglob("*.py"))
PROJECT = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["project"]
CORE = {"mmh3", "opentelemetry-api", "pydantic", "regex", "structlog", "tiktoken"}


def read(name: str) -> str:
    return (ROOT / name).read_text(encoding="utf-8")


def module_name(path: Path) -> str:
    return ".".join(path.relative_to(ROOT / "src").with_suffix("").parts).removesuffix(".__init__")


def imports_at_load(tree: ast.Module) -> Iterator[ast.Import | ast.ImportFrom]:
    """Imports that run when the module does: not those of functions, nor those for type checkers alone."""
    waiting: list[ast.AST] = [*tree.body]
    while waiting:
        node = waiting.pop()
        if isinstance(node, ast.Import | ast.ImportFrom):
            yield node
        elif isinstance(node, ast.If) and "TYPE_CHECKING" in ast.unparse(node.test):
            waiting += node.orelse
        elif not isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef | ast.Lambda):
            waiting += ast.iter_child_nodes(node)


def import_graph() -> dict[str, set[str]]:
    """Return the modules that each module needs before it is complete."""
    modules = {module_name(path): path for path in SOURCES}
    graph: dict[str, set[str]] = {}
    for name, path in modules.items():
        needed = set()
        for node in imports_at_load(ast.parse(path.read_text(encoding="utf-8"))):
            if isinstance(node, ast.ImportFrom) and node.module:
                inner = {f"{node.module}.{alias.name}" for alias in node.names}
                needed |= (inner & modules.keys()) or ({node.module} & modules.keys())
            elif isinstance(node, ast.Import):
                needed |= {alias.name for alias in node.names} & modules.keys()
        graph[name] = needed - {name}
    return graph


def a_cycle(graph: dict[str, set[str]]) -> list[str]:
    """Return the modules of one cycle; none when there is no cycle."""
    done: set[str] = set()

    def follow(name: str, path: list[str]) -> list[str]:
        if name in path:
            return [*path[path.index(name) :], name]
        if name in done:
            return []
        done.add(name)
        return next((found for needed in sorted(graph[name]) if (found := follow(needed, [*path, name]))), [])

    return next((found for name in sorted(graph) if (found := follow(name, []))), [])


def test_no_module_imports_itself_by_way_of_others() -> None:
    assert a_cycle(import_graph()) == []


def test_a_cycle_would_be_found() -> None:
    assert a_cycle({"a": {"b"}, "b": {"c"}, "c": {"b"}}) == ["b", "c", "b"]


@pytest.mark.parametrize("folder", ["src", "tests", "benchmarks", "examples"])
def test_no_file_is_longer_than_400_lines(folder: str) -> None:
    lengths = {path: len(path.read_text(encoding="utf-8").splitlines()) for path in (ROOT / folder).rglob("*.py")}
    assert {str(path.relative_to(ROOT)): length for path, length in lengths.items() if length > 400} == {}


def calls(path: Path) -> set[str]:
    """Return the functions of modules that a file calls: `pickle.loads`."""
    tree = ast.parse(path.read_text(encoding="utf-8"))
    return {ast.unparse(node.func) for node in ast.walk(tree) if isinstance(node, ast.Call)}


def test_nothing_from_outside_is_unpickled() -> None:
    readers = {f"{module}.{name}" for module in ("pickle", "marshal", "shelve") for name in ("load", "loads", "open")}
    found = {
        path.name for path in SOURCES if calls(path) & {*readers, "pickle.Unpickler", "yaml.load", "yaml.unsafe_load"}
    }
    # What the process itself has cached, and what the workers of one test run send each other.
    assert found == {"cache.py", "collecting.py"}


def test_the_core_dependencies_are_the_agreed_ones() -> None:
    assert {re.split(r"[<>=~! ]", line)[0] for line in PROJECT["dependencies"]} == CORE


def test_every_extra_is_tried_by_itself() -> None:
    assert set(PROJECT["optional-dependencies"]) == set(USES)


def test_the_changelog_begins_with_the_version_of_the_project() -> None:
    newest = re.search(r"^## \[?(\d+\.\d+\.\d+)", read("CHANGELOG.md"), re.MULTILINE)
    assert newest is not None
    assert newest[1] == PROJECT["version"]


def test_ci_runs_the_test_command_of_the_readme() -> None:
    command = read(".ci/run").rstrip().splitlines()[-1]
    assert command == "python -m pip install 'nox[uv]' && nox"
    assert command in [line.strip() for line in read("README.md").splitlines()]


def test_the_readme_runs_the_demo_with_one_command() -> None:
    assert "python -m pip install 'nox[uv]' && nox -s demo" in [line.strip() for line in read("README.md").splitlines()]


@pytest.mark.parametrize("name", ["README.md", "CONTRIBUTING.md", "ARCHITECTURE.md", "CHANGELOG.md", "SECURITY.md"])
def test_links_between_files_lead_somewhere(name: str) -> None:
    targets = re.findall(r"\]\((?!https?:|mailto:|#)([^)#\s]+)", read(name))
    assert [target for target in targets if not (ROOT / target).exists()] == []


def test_contributing_names_every_session() -> None:
    sessions = re.findall(r"@nox\.session.*\ndef (\w+)", read("noxfile.py"))
    assert len(sessions) > 5
    assert [session for session in sessions if f"`{session}`" not in read("CONTRIBUTING.md")] == []


def test_the_architecture_page_shows_every_package() -> None:
    page = read("ARCHITECTURE.md")
    packages = {
        path.parent.name for path in SOURCES if path.name == "__init__.py" and path.parent.parent.name == "genai_guard"
    }
    assert [package for package in sorted(packages) if f"{package}/" not in page] == []


def test_the_examples_around_a_model_exist() -> None:
    found = re.search(r"^MODEL_EXAMPLES = (\{.*\})$", read("noxfile.py"), re.MULTILINE)
    assert found is not None
    assert [name for name in ast.literal_eval(found[1]) if not (ROOT / "examples" / name).exists()] == []
