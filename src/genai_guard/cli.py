"""The command line: `python -m genai_guard`, or `genai-guard`. Each command is a module of `genai_guard.commands`.

Exit codes: 0 all is well; 1 the policy is wrong, or says no, or its tests fail; 2 the command line is wrong; 130 stopped
by Ctrl-C; 141 nobody reads the output.
"""

from __future__ import annotations

import argparse
import importlib
import os
import sys
from collections.abc import Callable, Iterable, Sequence
from importlib.metadata import PackageNotFoundError, version
from typing import Final, NamedTuple

from genai_guard.commands.shared import NO, USAGE, UsageError, sentence
from genai_guard.errors import ConfigurationError

__all__ = ["COMMANDS", "main", "parser_of"]

_INTERRUPTED: Final = 130
_BROKEN_PIPE: Final = 141
_PROGRAM: Final = "genai-guard"


class Command(NamedTuple):
    """Where a command is, what it does, and how it is called."""

    module: str
    about: str
    examples: tuple[str, ...]


COMMANDS: Final = {
    "demo": Command(
        "genai_guard.demo",
        "send support messages through a pipeline to a real language model",
        ("demo", "demo --prompts questions.jsonl --model http://localhost:11434/v1 --model-name small large"),
    ),
    "validate": Command(
        "genai_guard.commands.validate",
        "say whether policies are right, and if not, where and why",
        ("validate policy.yaml", "validate policies/*.yaml --json"),
    ),
    "check": Command(
        "genai_guard.commands.check",
        "say what the guards of a policy find in a text, and show it",
        ("check policy.yaml letter.txt", "check policy.yaml reply.txt --side output --json"),
    ),
    "scan": Command(
        "genai_guard.commands.scan",
        "put what the guards of a policy leave of a text in its place, in every row of a file",
        (
            "scan policy.yaml rows.jsonl --output guarded.jsonl",
            "scan policy.yaml rows.jsonl --field reply --side output",
        ),
    ),
    "explain": Command(
        "genai_guard.commands.explain",
        "say which rule of a policy fired in a text, and why",
        ("explain policy.yaml prompt.txt --near", "explain --rule pii.iban"),
    ),
    "test": Command(
        "genai_guard.commands.test",
        "run the policy tests of cases files",
        (
            "test policy.yaml cases/ --html report.html",
            "test policy.yaml cases/ --fuzz 5 --fail-under recall=0.9,fpr=0.01",
            "test policy.yaml cases/ --diff stricter.yaml",
        ),
    ),
    "simulate-limits": Command(
        "genai_guard.commands.simulate_limits",
        "replay traffic through the limits of a policy, and show what they would have done to it",
        (
            "simulate-limits policy.yaml traffic.csv --html limits.html",
            "simulate-limits policy.yaml traffic.csv --max-refused 1",
        ),
    ),
    "analyze": Command(
        "genai_guard.commands.analyze",
        "say what an experiment has shown, from the inference log or a table",
        (
            "analyze inference/ --experiment tone --metric latency_ms --method sequential",
            "analyze answers.csv --unit user --variant arm --metric solved --fail-if-worse",
        ),
    ),
    "log": Command(
        "genai_guard.commands.log",
        "show, count or export the rows of an inference log",
        (
            "log tail inference/ -f --status error",
            "log query inference/ --since 2h --count-by model,status",
            "log export inference/ --to parquet --output tables/",
        ),
    ),
    "drift": Command(
        "genai_guard.commands.drift",
        "say how calls changed, from the inference log or a table",
        (
            "drift inference/ --save-baseline usual.json",
            "drift inference/ --baseline usual.json --slice variant --fail-on-drift",
        ),
    ),
    "audit": Command(
        "genai_guard.commands.audit",
        "verify, show or export an audit trail",
        ("audit verify audit/ --anchors /mnt/elsewhere/heads.jsonl", "audit export audit/ --kind block --format csv"),
    ),
    "feedback": Command(
        "genai_guard.commands.feedback",
        "export what users and reviewers said of replies, or sum it up",
        (
            "feedback export inference/ feedback.sqlite --output examples.jsonl",
            "feedback summary inference/ feedback.sqlite --by model --json",
        ),
    ),
    "report": Command(
        "genai_guard.commands.report",
        "write a page about the calls in an inference log",
        ("report inference/ --output report.html --since 7d", "report inference/ --audit audit/ --baseline usual.json"),
    ),
    "top": Command(
        "genai_guard.commands.top",
        "show the calls of all processes as they come, on a terminal",
        ("top inference/", "top inference/ --window 300 --once --json"),
    ),
    "review": Command(
        "genai_guard.commands.review",
        "look at calls that were flagged or sampled, and judge them",
        (
            "review next review.sqlite --reviewer ann",
            "review judge review.sqlite 17 false_positive --reviewer ann",
            "review stats policy.yaml --json",
        ),
    ),
    "dashboard": Command(
        "genai_guard.commands.dashboard",
        "print a dashboard of Grafana for a policy",
        ("dashboard policy.yaml --output dashboard.json",),
    ),
    "alert-rules": Command(
        "genai_guard.commands.alert_rules",
        "print the alerts of a policy as rules of Prometheus",
        ("alert-rules policy.yaml --output rules.yaml",),
    ),
    "databricks": Command(
        "genai_guard.commands.databricks",
        "write a policy as a configuration of Databricks or into a workspace, or an endpoint as a policy",
        (
            "databricks export policy.yaml --to endpoint --target default=openai/gpt-5-mini@llm/openai",
            "databricks export policy.yaml --to model-service --catalog main --schema ai --target default=system.ai.llama",
            "databricks export policy.yaml --to bundle --targets targets.json --table main.ai.calls --output databricks.yml",
            "databricks diff policy.yaml --to endpoint --target default=openai/gpt-5-mini@llm/openai",
            "databricks apply policy.yaml --to monitors --table main.ai.calls --profile PROD",
            "databricks import endpoint.json --output policy.yaml --targets-output targets.json",
        ),
    ),
    "train": Command(
        "genai_guard.commands.train",
        "train a classifier on labelled texts of your own, and measure it",
        ("train labelled.jsonl --output spam.bin", "train *.jsonl --output spam.bin --false-positives 0.001 --json"),
    ),
    "schema": Command(
        "genai_guard.commands.schema",
        "print the JSON schema of policies, for editors",
        ("schema --output policy-schema.json", "schema --cases"),
    ),
}
"""The commands by name. Only the module of the one that is asked for is loaded."""

