"""`validate`: says whether policies are right."""

from __future__ import annotations

import argparse
import sys

from genai_guard.commands.shared import NO, OK, load
from genai_guard.environment import elsewhere
from genai_guard.errors import ConfigurationError

__all__ = ["add_arguments", "run"]


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Say what the command takes."""
    parser.add_argument("policies", metavar="POLICY", nargs="+", help="a .yaml, .yml, .toml or .json file")


def run(args: argparse.Namespace) -> int:
    """Say of every policy whether it is right, and if not, where and why."""
    code = OK
    for policy in args.policies:
        with elsewhere() as unset:
            try:
                load(policy)
            except ConfigurationError as error:
                code = NO
                sys.stderr.write(f"{error}\n")
            else:
                sys.stdout.write(f"{policy}: OK\n")
        for name in sorted(unset):
            sys.stderr.write(f"{policy}: note: the environment variable {name} is not set here\n")
    return code
