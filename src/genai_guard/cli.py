"""The command line: `python -m genai_guard`, or `genai-guard`. Each command calls one public function of the library.

Exit codes: 0 all is well; 1 the policy is wrong, or says no; 2 the command line is wrong; 130 stopped by Ctrl-C; 141
nobody reads the output.
"""

from __future__ import annotations

import argparse
import json
import os
import sys
from collections.abc import Callable, Sequence
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

from genai_guard.errors import ConfigurationError

if TYPE_CHECKING:
    from genai_guard.pipeline import Pipeline
    from genai_guard.verdicts import Verdict

__all__ = ["main"]

_NO: Final = 1
_USAGE: Final = 2
_INTERRUPTED: Final = 130
_BROKEN_PIPE: Final = 141

_EXAMPLES: Final = """\
examples:
  python -m genai_guard demo
  python -m genai_guard validate policy.yaml
  echo "write to bob@example.com" | python -m genai_guard check policy.yaml
  python -m genai_guard check policy.yaml reply.txt --side output --json
  python -m genai_guard schema --output policy-schema.json

exit codes: 0 all is well, 1 the policy is wrong or says no, 2 the command line is wrong
"""


class _UsageError(Exception):
    """The command line asks for what cannot be done; the message says why."""


def main(argv: Sequence[str] | None = None) -> int:
    """Run a command and return the exit code.

    Args:
        argv: The arguments after the name of the program; those of the process when None.
    """
    argv = sys.argv[1:] if argv is None else argv
    parser = _parser(demo=next((word for word in argv if not word.startswith("-")), "") == "demo")
    args = parser.parse_args(argv)
    if not hasattr(args, "run"):
        parser.print_help()
        return _USAGE
    return _guarded(lambda: args.run(args))


def _guarded(command: Callable[[], int]) -> int:
    """Run a command; say in a line why it cannot go on, if it cannot."""
    try:
        code = command()
        sys.stdout.flush()
    except ConfigurationError as error:
        sys.stderr.write(f"{error}\n")
        return _NO
    except _UsageError as error:
        sys.stderr.write(f"{error}\n")
        return _USAGE
    except KeyboardInterrupt:
        return _INTERRUPTED
    except BrokenPipeError:
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())  # or the interpreter complains at its exit
        return _BROKEN_PIPE
    return code


def _parser(*, demo: bool) -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(
        prog="genai-guard",
        description="Guardrails, rate limits, A/B tests and metrics around any LLM call.",
        epilog=_EXAMPLES,
        formatter_class=argparse.RawDescriptionHelpFormatter,
        allow_abbrev=False,
    )
    parser.add_argument("--version", action="version", version=f"genai_guard {_version()}")
    commands = parser.add_subparsers(title="commands", metavar="COMMAND")

    def command(name: str, about: str) -> argparse.ArgumentParser:
        return commands.add_parser(name, help=about, description=f"{about.capitalize()}.", allow_abbrev=False)

    _add_demo(command("demo", "send support messages through a pipeline to a real language model"), fill=demo)
    _add_validate(command("validate", "say whether policies are right, and if not, where and why"))
    _add_check(command("check", "say what the guards of a policy find in a text"))
    _add_schema(command("schema", "print the JSON schema of policies, for editors"))
    return parser


def _add_demo(parser: argparse.ArgumentParser, *, fill: bool) -> None:
    if fill:
        from genai_guard import demo  # noqa: PLC0415  the other commands do not need it

        demo.add_arguments(parser)
        parser.set_defaults(run=demo.run)


