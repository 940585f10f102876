"""What the library exports: every package says it in a sorted `__all__`, and every name in one is documented."""

from __future__ import annotations

import ast
import importlib
import inspect
import pkgutil
import warnings
from collections.abc import Iterator
from itertools import pairwise
from pathlib import Path
from types import ModuleType
from typing import Any, TypeAlias, get_origin

import pytest

import genai_guard

Member: TypeAlias = tuple[str, Any]


def is_here(name: str) -> bool:
    """Whether a module can be imported: what it adapts may be installed in a session of its own only."""
    if not name.startswith("genai_guard.integrations."):
        return True
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")  # what others import may warn
            importlib.import_module(name)
    except genai_guard.ConfigurationError:
        return False
    return True


WALKED = pkgutil.walk_packages(genai_guard.__path__, "genai_guard.", onerror=lambda _: None)
FOUND = [found for found in WALKED if is_here(found.name)]
PACKAGES = ["genai_guard", *(found.name for found in FOUND if found.ispkg)]
MODULES = [found.name for found in FOUND if not found.ispkg]

ROOT_NAMES = {
    *("Action", "Alert", "BudgetExceeded", "ComponentFailed", "ConfigurationError", "Experiment", "ExperimentRouter"),
    *("Finding", "GenAIGuardError", "GuardBlocked", "InferenceLog", "Limit", "MetricsRecorder", "Outcome", "Pipeline"),
    *("RateLimited", "RateLimiter", "Rejected", "Variant", "Verdict", "caller"),
}
"""What users are told to import from the package itself."""


def names(module: ModuleType) -> list[str]:
    return list(getattr(module, "__all__", []))


def tree_of(name: str) -> ast.Module:
    path = inspect.getsourcefile(importlib.import_module(name))
    assert path is not None
    return ast.parse(Path(path).read_text(encoding="utf-8"))


def imported(name: str) -> set[str]:
    """Names that a package's `__init__` imports, those for type checkers alone excepted."""
    nodes = [node for node in tree_of(name).body if isinstance(node, ast.ImportFrom) and node.module != "__future__"]
    return {alias.asname or alias.name for node in nodes for alias in node.names}


def assigned(name: str) -> set[str]:
    """Names that a module binds by an assignment."""
    nodes = [node for node in tree_of(name).body if isinstance(node, ast.Assign | ast.AnnAssign)]
    return {found.id for node in nodes for found in targets(node) if isinstance(found, ast.Name)}


def targets(node: ast.AST) -> list[ast.expr]:
    return node.targets if isinstance(node, ast.Assign) else [node.target] if isinstance(node, ast.AnnAssign) else []


def documented_later(name: str) -> set[str]:
    """Names of a module that are followed by a string, which is how a constant or an alias is documented."""
    body = tree_of(name).body
    found = set()
    for node, following in pairwise(body):
        if isinstance(following, ast.Expr) and isinstance(following.value, ast.Constant):
            found |= {target.id for target in targets(node) if isinstance(target, ast.Name)}
    return found


def needs_docstring(value: Any) -> bool:
    return (inspect.isclass(value) or inspect.isroutine(value)) and get_origin(value) is None


def public_members(value: type) -> Iterator[Member]:
    for name, member in vars(value).items():
        inner = member.__func__ if isinstance(member, classmethod | staticmethod) else member
        if not name.startswith("_") and (inspect.isfunction(inner) or isinstance(inner, property)):
            yield name, inner


def inherits_docstring(owner: type, name: str) -> bool:
    return any(inspect.getdoc(getattr(base, name, None)) for base in owner.__mro__[1:] if name in vars(base))


@pytest.mark.parametrize("name", PACKAGES + MODULES)
def test_a_module_says_what_it_is_for(name: str) -> None:
    assert (importlib.import_module(name).__doc__ or "").strip()


@pytest.mark.parametrize("name", PACKAGES + MODULES)
def test_all_is_sorted_and_names_what_is_there(name: str) -> None:
    module = importlib.import_module(name)
    exported = names(module)
    assert exported == sorted(set(exported), key=isort_key)
    assert [missing for missing in exported if not hasattr(module, missing)] == []


def isort_key(name: str) -> tuple[int, str]:
    """Order of the linter: constants, then classes, then functions, each by name."""
    rank = 0 if name.isupper() and len(name) > 1 else 1 if name[0].isupper() else 2
    return rank, name


LAZY = ["genai_guard", "genai_guard.guards"]
"""Packages whose names are imported when they are first asked for."""
SUBPACKAGES = [name for name in PACKAGES if name not in LAZY]


@pytest.mark.parametrize("package", LAZY)
def test_every_lazy_name_has_the_home_that_type_checkers_see(package: str) -> None:
    told = {
        alias.name: str(node.module).removeprefix(f"{package}.")
        for node in ast.walk(tree_of(package))
        if isinstance(node, ast.ImportFrom) and str(node.module).startswith(f"{package}.")
        for alias in node.names
    }
    module = importlib.import_module(package)
    homes: dict[str, str] = vars(module)["_HOMES"]
    assert told == homes
    assert sorted(homes) == sorted(names(module))


@pytest.mark.parametrize("package", LAZY)
def test_a_name_that_a_lazy_package_does_not_have_is_an_attribute_error(package: str) -> None:
    with pytest.raises(AttributeError, match=f"module '{package}' has no attribute 'Pipelin'"):
        _ = importlib.import_module(package).Pipelin


@pytest.mark.parametrize("name", SUBPACKAGES)
def test_a_package_exports_what_it_imports_or_puts_together(name: str) -> None:
    assert [
        found for found in names(importlib.import_module(name)) if found not in imported(name) | assigned(name)
    ] == []


@pytest.mark.parametrize("name", SUBPACKAGES)
def test_the_init_of_a_package_holds_imports_and_all_only(name: str) -> None:
    kinds = ast.Import | ast.ImportFrom | ast.Assign | ast.AnnAssign | ast.Expr
    assert [type(node).__name__ for node in tree_of(name).body if not isinstance(node, kinds)] == []


def test_the_package_exports_the_names_of_its_contract() -> None:
    assert set(names(genai_guard)) >= ROOT_NAMES


@pytest.mark.parametrize("name", MODULES)
def test_every_public_name_is_documented(name: str) -> None:
    module = importlib.import_module(name)
    constants = documented_later(name)
    undocumented = []
    for exported in names(module):
        value = getattr(module, exported)
        if getattr(value, "__module__", name) != name:
            continue
        if needs_docstring(value):
            undocumented += [exported] * (not has_own_docstring(value) and exported not in constants)
        if inspect.isclass(value):
            members = public_members(value)
            undocumented += [
                f"{exported}.{member}"
                for member, inner in members
                if not inspect.getdoc(inner) and not inherits_docstring(value, member)
            ]
    assert undocumented == []


def has_own_docstring(value: Any) -> bool:
    """Whether somebody wrote one: a dataclass or a named tuple without one gets its signature instead."""
    text = value.__doc__ or ""
    return bool(text.strip()) and not text.startswith(f"{value.__name__}(")
