"""`schema`: prints the JSON Schema of policies."""

from __future__ import annotations

import argparse
import json
import sys

from genai_guard.commands.shared import OK, write_text

__all__ = ["add_arguments", "run"]


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Say what the command takes."""
    parser.add_argument("--output", metavar="FILE", help="write it to a file instead")


def run(args: argparse.Namespace) -> int:
    """Print the schema, or write it to a file."""
    from genai_guard.policy import json_schema  # noqa: PLC0415  loads pydantic

    text = json.dumps(json_schema(), indent=2, ensure_ascii=False) + "\n"
    if args.output is None:
        sys.stdout.write(text)
    else:
        write_text(args.output, text)
    return OK