_EXIT_CODES: Final = (
    "exit codes: 0 all is well, 1 the policy is wrong or says no or a test fails, 2 the command line is wrong"
)


def main(argv: Sequence[str] | None = None) -> int:
    """Run a command and return the exit code.

    Args:
        argv: The arguments after the name of the program; those of the process when None.
    """
    argv = sys.argv[1:] if argv is None else argv
    parser = parser_of(next((word for word in argv if not word.startswith("-")), ""))
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


def parser_of(chosen: str) -> argparse.ArgumentParser:
    """Return the parser of the command line; of the commands, the chosen one knows its options."""
    parser = argparse.ArgumentParser(
        prog=_PROGRAM,
        description="Guardrails, rate limits, A/B tests and metrics around any LLM call.",
        epilog=_examples(command.examples[0] for command in COMMANDS.values()) + f"\n\n{_EXIT_CODES}",
        formatter_class=argparse.RawDescriptionHelpFormatter,
        allow_abbrev=False,
    )
    parser.add_argument("--version", action="version", version=f"genai_guard {_version()}")
    commands = parser.add_subparsers(title="commands", metavar="COMMAND")
    for name, (where, about, examples) in COMMANDS.items():
        command = commands.add_parser(
            name,
            help=about,
            description=sentence(about),
            epilog=_examples(examples),
            formatter_class=argparse.RawDescriptionHelpFormatter,
            allow_abbrev=False,
        )
        if name == chosen:
            module = importlib.import_module(where)
            module.add_arguments(command)
            command.set_defaults(run=module.run)
    return parser


def _examples(calls: Iterable[str]) -> str:
    return "\n".join(["examples:", *(f"  {_PROGRAM} {call}" for call in calls)])


def _version() -> str:
    try:
        return version("genai_guard")
    except PackageNotFoundError:  # run from a folder of sources
        return "(not installed)"
