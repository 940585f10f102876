"""Gives the checks of a lab what they check: `start.py`, in which somebody works, or with `--solution` the solution."""

from __future__ import annotations

from importlib.util import module_from_spec, spec_from_file_location
from types import ModuleType

import pytest


def pytest_addoption(parser: pytest.Parser) -> None:
    """Add `--solution`."""
    parser.addoption("--solution", action="store_true", help="check solution.py instead of start.py")


@pytest.fixture
def lab(request: pytest.FixtureRequest) -> ModuleType:
    """The module that is checked."""
    return _beside(request, "solution.py" if request.config.getoption("--solution") else "start.py")


@pytest.fixture
def shop(request: pytest.FixtureRequest) -> ModuleType:
    """What the lab is about."""
    return _beside(request, "shop.py")


def _beside(request: pytest.FixtureRequest, name: str) -> ModuleType:
    """Load a module from the folder of the checks, fresh for each of them."""
    path = request.path.with_name(name)
    spec = spec_from_file_location(f"{path.parent.name}_{path.stem}", path)
    assert spec is not None
    assert spec.loader is not None
    module = module_from_spec(spec)
    spec.loader.exec_module(module)
    return module
