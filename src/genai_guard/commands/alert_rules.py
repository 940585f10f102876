"""`alert-rules`: writes the alerts of a policy as alerting rules of Prometheus."""

from __future__ import annotations

import argparse
import sys
from typing import Any

from genai_guard.commands.shared import OK, load, write_text
from genai_guard.environment import elsewhere
from genai_guard.errors import ConfigurationError

__all__ = ["add_arguments", "run"]


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Say what the command takes."""
    parser.add_argument("policy", metavar="POLICY", help="a .yaml, .yml, .toml or .json file, or package.module:name")
    parser.add_argument(
        "--prefix", default="genai_guard", help="beginning of the names of metrics (default: genai_guard)"
    )
    parser.add_argument("--output", metavar="FILE", help="write them to a file instead")


def run(args: argparse.Namespace) -> int:
    """Print the rules, or write them to a file; say which alerts have none."""
    from genai_guard.recording import MetricsRecorder  # noqa: PLC0415  `--help` does not need it
    from genai_guard.recording.alert_rules import alert_rules, unwritten  # noqa: PLC0415  as above

    with elsewhere():
        recorder = load(args.policy).recorder
    if not isinstance(recorder, MetricsRecorder):
        raise ConfigurationError(
            f"{args.policy}: measures nothing, so there is nothing to alert of: add `metrics: {{}}`"
        )
    text = _as_yaml(alert_rules(recorder, prefix=args.prefix))
    if args.output is None:
        sys.stdout.write(text)
    else:
        write_text(args.output, text)
    for name in unwritten(recorder):
        sys.stderr.write(
            f"note: the alert {name} has no rule: it is in shadow mode, by status, or of a class of your own\n"
        )
    return OK


def _as_yaml(rules: dict[str, Any]) -> str:
    try:
        import yaml  # noqa: PLC0415  an extra
    except ImportError as error:
        raise ConfigurationError("alert-rules needs the package pyyaml: pip install 'genai_guard[yaml]'") from error
    return yaml.safe_dump(rules, sort_keys=False, allow_unicode=True, width=1 << 20)
