"""The command line: `python -m genai_guard`, or `genai-guard`. Each command is a module of `genai_guard.commands`.

Exit codes: 0 all is well; 1 the policy is wrong, or says no, or its tests fail; 2 the command line is wrong; 130 stopped
by Ctrl-C; 141 nobody reads the output.
"""

from __future__ import annotations

import argparse
import importlib
import os
import sys
from collections.abc import Callable, Sequence
from importlib.metadata import PackageNotFoundError, version
from typing import Final

from genai_guard.commands.shared import NO, USAGE, UsageError
from genai_guard.errors import ConfigurationError

__all__ = ["main"]

_INTERRUPTED: Final = 130
_BROKEN_PIPE: Final = 141

_COMMANDS: Final = {
    "demo": ("genai_guard.demo", "send support messages through a pipeline to a real language model"),
    "validate": ("genai_guard.commands.validate", "say whether policies are right, and if not, where and why"),
    "check": ("genai_guard.commands.check", "say what the guards of a policy find in a text, and show it"),
    "explain": ("genai_guard.commands.explain", "say which rule of a policy fired in a text, and why"),
    "test": ("genai_guard.commands.test", "run the policy tests of cases files"),
    "simulate-limits": (
        "genai_guard.commands.simulate_limits",
        "replay traffic through the limits of a policy, and show what they would have done to it",
    ),
    "analyze": ("genai_guard.commands.analyze", "say what an experiment has shown, from the inference log or a table"),
    "log": ("genai_guard.commands.log", "show, count or export the rows of an inference log"),
    "drift": ("genai_guard.commands.drift", "say how calls changed, from the inference log or a table"),
    "audit": ("genai_guard.commands.audit", "verify, show or export an audit trail"),
    "feedback": (
        "genai_guard.commands.feedback",
        "export what users and reviewers said of replies, or sum it up",
    ),
    "report": ("genai_guard.commands.report", "write a page about the calls in an inference log"),
    "top": ("genai_guard.commands.top", "show the calls of all processes as they come, on a terminal"),
    "review": ("genai_guard.commands.review", "look at calls that were flagged or sampled, and judge them"),
    "dashboard": ("genai_guard.commands.dashboard", "print a dashboard of Grafana for a policy"),
    "alert-rules": ("genai_guard.commands.alert_rules", "print the alerts of a policy as rules of Prometheus"),
    "databricks": (
        "genai_guard.commands.databricks",
        "write a policy as a configuration of Databricks, or an endpoint of Databricks as a policy",
    ),
    "train": ("genai_guard.commands.train", "train a classifier on labelled texts of your own, and measure it"),
    "schema": ("genai_guard.commands.schema", "print the JSON schema of policies, for editors"),
}
"""Where each command is, and what it does. Only the one that is asked for is loaded."""

_EXAMPLES: Final = """\
examples:
  python -m genai_guard demo
  python -m genai_guard validate policy.yaml
  echo "write to bob@example.com" | python -m genai_guard check policy.yaml
  python -m genai_guard check policy.yaml reply.txt --side output --json
  python -m genai_guard explain policy.yaml prompt.txt
  python -m genai_guard test policy.yaml cases/ --html report.html
  python -m genai_guard simulate-limits policy.yaml traffic.csv --html limits.html
  python -m genai_guard analyze inference/ --experiment tone --metric latency_ms --method sequential
  python -m genai_guard log tail inference/ -f --status error
  python -m genai_guard log export inference/ --to parquet --output tables/
  python -m genai_guard drift inference/ --baseline usual.json --slice variant
  python -m genai_guard audit verify audit/ --anchors /mnt/elsewhere/heads.jsonl
  python -m genai_guard feedback export inference/ feedback.sqlite --output examples.jsonl
  python -m genai_guard report inference/ --output report.html --since 7d
  python -m genai_guard top inference/
  python -m genai_guard review next review.sqlite --reviewer ann
  python -m genai_guard dashboard policy.yaml --output dashboard.json
  python -m genai_guard alert-rules policy.yaml --output rules.yaml
  python -m genai_guard databricks export policy.yaml --to endpoint --target default=openai/gpt-5-mini@llm/openai
  python -m genai_guard train labelled.jsonl --output spam.bin
  python -m genai_guard schema --output policy-schema.json

exit codes: 0 all is well, 1 the policy is wrong or says no or a test fails, 2 the command line is wrong
"""


def main(argv: Sequence[str] | None = None) -> int:
    """Run a command and return the exit code.

    Args:
        argv: The arguments after the name of the program; those of the process when None.
    """
    argv = sys.argv[1:] if argv is None else argv
    parser = _parser(next((word for word in argv if not word.startswith("-")), ""))
    args = parser.parse_args(argv)
    if not hasattr(args, "run"):
        parser.print_help()
        return USAGE
    return _guarded(lambda: args.run(args))


def _guarded(command: Callable[[], int]) -> int:
    """Run a command; say in a line why it cannot go on, if it cannot."""
    try:
        code = command()
        sys.stdout.flush()
    except ConfigurationError as error:
        sys.stderr.write(f"{error}\n")
        return NO
    except UsageError as error:
        sys.stderr.write(f"{error}\n")
        return USAGE
    except KeyboardInterrupt:
        return _INTERRUPTED
    except BrokenPipeError:
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())  # or the interpreter complains at its exit
        return _BROKEN_PIPE
    return code


def _parser(chosen: str) -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(
        prog="genai-guard",
        description="Guardrails, rate limits, A/B tests and metrics around any LLM call.",
        epilog=_EXAMPLES,
        formatter_class=argparse.RawDescriptionHelpFormatter,
        allow_abbrev=False,
    )
    parser.add_argument("--version", action="version", version=f"genai_guard {_version()}")
    commands = parser.add_subparsers(title="commands", metavar="COMMAND")
    for name, (where, about) in _COMMANDS.items():
        command = commands.add_parser(name, help=about, description=f"{about.capitalize()}.", allow_abbrev=False)
        if name == chosen:
            module = importlib.import_module(where)
            module.add_arguments(command)
            command.set_defaults(run=module.run)
    return parser


def _version() -> str:
    try:
        return version("genai_guard")
    except PackageNotFoundError:  # run from a folder of sources
        return "(not installed)"
