"""`dashboard`: writes a dashboard of Grafana for a policy."""

from __future__ import annotations

import argparse
import json
import sys

from genai_guard.commands.shared import OK, load, write_text
from genai_guard.environment import elsewhere

__all__ = ["add_arguments", "run"]


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Say what the command takes."""
    parser.add_argument("policy", metavar="POLICY", help="a .yaml, .yml, .toml or .json file, or package.module:name")
    parser.add_argument(
        "--prefix", default="genai_guard", help="beginning of the names of metrics (default: genai_guard)"
    )
    parser.add_argument("--output", metavar="FILE", help="write it to a file instead")


def run(args: argparse.Namespace) -> int:
    """Print the dashboard, or write it to a file."""
    from genai_guard.recording.dashboard import dashboard  # noqa: PLC0415  `--help` does not need it

    with elsewhere():
        pipeline = load(args.policy)
    text = json.dumps(dashboard(pipeline, prefix=args.prefix), indent=2, ensure_ascii=False) + "\n"
    if args.output is None:
        sys.stdout.write(text)
    else:
        write_text(args.output, text)
    return OK
