"""`schema`: prints the JSON Schema of policies, or of files of cases."""

from __future__ import annotations

import argparse
import json
import sys
from typing import Any

from genai_guard.commands.shared import OK, write_text

__all__ = ["add_arguments", "run"]


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Say what the command takes."""
    parser.add_argument("--cases", action="store_true", help="the schema of files of cases (*.cases.yaml)")
    parser.add_argument("--output", metavar="FILE", help="write it to a file instead")


def run(args: argparse.Namespace) -> int:
    """Print the schema, or write it to a file."""
    text = json.dumps(_schema(of_cases=args.cases), indent=2, ensure_ascii=False) + "\n"
    if args.output is None:
        sys.stdout.write(text)
    else:
        write_text(args.output, text)
    return OK


def _schema(*, of_cases: bool) -> dict[str, Any]:
    if of_cases:
        from genai_guard.testing.cases import cases_schema  # noqa: PLC0415  loads pydantic

        return cases_schema()
    from genai_guard.policy import json_schema  # noqa: PLC0415  as above

    return json_schema()
