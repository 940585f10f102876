"""`validate`: says whether policies are right."""

from __future__ import annotations

import argparse
import sys

from genai_guard.commands.as_json import as_json
from genai_guard.commands.shared import NO, OK, load
from genai_guard.environment import elsewhere
from genai_guard.errors import ConfigurationError

__all__ = ["add_arguments", "run"]


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Say what the command takes."""
    parser.add_argument("policies", metavar="POLICY", nargs="+", help="a .yaml, .yml, .toml or .json file")
    parser.add_argument("--json", action="store_true", help="print what was found as JSON, a line for each policy")


def run(args: argparse.Namespace) -> int:
    """Say of every policy whether it is right, and if not, where and why."""
    tell = _as_json if args.json else _as_text
    code = OK
    for policy in args.policies:
        wrong = ""
        with elsewhere() as unset:
            try:
                load(policy)
            except ConfigurationError as error:
                code, wrong = NO, str(error)
        tell(policy, wrong, sorted(unset))
    return code


def _as_json(policy: str, wrong: str, unset: list[str]) -> None:
    sys.stdout.write(as_json({"policy": policy, "ok": not wrong, "error": wrong or None, "unset": unset}))


def _as_text(policy: str, wrong: str, unset: list[str]) -> None:
    if wrong:
        sys.stderr.write(f"{wrong}\n")
    else:
        sys.stdout.write(f"{policy}: OK\n")
    for name in unset:
        sys.stderr.write(f"{policy}: note: the environment variable {name} is not set here\n")