def _add_validate(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("policies", metavar="POLICY", nargs="+", help="a .yaml, .yml, .toml or .json file")
    parser.set_defaults(run=_validate)


def _add_check(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("policy", metavar="POLICY", help="a .yaml, .yml, .toml or .json file")
    parser.add_argument("file", metavar="FILE", nargs="?", default="-", help="the text; - or nothing: standard input")
    parser.add_argument("--side", choices=("input", "output"), default="input", help="whose guards (%(default)s)")
    parser.add_argument("--json", action="store_true", help="print the verdict as JSON")
    parser.set_defaults(run=_check)


def _add_schema(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("--output", metavar="FILE", help="write it to a file instead")
    parser.set_defaults(run=_schema)


def _validate(args: argparse.Namespace) -> int:
    code = 0
    for policy in args.policies:
        try:
            _load(policy)
        except ConfigurationError as error:
            code = _NO
            sys.stderr.write(f"{error}\n")
        else:
            sys.stdout.write(f"{policy}: OK\n")
    return code


def _check(args: argparse.Namespace) -> int:
    pipeline = _load(args.policy)
    text = _read(args.file)
    verdict = pipeline.scan_input(text) if args.side == "input" else pipeline.scan_output(text)
    sys.stdout.write(_as_json(verdict) if args.json else _as_text(verdict, text))
    return _NO if _says_no(verdict) else 0


def _schema(args: argparse.Namespace) -> int:
    from genai_guard.policy import json_schema  # noqa: PLC0415  loads pydantic

    text = json.dumps(json_schema(), indent=2, ensure_ascii=False) + "\n"
    if args.output is None:
        sys.stdout.write(text)
        return 0
    try:
        Path(args.output).write_text(text, encoding="utf-8")
    except OSError as error:
        raise _UsageError(f"{args.output}: cannot be written: {error.strerror}") from None
    return 0


def _load(policy: str) -> Pipeline:
    from genai_guard.pipeline import Pipeline  # noqa: PLC0415  `--help` does not need it

    return Pipeline.from_policy(policy)


def _read(file: str) -> str:
    try:
        content = sys.stdin.buffer.read() if file == "-" else Path(file).read_bytes()
        return content.decode("utf-8-sig")
    except (OSError, ValueError) as error:
        reason = "is not UTF-8 text" if isinstance(error, UnicodeDecodeError) else "cannot be read"
        raise _UsageError(f"{'standard input' if file == '-' else file}: {reason}") from None


def _says_no(verdict: Verdict) -> bool:
    """Whether the text may not go on. A guard that broke says neither yes nor no, which is not a yes."""
    return verdict.mode == "enforce" and verdict.action.value in {"block", "error"}


def _as_json(verdict: Verdict) -> str:
    values: dict[str, Any] = {
        "action": verdict.action.value,
        "mode": verdict.mode,
        "error": verdict.error,
        "findings": [
            {name: getattr(finding, name) for name in ("start", "end", "category", "rule", "guard", "score", "detail")}
            for finding in verdict.findings
        ],
        "text": None if _says_no(verdict) else verdict.text,
    }
    return json.dumps(values) + "\n"


def _as_text(verdict: Verdict, original: str) -> str:
    """Return the verdict for people. What was found is not repeated; the text is shown if the guards changed it."""
    shadow = " (in shadow mode)" if verdict.mode == "shadow" else ""
    lines = [f"{verdict.action.value}{shadow}" + (f": a guard broke: {verdict.error}" if verdict.error else "")]
    for finding in verdict.findings:
        detail = f" ({finding.detail})" if finding.detail else ""
        span = f"{finding.start}-{finding.end}"
        lines.append(f"  {span:<11} {finding.category:<14} {finding.guard}: {finding.rule}{detail}")
    if verdict.text != original and not _says_no(verdict):
        lines += ["", _printable(verdict.text).rstrip("\n")]
    return "\n".join(lines) + "\n"


def _printable(text: str) -> str:
    """Escape what a terminal would obey, or cannot show."""
    encoding = sys.stdout.encoding or "utf-8"
    shown = "".join(char if char.isprintable() or char in "\n\t" else ascii(char)[1:-1] for char in text)
    return shown.encode(encoding, "backslashreplace").decode(encoding)


def _version() -> str:
    try:
        return version("genai_guard")
    except PackageNotFoundError:  # run from a folder of sources
        return "(not installed)"
